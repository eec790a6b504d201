DROP TABLE message_recipients;
DROP TYPE delivery_status;
DROP TYPE platform;
