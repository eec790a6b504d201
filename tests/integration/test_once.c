/* No request is ever sent twice, whatever becomes of its connection. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/integration/authority.h"
#include "tests/integration/calls.h"

/* ---- how a connection can end under its second request ---- */

static void close_after_the_request(struct visit *v)
{
    visit_request(v);
}

static void reset_after_the_request(struct visit *v)
{
    visit_request(v);
    visit_reset(v);
}

static void close_after_the_head(struct visit *v)
{
    visit_head(v);
}

static void close_in_the_body(struct visit *v)
{
    visit_head(v);
    visit_body(v, v->body_bytes / 2);
}

static void close_in_the_status_line(struct visit *v)
{
    visit_request(v);
    visit_say(v, "HTTP/1.1 20");
}

static void close_in_the_headers(struct visit *v)
{
    visit_request(v);
    visit_say(v, "HTTP/1.1 200 OK\r\nContent-Type: app");
}

static void close_in_the_answer(struct visit *v)
{
    visit_request(v);
    visit_say(v, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
}

static void close_after_a_continue(struct visit *v)
{
    visit_request(v);
    visit_say(v, "HTTP/1.1 100 Continue\r\n\r\n");
}

static void close_in_the_headers_after_a_continue(struct visit *v)
{
    visit_request(v);
    visit_say(v, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: app");
}

static void close_the_house(struct visit *v)
{
    visit_request(v);
    peer_close_door(v->peer);
}

static void close_without_a_request(struct visit *v) {}

static const struct end {
    const char *name;
    peer_script *act;
    bool was_kept; /* the second request came on the first one's connection, for sure */
} ends[] = {
    { "closed after the request", close_after_the_request, true },
    { "reset after the request", reset_after_the_request, true },
    { "closed after the head", close_after_the_head, true },
    { "closed in the body", close_in_the_body, true },
    { "closed in the status line", close_in_the_status_line, true },
    { "closed in the headers", close_in_the_headers, true },
    { "closed in the answer", close_in_the_answer, true },
    { "closed after 100 Continue", close_after_a_continue, true },
    { "closed in the headers after 100 Continue", close_in_the_headers_after_a_continue, true },
    { "closed with the server gone", close_the_house, true },
    { "closed right after an answer", close_without_a_request, false },
};

static const struct shape {
    const char *method;
    size_t body_bytes;
} shapes[] = {
    { "GET", 0 },   { NULL, 0 },     { "PUT", 0 },       { NULL, 1 },
    { NULL, 1000 }, { NULL, 16384 }, { "PATCH", 70000 }, { NULL, 1 << 20 },
};

static const struct end *ending;
static char bundle[] = "/tmp/test_once-XXXXXX";
static char body[1 << 20];

static void end_under_the_second(struct visit *v)
{
    if (v->n > 1)
        visit_serve(v);
    else if (visit_request(v) && visit_answer(v, "ok"))
        ending->act(v);
}

static struct call shaped_call(const struct peer *p, int id, const struct shape *shape, bool tls)
{
    struct call c = call_url(tls ? "https://" HOST : "http://" HOST, p->port, id);

    c.what.method = shape->method;
    c.what.body = body;
    c.what.body_len = shape->body_bytes;
    c.limits.ca_bundle = tls ? bundle : "";
    return c;
}

static void check_end(const struct end *end, const struct shape *shape, SSL_CTX *tls)
{
    struct peer *p;
    struct call first, second;
    char name[128];
    int seen, begun;

    ending = end;
    p = peer_start(end_under_the_second, tls);
    first = shaped_call(p, 1, shape, tls != NULL);
    second = shaped_call(p, 2, shape, tls != NULL);
    snprintf(name, sizeof name, "%s, %s with %zu bytes%s", end->name,
             shape->method == NULL ? "POST" : shape->method, shape->body_bytes,
             tls != NULL ? " over TLS" : "");
    ck_assert_reach(call_carry(&first), REACH_ANSWERED);
    call_carry(&second);
    calls_close(); /* and the connections with it: nothing more can come */
    seen = atomic_load(&p->seen[2]);
    begun = atomic_load(&p->begun[2]);
    ck_assert_msg(begun <= 1 && seen <= 1, "%s: begun %d times", name, begun);
    if (end->was_kept) {
        ck_assert_msg(second.reply.reach == REACH_UNCLEAR, "%s: %s", name,
                      reach_name((int)second.reply.reach));
        ck_assert_msg(atomic_load(&p->connections) == 1, "%s: connected again", name);
        ck_assert_ptr_nonnull(second.reply.trouble);
    } else {
        ck_assert_msg(second.reply.reach != REACH_NOT_SENT || seen == 0, "%s", name);
    }
    call_done(&first);
    call_done(&second);
    peer_stop(p);
}

static void check_all_ends(SSL_CTX *tls)
{
    for (size_t e = 0; e < sizeof ends / sizeof *ends; e++) {
        for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
            calls_open(4);
            check_end(&ends[e], &shapes[s], tls);
        }
    }
}

START_TEST(a_request_on_a_kept_connection_that_ends_is_unclear_and_leaves_once)
{
    check_all_ends(NULL);
}
END_TEST

START_TEST(the_same_holds_over_tls)
{
    struct authority *a;
    SSL_CTX *ctx;

    close(mkstemp(bundle));
    a = authority_new(bundle);
    ctx = authority_context(a, HOST, CERT_RIGHT);
    check_all_ends(ctx);
    SSL_CTX_free(ctx);
    authority_free(a);
    unlink(bundle);
}
END_TEST

/* ---- many at once, on connections that keep ending ---- */

#define CROWD 50
#define ROUNDS 40

/* Announces that it stays, and goes: at once, or when the next request has begun. */
static void serve_a_few(struct visit *v)
{
    for (int i = 0; i < 1 + v->n % 4; i++) {
        if (!visit_request(v) || !visit_answer(v, "ok"))
            return;
    }
    if (v->n % 3 == 0)
        visit_request(v);
    else if (v->n % 3 == 1)
        visit_head(v);
}

START_TEST(in_a_crowd_each_request_is_seen_as_often_as_its_outcome_says)
{
    struct peer *p = peer_start(serve_a_few, NULL);
    struct call *all = calloc(CROWD * ROUNDS, sizeof *all);
    size_t unclear;

    calls_open(CROWD);
    for (int i = 0; i < CROWD * ROUNDS; i++) {
        all[i] = call_to(p, i);
        all[i].what.method = i % 2 == 0 ? "GET" : NULL;
        all[i].what.body_len = i % 4 == 1 ? 0 : 5;
    }
    for (int r = 0; r < ROUNDS; r++)
        calls_carry(all + (size_t)r * CROWD, CROWD);
    calls_close();
    for (int i = 0; i < CROWD * ROUNDS; i++) {
        int seen = atomic_load(&p->seen[i]), begun = atomic_load(&p->begun[i]);

        ck_assert_int_le(begun, 1);
        if (all[i].reply.reach == REACH_ANSWERED)
            ck_assert_int_eq(seen, 1);
        else if (all[i].reply.reach == REACH_NOT_SENT)
            ck_assert_int_eq(begun, 0);
        call_done(&all[i]);
    }
    unclear = calls_that(all, CROWD * ROUNDS, REACH_UNCLEAR);
    ck_assert_uint_ge(unclear, CROWD); /* else the ends were never met */
    ck_assert_uint_ge(calls_that(all, CROWD * ROUNDS, REACH_ANSWERED), CROWD * ROUNDS / 2);
    free(all);
    peer_stop(p);
}
END_TEST

/* ---- what else could make libcurl ask again ---- */

static const char *first_answer;

static void answer_as_told(struct visit *v)
{
    while (visit_request(v))
        visit_say(v, first_answer);
}

static const struct {
    const char *answer;
    int status;
} provocations[] = {
    { "HTTP/1.1 301 Moved\r\nLocation: /9\r\nContent-Length: 0\r\n\r\n", 301 },
    { "HTTP/1.1 302 Found\r\nLocation: /9\r\nContent-Length: 0\r\n\r\n", 302 },
    { "HTTP/1.1 307 Temporary\r\nLocation: /9\r\nContent-Length: 0\r\n\r\n", 307 },
    { "HTTP/1.1 308 Permanent\r\nLocation: /9\r\nContent-Length: 0\r\n\r\n", 308 },
    { "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n", 401 },
    { "HTTP/1.1 401 No\r\nWWW-Authenticate: Digest realm=\"x\", nonce=\"y\"\r\n"
      "Content-Length: 0\r\n\r\n",
      401 },
    { "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n",
      407 },
    { "HTTP/1.1 408 Too late\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", 408 },
    { "HTTP/1.1 417 Expectation failed\r\nContent-Length: 0\r\n\r\n", 417 },
    { "HTTP/1.1 421 Misdirected\r\nContent-Length: 0\r\n\r\n", 421 },
    { "HTTP/1.1 425 Too early\r\nContent-Length: 0\r\n\r\n", 425 },
    { "HTTP/1.1 426 Upgrade\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nContent-Length: 0\r\n\r\n",
      426 },
    { "HTTP/1.1 503 Later\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n", 503 },
};

START_TEST(no_answer_makes_a_request_leave_again)
{
    for (size_t i = 0; i < sizeof provocations / sizeof *provocations; i++) {
        struct peer *p = peer_start(answer_as_told, NULL);
        struct call c = call_to(p, 1);

        first_answer = provocations[i].answer;
        c.what.username = "user";
        c.what.password = "secret";
        calls_open(1);
        ck_assert_reach(call_carry(&c), REACH_ANSWERED);
        ck_assert_int_eq(c.reply.status, provocations[i].status);
        calls_close();
        ck_assert_int_eq(atomic_load(&p->requests), 1);
        ck_assert_int_eq(atomic_load(&p->seen[1]), 1);
        call_done(&c);
        peer_stop(p);
    }
}
END_TEST

/* ---- while connections are kept all the same ---- */

START_TEST(calls_one_after_the_other_share_a_connection)
{
    struct peer *p = peer_start(visit_serve, NULL);

    calls_open(CROWD);
    for (int i = 0; i < 200; i++) {
        struct call c = call_to(p, i);

        c.what.method = i % 2 == 0 ? "GET" : NULL;
        ck_assert_reach(call_carry(&c), REACH_ANSWERED);
        call_done(&c);
    }
    ck_assert_int_eq(atomic_load(&p->requests), 200);
    ck_assert_int_eq(atomic_load(&p->connections), 1);
    calls_close();
    peer_stop(p);
}
END_TEST

START_TEST(a_crowd_of_calls_has_a_connection_for_each_at_once_and_no_more)
{
    struct peer *p = peer_start(visit_serve, NULL);
    struct call all[CROWD];

    calls_open(CROWD);
    for (int r = 0; r < ROUNDS; r++) {
        for (int i = 0; i < CROWD; i++)
            all[i] = call_to(p, r * CROWD + i);
        calls_carry(all, CROWD);
        ck_assert_uint_eq(calls_that(all, CROWD, REACH_ANSWERED), CROWD);
        for (int i = 0; i < CROWD; i++)
            call_done(&all[i]);
    }
    ck_assert_int_eq(atomic_load(&p->requests), CROWD * ROUNDS);
    ck_assert_int_le(atomic_load(&p->connections), CROWD);
    calls_close();
    peer_stop(p);
}
END_TEST

CALLS_SUITE("once", a_request_on_a_kept_connection_that_ends_is_unclear_and_leaves_once,
            the_same_holds_over_tls, in_a_crowd_each_request_is_seen_as_often_as_its_outcome_says,
            no_answer_makes_a_request_leave_again, calls_one_after_the_other_share_a_connection,
            a_crowd_of_calls_has_a_connection_for_each_at_once_and_no_more)
