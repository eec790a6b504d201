/* What common/transport writes to a socket and reads from it, by method and by adapter. */
#include <signal.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/clock.h"
#include "common/transport/transport.h"
#include "tests/integration/scripted.h"
#include "tests/unit/suite.h"
#include "workerd/adapters/adapter.h"

static const struct transfer_limits limits = { .connect_ms = 5000, .low_speed_bytes = 1, .ca_bundle = "" };

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static struct scripted *server;
static struct transport *transport;
static struct arena mem;

static void begin(void)
{
    signal(SIGPIPE, SIG_IGN);
    ck_assert(transport_library_init());
    server = scripted_start();
    transport = transport_new(4);
}

static void end(void)
{
    transport_free(transport);
    scripted_stop(server);
    arena_done(&mem);
}

static struct arena *memory_of(void *owner)
{
    return &mem;
}

static struct reply carry(struct transfer what)
{
    struct reply reply;
    void *owner;

    what.url = arena_printf(&mem, "%s%s", scripted_url(server), what.url);
    what.body_len = what.body == NULL ? 0 : strlen(what.body);
    what.timeout_ms = 15000;
    what.limits = &limits;
    transport_start(transport, &what, &what);
    while (!transport_next(transport, &owner, memory_of, &reply))
        transport_run(transport, -1, 100);
    return reply;
}

static struct transfer request(const char *method, const char *body)
{
    return (struct transfer){ .kind = TRANSFER_HTTP, .method = method, .url = "/x", .body = body };
}

static void check_request(size_t n, const char *line, const char *body)
{
    const char *text = scripted_request(server, n), *at;

    ck_assert_msg(text != NULL && strncmp(text, line, strlen(line)) == 0, "request %zu: %s", n,
                  text);
    at = strstr(text, "\r\n\r\n");
    ck_assert_str_eq(at + 4, body);
}

START_TEST(each_method_leaves_as_it_is_named)
{
    static const struct {
        const char *method, *body, *line;
    } rows[] = {
        { NULL, "a=1", "POST /x HTTP/1.1\r\n" }, { "POST", "a=1", "POST /x HTTP/1.1\r\n" },
        { "PUT", "{}", "PUT /x HTTP/1.1\r\n" },  { "PATCH", "{}", "PATCH /x HTTP/1.1\r\n" },
        { "GET", NULL, "GET /x HTTP/1.1\r\n" },  { "POST", NULL, "POST /x HTTP/1.1\r\n" },
        { "PUT", NULL, "PUT /x HTTP/1.1\r\n" },  { "POST", "again", "POST /x HTTP/1.1\r\n" },
    };

    begin();
    scripted_answer(server, OK);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct reply r = carry(request(rows[i].method, rows[i].body));

        ck_assert_int_eq(r.reach, REACH_ANSWERED);
        ck_assert_int_eq(r.status, 200);
        ck_assert_str_eq(r.body, "ok");
        check_request(i, rows[i].line, rows[i].body == NULL ? "" : rows[i].body);
    }
    ck_assert_uint_eq(scripted_count(server), sizeof rows / sizeof *rows);
    ck_assert_ptr_null(strstr(scripted_request(server, 4), "Content-"));
    end();
}
END_TEST

START_TEST(headers_and_a_login_go_along)
{
    static const char *const headers[] = { "Content-Type: text/plain", "X-Id: M.0", NULL };
    struct transfer what = request("PUT", "x");
    const char *text;

    begin();
    scripted_answer(server, OK);
    what.headers = headers;
    what.username = "ada";
    what.password = "s3cret";
    carry(what);
    text = scripted_request(server, 0);
    ck_assert_ptr_nonnull(strstr(text, "\r\nContent-Type: text/plain\r\n"));
    ck_assert_ptr_nonnull(strstr(text, "\r\nX-Id: M.0\r\n"));
    ck_assert_ptr_nonnull(strstr(text, "\r\nAuthorization: Basic YWRhOnMzY3JldA==\r\n"));
    ck_assert_ptr_null(strstr(text, "\r\nExpect:"));
    end();
}
END_TEST

/* libcurl would: a kept connection that closes without a byte of an answer looks dead to it. */
START_TEST(nothing_is_sent_twice_where_a_kept_connection_dies)
{
    static const struct {
        const char *method, *body;
    } rows[] = { { "GET", NULL }, { "POST", "a=1" }, { "POST", NULL }, { "PUT", "{}" } };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin();
        scripted_answer(server, OK);
        ck_assert_int_eq(carry(request("POST", "warm")).reach, REACH_ANSWERED);
        scripted_answer(server, NULL);
        ck_assert_int_eq(carry(request(rows[i].method, rows[i].body)).reach, REACH_UNCLEAR);
        ck_assert_uint_eq(scripted_count(server), 2);
        end();
    }
}
END_TEST

