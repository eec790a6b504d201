sqldir = $(pkgdatadir)/sql
dist_sql_DATA = \
    %D%/0001_users.down.sql \
    %D%/0001_users.up.sql \
    %D%/0002_api_keys.down.sql \
    %D%/0002_api_keys.up.sql \
    %D%/0003_messages.down.sql \
    %D%/0003_messages.up.sql \
    %D%/0004_message_recipients.down.sql \
    %D%/0004_message_recipients.up.sql \
    %D%/0005_dispatch.down.sql \
    %D%/0005_dispatch.up.sql \
    %D%/0006_message_events.down.sql \
    %D%/0006_message_events.up.sql \
    %D%/0007_idempotency.down.sql \
    %D%/0007_idempotency.up.sql \
    %D%/0008_fairness.down.sql \
    %D%/0008_fairness.up.sql \
    %D%/0009_dead_letters.down.sql \
    %D%/0009_dead_letters.up.sql \
    %D%/0010_timeline.down.sql \
    %D%/0010_timeline.up.sql \
    %D%/0011_callbacks.down.sql \
    %D%/0011_callbacks.up.sql \
    %D%/0012_trace.down.sql \
    %D%/0012_trace.up.sql \
    %D%/0013_feed.down.sql \
    %D%/0013_feed.up.sql \
    %D%/0014_audits.down.sql \
    %D%/0014_audits.up.sql \
    %D%/0015_erasure.down.sql \
    %D%/0015_erasure.up.sql \
    %D%/0016_runs.down.sql \
    %D%/0016_runs.up.sql
