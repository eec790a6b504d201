/* Mails: each is the server's once at most, and a server that thinks holds nobody else. */
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "tests/integration/calls.h"

/* ---- threads that cannot be had ---- */

static _Thread_local int threads_to_have = INT_MAX;

__attribute__((visibility("default"))) int pthread_create(pthread_t *out, const pthread_attr_t *attr,
                                                          void *(*run)(void *), void *arg)
{
    int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

    *(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
    return threads_to_have-- > 0 ? real(out, attr, run, arg) : EAGAIN;
}

/* ---- a mail server ---- */

enum stage { AT_GREETING, AT_EHLO, AT_AUTH, AT_MAIL, AT_RCPT, AT_DATA, IN_BODY, AT_DOT, NEVER };

static const char *const good_replies[] = {
    [AT_GREETING] = "220 mail.example.com\r\n",
    [AT_EHLO] = "250-mail\r\n250 AUTH PLAIN\r\n",
    [AT_AUTH] = "235 ok\r\n",
    [AT_MAIL] = "250 ok\r\n",
    [AT_RCPT] = "250 ok\r\n",
    [AT_DATA] = "354 go on\r\n",
    [AT_DOT] = "250 queued as 4711\r\n",
};

static const struct act {
    const char *name;
    enum stage stage;
    const char *reply; /* said there; NULL: nothing, and then the connection is closed */
    bool is_reset;
    enum reach reach;
    int status;
} acts[] = {
    { "no greeting", AT_GREETING, NULL, false, REACH_NOT_SENT, 0 },
    { "an unfriendly greeting", AT_GREETING, "554 not you\r\n", false, REACH_NOT_SENT, 554 },
    { "a busy greeting", AT_GREETING, "421 later\r\n", false, REACH_REFUSED, 421 },
    { "closed at EHLO", AT_EHLO, NULL, false, REACH_NOT_SENT, 220 },
    { "login refused", AT_AUTH, "535 no\r\n", false, REACH_CREDENTIALS, 535 },
    { "closed at MAIL", AT_MAIL, NULL, false, REACH_NOT_SENT, -1 },
    { "MAIL put off", AT_MAIL, "451 later\r\n", false, REACH_REFUSED, 451 },
    { "closed at RCPT", AT_RCPT, NULL, false, REACH_NOT_SENT, -1 },
    { "reset at RCPT", AT_RCPT, NULL, true, REACH_NOT_SENT, -1 },
    { "RCPT refused", AT_RCPT, "550 nobody\r\n", false, REACH_REFUSED, 550 },
    { "closed at DATA", AT_DATA, NULL, false, REACH_NOT_SENT, -1 },
    { "DATA put off", AT_DATA, "452 full\r\n", false, REACH_REFUSED, 452 },
    { "closed at the dot", AT_DOT, NULL, false, REACH_UNCLEAR, -1 },
    { "reset at the dot", AT_DOT, NULL, true, REACH_UNCLEAR, -1 },
    { "put off at the dot", AT_DOT, "451 later\r\n", false, REACH_REFUSED, 451 },
    { "refused at the dot", AT_DOT, "554 spam\r\n", false, REACH_REFUSED, 554 },
};

static const struct act *act; /* NULL: all goes well */
static int acting_mail;       /* the mail of the first connection under which it acts, from 1 */
static sem_t may_accept;      /* posted once for each dot, where `thinks` */
static bool thinks;
static atomic_int thinking;

/* False: the connection is at its end. */
static bool reply(struct visit *v, enum stage stage, int mail)
{
    if (stage == AT_DOT && thinks) {
        atomic_fetch_add(&thinking, 1);
        while (sem_trywait(&may_accept) != 0) {
            if (!visit_pause(v, 5))
                return false;
        }
    }
    if (act == NULL || act->stage != stage || v->n > 1 || mail != acting_mail)
        return visit_say(v, good_replies[stage]);
    if (act->is_reset)
        visit_reset(v);
    return act->reply != NULL && visit_say(v, act->reply);
}

/* The lines up to the dot; counted by the id that the subject names. */
static bool take_mail(struct visit *v)
{
    int id = 0;

    while (visit_line(v)) {
        if (strncmp(v->head, "Subject: /", 10) == 0)
            id = atoi(v->head + 10);
        if (strcmp(v->head, ".") == 0) {
            atomic_fetch_add(&v->peer->seen[id], 1);
            atomic_fetch_add(&v->peer->requests, 1);
            return true;
        }
    }
    return false;
}

static enum stage stage_of(const char *line)
{
    static const char *const words[] = { [AT_EHLO] = "EHLO",
                                         [AT_AUTH] = "AUTH",
                                         [AT_MAIL] = "MAIL",
                                         [AT_RCPT] = "RCPT",
                                         [AT_DATA] = "DATA" };

    for (int s = AT_EHLO; s <= AT_DATA; s++) {
        if (strncmp(line, words[s], 4) == 0)
            return (enum stage)s;
    }
    return NEVER;
}

static void serve_mail(struct visit *v)
{
    int mail = 1;

    if (!reply(v, AT_GREETING, mail))
        return;
    while (visit_line(v)) {
        enum stage stage = stage_of(v->head);

        if (stage == NEVER) {
            visit_say(v, strncmp(v->head, "QUIT", 4) == 0 ? "221 bye\r\n" : "500 what?\r\n");
            continue;
        }
        if (!reply(v, stage, mail))
            return;
        if (stage == AT_DATA && (act == NULL || act->stage != AT_DATA || mail != acting_mail)) {
            if (!take_mail(v) || !reply(v, AT_DOT, mail))
                return;
            mail++;
        }
    }
}

static void keep_silent(struct visit *v)
{
    visit_pause(v, 60000);
}

/* ---- what an end of the connection means ---- */

static void check_act(int acts_at)
{
    struct peer *p = peer_start(serve_mail, NULL);
    struct call first = call_mail(p, 1, 1000), last = call_mail(p, 2, 1000);

    if (act->stage == AT_AUTH) {
        last.what.username = "user";
        last.what.password = "secret";
    }
    acting_mail = acts_at;
    calls_open(2);
    if (acts_at == 2)
        ck_assert_reach(call_carry(&first), REACH_ANSWERED);
    call_carry(&last);
    calls_close();
    ck_assert_msg(last.reply.reach == act->reach, "%s, mail %d: %s", act->name, acts_at,
                  reach_name((int)last.reply.reach));
    if (act->status >= 0)
        ck_assert_int_eq(last.reply.status, act->status);
    if (act->reach == REACH_REFUSED && act->reply != NULL) /* its words, and not the farewell's */
        ck_assert_str_eq(last.reply.body, act->reply);
    ck_assert_int_eq(atomic_load(&p->seen[2]), act->stage == AT_DOT);
    ck_assert_int_eq(atomic_load(&p->connections), 1);
    call_done(&first);
    call_done(&last);
    peer_stop(p);
}

START_TEST(a_mail_is_the_servers_only_after_its_end_and_is_never_offered_again)
{
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
        act = &acts[i];
        check_act(1);
        if (act->stage >= AT_MAIL) /* on a kept connection too */
            check_act(2);
    }
}
END_TEST

