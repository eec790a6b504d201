noinst_LIBRARIES += %D%/libapi.a
%C%_libapi_a_SOURCES = \
    %D%/call.c %D%/call.h \
    %D%/cors.c %D%/cors.h \
    %D%/cursor.c %D%/cursor.h \
    %D%/exchange.c %D%/exchange.h \
    %D%/guards.c %D%/guards.h \
    %D%/listener.c %D%/listener.h \
    %D%/loop.c %D%/loop.h \
    %D%/patient.c %D%/patient.h \
    %D%/turn.c %D%/turn.h \
    %D%/problem.c %D%/problem.h \
    %D%/publisher.c %D%/publisher.h \
    %D%/records.c %D%/records.h \
    %D%/request.c %D%/request.h \
    %D%/response.c %D%/response.h \
    %D%/router.c %D%/router.h \
    %D%/rooms.c %D%/rooms.h \
    %D%/routes.c %D%/routes.h \
    %D%/handlers/documents.c \
    %D%/handlers/handlers.h \
    %D%/handlers/health.c \
    %D%/handlers/messages_read.c \
    %D%/handlers/messages_send.c \
    %D%/handlers/metrics.c \
    %D%/handlers/query.c %D%/handlers/query.h \
    %D%/handlers/webhooks.c

include fcgi/webhooks/local.mk

# Web servers start it, people do not: it lives outside of the PATH.
fcgidir = $(libexecdir)/notification-system
fcgi_PROGRAMS += %D%/notify.fcgi
%C%_notify_fcgi_SOURCES = %D%/main.c
%C%_notify_fcgi_LDADD = %D%/libapi.a $(COMMON_LIBS) $(FCGI_LIBS)
dist_man_MANS += man/notify.fcgi.8

# What .incbin reads is no header that the compiler could tell make about.
%D%/handlers/documents.$(OBJEXT): docs/openapi.yaml docs/api.html
