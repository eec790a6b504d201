/* Tests of workerd/adapters/http: what a described gateway is asked, and what its answers mean. */
#include "common/config/gateway.h"
#include "tests/unit/exchange.h"
#include "tests/unit/manual.h"
#include "tests/unit/suite.h"

#define MESSAGE "019a2b3c-4d5e-7f60-8123-456789abcdef"
#define RECIPIENT MESSAGE ".7"

static const struct delivery sms = {
    .recipient_id = RECIPIENT,
    .message_id = MESSAGE,
    .n = 7,
    .platform = PF_SMS,
    .address = "+15551234567",
    .content = "Your code is 123456",
    .from = "+15550001111",
    .expires_ms = -1,
    .now_ms = 1796115600000,
    .attempt = 1,
};
static const struct delivery mail = {
    .recipient_id = RECIPIENT,
    .message_id = MESSAGE,
    .platform = PF_EMAIL,
    .address = "ada@example.com",
    .content = "Hello",
    .html = "<p>Hello</p>",
    .from = "Notices <notices@example.org>",
    .expires_ms = -1,
    .attempt = 1,
};

static const struct adapter *http;
static struct provider *provider;
static struct config config;
static struct arena mem;
static struct error err;

/* A whole section; variable: NULL, or one of the environment. */
static void open_section(const char *text, char *variable)
{
    char *env[] = { variable, NULL };
    struct config_faults faults;

    ck_assert_msg(config_load_text("t.conf", text, strlen(text), env, &config, &faults) == ST_OK,
                  "%s", faults.count > 0 ? faults.lines[0] : "");
    config_faults_free(&faults);
    http = adapter_find("http");
    ck_assert_msg(http->open(&provider, &config.providers[0], "", &err) == ST_OK, "%s", err.text);
}

static void open_gateway(const char *lines)
{
    open_section(arena_printf(&mem, "[provider.gw]\nkind = http\n%s", lines), NULL);
}

static void close_gateway(void)
{
    http->close(provider);
    config_free(&config);
}

static struct transfer build(const struct delivery *d)
{
    struct transfer t = { 0 };

    ck_assert_msg(http->build(provider, d, &mem, &t, &err) == ST_OK, "%s", err.text);
    ck_assert_int_eq(t.kind, TRANSFER_HTTP);
    ck_assert_uint_eq(t.body == NULL ? 0 : strlen(t.body), t.body_len);
    return t;
}

/* Builds what must fail and returns its words. */
static const char *refusal(const struct delivery *d)
{
    struct transfer t = { 0 };

    ck_assert_int_eq(http->build(provider, d, &mem, &t, &err), ST_INVALID);
    ck_assert_ptr_null(t.url);
    return err.text;
}

static struct verdict judge(int status, const char *body)
{
    struct reply r = { .reach = REACH_ANSWERED,
                       .status = status,
                       .body = body,
                       .body_len = strlen(body),
                       .retry_after_ms = -1 };

    return http->judge(provider, &r, &mem);
}

/* ---- the manual's examples ---- */

static const struct example {
    const char *name, *method, *url;
    const char *headers[3];
    const char *body;
} examples[] = {
    { "telnyx",
      "POST",
      "https://api.telnyx.com/v2/messages",
      { "Content-Type: application/json", "Authorization: Bearer KEY0123456789" },
      "{\"from\":\"+15550001111\",\"to\":\"+15551234567\",\"text\":\"Your code is 123456\"}" },
    { "kannel",
      "GET",
      "http://127.0.0.1:13013/cgi-bin/sendsms?username=notify&password=secret&charset=UTF-8"
      "&coding=2&from=%2B15550001111&to=%2B15551234567&text=Your%20code%20is%20123456",
      { NULL },
      NULL },
    { "vonage",
      "POST",
      "https://rest.nexmo.com/sms/json",
      { "Content-Type: application/x-www-form-urlencoded" },
      "api_key=0a1b2c3d&api_secret=secret&from=15550001111&to=15551234567"
      "&text=Your%20code%20is%20123456&type=unicode" },
};
#define N_EXAMPLES (sizeof examples / sizeof *examples)

