DROP TABLE callback_parked;
DROP TABLE callback_inbox;
