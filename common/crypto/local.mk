common_libcommon_a_SOURCES += \
    common/crypto/digest.c common/crypto/digest.h \
    common/crypto/ecdsa.c common/crypto/ecdsa.h \
    common/crypto/hmac.c common/crypto/hmac.h
