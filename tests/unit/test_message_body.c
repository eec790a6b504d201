/* Tests of common/model/message_body: each rule of CONTRACT section 3, "Sending". */
#include "common/model/message_body.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/suite.h"

#define NOW 1796115600000 /* 2026-12-01T09:00:00Z */

static struct message_rules rules = { .now_ms = NOW, .enabled = { true, true, true, true } };
static struct arena mem;
static struct message_draft draft;
static struct faults faults;

static void judge(const char *text)
{
    struct error err;
    SCOPED(json_t) body = json_read(text, strlen(text), &err);

    ck_assert_msg(body != NULL, "%s: %.200s", err.text, text);
    arena_reset(&mem);
    faults_init(&faults, &mem);
    message_body_read(body, "", &rules, &mem, &draft, &faults);
}

/* The text with ' for ", and the rest as printf has it. */
__attribute__((format(printf, 1, 0))) static const char *quoted(const char *fmt, va_list args)
{
    static char text[2000000];

    vsnprintf(text, sizeof text, fmt, args);
    for (char *c = strchr(text, '\''); c != NULL; c = strchr(c, '\''))
        *c = '"';
    return text;
}

__attribute__((format(printf, 1, 2))) static void read_body(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    judge(quoted(fmt, args));
    va_end(args);
}

#define ADA "{'platform':'sms','recipient':'+15551234567'}"

/* A message that is fine but for these members. */
__attribute__((format(printf, 1, 2))) static void read_with(const char *fmt, ...)
{
    static char members[1000000];
    va_list args;

    va_start(args, fmt);
    vsnprintf(members, sizeof members, fmt, args);
    va_end(args);
    read_body("{'content':'Hello','recipients':[" ADA "]%s%s}", members[0] ? "," : "", members);
}

static const struct fault *fault_at(size_t i)
{
    const struct fault *f = faults.first;

    while (f != NULL && i-- > 0)
        f = f->next;
    return f;
}

static void expect_fine(void)
{
    ck_assert_msg(faults.count == 0, "%s %s", faults.first->pointer, faults.first->detail);
}

/* Exactly one fault, here. */
static void expect_fault(const char *pointer, const char *detail)
{
    ck_assert_msg(faults.count == 1, "%zu faults where %s was to be one", faults.count, pointer);
    ck_assert_str_eq(faults.first->pointer, pointer);
    if (detail != NULL)
        ck_assert_str_eq(faults.first->detail, detail);
}

static const char *letters(size_t n)
{
    static char text[300000];

    ck_assert_uint_lt(n, sizeof text);
    memset(text, 'a', n);
    text[n] = '\0';
    return text;
}

/* ---- a good one ---- */

START_TEST(the_smallest_message_is_content_and_a_recipient)
{
    read_with("%s", "");
    expect_fine();
    ck_assert_str_eq(draft.content, "Hello");
    ck_assert_uint_eq(draft.n_recipients, 1);
    ck_assert_int_eq(draft.recipients[0].platform, PF_SMS);
    ck_assert_str_eq(draft.recipients[0].address, "+15551234567");
    ck_assert_ptr_null(draft.recipients[0].metadata);
    ck_assert_int_eq(draft.priority, PRIO_NORMAL);
    ck_assert_int_eq(draft.created_ms, NOW);
    ck_assert_int_eq(draft.scheduled_ms, -1);
    ck_assert_int_eq(draft.expires_ms, -1);
    ck_assert(draft.subject == NULL && draft.html == NULL && draft.metadata == NULL);
    for (int p = 0; p < PF_COUNT; p++)
        ck_assert_ptr_null(draft.from[p]);
    arena_done(&mem);
}
END_TEST

