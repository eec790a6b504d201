common_libcommon_a_SOURCES += \
    common/service/accepting.c common/service/accepting.h \
    common/service/authorize.c common/service/authorize.h \
    common/service/belt.c common/service/belt.h \
    common/service/cancel_message.c common/service/cancel_message.h \
    common/service/dead_letters.c common/service/dead_letters.h \
    common/service/dead_queue.c common/service/dead_queue.h \
    common/service/marks.c common/service/marks.h \
    common/service/message_view.c common/service/message_view.h \
    common/service/record_callbacks.c common/service/record_callbacks.h \
    common/service/send_all.c common/service/send_all.h \
    common/service/send_messages.c common/service/send_messages.h \
    common/service/take_due.c common/service/take_due.h \
    common/service/window.c common/service/window.h
