common_libcommon_a_SOURCES += \
    common/cache/cache.c common/cache/cache.h \
    common/cache/key_cache.c common/cache/key_cache.h \
    common/cache/quota.c common/cache/quota.h
