common_libcommon_a_SOURCES += \
    common/db/db.c common/db/db.h \
    common/db/array.c common/db/array.h \
    common/db/sql.h
common_libcommon_a_SOURCES += \
    common/db/refs.c common/db/refs.h \
    common/db/messages.c common/db/messages.h \
    common/db/recipients.c common/db/recipients.h \
    common/db/attempts.c \
    common/db/dispatch.c common/db/dispatch.h
common_libcommon_a_SOURCES += common/db/users.c common/db/users.h common/db/api_keys.c common/db/api_keys.h common/db/schema.c common/db/schema.h
common_libcommon_a_SOURCES += common/db/accept.c \
    common/db/events.c common/db/events.h \
    common/db/feed.c common/db/feed.h \
    common/db/server.c common/db/server.h \
    common/db/ground.c common/db/ground.h \
    common/db/idempotency.c common/db/idempotency.h
common_libcommon_a_SOURCES += common/db/dead.c common/db/dead.h
common_libcommon_a_SOURCES += common/db/callbacks.c common/db/callbacks.h
common_libcommon_a_SOURCES += common/db/span.c common/db/span.h \
    common/db/audit.c common/db/audit_checks.c common/db/audit.h \
    common/db/prune.c common/db/prune.h \
    common/db/erase.c common/db/erase_find.c common/db/erase.h
