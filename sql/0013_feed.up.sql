-- The timeline of all messages in the order of time, for `notifyctl tail`, which reads what is new a
-- few times a second and must not look at anything else.  Times that are the same share an entry, and
-- each new one goes to the end: seven bytes an event.
CREATE INDEX message_events_at ON message_events (at);
