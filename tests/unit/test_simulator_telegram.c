/* test_simulator_telegram - the simulated Bot API takes and answers sendMessage as Telegram does. */
#include "tests/simulator/telegram.h"

#include "tests/simulator/telegram_text.h"
#include "tests/unit/simulator.h"
#include "tests/unit/suite.h"

#define TOKEN "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
#define PATH "/bot" TOKEN "/sendMessage"
#define JSON "application/json"
#define FORM "application/x-www-form-urlencoded"
#define CHAT "\"chat_id\":123456"
#define RIGHT "{" CHAT ",\"text\":\"hi\"}"

static const struct settings settings = { .telegram = { .token = TOKEN } };
static const struct sample sample = { PATH, NULL, JSON };
static const struct sample form_sample = { PATH, NULL, FORM };

static void ask(struct exchange *x, const char *body)
{
    sample_prepare(x, &sample, body);
    provider_serve(&settings, x);
}

static void expect_refused(const struct exchange *x, int status, const char *description,
                           const char *what)
{
    SCOPED(json_t) body = sample_answer(x);

    ck_assert_msg(!x->ok && x->id == NULL, "%s: taken", what);
    ck_assert_msg(x->answer.status == status, "%s: %d", what, x->answer.status);
    ck_assert_int_eq(x->answer.code, status);
    ck_assert(json_is_false(sample_at(body, "ok")));
    ck_assert_int_eq(sample_number(body, "error_code"), status);
    ck_assert_msg(strcmp(sample_text(body, "description"), description) == 0, "%s: %s", what,
                  sample_text(body, "description"));
    ck_assert_ptr_null(sample_at(body, "parameters"));
}

#define BAD(words) "Bad Request: " words
#define JSON_FAULT BAD("can't parse the JSON object of the parameters")
#define FORM_FAULT BAD("can't parse the form of the parameters")

START_TEST(a_wrong_message_is_refused_with_telegrams_words)
{
    static const struct {
        const char *body, *description;
    } rows[] = {
        { "", JSON_FAULT },
        { "[]", JSON_FAULT },
        { "{\"text\":", JSON_FAULT },
        { "{\"text\":\"a\",\"text\":\"b\"}", JSON_FAULT },
        { "{}", BAD("message text is empty") },
        { "{" CHAT ",\"text\":\"\"}", BAD("message text is empty") },
        { "{" CHAT ",\"text\":\" \\n\"}", BAD("message text is empty") },
        { "{" CHAT ",\"text\":\"hi\",\"parse_mode\":\"bbcode\"}", BAD("unsupported parse_mode") },
        { "{" CHAT ",\"text\":\"hi\",\"parse_mode\":null}", BAD("unsupported parse_mode") },
        { "{" CHAT ",\"text\":\"<b>hi\",\"parse_mode\":\"HTML\"}",
          BAD("can't parse entities: Can't find end tag corresponding to start tag \"b\"") },
        { "{" CHAT ",\"text\":\"hi.\",\"parse_mode\":\"MarkdownV2\"}",
          BAD("can't parse entities: Character '.' is reserved and must be escaped with the "
              "preceding '\\'") },
        { "{" CHAT ",\"text\":\"<b></b>\",\"parse_mode\":\"HTML\"}", BAD("message text is empty") },
        { "{" CHAT ",\"text\":\"hi\",\"reply_markup\":[]}",
          BAD("can't parse reply keyboard markup JSON object") },
        { "{" CHAT ",\"text\":\"hi\",\"link_preview_options\":true}",
          BAD("can't parse link preview options JSON object") },
        { "{" CHAT ",\"text\":\"hi\",\"reply_parameters\":7}",
          BAD("can't parse reply parameters JSON object") },
        { "{" CHAT ",\"text\":\"hi\",\"entities\":{}}", BAD("can't parse entities JSON object") },
        { "{" CHAT ",\"text\":\"hi\",\"message_thread_id\":\"x\"}",
          BAD("invalid message thread identifier specified") },
        { "{\"text\":\"hi\"}", BAD("chat_id is empty") },
        { "{\"chat_id\":\"\",\"text\":\"hi\"}", BAD("chat_id is empty") },
        { "{\"chat_id\":\"ada\",\"text\":\"hi\"}", BAD("chat not found") },
        { "{\"chat_id\":0,\"text\":\"hi\"}", BAD("chat not found") },
        { "{\"chat_id\":12.5,\"text\":\"hi\"}", BAD("chat not found") },
        { "{\"chat_id\":null,\"text\":\"hi\"}", BAD("chat not found") },
        { "{\"chat_id\":4503599627370496,\"text\":\"hi\"}", BAD("chat not found") },
        { "{\"chat_id\":-4503599627370496,\"text\":\"hi\"}", BAD("chat not found") },
        { "{\"chat_id\":\"@abcd\",\"text\":\"hi\"}", BAD("chat not found") },
        { "{\"chat_id\":\"@1bcde\",\"text\":\"hi\"}", BAD("chat not found") },
        { "{\"chat_id\":\"@abc-de\",\"text\":\"hi\"}", BAD("chat not found") },
        { "{\"chat_id\":\"@abcdefghijklmnopqrstuvwxyz1234567\",\"text\":\"hi\"}",
          BAD("chat not found") },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct exchange x;

        ask(&x, rows[i].body);
        expect_refused(&x, 400, rows[i].description, rows[i].body);
        sample_done(&x);
    }
}
END_TEST

