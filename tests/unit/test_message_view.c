/* Tests of fcgi/handlers/message_view: the JSON of CONTRACT section 4, to the byte. */
#include "common/service/message_view.h"

#include <string.h>

#include "tests/unit/suite.h"

#define ID "01900000-0000-7000-8000-000000000001"
#define AT 1796115600000 /* 2026-12-01T09:00:00Z */

static struct buf out = BUF_INIT(1u << 20);

static const struct recipient fresh = {
    .n = 0,
    .platform = PF_SMS,
    .status = DS_PENDING,
    .address = "+15551234567",
    .next_attempt_ms = -1,
    .sent_ms = -1,
    .delivered_ms = -1,
    .read_ms = -1,
    .updated_ms = AT,
};
static const struct recipient failed = {
    .n = 12,
    .platform = PF_EMAIL,
    .status = DS_FAILED,
    .address = "ada@example.com",
    .provider = "mail",
    .provider_id = "<x@y>",
    .error_code = "5.1.1",
    .error_message = "no \"such\" user",
    .attempts = 3,
    .next_attempt_ms = AT + 1,
    .sent_ms = AT + 2,
    .delivered_ms = AT + 3,
    .read_ms = AT + 4,
    .updated_ms = AT + 5,
};

#define FRESH                                                                                      \
    "{\"id\":\"" ID ".0\",\"platform\":\"sms\",\"recipient\":\"+15551234567\","                    \
    "\"status\":\"pending\",\"provider\":null,\"provider_id\":null,\"attempts\":0,"                \
    "\"next_attempt_at\":null,\"error\":null,\"sent_at\":null,\"delivered_at\":null,"              \
    "\"read_at\":null,\"updated_at\":\"2026-12-01T09:00:00.000Z\"}"
#define FAILED                                                                                     \
    "{\"id\":\"" ID ".12\",\"platform\":\"email\",\"recipient\":\"ada@example.com\","              \
    "\"status\":\"failed\",\"provider\":\"mail\",\"provider_id\":\"<x@y>\",\"attempts\":3,"        \
    "\"next_attempt_at\":\"2026-12-01T09:00:00.001Z\","                                            \
    "\"error\":{\"code\":\"5.1.1\",\"message\":\"no \\\"such\\\" user\"},"                         \
    "\"sent_at\":\"2026-12-01T09:00:00.002Z\",\"delivered_at\":\"2026-12-01T09:00:00.003Z\","      \
    "\"read_at\":\"2026-12-01T09:00:00.004Z\",\"updated_at\":\"2026-12-01T09:00:00.005Z\"}"

static const char *recipient_view(const struct recipient *r)
{
    struct json_writer w = JSON_WRITER(&out);

    buf_clear(&out);
    recipient_view_write(&w, ID, r);
    return buf_str(&out);
}

static const char *message_view(const struct message *m, const int counts[DS_COUNT],
                                const struct recipient *recipients, size_t n)
{
    struct json_writer w = JSON_WRITER(&out);

    buf_clear(&out);
    message_view_write(&w, m, counts, recipients == NULL ? &fresh : recipients, n);
    return buf_str(&out);
}

static struct message message(enum message_state status)
{
    return (struct message){ .id = ID,
                             .user_id = "ada",
                             .content = "Hello",
                             .status = status,
                             .priority = PRIO_NORMAL,
                             .recipient_count = 2,
                             .created_ms = AT,
                             .updated_ms = AT + 1000,
                             .scheduled_ms = -1,
                             .expires_ms = -1 };
}

START_TEST(a_recipient_shows_what_is_known_and_null_for_the_rest)
{
    ck_assert_str_eq(recipient_view(&fresh), FRESH);
    ck_assert_str_eq(recipient_view(&failed), FAILED);
    buf_free(&out);
}
END_TEST

START_TEST(an_error_is_shown_with_a_code_or_with_words_alone)
{
    struct recipient r = fresh;

    r.error_code = "expired";
    ck_assert_ptr_nonnull(
        strstr(recipient_view(&r), "\"error\":{\"code\":\"expired\",\"message\":null}"));
    r.error_code = NULL;
    r.error_message = "gone";
    ck_assert_ptr_nonnull(
        strstr(recipient_view(&r), "\"error\":{\"code\":null,\"message\":\"gone\"}"));
    buf_free(&out);
}
END_TEST

START_TEST(a_message_shows_all_its_members)
{
    struct message m = message(MS_PENDING);
    const struct recipient recipients[] = { fresh, failed };
    const int counts[DS_COUNT] = { [DS_PENDING] = 1, [DS_FAILED] = 1 };

    m.subject = "Login code";
    m.html = "<p>Hello</p>";
    m.metadata = "{\"order\": \"4711\"}";
    m.priority = PRIO_HIGH;
    m.scheduled_ms = AT + 2000;
    m.expires_ms = AT + 3000;
    ck_assert_str_eq(
        message_view(&m, counts, recipients, 2),
        "{\"id\":\"" ID "\",\"status\":\"sending\",\"content\":\"Hello\","
        "\"subject\":\"Login code\",\"html\":\"<p>Hello</p>\",\"priority\":\"high\","
        "\"scheduled_at\":\"2026-12-01T09:00:02.000Z\",\"expires_at\":\"2026-12-01T09:00:03.000Z\","
        "\"metadata\":{\"order\": \"4711\"},\"created_at\":\"2026-12-01T09:00:00.000Z\","
        "\"updated_at\":\"2026-12-01T09:00:01.000Z\",\"recipient_count\":2,"
        "\"summary\":{\"pending\":1,\"queued\":0,\"sending\":0,\"sent\":0,\"delivered\":0,\"read\":"
        "0,"
        "\"failed\":1,\"cancelled\":0,\"expired\":0},"
        "\"recipients\":[" FRESH "," FAILED "]}");
    buf_free(&out);
}
END_TEST

