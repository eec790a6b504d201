ALTER TABLE message_recipients DROP COLUMN place;
DROP INDEX dispatch_turn;
ALTER TABLE dispatch DROP COLUMN user_key;