START_TEST(every_member_is_read)
{
    read_body("{'content':'Your code is 123456','subject':'Login code','html':'<p>123456</p>',"
              "'recipients':[" ADA ",{'platform':'email','recipient':'ada@example.com',"
              "'metadata':{'name':'Ada'}}],'from':{'sms':'+15550001111',"
              "'email':'Notices <notices@example.com>','whatsapp':'+15550002222'},"
              "'priority':'high','scheduled_at':'2026-12-01T10:00:00Z',"
              "'expires_at':'2026-12-01T10:05:00+00:00','metadata':{'order':'4711','n':[1,2]}}");
    expect_fine();
    ck_assert_str_eq(draft.content, "Your code is 123456");
    ck_assert_str_eq(draft.subject, "Login code");
    ck_assert_str_eq(draft.html, "<p>123456</p>");
    ck_assert_uint_eq(draft.n_recipients, 2);
    ck_assert_str_eq(draft.recipients[1].address, "ada@example.com");
    ck_assert_str_eq(draft.recipients[1].metadata, "{\"name\":\"Ada\"}");
    ck_assert_str_eq(draft.from[PF_SMS], "+15550001111");
    ck_assert_str_eq(draft.from[PF_EMAIL], "Notices <notices@example.com>");
    ck_assert_str_eq(draft.from[PF_WHATSAPP], "+15550002222");
    ck_assert_ptr_null(draft.from[PF_TELEGRAM]);
    ck_assert_int_eq(draft.priority, PRIO_HIGH);
    ck_assert_int_eq(draft.scheduled_ms, NOW + 3600000);
    ck_assert_int_eq(draft.expires_ms, NOW + 3900000);
    ck_assert_str_eq(draft.metadata, "{\"order\":\"4711\",\"n\":[1,2]}");
    arena_done(&mem);
}
END_TEST

START_TEST(null_means_not_given_where_a_member_is_optional)
{
    read_with("'subject':null,'html':null,'from':null,'priority':null,'scheduled_at':null,"
              "'expires_at':null,'metadata':null");
    expect_fine();
    ck_assert_int_eq(draft.priority, PRIO_NORMAL);
    ck_assert(draft.subject == NULL && draft.html == NULL && draft.metadata == NULL);
    ck_assert(draft.scheduled_ms == -1 && draft.expires_ms == -1);
    read_body("{'content':'x','recipients':[{'platform':'sms','recipient':'+15551234567','metadata'"
              ":null}]}");
    expect_fine();
    ck_assert_ptr_null(draft.recipients[0].metadata);
    arena_done(&mem);
}
END_TEST

START_TEST(nothing_points_into_the_body)
{
    char *text = strdup("{\"content\":\"Hello\",\"recipients\":[{\"platform\":\"sms\","
                        "\"recipient\":\"+15551234567\"}],\"from\":{\"sms\":\"Shop\"}}");

    judge(text);
    memset(text, 'x', strlen(text));
    free(text);
    ck_assert_str_eq(draft.content, "Hello");
    ck_assert_str_eq(draft.recipients[0].address, "+15551234567");
    ck_assert_str_eq(draft.from[PF_SMS], "Shop");
    arena_done(&mem);
}
END_TEST

/* ---- what is required ---- */

START_TEST(content_and_recipients_are_required)
{
    read_body("{'recipients':[" ADA "]}");
    expect_fault("/content", "is required");
    read_body("{'content':'x'}");
    expect_fault("/recipients", "is required");
    read_body("{'content':null,'recipients':[" ADA "]}");
    expect_fault("/content", "must be a string of 1 to 65,536 bytes");
    read_body("{'content':'x','recipients':null}");
    expect_fault("/recipients", "must be an array of 1 to 1,000 recipients");
    arena_done(&mem);
}
END_TEST

START_TEST(a_message_is_an_object)
{
    SCOPED(json_t) text = json_string("x");

    judge("[]");
    expect_fault("", "must be an object");
    faults_init(&faults, &mem);
    message_body_read(text, "/messages/0", &rules, &mem, &draft, &faults);
    expect_fault("/messages/0", "must be an object");
    arena_done(&mem);
}
END_TEST

START_TEST(an_unknown_member_is_a_fault_and_its_name_is_escaped_in_the_pointer)
{
    read_with("'contnet':'x'");
    expect_fault("/contnet", "is not a member of a message");
    read_with("'Priority':'high'");
    expect_fault("/Priority", "is not a member of a message");
    read_with("'id':null");
    expect_fault("/id", "is not a member of a message");
    read_with("'a/b~c':1");
    expect_fault("/a~1b~0c", NULL);
    read_with("'':1");
    expect_fault("/", NULL);
    read_with("'%%s%%n':1");
    expect_fault("/%s%n", NULL);
    read_body(
        "{'content':'x','recipients':[{'platform':'sms','recipient':'+15551234567','name/':1}]}");
    expect_fault("/recipients/0/name~1", "is not a member of a recipient");
    arena_done(&mem);
}
END_TEST

