-- Idempotency-Key: the first answer to a key, for 24 hours.  `token` is the request that it answered,
-- so that of two requests with one key in the same statement only the first is carried out.
CREATE TABLE idempotency (
    user_id     uuid NOT NULL,
    key         text NOT NULL,
    token       uuid NOT NULL,
    body_sha256 bytea NOT NULL CHECK (octet_length(body_sha256) = 32),
    status      smallint NOT NULL,  -- of the answer
    location    text,
    response    text NOT NULL,      -- its body, to the byte
    created_at  timestamptz(3) NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, key)
);

CREATE INDEX idempotency_created ON idempotency (created_at);