START_TEST(a_right_message_is_taken)
{
    static const char *const rows[] = {
        RIGHT,
        "{\"chat_id\":\"123456\",\"text\":\"hi\"}",
        "{\"chat_id\":-1001234567890,\"text\":\"hi\"}",
        "{\"chat_id\":4503599627370495,\"text\":\"hi\"}",
        "{\"chat_id\":\"@channel\",\"text\":\"hi\"}",
        "{" CHAT ",\"text\":\"<b>hi</b>\"}",
        "{" CHAT ",\"text\":\"<b>hi</b>\",\"parse_mode\":\"html\"}",
        "{" CHAT ",\"text\":\"*hi*\",\"parse_mode\":\"Markdown\"}",
        "{" CHAT ",\"text\":\"*hi*\\\\.\",\"parse_mode\":\"MarkdownV2\"}",
        "{" CHAT ",\"text\":\"hi\",\"parse_mode\":\"\"}",
        "{" CHAT ",\"text\":\"hi\",\"disable_notification\":true,\"protect_content\":false,"
        "\"message_thread_id\":7,\"reply_markup\":{},\"link_preview_options\":{\"is_disabled\":true},"
        "\"entities\":[],\"reply_parameters\":{\"message_id\":1},\"something_new\":[1]}",
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct exchange x;

        ask(&x, rows[i]);
        ck_assert_msg(x.ok && x.answer.status == 200, "%s: %s", rows[i], x.answer.body);
        sample_done(&x);
    }
}
END_TEST

START_TEST(a_form_is_as_good_as_json)
{
    static const struct {
        const char *body, *description; /* NULL: taken */
    } rows[] = {
        { "chat_id=123456&text=h%C3%B6", NULL },
        { "chat_id=%40channel&text=hi&parse_mode=HTML&reply_markup=%7B%7D", NULL },
        { "text=hi", BAD("chat_id is empty") },
        { "chat_id=1&text=%FF", BAD("strings must be encoded in UTF-8") },
        { "chat_id=1&text=%F", FORM_FAULT },
        { "chat_id=1&text=hi&reply_markup=%7B", BAD("can't parse reply keyboard markup JSON object") },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct exchange x;

        sample_prepare(&x, &form_sample, rows[i].body);
        provider_serve(&settings, &x);
        if (rows[i].description != NULL)
            expect_refused(&x, 400, rows[i].description, rows[i].body);
        else
            ck_assert_msg(x.ok, "%s: %s", rows[i].body, x.answer.problem);
        sample_done(&x);
    }
}
END_TEST

