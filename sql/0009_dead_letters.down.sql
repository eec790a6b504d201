DROP INDEX message_events_failed_of;
DROP INDEX message_events_failed;
ALTER TABLE message_recipients DROP COLUMN purged_at;