static void open_example(const char *name)
{
    open_section(manual_example(&mem, "http", name), NULL);
}

START_TEST(the_manuals_gateways_are_asked_as_they_want_it)
{
    for (size_t i = 0; i < N_EXAMPLES; i++) {
        const struct example *e = &examples[i];
        struct transfer t;
        size_t n = 0;

        open_example(e->name);
        t = build(&sms);
        ck_assert_str_eq(t.method, e->method);
        ck_assert_str_eq(t.url, e->url);
        for (; e->headers[n] != NULL; n++)
            ck_assert_str_eq(t.headers[n], e->headers[n]);
        ck_assert_ptr_null(t.headers[n]);
        ck_assert_pstr_eq(t.body, e->body);
        ck_assert_ptr_null(t.username);
        ck_assert_int_eq(t.timeout_ms, 10000);
        close_gateway();
    }
    arena_done(&mem);
}
END_TEST

START_TEST(every_example_of_the_manual_is_shown_here)
{
    const char *part = manual_kind(&mem, "http"), *example;
    size_t n = 0;

    while ((example = manual_next_example(&mem, &part)) != NULL) {
        ck_assert_uint_lt(n, N_EXAMPLES);
        ck_assert_ptr_eq(strstr(example, arena_printf(&mem, "[provider.%s]\n", examples[n].name)),
                         example);
        n++;
    }
    ck_assert_uint_eq(n, N_EXAMPLES);
    arena_done(&mem);
}
END_TEST

START_TEST(the_manual_names_every_placeholder)
{
    const char *part = manual_kind(&mem, "http");

    for (int i = 0; gateway_names[i] != NULL; i++)
        ck_assert_ptr_nonnull(strstr(part, arena_printf(&mem, "`{%s}`", gateway_names[i])));
    arena_done(&mem);
}
END_TEST

static void replay(const char *file, const json_t *doc)
{
    struct reply reply = exchange_reply(doc);
    struct verdict v;

    open_example(exchange_text(doc, "section"));
    v = http->judge(provider, &reply, &mem);
    exchange_check_verdict(file, doc, &v);
    close_gateway();
}

START_TEST(recorded_answers_of_the_manuals_gateways_are_understood)
{
    ck_assert_int_ge(exchange_each("http", replay), 25);
    arena_done(&mem);
}
END_TEST

/* ---- building ---- */

START_TEST(every_placeholder_is_filled_in)
{
    struct delivery d = sms;

    open_gateway(
        "url = http://h/{to}/{to_bare}/{from}/{from_bare}?{id}&{message_id}\n"
        "headers = Content-Type: text/plain | X-To: {to} {to_bare} | X-Id: {id}\n"
        "body = {to},{to_bare},{from},{from_bare},{text},{html},{subject},{id},{message_id}\n");
    d.subject = "Code";
    d.html = "<b>";
    ck_assert_str_eq(build(&d).url,
                     "http://h/%2B15551234567/15551234567/%2B15550001111/15550001111?" RECIPIENT
                     "&" MESSAGE);
    ck_assert_str_eq(build(&d).headers[0], "Content-Type: text/plain");
    ck_assert_str_eq(build(&d).headers[1], "X-To: +15551234567 15551234567");
    ck_assert_str_eq(build(&d).headers[2], "X-Id: " RECIPIENT);
    ck_assert_ptr_null(build(&d).headers[3]);
    ck_assert_str_eq(build(&d).body, "+15551234567,15551234567,+15550001111,15550001111,"
                                     "Your code is 123456,<b>,Code," RECIPIENT "," MESSAGE);
    d.subject = d.html = NULL;
    d.from = "ACME";
    ck_assert_str_eq(build(&d).body,
                     "+15551234567,15551234567,ACME,ACME,Your code is 123456,,," RECIPIENT
                     "," MESSAGE);
    close_gateway();
    arena_done(&mem);
}
END_TEST

