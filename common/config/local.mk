common_libcommon_a_SOURCES += \
    common/config/check.c common/config/check.h \
    common/config/config.c common/config/config.h \
    common/config/draft.c common/config/draft.h \
    common/config/environment.c common/config/environment.h \
    common/config/options.c common/config/options.h \
    common/config/values.c common/config/values.h
common_libcommon_a_SOURCES += common/config/program.c common/config/program.h
common_libcommon_a_SOURCES += common/config/gateway.c common/config/gateway.h \
    common/config/gateway_callback.c common/config/gateway_callback.h
common_libcommon_a_SOURCES += common/config/reload.c common/config/reload.h
