-- The one timer: a row for each recipient that still has something to do, with the time at which
-- the scheduler must look at it again, whatever the reason (its scheduled time, a retry, an event
-- that was never confirmed or never claimed, a claim whose worker died).
-- `lane` is platform * 3 + priority, in the order of those types.
CREATE TABLE dispatch (
    message_id uuid NOT NULL,
    n          integer NOT NULL,
    lane       smallint NOT NULL,
    due_at     timestamptz(3) NOT NULL,
    PRIMARY KEY (message_id, n)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);

CREATE INDEX dispatch_due ON dispatch (lane, due_at);