START_TEST(headers_that_are_wanted_come_back)
{
    static const char *const wanted[] = { "X-Message-Id", "X-Reset", NULL };
    static const struct {
        const char *headers, *first, *second;
    } rows[] = {
        { "", NULL, NULL },
        { "X-Message-Id: abc\r\n", "abc", NULL },
        { "x-message-id:abc\r\nX-RESET:\t 17 \t\r\n", "abc", "17" },
        { "X-Message-Id: first\r\nX-Message-Id: second\r\n", "first", NULL },
        { "X-Message-Id-2: x\r\nMessage-Id: y\r\n", NULL, NULL },
        { "X-Message-Id:\r\nX-Reset: \r\n", NULL, NULL },
        { "X-Reset: a b\r\n", NULL, "a b" },
    };
    struct transfer what = request("POST", "x");

    begin();
    what.want_headers = wanted;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct reply r;

        scripted_answer(server, arena_printf(&mem,
                                             "HTTP/1.1 202 Accepted\r\n%sContent-Length: 0"
                                             "\r\n\r\n",
                                             rows[i].headers));
        r = carry(what);
        ck_assert_int_eq(r.status, 202);
        ck_assert_pstr_eq(r.headers[0], rows[i].first);
        ck_assert_pstr_eq(r.headers[1], rows[i].second);
    }
    end();
}
END_TEST

START_TEST(only_the_final_answers_headers_count)
{
    static const char *const wanted[] = { "X-Message-Id", NULL };
    struct transfer what = request("POST", "x");

    begin();
    what.want_headers = wanted;
    scripted_answer(server, "HTTP/1.1 103 Early Hints\r\nX-Message-Id: early\r\n\r\n"
                            "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n");
    ck_assert_pstr_eq(carry(what).headers[0], NULL);
    scripted_answer(server, "HTTP/1.1 103 Early Hints\r\nX-Message-Id: early\r\n\r\n"
                            "HTTP/1.1 202 Accepted\r\nX-Message-Id: late\r\n"
                            "Content-Length: 0\r\n\r\n");
    ck_assert_pstr_eq(carry(what).headers[0], "late");
    ck_assert_pstr_eq(carry(request("POST", "x")).headers[0], NULL); /* this one wants none */
    end();
}
END_TEST

START_TEST(a_header_that_is_too_long_is_not_there)
{
    static const char *const wanted[] = { "X-Message-Id", NULL };
    struct transfer what = request("POST", "x");
    char value[REPLY_HEADER_MAX + 2] = "";

    begin();
    what.want_headers = wanted;
    for (size_t len = REPLY_HEADER_MAX - 1; len <= REPLY_HEADER_MAX + 1; len++) {
        memset(value, 'v', len);
        scripted_answer(server, arena_printf(&mem,
                                             "HTTP/1.1 202 Accepted\r\nX-Message-Id: %s\r\n"
                                             "Content-Length: 0\r\n\r\n",
                                             value));
        ck_assert_pstr_eq(carry(what).headers[0], len <= REPLY_HEADER_MAX ? value : NULL);
    }
    end();
}
END_TEST

START_TEST(a_reply_says_when_it_came)
{
    int64_t before_ms, now_ms;

    begin();
    scripted_answer(server, OK);
    before_ms = clock_wall_ms();
    now_ms = carry(request("POST", "x")).now_ms;
    ck_assert(now_ms >= before_ms && now_ms <= clock_wall_ms());
    end();
}
END_TEST

/* ---- adapters, all the way ---- */

static const struct delivery sms = {
    .recipient_id = "M.7",
    .message_id = "M",
    .platform = PF_SMS,
    .address = "+15551234567",
    .content = "a&b/../c d\n#?\xC3\xBC",
    .from = "ACME",
    .expires_ms = -1,
};

