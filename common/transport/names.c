/* names - look-ups of host names, in threads of their own. */
#include "common/transport/names.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/log.h"

#define ADDRESSES_BYTES 512 /* ten IPv6 addresses; a provider needs no more */

/* Its thread and its name hold it; whoever lets go last frees it. */
struct lookup {
    atomic_int holders;
    atomic_bool has_ended;
    int bell;  /* the thread's own, so that it rings even where nobody listens any more */
    int fault; /* of getaddrinfo */
    char addresses[ADDRESSES_BYTES];
    char host[];
};

struct name {
    char *host;
    char addresses[ADDRESSES_BYTES]; /* "": none */
    int64_t renew_ms, stale_ms;
    struct lookup *running;
    struct name *next;
};

struct names {
    int bell; /* an eventfd */
    struct name *all;
};

/* ---- the thread ---- */

static void let_go(struct lookup *l)
{
    if (atomic_fetch_sub(&l->holders, 1) == 1)
        free(l);
}

/* "a,[b],c", as many as have room. */
static void write_addresses(const struct addrinfo *list, char out[ADDRESSES_BYTES])
{
    char host[NI_MAXHOST];
    size_t used = 0;

    out[0] = '\0';
    for (const struct addrinfo *a = list; a != NULL; a = a->ai_next) {
        bool v6 = a->ai_family == AF_INET6;

        if (getnameinfo(a->ai_addr, a->ai_addrlen, host, sizeof host, NULL, 0, NI_NUMERICHOST) != 0)
            continue;
        if (used + strlen(host) + sizeof ",[]" > ADDRESSES_BYTES)
            return;
        used += (size_t)snprintf(out + used, ADDRESSES_BYTES - used, "%s%s%s%s",
                                 used == 0 ? "" : ",", v6 ? "[" : "", host, v6 ? "]" : "");
    }
}

static void *look_up(void *arg)
{
    static const struct addrinfo hints = { .ai_flags = AI_ADDRCONFIG, .ai_socktype = SOCK_STREAM };
    struct lookup *l = arg;
    struct addrinfo *list = NULL;

    l->fault = getaddrinfo(l->host, NULL, &hints, &list);
    if (l->fault == 0) {
        write_addresses(list, l->addresses);
        freeaddrinfo(list);
    }
    atomic_store(&l->has_ended, true);
    if (eventfd_write(l->bell, 1) != 0) /* the counter is full: it rings already */
        errno = 0;
    close(l->bell);
    let_go(l);
    return NULL;
}

static bool start_thread(struct lookup *l)
{
    pthread_attr_t attr;
    pthread_t thread;
    bool started;

    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    started = pthread_create(&thread, &attr, look_up, l) == 0;
    pthread_attr_destroy(&attr);
    return started;
}

/* ---- the owner ---- */

static void begin(struct names *n, struct name *it, int64_t now_ms)
{
    size_t bytes = strlen(it->host) + 1;
    struct lookup *l = calloc(1, sizeof *l + bytes);

    if (l == NULL)
        abort();
    memcpy(l->host, it->host, bytes);
    atomic_init(&l->holders, 2);
    l->bell = fcntl(n->bell, F_DUPFD_CLOEXEC, 0);
    if (l->bell >= 0 && start_thread(l)) {
        it->running = l;
        return;
    }
    log_warn("lookup.no_thread", STR("host", it->host));
    it->renew_ms = now_ms + NAMES_FAILED_MS;
    if (l->bell >= 0)
        close(l->bell);
    free(l);
}

static void settle(struct name *it, int64_t now_ms)
{
    struct lookup *l = it->running;

    it->running = NULL;
    if (l->fault == 0 && l->addresses[0] != '\0') {
        memcpy(it->addresses, l->addresses, sizeof it->addresses);
        it->renew_ms = now_ms + NAMES_FRESH_MS;
        it->stale_ms = now_ms + NAMES_STALE_MS;
    } else {
        log_warn("lookup.failed", STR("host", it->host), STR("why", gai_strerror(l->fault)));
        it->renew_ms = now_ms + NAMES_FAILED_MS;
    }
    let_go(l);
}

static struct name *find_or_add(struct names *n, const char *host)
{
    struct name *it = n->all;

    while (it != NULL && strcmp(it->host, host) != 0)
        it = it->next;
    if (it != NULL)
        return it;
    it = calloc(1, sizeof *it);
    if (it == NULL || (it->host = strdup(host)) == NULL)
        abort();
    it->next = n->all;
    n->all = it;
    return it;
}

struct names *names_new(void)
{
    struct names *n = calloc(1, sizeof *n);

    if (n == NULL || (n->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0)
        abort();
    return n;
}

void names_free(struct names *n)
{
    if (n == NULL)
        return;
    while (n->all != NULL) {
        struct name *it = n->all;

        n->all = it->next;
        if (it->running != NULL)
            let_go(it->running);
        free(it->host);
        free(it);
    }
    close(n->bell);
    free(n);
}

int names_fd(const struct names *n)
{
    return n->bell;
}

void names_gather(struct names *n, int64_t now_ms)
{
    eventfd_t rung;

    if (eventfd_read(n->bell, &rung) != 0)
        return; /* nobody has rung */
    for (struct name *it = n->all; it != NULL; it = it->next) {
        if (it->running != NULL && atomic_load(&it->running->has_ended))
            settle(it, now_ms);
    }
}

enum names_answer names_find(struct names *n, const char *host, int64_t now_ms,
                             const char **addresses)
{
    struct name *it = find_or_add(n, host);

    if (it->running == NULL && now_ms >= it->renew_ms)
        begin(n, it, now_ms);
    if (it->addresses[0] != '\0' && now_ms < it->stale_ms) {
        *addresses = it->addresses;
        return NAMES_FOUND;
    }
    return it->running != NULL ? NAMES_COMING : NAMES_NONE;
}
