/* Tests of fcgi/webhooks/sendgrid: only what SendGrid signed is let through, and each event is read. */
#include "fcgi/webhooks/sendgrid.h"

#include "tests/simulator/ecdsa.h"
#include "tests/unit/callback.h"

#define MESSAGE "LRzXl_NHStOGhQ4kofSm_A"
#define KEY_1                                                                                      \
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+" \
    "2fNNRaINXvVpiglSI8eNEc6wEA3F+g=="
#define KEY_2                                                                                      \
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEQ4LIFtWztlsF7skFqOncjD1lun4H5w8XOhyOArHW9RcIx/FfEzx6cikC" \
    "/yPfUvwaX/JScE7Fc9CJD2afQ9Ok3Q=="
#define OTHER_KEY                                                                                  \
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqTxd43gyp8IOEto2LdIfjRQrIbsd4SXZkLW6jDutdhXSJCWHw8REntlo" \
    "7aNDthvj+y7GjUuFDb/R1NGe1OPzpA=="
#define TIME_1 "1600112502"
#define NOW_1 1600112502
#define SIGNATURE_1                                                                                \
    "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtE" \
    "ZtM="
#define BODY_1                                                                                     \
    "[{\"email\":\"hello@world.com\",\"event\":\"dropped\",\"reason\":\"Bounced Address\","        \
    "\"sg_event_id\":\"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA\",\"sg_message_id\":"   \
    "\"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0\",\"smtp-id\":"  \
    "\"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>\",\"timestamp\":1600112492}]\r\n"
#define BODY_2                                                                                     \
    "[{\"email\":\"invalid@gmail.com\",\"event\":\"processed\",\"send_at\":0,\"sg_event_id\":"     \
    "\"cHJvY2Vzc2VkLTE5OTQyMTEyLXFOd0JMZ1BRUWpXNkRKdktRd1NBYnctMA\",\"sg_message_id\":"            \
    "\"qNwBLgPQQjW6DJvKQwSAbw.filterdrecv-canary-547b64655b-cw6zx-1-6089EA4A-56.0\",\"smtp-id\":"  \
    "\"<qNwBLgPQQjW6DJvKQwSAbw@ismtpd0178p1mdw1.sendgrid.net>\",\"timestamp\":1619651146},\r\n"    \
    "{\"email\":\"invalid@gmail.com\",\"event\":\"bounce\",\"ip\":\"167.89.101.76\",\"reason\":"   \
    "\"552 5.2.2 The email account that you tried to reach is over quota and inactive. Please "    \
    "direct the recipient to https://support.google.com/mail/?p=OverQuotaPerm c17si1130468pgv.34 " \
    "- gsmtp\",\"sg_event_id\":\"Ym91bmNlLTAtMTk5NDIxMTItcU53QkxnUFFRalc2REp2S1F3U0Fidy0w\","      \
    "\"sg_message_id\":\"qNwBLgPQQjW6DJvKQwSAbw.filterdrecv-canary-547b64655b-cw6zx-1-6089EA4A-"   \
    "56.0\",\"smtp-id\":\"<qNwBLgPQQjW6DJvKQwSAbw@ismtpd0178p1mdw1.sendgrid.net>\",\"status\":"    \
    "\"5.2.2\",\"timestamp\":1619651147,\"tls\":1,\"type\":\"blocked\"}]\r\n"

static struct arena mem;
static struct error err;

/* ---- published vectors: SendGrid's helper libraries ---- */

