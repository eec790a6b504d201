/* Input that is wrong, as HTTP through the web server and as FastCGI straight to the socket. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/integration/fastcgi.h"
#include "tests/integration/stack.h"
#include "tests/integration/witness.h"

#define MESSAGES "/api/v1/messages"
#define BODY_MOST (1 << 20)
/* Who needs longer hangs; under a sanitizer, memory for a length of 2 GiB takes seconds. */
#define HANGS_MS 30000
#define ONE_SMS "[{\"platform\":\"sms\",\"recipient\":\"+15551240000\"}]"

static const char *const settings[] = { "rate_limit.unlimited=0", "server.max_body_bytes=1048576",
                                        "server.request_timeout_ms=3000", NULL };

static int64_t messages_of(const struct user *u)
{
    return sql_number("SELECT count(*) FROM messages WHERE user_id = '%s'", u->id);
}

/* n copies of a piece, with commas between. */
static const char *repeat(const char *piece, int n)
{
    struct buf out = BUF_INIT(8 << 20);

    for (int i = 0; i < n; i++)
        buf_addf(&out, "%s%s", i > 0 ? "," : "", piece);
    return buf_str(&out);
}

static const char *letters(int n)
{
    char *out = malloc((size_t)n + 1);

    ck_assert_ptr_nonnull(out);
    memset(out, 'x', (size_t)n);
    out[n] = '\0';
    return out;
}

/* ---- HTTP ---- */

START_TEST(what_is_no_json_is_400)
{
    static const char *const bodies[] = {
        "", "{", "}", "{\"content\":}", "{\"content\":\"x\",}", "{'content':'x'}", "{\"a\":1}{\"b\":2}",
        "{\"content\":\"x\" \"recipients\":[]}", "{\"content\":\"\\ud800\"}", "\"\xff\xfe\"",
        "{\"content\":\"a\\u0000b\"}", "{\"content\":\"x\",\"content\":\"y\"}", "nul", "\x1f\x8b\x08",
    };
    struct user u = user_new("unlimited");

    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct answer a = http("POST", MESSAGES, u.key, bodies[i], NULL);

        ck_assert_msg(a.status == 400, "%s: %d %s", bodies[i], a.status, a.body);
        expect_problem(&a, 400, "malformed_json");
    }
    ck_assert_int_eq(messages_of(&u), 0);
}
END_TEST

START_TEST(deep_nesting_is_refused_and_harms_nobody)
{
    struct buf body = BUF_INIT(BODY_MOST);
    struct user u = user_new("unlimited");
    struct answer a;

    for (int i = 0; i < 200000; i++)
        buf_addc(&body, '[');
    a = http("POST", MESSAGES, u.key, buf_str(&body), NULL);
    expect_problem(&a, 400, "malformed_json");
    ck_assert_int_eq(service_deaths("fcgi-1") + service_deaths("fcgi-2"), 0);
}
END_TEST

