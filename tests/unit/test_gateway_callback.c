/* Tests of common/config/gateway_callback: which callbacks of gateways can be described. */
#include "common/config/gateway_callback.h"

#include <string.h>

#include "tests/unit/suite.h"

static struct config config;
static struct config_faults faults;

static const struct row {
    const char *lines, *fault; /* NULL: there is none */
} rows[] = {
#define STATUS "callback_status_path = status\ncallback_delivered = DELIVRD\n"
#define PROOF "callback_signature = token:X-Token\ncallback_secret = sesame\n"
    { "", NULL },
    { STATUS PROOF, NULL },
    { STATUS "verify = off\n", NULL },
    { STATUS PROOF "verify = off\n", NULL },
    { STATUS PROOF "callback_id_path = data.0.id\ncallback_recipient_path = ref\n"
                   "callback_event_path = event\ncallback_code_path = err.code\n"
                   "callback_error_path = err.text\ncallback_sent = a,b\ncallback_read = c\n"
                   "callback_failed = d , e\n",
      NULL },
    /* what proves it */
    { STATUS, "callback_status_path: needs callback_signature and callback_secret beside it" },
    { STATUS "callback_secret = sesame\n",
      "callback_secret: needs a callback_signature beside it" },
    { STATUS "callback_signature = standard\n",
      "callback_signature: needs a callback_secret beside it" },
    { STATUS "callback_signature = token:X\ncallback_secret = ,\n",
      "callback_signature: needs a callback_secret beside it" },
    { STATUS "callback_signature = hmac-sha256-hex:X-Sig\ncallback_secret = a, sesame b\n", NULL },
    { STATUS "callback_signature = hmac-sha256-base64:X-Sig\ncallback_secret = sesame\n", NULL },
    { STATUS "callback_signature = hmac-sha1-hex:X-Sig\ncallback_secret = sesame\n", NULL },
    { STATUS "callback_signature = token:Authorization\ncallback_secret = Bearer sesame\n", NULL },
    { STATUS "callback_signature = query:key\ncallback_secret = sesame\n", NULL },
    { STATUS "callback_signature = sesame\ncallback_secret = sesame\n",
      "callback_signature: must be hmac-sha256-hex:HEADER, " },
    { STATUS "callback_signature = md5:X\ncallback_secret = sesame\n",
      "callback_signature: must be hmac-sha256-hex:HEADER, " },
    { STATUS "callback_signature = token\ncallback_secret = sesame\n",
      "callback_signature: must be hmac-sha256-hex:HEADER, " },
    { STATUS "callback_signature = token:\ncallback_secret = sesame\n",
      "callback_signature: must name a header, or for query a parameter" },
    { STATUS "callback_signature = token:X Token\ncallback_secret = sesame\n",
      "callback_signature: must name a header, or for query a parameter" },
    { STATUS "callback_signature = token:X:Y\ncallback_secret = sesame\n",
      "callback_signature: must name a header, or for query a parameter" },
    { STATUS "callback_signature = standard:X\ncallback_secret = c2VzYW1l\n",
      "callback_signature: must name a header, or for query a parameter" },
    { STATUS "callback_signature = standard\ncallback_secret = whsec_c2VzYW1l, c2VzYW1lMQ\n",
      NULL },
    { STATUS "callback_signature = standard\ncallback_secret = whsec_\n",
      "callback_secret: must be base64, with or without whsec_" },
    { STATUS "callback_signature = standard\ncallback_secret = whsec_sesame!\n",
      "callback_secret: must be base64, with or without whsec_" },
    { STATUS "callback_signature = standard\ncallback_secret = c2VzYW1l, whsec_c2VzY\n",
      "callback_secret: must be base64, with or without whsec_" },
    { STATUS "callback_signature = standard\ncallback_secret = c2Vz YW1l\n",
      "callback_secret: must be base64, with or without whsec_" },
    /* what stands where */
    { PROOF "callback_status_path = status\n",
      "callback_status_path: needs callback_sent, callback_delivered, callback_read or" },
    { PROOF "callback_failed = x\n",
      "callback_failed: needs a callback_status_path beside it" },
    { PROOF "callback_id_path = x\n", "callback_id_path: needs a callback_status_path beside it" },
    { PROOF "callback_status_path = a..b\ncallback_sent = x\n",
      "callback_status_path: must be names and numbers joined by dots" },
    { STATUS PROOF "callback_id_path = .a\n",
      "callback_id_path: must be names and numbers joined by dots" },
    { STATUS PROOF "callback_recipient_path = a.\n", "callback_recipient_path: must be names and" },
    { STATUS PROOF "callback_event_path = .\n", "callback_event_path: must be names and numbers" },
    { STATUS PROOF "callback_code_path = a..b\n", "callback_code_path: must be names and numbers" },
    { STATUS PROOF "callback_error_path = a..\n", "callback_error_path: must be names and" },
};

START_TEST(callbacks_are_proved_and_have_a_status)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena mem = ARENA_INIT;
        const char *text = arena_printf(
            &mem, "[provider.gw]\nkind = http\nurl = http://h\n%s", rows[i].lines);
        enum status st = config_load_text("t", text, strlen(text), (char *[]){ NULL }, &config,
                                          &faults);
        const char *line = faults.count > 0 ? faults.lines[0] : "";
        const char *at = strstr(line, "[provider.gw] ");

        ck_assert_msg((st == ST_OK) == (rows[i].fault == NULL), "%s: %s", rows[i].lines, line);
        if (rows[i].fault != NULL) {
            ck_assert_msg(at != NULL && strncmp(at + 14, rows[i].fault, strlen(rows[i].fault)) == 0,
                          "%s gives: %s", rows[i].lines, line);
            ck_assert_msg(faults.count == 1, "%s gives %zu", rows[i].lines, faults.count);
            ck_assert_msg(strstr(line, "sesame") == NULL, "%s", line);
        }
        config_free(&config);
        config_faults_free(&faults);
        arena_done(&mem);
    }
}
END_TEST

START_TEST(callbacks_belong_to_the_kind_http)
{
    static const char text[] = "[provider.telegram]\nbot_token = 1:x\ncallback_secret = s\n";

    ck_assert_int_eq(config_load_text("t", text, strlen(text), (char *[]){ NULL }, &config, &faults),
                     ST_INVALID);
    ck_assert_ptr_nonnull(strstr(faults.lines[0], "callback_secret: is used by the kind http only"));
    config_free(&config);
    config_faults_free(&faults);
}
END_TEST

SUITE("gateway_callback", callbacks_are_proved_and_have_a_status, callbacks_belong_to_the_kind_http)