START_TEST(a_mail_of_any_size_is_accepted_once)
{
    static const size_t sizes[] = { 1, 100, 16384, 100000, 1 << 20 };
    struct peer *p = peer_start(serve_mail, NULL);

    calls_open(1);
    for (int i = 0; i < 5; i++) {
        struct call c = call_mail(p, i, sizes[i]);

        ck_assert_reach(call_carry(&c), REACH_ANSWERED);
        ck_assert_int_eq(c.reply.status, 250);
        ck_assert_str_eq(c.reply.body, "250 queued as 4711\r\n");
        ck_assert_int_eq(atomic_load(&p->seen[i]), 1);
        call_done(&c);
    }
    ck_assert_int_eq(atomic_load(&p->connections), 1);
    calls_close();
    peer_stop(p);
}
END_TEST

START_TEST(silence_at_the_dot_is_unclear_when_the_time_is_up)
{
    struct peer *p = peer_start(serve_mail, NULL);
    struct call c = call_mail(p, 1, 1000);

    thinks = true;
    sem_init(&may_accept, 0, 0);
    c.what.timeout_ms = 2000;
    calls_open(1);
    ck_assert_reach(call_carry(&c), REACH_UNCLEAR);
    ck_assert_int_eq(atomic_load(&p->seen[1]), 1);
    calls_close();
    call_done(&c);
    peer_stop(p);
}
END_TEST