START_TEST(what_a_message_was_not_given_is_null)
{
    struct message m = message(MS_SCHEDULED);
    const int counts[DS_COUNT] = { [DS_PENDING] = 2 };

    ck_assert_str_eq(
        message_view(&m, counts, NULL, 0),
        "{\"id\":\"" ID "\",\"status\":\"scheduled\",\"content\":\"Hello\",\"subject\":null,"
        "\"html\":null,\"priority\":\"normal\",\"scheduled_at\":null,\"expires_at\":null,"
        "\"metadata\":null,\"created_at\":\"2026-12-01T09:00:00.000Z\","
        "\"updated_at\":\"2026-12-01T09:00:01.000Z\",\"recipient_count\":2,"
        "\"summary\":{\"pending\":2,\"queued\":0,\"sending\":0,\"sent\":0,\"delivered\":0,\"read\":"
        "0,"
        "\"failed\":0,\"cancelled\":0,\"expired\":0},\"recipients\":[]}");
    buf_free(&out);
}
END_TEST

START_TEST(the_summary_counts_each_state_under_its_name)
{
    int counts[DS_COUNT] = { 0 };
    struct message m = message(MS_COMPLETED);

    for (int s = DS_PENDING; s < DS_COUNT; s++)
        counts[s] = 10 * s;
    ck_assert_ptr_nonnull(
        strstr(message_view(&m, counts, NULL, 0),
               "\"summary\":{\"pending\":10,\"queued\":20,\"sending\":30,\"sent\":40,"
               "\"delivered\":50,\"read\":60,\"failed\":70,\"cancelled\":80,\"expired\":90}"));
    buf_free(&out);
}
END_TEST

START_TEST(while_it_is_under_way_the_recipients_say_how_far_it_is)
{
    struct message m = message(MS_PENDING);

    ck_assert_ptr_nonnull(strstr(message_view(&m, (int[DS_COUNT]){ [DS_PENDING] = 2 }, NULL, 0),
                                 "\"status\":\"pending\""));
    ck_assert_ptr_nonnull(strstr(message_view(&m, (int[DS_COUNT]){ [DS_QUEUED] = 2 }, NULL, 0),
                                 "\"status\":\"queued\""));
    ck_assert_ptr_nonnull(strstr(message_view(&m, (int[DS_COUNT]){ [DS_SENDING] = 2 }, NULL, 0),
                                 "\"status\":\"sending\""));
    buf_free(&out);
}
END_TEST

START_TEST(in_a_list_a_message_stands_without_its_recipients)
{
    struct message m = message(MS_FAILED);
    struct json_writer w = JSON_WRITER(&out);

    jw_open(&w, NULL, '[');
    message_view_write(&w, &m, (int[DS_COUNT]){ 0 }, NULL, 0);
    message_view_write(&w, &m, (int[DS_COUNT]){ 0 }, &fresh, 1);
    jw_close(&w, ']');
    SCOPED(json_t) doc = json_read(buf_str(&out), out.len, NULL);
    ck_assert_uint_eq(json_object_size(json_array_get(doc, 0)), 13);
    ck_assert_ptr_null(json_object_get(json_array_get(doc, 0), "recipients"));
    ck_assert_uint_eq(json_object_size(json_array_get(doc, 1)), 14);
    buf_free(&out);
}
END_TEST

START_TEST(whatever_people_wrote_the_answer_is_json)
{
    struct message m = message(MS_COMPLETED);

    m.content = "\"quotes\" \\ \n \x01 \xe2\x82\xac </script>";
    m.subject = "\xff\xfe";
    message_view(&m, (int[DS_COUNT]){ 0 }, &failed, 1);
    SCOPED(json_t) doc = json_read(buf_str(&out), out.len, NULL);
    ck_assert_ptr_nonnull(doc);
    ck_assert_str_eq(json_string_value(json_object_get(doc, "content")), m.content);
    buf_free(&out);
}
END_TEST

SUITE("message_view", a_recipient_shows_what_is_known_and_null_for_the_rest,
      an_error_is_shown_with_a_code_or_with_words_alone, a_message_shows_all_its_members,
      what_a_message_was_not_given_is_null, the_summary_counts_each_state_under_its_name,
      while_it_is_under_way_the_recipients_say_how_far_it_is,
      in_a_list_a_message_stands_without_its_recipients, whatever_people_wrote_the_answer_is_json)