START_TEST(another_path_method_or_type_is_refused)
{
    static const struct {
        const char *method, *path, *type;
        int status;
        const char *description;
    } rows[] = {
        { "POST", "/bot", JSON, 404, "Not Found" },
        { "POST", "/bot" TOKEN, JSON, 404, "Not Found" },
        { "POST", "/bot" TOKEN "/", JSON, 404, "Not Found" },
        { "POST", "/bot" TOKEN "/sendMessage/", JSON, 404, "Not Found" },
        { "POST", "/bot/sendMessage", JSON, 404, "Not Found" },
        { "POST", "/bot" TOKEN "/sendPhoto", JSON, 404, "Not Found" },
        { "POST", "/bot1102/sendMessage", JSON, 401, "Unauthorized: invalid token specified" },
        { "POST", "/bot:x/sendMessage", JSON, 401, "Unauthorized: invalid token specified" },
        { "POST", "/bot110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsax/sendMessage", JSON, 401,
          "Unauthorized" },
        { "POST", "/bot" TOKEN "x/sendPhoto", JSON, 401, "Unauthorized" },
        { "GET", PATH, JSON, 405, "Method Not Allowed" },
        { "POST", PATH, "text/plain", 400, BAD("only JSON and urlencoded forms are simulated") },
        { "POST", PATH, "multipart/form-data; boundary=x", 400,
          BAD("only JSON and urlencoded forms are simulated") },
        { "POST", PATH, NULL, 400, BAD("only JSON and urlencoded forms are simulated") },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct exchange x;

        sample_prepare(&x, &sample, RIGHT);
        x.request.method = rows[i].method;
        x.request.path = rows[i].path;
        x.request.content_type = rows[i].type;
        provider_serve(&settings, &x);
        expect_refused(&x, rows[i].status, rows[i].description, rows[i].path);
        sample_done(&x);
    }
}
END_TEST

START_TEST(a_methods_name_may_be_in_any_case)
{
    struct exchange x;

    sample_prepare(&x, &sample, RIGHT);
    x.request.path = "/bot" TOKEN "/sendmessage";
    x.request.content_type = JSON "; charset=utf-8";
    provider_serve(&settings, &x);
    ck_assert(x.ok);
    sample_done(&x);
}
END_TEST

static int status_for_length(const char *before, int characters, const char *after)
{
    struct exchange x;
    int status;

    sample_prepare(&x, &sample, before);
    for (int i = 0; i < characters; i++)
        buf_adds(&x.request.body, "\xF0\x9F\x98\x80");
    buf_adds(&x.request.body, after);
    provider_serve(&settings, &x);
    status = x.answer.status;
    sample_done(&x);
    return status;
}

START_TEST(a_text_has_at_most_4096_characters_without_its_markup)
{
    const char *plain = "{" CHAT ",\"text\":\"";
    const char *bold = "{" CHAT ",\"parse_mode\":\"HTML\",\"text\":\"<b>";

    ck_assert_int_eq(status_for_length(plain, 4096, "\"}"), 200);
    ck_assert_int_eq(status_for_length(plain, 4097, "\"}"), 400);
    ck_assert_int_eq(status_for_length(bold, 4096, "</b>\"}"), 200);
    ck_assert_int_eq(status_for_length(bold, 4097, "</b>\"}"), 400);
    ck_assert_int_eq(status_for_length(plain, (int)BODY_MAX / 4, "\"}"), 413);
}
END_TEST

START_TEST(an_accepted_message_is_answered_as_telegram_does)
{
    struct exchange x, again;

    ask(&x, RIGHT);
    SCOPED(json_t) body = sample_answer(&x);
    ck_assert(json_is_true(sample_at(body, "ok")));
    ck_assert_int_eq(sample_number(body, "result/message_id"), strtoll(x.id, NULL, 10));
    ck_assert_int_eq(sample_number(body, "result/chat/id"), 123456);
    ck_assert_str_eq(sample_text(body, "result/chat/type"), "private");
    ck_assert_int_eq(sample_number(body, "result/from/id"), 110201543);
    ck_assert_int_eq(sample_number(body, "result/date"), 1795500020);
    ck_assert_str_eq(sample_text(body, "result/text"), "hi");
    ask(&again, RIGHT);
    ck_assert_str_ne(x.id, again.id);
    sample_done(&again);
    sample_done(&x);
    ask(&x, "{\"chat_id\":\"@channel\",\"text\":\"hi\"}");
    SCOPED(json_t) channel = sample_answer(&x);
    ck_assert_str_eq(sample_text(channel, "result/chat/username"), "channel");
    ck_assert_int_lt(sample_number(channel, "result/chat/id"), -1000000000000);
    sample_done(&x);
}
END_TEST

