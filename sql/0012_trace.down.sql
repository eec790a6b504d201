ALTER TABLE messages DROP COLUMN trace;
