/* calls - transfers of a test, carried by one transport. */
#include "tests/integration/calls.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/log.h"

#define TURN_MS 50
#define TIMEOUT_MS 30000

/* ---- the resolver ---- */

atomic_int resolver_asked;
sem_t resolver_may_answer;

/* Seen by libcurl as well: a library takes the program's symbol first. */
__attribute__((visibility("default"))) int getaddrinfo(const char *host, const char *service,
                                                       const struct addrinfo *hints,
                                                       struct addrinfo **out)
{
    struct {
        struct addrinfo info;
        struct sockaddr_in address;
    } * a;
    size_t len = strlen(host);

    atomic_fetch_add(&resolver_asked, 1);
    if (strcmp(host, "hangs.test") == 0)
        sem_wait(&resolver_may_answer);
    if (strcmp(host, "nowhere.test") == 0 || len < 5 || strcmp(host + len - 5, ".test") != 0)
        return EAI_NONAME;
    if ((a = calloc(1, sizeof *a)) == NULL)
        abort();
    a->address.sin_family = AF_INET;
    a->address.sin_port = htons((uint16_t)(service == NULL ? 0 : atoi(service)));
    a->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    a->info.ai_family = AF_INET;
    a->info.ai_socktype = SOCK_STREAM;
    a->info.ai_addrlen = sizeof a->address;
    a->info.ai_addr = (struct sockaddr *)&a->address;
    *out = &a->info;
    return 0;
}

/* ---- the transport ---- */

struct transport *transport;

void calls_open(int most)
{
    transport = transport_new(most);
}

void calls_close(void)
{
    transport_free(transport);
    transport = NULL;
}

static const struct transfer_limits usual_limits = { .connect_ms = TIMEOUT_MS,
                                                     .ca_bundle = "",
                                                     .connections = CONNECTIONS };

struct call call_url(const char *scheme_and_host, int port, int id)
{
    struct call c = {
        .limits = usual_limits,
        .what = { .kind = TRANSFER_HTTP, .body = "hello", .body_len = 5, .timeout_ms = TIMEOUT_MS }
    };

    snprintf(c.url, sizeof c.url, "%s:%d/%d", scheme_and_host, port, id);
    return c;
}

struct call call_to(const struct peer *p, int id)
{
    return call_url("http://" HOST, p->port, id);
}

struct call call_mail(const struct peer *p, int id, size_t bytes)
{
    struct call c = call_url("smtp://" HOST, p->port, 0);
    char *body = arena_alloc(&c.mem, bytes + 64);
    int head;

    head = sprintf(body, "Subject: /%d\r\n\r\n", id);
    for (size_t i = (size_t)head; i < bytes; i++)
        body[i] = "a line of the mail\r\n"[(i - (size_t)head) % 20];
    c.what.kind = TRANSFER_SMTP;
    c.what.body = body;
    c.what.body_len = bytes > (size_t)head ? bytes : (size_t)head;
    c.what.mail_from = "notices@example.com";
    c.what.mail_to = "ada@example.com";
    c.what.starttls = STARTTLS_OFF;
    return c;
}

void calls_start(struct call calls[], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        calls[i].what.url = calls[i].url;
        calls[i].what.limits = &calls[i].limits;
        transport_start(transport, &calls[i].what, &calls[i]);
    }
}

static struct arena *memory_of(void *owner)
{
    return &((struct call *)owner)->mem;
}

static void turn(void)
{
    struct reply reply;
    void *owner;

    transport_run(transport, -1, TURN_MS);
    while (transport_next(transport, &owner, memory_of, &reply)) {
        struct call *c = owner;

        ck_assert(!c->has_ended);
        c->has_ended = true;
        c->reply = reply;
    }
}

void calls_await(const struct call calls[], size_t n, size_t ended)
{
    for (;;) {
        size_t now = 0;

        for (size_t i = 0; i < n; i++)
            now += calls[i].has_ended;
        if (now >= ended)
            return;
        turn();
    }
}

void calls_carry(struct call calls[], size_t n)
{
    calls_start(calls, n);
    calls_await(calls, n, n);
}

struct reply *call_carry(struct call *c)
{
    calls_carry(c, 1);
    return &c->reply;
}

void call_done(struct call *c)
{
    arena_done(&c->mem);
}

size_t calls_that(const struct call calls[], size_t n, enum reach reach)
{
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        count += calls[i].has_ended && calls[i].reply.reach == reach;
    return count;
}

const char *reach_name(int reach)
{
    static const char *const names[] = { [REACH_ANSWERED] = "answered",
                                         [REACH_NOT_SENT] = "not sent",
                                         [REACH_UNCLEAR] = "unclear",
                                         [REACH_CREDENTIALS] = "credentials",
                                         [REACH_REFUSED] = "refused" };

    return names[reach];
}

long resident_kib(void)
{
    FILE *f = fopen("/proc/self/statm", "r");
    long total, resident;

    ck_assert(f != NULL && fscanf(f, "%ld %ld", &total, &resident) == 2);
    fclose(f);
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

int calls_main(const char *name, const TTest *const tests[], size_t n)
{
    TCase *tc = tcase_create(name);
    Suite *s = suite_create(name);
    SRunner *sr = srunner_create(s);

    log_open("test", LEVEL_ERROR, LOG_TEXT);
    signal(SIGPIPE, SIG_IGN);
    sem_init(&resolver_may_answer, 0, 0);
    if (!transport_library_init())
        return 1;
    tcase_set_timeout(tc, 60);
    for (size_t i = 0; i < n; i++)
        tcase_add_test(tc, tests[i]);
    suite_add_tcase(s, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    srunner_free(sr);
    return 0;
}