/* A body, and the pointers of its faults, in any order. */
static const struct fault_row {
    const char *body, *pointers;
} fault_rows[] = {
    { "{}", "/content /recipients" },
    { "{\"content\":null,\"recipients\":null}", "/content /recipients" },
    { "{\"content\":1,\"recipients\":{}}", "/content /recipients" },
    { "{\"content\":\"\",\"recipients\":" ONE_SMS "}", "/content" },
    { "{\"content\":\"a\",\"recipients\":[]}", "/recipients" },
    { "{\"content\":\"a\",\"recipients\":[1,\"x\",null,[]]}",
      "/recipients/0 /recipients/1 /recipients/2 /recipients/3" },
    { "{\"content\":\"a\",\"recipients\":[{}]}", "/recipients/0/platform /recipients/0/recipient" },
    { "{\"content\":\"a\",\"recipients\":[{\"platform\":\"pigeon\",\"recipient\":\"+15551240001\"}]}",
      "/recipients/0/platform" },
    { "{\"content\":\"a\",\"recipients\":[{\"platform\":\"sms\",\"recipient\":\"+15551240001\","
      "\"nmae\":1}]}", "/recipients/0/nmae" },
    { "{\"content\":\"a\",\"recipients\":[{\"platform\":\"sms\",\"recipient\":15551240001}]}",
      "/recipients/0/recipient" },
    { "{\"content\":\"a\",\"recipients\":" ONE_SMS ",\"contnet\":\"b\",\"x/y~z\":1}",
      "/contnet /x~1y~0z" },
    { "{\"content\":\"a\",\"recipients\":" ONE_SMS ",\"subject\":\"two\\r\\nBcc: lines\"}", "/subject" },
    { "{\"content\":\"a\",\"recipients\":" ONE_SMS ",\"subject\":7,\"html\":false,\"priority\":\"now\"}",
      "/subject /html /priority" },
    { "{\"content\":\"a\",\"recipients\":" ONE_SMS ",\"scheduled_at\":\"tomorrow\"}", "/scheduled_at" },
    { "{\"content\":\"a\",\"recipients\":" ONE_SMS ",\"scheduled_at\":\"2026-02-30T09:00:00Z\"}",
      "/scheduled_at" },
    { "{\"content\":\"a\",\"recipients\":" ONE_SMS ",\"scheduled_at\":\"9999-01-01T00:00:00Z\"}",
      "/scheduled_at" },
    { "{\"content\":\"a\",\"recipients\":" ONE_SMS ",\"expires_at\":\"2001-01-01T00:00:00Z\"}",
      "/expires_at" },
    { "{\"content\":\"a\",\"recipients\":" ONE_SMS ",\"metadata\":[]}", "/metadata" },
    { "{\"content\":\"a\",\"recipients\":" ONE_SMS ",\"from\":{\"sms\":\"+0\",\"fax\":\"1\"}}",
      "/from/sms /from/fax" },
    { "{\"content\":7,\"subject\":[],\"recipients\":[{\"platform\":\"sms\",\"recipient\":\"12\"},"
      "{\"platform\":\"email\",\"recipient\":\"nobody\"},{\"platform\":\"sms\",\"recipient\":\"+15551240002\"}"
      "],\"extra\":1}",
      "/content /subject /recipients/0/recipient /recipients/1/recipient /extra" },
    { "[]", "" }, /* one fault, of the whole */
};

static void expect_faults(const struct answer *a, const char *body, const char *pointers)
{
    json_t *errors, *one;
    size_t i, wanted = *pointers != '\0';

    ck_assert_msg(a->status == 422, "%.300s: %d %s", body, a->status, a->body);
    expect_problem(a, 422, "validation_failed");
    errors = at(a->json, "errors");
    for (const char *p = pointers; (p = strchr(p, ' ')) != NULL; p++)
        wanted++;
    if (wanted > 0)
        ck_assert_msg(json_array_size(errors) == wanted, "%.300s: %s", body, a->body);
    json_array_foreach (errors, i, one) {
        ck_assert_msg(wanted == 0 ||
                          strstr(text(" %s ", pointers), text(" %s ", text_at(one, "pointer"))) != NULL,
                      "%.300s: %s", body, a->body);
        ck_assert_str_ne(text_at(one, "detail"), "");
    }
}

START_TEST(every_fault_of_a_message_is_told_at_once_with_its_pointer)
{
    struct user u = user_new("unlimited");

    for (size_t i = 0; i < sizeof fault_rows / sizeof *fault_rows; i++) {
        struct answer a = http("POST", MESSAGES, u.key, fault_rows[i].body, NULL);

        expect_faults(&a, fault_rows[i].body, fault_rows[i].pointers);
    }
    ck_assert_int_eq(messages_of(&u), 0);
}
END_TEST

START_TEST(addresses_that_fit_no_platform_are_422)
{
    static const struct {
        const char *platform, *address;
    } rows[] = {
        { "sms", "" }, { "sms", "15551240003" }, { "sms", "+" }, { "sms", "+0155512400" },
        { "sms", "+1555124000a" }, { "sms", "+1 555 124 0003" }, { "sms", "+1234567890123456" },
        { "sms", "ada@example.com" }, { "whatsapp", "whatsapp:+15551240003" },
        { "email", "ada" }, { "email", "@example.com" }, { "email", "ada@" },
        { "email", "ada@example.com, bob@example.com" }, { "email", "ada@example.com\\r\\nBcc: x@y.z" },
        { "email", "ada@exa mple.com" }, { "email", "ada@@example.com" },
        { "telegram", "channel" }, { "telegram", "@" }, { "telegram", "+15551240003x" },
    };
    struct user u = user_new("unlimited");

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *body = text("{\"content\":\"a\",\"recipients\":[{\"platform\":\"%s\","
                                "\"recipient\":\"%s\"}]}", rows[i].platform, rows[i].address);
        struct answer a = http("POST", MESSAGES, u.key, body, NULL);

        expect_faults(&a, body, "/recipients/0/recipient");
    }
    ck_assert_int_eq(messages_of(&u), 0);
}
END_TEST

