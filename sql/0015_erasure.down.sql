ALTER TABLE message_recipients DROP COLUMN erased_at;
