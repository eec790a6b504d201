common_libcommon_a_SOURCES += \
    common/base/arena.c common/base/arena.h \
    common/base/buf.c common/base/buf.h \
    common/base/clock.c common/base/clock.h \
    common/base/error.c common/base/error.h \
    common/base/failpoint.c common/base/failpoint.h \
    common/base/json.c common/base/json.h \
    common/base/log.c common/base/log.h \
    common/base/random.c common/base/random.h \
    common/base/scoped.h \
    common/base/utf8.c common/base/utf8.h \
    common/base/uuid.c common/base/uuid.h
common_libcommon_a_SOURCES += common/base/excerpt.c common/base/excerpt.h common/base/urlform.c common/base/urlform.h
common_libcommon_a_SOURCES += common/base/mask.c common/base/mask.h
common_libcommon_a_SOURCES += common/base/escape.c common/base/escape.h common/base/template.c common/base/template.h
common_libcommon_a_SOURCES += common/base/json_path.c common/base/json_path.h
common_libcommon_a_SOURCES += common/base/items.c common/base/items.h
common_libcommon_a_SOURCES += common/base/trace.c common/base/trace.h
common_libcommon_a_SOURCES += common/base/supervisor.c common/base/supervisor.h
