/* Tests of fcgi/webhooks/whatsapp: only what Meta signed is let through, and only our number's is read. */
#include "fcgi/webhooks/whatsapp.h"

#include "common/crypto/digest.h"
#include "common/crypto/hmac.h"
#include "tests/unit/callback.h"

#define WAMID "wamid.HBgLMTU1NTAwMDExMTEVAgARGBI5QTNDQTVCM0Q0Q0Q2RTY3RTcA"
#define NUMBER "106540352242922"
/* A real request of Meta's, from the tests of a public library. */
#define PUBLISHED                                                                                  \
    "{\"object\":\"whatsapp_business_account\",\"entry\":[{\"id\":\"264937493375603\",\"changes\":" \
    "[{\"value\":{\"messaging_product\":\"whatsapp\",\"metadata\":{\"display_phone_number\":"      \
    "\"15550953877\",\"phone_number_id\":\"277321005464405\"},\"contacts\":[{\"profile\":{\"name\":" \
    "\"PyWa Tests\"},\"wa_id\":\"972544401243\"}],\"messages\":[{\"from\":\"972544401243\",\"id\":" \
    "\"wamid.HBgMOTcyNTQ0NDAxMjQzFQIAEhggM0RFQTNCMEEwRTY3QzUwODYzMDc4NjQ4QzM4ODAxM0YA\","         \
    "\"timestamp\":\"1730231903\",\"text\":{\"body\":\"Hey there! I am using PyWa.\"},\"type\":"   \
    "\"text\"}]},\"field\":\"messages\"}]}]}"
#define PUBLISHED_SECRET "1222e786b144d0e85b9f365372d93676"
#define PUBLISHED_SIGNATURE                                                                        \
    "sha256=54edfa1d7259e0eb13c677cc7d73d1b5c86cfa12433d19156e058ab9251bc441"

static const struct provider_config config = { .name = "main",
                                               .kind = "whatsapp_cloud",
                                               .phone_number_id = NUMBER,
                                               .app_secret = PUBLISHED_SECRET,
                                               .verify_token = "open sesame" };
static struct arena mem;
static struct error err;

/* ---- the signature ---- */

static bool is_right(const char *signature, const char *secrets, const char *body)
{
    return whatsapp_signature_is_right(signature, secrets, body, strlen(body));
}

START_TEST(published_signatures_are_right)
{
    static const struct {
        const char *secret, *body, *signature;
    } rows[] = {
        { "TEST_APP_SECRET", "test",
          "sha256=0c61947b610d4f45e65f3d680e26027121ec2413e77598bcb6cfc6e0d9888221" },
        { PUBLISHED_SECRET, PUBLISHED, PUBLISHED_SIGNATURE },
        { "It's a Secret to Everybody", "Hello, World!",
          "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17" },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        ck_assert_msg(is_right(rows[i].signature, rows[i].secret, rows[i].body), "%zu", i);
        ck_assert(!is_right(rows[i].signature, "other", rows[i].body));
    }
}
END_TEST

START_TEST(a_signature_has_one_spelling)
{
    static const char hex[] = "0c61947b610d4f45e65f3d680e26027121ec2413e77598bcb6cfc6e0d9888221";
    const char *texts[] = {
        "", "sha256", "sha256=", hex, arena_printf(&mem, "sha1=%s", hex),
        arena_printf(&mem, "SHA256=%s", hex), arena_printf(&mem, "sha256= %s", hex),
        arena_printf(&mem, "sha256=%s ", hex), arena_printf(&mem, " sha256=%s", hex),
        arena_printf(&mem, "sha256=%s0", hex), arena_printf(&mem, "sha256=%.63s", hex),
        arena_printf(&mem, "sha256=%s, sha256=%s", hex, hex),
        "sha256=0C61947B610D4F45E65F3D680E26027121EC2413E77598BCB6CFC6E0D9888221",
        "sha256=DGGUe2ENT0XmXz1oDiYCcSHsJBPndZi8ts/G4NmIgiE=",
    };

    for (size_t i = 0; i < COUNT(texts); i++)
        ck_assert_msg(!is_right(texts[i], "TEST_APP_SECRET", "test"), "%s", texts[i]);
    ck_assert(is_right(arena_printf(&mem, "sha256=%s", hex), "TEST_APP_SECRET", "test"));
    arena_done(&mem);
}
END_TEST