START_TEST(a_very_long_unknown_name_is_cut)
{
    read_with("'%s':1", letters(100000));
    ck_assert_uint_eq(faults.count, 1);
    ck_assert_uint_le(strlen(faults.first->pointer), 511);
    arena_done(&mem);
}
END_TEST

/* ---- texts ---- */

START_TEST(content_has_1_to_65536_bytes)
{
    static const struct {
        size_t bytes;
        bool fine;
    } rows[] = { { 0, false }, { 1, true }, { 65535, true }, { 65536, true }, { 65537, false } };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        read_body("{'content':'%s','recipients':[" ADA "]}", letters(rows[i].bytes));
        if (rows[i].fine)
            expect_fine();
        else
            expect_fault("/content", "must be a string of 1 to 65,536 bytes");
    }
    read_body("{'content':7,'recipients':[" ADA "]}");
    expect_fault("/content", NULL);
    arena_done(&mem);
}
END_TEST

START_TEST(limits_count_bytes_and_not_characters)
{
    static char content[65536 + 4];

    for (size_t i = 0; i < 32768; i++)
        memcpy(content + 2 * i, "\xc3\xab", 2);
    read_body("{'content':'%s','recipients':[" ADA "]}", content);
    expect_fine();
    strcat(content, "x");
    read_body("{'content':'%s','recipients':[" ADA "]}", content);
    expect_fault("/content", NULL);
    arena_done(&mem);
}
END_TEST

START_TEST(a_subject_has_at_most_998_bytes_and_no_line_break)
{
    static const char *const broken[] = { "a\\nb", "a\\rb", "\\r\\n", "a\\u0001b", "a\\u007fb" };

    read_with("'subject':''");
    expect_fine();
    read_with("'subject':'%s'", letters(997));
    expect_fine();
    read_with("'subject':'%s'", letters(998));
    expect_fine();
    read_with("'subject':'%s'", letters(999));
    expect_fault("/subject", "must be a string of at most 998 bytes");
    read_with("'subject':{}");
    expect_fault("/subject", "must be a string of at most 998 bytes");
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        read_with("'subject':'%s'", broken[i]);
        expect_fault("/subject", "must not hold a line break or another control character");
    }
    arena_done(&mem);
}
END_TEST

START_TEST(html_has_1_to_262144_bytes)
{
    read_with("'html':''");
    expect_fault("/html", "must be a string of 1 to 262,144 bytes");
    read_with("'html':'x'");
    expect_fine();
    read_with("'html':'%s'", letters(262144));
    expect_fine();
    read_with("'html':'%s'", letters(262145));
    expect_fault("/html", NULL);
    arena_done(&mem);
}
END_TEST

/* ---- small members ---- */

START_TEST(a_priority_is_one_of_three_words)
{
    read_with("'priority':'low'");
    ck_assert_int_eq(draft.priority, PRIO_LOW);
    read_with("'priority':'normal'");
    ck_assert_int_eq(draft.priority, PRIO_NORMAL);
    read_with("'priority':'urgent'");
    expect_fault("/priority", "must be high, normal or low");
    read_with("'priority':'High'");
    expect_fault("/priority", NULL);
    read_with("'priority':1");
    expect_fault("/priority", NULL);
    arena_done(&mem);
}
END_TEST

START_TEST(a_scheduled_time_in_the_past_means_now)
{
    static const char *const past[] = { "2026-12-01T08:59:59.999Z", "2026-12-01T09:00:00Z",
                                        "1999-01-01T00:00:00Z", "2026-12-01T10:00:00+01:00" };

    for (size_t i = 0; i < sizeof past / sizeof *past; i++) {
        read_with("'scheduled_at':'%s'", past[i]);
        expect_fine();
        ck_assert_int_eq(draft.scheduled_ms, -1);
    }
    read_with("'scheduled_at':'2026-12-01T09:00:00.001Z'");
    expect_fine();
    ck_assert_int_eq(draft.scheduled_ms, NOW + 1);
    arena_done(&mem);
}
END_TEST

START_TEST(a_scheduled_time_is_at_most_366_days_ahead)
{
    read_with("'scheduled_at':'2027-12-02T08:59:59.999Z'");
    expect_fine();
    read_with("'scheduled_at':'2027-12-02T09:00:00.000Z'");
    expect_fine();
    ck_assert_int_eq(draft.scheduled_ms, NOW + 366LL * 24 * 3600 * 1000);
    read_with("'scheduled_at':'2027-12-02T09:00:00.001Z'");
    expect_fault("/scheduled_at", "must be at most 366 days ahead");
    arena_done(&mem);
}
END_TEST