START_TEST(the_log_never_has_the_token)
{
    struct exchange x;

    ask(&x, RIGHT);
    ck_assert_str_eq(x.shown_path, "/bot<token>/sendMessage");
    ck_assert_str_eq(x.message.to, "123456");
    ck_assert_str_eq(x.message.text, "hi");
    sample_done(&x);
    sample_prepare(&x, &sample, RIGHT);
    x.request.path = "/bot" TOKEN;
    provider_serve(&settings, &x);
    ck_assert_str_eq(x.shown_path, "/bot<token>/");
    sample_done(&x);
}
END_TEST

static void ask_number(struct exchange *x, int number)
{
    sample_prepare(x, &sample, "");
    buf_addf(&x->request.body, "{\"chat_id\":555000%04d,\"text\":\"hi\"}", number);
    provider_serve(&settings, x);
}

START_TEST(the_last_digits_choose_the_behaviour)
{
    static const struct sample_behaviour rows[] = {
        { 1234, "delivered", 200, 0, 200 },
        { 4290, "limited_once", 429, 429, 200 },
        { 4291, "limited_always", 429, 429, 429 },
        { 4292, "limited_longer_once", 429, 429, 200 },
        { 4000, "bad_address", 400, 400, 400 },
        { 4001, "migrated_once", 400, 400, 200 },
        { 4002, "migrated_always", 400, 400, 400 },
        { 4010, "bad_credentials", 401, 401, 401 },
        { 4030, "deactivated", 403, 403, 403 },
        { 4031, "kicked", 403, 403, 403 },
        { 4032, "not_a_member", 403, 403, 403 },
        { 4033, "no_conversation", 403, 403, 403 },
        { 4100, "unsubscribed", 403, 403, 403 },
        { 5000, "server_error_once", 500, 500, 200 },
        { 5001, "server_error_always", 500, 500, 500 },
        { 5030, "unavailable_once", 502, 502, 200 },
        { 4080, "hang_always", 0, 0, 0 },
        { 4081, "hang_once", 0, 0, 200 },
        { 4990, "reset_always", 0, 0, 0 },
        { 4991, "reset_once", 0, 0, 200 },
        { 4992, "cut_once", 200, 0, 200 },
        { 6000, "broken_json", 200, 0, 200 },
        { 6001, "html", 200, 0, 200 },
        { 6002, "drip", 200, 0, 200 },
        { 6003, "huge", 200, 0, 200 },
        { 8050, "late", 200, 0, 200 },
        /* There are no callbacks that these could differ by. */
        { 7000, "delivered", 200, 0, 200 },
        { 7007, "delivered", 200, 0, 200 },
    };

    sample_behaviours(rows, COUNT(rows), ask_number);
}
END_TEST

START_TEST(a_failure_says_what_to_do)
{
    static const struct {
        int number;
        const char *description, *parameter;
        json_int_t value;
        const char *retry_after;
    } rows[] = {
        { 4291, "Too Many Requests: retry after 1", "retry_after", 1, "1" },
        { 4292, "Too Many Requests: retry after 3", "retry_after", 3, "3" },
        { 4002, "Bad Request: group chat was upgraded to a supergroup chat", "migrate_to_chat_id",
          -1002000004002, NULL },
        { 4100, "Forbidden: bot was blocked by the user", NULL, 0, NULL },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct exchange x;

        ask_number(&x, rows[i].number);
        SCOPED(json_t) body = sample_answer(&x);
        json_t *parameters = sample_at(body, "parameters");
        ck_assert_str_eq(sample_text(body, "description"), rows[i].description);
        ck_assert_int_eq(parameters != NULL, rows[i].parameter != NULL);
        if (parameters != NULL)
            ck_assert_int_eq(sample_number(parameters, rows[i].parameter), rows[i].value);
        if (rows[i].retry_after != NULL)
            ck_assert_str_eq(exchange_header(&x, "Retry-After"), rows[i].retry_after);
        else
            ck_assert_ptr_null(exchange_header(&x, "Retry-After"));
        sample_done(&x);
    }
}
END_TEST

START_TEST(the_chat_that_it_became_is_an_ordinary_one)
{
    struct exchange x;

    ask(&x, "{\"chat_id\":-1002000004001,\"text\":\"hi\"}");
    ck_assert_str_eq(x.behaviour->name, "delivered");
    sample_done(&x);
}
END_TEST

