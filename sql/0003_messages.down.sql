DROP TABLE messages;
DROP TYPE message_priority;
DROP TYPE message_status;
