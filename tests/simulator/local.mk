noinst_LIBRARIES += %D%/libsimulator.a
%C%_libsimulator_a_SOURCES = \
    %D%/behaviour.c %D%/behaviour.h \
    %D%/callback_url.c %D%/callback_url.h \
    %D%/callbacks.c %D%/callbacks.h \
    %D%/ecdsa.c %D%/ecdsa.h \
    %D%/exchange.c %D%/exchange.h \
    %D%/hash.c %D%/hash.h \
    %D%/heap.c %D%/heap.h \
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
%C%_simulator_LDADD = %D%/libsimulator.a $(MICROHTTPD_LIBS) $(CURL_LIBS) $(COMMON_LIBS)

SIMULATOR_TEST_LIBS = %D%/libsimulator.a $(MICROHTTPD_LIBS) $(CURL_LIBS) $(COMMON_LIBS) $(CHECK_LIBS)

if HAVE_CHECK
check_PROGRAMS += tests/unit/test_simulator_behaviour
tests_unit_test_simulator_behaviour_LDADD = $(SIMULATOR_TEST_LIBS)
check_PROGRAMS += tests/unit/test_simulator_callbacks
tests_unit_test_simulator_callbacks_LDADD = $(SIMULATOR_TEST_LIBS)
check_PROGRAMS += tests/unit/test_simulator_sendgrid
tests_unit_test_simulator_sendgrid_LDADD = $(SIMULATOR_TEST_LIBS)
check_PROGRAMS += tests/unit/test_simulator_telegram
tests_unit_test_simulator_telegram_LDADD = $(SIMULATOR_TEST_LIBS)
check_PROGRAMS += tests/unit/test_simulator_text
tests_unit_test_simulator_text_LDADD = $(SIMULATOR_TEST_LIBS)
check_PROGRAMS += tests/unit/test_simulator_twilio
tests_unit_test_simulator_twilio_LDADD = $(SIMULATOR_TEST_LIBS)
check_PROGRAMS += tests/unit/test_simulator_whatsapp
tests_unit_test_simulator_whatsapp_LDADD = $(SIMULATOR_TEST_LIBS)
check_PROGRAMS += tests/unit/test_simulator_wire
tests_unit_test_simulator_wire_SOURCES = tests/unit/test_simulator_wire.c tests/unit/wire.c tests/unit/wire.h
tests_unit_test_simulator_wire_LDADD = $(SIMULATOR_TEST_LIBS)
endif