/* ---- who waits for whom ---- */

#define MAILS 100

START_TEST(a_server_that_thinks_holds_no_other_provider)
{
    struct peer *mail = peer_start(serve_mail, NULL), *web = peer_start(visit_serve, NULL);
    struct call mails[5], calls[50];

    thinks = true;
    sem_init(&may_accept, 0, 0);
    calls_open(55);
    for (int i = 0; i < 5; i++) {
        mails[i] = call_mail(mail, i, 1000);
        mails[i].what.timeout_ms = 600000;
    }
    calls_start(mails, 5);
    while (atomic_load(&thinking) < 5)
        transport_run(transport, -1, 10);
    for (int i = 0; i < 50; i++)
        calls[i] = call_to(web, i);
    calls_carry(calls, 50);
    ck_assert_uint_eq(calls_that(calls, 50, REACH_ANSWERED), 50);
    ck_assert_uint_eq(transport_in_flight(transport), 5);
    for (int i = 0; i < 5; i++)
        sem_post(&may_accept);
    calls_await(mails, 5, 5);
    ck_assert_uint_eq(calls_that(mails, 5, REACH_ANSWERED), 5);
    calls_close();
    for (int i = 0; i < 50; i++)
        call_done(&calls[i]);
    for (int i = 0; i < 5; i++)
        call_done(&mails[i]);
    peer_stop(mail);
    peer_stop(web);
}
END_TEST

START_TEST(mails_go_side_by_side_over_a_bounded_number_of_connections)
{
    struct peer *p = peer_start(serve_mail, NULL);
    struct call calls[MAILS];

    thinks = true;
    sem_init(&may_accept, 0, 0);
    calls_open(MAILS);
    for (int i = 0; i < MAILS; i++) {
        calls[i] = call_mail(p, i, 1000);
        calls[i].what.timeout_ms = 600000;
    }
    calls_start(calls, MAILS);
    while (atomic_load(&thinking) < CONNECTIONS) /* so many are under way at once */
        transport_run(transport, -1, 10);
    ck_assert_uint_eq(transport_room(transport, calls[0].url, CONNECTIONS), 0);
    for (int i = 0; i < MAILS; i++)
        sem_post(&may_accept);
    calls_await(calls, MAILS, MAILS);
    ck_assert_uint_eq(calls_that(calls, MAILS, REACH_ANSWERED), MAILS);
    ck_assert_int_eq(atomic_load(&p->connections), CONNECTIONS);
    calls_close();
    for (int i = 0; i < MAILS; i++) {
        ck_assert_int_eq(atomic_load(&p->seen[i]), 1);
        call_done(&calls[i]);
    }
    peer_stop(p);
}
END_TEST

START_TEST(a_mail_that_has_ended_ends_the_wait)
{
    struct peer *p = peer_start(serve_mail, NULL);
    struct call c = call_mail(p, 1, 1000);

    calls_open(1);
    calls_start(&c, 1);
    while (atomic_load(&p->connections) == 0)
        transport_run(transport, -1, 1);
    transport_run(transport, -1, 3600 * 1000); /* else Check's limit ends it */
    calls_await(&c, 1, 1);
    ck_assert_reach(&c.reply, REACH_ANSWERED);
    calls_close();
    call_done(&c);
    peer_stop(p);
}
END_TEST