START_TEST(times_are_dates_and_times_of_rfc_3339)
{
    static const char *const wrong[] = { "'tomorrow'",
                                         "''",
                                         "'2026-12-01'",
                                         "'2026-12-01T09:00:00'",
                                         "'2026-02-30T09:00:00Z'",
                                         "1796115600",
                                         "true",
                                         "[]" };

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        read_with("'scheduled_at':%s", wrong[i]);
        expect_fault("/scheduled_at",
                     "must be a date and time as in 2026-12-01T09:00:00Z (RFC 3339)");
        read_with("'expires_at':%s", wrong[i]);
        expect_fault("/expires_at",
                     "must be a date and time as in 2026-12-01T09:05:00Z (RFC 3339)");
    }
    arena_done(&mem);
}
END_TEST

START_TEST(an_expiry_lies_after_now)
{
    read_with("'expires_at':'2026-12-01T08:59:59.999Z'");
    expect_fault("/expires_at", "must lie in the future");
    read_with("'expires_at':'2026-12-01T09:00:00Z'");
    expect_fault("/expires_at", "must lie in the future");
    read_with("'expires_at':'2026-12-01T09:00:00.001Z'");
    expect_fine();
    ck_assert_int_eq(draft.expires_ms, NOW + 1);
    arena_done(&mem);
}
END_TEST

START_TEST(an_expiry_lies_after_the_scheduled_time_too)
{
    read_with("'scheduled_at':'2026-12-01T10:00:00Z','expires_at':'2026-12-01T10:00:00.001Z'");
    expect_fine();
    read_with("'scheduled_at':'2026-12-01T10:00:00Z','expires_at':'2026-12-01T10:00:00Z'");
    expect_fault("/expires_at", "must lie after scheduled_at");
    read_with("'expires_at':'2026-12-01T09:30:00Z','scheduled_at':'2026-12-01T10:00:00Z'");
    expect_fault("/expires_at", "must lie after scheduled_at");
    read_with("'expires_at':'2026-12-01T09:30:00Z','scheduled_at':'2026-12-01T08:00:00Z'");
    expect_fine(); /* scheduled in the past: sent now */
    arena_done(&mem);
}
END_TEST

START_TEST(metadata_is_an_object_of_at_most_4096_bytes)
{
    const size_t frame = strlen("{\"k\":\"\"}");

    read_with("'metadata':{}");
    expect_fine();
    ck_assert_str_eq(draft.metadata, "{}");
    read_with("'metadata':{'k':'%s'}", letters(4096 - frame));
    expect_fine();
    ck_assert_uint_eq(strlen(draft.metadata), 4096);
    read_with("'metadata':{ 'k' : '%s' }", letters(4096 - frame)); /* blanks do not count */
    expect_fine();
    read_with("'metadata':{'k':'%s'}", letters(4097 - frame));
    expect_fault("/metadata", "must be at most 4,096 bytes as JSON");
    read_with("'metadata':'text'");
    expect_fault("/metadata", "must be an object");
    read_with("'metadata':[1]");
    expect_fault("/metadata", "must be an object");
    arena_done(&mem);
}
END_TEST

/* Written with 17 digits, as they would be otherwise, 9.99 reads 9.9900000000000002. */
START_TEST(numbers_in_metadata_stay_as_they_read)
{
    static const char *const numbers[] = { "9.99", "0.1", "-2.5", "1234567890.12", "0.30000000000000004",
                                           "12", "9007199254740993" };

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        read_with("'metadata':{'n':%s}", numbers[i]);
        expect_fine();
        ck_assert_str_eq(draft.metadata, arena_printf(&mem, "{\"n\":%s}", numbers[i]));
    }
    arena_done(&mem);
}
END_TEST

START_TEST(a_recipients_metadata_has_the_same_rule)
{
    read_body("{'content':'x','recipients':[" ADA ",{'platform':'sms','recipient':'+15551234568',"
              "'metadata':{'k':'%s'}}]}",
              letters(4096));
    expect_fault("/recipients/1/metadata", "must be at most 4,096 bytes as JSON");
    read_body("{'content':'x','recipients':[{'platform':'sms','recipient':'+15551234568',"
              "'metadata':7}]}");
    expect_fault("/recipients/0/metadata", "must be an object");
    arena_done(&mem);
}
END_TEST

