/* What the transport makes of time, of size, and of many calls at once. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "tests/integration/calls.h"

#define MANY 500

/* ---- what could not be sent, and what nobody knows ---- */

static void read_and_say_nothing(struct visit *v)
{
    visit_request(v);
    visit_pause(v, 30000);
}

static void read_and_reset(struct visit *v)
{
    visit_request(v);
    visit_reset(v);
}

static void say_what_is_no_http(struct visit *v)
{
    visit_request(v);
    visit_say(v, "220 mail.example.com ESMTP\r\n250 OK\r\n");
}

static void announce_more_than_comes(struct visit *v)
{
    visit_request(v);
    visit_say(v, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of i");
}

static void end_a_chunk_too_early(struct visit *v)
{
    visit_request(v);
    visit_say(v, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nhalf of i");
}

static const struct {
    const char *name;
    peer_script *script;
    int timeout_ms;
    int status; /* what came of the answer, all the same */
} unclear[] = {
    { "silence until the time is up", read_and_say_nothing, 1500, 0 },
    { "a reset", read_and_reset, 600000, 0 },
    { "what is no HTTP", say_what_is_no_http, 600000, 0 },
    { "half an answer", announce_more_than_comes, 600000, 200 },
    { "half a chunk", end_a_chunk_too_early, 600000, 200 },
};

START_TEST(what_comes_of_a_request_that_was_read_is_unclear_until_a_whole_answer_is_here)
{
    for (size_t i = 0; i < sizeof unclear / sizeof *unclear; i++) {
        struct peer *p = peer_start(unclear[i].script, NULL);
        struct call c = call_to(p, 1);

        c.what.timeout_ms = unclear[i].timeout_ms;
        calls_open(1);
        call_carry(&c);
        ck_assert_msg(c.reply.reach == REACH_UNCLEAR, "%s: %s", unclear[i].name,
                      reach_name((int)c.reply.reach));
        ck_assert_int_eq(atomic_load(&p->seen[1]), 1);
        ck_assert_int_eq(c.reply.status, unclear[i].status);
        ck_assert_ptr_nonnull(c.reply.trouble);
        calls_close();
        call_done(&c);
        peer_stop(p);
    }
}
END_TEST

START_TEST(a_whole_answer_is_given_as_it_came)
{
    struct peer *p = peer_start(visit_serve, NULL);
    struct call c = call_to(p, 7);

    calls_open(1);
    ck_assert_reach(call_carry(&c), REACH_ANSWERED);
    ck_assert_int_eq(c.reply.status, 200);
    ck_assert_str_eq(c.reply.body, "ok");
    ck_assert_uint_eq(c.reply.body_len, 2);
    ck_assert_int_eq(c.reply.retry_after_ms, -1);
    ck_assert_ptr_null(c.reply.trouble);
    calls_close();
    call_done(&c);
    peer_stop(p);
}
END_TEST

/* A port that nobody listens on. */
static int closed_port(void)
{
    struct peer *p = peer_start(visit_serve, NULL);
    int port = p->port;

    peer_stop(p);
    return port;
}

START_TEST(a_refused_connection_is_not_sent)
{
    struct call c = call_url("http://" HOST, closed_port(), 1);

    calls_open(1);
    ck_assert_reach(call_carry(&c), REACH_NOT_SENT);
    ck_assert_int_eq(c.reply.status, 0);
    calls_close();
    call_done(&c);
}
END_TEST

START_TEST(a_name_that_does_not_exist_is_not_sent)
{
    struct call c = call_url("http://nowhere.test", 80, 1);

    calls_open(1);
    ck_assert_reach(call_carry(&c), REACH_NOT_SENT);
    ck_assert_int_eq(atomic_load(&resolver_asked), 1);
    calls_close();
    call_done(&c);
}
END_TEST

/* A socket whose queue of connections is full: the kernel drops what else comes. */
static int full_port(int fds[3])
{
    struct sockaddr_in here = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t len = sizeof here;

    fds[0] = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(fds[0], (struct sockaddr *)&here, sizeof here), 0);
    ck_assert_int_eq(listen(fds[0], 0), 0);
    ck_assert_int_eq(getsockname(fds[0], (struct sockaddr *)&here, &len), 0);
    for (int i = 1; i < 3; i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        connect(fds[i], (struct sockaddr *)&here, sizeof here);
    }
    clock_sleep_ms(20);
    return ntohs(here.sin_port);
}

/* Neither the time of the call nor a limit of its own ends it soon. */
static struct call patient_call(const char *scheme_and_host, int port)
{
    struct call c = call_url(scheme_and_host, port, 1);

    c.what.timeout_ms = c.limits.connect_ms = 600000;
    return c;
}

static void end_all(struct call calls[], size_t n)
{
    calls_close();
    for (size_t i = 0; i < n; i++)
        call_done(&calls[i]);
}

START_TEST(a_connection_that_is_not_made_blocks_nobody_and_ends_as_not_sent)
{
    struct peer *p = peer_start(visit_serve, NULL);
    int fds[3], port = full_port(fds);
    struct call calls[60], *others = calls + 20, *limited = calls + 40;

    calls_open(60);
    for (int i = 0; i < 20; i++) {
        calls[i] = patient_call("http://" HOST, port);
        others[i] = call_to(p, i);
        limited[i] = patient_call("http://" HOST, port);
        limited[i].limits.connect_ms = 300;
    }
    calls_start(calls, 40);
    calls_await(others, 20, 20);
    ck_assert_uint_eq(calls_that(others, 20, REACH_ANSWERED), 20);
    calls_carry(limited, 20);
    ck_assert_uint_eq(calls_that(limited, 20, REACH_NOT_SENT), 20);
    ck_assert_uint_eq(transport_in_flight(transport), 20);
    end_all(calls, 60);
    for (int i = 0; i < 3; i++)
        close(fds[i]);
    peer_stop(p);
}
END_TEST

/* ---- names ---- */

START_TEST(a_look_up_that_hangs_blocks_nobody_and_ends_as_not_sent)
{
    struct peer *p = peer_start(visit_serve, NULL);
    struct call *calls = calloc(MANY + 100, sizeof *calls);
    struct call *others = calls + MANY, *limited = others + 50;

    calls_open(MANY + 100);
    for (int i = 0; i < MANY; i++)
        calls[i] = patient_call("http://hangs.test", p->port);
    for (int i = 0; i < 50; i++) {
        others[i] = call_to(p, i);
        limited[i] = patient_call("http://hangs.test", p->port);
        limited[i].limits.connect_ms = 10 + i;
    }
    calls_start(calls, MANY + 50);
    calls_await(others, 50, 50);
    ck_assert_uint_eq(calls_that(others, 50, REACH_ANSWERED), 50);
    calls_carry(limited, 50);
    ck_assert_uint_eq(calls_that(limited, 50, REACH_NOT_SENT), 50);
    ck_assert_uint_eq(transport_in_flight(transport), MANY);
    ck_assert_int_eq(atomic_load(&resolver_asked), 2); /* for all 550: one thread */
    end_all(calls, MANY + 100); /* a wait for it would never end: it goes on only now */
    sem_post(&resolver_may_answer);
    free(calls);
    peer_stop(p);
}
END_TEST

START_TEST(calls_that_wait_for_a_name_leave_when_it_is_known)
{
    struct peer *p = peer_start(visit_serve, NULL);
    struct call calls[20];

    calls_open(20);
    for (int i = 0; i < 20; i++)
        calls[i] = call_url("http://hangs.test", p->port, i);
    calls_start(calls, 20);
    transport_run(transport, -1, 0);
    sem_post(&resolver_may_answer);
    calls_await(calls, 20, 20);
    ck_assert_uint_eq(calls_that(calls, 20, REACH_ANSWERED), 20);
    ck_assert_int_eq(atomic_load(&resolver_asked), 1);
    end_all(calls, 20);
    peer_stop(p);
}
END_TEST

START_TEST(an_address_is_not_looked_up)
{
    struct peer *p = peer_start(visit_serve, NULL);
    struct call c = call_url("http://127.0.0.1", p->port, 1);

    calls_open(1);
    ck_assert_reach(call_carry(&c), REACH_ANSWERED);
    ck_assert_int_eq(atomic_load(&resolver_asked), 0);
    calls_close();
    call_done(&c);
    peer_stop(p);
}
END_TEST

/* ---- size ---- */

static char megabyte[1 << 20];

static void answer_a_hundred_megabytes(struct visit *v)
{
    visit_request(v);
    visit_say(v, "HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n");
    for (int i = 0; i < 100 && visit_bytes(v, megabyte, sizeof megabyte); i++)
        continue;
}

static void answer_without_an_end(struct visit *v)
{
    visit_request(v);
    visit_say(v, "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n");
    while (visit_say(v, "100000\r\n") && visit_bytes(v, megabyte, sizeof megabyte) &&
           visit_say(v, "\r\n"))
        continue;
}

static void answer_headers_without_an_end(struct visit *v)
{
    visit_request(v);
    visit_say(v, "HTTP/1.1 200 OK\r\n");
    while (visit_say(v, "X-One: a header of an answer that never comes to its body\r\n"))
        continue;
}

static void answer_headers_past_the_ceiling(struct visit *v)
{
    visit_request(v);
    visit_say(v, "HTTP/1.1 200 OK\r\n");
    for (unsigned sent = 0; sent < TRANSPORT_ANSWER_MAX + 1000; sent += 30)
        visit_say(v, "X-One: thirty bytes of these\r\n");
    visit_say(v, "Content-Length: 2\r\n\r\nok");
}

static void answer_one_endless_header(struct visit *v)
{
    visit_request(v);
    visit_say(v, "HTTP/1.1 200 OK\r\nX-One: ");
    while (visit_bytes(v, megabyte, sizeof megabyte))
        continue;
}

static const struct {
    const char *name;
    peer_script *script;
    enum reach reach;
    int status;
    size_t body_bytes;
} sizes[] = {
    { "a body of 100 MB", answer_a_hundred_megabytes, REACH_ANSWERED, 200, TRANSPORT_ANSWER_MAX },
    { "a body without an end", answer_without_an_end, REACH_ANSWERED, 201, TRANSPORT_ANSWER_MAX },
    { "headers without an end", answer_headers_without_an_end, REACH_UNCLEAR, 200, 0 },
    { "headers past the ceiling", answer_headers_past_the_ceiling, REACH_UNCLEAR, 200, 0 },
    { "a header without an end", answer_one_endless_header, REACH_UNCLEAR, 200, 0 },
};

#define LARGE 20

START_TEST(an_answer_is_cut_and_judged_and_memory_stays_flat)
{
    memset(megabyte, 'x', sizeof megabyte);
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        struct peer *p = peer_start(sizes[s].script, NULL);
        struct call calls[LARGE];
        long before_kib = resident_kib();

        calls_open(LARGE);
        for (int i = 0; i < LARGE; i++)
            calls[i] = call_to(p, i);
        calls_carry(calls, LARGE);
        for (int i = 0; i < LARGE; i++) {
            const struct reply *r = &calls[i].reply;

            ck_assert_msg(r->reach == sizes[s].reach, "%s: %s", sizes[s].name,
                          reach_name((int)r->reach));
            ck_assert_int_eq(r->status, sizes[s].status);
            ck_assert_uint_eq(r->body_len, sizes[s].body_bytes);
            ck_assert_uint_eq(strlen(r->body), sizes[s].body_bytes);
        }
        ck_assert_int_lt(resident_kib() - before_kib, 64 << 10); /* of 2 GB */
        ck_assert_int_lt(atomic_load(&p->sent_bytes), LARGE * INT64_C(20) << 20);
        calls_close();
        for (int i = 0; i < LARGE; i++)
            call_done(&calls[i]);
        peer_stop(p);
    }
}
END_TEST