START_TEST(mails_one_after_the_other_share_a_connection)
{
    struct peer *p = peer_start(serve_mail, NULL);

    calls_open(4);
    for (int i = 0; i < 50; i++) {
        struct call c = call_mail(p, i, 1000);

        ck_assert_reach(call_carry(&c), REACH_ANSWERED);
        call_done(&c);
    }
    ck_assert_int_eq(atomic_load(&p->connections), 1);
    calls_close();
    peer_stop(p);
}
END_TEST

START_TEST(there_is_room_for_as_many_mails_as_connections_whatever_they_wait_for)
{
    struct peer *p = peer_start(serve_mail, NULL);
    struct call calls[3];

    calls_open(3);
    for (int i = 0; i < 3; i++)
        calls[i] = call_mail(p, i, 1000);
    ck_assert_uint_eq(transport_room(transport, calls[0].url, 4), 4);
    ck_assert(transport_room(transport, "https://" HOST, 4) == SIZE_MAX);
    calls_start(calls, 3); /* whose address is not there yet */
    ck_assert_uint_eq(transport_room(transport, calls[0].url, 4), 1);
    ck_assert_uint_eq(transport_room(transport, calls[0].url, 2), 0);
    ck_assert_uint_eq(transport_room(transport, "smtp://other.test", 4), 4);
    calls_await(calls, 3, 3);
    ck_assert_uint_eq(calls_that(calls, 3, REACH_ANSWERED), 3);
    ck_assert_uint_eq(transport_room(transport, calls[0].url, 4), 4);
    calls_close();
    for (int i = 0; i < 3; i++)
        call_done(&calls[i]);
    peer_stop(p);
}
END_TEST

START_TEST(a_silent_server_holds_no_mail_for_another)
{
    struct peer *silent = peer_start(keep_silent, NULL), *good = peer_start(serve_mail, NULL);
    struct call mails[CONNECTIONS], others[10];

    calls_open(CONNECTIONS + 10);
    for (int i = 0; i < CONNECTIONS; i++) {
        mails[i] = call_mail(silent, i, 1000);
        mails[i].what.timeout_ms = 2000;
    }
    calls_start(mails, CONNECTIONS);
    for (int i = 0; i < 10; i++)
        others[i] = call_mail(good, i, 1000);
    calls_carry(others, 10);
    ck_assert_uint_eq(calls_that(others, 10, REACH_ANSWERED), 10);
    calls_await(mails, CONNECTIONS, CONNECTIONS);
    ck_assert_uint_eq(calls_that(mails, CONNECTIONS, REACH_NOT_SENT), CONNECTIONS);
    calls_close();
    for (int i = 0; i < CONNECTIONS; i++)
        call_done(&mails[i]);
    for (int i = 0; i < 10; i++)
        call_done(&others[i]);
    peer_stop(silent);
    peer_stop(good);
}
END_TEST

#define TIMEOUT_MS 2000

/* The server says yes only when the waiting mail has waited for longer than its own time. */
START_TEST(the_time_of_a_mail_that_waits_for_a_connection_begins_when_it_departs)
{
    struct peer *p = peer_start(serve_mail, NULL);
    struct call calls[2];
    int64_t until_ms;

    thinks = true;
    sem_init(&may_accept, 0, 0);
    calls_open(2);
    for (int i = 0; i < 2; i++) {
        calls[i] = call_mail(p, i, 1000);
        calls[i].limits.connections = 1;
    }
    calls[0].what.timeout_ms = 600000;
    calls[1].what.timeout_ms = TIMEOUT_MS;
    calls_start(calls, 2);
    until_ms = clock_mono_ms() + TIMEOUT_MS * 5 / 4;
    while (clock_mono_ms() < until_ms)
        transport_run(transport, -1, 10);
    ck_assert_int_eq(atomic_load(&thinking), 1);
    sem_post(&may_accept);
    sem_post(&may_accept);
    calls_await(calls, 2, 2);
    ck_assert_uint_eq(calls_that(calls, 2, REACH_ANSWERED), 2);
    ck_assert_int_eq(atomic_load(&p->connections), 1);
    calls_close();
    for (int i = 0; i < 2; i++)
        call_done(&calls[i]);
    peer_stop(p);
}
END_TEST

