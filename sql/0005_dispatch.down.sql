DROP TABLE dispatch;
