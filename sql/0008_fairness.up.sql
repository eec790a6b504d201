-- Whose turn it is in a lane: a short name of the user (its hash; two users that share one share a
-- turn), and an index by it.  Only a lane that has more due than fits on the belt is read by it.
ALTER TABLE dispatch ADD COLUMN user_key integer NOT NULL DEFAULT 0;
CREATE INDEX dispatch_turn ON dispatch (lane, user_key, due_at);

-- Where in the platform's list of providers the next attempt begins: a recipient that one provider
-- could not serve goes to the next.
ALTER TABLE message_recipients ADD COLUMN place smallint NOT NULL DEFAULT 0;
