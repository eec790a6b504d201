# Fuzz targets.  A new one is its name here, a line with its _LDADD below, and a corpus/NAME folder.
fuzz_targets = tests/fuzz/fuzz_json tests/fuzz/fuzz_clock tests/fuzz/fuzz_recipient
tests_fuzz_fuzz_json_LDADD = $(fuzz_ldadd)
tests_fuzz_fuzz_clock_LDADD = $(fuzz_ldadd)
tests_fuzz_fuzz_recipient_LDADD = $(fuzz_ldadd)

# With --enable-fuzzers libFuzzer brings the main; without, a target only replays files.
if FUZZERS
fuzz_ldadd = $(FUZZ_LDFLAGS) $(LDADD)
else
fuzz_ldadd = tests/fuzz/libreplay.a $(LDADD)
endif
EXTRA_LIBRARIES = tests/fuzz/libreplay.a
tests_fuzz_libreplay_a_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz.h tests/fuzz/callback.h tests/fuzz/reply.h
EXTRA_PROGRAMS += $(fuzz_targets)
CLEANFILES += $(fuzz_targets) $(EXTRA_LIBRARIES)

# Only `make check` needs them; `make fuzzers` builds them alone.
SCRIPT_TESTS += tests/fuzz/replay.sh
tests/fuzz/replay.log: $(fuzz_targets)
fuzzers: $(fuzz_targets)
.PHONY: fuzzers
EXTRA_DIST += tests/fuzz/replay.sh tests/fuzz/corpus
fuzz_targets += tests/fuzz/fuzz_json_path
tests_fuzz_fuzz_json_path_LDADD = $(fuzz_ldadd)
fuzz_targets += tests/fuzz/fuzz_config
tests_fuzz_fuzz_config_LDADD = $(fuzz_ldadd)
fuzz_targets += tests/fuzz/fuzz_urlform
tests_fuzz_fuzz_urlform_LDADD = $(fuzz_ldadd)
fuzz_targets += tests/fuzz/fuzz_webhook_twilio
tests_fuzz_fuzz_webhook_twilio_LDADD = $(fuzz_ldadd)
fuzz_targets += tests/fuzz/fuzz_webhook_sendgrid
tests_fuzz_fuzz_webhook_sendgrid_LDADD = $(fuzz_ldadd)
fuzz_targets += tests/fuzz/fuzz_webhook_whatsapp
tests_fuzz_fuzz_webhook_whatsapp_LDADD = $(fuzz_ldadd)
fuzz_targets += tests/fuzz/fuzz_webhook_telegram
tests_fuzz_fuzz_webhook_telegram_LDADD = $(fuzz_ldadd)
fuzz_targets += tests/fuzz/fuzz_webhook_http
tests_fuzz_fuzz_webhook_http_LDADD = $(fuzz_ldadd)
fuzz_targets += tests/fuzz/fuzz_twilio_reply
tests_fuzz_fuzz_twilio_reply_LDADD = $(fuzz_ldadd)
fuzz_targets += tests/fuzz/fuzz_envelope
tests_fuzz_fuzz_envelope_LDADD = $(fuzz_ldadd)
fuzz_targets += tests/fuzz/fuzz_records
tests_fuzz_fuzz_records_LDADD = $(fuzz_ldadd)
fuzz_targets += tests/fuzz/fuzz_request
tests_fuzz_fuzz_request_LDADD = $(fuzz_ldadd)
fuzz_targets += tests/fuzz/fuzz_message_body
tests_fuzz_fuzz_message_body_LDADD = $(fuzz_ldadd)
fuzz_targets += tests/fuzz/fuzz_query tests/fuzz/fuzz_cursor
tests_fuzz_fuzz_query_LDADD = $(fuzz_ldadd)
tests_fuzz_fuzz_cursor_LDADD = $(fuzz_ldadd)
fuzz_targets += tests/fuzz/fuzz_whatsapp_reply tests/fuzz/fuzz_whatsapp_template
tests_fuzz_fuzz_whatsapp_reply_LDADD = $(fuzz_ldadd)
tests_fuzz_fuzz_whatsapp_template_LDADD = $(fuzz_ldadd)
fuzz_targets += tests/fuzz/fuzz_telegram_reply
tests_fuzz_fuzz_telegram_reply_LDADD = $(fuzz_ldadd)
fuzz_targets += tests/fuzz/fuzz_sendgrid_reply
tests_fuzz_fuzz_sendgrid_reply_LDADD = $(fuzz_ldadd)
fuzz_targets += tests/fuzz/fuzz_http_reply tests/fuzz/fuzz_http_template
tests_fuzz_fuzz_http_reply_LDADD = $(fuzz_ldadd)
tests_fuzz_fuzz_http_template_LDADD = $(fuzz_ldadd)
fuzz_targets += tests/fuzz/fuzz_smtp_reply tests/fuzz/fuzz_unsubscribe tests/fuzz/fuzz_mask
tests_fuzz_fuzz_smtp_reply_LDADD = $(fuzz_ldadd)
tests_fuzz_fuzz_unsubscribe_LDADD = $(fuzz_ldadd)
tests_fuzz_fuzz_mask_LDADD = $(fuzz_ldadd)
fuzz_targets += tests/fuzz/fuzz_submission tests/fuzz/fuzz_telegram_text
tests_fuzz_fuzz_submission_LDADD = tests/simulator/libsimulator.a $(fuzz_ldadd)
tests_fuzz_fuzz_telegram_text_LDADD = tests/simulator/libsimulator.a $(fuzz_ldadd)
fuzz_targets += tests/fuzz/fuzz_recipient_lines
tests_fuzz_fuzz_recipient_lines_LDADD = $(fuzz_ldadd)