START_TEST(a_mailbox_is_bare_without_its_name)
{
    struct delivery d = mail;

    open_gateway("url = http://h\nheaders = Content-Type: text/plain\n"
                 "body = {to} {to_bare} {from} {from_bare} {subject} {html}\n");
    ck_assert_str_eq(build(&d).body,
                     "ada@example.com ada@example.com Notices <notices@example.org> "
                     "notices@example.org Hello <p>Hello</p>");
    d.from = "notices";
    d.subject = "Greetings";
    ck_assert_str_eq(build(&d).body,
                     "ada@example.com ada@example.com notices notices Greetings <p>Hello</p>");
    d = sms;
    d.platform = PF_TELEGRAM;
    d.address = "@channel";
    ck_assert_str_eq(build(&d).body, "@channel @channel +15550001111 15550001111  ");
    close_gateway();
    arena_done(&mem);
}
END_TEST

#define HOSTILE "\"\\\n&<'+\t{to}%|#\xF0\x9F\x8E\x89"

START_TEST(a_value_never_becomes_anything_else)
{
    static const struct {
        const char *type, *body, *built;
    } rows[] = {
        { "application/json", "{\"t\":\"{text}\"}",
          "{\"t\":\"\\\"\\\\\\n&<'+\\t{to}%|#\xF0\x9F\x8E\x89\"}" },
        { "application/x-www-form-urlencoded", "to={to}&t={text}",
          "to=%2B15551234567&t=%22%5C%0A%26%3C%27%2B%09%7Bto%7D%25%7C%23%F0%9F%8E%89" },
        { "text/xml", "<t a=\"{text}\">{text}</t>",
          "<t a=\"&quot;\\&#10;&amp;&lt;&#39;+&#9;{to}%|#\xF0\x9F\x8E\x89\">"
          "&quot;\\&#10;&amp;&lt;&#39;+&#9;{to}%|#\xF0\x9F\x8E\x89</t>" },
        { "text/plain", "{text}", HOSTILE },
    };
    struct delivery d = sms;

    d.content = HOSTILE;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        open_gateway(arena_printf(&mem,
                                  "url = http://h/{text}?t={text}\n"
                                  "headers = Content-Type: %s\nbody = %s\n",
                                  rows[i].type, rows[i].body));
        ck_assert_str_eq(build(&d).url,
                         "http://h/%22%5C%0A%26%3C%27%2B%09%7Bto%7D%25%7C%23%F0%9F%8E%89?t="
                         "%22%5C%0A%26%3C%27%2B%09%7Bto%7D%25%7C%23%F0%9F%8E%89");
        ck_assert_str_eq(build(&d).body, rows[i].built);
        close_gateway();
    }
    arena_done(&mem);
}
END_TEST

START_TEST(what_a_place_cannot_hold_fails_with_a_code)
{
    static const struct {
        const char *lines, *text, *words;
    } rows[] = {
        { "url = http://h\nheaders = Content-Type: text/plain\nbody = Text: {text}\n", "a\nb",
          "bad_content: a control character, which the body can't hold" },
        { "url = http://h\nheaders = Content-Type: text/plain\nbody = {text}\n", "a\x1B[0m",
          "bad_content: a control character, which the body can't hold" },
        { "url = http://h\nheaders = X-Text: {text}\n", "a\r\nX-Admin: 1",
          "bad_content: a control character, which the header can't hold" },
        { "url = http://h\nheaders = X-Text: {text}\n", "a\tb",
          "bad_content: a control character, which the header can't hold" },
        { "url = http://h/{text}/x\n", "..", "bad_content: . or .. between slashes of the URL" },
        { "url = http://h/{text}\n", ".", "bad_content: . or .. between slashes of the URL" },
        { "url = http://h/.{text}?\n", ".", "bad_content: . or .. between slashes of the URL" },
    };
    struct delivery d = sms;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        open_gateway(rows[i].lines);
        d.content = rows[i].text;
        ck_assert_str_eq(refusal(&d), rows[i].words);
        d.content = "...";
        build(&d);
        close_gateway();
    }
    arena_done(&mem);
}
END_TEST

