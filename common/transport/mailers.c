/* mailers - threads that hand mails to one mail server. */
#include "common/transport/mailers.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "common/base/clock.h"
#include "common/base/log.h"

/* Of the usual 8 MiB; musl's threads have 128 KiB, and libcurl runs there too. */
#define STACK_BYTES (256u << 10)

struct mailers {
    struct sockets *wake;
    pthread_t *threads; /* these four are the owner's */
    int n_threads;
    int n_busy;
    bool is_short; /* the last thread that was asked for could not be had */
    atomic_bool is_closing;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    struct wagon *given, *ended; /* not yet begun; not yet fetched */
};

static void push(struct wagon **list, struct wagon *w)
{
    w->next = *list;
    *list = w;
}

static struct wagon *pop(struct wagon **list)
{
    struct wagon *w = *list;

    if (w != NULL)
        *list = w->next;
    return w;
}

/* ---- a thread ---- */

/* libcurl asks at least once a second, in its waits too. */
static int must_stop(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    struct mailers *m = arg;

    return atomic_load(&m->is_closing);
}

static void carry(struct mailers *m, CURL *easy, struct wagon *w)
{
    wagon_load(w, easy, clock_mono_ms());
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, must_stop);
    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, m);
    /* In whole seconds, rounded up; what it adds to the limits of the wagon is one for QUIT. */
    curl_easy_setopt(easy, CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)w->what->timeout_ms / 1000 + 1);
    wagon_unload(w, curl_easy_perform(easy));
}

/* Without a word: the answer to a QUIT would be waited for. */
static void hang_up(CURL *easy)
{
    curl_socket_t fd = CURL_SOCKET_BAD;

    curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &fd);
    if (fd != CURL_SOCKET_BAD)
        shutdown(fd, SHUT_RDWR);
    curl_easy_cleanup(easy);
}

static void *run(void *arg)
{
    struct mailers *m = arg;
    CURL *easy = curl_easy_init();
    struct wagon *w;

    if (easy == NULL)
        abort();
    pthread_mutex_lock(&m->lock);
    while (!atomic_load(&m->is_closing)) {
        if ((w = pop(&m->given)) == NULL) {
            pthread_cond_wait(&m->changed, &m->lock);
            continue;
        }
        pthread_mutex_unlock(&m->lock);
        carry(m, easy, w);
        pthread_mutex_lock(&m->lock);
        push(&m->ended, w);
        sockets_ring(m->wake);
    }
    pthread_mutex_unlock(&m->lock);
    hang_up(easy);
    return NULL;
}

/* ---- the owner ---- */

struct mailers *mailers_new(struct sockets *wake)
{
    struct mailers *m = calloc(1, sizeof *m);

    if (m == NULL)
        abort();
    m->wake = wake;
    pthread_mutex_init(&m->lock, NULL);
    pthread_cond_init(&m->changed, NULL);
    return m;
}

void mailers_free(struct mailers *m)
{
    if (m == NULL)
        return;
    pthread_mutex_lock(&m->lock);
    atomic_store(&m->is_closing, true);
    pthread_cond_broadcast(&m->changed);
    pthread_mutex_unlock(&m->lock);
    for (int i = 0; i < m->n_threads; i++)
        pthread_join(m->threads[i], NULL);
    pthread_cond_destroy(&m->changed);
    pthread_mutex_destroy(&m->lock);
    free(m->threads);
    free(m);
}

static bool create_thread(struct mailers *m)
{
    pthread_attr_t attr;
    bool created;

    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    created = pthread_create(&m->threads[m->n_threads], &attr, run, m) == 0;
    pthread_attr_destroy(&attr);
    return created;
}

static void add_thread(struct mailers *m)
{
    bool was_short = m->is_short;

    m->threads = realloc(m->threads, ((size_t)m->n_threads + 1) * sizeof *m->threads);
    if (m->threads == NULL)
        abort();
    m->is_short = !create_thread(m);
    if (!m->is_short)
        m->n_threads++;
    else if (!was_short)
        log_warn("mailers.no_thread", NUM("threads", m->n_threads));
}

/* One more than there are is asked for now and then. */
int mailers_most(const struct mailers *m, int most)
{
    return m->is_short && m->n_threads + 1 < most ? m->n_threads + 1 : most;
}

int mailers_busy(const struct mailers *m)
{
    return m->n_busy;
}

bool mailers_take(struct mailers *m, struct wagon *w)
{
    if (m->n_busy >= m->n_threads) /* else one is idle, or just coming back */
        add_thread(m);
    if (m->n_threads == 0)
        return false;
    m->n_busy++;
    pthread_mutex_lock(&m->lock);
    push(&m->given, w);
    pthread_cond_signal(&m->changed);
    pthread_mutex_unlock(&m->lock);
    return true;
}

struct wagon *mailers_next(struct mailers *m)
{
    struct wagon *w;

    pthread_mutex_lock(&m->lock);
    w = pop(&m->ended);
    pthread_mutex_unlock(&m->lock);
    m->n_busy -= w != NULL;
    return w;
}
