/* transport - the curl multi handle, and what waits to be given to it. */
#include "common/transport/transport.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <curl/curl.h>

#include "common/base/clock.h"
#include "common/transport/mailers.h"
#include "common/transport/names.h"
#include "common/transport/sockets.h"
#include "common/transport/wagon.h"

/* A mail server, and the threads that serve it; there are as many as the configuration names. */
struct server {
    char host[sizeof((struct origin *)0)->host];
    int port;
    struct mailers *mailers;
    int n_mails; /* of those in flight; some may wait for its address, or for a mailer */
    struct server *next;
};

struct transport {
    CURLM *multi;
    struct sockets *sockets; /* of multi */
    struct names *names;
    struct server *servers;
    struct wagon *wagons; /* all, an array */
    int most;
    struct wagon *idle;
    struct wagon *waiting, **last_waiting; /* for an address or for a mailer, the oldest first */
    struct wagon *finished, **last_finished;
    size_t in_flight;
};

/* The usual 1,024 files are fewer than the connections of two threads with 500 calls each. */
static void allow_many_sockets(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

bool transport_library_init(void)
{
    allow_many_sockets();
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

struct transport *transport_new(int most)
{
    struct transport *t = calloc(1, sizeof *t);

    if (t == NULL || (t->wagons = calloc((size_t)most, sizeof *t->wagons)) == NULL ||
        (t->multi = curl_multi_init()) == NULL)
        abort();
    t->most = most;
    t->names = names_new();
    t->sockets = sockets_new(t->multi, names_fd(t->names));
    t->last_waiting = &t->waiting;
    t->last_finished = &t->finished;
    curl_multi_setopt(t->multi, CURLMOPT_MAXCONNECTS, (long)most);
    for (int i = most; i-- > 0;) {
        wagon_init(&t->wagons[i]);
        t->wagons[i].next = t->idle;
        t->idle = &t->wagons[i];
    }
    return t;
}

void transport_free(struct transport *t)
{
    if (t == NULL)
        return;
    while (t->servers != NULL) {
        struct server *s = t->servers;

        t->servers = s->next;
        mailers_free(s->mailers);
        free(s);
    }
    for (int i = 0; i < t->most; i++) {
        if (t->wagons[i].own_easy != NULL)
            curl_multi_remove_handle(t->multi, t->wagons[i].own_easy);
        wagon_done(&t->wagons[i]);
    }
    curl_multi_cleanup(t->multi);
    sockets_free(t->sockets);
    names_free(t->names);
    free(t->wagons);
    free(t);
}

size_t transport_in_flight(const struct transport *t)
{
    return t->in_flight;
}

/* ---- starting ---- */

static void append(struct wagon ***last, struct wagon *w)
{
    w->next = NULL;
    **last = w;
    *last = &w->next;
}

static void fail(struct transport *t, struct wagon *w, CURLcode result)
{
    wagon_fail(w, result);
    append(&t->last_finished, w);
}

static struct server *find_server(const struct transport *t, const struct origin *o)
{
    struct server *s = t->servers;

    while (s != NULL && (s->port != o->port || strcmp(s->host, o->host) != 0))
        s = s->next;
    return s;
}

static struct server *server_of(struct transport *t, const struct origin *o)
{
    struct server *s = find_server(t, o);

    if (s != NULL)
        return s;
    if ((s = calloc(1, sizeof *s)) == NULL)
        abort();
    memcpy(s->host, o->host, sizeof s->host);
    s->port = o->port;
    s->mailers = mailers_new(t->sockets);
    s->next = t->servers;
    t->servers = s;
    return s;
}

size_t transport_room(const struct transport *t, const char *url, int connections)
{
    const struct server *s;
    struct origin o;
    int room;

    if (!origin_of(url, &o) || !o.is_mail)
        return SIZE_MAX;
    if ((s = find_server(t, &o)) == NULL)
        return (size_t)connections;
    room = mailers_most(s->mailers, connections) - s->n_mails;
    return room > 0 ? (size_t)room : 0;
}

/* False: all its connections are busy. */
static bool depart_mail(struct transport *t, struct wagon *w)
{
    struct mailers *m = server_of(t, &w->origin)->mailers;

    if (mailers_busy(m) >= mailers_most(m, w->what->limits->connections)) {
        w->is_put_off = true;
        return false;
    }
    if (!mailers_take(m, w)) /* from here on it is theirs */
        fail(t, w, CURLE_FAILED_INIT);
    return true;
}

/* False: it cannot leave yet. */
static bool depart(struct transport *t, struct wagon *w, int64_t now_ms)
{
    if (w->origin.is_mail)
        return depart_mail(t, w);
    if (w->own_easy == NULL && (w->own_easy = curl_easy_init()) == NULL)
        abort();
    w->sockets = t->sockets;
    wagon_load(w, w->own_easy, now_ms);
    if (curl_multi_add_handle(t->multi, w->own_easy) != CURLM_OK)
        abort();
    return true;
}

static int64_t deadline_of(const struct wagon *w, enum names_answer answer)
{
    int limit_ms = w->what->timeout_ms;

    if (answer == NAMES_COMING && w->what->limits->connect_ms < limit_ms)
        limit_ms = w->what->limits->connect_ms;
    return w->started_ms + limit_ms;
}

/* False: it still has to wait, until *until_ms at most. */
static bool send_off(struct transport *t, struct wagon *w, int64_t now_ms, int64_t *until_ms)
{
    enum names_answer answer = NAMES_FOUND;
    const char *addresses = NULL;

    if (w->is_put_off)
        w->started_ms = now_ms;
    if (!w->origin.is_address && w->resolve == NULL)
        answer = names_find(t->names, w->origin.host, now_ms, &addresses);
    if (answer == NAMES_NONE) {
        fail(t, w, CURLE_COULDNT_RESOLVE_HOST);
        return true;
    }
    *until_ms = deadline_of(w, answer);
    if (now_ms >= *until_ms) {
        fail(t, w, CURLE_OPERATION_TIMEDOUT);
        return true;
    }
    if (addresses != NULL)
        wagon_resolve(w, addresses);
    return answer == NAMES_FOUND && depart(t, w, now_ms);
}

void transport_start(struct transport *t, const struct transfer *what, void *owner)
{
    int64_t now_ms = clock_mono_ms(), until_ms;
    struct wagon *w = t->idle;

    if (w == NULL)
        abort(); /* the caller keeps to `most` */
    t->idle = w->next;
    t->in_flight++;
    if (!wagon_begin(w, what, owner, now_ms) || what->kind == TRANSFER_NONE) {
        append(&t->last_finished, w);
        return;
    }
    if (w->origin.is_mail)
        server_of(t, &w->origin)->n_mails++;
    if (!send_off(t, w, now_ms, &until_ms))
        append(&t->last_waiting, w);
}

/* ---- running ---- */

/* The time at which the first that still waits must be looked at again. */
static int64_t send_waiting(struct transport *t, int64_t now_ms)
{
    struct wagon *list = t->waiting;
    int64_t first_ms = INT64_MAX;

    t->waiting = NULL;
    t->last_waiting = &t->waiting;
    while (list != NULL) {
        struct wagon *w = list;
        int64_t until_ms;

        list = w->next;
        if (send_off(t, w, now_ms, &until_ms))
            continue;
        append(&t->last_waiting, w);
        if (until_ms < first_ms)
            first_ms = until_ms;
    }
    return first_ms;
}

static void collect(struct transport *t)
{
    CURLMsg *m;
    int left;

    while ((m = curl_multi_info_read(t->multi, &left)) != NULL) {
        CURLcode result = m->data.result; /* *m is gone once the handle is removed */
        CURL *easy = m->easy_handle;
        char *private = NULL;
        struct wagon *w;

        curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private);
        w = (struct wagon *)(void *)private;
        curl_multi_remove_handle(t->multi, easy);
        wagon_unload(w, result);
        append(&t->last_finished, w);
    }
}

static void collect_mail(struct transport *t)
{
    struct wagon *w;

    for (struct server *s = t->servers; s != NULL; s = s->next) {
        while ((w = mailers_next(s->mailers)) != NULL)
            append(&t->last_finished, w);
    }
}

/* How long nothing needs to be done, but for what sockets bring. */
static int move(struct transport *t, int wait_ms)
{
    int64_t now_ms = clock_mono_ms(), until_ms;

    collect_mail(t); /* which makes room for another */
    names_gather(t->names, now_ms);
    until_ms = send_waiting(t, now_ms);
    sockets_tick(t->sockets);
    collect(t);
    if (t->finished != NULL)
        return 0;
    return until_ms - now_ms < wait_ms ? (int)(until_ms - now_ms) : wait_ms;
}

void transport_run(struct transport *t, int extra_fd, int wait_ms)
{
    wait_ms = move(t, wait_ms);
    sockets_wait(t->sockets, extra_fd, wait_ms);
    move(t, 0);
}

bool transport_next(struct transport *t, void **owner, struct arena *(*mem_of)(void *owner),
                    struct reply *out)
{
    struct wagon *w = t->finished;

    if (w == NULL)
        return false;
    t->finished = w->next;
    if (t->finished == NULL)
        t->last_finished = &t->finished;
    if (transfer_is_mail(w->what) && w->origin.is_mail)
        server_of(t, &w->origin)->n_mails--;
    *out = wagon_reply(w, mem_of(w->owner));
    *owner = w->owner;
    w->next = t->idle;
    t->idle = w;
    t->in_flight--;
    return true;
}
