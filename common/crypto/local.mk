common_libcommon_a_SOURCES += \
    common/crypto/digest.c common/crypto/digest.h \
    common/crypto/hmac.c common/crypto/hmac.h
