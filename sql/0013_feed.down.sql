DROP INDEX message_events_at;