START_TEST(a_sender_is_needed_only_where_it_is_named)
{
    static const struct {
        const char *lines;
        bool needs;
    } rows[] = {
        { "url = http://h/{to}\n", false },
        { "url = http://h/{from}\n", true },
        { "url = http://h/{from_bare}\n", true },
        { "url = http://h\nheaders = X-From: {from}\n", true },
        { "url = http://h\nheaders = Content-Type: text/plain\nbody = {from_bare}\n", true },
    };
    struct delivery d = sms;

    d.from = NULL;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        open_gateway(rows[i].lines);
        if (rows[i].needs)
            ck_assert_ptr_eq(strstr(refusal(&d), "no_sender: "), err.text);
        else
            build(&d);
        close_gateway();
    }
    arena_done(&mem);
}
END_TEST

START_TEST(each_part_has_its_bound)
{
    static const struct {
        const char *lines, *name;
        size_t limit, fixed;
    } rows[] = {
        { "url = http://h/?t={text}\n", "URL", 65536, strlen("http://h/?t=") },
        { "url = http://h\nheaders = X-T: {text}\n", "header", 8192, 0 },
        { "url = http://h\nheaders = Content-Type: text/plain\nbody = <{text}>\n", "body", 2u << 20,
          2 },
    };
    static char text[(2u << 20) + 1];
    struct delivery d = sms;

    d.content = text;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t most = rows[i].limit - rows[i].fixed;

        open_gateway(rows[i].lines);
        memset(text, 'x', most);
        text[most] = '\0';
        build(&d);
        text[most] = 'x';
        text[most + 1] = '\0';
        ck_assert_str_eq(refusal(&d),
                         arena_printf(&mem, "content_too_long: the %s passes %zu bytes",
                                      rows[i].name, rows[i].limit));
        text[most - 1] = '\0';
        build(&d);
        memset(text, 0, most + 2);
        close_gateway();
    }
    arena_done(&mem);
}
END_TEST

START_TEST(a_login_goes_along)
{
    struct transfer t;

    open_gateway("url = http://h\nmethod = PUT\nusername = u\npassword = p\ntimeout_ms = 77\n");
    t = build(&sms);
    ck_assert_str_eq(t.username, "u");
    ck_assert_str_eq(t.password, "p");
    ck_assert_str_eq(t.method, "PUT");
    ck_assert_int_eq(t.timeout_ms, 77);
    ck_assert_ptr_null(t.body);
    close_gateway();
    open_gateway("url = http://h\nusername = u\n");
    ck_assert_str_eq(build(&sms).password, "");
    close_gateway();
    arena_done(&mem);
}
END_TEST

/* check.c says it with the line; here it is what a program hears that did not ask it. */
START_TEST(a_configuration_that_cannot_work_is_refused)
{
    struct provider_config cfg;

    open_gateway("url = http://h\n");
    cfg = config.providers[0];
    cfg.url = "http://{to}/sesame";
    ck_assert_int_eq(http->open(&provider, &cfg, "", &err), ST_INVALID);
    ck_assert_str_eq(err.text, "provider gw: url holds a brace before the path: the host is fixed, "
                               "nothing can be filled in there");
    cfg = config.providers[0];
    cfg.headers = "sesame";
    ck_assert_int_eq(http->open(&provider, &cfg, "", &err), ST_INVALID);
    ck_assert_str_eq(err.text, "provider gw: headers header 1 is not Name: value");
    config_free(&config);
    arena_done(&mem);
}
END_TEST

