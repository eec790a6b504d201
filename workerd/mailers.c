/* mailers - threads that hand mails to one mail server. */
#include "workerd/mailers.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "common/base/clock.h"

struct mailers {
    CURLM *wake;
    atomic_bool is_closing;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    struct wagon *given, *ended; /* not yet begun; not yet fetched */
    int n_given, n_idle, n_threads;
    pthread_t threads[MAILERS_MOST];
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
            m->n_idle++;
            pthread_cond_wait(&m->changed, &m->lock);
            m->n_idle--;
            continue;
        }
        m->n_given--;
        pthread_mutex_unlock(&m->lock);
        carry(m, easy, w);
        pthread_mutex_lock(&m->lock);
        push(&m->ended, w);
        curl_multi_wakeup(m->wake);
    }
    pthread_mutex_unlock(&m->lock);
    hang_up(easy);
    return NULL;
}

/* ---- the owner ---- */

struct mailers *mailers_new(CURLM *wake)
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
    free(m);
}

/* With the lock held. */
static bool has_room(struct mailers *m)
{
    if (m->n_given < m->n_idle)
        return true;
    if (m->n_threads == MAILERS_MOST ||
        pthread_create(&m->threads[m->n_threads], NULL, run, m) != 0)
        return false;
    m->n_threads++;
    return true;
}

bool mailers_take(struct mailers *m, struct wagon *w)
{
    bool takes;

    pthread_mutex_lock(&m->lock);
    takes = has_room(m);
    if (takes) {
        push(&m->given, w);
        m->n_given++;
        pthread_cond_signal(&m->changed);
    }
    pthread_mutex_unlock(&m->lock);
    return takes;
}

struct wagon *mailers_next(struct mailers *m)
{
    struct wagon *w;

    pthread_mutex_lock(&m->lock);
    w = pop(&m->ended);
    pthread_mutex_unlock(&m->lock);
    return w;
}