START_TEST(the_limits_of_a_message_hold_on_both_sides)
{
    struct user u = user_new("unlimited");
    const struct {
        const char *body, *pointer; /* NULL: accepted */
    } rows[] = {
        { text("{\"content\":\"%s\",\"recipients\":[{\"platform\":\"telegram\",\"recipient\":\"4711\"}]}",
               letters(65536)), NULL },
        { text("{\"content\":\"%s\",\"recipients\":" ONE_SMS "}", letters(65537)), "/content" },
        { text("{\"content\":\"a\",\"subject\":\"%s\",\"recipients\":"
               "[{\"platform\":\"telegram\",\"recipient\":\"4711\"}]}", letters(998)), NULL },
        { text("{\"content\":\"a\",\"subject\":\"%s\",\"recipients\":" ONE_SMS "}", letters(999)),
          "/subject" },
        { text("{\"content\":\"a\",\"metadata\":{\"a\":\"%s\"},\"recipients\":"
               "[{\"platform\":\"telegram\",\"recipient\":\"4711\"}]}", letters(4096 - 8)), NULL },
        { text("{\"content\":\"a\",\"metadata\":{\"a\":\"%s\"},\"recipients\":" ONE_SMS "}",
               letters(4097 - 8)), "/metadata" },
        { text("{\"content\":\"a\",\"recipients\":[%s]}",
               repeat("{\"platform\":\"telegram\",\"recipient\":\"4711\"}", 1000)), NULL },
        { text("{\"content\":\"a\",\"recipients\":[%s]}",
               repeat("{\"platform\":\"telegram\",\"recipient\":\"4711\"}", 1001)), "/recipients" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct answer a = http("POST", MESSAGES, u.key, rows[i].body, NULL);

        if (rows[i].pointer == NULL)
            ck_assert_msg(a.status == 202, "row %zu: %d %s", i, a.status, a.body);
        else
            expect_faults(&a, rows[i].body, rows[i].pointer);
    }
    ck_assert_int_eq(messages_of(&u), 4);
}
END_TEST

START_TEST(a_thousand_and_one_recipients_are_refused_whole)
{
    struct user u = user_new("unlimited");
    struct buf body = BUF_INIT(BODY_MOST);
    struct answer a;

    buf_adds(&body, "{\"content\":\"a\",\"recipients\":[");
    for (int i = 0; i < 1001; i++)
        buf_addf(&body, "%s{\"platform\":\"sms\",\"recipient\":\"+1555125%04d\"}", i > 0 ? "," : "", i);
    buf_adds(&body, "]}");
    a = http("POST", MESSAGES, u.key, buf_str(&body), NULL);
    expect_faults(&a, "1001 recipients", "/recipients");
    ck_assert_int_eq(messages_of(&u), 0);
}
END_TEST

START_TEST(a_body_over_max_body_bytes_is_413)
{
    struct user u = user_new("unlimited");
    struct answer a = http("POST", MESSAGES, u.key, letters(BODY_MOST + 1), NULL);

    expect_problem(&a, 413, "body_too_large");
    a = http("POST", MESSAGES, u.key, letters(3 * BODY_MOST), NULL);
    expect_problem(&a, 413, "body_too_large");
    a = http("POST", MESSAGES, u.key, letters(BODY_MOST), NULL); /* long enough to be judged */
    expect_problem(&a, 400, "malformed_json");
    ck_assert_int_eq(messages_of(&u), 0);
}
END_TEST

/* Nobody reads on what is refused already: the answer comes although the body never ends. */
START_TEST(a_body_over_max_body_bytes_is_413_before_its_end)
{
    struct user u = user_new("unlimited");
    struct buf params = BUF_INIT(65536), request = BUF_INIT(2 * BODY_MOST);
    int fd = fastcgi_connect(fastcgi_socket("fcgi-1"));
    struct answer a;

    ck_assert_int_ge(fd, 0);
    fastcgi_params(&params, "POST", MESSAGES, u.key, NULL); /* of no length that is told */
    fastcgi_begin(&request, false);
    fastcgi_record(&request, FCGI_PARAMS, params.data, params.len);
    fastcgi_record(&request, FCGI_PARAMS, "", 0);
    for (int i = 0; i < 64; i++)
        fastcgi_record(&request, FCGI_STDIN, letters(BODY_MOST / 64), BODY_MOST / 64);
    fastcgi_record(&request, FCGI_STDIN, "x", 1);
    ck_assert(fastcgi_send(fd, request.data, request.len));
    ck_assert(fastcgi_answer(fd, HANGS_MS, &a));
    expect_problem(&a, 413, "body_too_large");
    close(fd);
    ck_assert_int_eq(messages_of(&u), 0);
}
END_TEST

START_TEST(a_body_that_is_not_called_json_is_415)
{
    static const char *const types[] = { "text/plain", "application/x-www-form-urlencoded",
                                         "application/jsonx", "multipart/form-data; boundary=x",
                                         "application/xml" };
    struct user u = user_new("unlimited");
    const char *body = sms_body("+15551240004");
    struct answer a;

    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        a = http("POST", MESSAGES, u.key, body, HEADERS(text("Content-Type: %s", types[i])));
        ck_assert_msg(a.status == 415, "%s: %d", types[i], a.status);
        expect_problem(&a, 415, "unsupported_media_type");
    }
    a = http("POST", MESSAGES, u.key, body, HEADERS("Content-Encoding: gzip"));
    expect_problem(&a, 415, "unsupported_media_type");
    ck_assert_int_eq(messages_of(&u), 0);
    a = http("POST", MESSAGES, u.key, body, HEADERS("Content-Type: Application/JSON; charset=utf-8"));
    ck_assert_int_eq(a.status, 202);
}
END_TEST

