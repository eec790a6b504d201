common_libcommon_a_SOURCES += \
    common/service/authorize.c common/service/authorize.h \
    common/service/belt.c common/service/belt.h \
    common/service/record_callbacks.c common/service/record_callbacks.h \
    common/service/send_messages.c common/service/send_messages.h \
    common/service/take_due.c common/service/take_due.h
