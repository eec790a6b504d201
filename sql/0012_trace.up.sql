-- The place in the caller's distributed trace (W3C Trace Context) at which a message was accepted, for
-- the attempts at it to go on from: 16 bytes of the trace's id, 8 of the request's span, 1 of flags.
-- NULL: the message is a trace of its own, by its id.
ALTER TABLE messages ADD COLUMN trace bytea;
