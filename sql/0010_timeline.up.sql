-- A message's acceptance is told by its own row; see common/db/events.c.
DELETE FROM message_events WHERE event = 'accepted';

-- What the provider called the message of an attempt: some callbacks name nothing else.  It stands
-- here and not with the recipient, since the timeline only grows: an index there would make every
-- change of a recipient dearer, and would know the last attempt alone.  Eight bytes of hash instead
-- of the id keep it small; what it finds is compared with the id itself.
ALTER TABLE message_events ADD COLUMN provider_id text;

CREATE INDEX message_events_provider_id ON message_events (hashtextextended(provider_id, 0))
    WHERE provider_id IS NOT NULL;