START_TEST(any_of_several_secrets_is_right_while_they_rotate)
{
    static const struct {
        const char *secrets;
        bool right;
    } rows[] = {
        { "old," PUBLISHED_SECRET, true },  { PUBLISHED_SECRET " , new", true },
        { " ," PUBLISHED_SECRET ",", true }, { "old,new", false },
        { "", false },                      { " , ", false },
        { PUBLISHED_SECRET "x", false },
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        ck_assert_msg(is_right(PUBLISHED_SIGNATURE, rows[i].secrets, PUBLISHED) == rows[i].right,
                      "%s", rows[i].secrets);
}
END_TEST

static enum status verify_with(const char *secrets, const char *signature, const char *body)
{
    const struct callback_header headers[] = { { "X-Hub-Signature-256", signature },
                                               { NULL, NULL } };
    struct webhook_request r = callback_request("/webhooks/whatsapp", body, headers);
    struct provider_config cfg = config;

    cfg.app_secret = secrets;
    return webhook_verify(webhook_find("/webhooks/whatsapp"), &r, &cfg, &err);
}

START_TEST(a_change_of_any_bit_of_body_or_signature_is_noticed)
{
    static const char *const whole[] = { PUBLISHED, PUBLISHED_SIGNATURE };

    ck_assert_int_eq(verify_with(PUBLISHED_SECRET, PUBLISHED_SIGNATURE, PUBLISHED), ST_OK);
    for (size_t part = 0; part < COUNT(whole); part++)
        for (size_t bit = 0; bit < 8 * strlen(whole[part]); bit++) {
            const char *given[] = { PUBLISHED, PUBLISHED_SIGNATURE };
            char *changed = arena_strdup(&mem, whole[part]);

            changed[bit / 8] = (char)(changed[bit / 8] ^ 1 << bit % 8);
            given[part] = changed;
            ck_assert_msg(verify_with(PUBLISHED_SECRET, given[1], given[0]) == ST_DENIED,
                          "part %zu, bit %zu", part, bit);
            arena_reset(&mem);
        }
    arena_done(&mem);
}
END_TEST

START_TEST(what_is_missing_or_too_long_is_denied)
{
    static const struct callback_header none[] = { { NULL, NULL } };
    struct webhook_request r = callback_request("/webhooks/whatsapp", "", none);

    ck_assert_int_eq(verify_with(PUBLISHED_SECRET, NULL, PUBLISHED), ST_DENIED);
    ck_assert_int_eq(verify_with(PUBLISHED_SECRET, "", PUBLISHED), ST_DENIED);
    ck_assert_int_eq(verify_with(PUBLISHED_SECRET, PUBLISHED_SIGNATURE ", " PUBLISHED_SIGNATURE,
                                 PUBLISHED),
                     ST_DENIED);
    r.body = NULL;
    r.body_len = WHATSAPP_BODY_MAX + 1;
    ck_assert_int_eq(webhook_verify(webhook_find("/webhooks/whatsapp"), &r, &config, &err),
                     ST_DENIED);
    ck_assert_ptr_nonnull(strstr(err.text, "longer than"));
}
END_TEST

/* Anybody can make an HMAC with an empty key. */
START_TEST(without_a_secret_nothing_is_let_through)
{
    char hex[2 * HMAC_SHA256_BYTES + 1];
    uint8_t mac[HMAC_SHA256_BYTES];

    hmac_sha256("", 0, "{}", 2, mac);
    hex_encode(mac, sizeof mac, hex);
    ck_assert_int_eq(verify_with("", arena_printf(&mem, "sha256=%s", hex), "{}"), ST_DENIED);
    ck_assert_ptr_nonnull(strstr(err.text, "no app_secret"));
    ck_assert_int_eq(verify_with(" , ", arena_printf(&mem, "sha256=%s", hex), "{}"), ST_DENIED);
    arena_done(&mem);
}
END_TEST

/* ---- the challenge ---- */

START_TEST(a_challenge_is_answered_where_the_token_is_ours)
{
    static const struct {
        const char *query, *answer;
    } rows[] = {
        { "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=open+sesame",
          "1158201444" },
        { "hub.verify_token=open%20sesame&x=1&hub.challenge=a%26b%3Cc&hub.mode=subscribe", "a&b<c" },
        { "hub%2Emode=subscribe&hub%2Echallenge=7&hub%2Everify_token=open%20sesame", "7" },
        { "hub.mode=unsubscribe&hub.challenge=1&hub.verify_token=open+sesame", NULL },
        { "hub.challenge=1&hub.verify_token=open+sesame", NULL },
        { "hub.mode=subscribe&hub.challenge=1&hub.verify_token=open+sesam", NULL },
        { "hub.mode=subscribe&hub.challenge=1&hub.verify_token=open+sesames", NULL },
        { "hub.mode=subscribe&hub.challenge=1&hub.verify_token=", NULL },
        { "hub.mode=subscribe&hub.challenge=1", NULL },
        { "hub.mode=subscribe&hub.verify_token=open+sesame", NULL },
        { "hub.mode=subscribe&hub.challenge=&hub.verify_token=open+sesame", NULL },
        { "hub.mode=subscribe&hub.challenge=a%0Ab&hub.verify_token=open+sesame", NULL },
        { "hub.mode=subscribe&hub.challenge=%C3%BC&hub.verify_token=open+sesame", NULL },
        { "hub.mode=subscribe&hub.challenge=%7F&hub.verify_token=open+sesame", NULL },
        { "hub.mode=subscribe&hub.challenge=%00&hub.verify_token=open+sesame", NULL },
        { "hub.mode=subscribe&hub.challenge=%4&hub.verify_token=open+sesame", NULL },
        { "", NULL },
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        callback_check_text(rows[i].query, whatsapp_challenge(&mem, rows[i].query, &config),
                            rows[i].answer);
    arena_done(&mem);
}
END_TEST

START_TEST(a_challenge_has_a_longest_length_and_an_empty_token_never_fits)
{
    static const struct provider_config open = { .name = "open", .verify_token = "" };
    char long_one[WHATSAPP_CHALLENGE_MAX + 2] = { 0 };
    const char *query;

    memset(long_one, 'c', WHATSAPP_CHALLENGE_MAX);
    query = arena_printf(&mem, "hub.mode=subscribe&hub.verify_token=open+sesame&hub.challenge=%s",
                         long_one);
    callback_check_text("512", whatsapp_challenge(&mem, query, &config), long_one);
    ck_assert_ptr_null(whatsapp_challenge(&mem, arena_printf(&mem, "%sc", query), &config));
    ck_assert_ptr_null(whatsapp_challenge(
        &mem, "hub.mode=subscribe&hub.verify_token=&hub.challenge=1", &open));
    ck_assert_ptr_null(whatsapp_challenge(&mem, "hub.mode=subscribe&hub.challenge=1", &open));
    arena_done(&mem);
}
END_TEST

/* ---- reading ---- */

static enum status try_parse(const char *body, struct callback_report **out, size_t *n)
{
    static const struct callback_header none[] = { { NULL, NULL } };
    struct webhook_request r = callback_request("/webhooks/whatsapp", body, none);

    r.provider = &config;
    return whatsapp_parse(&r, &mem, out, n, &err);
}

static size_t parse(const char *body, struct callback_report **out)
{
    size_t n = 0;

    ck_assert_msg(try_parse(body, out, &n) == ST_OK, "%.200s: %s", body, err.text);
    for (size_t i = 0; i < n; i++)
        callback_check(&(*out)[i]);
    return n;
}

/* A change of our number with these members of its value. */
static const char *change(const char *number, const char *members)
{
    return arena_printf(&mem,
                        "{\"value\":{\"messaging_product\":\"whatsapp\",\"metadata\":{\"display_"
                        "phone_number\":\"15550001111\",\"phone_number_id\":\"%s\"},%s},\"field\":"
                        "\"messages\"}",
                        number, members);
}

static const char *callback(const char *changes)
{
    return arena_printf(&mem,
                        "{\"object\":\"whatsapp_business_account\",\"entry\":[{\"id\":\"1\","
                        "\"changes\":[%s]}]}",
                        changes);
}

static const char *with_statuses(const char *statuses)
{
    return callback(change(NUMBER, arena_printf(&mem, "\"statuses\":[%s]", statuses)));
}

START_TEST(each_status_has_its_event)
{
    static const struct {
        const char *members;
        enum delivery_event event;
        const char *name, *code, *message, *status;
    } rows[] = {
        { "\"status\":\"sent\",\"conversation\":{\"id\":\"c\",\"origin\":{\"type\":\"utility\"}},"
          "\"pricing\":{\"billable\":true}",
          EV_REPORTED_SENT, "sent", NULL, NULL, "sent" },
        { "\"status\":\"delivered\"", EV_REPORTED_DELIVERED, "delivered", NULL, NULL, "delivered" },
        { "\"status\":\"read\"", EV_REPORTED_READ, "read", NULL, NULL, "read" },
        { "\"status\":\"failed\",\"errors\":[{\"code\":131047,\"title\":\"t\",\"message\":\"m\","
          "\"error_data\":{\"details\":\"d\"}},{\"code\":2}]",
          EV_REPORTED_FAILED, "failed", "131047", "d", "failed" },
        { "\"status\":\"failed\",\"errors\":[{\"code\":\"131026\",\"title\":\"t\",\"message\":"
          "\"m\",\"error_data\":{\"details\":\"\"}}]",
          EV_REPORTED_FAILED, "failed", "131026", "m", "failed" },
        { "\"status\":\"failed\",\"errors\":[{\"code\":0,\"title\":\"t\",\"error_data\":null}]",
          EV_REPORTED_FAILED, "failed", "0", "t", "failed" },
        { "\"status\":\"failed\",\"errors\":[{}]", EV_REPORTED_FAILED, "failed", "failed", NULL,
          "failed" },
        { "\"status\":\"failed\",\"errors\":[]", EV_REPORTED_FAILED, "failed", "failed", NULL,
          "failed" },
        { "\"status\":\"failed\"", EV_REPORTED_FAILED, "failed", "failed", NULL, "failed" },
        { "\"status\":\"deleted\"", CALLBACK_CHANGES_NOTHING, "other", NULL, NULL, "deleted" },
        { "\"status\":\"warning\",\"errors\":[{\"code\":1}]", CALLBACK_CHANGES_NOTHING, "other",
          NULL, NULL, "warning" },
        { "\"status\":\"Read\"", CALLBACK_CHANGES_NOTHING, "other", NULL, NULL, "Read" },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct callback_report *report;

        ck_assert_uint_eq(
            parse(with_statuses(arena_printf(
                      &mem,
                      "{\"id\":\"" WAMID "\",\"timestamp\":\"1795500020\",\"recipient_id\":"
                      "\"15551234567\",\"biz_opaque_callback_data\":\"" RECIPIENT "\",%s}",
                      rows[i].members)),
                  &report),
            1);
        ck_assert_msg(report->event == rows[i].event, "%s", rows[i].members);
        callback_check_text("name", report->event_name, rows[i].name);
        callback_check_text("code", report->code, rows[i].code);
        callback_check_text("message", report->message, rows[i].message);
        callback_check_text("recipient", report->recipient_id, RECIPIENT);
        callback_check_text("provider's id", report->provider_id, WAMID);
        callback_check_text("event", report->event_id,
                            arena_printf(&mem, WAMID "/%s", rows[i].status));
        callback_check_text("address", report->address, NULL);
    }
    arena_done(&mem);
}
END_TEST

START_TEST(only_an_id_of_ours_names_the_recipient)
{
    static const char *const others[] = { "\"17\"", "17", "null", "\"\"", "{\"a\":1}",
                                          "\"" RECIPIENT "x\"" };
    struct callback_report *report;

    for (size_t i = 0; i < COUNT(others); i++) {
        ck_assert_uint_eq(
            parse(with_statuses(arena_printf(&mem,
                                             "{\"id\":\"" WAMID "\",\"status\":\"read\","
                                             "\"biz_opaque_callback_data\":%s}",
                                             others[i])),
                  &report),
            1);
        callback_check_text(others[i], report->recipient_id, NULL);
        callback_check_text(others[i], report->provider_id, WAMID);
    }
    arena_done(&mem);
}
END_TEST

#define STATUS(id) "{\"id\":\"" id "\",\"status\":\"read\"}"

START_TEST(statuses_of_every_entry_and_change_are_read_in_order)
{
    const char *body = arena_printf(
        &mem,
        "{\"entry\":[{\"changes\":[%s,%s]},{\"id\":\"2\"},{\"changes\":[]},{\"changes\":[%s]}],"
        "\"object\":\"whatsapp_business_account\"}\r\n",
        change(NUMBER, "\"statuses\":[" STATUS("a") "," STATUS("b") "]"),
        change(NUMBER, "\"statuses\":[]"), change(NUMBER, "\"statuses\":[" STATUS("c") "]"));
    struct callback_report *reports;

    ck_assert_uint_eq(parse(body, &reports), 3);
    ck_assert_str_eq(reports[0].provider_id, "a");
    ck_assert_str_eq(reports[1].provider_id, "b");
    ck_assert_str_eq(reports[2].provider_id, "c");
    arena_done(&mem);
}
END_TEST

START_TEST(other_news_and_other_numbers_are_no_reports)
{
    const char *const bodies[] = {
        PUBLISHED,
        "{}",
        "{\"object\":\"page\",\"entry\":[{\"changes\":[]}]}",
        "{\"object\":\"whatsapp_business_account\"}",
        "{\"object\":\"whatsapp_business_account\",\"entry\":{}}",
        "{\"object\":\"whatsapp_business_account\",\"entry\":[17,null,{\"changes\":\"x\"}]}",
        arena_printf(&mem, "{\"object\":\"page\",\"entry\":[{\"changes\":[%s]}]}",
                     change(NUMBER, "\"statuses\":[" STATUS("a") "]")),
        arena_printf(&mem, "{\"entry\":[{\"changes\":[%s]}]}",
                     change(NUMBER, "\"statuses\":[" STATUS("a") "]")),
        callback(change("106540352242923", "\"statuses\":[" STATUS("a") "]")),
        callback(change("", "\"statuses\":[" STATUS("a") "]")),
        callback("{\"value\":{\"statuses\":[" STATUS("a") "]},\"field\":\"messages\"}"),
        callback("{\"value\":{\"metadata\":{\"phone_number_id\":\"" NUMBER "\"},\"statuses\":["
                 STATUS("a") "]},\"field\":\"account_update\"}"),
        callback("{\"value\":{\"metadata\":{\"phone_number_id\":\"" NUMBER "\"},\"statuses\":["
                 STATUS("a") "]}}"),
        callback(change(NUMBER, "\"messages\":[{\"id\":\"w\",\"status\":\"read\"}]")),
        callback(change(NUMBER, "\"statuses\":{\"id\":\"w\",\"status\":\"read\"}")),
        callback(change(NUMBER, "\"errors\":[{\"code\":1}]")),
    };
    struct callback_report *reports;

    for (size_t i = 0; i < COUNT(bodies); i++)
        ck_assert_msg(parse(bodies[i], &reports) == 0, "%s", bodies[i]);
    arena_done(&mem);
}
END_TEST

/* What a person writes to us stands beside the statuses. */
START_TEST(what_else_a_callback_holds_spoils_nothing)
{
    static const char *const texts[] = {
        "\"\\u0000\"", "\"\xC3\x28\"", "\"\\ud83d\"", "1e999", "{\"a\":1,\"a\":2}",
        TOO_DEEP,
    };
    struct callback_report *reports;

    for (size_t i = 0; i < COUNT(texts); i++) {
        const char *body = callback(change(
            NUMBER, arena_printf(&mem, "\"messages\":[{\"text\":%s}],\"statuses\":[" STATUS("a")
                                       ",{\"id\":\"b\",\"status\":\"read\",\"x\":%s}," STATUS("c") "]",
                                 texts[i], texts[i])));

        ck_assert_msg(parse(body, &reports) == 3, "%s", texts[i]);
        ck_assert_str_eq(reports[0].event_id, "a/read");
        ck_assert_str_eq(reports[1].event_name, "unreadable");
        ck_assert_str_eq(reports[2].event_id, "c/read");
    }
    arena_done(&mem);
}
END_TEST

START_TEST(a_status_that_names_no_message_or_no_status_is_unreadable)
{
    static const char *const statuses[] = {
        "{}", "{\"id\":\"a\"}", "{\"status\":\"read\"}", "{\"id\":\"\",\"status\":\"read\"}",
        "{\"id\":null,\"status\":\"read\"}", "{\"id\":\"a\",\"status\":[\"read\"]}", "17", "null",
        "{\"id\":\"a\",\"id\":\"a\",\"status\":\"read\"}", "\"read\"", "[]", "",
    };
    struct callback_report *reports;

    for (size_t i = 0; i < COUNT(statuses); i++) {
        ck_assert_uint_eq(
            parse(with_statuses(arena_printf(&mem, STATUS("x") ",%s", statuses[i])), &reports), 2);
        ck_assert_str_eq(reports[0].event_name, "read");
        ck_assert_msg(strcmp(reports[1].event_name, "unreadable") == 0, "%s", statuses[i]);
    }
    arena_done(&mem);
}
END_TEST

START_TEST(what_is_no_callback_is_refused)
{
    static const char *const bodies[] = { "", "[]", "{", "{}}", "null", "{\"a\":\"", "a=b" };
    struct callback_report *reports;
    size_t n;

    for (size_t i = 0; i < COUNT(bodies); i++)
        ck_assert_msg(try_parse(bodies[i], &reports, &n) == ST_INVALID, "%s", bodies[i]);
    arena_done(&mem);
}
END_TEST

/* Of one recipient: equal where Meta repeats itself, and never where it tells something else. */
START_TEST(event_ids_are_equal_for_a_repeated_report_and_no_other)
{
    static const char *const states[] = { "sent", "delivered", "read", "failed", "deleted",
                                          "warning", "two words", "s/t" };
    static const char *const ids[] = { WAMID, WAMID "A", "wamid.x", "a b", "s" };
    const char *found[COUNT(states) * COUNT(ids)];
    size_t n = 0;

    for (size_t s = 0; s < COUNT(states); s++)
        for (size_t k = 0; k < COUNT(ids); k++, n++) {
            struct callback_report *first, *second;
            const char *status = arena_printf(&mem, "\"id\":\"%s\",\"status\":\"%s\"", ids[k],
                                              states[s]);

            parse(with_statuses(arena_printf(&mem, "{%s,\"timestamp\":\"1\"}", status)), &first);
            parse(with_statuses(arena_printf(&mem, "{\"timestamp\":\"2\",%s}", status)), &second);
            found[n] = first->event_id;
            ck_assert_str_eq(second->event_id, found[n]);
            for (size_t i = 0; i < n; i++)
                ck_assert_msg(strcmp(found[i], found[n]) != 0, "%s", status);
        }
    arena_done(&mem);
}
END_TEST

START_TEST(thousands_of_statuses_are_read_and_no_more_than_ten_thousand)
{
    struct buf statuses = BUF_INIT(WHATSAPP_BODY_MAX);
    struct callback_report *reports;
    size_t n;

    for (int i = 0; i < WEBHOOK_REPORTS_MAX; i++)
        buf_addf(&statuses, "%s{\"id\":\"w%d\",\"status\":%s}", i > 0 ? "," : "", i,
                 i == 5000 ? "null" : "\"sent\"");
    ck_assert_uint_eq(parse(with_statuses(buf_str(&statuses)), &reports), WEBHOOK_REPORTS_MAX);
    for (int i = 0; i < WEBHOOK_REPORTS_MAX; i++)
        ck_assert_str_eq(reports[i].event_name, i == 5000 ? "unreadable" : "sent");
    buf_adds(&statuses, ",1");
    ck_assert_int_eq(try_parse(with_statuses(buf_str(&statuses)), &reports, &n), ST_INVALID);
    buf_free(&statuses);
    arena_done(&mem);
}
END_TEST

static void try_callback(const char *text, void *context)
{
    struct callback_report *reports;
    size_t n;

    if (try_parse(text, &reports, &n) != ST_OK)
        return;
    for (size_t i = 0; i < n; i++) {
        callback_check(&reports[i]);
        ck_assert_msg(reports[i].event == EV_REPORTED_FAILED ||
                          reports[i].event == CALLBACK_CHANGES_NOTHING,
                      "%s", text);
        ck_assert(reports[i].recipient_id == NULL ||
                  strcmp(reports[i].recipient_id, RECIPIENT) == 0);
    }
    arena_reset(&mem);
}

START_TEST(a_wrong_type_in_any_place_makes_no_nonsense)
{
    struct arena own = ARENA_INIT;
    const char *body = arena_strdup(
        &own, with_statuses("{\"id\":\"" WAMID "\",\"status\":\"failed\",\"timestamp\":\"1\","
                            "\"recipient_id\":\"1\",\"biz_opaque_callback_data\":\"" RECIPIENT "\","
                            "\"errors\":[{\"code\":1,\"title\":\"t\",\"message\":\"m\","
                            "\"error_data\":{\"details\":\"d\"}}],\"pricing\":{\"billable\":true}}"));

    ck_assert_int_ge(callback_distort(body, try_callback, NULL), 25 * 15);
    arena_done(&own);
    arena_done(&mem);
}
END_TEST

SUITE("webhook_whatsapp", published_signatures_are_right, a_signature_has_one_spelling,
      any_of_several_secrets_is_right_while_they_rotate,
      a_change_of_any_bit_of_body_or_signature_is_noticed, what_is_missing_or_too_long_is_denied,
      without_a_secret_nothing_is_let_through, a_challenge_is_answered_where_the_token_is_ours,
      a_challenge_has_a_longest_length_and_an_empty_token_never_fits, each_status_has_its_event,
      only_an_id_of_ours_names_the_recipient,
      statuses_of_every_entry_and_change_are_read_in_order,
      other_news_and_other_numbers_are_no_reports, what_else_a_callback_holds_spoils_nothing,
      a_status_that_names_no_message_or_no_status_is_unreadable, what_is_no_callback_is_refused,
      event_ids_are_equal_for_a_repeated_report_and_no_other,
      thousands_of_statuses_are_read_and_no_more_than_ten_thousand,
      a_wrong_type_in_any_place_makes_no_nonsense)
