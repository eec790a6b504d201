"""queues - the dashboard of what waits where, of conservation, and of Postgres and RabbitMQ."""
from panels import BLUE, GREEN, ORANGE, RED, YELLOW, choice, colours, dashboard, lines, row, stat, text_box
from promql import rate

OURS = 'job="$job"'
LANES = f'{OURS},queue!="notification.dead"'
DEAD = f'max(queue_depth{{{OURS},queue="notification.dead"}})'
DUE = f"max(dispatch_due{{{OURS}}})"
LAG = f"max(scheduler_lag_seconds{{{OURS}}})"
FAULTS = f"max by (fault) (conservation_faults{{{OURS}}})"
AUDIT = f"time() - max(conservation_audited_timestamp_seconds{{{OURS}}})"
DATABASE = 'datname="$database"'
HITS = rate("pg_stat_database_blks_hit", DATABASE)

NOW = [
    stat("On the belt", "Events in all lanes' queues. The backlog stays in Postgres, so this is small by design.",
         f"sum(max by (queue) (queue_depth{{{LANES}}}))", "short", ((1000, YELLOW), (10000, RED))),
    stat("Dead letters", "Events in notification.dead, which no worker could use. The alert DeadLetters fires above 0.",
         DEAD, "short", ((1, RED),)),
    stat("Due", "Recipients that are due and wait for the belt. Counting stops at 10,000 in a lane.",
         DUE, "short", ((1000, YELLOW), (10000, RED))),
    stat("Oldest due", "How long the first recipient that is due has waited.", LAG, "s", ((30, YELLOW), (600, RED))),
    stat("Faults of conservation", "Of the last notifyctl audit, all kinds. Nothing is shown where none was ever made.",
         f"sum({FAULTS})", "short", ((1, RED),)),
    stat("Last audit", "How long ago notifyctl audit last ended. The alert ConservationAuditOld fires above 2 days.",
         AUDIT, "s", ((86400 * 1.5, YELLOW), (86400 * 2, RED))),
]

QUEUES = [
    lines("Queues", "Events that each lane's queue holds for its next consumer. Dashed: the bound of the alert QueueDeep.",
          {"{{queue}}": f"max by (queue) (queue_depth{{{LANES}}})"}, "short", ((1000, RED),), height=9),
    lines("Queues by priority", "The lanes of all platforms together. high always finds slots; low gets one of five while others wait.",
          {"{{priority}}": f'sum by (priority) (label_replace(label_replace(max by (queue) (queue_depth{{{LANES}}}), '
                           '"priority", "normal", "queue", ".+"), "priority", "$1", "queue", ".+[.](high|low)"))'},
          "short", stacked=True, height=9, overrides=colours(high=RED, normal=BLUE, low=GREEN)),
    lines("Due", "Recipients that are due in the table dispatch and wait for the belt; counted up to 10,000 in a lane.",
          {"due": DUE}, "short", ((10000, RED),), width=8),
    lines("Oldest due", "Dashed: the bounds of SchedulerLag and OldestDueRow.", {"oldest due": LAG}, "s",
          ((30, YELLOW), (600, RED)), width=8, log=True),
    lines("Dead letters", "Events in notification.dead; notifyctl dead list shows them.", {"events": DEAD}, "short", ((1, RED),), width=8),
]

CONSERVATION = [
    lines("Faults by kind", "Of the last audit. lost: live without a dispatch row; orphaned: without its message; miscounted: a message's "
          "counters differ from its recipients; overdue: a dispatch row long past its time.", {"{{fault}}": FAULTS}, "short", ((1, RED),)),
    lines("Age of the last audit", "A saw is right: it falls to 0 with each audit. Dashed: the bound of ConservationAuditOld.",
          {"age": AUDIT}, "s", ((86400 * 2, RED),)),
]