static void answer_as_much_as_is_read(struct visit *v)
{
    char head[128];

    while (visit_request(v)) {
        snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %u\r\n\r\n",
                 TRANSPORT_ANSWER_MAX);
        visit_say(v, head);
        visit_bytes(v, megabyte, TRANSPORT_ANSWER_MAX);
    }
}

START_TEST(an_answer_as_long_as_the_ceiling_is_whole_and_its_connection_stays)
{
    struct peer *p = peer_start(answer_as_much_as_is_read, NULL);

    memset(megabyte, 'x', sizeof megabyte);
    calls_open(1);
    for (int i = 0; i < 3; i++) {
        struct call c = call_to(p, i);

        ck_assert_reach(call_carry(&c), REACH_ANSWERED);
        ck_assert_uint_eq(c.reply.body_len, TRANSPORT_ANSWER_MAX);
        call_done(&c);
    }
    ck_assert_int_eq(atomic_load(&p->connections), 1);
    calls_close();
    peer_stop(p);
}
END_TEST

/* ---- slowness ---- */

static void answer_a_byte_a_second(struct visit *v)
{
    visit_request(v);
    visit_say(v, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    while (visit_say(v, "z") && visit_pause(v, 1000))
        continue;
}

START_TEST(a_byte_a_second_is_ended_by_the_low_speed_or_the_time_and_memory_stays_flat)
{
    struct peer *p = peer_start(answer_a_byte_a_second, NULL);
    struct call *calls = calloc(MANY, sizeof *calls);
    int64_t patience_ms = clock_mono_ms() + 2000;
    long all_under_way_kib;

    calls_open(MANY);
    for (int i = 0; i < MANY; i++) {
        calls[i] = call_to(p, i);
        if (i < MANY / 2) {
            calls[i].what.timeout_ms = 600000; /* only its slowness ends it */
            calls[i].limits.low_speed_bytes = 100;
            calls[i].limits.low_speed_seconds = 1;
        } else {
            calls[i].what.timeout_ms = 3000;
        }
    }
    calls_start(calls, MANY);
    while (atomic_load(&p->requests) < MANY && clock_mono_ms() < patience_ms)
        transport_run(transport, -1, 10);
    all_under_way_kib = resident_kib();
    calls_await(calls, MANY, MANY);
    ck_assert_uint_eq(calls_that(calls, MANY / 2, REACH_UNCLEAR), MANY / 2);
    ck_assert_uint_eq(calls_that(calls, MANY, REACH_ANSWERED), 0);
    ck_assert_int_lt(resident_kib() - all_under_way_kib, 32 << 10);
    end_all(calls, MANY);
    free(calls);
    peer_stop(p);
}
END_TEST

/* ---- many at once ---- */

static void answer_when_all_are_here(struct visit *v)
{
    while (visit_request(v)) {
        while (atomic_load(&v->peer->requests) < MANY) {
            if (!visit_pause(v, 5))
                return;
        }
        visit_answer(v, "ok");
    }
}

START_TEST(five_hundred_calls_are_in_flight_at_once)
{
    struct peer *p = peer_start(answer_when_all_are_here, NULL);
    struct call *calls = calloc(MANY, sizeof *calls);

    calls_open(MANY);
    for (int i = 0; i < MANY; i++)
        calls[i] = call_to(p, i);
    calls_start(calls, MANY);
    ck_assert_uint_eq(transport_in_flight(transport), MANY);
    calls_await(calls, MANY, MANY);
    ck_assert_uint_eq(calls_that(calls, MANY, REACH_ANSWERED), MANY);
    ck_assert_uint_eq(transport_in_flight(transport), 0);
    ck_assert_int_eq(atomic_load(&resolver_asked), 1);
    end_all(calls, MANY);
    free(calls);
    peer_stop(p);
}
END_TEST

/* ---- what ends a wait ---- */

static void answer_one_and_leave(struct visit *v)
{
    visit_request(v);
    visit_answer(v, "ok");
}

static int64_t waited_ms(int wait_ms)
{
    int64_t from_ms = clock_mono_ms();

    transport_run(transport, -1, wait_ms);
    return clock_mono_ms() - from_ms;
}

START_TEST(the_end_of_an_idle_connection_ends_one_wait_at_most)
{
    struct peer *p = peer_start(answer_one_and_leave, NULL);
    struct call c = call_to(p, 1);

    calls_open(1);
    ck_assert_reach(call_carry(&c), REACH_ANSWERED);
    clock_sleep_ms(100); /* by then it has closed */
    waited_ms(200);
    ck_assert_int_ge(waited_ms(200), 199);
    end_all(&c, 1);
    peer_stop(p);
}
END_TEST

START_TEST(a_connection_is_heard_whoever_had_its_descriptor_before)
{
    struct peer *p = peer_start(answer_one_and_leave, NULL);

    calls_open(1);
    for (int i = 0; i < 20; i++) {
        struct call c = call_to(p, i);

        ck_assert_reach(call_carry(&c), REACH_ANSWERED);
        call_done(&c);
        clock_sleep_ms(10); /* the next one meets its end, and opens another in its place */
    }
    calls_close();
    peer_stop(p);
}
END_TEST

START_TEST(what_comes_to_the_callers_own_descriptor_ends_a_wait)
{
    int ends[2];

    ck_assert_int_eq(pipe(ends), 0);
    calls_open(1);
    ck_assert_int_eq(write(ends[1], "x", 1), 1);
    transport_run(transport, ends[0], 3600 * 1000); /* else Check's limit ends it */
    calls_close();
    close(ends[0]);
    close(ends[1]);
}
END_TEST

START_TEST(the_end_cuts_off_what_is_under_way)
{
    struct peer *p = peer_start(read_and_say_nothing, NULL);
    struct call calls[40];

    calls_open(40);
    for (int i = 0; i < 40; i++)
        calls[i] = i % 2 == 0 ? call_to(p, i) : call_url("http://hangs.test", p->port, i);
    calls_start(calls, 40);
    while (atomic_load(&p->requests) < 20)
        transport_run(transport, -1, 10);
    calls_close();
    peer_stop(p);
    sem_post(&resolver_may_answer);
}
END_TEST

CALLS_SUITE("transport",
            what_comes_of_a_request_that_was_read_is_unclear_until_a_whole_answer_is_here,
            a_whole_answer_is_given_as_it_came, a_refused_connection_is_not_sent,
            a_name_that_does_not_exist_is_not_sent,
            a_connection_that_is_not_made_blocks_nobody_and_ends_as_not_sent,
            a_look_up_that_hangs_blocks_nobody_and_ends_as_not_sent,
            calls_that_wait_for_a_name_leave_when_it_is_known, an_address_is_not_looked_up,
            an_answer_is_cut_and_judged_and_memory_stays_flat,
            an_answer_as_long_as_the_ceiling_is_whole_and_its_connection_stays,
            a_byte_a_second_is_ended_by_the_low_speed_or_the_time_and_memory_stays_flat,
            five_hundred_calls_are_in_flight_at_once,
            the_end_of_an_idle_connection_ends_one_wait_at_most,
            a_connection_is_heard_whoever_had_its_descriptor_before,
            what_comes_to_the_callers_own_descriptor_ends_a_wait, the_end_cuts_off_what_is_under_way)
