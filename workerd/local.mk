noinst_LIBRARIES += %D%/libworker.a
%C%_libworker_a_SOURCES = \
    %D%/attempt.c %D%/attempt.h \
    %D%/breaker.c %D%/breaker.h \
    %D%/events.c %D%/events.h \
    %D%/gate.c %D%/gate.h \
    %D%/loop.c %D%/loop.h \
    %D%/pool.c %D%/pool.h \
    %D%/providers.c %D%/providers.h \
    %D%/retry.c %D%/retry.h \
    %D%/scheduler.c \
    %D%/share.c %D%/share.h \
    %D%/status.c %D%/status.h
include workerd/adapters/local.mk

sbin_PROGRAMS += %D%/workerd
%C%_workerd_SOURCES = %D%/main.c
%C%_workerd_LDADD = %D%/libworker.a $(COMMON_LIBS) $(CURL_LIBS) $(MICROHTTPD_LIBS)
dist_man_MANS += man/workerd.8