START_TEST(one_bad_message_refuses_no_neighbour)
{
    struct user u = user_new("unlimited");
    const char *good = sms_body("+15551240005");
    const char *bad = "{\"content\":\"a\",\"recipients\":[{\"platform\":\"sms\",\"recipient\":\"1\"}]}";
    struct buf requests[20];
    int fds[20];

    /* All are in the socket before the responder gets to read them: it carries them together. */
    service_kill("fcgi-1", SIGSTOP);
    for (int i = 0; i < 20; i++) {
        requests[i] = (struct buf)BUF_INIT(65536);
        fastcgi_request(&requests[i], "POST", MESSAGES, u.key, i % 2 == 0 ? good : bad);
        fds[i] = fastcgi_connect(fastcgi_socket("fcgi-1"));
        ck_assert(fastcgi_send(fds[i], requests[i].data, requests[i].len));
    }
    service_kill("fcgi-1", SIGCONT);
    for (int i = 0; i < 20; i++) {
        struct answer a;

        ck_assert(fastcgi_answer(fds[i], HANGS_MS, &a));
        ck_assert_int_eq(a.status, i % 2 == 0 ? 202 : 422);
    }
    ck_assert_int_eq(messages_of(&u), 10);
}
END_TEST

/* ---- FastCGI ---- */

static void responder_lives(const struct user *u)
{
    struct answer a = fastcgi_call(fastcgi_socket("fcgi-1"), "POST", MESSAGES, u->key,
                                   sms_body("+15551240006"));

    ck_assert_int_eq(a.status, 202);
    ck_assert_int_eq(service_deaths("fcgi-1"), 0);
}

static int connect_1(void)
{
    int fd = fastcgi_connect(fastcgi_socket("fcgi-1"));

    ck_assert_int_ge(fd, 0);
    return fd;
}

START_TEST(a_body_shorter_than_its_content_length_is_400_and_no_row)
{
    struct user u = user_new("unlimited");
    struct buf params = BUF_INIT(65536), request = BUF_INIT(65536);
    const char *body = sms_body("+15551240007");
    int fd = connect_1();
    struct answer a;

    fastcgi_param(&params, "REQUEST_METHOD", "POST");
    fastcgi_param(&params, "REQUEST_URI", MESSAGES);
    fastcgi_param(&params, "HTTP_X_API_KEY", u.key);
    fastcgi_param(&params, "CONTENT_TYPE", "application/json");
    fastcgi_param(&params, "CONTENT_LENGTH", text("%zu", strlen(body) + 1));
    fastcgi_begin(&request, false);
    fastcgi_record(&request, FCGI_PARAMS, params.data, params.len);
    fastcgi_record(&request, FCGI_PARAMS, "", 0);
    fastcgi_record(&request, FCGI_STDIN, body, strlen(body));
    fastcgi_record(&request, FCGI_STDIN, "", 0);
    ck_assert(fastcgi_send(fd, request.data, request.len));
    ck_assert(fastcgi_answer(fd, HANGS_MS, &a));
    expect_problem(&a, 400, "invalid_parameter");
    ck_assert_int_eq(messages_of(&u), 0);
    responder_lives(&u);
}
END_TEST

