/* Tests of fcgi/webhooks/webhooks: the table of providers that call back, and who is believed. */
#include "fcgi/webhooks/webhook.h"

#include <fcntl.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/config/options.h"
#include "tests/unit/callback.h"
#include "tests/unit/manual.h"

static const struct callback_header none[] = { { NULL, NULL } };
static struct config config;
static struct config_faults faults;
static struct error err;

static void load(const char *text)
{
    enum status st = config_load_text("t", text, strlen(text), (char *[]){ NULL }, &config, &faults);

    ck_assert_msg(st == ST_OK, "%s", faults.count > 0 ? faults.lines[0] : "");
}

static void forget(void)
{
    config_free(&config);
    config_faults_free(&faults);
}

/* One provider of every kind that calls back, with nothing but what it must have. */
#define PROVIDERS(verify)                                                                          \
    "[provider.twilio]\naccount_sid = AC1\nauth_token = t\n" verify                                \
    "[provider.sendgrid]\napi_key = k\n" verify                                                    \
    "[provider.whatsapp_cloud]\naccess_token = t\nphone_number_id = 1\n" verify                    \
    "[provider.telegram]\nbot_token = 1:x\n" verify                                                \
    "[provider.http]\nurl = http://h\n" verify
#define CALLING_BACK 5

START_TEST(every_row_is_of_a_kind_with_a_key_to_verify_by)
{
    const char *kinds = options_find("provider.*", "verify")->kinds;
    int rows = 0;

    for (const struct webhook *w = webhooks; w->path != NULL; w++, rows++) {
        ck_assert_msg(strstr(kinds, w->provider_kind) != NULL, "%s", w->provider_kind);
        ck_assert_int_eq(strncmp(w->path, "/webhooks/", 10), 0);
        ck_assert_uint_ge(w->body_max, WEBHOOK_BODY_MAX);
        for (const struct webhook *other = webhooks; other < w; other++)
            ck_assert_str_ne(w->path, other->path);
    }
    ck_assert_int_eq(rows, CALLING_BACK);
}
END_TEST

START_TEST(a_webhook_is_found_by_its_path)
{
    static const struct {
        const char *path, *kind;
    } rows[] = {
        { "/webhooks/twilio", "twilio" },
        { "/webhooks/sendgrid", "sendgrid" },
        { "/webhooks/whatsapp", "whatsapp_cloud" },
        { "/webhooks/telegram", "telegram" },
        { "/webhooks/http/gw", "http" },
        { "/webhooks/http/a.b-c_1", "http" },
        { "/webhooks/http", NULL },
        { "/webhooks/http/", NULL },
        { "/webhooks/http/a/b", NULL },
        { "/webhooks/http/a/", NULL },
        { "/webhooks/httpx", NULL },
        { "/webhooks/pigeon", NULL },
        { "/webhooks/twilio/", NULL },
        { "/webhooks/twilio/x", NULL },
        { "/webhooks/", NULL },
        { "", NULL },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct webhook *w = webhook_find(rows[i].path);

        callback_check_text(rows[i].path, w != NULL ? w->provider_kind : NULL, rows[i].kind);
    }
}
END_TEST

START_TEST(a_path_may_name_the_one_provider_that_may_call_it)
{
    callback_check_text("http",
                        webhook_provider_name(webhook_find("/webhooks/http/gw"), "/webhooks/http/gw"),
                        "gw");
    callback_check_text("twilio",
                        webhook_provider_name(webhook_find("/webhooks/twilio"), "/webhooks/twilio"),
                        NULL);
}
END_TEST

static enum status verify(const struct webhook *w, size_t body_len)
{
    struct webhook_request r = callback_request(w->path, "", none);
    char *body = body_len > 0 ? calloc(1, body_len) : NULL;
    enum status st;

    r.body = body != NULL ? body : "";
    r.body_len = body_len;
    for (size_t i = 0;; i++)
        if (strcmp(config.providers[i].kind, w->provider_kind) == 0) {
            st = webhook_verify(w, &r, &config.providers[i], &err);
            free(body);
            return st;
        }
}

START_TEST(what_proves_nothing_is_denied_unless_verify_is_off)
{
    load(PROVIDERS(""));
    for (const struct webhook *w = webhooks; w->path != NULL; w++)
        ck_assert_msg(verify(w, 0) == ST_DENIED, "%s", w->path);
    forget();
    load(PROVIDERS("verify = on\n"));
    for (const struct webhook *w = webhooks; w->path != NULL; w++)
        ck_assert_msg(verify(w, 0) == ST_DENIED, "%s", w->path);
    forget();
    load(PROVIDERS("verify = off\n"));
    for (const struct webhook *w = webhooks; w->path != NULL; w++)
        ck_assert_msg(verify(w, 0) == ST_OK, "%s", w->path);
    forget();
}
END_TEST