/* The section is told without its URL, of which the path is given. */
static struct verdict call(const char *kind, const char *path, const char *section,
                           const struct delivery *d)
{
    const struct adapter *adapter = adapter_find(kind);
    const char *text = arena_printf(&mem, "[provider.gw]\nkind = %s\n%s = %s%s\n%s", kind,
                                    strcmp(kind, "http") == 0 ? "url" : "base_url",
                                    scripted_url(server), path, section);
    char *env[] = { NULL };
    struct config_faults faults;
    struct config config;
    struct provider *provider;
    struct transfer what;
    struct verdict v;
    struct reply reply;
    struct error err;
    void *owner;

    ck_assert_msg(config_load_text("t.conf", text, strlen(text), env, &config, &faults) == ST_OK,
                  "%s", faults.count > 0 ? faults.lines[0] : "");
    ck_assert_int_eq(adapter->open(&provider, &config.providers[0], "", &err), ST_OK);
    ck_assert_int_eq(adapter->build(provider, d, &mem, &what, &err), ST_OK);
    what.limits = &limits;
    transport_start(transport, &what, &what);
    while (!transport_next(transport, &owner, memory_of, &reply))
        transport_run(transport, -1, 100);
    v = adapter->judge(provider, &reply, &mem);
    adapter->close(provider);
    config_free(&config);
    config_faults_free(&faults);
    return v;
}

START_TEST(what_is_filled_into_a_url_arrives_as_it_was_escaped)
{
    begin();
    scripted_answer(server, "HTTP/1.1 202 Accepted\r\nContent-Length: 24\r\n\r\n"
                            "0: Accepted for delivery");
    ck_assert_int_eq(call("http", "/cgi-bin/{to}/sendsms?from={from}&text={text}",
                          "method = GET\nresult_path = 0\nresult_accepted = 0\n", &sms)
                         .class,
                     VERDICT_ACCEPTED);
    check_request(0,
                  "GET /cgi-bin/%2B15551234567/sendsms?from=ACME"
                  "&text=a%26b%2F..%2Fc%20d%0A%23%3F%C3%BC HTTP/1.1\r\n",
                  "");
    end();
}
END_TEST

START_TEST(a_described_gateway_gets_its_body_its_headers_and_its_login)
{
    const char *text;

    begin();
    scripted_answer(server, "HTTP/1.1 201 Created\r\nContent-Length: 19\r\n\r\n"
                            "{\"data\":{\"id\":\"x\"}}");
    ck_assert_str_eq(call("http", "/send",
                          "headers = Content-Type: application/json|Idempotency-Key: {id}\n"
                          "body = {\"to\":\"{to}\",\"text\":\"{text}\"}\n"
                          "username = ada\npassword = s3cret\nid_path = data.id\n",
                          &sms)
                         .provider_id,
                     "x");
    check_request(0, "POST /send HTTP/1.1\r\n",
                  "{\"to\":\"+15551234567\",\"text\":\"a&b/../c d\\n#?\xC3\xBC\"}");
    text = scripted_request(server, 0);
    ck_assert_ptr_nonnull(strstr(text, "\r\nContent-Type: application/json\r\n"));
    ck_assert_ptr_nonnull(strstr(text, "\r\nIdempotency-Key: M.7\r\n"));
    ck_assert_ptr_nonnull(strstr(text, "\r\nAuthorization: Basic YWRhOnMzY3JldA==\r\n"));
    end();
}
END_TEST

START_TEST(a_mail_gets_its_id_from_the_answers_header)
{
    struct delivery mail = sms;

    mail.platform = PF_EMAIL;
    mail.address = "ada@example.com";
    mail.from = "notices@example.org";
    begin();
    scripted_answer(server, "HTTP/1.1 202 Accepted\r\nX-Message-Id: LRzXl_NHStOGhQ4kofSm_A\r\n"
                            "Content-Length: 0\r\n\r\n");
    ck_assert_str_eq(call("sendgrid", "", "api_key = SG.x\n", &mail).provider_id,
                     "LRzXl_NHStOGhQ4kofSm_A");
    ck_assert_ptr_eq(strstr(scripted_request(server, 0), "POST /v3/mail/send HTTP/1.1\r\n"),
                     scripted_request(server, 0));
    end();
}
END_TEST

SUITE("requests", each_method_leaves_as_it_is_named, headers_and_a_login_go_along,
      nothing_is_sent_twice_where_a_kept_connection_dies, headers_that_are_wanted_come_back,
      only_the_final_answers_headers_count, a_header_that_is_too_long_is_not_there,
      a_reply_says_when_it_came, what_is_filled_into_a_url_arrives_as_it_was_escaped,
      a_described_gateway_gets_its_body_its_headers_and_its_login,
      a_mail_gets_its_id_from_the_answers_header)