START_TEST(published_signatures_are_right_and_the_published_wrong_ones_wrong)
{
    static const struct {
        const char *key, *time, *signature, *body;
        bool right;
    } rows[] = {
        { KEY_1, TIME_1, SIGNATURE_1, BODY_1, true },
        { KEY_2, "1619651159",
          "MEYCIQC/I4o6vCgqRYrTljjoVWB/GRWNtxeePlLMHr3x9ETeRQIhAIpV+03nREPTTHWSW0wIOA0EoMPdcNgXa70y"
          "CaqDJlu5",
          BODY_2, true },
        { OTHER_KEY, TIME_1, SIGNATURE_1, BODY_1, false },
        { KEY_1, TIME_1,
          "MEUCIQCtIHJeH93Y+qpYeWrySphQgpNGNr/U+UyUlBkU6n7RAwIgJTz2C+8a8xonZGi6BpSzoQsbVRamr2nlxFDW"
          "YNH3j/0=",
          BODY_1, false },
        { KEY_1, TIME_1, SIGNATURE_1, "payload", false },
        { KEY_1, "timestamp", SIGNATURE_1, BODY_1, false },
        { KEY_1, TIME_1, SIGNATURE_1, "", false },
        { KEY_1, "", SIGNATURE_1, BODY_1, false },
        { "", TIME_1, SIGNATURE_1, BODY_1, false },
        { KEY_1, TIME_1, "", BODY_1, false },
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        ck_assert_msg(sendgrid_signature_is_right(rows[i].signature, rows[i].time, rows[i].key,
                                                  rows[i].body,
                                                  strlen(rows[i].body)) == rows[i].right,
                      "%zu", i);
}
END_TEST

START_TEST(any_of_several_keys_is_right_while_they_rotate)
{
    static const struct {
        const char *keys;
        bool right;
    } rows[] = {
        { KEY_1 "," KEY_2, true },
        { KEY_2 ", " KEY_1, true },
        { " , " KEY_1 " ,", true },
        { OTHER_KEY "," KEY_2, false },
        { "no key," KEY_1, true },
        { KEY_1 KEY_1, false },
        { KEY_1 " " KEY_2, false },
        { " , ", false },
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        ck_assert_msg(sendgrid_signature_is_right(SIGNATURE_1, TIME_1, rows[i].keys, BODY_1,
                                                  strlen(BODY_1)) == rows[i].right,
                      "%s", rows[i].keys);
}
END_TEST

/* ---- whole requests ---- */

static enum status verify_with(const char *keys, const char *signature, const char *time,
                               const char *body, int64_t now_s)
{
    const struct callback_header headers[] = {
        { "X-Twilio-Email-Event-Webhook-Signature", signature },
        { "X-Twilio-Email-Event-Webhook-Timestamp", time },
        { NULL, NULL }
    };
    const struct provider_config cfg = { .name = "main",
                                         .kind = "sendgrid",
                                         .webhook_public_key = keys };
    struct webhook_request r = callback_request("/webhooks/sendgrid", body, headers);

    r.now_s = now_s;
    return webhook_verify(webhook_find("/webhooks/sendgrid"), &r, &cfg, &err);
}

START_TEST(a_change_of_any_bit_of_body_signature_or_time_is_noticed)
{
    static const char *const whole[] = { BODY_1, SIGNATURE_1, TIME_1 };

    ck_assert_int_eq(verify_with(KEY_1, SIGNATURE_1, TIME_1, BODY_1, NOW_1), ST_OK);
    for (size_t part = 0; part < COUNT(whole); part++)
        for (size_t bit = 0; bit < 8 * strlen(whole[part]); bit++) {
            const char *given[] = { BODY_1, SIGNATURE_1, TIME_1 };
            char *changed = arena_strdup(&mem, whole[part]);

            changed[bit / 8] = (char)(changed[bit / 8] ^ 1 << bit % 8);
            given[part] = changed;
            ck_assert_msg(verify_with(KEY_1, given[1], given[2], given[0], NOW_1) == ST_DENIED,
                          "part %zu, bit %zu", part, bit);
            arena_reset(&mem);
        }
    arena_done(&mem);
}
END_TEST

START_TEST(headers_that_are_missing_empty_or_doubled_are_denied)
{
    static const struct {
        const char *signature, *time;
    } rows[] = {
        { NULL, TIME_1 },
        { SIGNATURE_1, NULL },
        { NULL, NULL },
        { "", TIME_1 },
        { SIGNATURE_1, "" },
        { SIGNATURE_1 ", " SIGNATURE_1, TIME_1 },
        { SIGNATURE_1, TIME_1 ", " TIME_1 },
        { SIGNATURE_1, " " TIME_1 },
        { SIGNATURE_1, TIME_1 ".0" },
        { SIGNATURE_1, "-1" },
        { SIGNATURE_1, "0" TIME_1 },
        { SIGNATURE_1, "99999999999999999999" },
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        ck_assert_msg(verify_with(KEY_1, rows[i].signature, rows[i].time, BODY_1, NOW_1) ==
                          ST_DENIED,
                      "%zu", i);
}
END_TEST

START_TEST(a_batch_is_good_for_25_hours_and_5_minutes_early)
{
    static const struct {
        int64_t now_s;
        enum status status;
    } rows[] = {
        { NOW_1, ST_OK },
        { NOW_1 + 25 * 3600, ST_OK },
        { NOW_1 + 25 * 3600 + 1, ST_DENIED },
        { NOW_1 - 300, ST_OK },
        { NOW_1 - 301, ST_DENIED },
        { 0, ST_DENIED },
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        ck_assert_msg(verify_with(KEY_1, SIGNATURE_1, TIME_1, BODY_1, rows[i].now_s) ==
                          rows[i].status,
                      "%zu", i);
}
END_TEST

START_TEST(without_a_key_nothing_is_let_through)
{
    ck_assert_int_eq(verify_with("", SIGNATURE_1, TIME_1, BODY_1, NOW_1), ST_DENIED);
    ck_assert_ptr_nonnull(strstr(err.text, "no webhook_public_key"));
    ck_assert_int_eq(verify_with(" ,", SIGNATURE_1, TIME_1, BODY_1, NOW_1), ST_DENIED);
    ck_assert_int_eq(verify_with("x", SIGNATURE_1, TIME_1, BODY_1, NOW_1), ST_DENIED);
}
END_TEST

/* There is no body at all behind the pointer. */
START_TEST(a_body_that_is_too_long_is_not_looked_at)
{
    static const struct callback_header none[] = { { NULL, NULL } };
    const struct provider_config cfg = { .name = "main", .webhook_public_key = KEY_1 };
    struct webhook_request r = callback_request("/webhooks/sendgrid", "", none);

    r.body = NULL;
    r.body_len = SENDGRID_BODY_MAX + 1;
    ck_assert_int_eq(webhook_verify(webhook_find("/webhooks/sendgrid"), &r, &cfg, &err), ST_DENIED);
    ck_assert_ptr_nonnull(strstr(err.text, "longer than"));
}
END_TEST

/* ---- reading ---- */

static size_t parse(const char *body, struct callback_report **out)
{
    static const struct callback_header none[] = { { NULL, NULL } };
    struct webhook_request r = callback_request("/webhooks/sendgrid", body, none);
    size_t n = 0;

    ck_assert_msg(sendgrid_parse(&r, &mem, out, &n, &err) == ST_OK, "%.200s: %s", body, err.text);
    for (size_t i = 0; i < n; i++)
        callback_check(&(*out)[i]);
    return n;
}

/* The one event with these members. */
static const struct callback_report *parse_event(const char *members)
{
    struct callback_report *report;

    ck_assert_uint_eq(parse(arena_printf(&mem, "[{%s}]\r\n", members), &report), 1);
    return report;
}

START_TEST(each_event_has_its_meaning)
{
    static const struct {
        const char *members;
        enum delivery_event event;
        const char *name, *code, *message;
    } rows[] = {
        { "\"event\":\"processed\",\"pool\":{\"name\":\"a\",\"id\":1}", EV_REPORTED_SENT,
          "processed", NULL, NULL },
        { "\"event\":\"delivered\",\"response\":\"250 OK\",\"tls\":1", EV_REPORTED_DELIVERED,
          "delivered", NULL, NULL },
        { "\"event\":\"open\",\"useragent\":\"x\"", EV_REPORTED_READ, "open", NULL, NULL },
        { "\"event\":\"open\",\"sg_machine_open\":false", EV_REPORTED_READ, "open", NULL, NULL },
        { "\"event\":\"open\",\"sg_machine_open\":true", CALLBACK_CHANGES_NOTHING, "open", NULL,
          NULL },
        { "\"event\":\"click\",\"url\":\"https://example.com\",\"url_offset\":{\"index\":0}",
          EV_REPORTED_READ, "click", NULL, NULL },
        { "\"event\":\"delivered\",\"sg_machine_open\":true", EV_REPORTED_DELIVERED, "delivered",
          NULL, NULL },
        { "\"event\":\"dropped\",\"reason\":\"Bounced Address\",\"status\":\"5.0.0\"",
          EV_REPORTED_FAILED, "dropped", "dropped", "Bounced Address" },
        { "\"event\":\"dropped\"", EV_REPORTED_FAILED, "dropped", "dropped", NULL },
        { "\"event\":\"bounce\",\"type\":\"bounce\",\"status\":\"5.1.1\",\"reason\":\"no such\"",
          EV_REPORTED_FAILED, "bounce", "5.1.1", "no such" },
        { "\"event\":\"bounce\",\"reason\":\"550 <ada@example.com>: unknown\"", EV_REPORTED_FAILED,
          "bounce", "bounce", "550 <[address]>: unknown" },
        { "\"event\":\"bounce\",\"type\":\"blocked\",\"status\":\"4.7.1\"", EV_REPORTED_FAILED,
          "bounce", "4.7.1", NULL },
        { "\"event\":\"bounce\",\"type\":\"blocked\",\"status\":\"\"", EV_REPORTED_FAILED, "bounce",
          "blocked", NULL },
        { "\"event\":\"bounce\",\"type\":\"blocked\"", EV_REPORTED_FAILED, "bounce", "blocked",
          NULL },
        { "\"event\":\"bounce\",\"type\":\"bounce\",\"status\":\"550\"", EV_REPORTED_FAILED,
          "bounce", "bounce", NULL },
        { "\"event\":\"bounce\",\"status\":\"odd\"", EV_REPORTED_FAILED, "bounce", "bounce", NULL },
        { "\"event\":\"bounce\",\"reason\":\" \"", EV_REPORTED_FAILED, "bounce", "bounce", NULL },
        { "\"event\":\"deferred\",\"attempt\":\"5\",\"response\":\"400 later\"",
          CALLBACK_CHANGES_NOTHING, "deferred", NULL, NULL },
        { "\"event\":\"spamreport\"", CALLBACK_CHANGES_NOTHING, "spamreport", NULL, NULL },
        { "\"event\":\"unsubscribe\"", CALLBACK_CHANGES_NOTHING, "unsubscribe", NULL, NULL },
        { "\"event\":\"group_unsubscribe\",\"asm_group_id\":1", CALLBACK_CHANGES_NOTHING,
          "group_unsubscribe", NULL, NULL },
        { "\"event\":\"group_resubscribe\",\"asm_group_id\":1", CALLBACK_CHANGES_NOTHING,
          "group_resubscribe", NULL, NULL },
        { "\"event\":\"account_status_change\"", CALLBACK_CHANGES_NOTHING, "other", NULL, NULL },
        { "\"event\":\"Delivered\"", CALLBACK_CHANGES_NOTHING, "other", NULL, NULL },
        { "\"event\":\"delivered\",\"category\":\"codes\"", EV_REPORTED_DELIVERED, "delivered",
          NULL, NULL },
        { "\"event\":\"delivered\",\"category\":[\"codes\",\"login\"],\"attempt\":2",
          EV_REPORTED_DELIVERED, "delivered", NULL, NULL },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct callback_report *report = parse_event(
            arena_printf(&mem,
                         "\"email\":\"ada@example.com\",\"timestamp\":1600112492,\"sg_event_id\":"
                         "\"e%zu\",\"notification_id\":\"" RECIPIENT
                         "\",\"sg_message_id\":\"" MESSAGE ".filter0001.1.2.0\",%s",
                         i, rows[i].members));

        ck_assert_msg(report->event == rows[i].event, "%s", rows[i].members);
        callback_check_text("name", report->event_name, rows[i].name);
        callback_check_text("code", report->code, rows[i].code);
        callback_check_text("message", report->message, rows[i].message);
        callback_check_text("recipient", report->recipient_id, RECIPIENT);
        callback_check_text("provider's id", report->provider_id, MESSAGE);
        callback_check_text("event", report->event_id, arena_printf(&mem, "e%zu", i));
        callback_check_text("address", report->address, NULL);
    }
    arena_done(&mem);
}
END_TEST

START_TEST(the_published_batches_are_read)
{
    struct callback_report *reports;

    ck_assert_uint_eq(parse(BODY_1, &reports), 1);
    ck_assert_int_eq(reports[0].event, EV_REPORTED_FAILED);
    ck_assert_str_eq(reports[0].provider_id, MESSAGE);
    ck_assert_ptr_null(reports[0].recipient_id);
    ck_assert_str_eq(reports[0].event_id, "ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA");
    ck_assert_uint_eq(parse(BODY_2, &reports), 2);
    ck_assert_int_eq(reports[0].event, EV_REPORTED_SENT);
    ck_assert_int_eq(reports[1].event, EV_REPORTED_FAILED);
    ck_assert_str_eq(reports[1].code, "5.2.2");
    ck_assert_int_eq(strncmp(reports[1].message, "552 5.2.2 The email account", 27), 0);
    ck_assert_str_eq(reports[1].provider_id, "qNwBLgPQQjW6DJvKQwSAbw");
    ck_assert_uint_eq(parse(" [ ]\r\n", &reports), 0);
    arena_done(&mem);
}
END_TEST

START_TEST(the_id_we_were_given_is_cut_out_of_the_message_id)
{
    static const struct {
        const char *message_id, *provider_id;
    } rows[] = {
        { MESSAGE ".filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0", MESSAGE },
        { MESSAGE ".filter0001.16648.5515E0B88.0", MESSAGE },
        { MESSAGE ".recvd-canary-5f5bc8b4b5-lcnf9-1-1.0", MESSAGE },
        { MESSAGE ".0001p1mdw1", MESSAGE },
        { "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0", "14c5d75ce93.dfd.64b469" },
        { MESSAGE, MESSAGE },
        { "14c5d75ce93.dfd.64b469", "14c5d75ce93.dfd.64b469" },
        { "14c5d75ce93.dfd.64b469.1", "14c5d75ce93.dfd.64b469.1" },
        { ".filter0001", NULL },
        { "two words.filter0001", NULL },
        { "", NULL },
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        callback_check_text(
            rows[i].message_id,
            parse_event(arena_printf(&mem, "\"event\":\"open\",\"sg_message_id\":\"%s\"",
                                     rows[i].message_id))
                ->provider_id,
            rows[i].provider_id);
    arena_done(&mem);
}
END_TEST

START_TEST(only_an_id_of_ours_names_the_recipient)
{
    static const struct {
        const char *member, *recipient;
    } rows[] = {
        { "\"notification_id\":\"" RECIPIENT "\"", RECIPIENT },
        { "\"notification_id\":\"17\"", NULL },
        { "\"notification_id\":17", NULL },
        { "\"notification_id\":[\"" RECIPIENT "\"]", NULL },
        { "\"notification_id\":\"019a2b3c-4d5e-7f60-8123-456789abcdef\"", NULL },
        { "\"x\":{\"notification_id\":\"" RECIPIENT "\"}", NULL },
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        callback_check_text(
            rows[i].member,
            parse_event(arena_printf(&mem, "\"event\":\"open\",%s", rows[i].member))->recipient_id,
            rows[i].recipient);
    arena_done(&mem);
}
END_TEST

/* What an event is known by, with the members that name it. */
static const char *event_id(const char *members)
{
    return parse_event(members)->event_id;
}

START_TEST(an_event_without_an_id_of_its_own_is_known_by_what_it_tells)
{
    char longer[102] = { 0 };

    callback_check_text("own", event_id("\"event\":\"open\",\"sg_event_id\":\"a-_\""), "a-_");
    callback_check_text(
        "none", event_id("\"event\":\"open\",\"sg_message_id\":\"m.0\",\"timestamp\":17"),
        "m.0/open/17");
    callback_check_text(
        "no text",
        event_id("\"event\":\"x\",\"sg_event_id\":null,\"sg_message_id\":\"m\",\"timestamp\":\"8\""),
        "m/x/8");
    memset(longer, 'e', sizeof longer - 1);
    ck_assert_int_eq(strncmp(event_id(arena_printf(&mem, "\"event\":\"open\",\"sg_event_id\":\"%s\"",
                                                   longer)),
                             "sha256:", 7),
                     0);
    longer[100] = '\0';
    callback_check_text(
        "100", event_id(arena_printf(&mem, "\"event\":\"open\",\"sg_event_id\":\"%s\"", longer)),
        longer);
    ck_assert_int_eq(strncmp(event_id("\"event\":\"open\",\"sg_event_id\":\"a b\""), "sha256:", 7),
                     0);
    ck_assert_int_eq(strncmp(event_id("\"event\":\"open\""), "sha256:", 7), 0);
    arena_done(&mem);
}
END_TEST

/* Of one recipient: equal where SendGrid repeats itself, and never where it tells something else. */
START_TEST(event_ids_are_equal_for_a_repeated_report_and_no_other)
{
    static const char *const names[] = { "processed", "deferred", "delivered", "open",
                                         "click",     "bounce",   "dropped",   "odd" };
    static const char *const ids[] = {
        "\"sg_message_id\":\"" MESSAGE ".filter1.0\",\"timestamp\":%d",
        "\"sg_message_id\":\"" MESSAGE ".filter1.1\",\"timestamp\":%d",
        "\"email\":\"ada@example.com\",\"timestamp\":%d",
        "\"sg_event_id\":\"e%d\"",
        "\"sg_event_id\":\"a blank and %d\"",
    };
    const char *found[COUNT(names) * COUNT(ids) * 3];
    size_t n = 0;

    for (size_t name = 0; name < COUNT(names); name++)
        for (size_t id = 0; id < COUNT(ids); id++)
            for (int time = 0; time < 3; time++) {
                struct buf members = BUF_INIT(1000);
                int number = (int)name * 10 + time;

                buf_addf(&members, "\"event\":\"%s\",", names[name]);
                buf_add(&members, ids[id], strcspn(ids[id], "%"));
                buf_addf(&members, "%d%s", number, strchr(ids[id], '%') + 2);
                found[n] = event_id(buf_str(&members));
                ck_assert_str_eq(event_id(buf_str(&members)), found[n]);
                for (size_t i = 0; i < n; i++)
                    ck_assert_msg(strcmp(found[i], found[n]) != 0, "%s", buf_str(&members));
                n++;
                buf_free(&members);
            }
    arena_done(&mem);
}
END_TEST

/* ---- what is bad ---- */

/* count events, of which the one at place `bad` is this text. */
static const char *batch(size_t count, size_t bad, const char *text)
{
    struct buf out = BUF_INIT(SENDGRID_BODY_MAX);
    const char *copy;

    for (size_t i = 0; i < count; i++) {
        buf_adds(&out, i == 0 ? "[" : ",\r\n");
        if (i == bad)
            buf_adds(&out, text);
        else
            buf_addf(&out,
                     "{\"email\":\"ada@example.com\",\"timestamp\":1600112492,\"smtp-id\":"
                     "\"<14c5d75ce93.dfd.64b469@ismtpd-555>\",\"event\":\"delivered\",\"category\":"
                     "[\"cat facts\"],\"sg_event_id\":\"ZGVsaXZlcmVkLTAtMTk5NDIxMTIt%05zu\","
                     "\"sg_message_id\":\"" MESSAGE ".filterdrecv-p3mdw1-756b745b58-kmzbl-18-"
                     "5F5FC76C-9.%zu\",\"response\":\"250 OK\",\"notification_id\":\""
                     "019a2b3c-4d5e-7f60-8123-456789abcdef.%zu\"}",
                     i, i, i);
    }
    buf_adds(&out, "]\r\n");
    copy = arena_strdup(&mem, buf_str(&out));
    buf_free(&out);
    return copy;
}

START_TEST(one_bad_event_spoils_none_of_a_thousand)
{
    static const char *const bad[] = {
        "null",
        "17",
        "\"text\"",
        "[]",
        "{}",
        "",
        "{\"event\":null}",
        "{\"event\":\"\"}",
        "{\"event\":[\"open\"]}",
        "{\"event\":\"open\",\"event\":\"open\"}",
        "{\"event\":\"open\",\"useragent\":\"\\u0000\"}",
        "{\"event\":\"open\",\"useragent\":\"\xC3\x28\"}",
        "{\"event\":\"open\",\"useragent\":\"\\ud800\"}",
        "{\"event\":\"open\",\"useragent\":\"\\x\"}",
        "{\"event\":\"open\",\"timestamp\":1e999}",
        "{\"event\":\"open\",\"x\":" TOO_DEEP "}",
        "{\"event\":\"open\"}{\"event\":\"open\"}",
        "{\"event\" \"open\"}",
        "{event:\"open\"}",
    };

    for (size_t i = 0; i < COUNT(bad); i++) {
        size_t n = i % 10 == 0 ? 1000 : 100, place = i * (n - 1) / (COUNT(bad) - 1);
        struct callback_report *reports;

        ck_assert_uint_eq(parse(batch(n, place, bad[i]), &reports), n);
        for (size_t k = 0; k < n; k++) {
            ck_assert_msg((strcmp(reports[k].event_name, "unreadable") == 0) == (k == place),
                          "%s: %zu is %s", bad[i], k, reports[k].event_name);
            if (k != place)
                callback_check_text(bad[i], reports[k].recipient_id,
                                    arena_printf(&mem, "019a2b3c-4d5e-7f60-8123-456789abcdef.%zu",
                                                 k));
        }
        arena_reset(&mem);
    }
    arena_done(&mem);
}
END_TEST

START_TEST(what_is_no_batch_is_refused)
{
    static const char *const bodies[] = { "",   "\r\n",  "{}",        "{\"event\":\"open\"}", "[",
                                          "[}", "null",  "[{\"event\":\"open\"}", "[{]",       "[]x",
                                          "[\"", "event=open" };
    static const struct callback_header none[] = { { NULL, NULL } };
    struct callback_report *reports;
    size_t n;

    for (size_t i = 0; i < COUNT(bodies); i++) {
        struct webhook_request r = callback_request("/webhooks/sendgrid", bodies[i], none);

        ck_assert_msg(sendgrid_parse(&r, &mem, &reports, &n, &err) == ST_INVALID, "%s", bodies[i]);
    }
    arena_done(&mem);
}
END_TEST

START_TEST(a_batch_of_more_than_ten_thousand_is_refused)
{
    char *body = arena_zero(&mem, 2 * (WEBHOOK_REPORTS_MAX + 1) + 2);
    static const struct callback_header none[] = { { NULL, NULL } };
    struct callback_report *reports;
    struct webhook_request r;
    size_t n;

    body[0] = '[';
    for (int i = 0; i <= WEBHOOK_REPORTS_MAX; i++)
        memcpy(body + 1 + 2 * i, "1,", 2);
    body[2 * (WEBHOOK_REPORTS_MAX + 1)] = ']';
    r = callback_request("/webhooks/sendgrid", body, none);
    ck_assert_int_eq(sendgrid_parse(&r, &mem, &reports, &n, &err), ST_INVALID);
    body[2 * WEBHOOK_REPORTS_MAX] = ']';
    body[2 * WEBHOOK_REPORTS_MAX + 1] = '\0';
    ck_assert_uint_eq(parse(body, &reports), WEBHOOK_REPORTS_MAX);
    arena_done(&mem);
}
END_TEST

/* A failure never comes of a delivery, nor a recipient of another, whatever stands in one place. */
static void try_event(const char *text, void *context)
{
    static const struct callback_header none[] = { { NULL, NULL } };
    struct webhook_request r = callback_request("/webhooks/sendgrid", text, none);
    struct callback_report *reports;
    size_t n;

    if (sendgrid_parse(&r, &mem, &reports, &n, &err) != ST_OK)
        return;
    for (size_t i = 0; i < n; i++) {
        callback_check(&reports[i]);
        ck_assert_msg(reports[i].event == EV_REPORTED_DELIVERED ||
                          reports[i].event == CALLBACK_CHANGES_NOTHING,
                      "%s", text);
        ck_assert(reports[i].recipient_id == NULL ||
                  strcmp(reports[i].recipient_id, RECIPIENT) == 0);
    }
    arena_reset(&mem);
}

START_TEST(a_wrong_type_in_any_place_makes_no_nonsense)
{
    int tried = callback_distort(
        "[{\"email\":\"ada@example.com\",\"timestamp\":1600112492,\"event\":\"delivered\","
        "\"category\":[\"a\"],\"sg_event_id\":\"e\",\"sg_message_id\":\"" MESSAGE ".filter0.0\","
        "\"notification_id\":\"" RECIPIENT "\",\"reason\":\"r\",\"status\":\"5.1.1\",\"type\":"
        "\"blocked\",\"attempt\":\"5\",\"sg_machine_open\":false}]",
        try_event, NULL);

    ck_assert_int_ge(tried, 14 * 15);
    arena_done(&mem);
}
END_TEST

/* ---- as SendGrid does it ---- */

START_TEST(a_signed_batch_of_a_thousand_is_verified_and_read)
{
    char signature[ECDSA_SIGNATURE_BYTES];
    const char *body = batch(1000, 1000, NULL);
    struct callback_report *reports;
    struct ecdsa *signer;

    ck_assert_int_eq(ecdsa_open(&signer, NULL, &err), ST_OK);
    ecdsa_sign(signer, false, TIME_1, body, strlen(body), signature);
    ck_assert_int_eq(verify_with(ecdsa_public(signer), signature, TIME_1, body, NOW_1), ST_OK);
    ck_assert_uint_eq(parse(body, &reports), 1000);
    ecdsa_sign(signer, true, TIME_1, body, strlen(body), signature);
    ck_assert_int_eq(verify_with(ecdsa_public(signer), signature, TIME_1, body, NOW_1), ST_DENIED);
    ecdsa_close(signer);
    arena_done(&mem);
}
END_TEST

SUITE("webhook_sendgrid", published_signatures_are_right_and_the_published_wrong_ones_wrong,
      any_of_several_keys_is_right_while_they_rotate,
      a_change_of_any_bit_of_body_signature_or_time_is_noticed,
      headers_that_are_missing_empty_or_doubled_are_denied,
      a_batch_is_good_for_25_hours_and_5_minutes_early, without_a_key_nothing_is_let_through,
      a_body_that_is_too_long_is_not_looked_at, each_event_has_its_meaning,
      the_published_batches_are_read, the_id_we_were_given_is_cut_out_of_the_message_id,
      only_an_id_of_ours_names_the_recipient,
      an_event_without_an_id_of_its_own_is_known_by_what_it_tells,
      event_ids_are_equal_for_a_repeated_report_and_no_other,
      one_bad_event_spoils_none_of_a_thousand, what_is_no_batch_is_refused,
      a_batch_of_more_than_ten_thousand_is_refused, a_wrong_type_in_any_place_makes_no_nonsense,
      a_signed_batch_of_a_thousand_is_verified_and_read)
