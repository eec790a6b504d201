-- Who may call, and how much.
CREATE TYPE user_role AS ENUM ('user', 'admin');

CREATE TABLE users (
    id              uuid PRIMARY KEY,
    email           text NOT NULL,
    role            user_role NOT NULL DEFAULT 'user',
    rate_limit_tier text NOT NULL DEFAULT 'free',
    active          boolean NOT NULL DEFAULT true,
    created_at      timestamptz(3) NOT NULL DEFAULT now()
);

CREATE UNIQUE INDEX users_email ON users (lower(email));