/* The request up to each of its bytes, and then the end: nothing of it may be carried out. */
START_TEST(a_request_cut_anywhere_leaves_no_row_and_the_next_is_answered)
{
    struct user u = user_new("unlimited");
    struct buf request = BUF_INIT(65536);

    fastcgi_request(&request, "POST", MESSAGES, u.key, sms_body("+15551240008"));
    for (size_t cut = 1; cut < request.len; cut += cut < 24 || request.len - cut < 24 ? 1 : 7) {
        int fd = connect_1();

        ck_assert(fastcgi_send(fd, request.data, cut));
        if (cut % 2 == 0)
            shutdown(fd, SHUT_WR);
        else
            close(fd);
        if (cut % 2 == 0) {
            ck_assert_msg(fastcgi_is_closed(fd, HANGS_MS), "still open after a cut at byte %zu",
                          cut);
            close(fd);
        }
    }
    clock_sleep_ms(200);
    ck_assert_int_eq(messages_of(&u), 0);
    responder_lives(&u);
}
END_TEST

/* Sends these bytes and wants an answer of that status, or with 0 the connection closed. */
static void expect_from(const struct buf *request, int status, const char *what)
{
    int fd = connect_1();
    struct answer a;

    fastcgi_send(fd, request->data, request->len);
    if (status == 0) {
        shutdown(fd, SHUT_WR);
        ck_assert_msg(fastcgi_is_closed(fd, HANGS_MS), "%s: not closed", what);
    } else {
        ck_assert_msg(fastcgi_answer(fd, HANGS_MS, &a), "%s: no answer", what);
        ck_assert_msg(a.status == status, "%s: %d %s", what, a.status, a.body);
    }
    close(fd);
}

static struct buf with_params(const struct buf *params)
{
    struct buf request = BUF_INIT(1 << 20);

    fastcgi_begin(&request, false);
    for (size_t done = 0; done < params->len; done += 60000)
        fastcgi_record(&request, FCGI_PARAMS, params->data + done,
                       params->len - done < 60000 ? params->len - done : 60000);
    fastcgi_record(&request, FCGI_PARAMS, "", 0);
    fastcgi_record(&request, FCGI_STDIN, "", 0);
    return request;
}

START_TEST(absurd_parameters_are_survived)
{
    static const struct {
        const char *name, *value;
        int status;
    } rows[] = {
        { "CONTENT_LENGTH", "-1", 400 }, { "CONTENT_LENGTH", "x", 400 },
        { "CONTENT_LENGTH", "99999999999999999999999999", 400 }, { "CONTENT_LENGTH", "1e3", 400 },
        { "CONTENT_LENGTH", " 5", 400 }, { "CONTENT_LENGTH", "999999999999999999", 413 },
        { "REQUEST_METHOD", "", 405 }, { "REQUEST_METHOD", "post", 405 },
        { "REQUEST_URI", "", 404 }, { "REQUEST_URI", "http://", 404 }, { "REQUEST_URI", "?", 404 },
        { "REQUEST_URI", "/%", 404 }, { "REQUEST_URI", "/\xff\xfe", 404 },
        { "REQUEST_URI", "/../../etc/passwd", 404 },
    };
    struct user u = user_new("unlimited");

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf params = BUF_INIT(1 << 20), request;

        fastcgi_param(&params, rows[i].name, rows[i].value);
        if (strcmp(rows[i].name, "REQUEST_METHOD") != 0)
            fastcgi_param(&params, "REQUEST_METHOD", "POST");
        if (strcmp(rows[i].name, "REQUEST_URI") != 0)
            fastcgi_param(&params, "REQUEST_URI", MESSAGES);
        fastcgi_param(&params, "HTTP_X_API_KEY", u.key);
        request = with_params(&params);
        expect_from(&request, rows[i].status, text("%s=%s", rows[i].name, rows[i].value));
    }
    responder_lives(&u);
}
END_TEST

