-- Idempotency-Key: the first answer to a key, for 24 hours.
CREATE TABLE idempotency (
    user_id     uuid NOT NULL,
    key         text NOT NULL,
    body_sha256 bytea NOT NULL CHECK (octet_length(body_sha256) = 32),
    response    jsonb,
    created_at  timestamptz(3) NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, key)
);

CREATE INDEX idempotency_created ON idempotency (created_at);
