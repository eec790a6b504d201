common_libcommon_a_SOURCES += \
    common/cache/breaker_board.c common/cache/breaker_board.h \
    common/cache/cache.c common/cache/cache.h \
    common/cache/key_cache.c common/cache/key_cache.h \
    common/cache/lane_flags.c common/cache/lane_flags.h \
    common/cache/pace.c common/cache/pace.h \
    common/cache/quota.c common/cache/quota.h \
    common/cache/rate.c common/cache/rate.h