START_TEST(a_request_without_any_parameter_is_answered)
{
    struct user u = user_new("unlimited");
    struct buf none = BUF_INIT(64), request = with_params(&none);

    expect_from(&request, 404, "no parameters");
    responder_lives(&u);
}
END_TEST

START_TEST(lengths_that_lie_are_survived)
{
    static const struct {
        const char *what, *bytes;
        size_t len;
    } rows[] = {
        { "a name of 2 GiB", "\xff\xff\xff\xff\x01x", 6 },
        { "a value of 2 GiB", "\x01\xff\xff\xff\xff" "ab", 7 },
        { "a name longer than the stream", "\x7f\x01" "abc", 5 },
        { "a cut length", "\x80\x00", 2 },
        { "one length only", "\x01", 1 },
        { "zero lengths", "\0\0\0\0\0\0", 6 },
    };
    struct user u = user_new("unlimited");

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf params = BUF_INIT(1024), request;
        int fd = connect_1();
        struct answer a;

        buf_add(&params, rows[i].bytes, rows[i].len);
        request = with_params(&params);
        ck_assert(fastcgi_send(fd, request.data, request.len));
        shutdown(fd, SHUT_WR);
        /* Refused or dropped, as long as it is over. */
        if (!fastcgi_answer(fd, HANGS_MS, &a))
            ck_assert_msg(fastcgi_is_closed(fd, HANGS_MS), "%s: hangs", rows[i].what);
        else
            ck_assert_msg(a.status >= 400 && a.status < 500, "%s: %d", rows[i].what, a.status);
        close(fd);
    }
    responder_lives(&u);
}
END_TEST

START_TEST(records_that_belong_to_no_request_are_survived)
{
    static const struct {
        const char *what, *bytes;
        size_t len;
    } rows[] = {
        { "another version", "\x02\x01\0\x01\0\x08\0\0\0\x01\0\0\0\0\0\0", 16 },
        { "GET_VALUES", "\x01\x09\0\0\0\x0d\0\0\x0b\0FCGI_MAX_CO", 21 },
        { "an unknown management record", "\x01\x63\0\0\0\0\0\0", 8 },
        { "input before a beginning", "\x01\x05\0\x01\0\x01\0\0x", 9 },
        { "a begin of the wrong length", "\x01\x01\0\x01\0\x07\0\0\0\x01\0\0\0\0\0", 15 },
        { "an unknown role", "\x01\x01\0\x01\0\x08\0\0\0\x63\0\0\0\0\0\0\x01\x04\0\x01\0\0\0\0"
                             "\x01\x05\0\x01\0\0\0\0", 32 },
        { "two beginnings", "\x01\x01\0\x01\0\x08\0\0\0\x01\0\0\0\0\0\0\x01\x01\0\x01\0\x08\0\0\0\x01\0\0"
                            "\0\0\0\0", 32 },
        { "an abort", "\x01\x01\0\x01\0\x08\0\0\0\x01\0\0\0\0\0\0\x01\x02\0\x01\0\0\0\0", 24 },
        { "HTTP", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27 },
        { "nothing but zeros", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16 },
    };
    struct user u = user_new("unlimited");

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf request = BUF_INIT(1024);
        int fd = connect_1();

        buf_add(&request, rows[i].bytes, rows[i].len);
        fastcgi_send(fd, request.data, request.len);
        shutdown(fd, SHUT_WR);
        ck_assert_msg(fastcgi_is_closed(fd, HANGS_MS), "%s: hangs", rows[i].what);
        close(fd);
    }
    responder_lives(&u);
}
END_TEST

START_TEST(more_parameters_than_anybody_needs_are_survived)
{
    struct user u = user_new("unlimited");
    struct buf params = BUF_INIT(8 << 20), request;
    int fd = connect_1();

    for (int i = 0; i < 40000; i++)
        fastcgi_param(&params, text("HTTP_X_%d", i), "some value that takes some room");
    request = with_params(&params);
    fastcgi_send(fd, request.data, request.len);
    ck_assert(fastcgi_is_closed(fd, HANGS_MS));
    responder_lives(&u);
}
END_TEST