/* ---- judging ---- */

START_TEST(every_outcome_of_a_status_has_its_class)
{
    static const struct {
        int status;
        enum verdict_class class;
    } rows[] = {
        { 200, VERDICT_ACCEPTED }, { 299, VERDICT_ACCEPTED },    { 301, VERDICT_UNCLEAR },
        { 400, VERDICT_REFUSED },  { 401, VERDICT_CREDENTIALS }, { 403, VERDICT_CREDENTIALS },
        { 408, VERDICT_UNCLEAR },  { 425, VERDICT_NOT_SENT },    { 429, VERDICT_THROTTLED },
        { 500, VERDICT_UNCLEAR },  { 503, VERDICT_UNCLEAR },     { 100, VERDICT_UNCLEAR },
        { 999, VERDICT_UNCLEAR },
    };
    static const char *const bodies[] = { "", "{}", "[]", "OK", "<p>", "{", "17" };

    open_gateway("url = http://h\n");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t k = 0; k < sizeof bodies / sizeof *bodies; k++) {
            struct verdict v = judge(rows[i].status, bodies[k]);

            ck_assert_msg(v.class == rows[i].class, "%d with %s is %s", rows[i].status, bodies[k],
                          verdict_name(v.class));
            exchange_check_text(
                bodies[k], "code", v.code,
                v.class == VERDICT_ACCEPTED ? NULL : arena_printf(&mem, "http_%d", rows[i].status));
            ck_assert_ptr_null(v.message);
            ck_assert_ptr_null(v.provider_id);
        }
    close_gateway();
    arena_done(&mem);
}
END_TEST

START_TEST(every_outcome_of_a_result_has_its_class)
{
    static const struct {
        const char *body;
        enum verdict_class class;
        const char *code;
    } rows[] = {
        { "{\"r\":\"ok\"}", VERDICT_ACCEPTED, NULL },
        { "{\"r\":0}", VERDICT_ACCEPTED, NULL },
        { "{\"r\":true}", VERDICT_ACCEPTED, NULL },
        { "{\"r\":false}", VERDICT_REFUSED, "false" },
        { "{\"r\":1}", VERDICT_THROTTLED, "1" },
        { "{\"r\":-2}", VERDICT_NOT_SENT, "-2" },
        { "{\"r\":\"locked out\"}", VERDICT_CREDENTIALS, "locked out" },
        { "{\"r\":\"what?\"}", VERDICT_REFUSED, "what?" },
        { "{\"r\":\" \"}", VERDICT_REFUSED, "result" },
        { "{\"r\":\"ada@example.com\"}", VERDICT_REFUSED, "[address]" },
        { "{\"r\":\"0123456789012345678901234567890123456789012345678901234567890123456789\"}",
          VERDICT_REFUSED, "[number]" },
        { "{\"r\":\"abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghij\"}",
          VERDICT_REFUSED, "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcd" },
        { "{\"r\":\"\"}", VERDICT_UNCLEAR, "unreadable_answer" },
        { "{\"r\":null}", VERDICT_UNCLEAR, "unreadable_answer" },
        { "{\"r\":{}}", VERDICT_UNCLEAR, "unreadable_answer" },
        { "{\"r\":[\"ok\"]}", VERDICT_UNCLEAR, "unreadable_answer" },
        { "{\"r\":0.5}", VERDICT_UNCLEAR, "unreadable_answer" },
        { "{\"R\":\"ok\"}", VERDICT_UNCLEAR, "unreadable_answer" },
        { "[\"ok\"]", VERDICT_UNCLEAR, "unreadable_answer" },
        { "{\"r\":\"ok\"", VERDICT_UNCLEAR, "unreadable_answer" },
        { "ok", VERDICT_UNCLEAR, "unreadable_answer" },
        { "<r>ok</r>", VERDICT_UNCLEAR, "unreadable_answer" },
        { "", VERDICT_UNCLEAR, "unreadable_answer" },
        { "0", VERDICT_UNCLEAR, "unreadable_answer" },
    };

    open_gateway("url = http://h\nresult_path = r\nresult_accepted = ok,0,true\n"
                 "result_throttled = 1\nresult_retry = -2\nresult_denied = locked out\n");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct verdict v = judge(200, rows[i].body);

        ck_assert_msg(v.class == rows[i].class, "%s is %s", rows[i].body, verdict_name(v.class));
        exchange_check_text(rows[i].body, "code", v.code, rows[i].code);
    }
    ck_assert_int_eq(judge(500, "{\"r\":\"ok\"}").class, VERDICT_UNCLEAR);
    ck_assert_int_eq(judge(400, "{\"r\":\"ok\"}").class, VERDICT_REFUSED);
    close_gateway();
    arena_done(&mem);
}
END_TEST

