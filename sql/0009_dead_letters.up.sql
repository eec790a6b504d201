-- Dead letters: recipients that failed, the latest first, until someone acknowledges them.
--
-- Neither column nor index may stand on what changes in message_recipients, or its updates would no
-- longer be heap-only.  The timeline only grows, so failures are indexed there; of a recipient with
-- several (it failed again after a replay, or its outcome came after a report) the last one counts,
-- which the second index finds.
ALTER TABLE message_recipients ADD COLUMN purged_at timestamptz(3); -- acknowledged: no longer listed

CREATE INDEX message_events_failed ON message_events (at, id) WHERE status = 'failed';
CREATE INDEX message_events_failed_of ON message_events (message_id, n, id) WHERE status = 'failed';
