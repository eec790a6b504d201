/* Tests of fcgi/webhooks/telegram: only who knows the token is let through, and updates are read. */
#include "fcgi/webhooks/telegram.h"

#include "tests/unit/callback.h"

#define TOKEN "3mUq_8-Zx0a"

static struct arena mem;
static struct error err;

/* ---- the token ---- */

static enum status verify_with(const char *tokens, const char *header)
{
    const struct callback_header headers[] = { { "X-Telegram-Bot-Api-Secret-Token", header },
                                               { NULL, NULL } };
    const struct provider_config cfg = { .name = "main",
                                         .kind = "telegram",
                                         .secret_token = tokens };
    struct webhook_request r = callback_request("/webhooks/telegram", "{}", headers);

    return webhook_verify(webhook_find("/webhooks/telegram"), &r, &cfg, &err);
}

START_TEST(only_the_token_itself_is_let_through)
{
    static const struct {
        const char *tokens, *header;
        enum status status;
    } rows[] = {
        { TOKEN, TOKEN, ST_OK },
        { TOKEN, NULL, ST_DENIED },
        { TOKEN, "", ST_DENIED },
        { TOKEN, TOKEN " ", ST_DENIED },
        { TOKEN, " " TOKEN, ST_DENIED },
        { TOKEN, TOKEN "x", ST_DENIED },
        { TOKEN, TOKEN "," TOKEN, ST_DENIED },
        { TOKEN, TOKEN ", " TOKEN, ST_DENIED },
        { TOKEN, "3mUq_8-Zx0", ST_DENIED },
        { TOKEN, "3MUQ_8-ZX0A", ST_DENIED },
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        ck_assert_msg(verify_with(rows[i].tokens, rows[i].header) == rows[i].status, "%zu", i);
}
END_TEST

START_TEST(a_token_with_any_bit_changed_is_denied)
{
    for (size_t bit = 0; bit < 8 * strlen(TOKEN); bit++) {
        char changed[] = TOKEN;

        changed[bit / 8] = (char)(changed[bit / 8] ^ 1 << bit % 8);
        ck_assert_msg(verify_with(TOKEN, changed) == ST_DENIED, "bit %zu", bit);
    }
}
END_TEST

START_TEST(any_of_several_tokens_is_right_while_they_rotate)
{
    ck_assert_int_eq(verify_with("old," TOKEN, TOKEN), ST_OK);
    ck_assert_int_eq(verify_with(TOKEN " , new", TOKEN), ST_OK);
    ck_assert_int_eq(verify_with("old," TOKEN, "old"), ST_OK);
    ck_assert_int_eq(verify_with("old," TOKEN, "old," TOKEN), ST_DENIED);
    ck_assert_int_eq(verify_with("old,new", TOKEN), ST_DENIED);
}
END_TEST

START_TEST(without_a_token_nothing_is_let_through)
{
    static const char *const headers[] = { NULL, "", TOKEN, ",", " " };

    for (size_t i = 0; i < COUNT(headers); i++) {
        ck_assert_int_eq(verify_with("", headers[i]), ST_DENIED);
        ck_assert_ptr_nonnull(strstr(err.text, "no secret_token"));
        ck_assert_int_eq(verify_with(" , ", headers[i]), ST_DENIED);
    }
}
END_TEST

START_TEST(a_body_that_is_too_long_is_not_looked_at)
{
    static const struct callback_header headers[] = {
        { "X-Telegram-Bot-Api-Secret-Token", TOKEN }, { NULL, NULL }
    };
    const struct provider_config cfg = { .name = "main", .secret_token = TOKEN };
    struct webhook_request r = callback_request("/webhooks/telegram", "", headers);

    r.body = NULL;
    r.body_len = TELEGRAM_BODY_MAX + 1;
    ck_assert_int_eq(webhook_verify(webhook_find("/webhooks/telegram"), &r, &cfg, &err), ST_DENIED);
    r.body_len = TELEGRAM_BODY_MAX;
    ck_assert_int_eq(webhook_verify(webhook_find("/webhooks/telegram"), &r, &cfg, &err), ST_OK);
}
END_TEST

/* ---- reading ---- */

static enum status try_parse(const char *body, const struct callback_report **out)
{
    static const struct callback_header none[] = { { NULL, NULL } };
    struct webhook_request r = callback_request("/webhooks/telegram", body, none);
    struct callback_report *report;
    size_t n = 0;
    enum status st = telegram_parse(&r, &mem, &report, &n, &err);

    if (st != ST_OK)
        return st;
    ck_assert_uint_eq(n, 1);
    callback_check(report);
    ck_assert_int_eq(report->event, CALLBACK_CHANGES_NOTHING);
    ck_assert_ptr_null(report->recipient_id);
    ck_assert_ptr_null(report->provider_id);
    ck_assert_int_eq(report->address != NULL, strcmp(report->event_name, "other") != 0 &&
                                                  strcmp(report->event_name, "unreadable") != 0);
    *out = report;
    return st;
}

#define PRIVATE(id)                                                                                \
    "\"chat\":{\"id\":" id ",\"first_name\":\"Ada\",\"username\":\"ada\",\"type\":\"private\"}"
#define GROUP "\"chat\":{\"id\":-1001234567890,\"title\":\"Team\",\"type\":\"supergroup\"}"
#define FROM "\"from\":{\"id\":42,\"is_bot\":false,\"first_name\":\"Ada\"},\"date\":1795500020"
#define MESSAGE(chat, text) "\"message\":{\"message_id\":1," FROM "," chat ",\"text\":" text "}"
#define MEMBER(chat, status)                                                                       \
    "\"my_chat_member\":{" chat "," FROM ",\"old_chat_member\":{\"user\":{\"id\":7,\"is_bot\":"    \
    "true},\"status\":\"member\"},\"new_chat_member\":{\"user\":{\"id\":7,\"is_bot\":true},"       \
    "\"status\":" status ",\"until_date\":0}}"

START_TEST(each_update_has_its_event)
{
    static const struct {
        const char *members, *name, *address;
    } rows[] = {
        { MESSAGE(PRIVATE("42"), "\"/start\""), "started", "42" },
        { MESSAGE(PRIVATE("42"), "\"/start order-4711\""), "started", "42" },
        { MESSAGE(PRIVATE("42"), "\"/start@NoticeBot\""), "started", "42" },
        { MESSAGE(PRIVATE("42"), "\"/start@NoticeBot order-4711\""), "started", "42" },
        { MESSAGE(PRIVATE("42"), "\"/start\\nhello\""), "started", "42" },
        { MESSAGE(PRIVATE("4503599627370495"), "\"/start\""), "started", "4503599627370495" },
        { MESSAGE(PRIVATE("-42"), "\"/start\""), "started", "-42" },
        { MESSAGE(PRIVATE("42"), "\"/started\""), "other", NULL },
        { MESSAGE(PRIVATE("42"), "\"/Start\""), "other", NULL },
        { MESSAGE(PRIVATE("42"), "\" /start\""), "other", NULL },
        { MESSAGE(PRIVATE("42"), "\"hello /start\""), "other", NULL },
        { MESSAGE(PRIVATE("42"), "\"/stop\""), "other", NULL },
        { MESSAGE(PRIVATE("42"), "\"\""), "other", NULL },
        { MESSAGE(PRIVATE("42"), "null"), "other", NULL },
        { MESSAGE(PRIVATE("42"), "[\"/start\"]"), "other", NULL },
        { MESSAGE(GROUP, "\"/start\""), "other", NULL },
        { MESSAGE(GROUP, "\"/start@NoticeBot\""), "other", NULL },
        { MESSAGE(PRIVATE("\"42\""), "\"/start\""), "other", NULL },
        { MESSAGE(PRIVATE("42.0"), "\"/start\""), "other", NULL },
        { MESSAGE(PRIVATE("0"), "\"/start\""), "other", NULL },
        { MESSAGE(PRIVATE("9007199254740993"), "\"/start\""), "other", NULL },
        { MESSAGE(PRIVATE("99999999999999999999"), "\"/start\""), "other", NULL },
        { MESSAGE("\"chat\":{\"type\":\"private\"}", "\"/start\""), "other", NULL },
        { MESSAGE("\"chat\":null", "\"/start\""), "other", NULL },
        { "\"edited_message\":{" FROM "," PRIVATE("42") ",\"text\":\"/start\"}", "other", NULL },
        { "\"message\":{" FROM "," PRIVATE("42") ",\"photo\":[{\"file_id\":\"a\"}]}", "other",
          NULL },
        { MEMBER(PRIVATE("42"), "\"kicked\""), "blocked", "42" },
        { MEMBER(PRIVATE("42"), "\"member\""), "unblocked", "42" },
        { MEMBER(PRIVATE("42"), "\"left\""), "other", NULL },
        { MEMBER(PRIVATE("42"), "\"administrator\""), "other", NULL },
        { MEMBER(PRIVATE("42"), "null"), "other", NULL },
        { MEMBER(GROUP, "\"kicked\""), "other", NULL },
        { MEMBER(GROUP, "\"member\""), "other", NULL },
        { "\"chat_member\":{" PRIVATE("42") ",\"new_chat_member\":{\"status\":\"kicked\"}}",
          "other", NULL },
        { "\"callback_query\":{\"id\":\"1\"," FROM "}", "other", NULL },
        { "\"message\":null", "other", NULL },
        { "\"message\":[]", "other", NULL },
        { "\"x\":{" MEMBER(PRIVATE("42"), "\"kicked\"") "}", "other", NULL },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct callback_report *report;
        const char *body = arena_printf(&mem, "{\"update_id\":%zu,%s}", 900 + i, rows[i].members);

        ck_assert_int_eq(try_parse(body, &report), ST_OK);
        callback_check_text(rows[i].members, report->event_name, rows[i].name);
        callback_check_text(rows[i].members, report->address, rows[i].address);
        callback_check_text("event", report->event_id, arena_printf(&mem, "update/%zu", 900 + i));
    }
    arena_done(&mem);
}
END_TEST

/* An update that is refused would be sent again and again, and all others wait behind it. */
START_TEST(whatever_a_person_writes_the_update_is_read)
{
    static const char *const texts[] = { "\"\\u0000\"",
                                         "\"\xC3\x28\"",
                                         "\"\\ud83d\"",
                                         "1e999",
                                         "{\"a\":1,\"a\":2}",
                                         TOO_DEEP };
    const struct callback_report *report;

    for (size_t i = 0; i < COUNT(texts); i++) {
        ck_assert_int_eq(
            try_parse(arena_printf(&mem, "{\"update_id\":1,\"message\":{\"caption\":%s," PRIVATE("4")
                                   ",\"text\":\"/start\"}}", texts[i]),
                      &report),
            ST_OK);
        ck_assert_str_eq(report->event_name, "started");
        ck_assert_int_eq(try_parse(arena_printf(&mem, "{\"update_id\":1," MESSAGE(PRIVATE("4"), "%s")
                                                "}", texts[i]),
                                   &report),
                         ST_OK);
        ck_assert_str_eq(report->event_name, "other");
    }
    arena_done(&mem);
}
END_TEST

START_TEST(an_update_without_its_number_is_unreadable)
{
    static const char *const bodies[] = {
        "{}", "{\"message\":{}}", "{\"update_id\":null}", "{\"update_id\":\"1\"}",
        "{\"update_id\":1.5}", "{\"update_id\":99999999999999999999}", "{\"update_id\":}",
    };
    const struct callback_report *report;

    for (size_t i = 0; i < COUNT(bodies); i++) {
        ck_assert_int_eq(try_parse(bodies[i], &report), ST_OK);
        ck_assert_str_eq(report->event_name, "unreadable");
    }
    arena_done(&mem);
}
END_TEST

START_TEST(what_is_no_update_is_refused)
{
    static const char *const bodies[] = { "", "[]", "{", "{}{}", "17", "{\"update_id\":\"}" };
    const struct callback_report *report;

    for (size_t i = 0; i < COUNT(bodies); i++)
        ck_assert_msg(try_parse(bodies[i], &report) == ST_INVALID, "%s", bodies[i]);
    arena_done(&mem);
}
END_TEST

static void try_update(const char *text, void *context)
{
    const struct callback_report *report;

    if (try_parse(text, &report) == ST_OK)
        ck_assert_msg(strcmp(report->event_name, "unblocked") != 0 &&
                          strcmp(report->event_name, "started") != 0,
                      "%s", text);
    arena_reset(&mem);
}

START_TEST(a_wrong_type_in_any_place_makes_no_nonsense)
{
    ck_assert_int_ge(callback_distort("{\"update_id\":1," MEMBER(PRIVATE("42"), "\"kicked\"") "}",
                                      try_update, NULL),
                     20 * 15);
    arena_done(&mem);
}
END_TEST

SUITE("webhook_telegram", only_the_token_itself_is_let_through,
      a_token_with_any_bit_changed_is_denied, any_of_several_tokens_is_right_while_they_rotate,
      without_a_token_nothing_is_let_through, a_body_that_is_too_long_is_not_looked_at,
      each_update_has_its_event, whatever_a_person_writes_the_update_is_read,
      an_update_without_its_number_is_unreadable, what_is_no_update_is_refused,
      a_wrong_type_in_any_place_makes_no_nonsense)