START_TEST(where_no_further_thread_can_be_had_those_that_there_are_carry_all)
{
    struct peer *p = peer_start(serve_mail, NULL);
    struct call calls[MAILS];

    calls_open(MAILS);
    for (int i = 0; i < MAILS; i++) {
        calls[i] = call_mail(p, i, 1000);
        snprintf(calls[i].url, sizeof calls[i].url, "smtp://127.0.0.1:%d", p->port);
    }
    threads_to_have = 2;
    calls_start(calls, MAILS);
    ck_assert_uint_eq(transport_room(transport, calls[0].url, CONNECTIONS), 0);
    for (size_t ended = 1; ended <= MAILS; ended++) {
        threads_to_have = 0;
        calls_await(calls, MAILS, ended);
    }
    ck_assert_uint_eq(calls_that(calls, MAILS, REACH_ANSWERED), MAILS);
    ck_assert_int_eq(atomic_load(&p->connections), 2);
    ck_assert_uint_eq(transport_room(transport, calls[0].url, CONNECTIONS), 3);
    calls_close();
    for (int i = 0; i < MAILS; i++)
        call_done(&calls[i]);
    peer_stop(p);
}
END_TEST

START_TEST(where_no_thread_can_be_had_a_mail_is_not_sent)
{
    struct peer *p = peer_start(serve_mail, NULL);
    struct call first = call_mail(p, 1, 1000), second = call_mail(p, 2, 1000);

    calls_open(1);
    snprintf(first.url, sizeof first.url, "smtp://127.0.0.1:%d", p->port);
    snprintf(second.url, sizeof second.url, "smtp://127.0.0.1:%d", p->port);
    threads_to_have = 0;
    ck_assert_reach(call_carry(&first), REACH_NOT_SENT);
    threads_to_have = INT_MAX;
    ck_assert_reach(call_carry(&second), REACH_ANSWERED);
    ck_assert_uint_eq(transport_room(transport, second.url, CONNECTIONS), CONNECTIONS);
    calls_close();
    call_done(&first);
    call_done(&second);
    peer_stop(p);
}
END_TEST

START_TEST(the_end_waits_for_no_mail_server)
{
    struct peer *p = peer_start(serve_mail, NULL);
    struct call calls[MAILS];

    thinks = true;
    sem_init(&may_accept, 0, 0);
    calls_open(MAILS);
    for (int i = 0; i < MAILS; i++) {
        calls[i] = call_mail(p, i, 1000);
        calls[i].what.timeout_ms = 600000;
    }
    calls_start(calls, MAILS);
    while (atomic_load(&thinking) < CONNECTIONS)
        transport_run(transport, -1, 10);
    calls_close();
    for (int i = 0; i < MAILS; i++)
        call_done(&calls[i]);
    peer_stop(p);
}
END_TEST

CALLS_SUITE("mail", a_mail_is_the_servers_only_after_its_end_and_is_never_offered_again,
            a_mail_of_any_size_is_accepted_once, silence_at_the_dot_is_unclear_when_the_time_is_up,
            a_server_that_thinks_holds_no_other_provider,
            mails_go_side_by_side_over_a_bounded_number_of_connections,
            a_mail_that_has_ended_ends_the_wait, mails_one_after_the_other_share_a_connection,
            there_is_room_for_as_many_mails_as_connections_whatever_they_wait_for,
            a_silent_server_holds_no_mail_for_another,
            the_time_of_a_mail_that_waits_for_a_connection_begins_when_it_departs,
            where_no_further_thread_can_be_had_those_that_there_are_carry_all,
            where_no_thread_can_be_had_a_mail_is_not_sent, the_end_waits_for_no_mail_server)
