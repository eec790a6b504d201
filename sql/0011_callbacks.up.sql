-- Which callbacks have been taken in, so that one that is repeated counts once.  Kept for as long as
-- the most patient provider repeats one.
CREATE TABLE callback_inbox (
    provider text NOT NULL,  -- [provider.NAME]
    event_id text NOT NULL,
    event    text NOT NULL,  -- the provider's word for it
    at       timestamptz(3) NOT NULL DEFAULT now(),
    PRIMARY KEY (provider, event_id)
);

-- Rows come in the order of time and go in the order of time.
CREATE INDEX callback_inbox_at ON callback_inbox USING brin (at) WITH (autosummarize = on);

-- Callbacks about a message that is not known yet: one may come before what its provider answered to
-- our call has been recorded.  Tried again at due_at, and dropped after a day.
CREATE TABLE callback_parked (
    provider    text NOT NULL,
    event_id    text NOT NULL,
    event       text NOT NULL,
    step        text NOT NULL,  -- what it does, by its name in common/model/delivery.c; empty: nothing
    message_id  uuid,
    n           integer,
    provider_id text,
    code        text,
    message     text,
    at          timestamptz(3) NOT NULL DEFAULT now(),
    due_at      timestamptz(3) NOT NULL DEFAULT now(),
    PRIMARY KEY (provider, event_id)
);

CREATE INDEX callback_parked_due ON callback_parked (due_at);
CREATE INDEX callback_parked_provider_id ON callback_parked (hashtextextended(provider_id, 0));
