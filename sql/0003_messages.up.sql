-- A message as it was accepted.
--
-- `status` is the coarse state: scheduled and pending while something is left to do, then a final
-- one.  What an answer shows in between (queued, sending) is told by the recipients' rows, so that
-- a message is written once for each batch of outcomes and not at each step of each recipient.
--
-- `open_count` is the number of recipients that have not left the worker; who moves a recipient out
-- lowers it in the same transaction, and who brings it to 0 sets the final status.
CREATE TYPE message_status AS ENUM
    ('scheduled', 'pending', 'queued', 'sending', 'completed', 'failed', 'cancelled', 'expired');
CREATE TYPE message_priority AS ENUM ('high', 'normal', 'low');

CREATE TABLE messages (
    id              uuid PRIMARY KEY,
    user_id         uuid NOT NULL,
    status          message_status NOT NULL,
    priority        message_priority NOT NULL,
    platforms       smallint NOT NULL,  -- bit 1 << n for each platform among its recipients
    recipient_count integer NOT NULL CHECK (recipient_count BETWEEN 1 AND 1000),
    open_count      integer NOT NULL CHECK (open_count BETWEEN 0 AND recipient_count),
    sent_count      integer NOT NULL DEFAULT 0,
    expired_count   integer NOT NULL DEFAULT 0,
    created_at      timestamptz(3) NOT NULL,
    updated_at      timestamptz(3) NOT NULL,
    scheduled_at    timestamptz(3),
    expires_at      timestamptz(3),
    content         text NOT NULL,
    subject         text,
    html            text,
    senders         jsonb,  -- the message's own "from", by platform
    metadata        json
) WITH (fillfactor = 85);

-- Lists, newest first for one user: ids are UUIDv7, so their order is the order of creation.  A list
-- by status, by platform, by both or by neither is a merge of some dozens of short walks along this
-- one index; a status changes once or twice in a message's life, which is worth that.  The id stands
-- here as bytes, so that no plan can take the primary key instead.
CREATE INDEX messages_user_kind ON messages (user_id, status, platforms, uuid_send(id));
