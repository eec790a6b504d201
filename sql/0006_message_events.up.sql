-- The timeline: what happened to a message (n is null) or to one of its recipients.  Append only;
-- read in the order of `at`, since some rows are written a moment after what they tell of.
CREATE TABLE message_events (
    id                 bigint GENERATED ALWAYS AS IDENTITY,
    message_id         uuid NOT NULL,
    n                  integer,
    at                 timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
    event              text NOT NULL,
    status             text,     -- the state it led to, where it led to one
    attempt            integer,
    provider           text,
    code               text,
    detail             text,
    latency_ms         integer,
    next_attempt_at    timestamptz(3),
    possible_duplicate boolean NOT NULL DEFAULT false,
    PRIMARY KEY (message_id, at, id)
);