START_TEST(a_path_leads_through_names_and_numbers)
{
    static const struct {
        const char *path, *body, *id;
    } rows[] = {
        { "id", "{\"id\":\"a1\"}", "a1" },
        { "data.id", "{\"data\":{\"id\":17}}", "17" },
        { "messages.0.message-id", "{\"messages\":[{\"message-id\":\"x\"},{}]}", "x" },
        { "messages.1.id", "{\"messages\":[{\"id\":\"x\"},{\"id\":\"y\"}]}", "y" },
        { "0", "[\"x\"]", "x" },
        { "0.1", "[[\"x\",\"y\"]]", "y" },
        { "0", "{\"0\":\"x\"}", "x" },
        { "a.0.b", "{\"a\":{\"0\":{\"b\":\"x\"}}}", "x" },
        { "big", "{\"big\":9223372036854775807}", "9223372036854775807" },
        { "id", "{\"data\":{\"id\":\"x\"}}", NULL },
        { "id.x", "{\"id\":\"x\"}", NULL },
        { "m.2", "{\"m\":[1,2]}", NULL },
        { "m.-1", "{\"m\":[1,2]}", NULL },
        { "m.1x", "{\"m\":[1,2]}", NULL },
        { "m.0000001", "{\"m\":[1,2]}", NULL },
        { "m.999999", "{\"m\":[1,2]}", NULL },
        { "m.length", "{\"m\":[1,2]}", NULL },
        { "id", "{\"id\":null}", NULL },
        { "id", "{\"id\":\"\"}", NULL },
        { "id", "{\"id\":{}}", NULL },
        { "id", "{\"id\":\"a b\"}", NULL },
        { "id", "{\"id\":\"a\\u0001\"}", NULL },
        { "id", "{\"id\":\"a\\u007f\"}", NULL },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct verdict v;

        open_gateway(arena_printf(&mem, "url = http://h\nid_path = %s\n", rows[i].path));
        v = judge(200, rows[i].body);
        ck_assert_int_eq(v.class, VERDICT_ACCEPTED);
        exchange_check_text(rows[i].body, "id", v.provider_id, rows[i].id);
        close_gateway();
    }
    arena_done(&mem);
}
END_TEST

