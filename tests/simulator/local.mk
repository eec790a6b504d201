noinst_LIBRARIES += %D%/libsimulator.a
%C%_libsimulator_a_SOURCES = \
    %D%/account.c %D%/account.h \
    %D%/behaviour.c %D%/behaviour.h \
    %D%/callback_url.c %D%/callback_url.h \
    %D%/callbacks.c %D%/callbacks.h \
    %D%/ecdsa.c %D%/ecdsa.h \
    %D%/exchange.c %D%/exchange.h \
    %D%/hash.c %D%/hash.h \
    %D%/heap.c %D%/heap.h \
    %D%/listener.c %D%/listener.h \
    %D%/mail.c %D%/mail.h \
    %D%/mail_body.c %D%/mail_body.h \
    %D%/mail_header.c %D%/mail_header.h \
    %D%/maildir.c %D%/maildir.h \
    %D%/oracle.c %D%/oracle.h \
    %D%/pause.c %D%/pause.h \
    %D%/provider.c %D%/provider.h \
    %D%/reply.c %D%/reply.h \
    %D%/segments.c %D%/segments.h \
    %D%/sendgrid.c %D%/sendgrid.h \
    %D%/sendgrid_callback.c \
    %D%/sendgrid_check.c \
    %D%/server.c %D%/server.h \
    %D%/settings.c %D%/settings.h \
    %D%/smtp.c %D%/smtp.h \
    %D%/smtp_server.c %D%/smtp_server.h \
    %D%/smtp_session.c %D%/smtp_session.h \
    %D%/stream.c %D%/stream.h \
    %D%/telegram.c %D%/telegram.h \
    %D%/telegram_check.c \
    %D%/telegram_text.c %D%/telegram_text.h \
    %D%/text.c %D%/text.h \
    %D%/twilio.c %D%/twilio.h \
    %D%/twilio_callback.c \
    %D%/twilio_check.c \
    %D%/whatsapp.c %D%/whatsapp.h \
    %D%/whatsapp_callback.c \
    %D%/whatsapp_check.c

noinst_PROGRAMS += %D%/simulator
%C%_simulator_SOURCES = %D%/main.c
%C%_simulator_LDADD = %D%/libsimulator.a $(MICROHTTPD_LIBS) $(CURL_LIBS) $(SSL_LIBS) $(COMMON_LIBS)

SIMULATOR_TEST_LIBS = %D%/libsimulator.a $(MICROHTTPD_LIBS) $(CURL_LIBS) $(SSL_LIBS) $(COMMON_LIBS) $(CHECK_LIBS)

if HAVE_CHECK
check_PROGRAMS += tests/unit/test_simulator_behaviour
tests_unit_test_simulator_behaviour_LDADD = $(SIMULATOR_TEST_LIBS)
check_PROGRAMS += tests/unit/test_simulator_callbacks
tests_unit_test_simulator_callbacks_LDADD = $(SIMULATOR_TEST_LIBS)
check_PROGRAMS += tests/unit/test_simulator_mail
tests_unit_test_simulator_mail_LDADD = workerd/libworker.a $(SIMULATOR_TEST_LIBS)
check_PROGRAMS += tests/unit/test_simulator_sendgrid
tests_unit_test_simulator_sendgrid_LDADD = $(SIMULATOR_TEST_LIBS)
check_PROGRAMS += tests/unit/test_webhook_sendgrid
tests_unit_test_webhook_sendgrid_LDADD = fcgi/libapi.a $(SIMULATOR_TEST_LIBS)
check_PROGRAMS += tests/unit/test_simulator_smtp
tests_unit_test_simulator_smtp_LDADD = $(SIMULATOR_TEST_LIBS)
check_PROGRAMS += tests/unit/test_simulator_telegram
tests_unit_test_simulator_telegram_LDADD = $(SIMULATOR_TEST_LIBS)
check_PROGRAMS += tests/unit/test_simulator_text
tests_unit_test_simulator_text_LDADD = $(SIMULATOR_TEST_LIBS)
check_PROGRAMS += tests/unit/test_simulator_twilio
tests_unit_test_simulator_twilio_LDADD = $(SIMULATOR_TEST_LIBS)
check_PROGRAMS += tests/unit/test_simulator_whatsapp
tests_unit_test_simulator_whatsapp_LDADD = $(SIMULATOR_TEST_LIBS)
check_PROGRAMS += tests/unit/test_simulator_submission
tests_unit_test_simulator_submission_SOURCES = tests/unit/test_simulator_submission.c tests/unit/wire.c tests/unit/wire.h
tests_unit_test_simulator_submission_LDADD = $(SIMULATOR_TEST_LIBS)
check_PROGRAMS += tests/unit/test_simulator_wire
tests_unit_test_simulator_wire_SOURCES = tests/unit/test_simulator_wire.c tests/unit/wire.c tests/unit/wire.h
tests_unit_test_simulator_wire_LDADD = $(SIMULATOR_TEST_LIBS)
endif