START_TEST(from_names_a_sender_for_each_platform)
{
    static const struct {
        const char *from, *pointer; /* pointer NULL: fine */
    } rows[] = {
        { "{}", NULL },
        { "{'sms':'+15550001111'}", NULL },
        { "{'sms':'Shop 24.7_x'}", NULL },
        { "{'sms':'a'}", NULL },
        { "{'sms':'twelve chars'}", "/from/sms" },
        { "{'sms':''}", "/from/sms" },
        { "{'sms':'+12'}", "/from/sms" },
        { "{'sms':'Sh\xc3\xb6p'}", "/from/sms" },
        { "{'sms':'a\\nb'}", "/from/sms" },
        { "{'sms':15550001111}", "/from/sms" },
        { "{'sms':null}", "/from/sms" },
        { "{'whatsapp':'+15550001111'}", NULL },
        { "{'whatsapp':'Shop'}", "/from/whatsapp" },
        { "{'email':'notices@example.com'}", NULL },
        { "{'email':'Notices <notices@example.com>'}", NULL },
        { "{'email':'Notices <notices@example.com'}", "/from/email" },
        { "{'email':'notices'}", "/from/email" },
        { "{'email':'a\\r\\nBcc: x@example.com'}", "/from/email" },
        { "{'telegram':'@shop'}", "/from/telegram" },
        { "{'pigeon':'x'}", "/from/pigeon" },
        { "{'a/b':'x'}", "/from/a~1b" },
        { "'+15550001111'", "/from" },
        { "['+15550001111']", "/from" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        read_with("'from':%s", rows[i].from);
        if (rows[i].pointer == NULL)
            expect_fine();
        else
            expect_fault(rows[i].pointer, NULL);
    }
    read_with("'from':{'email':'%s'}", letters(321));
    expect_fault("/from/email", "must be a string of at most 320 bytes");
    arena_done(&mem);
}
END_TEST

/* ---- recipients ---- */

/* n recipients, the i-th with the number of first + i % different. */
static void read_many(size_t n, size_t different)
{
    struct buf text = BUF_INIT(1u << 20);

    buf_adds(&text, "{\"content\":\"x\",\"recipients\":[");
    for (size_t i = 0; i < n; i++)
        buf_addf(&text, "%s{\"platform\":\"sms\",\"recipient\":\"+1555%07zu\"}", i > 0 ? "," : "",
                 i % different);
    buf_adds(&text, "]}");
    judge(buf_str(&text));
    buf_free(&text);
}

START_TEST(there_are_1_to_1000_recipients)
{
    static const char words[] = "must be an array of 1 to 1,000 recipients";

    read_body("{'content':'x','recipients':[]}");
    expect_fault("/recipients", words);
    read_many(999, 999);
    expect_fine();
    read_many(1000, 1000);
    expect_fine();
    ck_assert_uint_eq(draft.n_recipients, 1000);
    ck_assert_str_eq(draft.recipients[999].address, "+15550000999");
    read_many(1001, 1001);
    expect_fault("/recipients", words);
    read_many(1001, 1); /* counted as given */
    expect_fault("/recipients", words);
    read_body("{'content':'x','recipients':{'platform':'sms'}}");
    expect_fault("/recipients", words);
    arena_done(&mem);
}
END_TEST

START_TEST(a_pair_given_twice_is_kept_once)
{
    read_body("{'content':'x','recipients':["
              "{'platform':'sms','recipient':'+15551234567','metadata':{'first':true}},"
              "{'platform':'whatsapp','recipient':'+15551234567'},"
              "{'platform':'sms','recipient':'+15551234567','metadata':{'second':true}},"
              "{'platform':'sms','recipient':'+15551234568'},"
              "{'platform':'whatsapp','recipient':'+15551234567'}]}");
    expect_fine();
    ck_assert_uint_eq(draft.n_recipients, 3);
    ck_assert_str_eq(draft.recipients[0].metadata, "{\"first\":true}"); /* the first one counts */
    ck_assert_int_eq(draft.recipients[1].platform, PF_WHATSAPP);
    ck_assert_str_eq(draft.recipients[2].address, "+15551234568");
    read_many(1000, 1);
    ck_assert_uint_eq(draft.n_recipients, 1);
    read_many(1000, 7);
    ck_assert_uint_eq(draft.n_recipients, 7);
    arena_done(&mem);
}
END_TEST

/* So many that some pairs meet in the table of those seen. */
START_TEST(one_number_on_two_platforms_is_two_recipients)
{
    struct buf text = BUF_INIT(1u << 20);

    for (int round = 0; round < 30; round++) {
        buf_clear(&text);
        buf_adds(&text, "{\"content\":\"x\",\"recipients\":[");
        for (int i = 0; i < 1000; i++)
            buf_addf(&text, "%s{\"platform\":\"%s\",\"recipient\":\"+1555%07d\"}", i > 0 ? "," : "",
                     i % 2 == 0 ? "sms" : "whatsapp", 1000 * round + i / 2);
        buf_adds(&text, "]}");
        judge(buf_str(&text));
        expect_fine();
        ck_assert_uint_eq(draft.n_recipients, 1000);
    }
    buf_free(&text);
    arena_done(&mem);
}
END_TEST

START_TEST(each_recipient_is_valid_for_its_platform)
{
    static const struct {
        const char *recipient, *pointer; /* pointer NULL: fine */
    } rows[] = {
        { "{'platform':'sms','recipient':'+15551234567'}", NULL },
        { "{'platform':'sms','recipient':'15551234567'}", "/recipients/0/recipient" },
        { "{'platform':'sms','recipient':'ada@example.com'}", "/recipients/0/recipient" },
        { "{'platform':'whatsapp','recipient':'+15551234567'}", NULL },
        { "{'platform':'whatsapp','recipient':'@ada'}", "/recipients/0/recipient" },
        { "{'platform':'email','recipient':'ada@example.com'}", NULL },
        { "{'platform':'email','recipient':'+15551234567'}", "/recipients/0/recipient" },
        { "{'platform':'email','recipient':'Ada <ada@example.com>'}", "/recipients/0/recipient" },
        { "{'platform':'telegram','recipient':'@channel'}", NULL },
        { "{'platform':'telegram','recipient':'-100123'}", NULL },
        { "{'platform':'telegram','recipient':'channel'}", "/recipients/0/recipient" },
        { "{'platform':'sms','recipient':''}", "/recipients/0/recipient" },
        { "{'platform':'sms','recipient':15551234567}", "/recipients/0/recipient" },
        { "{'platform':'sms','recipient':null}", "/recipients/0/recipient" },
        { "{'platform':'sms'}", "/recipients/0/recipient" },
        { "{'recipient':'+15551234567'}", "/recipients/0/platform" },
        { "{'platform':'pigeon','recipient':'+15551234567'}", "/recipients/0/platform" },
        { "{'platform':'SMS','recipient':'+15551234567'}", "/recipients/0/platform" },
        { "{'platform':null,'recipient':'+15551234567'}", "/recipients/0/platform" },
        { "'+15551234567'", "/recipients/0" },
        { "null", "/recipients/0" },
        { "[]", "/recipients/0" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        read_body("{'content':'x','recipients':[%s]}", rows[i].recipient);
        if (rows[i].pointer == NULL)
            expect_fine();
        else
            expect_fault(rows[i].pointer, NULL);
    }
    arena_done(&mem);
}
END_TEST

START_TEST(a_platform_without_a_provider_takes_no_recipient)
{
    rules.enabled[PF_TELEGRAM] = false;
    read_body("{'content':'x','recipients':[" ADA
              ",{'platform':'telegram','recipient':'@channel'}]}");
    expect_fault("/recipients/1/platform", "is not set up on this server");
    arena_done(&mem);
}
END_TEST

START_TEST(recipients_that_follow_are_no_member_of_the_body)
{
    rules.recipients_follow = true;
    read_body("{'content':'x'}");
    ck_assert_uint_eq(faults.count, 0);
    ck_assert_uint_eq(draft.n_recipients, 0);
    read_body("{'content':'x','recipients':[" ADA "]}");
    rules.recipients_follow = false;
    expect_fault("/recipients", "is not a member of a message");
    arena_done(&mem);
}
END_TEST

/* ---- all at once ---- */

START_TEST(all_faults_come_at_once_each_with_its_pointer)
{
    static const char *const pointers[] = {
        "/content",
        "/recipients/0/recipient",
        "/recipients/1/platform",
        "/recipients/1/recipient",
        "/recipients/2",
        "/recipients/4/metadata",
        "/recipients/4/pager",
        "/subject",
        "/html",
        "/from/sms",
        "/from/fax",
        "/priority",
        "/scheduled_at",
        "/expires_at",
        "/metadata",
        "/cc",
    };

    read_body("{'cc':[],'content':'','subject':'a\\nb','html':7,"
              "'recipients':[{'platform':'sms','recipient':'x'},{},7," ADA ","
              "{'platform':'sms','recipient':'+15551234568','pager':1,'metadata':[]}],"
              "'from':{'sms':'','fax':'1'},'priority':'now','scheduled_at':'soon',"
              "'expires_at':'2020-01-01T00:00:00Z','metadata':1}");
    for (size_t i = 0; i < sizeof pointers / sizeof *pointers; i++) {
        ck_assert_msg(fault_at(i) != NULL, "only %zu faults", i);
        ck_assert_str_eq(fault_at(i)->pointer, pointers[i]);
        ck_assert_str_ne(fault_at(i)->detail, "");
    }
    ck_assert_uint_eq(faults.count, sizeof pointers / sizeof *pointers);
    arena_done(&mem);
}
END_TEST

START_TEST(a_prefix_stands_before_every_pointer)
{
    const char *text =
        "{\"recipients\":[{\"platform\":\"sms\",\"recipient\":\"x\"}],\"from\":1,\"x\":1}";
    SCOPED(json_t) body = json_read(text, strlen(text), NULL);
    static const char *const pointers[] = { "/messages/3/content",
                                            "/messages/3/recipients/0/recipient",
                                            "/messages/3/from", "/messages/3/x" };

    faults_init(&faults, &mem);
    message_body_read(body, "/messages/3", &rules, &mem, &draft, &faults);
    ck_assert_uint_eq(faults.count, 4);
    for (size_t i = 0; i < 4; i++)
        ck_assert_str_eq(fault_at(i)->pointer, pointers[i]);
    arena_done(&mem);
}
END_TEST

START_TEST(a_thousand_wrong_recipients_are_counted_and_a_hundred_are_named)
{
    struct buf text = BUF_INIT(1u << 20);

    buf_adds(&text, "{\"content\":\"x\",\"recipients\":[");
    for (int i = 0; i < 1000; i++)
        buf_adds(&text, i > 0 ? ",7" : "7");
    buf_adds(&text, "]}");
    judge(buf_str(&text));
    ck_assert_uint_eq(faults.count, 1000);
    ck_assert_str_eq(fault_at(99)->pointer, "/recipients/99");
    ck_assert_ptr_null(fault_at(100));
    buf_free(&text);
    arena_done(&mem);
}
END_TEST

SUITE("message_body", the_smallest_message_is_content_and_a_recipient, every_member_is_read,
      null_means_not_given_where_a_member_is_optional, nothing_points_into_the_body,
      content_and_recipients_are_required, a_message_is_an_object,
      an_unknown_member_is_a_fault_and_its_name_is_escaped_in_the_pointer,
      a_very_long_unknown_name_is_cut, content_has_1_to_65536_bytes,
      limits_count_bytes_and_not_characters, a_subject_has_at_most_998_bytes_and_no_line_break,
      html_has_1_to_262144_bytes, a_priority_is_one_of_three_words,
      a_scheduled_time_in_the_past_means_now, a_scheduled_time_is_at_most_366_days_ahead,
      times_are_dates_and_times_of_rfc_3339, an_expiry_lies_after_now,
      an_expiry_lies_after_the_scheduled_time_too, metadata_is_an_object_of_at_most_4096_bytes,
      numbers_in_metadata_stay_as_they_read, a_recipients_metadata_has_the_same_rule,
      from_names_a_sender_for_each_platform,
      there_are_1_to_1000_recipients, a_pair_given_twice_is_kept_once,
      one_number_on_two_platforms_is_two_recipients, each_recipient_is_valid_for_its_platform,
      a_platform_without_a_provider_takes_no_recipient,
      recipients_that_follow_are_no_member_of_the_body,
      all_faults_come_at_once_each_with_its_pointer, a_prefix_stands_before_every_pointer,
      a_thousand_wrong_recipients_are_counted_and_a_hundred_are_named)
