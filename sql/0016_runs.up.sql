-- The timer of many recipients in one row: a run stands for those of its message on its lane's platform
-- from `first` on that still have something to do and no row of their own in dispatch.  What it stands
-- for gets such rows when its time comes; mostly all has left by then, and it goes with its message's end.
-- A table of its own, so that programs that do not know of runs read dispatch as before.
CREATE TABLE dispatch_runs (
    message_id uuid NOT NULL,
    lane       smallint NOT NULL,
    first      integer NOT NULL,
    span       integer NOT NULL CHECK (span > 0), -- how many those are at most
    due_at     timestamptz(3) NOT NULL,
    user_key   integer NOT NULL,
    PRIMARY KEY (message_id, lane)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);

CREATE INDEX dispatch_runs_due ON dispatch_runs (lane, due_at);
CREATE INDEX dispatch_runs_turn ON dispatch_runs (lane, user_key, due_at);