struct markup {
    const char *text;
    const char *plain; /* NULL: refused */
    const char *fault; /* else what the words begin with */
};

static void expect_markups(enum telegram_mode mode, const struct markup *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct arena mem = ARENA_INIT;
        const char *plain = NULL;
        const char *fault = telegram_text_read(&mem, mode, rows[i].text, &plain);

        if (rows[i].plain != NULL) {
            ck_assert_msg(fault == NULL, "%s: %s", rows[i].text, fault);
            ck_assert_str_eq(plain, rows[i].plain);
        } else {
            ck_assert_msg(fault != NULL, "%s: taken", rows[i].text);
            ck_assert_msg(strncmp(fault, rows[i].fault, strlen(rows[i].fault)) == 0, "%s: %s",
                          rows[i].text, fault);
        }
        arena_done(&mem);
    }
}

START_TEST(html_must_be_whole_and_known)
{
    static const struct markup rows[] = {
        { "a < b", NULL, "Unsupported start tag \"\" at byte offset 2" },
        { "a <", NULL, "Unclosed start tag at byte offset 2" },
        { "a > b & c &nbsp; &lt;&gt;&amp;&quot;", "a > b & c &nbsp; <>&\"" },
        { "&#65;&#x41;&#;", "##&#;" },
        { "<b>a<i>b</i></b>c", "abc" },
        { "<B>a</b>", "a" },
        { "<b>a</>", "a" },
        { "<b >a</b >", "a" },
        { "<strong>a</strong><em>b</em><u>c</u><ins>d</ins><s>e</s><strike>f</strike><del>g</del>",
          "abcdefg" },
        { "<a href=\"http://x/?a=1&amp;b=2\">a</a><a href='y'>b</a><a href=z>c</a>", "abc" },
        { "<pre><code class=\"language-c\">x</code></pre>", "x" },
        { "<span class=\"tg-spoiler\">a</span><tg-spoiler>b</tg-spoiler>", "ab" },
        { "<tg-emoji emoji-id=\"5\">x</tg-emoji>", "x" },
        { "<blockquote expandable>a</blockquote>", "a" },
        { "<p>a</p>", NULL, "Unsupported start tag \"p\" at byte offset 0" },
        { "a<br>b", NULL, "Unsupported start tag \"br\" at byte offset 1" },
        { "<br/>", NULL, "Unsupported start tag \"br/\" at byte offset 0" },
        { "<!-- a -->", NULL, "Unsupported start tag \"!--\"" },
        { "<>a", NULL, "Unsupported start tag \"\" at byte offset 0" },
        { "<b>a", NULL, "Can't find end tag corresponding to start tag \"b\"" },
        { "<b><i>a</b></i>", NULL,
          "Unmatched end tag at byte offset 7, expected \"</i>\", found \"</b>\"" },
        { "a</b>", NULL, "Unexpected end tag at byte offset 1" },
        { "<b>a</b", NULL, "Unclosed end tag at byte offset 4" },
        { "<a href=\"x>a</a>", NULL, "Unclosed start tag at byte offset 0" },
        { "<a href=x", NULL, "Unclosed start tag at byte offset 0" },
        { "<a href>a</a>", NULL, "Expected equal sign in declaration of an attribute" },
        { "<a =\"x\">a</a>", NULL, "Empty attribute name in the tag \"a\" at byte offset 0" },
        { "<span>a</span>", NULL, "Tag \"span\" must have class \"tg-spoiler\" at byte offset 0" },
        { "<span class=\"x\">a</span>", NULL, "Tag \"span\" must have class" },
    };

    expect_markups(TELEGRAM_HTML, rows, COUNT(rows));
}
END_TEST

#define RESERVED(c) "Character '" c "' is reserved and must be escaped with the preceding '\\'"