POSTGRES = [
    lines("Connections", "By state, and how many the server allows. Idle ones in a transaction hold back vacuum.",
          {"{{state}}": f"sum by (state) (pg_stat_activity_count{{{DATABASE}}}) > 0",
           "allowed": "max(pg_settings_max_connections)"}, "short", width=8),
    lines("Transactions", "Commits and rollbacks a second. Rollbacks that rise with nothing else are errors: see the log of Postgres.",
          {"commits": rate("pg_stat_database_xact_commit", DATABASE),
           "rollbacks": rate("pg_stat_database_xact_rollback", DATABASE)}, "ops", width=8,
          overrides=colours(commits=GREEN, rollbacks=RED)),
    lines("Deadlocks", "Our statements take rows in the order of their ids: there should be none.",
          {"deadlocks": f"sum(increase(pg_stat_database_deadlocks{{{DATABASE}}}[$__rate_interval]))"}, "short", ((1, RED),), width=8),
    lines("Size of the database", "All tables and indexes.", {"size": f"max(pg_database_size_bytes{{{DATABASE}}})"}, "bytes", width=8),
    lines("Reads from the cache", "Share of the blocks that were found in shared_buffers.",
          {"hits": f"{HITS} / ({HITS} + {rate('pg_stat_database_blks_read', DATABASE)})"},
          "percentunit", width=8),
    lines("Locks", "By mode; the strong ones stand for a migration or a vacuum full.",
          {"{{mode}}": f"sum by (mode) (pg_locks_count{{{DATABASE}}}) > 0"}, "short", width=8),
]

RABBITMQ = [
    lines("Messages", "Ready: for the next consumer. Unacknowledged: handed out and not claimed yet.",
          {"ready": "sum(rabbitmq_queue_messages_ready)", "unacknowledged": "sum(rabbitmq_queue_messages_unacked)"}, "short", width=8,
          overrides=colours(ready=BLUE, unacknowledged=ORANGE)),
    lines("Rates", "Published and confirmed should be one line.",
          {"published": rate("rabbitmq_global_messages_received_total", ""),
           "confirmed": rate("rabbitmq_global_messages_confirmed_total", ""),
           "delivered": rate("rabbitmq_global_messages_delivered_total", "")}, "cps", width=8),
    lines("Alarms", "While one is raised the broker takes no events, and what is due leaves straight from Postgres.",
          {"memory": "max(rabbitmq_alarms_memory_used_watermark)", "disk": "max(rabbitmq_alarms_free_disk_space_watermark)"},
          "short", ((1, RED),), width=8),
    lines("Memory", "Of the node, and where its alarm begins.",
          {"used": "sum(rabbitmq_process_resident_memory_bytes)", "alarm": "sum(rabbitmq_resident_memory_limit_bytes)"}, "bytes", width=8,
          overrides=colours(alarm=RED)),
    lines("Free disk", "Of the node, and where its alarm begins.",
          {"free": "min(rabbitmq_disk_space_available_bytes)", "alarm": "max(rabbitmq_disk_space_available_limit_bytes)"}, "bytes", width=8,
          overrides=colours(alarm=RED)),
    lines("Connections and channels", "A worker has a connection for each thread and one for its scheduler, with a channel for each lane.",
          {"connections": "sum(rabbitmq_connections)", "channels": "sum(rabbitmq_channels)"}, "short", width=8),
]

DASHBOARD = dashboard(
    "notification-queues", "Notification system: database and queues",
    "What waits on the belt and in the table dispatch, whether anything is lost, and how Postgres and RabbitMQ are.",
    [choice("job", "Job of the workers", "label_values(messages_processed_total, job)"),
     text_box("database", "Database", "notification")],
    [row("Now", NOW), row("What waits", QUEUES), row("Conservation", CONSERVATION),
     row("Postgres (where prometheus-postgres-exporter is scraped)", POSTGRES, collapsed=True),
     row("RabbitMQ (where its plugin rabbitmq_prometheus is scraped)", RABBITMQ, collapsed=True)],
    'ALERTS{alertstate="firing",job="$job"}')