START_TEST(a_line_of_words_is_counted_through)
{
    static const struct {
        const char *body, *result, *id, *words; /* result 1, id 2, words from 3 on */
    } rows[] = {
        { "x OK 17 and more", "OK", "17", "and more" },
        { "x:OK:17:and:more", "OK", "17", "and:more" },
        { "\r\n x, OK; 17| and more\r\nnext line", "OK", "17", "and more" },
        { "x=OK&id17&a=b&c", "OK", "id17", "a=b&c" },
        { "::x,,OK\t\t17  ", "OK", "17", NULL },
        { "x OK 17", "OK", "17", NULL },
        { "x OK", "OK", NULL, NULL },
        { "x", NULL, NULL, NULL },
        { ":", NULL, NULL, NULL },
        { "OK\nOK", NULL, NULL, NULL },
        { "x OK +15551234567 is +15551234567", "OK", "+15551234567", "is [number]" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct verdict v;

        open_gateway("url = http://h\nresult_path = 1\nresult_accepted = OK\nid_path = 2\n"
                     "error_path = 3\n");
        v = judge(200, rows[i].body);
        ck_assert_msg(v.class == (rows[i].result != NULL ? VERDICT_ACCEPTED : VERDICT_UNCLEAR),
                      "%s", rows[i].body);
        exchange_check_text(rows[i].body, "id", v.provider_id, rows[i].id);
        v = judge(400, rows[i].body);
        exchange_check_text(rows[i].body, "words", v.message, rows[i].words);
        close_gateway();
    }
    arena_done(&mem);
}
END_TEST

START_TEST(an_id_has_at_most_200_bytes)
{
    char id[202];

    open_gateway("url = http://h\nid_path = id\n");
    for (size_t len = 199; len <= 201; len++) {
        memset(id, 'i', len);
        id[len] = '\0';
        exchange_check_text("id", "id",
                            judge(200, arena_printf(&mem, "{\"id\":\"%s\"}", id)).provider_id,
                            len <= 200 ? id : NULL);
    }
    close_gateway();
    arena_done(&mem);
}
END_TEST

START_TEST(the_gateways_words_are_cut_and_hold_no_address)
{
    char words[400];

    open_gateway("url = http://h\nerror_path = error\n");
    ck_assert_str_eq(judge(400, "{\"error\":\"ada@example.com and +15551234567\"}").message,
                     "[address] and [number]");
    memset(words, 'w', sizeof words - 1);
    words[sizeof words - 1] = '\0';
    ck_assert_uint_eq(strlen(judge(400, arena_printf(&mem, "{\"error\":\"%s\"}", words)).message),
                      300);
    ck_assert_ptr_null(judge(400, "error").message);
    ck_assert_ptr_null(judge(400, "<error>").message);
    ck_assert_ptr_null(judge(400, "{\"error\":{}}").message);
    close_gateway();
    arena_done(&mem);
}
END_TEST

START_TEST(what_never_was_answered_is_judged_by_how_far_it_came)
{
    static const enum verdict_class classes[] = {
        [REACH_NOT_SENT] = VERDICT_NOT_SENT, [REACH_UNCLEAR] = VERDICT_UNCLEAR
    };

    open_gateway("url = http://h\nresult_path = 0\nresult_accepted = OK\n");
    for (int reach = REACH_NOT_SENT; reach <= REACH_UNCLEAR; reach++) {
        struct reply r = { .reach = (enum reach)reach,
                           .status = 200,
                           .body = "OK",
                           .body_len = 2,
                           .retry_after_ms = -1,
                           .trouble = "x" };

        ck_assert_int_eq(http->judge(provider, &r, &mem).class, classes[reach]);
    }
    close_gateway();
    arena_done(&mem);
}
END_TEST

SUITE("http", the_manuals_gateways_are_asked_as_they_want_it,
      every_example_of_the_manual_is_shown_here, the_manual_names_every_placeholder,
      recorded_answers_of_the_manuals_gateways_are_understood, every_placeholder_is_filled_in,
      a_mailbox_is_bare_without_its_name, a_value_never_becomes_anything_else,
      what_a_place_cannot_hold_fails_with_a_code, a_sender_is_needed_only_where_it_is_named,
      each_part_has_its_bound, a_login_goes_along, a_configuration_that_cannot_work_is_refused,
      every_outcome_of_a_status_has_its_class, every_outcome_of_a_result_has_its_class,
      a_path_leads_through_names_and_numbers, a_line_of_words_is_counted_through,
      an_id_has_at_most_200_bytes, the_gateways_words_are_cut_and_hold_no_address,
      what_never_was_answered_is_judged_by_how_far_it_came)
