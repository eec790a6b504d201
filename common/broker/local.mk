common_libcommon_a_SOURCES += \
    common/broker/broker.c common/broker/broker.h \
    common/broker/envelope.c common/broker/envelope.h \
    common/broker/topology.c common/broker/topology.h \
    common/broker/watchdog.c common/broker/watchdog.h