START_TEST(random_bytes_are_survived)
{
    struct user u = user_new("unlimited");
    unsigned seed = 4711;

    for (int i = 0; i < 300; i++) {
        struct buf request = BUF_INIT(65536);
        int fd = connect_1();

        fastcgi_request(&request, "POST", MESSAGES, NULL, "{}");
        for (int k = 0; k < 1 + i % 8; k++)
            request.data[(size_t)rand_r(&seed) % request.len] = (char)rand_r(&seed);
        fastcgi_send(fd, request.data, request.len);
        shutdown(fd, SHUT_WR);
        ck_assert_msg(fastcgi_is_closed(fd, HANGS_MS), "round %d hangs", i);
        close(fd);
        buf_free(&request);
    }
    responder_lives(&u);
}
END_TEST

/* ---- slow clients ---- */

START_TEST(a_slow_client_holds_nobody_and_is_served)
{
    struct user u = user_new("unlimited");
    struct buf request = BUF_INIT(65536);
    int slow[8];
    int64_t longest_ms = 0;
    struct answer a;

    fastcgi_request(&request, "POST", MESSAGES, u.key, sms_body("+15551240009"));
    for (int i = 0; i < 8; i++) /* more than there are threads */
        slow[i] = connect_1();
    for (size_t sent = 0; sent < request.len; sent++) {
        for (int i = 0; i < 8; i++)
            ck_assert(fastcgi_send(slow[i], request.data + sent, 1));
        if (sent % 20 == 0) {
            int64_t begun_ms = clock_mono_ms();

            ck_assert(fastcgi_try(fastcgi_socket("fcgi-1"), "GET", "/health", &a));
            ck_assert_int_eq(a.status, 200);
            if (clock_mono_ms() - begun_ms > longest_ms)
                longest_ms = clock_mono_ms() - begun_ms;
        }
        clock_sleep_ms(2);
    }
    ck_assert_int_lt(longest_ms, 3000); /* until then none of them was given up */
    for (int i = 0; i < 8; i++) {
        ck_assert(fastcgi_answer(slow[i], HANGS_MS, &a));
        ck_assert_int_eq(a.status, 202);
    }
    ck_assert_int_eq(messages_of(&u), 8);
}
END_TEST

START_TEST(a_client_that_never_ends_is_given_up_after_the_request_timeout)
{
    struct user u = user_new("unlimited");
    struct buf request = BUF_INIT(65536);
    int fd = connect_1();

    fastcgi_request(&request, "POST", MESSAGES, u.key, sms_body("+15551240010"));
    ck_assert(fastcgi_send(fd, request.data, request.len / 2));
    ck_assert(fastcgi_is_closed(fd, HANGS_MS));
    ck_assert_int_eq(messages_of(&u), 0);
    responder_lives(&u);
}
END_TEST

START_TEST(nobody_died_of_all_this)
{
    ck_assert_int_eq(service_deaths("fcgi-1"), 0);
    ck_assert_int_eq(service_deaths("fcgi-2"), 0);
    ck_assert_int_eq(service_deaths("workerd"), 0);
    expect_no_secrets_in_logs();
}
END_TEST

STACK_SUITE("bad_input", settings, what_is_no_json_is_400, deep_nesting_is_refused_and_harms_nobody,
            every_fault_of_a_message_is_told_at_once_with_its_pointer,
            addresses_that_fit_no_platform_are_422, the_limits_of_a_message_hold_on_both_sides,
            a_thousand_and_one_recipients_are_refused_whole, a_body_over_max_body_bytes_is_413,
            a_body_over_max_body_bytes_is_413_before_its_end,
            a_body_that_is_not_called_json_is_415, one_bad_message_refuses_no_neighbour,
            a_body_shorter_than_its_content_length_is_400_and_no_row,
            a_request_cut_anywhere_leaves_no_row_and_the_next_is_answered,
            absurd_parameters_are_survived, a_request_without_any_parameter_is_answered,
            lengths_that_lie_are_survived, records_that_belong_to_no_request_are_survived,
            more_parameters_than_anybody_needs_are_survived, random_bytes_are_survived,
            a_slow_client_holds_nobody_and_is_served,
            a_client_that_never_ends_is_given_up_after_the_request_timeout, nobody_died_of_all_this)
