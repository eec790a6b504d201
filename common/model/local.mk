common_libcommon_a_SOURCES += \
    common/model/caller.h \
    common/model/delivery.c common/model/delivery.h \
    common/model/message.c common/model/message.h \
    common/model/message_body.c common/model/message_body.h \
    common/model/platform.c common/model/platform.h \
    common/model/recipient.c common/model/recipient.h \
    common/model/report.h
common_libcommon_a_SOURCES += common/model/unsubscribe.c common/model/unsubscribe.h