START_TEST(a_body_that_is_too_long_is_denied_though_verify_is_off)
{
    load(PROVIDERS("verify = off\n"));
    for (const struct webhook *w = webhooks; w->path != NULL; w++) {
        ck_assert_msg(verify(w, w->body_max) == ST_OK, "%s", w->path);
        ck_assert_msg(verify(w, w->body_max + 1) == ST_DENIED, "%s", w->path);
    }
    forget();
}
END_TEST

/* ---- the warning ---- */

static int lines_logged(const char *text, char *out, size_t size)
{
    int ends[2], lines = 0;
    ssize_t n;

    ck_assert_int_eq(pipe2(ends, O_NONBLOCK), 0);
    log_open("notify.fcgi", LEVEL_INFO, LOG_JSON);
    log_set_fd(ends[1]);
    load(text);
    webhooks_warn_unverified(&config);
    forget();
    log_set_fd(2);
    n = read(ends[0], out, size - 1);
    out[n > 0 ? n : 0] = '\0';
    for (const char *at = out; (at = strstr(at, "\"webhook.unverified\"")) != NULL; at++)
        lines++;
    close(ends[0]);
    close(ends[1]);
    return lines;
}

START_TEST(each_provider_that_is_believed_unproved_is_warned_of_by_name)
{
    static char text[16384];

    ck_assert_int_eq(lines_logged(PROVIDERS(""), text, sizeof text), 0);
    ck_assert_int_eq(lines_logged(PROVIDERS("verify = on\n")
                                  "[provider.bot]\nkind = telegram\nbot_token = 1:sesame\n"
                                  "secret_token = sesame\nverify = off\n",
                                  text, sizeof text),
                     1);
    ck_assert_ptr_nonnull(strstr(text, "\"provider\":\"bot\""));
    ck_assert_ptr_nonnull(strstr(text, "\"level\":\"warn\""));
    ck_assert_ptr_null(strstr(text, "sesame"));
    ck_assert_int_eq(lines_logged(PROVIDERS("verify = off\n"), text, sizeof text), CALLING_BACK);
}
END_TEST

/* ---- docs/webhooks.md ---- */

START_TEST(the_manual_shows_every_url_and_its_longest_body)
{
    struct arena mem = ARENA_INIT;
    const char *text = manual_read(&mem, "webhooks.md");

    for (const struct webhook *w = webhooks; w->path != NULL; w++) {
        const char *row = arena_printf(&mem, "\n| `%s` | `%s%s` | ", w->provider_kind, w->path,
                                       w->is_named ? "/NAME" : "");
        const char *size = w->body_max < 1u << 20
                               ? arena_printf(&mem, " | %zu KiB |\n", w->body_max >> 10)
                               : arena_printf(&mem, " | %zu MiB |\n", w->body_max >> 20);
        const char *at = strstr(text, row);

        ck_assert_msg(at != NULL, "docs/webhooks.md lacks:%s", row);
        at = strchr(at + 1, '\n') + 1 - strlen(size);
        ck_assert_msg(strncmp(at, size, strlen(size)) == 0, "%s: not%s", w->path, size);
    }
    arena_done(&mem);
}
END_TEST

START_TEST(the_examples_of_the_manual_are_good_and_believe_no_one_unproved)
{
    struct arena mem = ARENA_INIT;
    const char *text = manual_read(&mem, "webhooks.md"), *example;
    int n = 0;

    for (; (example = manual_next_example(&mem, &text)) != NULL; n++) {
        load(example);
        for (size_t i = 0; i < config.n_providers; i++)
            ck_assert_int_eq(config.providers[i].verify_callbacks, VERIFY_ON);
        forget();
    }
    ck_assert_int_ge(n, 7);
    arena_done(&mem);
}
END_TEST

SUITE("webhooks", every_row_is_of_a_kind_with_a_key_to_verify_by, a_webhook_is_found_by_its_path,
      a_path_may_name_the_one_provider_that_may_call_it,
      what_proves_nothing_is_denied_unless_verify_is_off,
      a_body_that_is_too_long_is_denied_though_verify_is_off,
      each_provider_that_is_believed_unproved_is_warned_of_by_name,
      the_manual_shows_every_url_and_its_longest_body,
      the_examples_of_the_manual_are_good_and_believe_no_one_unproved)