START_TEST(markdown_v2_must_escape_what_is_reserved)
{
    static const struct markup rows[] = {
        { "a\\.b\\!", "a.b!" },
        { "*a _b_ __c__ ~d~ ||e||*", "a b c d e" },
        { "_a__b___", "ab" },
        { "__a__", "a" },
        { "`a.b*c`", "a.b*c" },
        { "```c\nx = a[0];```", "x = a[0];" },
        { "```x```", "x" },
        { "[a](http://x.y/z_\\)w)", "a" },
        { "[a]", "a" },
        { "![x](tg://emoji?id=5)", "x" },
        { ">a\n>b\nc", "a\nb\nc" },
        { "a\n>b", "a\nb" },
        { "a\nb", "a\nb" },
        { "a.b", NULL, RESERVED(".") },
        { "a-b", NULL, RESERVED("-") },
        { "a+b", NULL, RESERVED("+") },
        { "(a", NULL, RESERVED("(") },
        { "a)", NULL, RESERVED(")") },
        { "#a", NULL, RESERVED("#") },
        { "a=b", NULL, RESERVED("=") },
        { "{a", NULL, RESERVED("{") },
        { "a}", NULL, RESERVED("}") },
        { "a!", NULL, RESERVED("!") },
        { "a|b", NULL, RESERVED("|") },
        { "a>b", NULL, RESERVED(">") },
        { "a]", NULL, RESERVED("]") },
        { "*a", NULL, "Can't find end of Bold entity at byte offset 0" },
        { "a _b", NULL, "Can't find end of Italic entity at byte offset 2" },
        { "*a _b*_", NULL, "Can't find end of " },
        { "`a", NULL, "Can't find end of Code entity at byte offset 0" },
        { "```a``", NULL, "Can't find end of Pre entity at byte offset 0" },
        { "[a](b", NULL, "Can't find end of a URL at byte offset 4" },
        { "![x]", NULL, "Custom emoji entity must contain a tg://emoji URL" },
        { ">*a\nb*", NULL, "Can't find end of Bold entity at byte offset 1" },
    };

    expect_markups(TELEGRAM_MARKDOWN_V2, rows, COUNT(rows));
}
END_TEST

START_TEST(old_markdown_must_end_what_it_begins)
{
    static const struct markup rows[] = {
        { "a.b *c* _d_ `e` [f](http://x)", "a.b c d e f" },
        { "```c\nx```", "x" },
        { "\\*a\\_", "*a_" },
        { "[a]", "a" },
        { "a*b", NULL, "Can't find end of the entity starting at byte offset 1" },
        { "a_b", NULL, "Can't find end of the entity starting at byte offset 1" },
        { "`a", NULL, "Can't find end of the entity starting at byte offset 0" },
        { "[a", NULL, "Can't find end of the entity starting at byte offset 0" },
        { "```a`", NULL, "Can't find end of the entity starting at byte offset 0" },
    };

    expect_markups(TELEGRAM_MARKDOWN, rows, COUNT(rows));
}
END_TEST

START_TEST(markup_that_is_nested_without_end_is_refused)
{
    static const char *const parts[] = { "<b>", "*_" };
    static const enum telegram_mode modes[] = { TELEGRAM_HTML, TELEGRAM_MARKDOWN_V2 };

    for (size_t i = 0; i < COUNT(parts); i++) {
        struct arena mem = ARENA_INIT;
        struct buf text = BUF_INIT(65536);
        const char *plain;

        for (int k = 0; k < 1000; k++)
            buf_adds(&text, parts[i]);
        ck_assert_str_eq(telegram_text_read(&mem, modes[i], buf_str(&text), &plain),
                         "Too many nested entities");
        buf_free(&text);
        arena_done(&mem);
    }
}
END_TEST

START_TEST(the_documentation_names_each_behaviour)
{
    sample_expect_documented(&telegram_provider);
}
END_TEST

SUITE("simulator_telegram", a_wrong_message_is_refused_with_telegrams_words,
      a_right_message_is_taken, a_form_is_as_good_as_json, another_path_method_or_type_is_refused,
      a_methods_name_may_be_in_any_case, a_text_has_at_most_4096_characters_without_its_markup,
      an_accepted_message_is_answered_as_telegram_does, the_log_never_has_the_token,
      the_last_digits_choose_the_behaviour, a_failure_says_what_to_do,
      the_chat_that_it_became_is_an_ordinary_one, html_must_be_whole_and_known,
      markdown_v2_must_escape_what_is_reserved, old_markdown_must_end_what_it_begins,
      markup_that_is_nested_without_end_is_refused, the_documentation_names_each_behaviour)
