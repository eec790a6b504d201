DROP INDEX message_events_provider_id;
ALTER TABLE message_events DROP COLUMN provider_id;
INSERT INTO message_events (message_id, at, event, next_attempt_at)
SELECT id, created_at, 'accepted', scheduled_at FROM messages;
