common_libcommon_a_SOURCES += \
    common/metrics/series.c common/metrics/series.h \
    common/metrics/metrics.c common/metrics/metrics.h \
    common/metrics/expected.c common/metrics/expected.h
