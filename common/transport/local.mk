common_libcommon_a_SOURCES += \
    common/transport/mailers.c common/transport/mailers.h \
    common/transport/names.c common/transport/names.h \
    common/transport/origin.c common/transport/origin.h \
    common/transport/sockets.c common/transport/sockets.h \
    common/transport/transfer.h \
    common/transport/transport.c common/transport/transport.h \
    common/transport/wagon.c common/transport/wagon.h
