-- One row for each recipient, keyed by its place in the message: no id of its own, no foreign key
-- (rows are written in one statement with their message), no index on anything that changes, so
-- that every change of state is a heap-only update.  `fence` grows at each claim; every later write
-- of that attempt names it.
CREATE TYPE platform AS ENUM ('sms', 'email', 'whatsapp', 'telegram');
CREATE TYPE delivery_status AS ENUM
    ('pending', 'queued', 'sending', 'sent', 'delivered', 'read', 'failed', 'cancelled', 'expired');

CREATE TABLE message_recipients (
    message_id      uuid NOT NULL,
    n               integer NOT NULL,
    fence           integer NOT NULL DEFAULT 0,
    attempts        integer NOT NULL DEFAULT 0,
    platform        platform NOT NULL,
    status          delivery_status NOT NULL DEFAULT 'pending',
    updated_at      timestamptz(3) NOT NULL,
    next_attempt_at timestamptz(3),
    sent_at         timestamptz(3),
    delivered_at    timestamptz(3),
    read_at         timestamptz(3),
    recipient       text NOT NULL,
    provider        text,
    provider_id     text,
    error_code      text,
    error_message   text,
    metadata        json,
    PRIMARY KEY (message_id, n)
) WITH (fillfactor = 45, autovacuum_vacuum_scale_factor = 0.05);

-- Lists by recipient, newest first.  Eight bytes of hash instead of the address keep it small; what
-- it finds is compared with the address itself.
CREATE INDEX message_recipients_recipient
    ON message_recipients (hashtextextended(recipient, 0), uuid_send(message_id));
