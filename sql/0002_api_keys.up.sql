-- A key is shown once and kept as its SHA-256 digest; `hint` is its first characters, for lists.
CREATE TABLE api_keys (
    id         uuid PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    digest     bytea NOT NULL UNIQUE CHECK (octet_length(digest) = 32),
    hint       text NOT NULL,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    revoked_at timestamptz(3)
);

CREATE INDEX api_keys_user ON api_keys (user_id);
