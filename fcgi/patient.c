/* patient - gathering slow requests, without reading what they say. */
#include "fcgi/patient.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "fcgi/records.h"

#define LEAVE_MS 2000
#define CHUNK_BYTES 65536

struct guest {
    int fd;
    int file; /* -1: leaving, its input is forgotten */
    uint64_t bytes;
    int64_t until_ms;
    struct records records;
};

struct patient {
    pthread_t thread;
    uint64_t body_max;
    int64_t timeout_ms;
    int wake, ready; /* eventfds: for the thread; for the takers (one count a request) */
    atomic_bool stopping;
    atomic_int n_coming; /* requests that were left here and are not taken yet */
    pthread_mutex_t lock; /* guards the two queues */
    struct guest arriving[PATIENT_CONNECTIONS_MAX];
    size_t n_arriving;
    struct patient_request whole[PATIENT_CONNECTIONS_MAX];
    size_t n_whole;
    /* the thread's own */
    struct guest guests[PATIENT_CONNECTIONS_MAX];
    size_t n_guests;
    uint64_t bytes;
};

/* ---- any thread ---- */

static void signal_fd(int fd)
{
    uint64_t one = 1;

    if (write(fd, &one, sizeof one) < 0)
        assert(errno == EAGAIN);
}

static void close_guest(struct patient *p, const struct guest *g)
{
    close(g->fd);
    if (g->file >= 0) {
        close(g->file);
        atomic_fetch_sub(&p->n_coming, 1);
    }
}

static void arrive(struct patient *p, struct guest g)
{
    bool room;

    pthread_mutex_lock(&p->lock);
    room = p->n_arriving < PATIENT_CONNECTIONS_MAX;
    if (room)
        p->arriving[p->n_arriving++] = g;
    pthread_mutex_unlock(&p->lock);
    if (room) {
        signal_fd(p->wake);
        return;
    }
    log_warn("patient.full", NUM("connections", PATIENT_CONNECTIONS_MAX));
    close_guest(p, &g);
}

void patient_wait(struct patient *p, int fd)
{
    struct guest g = { .fd = fd, .file = memfd_create("request", MFD_CLOEXEC),
                       .until_ms = clock_mono_ms() + p->timeout_ms };

    if (g.file < 0) {
        log_warn("patient.no_file", NUM("errno", errno));
        close(fd);
        return;
    }
    records_init(&g.records, p->body_max);
    atomic_fetch_add(&p->n_coming, 1);
    arrive(p, g);
}

void patient_leave(struct patient *p, int fd)
{
    shutdown(fd, SHUT_WR);
    arrive(p, (struct guest){ .fd = fd, .file = -1, .until_ms = clock_mono_ms() + LEAVE_MS });
}

int patient_fd(const struct patient *p)
{
    return p->ready;
}

bool patient_take(struct patient *p, struct patient_request *out)
{
    uint64_t count;
    bool any;

    pthread_mutex_lock(&p->lock);
    any = p->n_whole > 0;
    if (any) {
        *out = p->whole[--p->n_whole];
        atomic_fetch_sub(&p->n_coming, 1);
    }
    if (p->n_whole == 0 && read(p->ready, &count, sizeof count) < 0)
        assert(errno == EAGAIN);
    pthread_mutex_unlock(&p->lock);
    return any;
}

bool patient_expects(const struct patient *p)
{
    return atomic_load(&p->n_coming) > 0;
}

/* ---- its own thread ---- */

static void dismiss(struct patient *p, size_t i, bool closing)
{
    struct guest *g = &p->guests[i];

    if (closing)
        close_guest(p, g);
    p->bytes -= g->bytes;
    *g = p->guests[--p->n_guests];
}

static void hand_over(struct patient *p, size_t i)
{
    struct guest *g = &p->guests[i];
    bool room;

    lseek(g->file, 0, SEEK_SET);
    pthread_mutex_lock(&p->lock);
    room = p->n_whole < PATIENT_CONNECTIONS_MAX;
    if (room)
        p->whole[p->n_whole++] =
            (struct patient_request){ g->fd, g->file, g->records.state == RECORDS_OVERSIZE };
    pthread_mutex_unlock(&p->lock);
    if (room)
        signal_fd(p->ready);
    dismiss(p, i, !room);
}

/* Keeps what came; false where it cannot be kept. */
static bool keep(struct patient *p, struct guest *g, const char *bytes, size_t n)
{
    if (p->bytes + n > PATIENT_BYTES_MAX || write(g->file, bytes, n) != (ssize_t)n) {
        log_warn("patient.no_room", NUM("bytes", p->bytes));
        return false;
    }
    g->bytes += n;
    p->bytes += n;
    return true;
}

static void attend(struct patient *p, size_t i)
{
    static char chunk[CHUNK_BYTES]; /* one thread only */
    struct guest *g = &p->guests[i];
    ssize_t n = recv(g->fd, chunk, sizeof chunk, MSG_DONTWAIT);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        dismiss(p, i, true);
        return;
    }
    if (g->file < 0)
        return; /* leaving */
    if (!keep(p, g, chunk, (size_t)n)) {
        dismiss(p, i, true);
        return;
    }
    switch (records_feed(&g->records, chunk, (size_t)n)) {
    case RECORDS_PARTIAL:
        break;
    case RECORDS_WHOLE:
    case RECORDS_OVERSIZE:
        hand_over(p, i);
        break;
    case RECORDS_BAD:
        dismiss(p, i, true);
        break;
    }
}

static void welcome(struct patient *p)
{
    uint64_t count;

    if (read(p->wake, &count, sizeof count) < 0)
        assert(errno == EAGAIN);
    pthread_mutex_lock(&p->lock);
    while (p->n_arriving > 0 && p->n_guests < PATIENT_CONNECTIONS_MAX)
        p->guests[p->n_guests++] = p->arriving[--p->n_arriving];
    pthread_mutex_unlock(&p->lock);
}

static void *run(void *arg)
{
    struct patient *p = arg;
    struct pollfd fds[PATIENT_CONNECTIONS_MAX + 1];

    while (!atomic_load(&p->stopping)) {
        size_t n = p->n_guests;

        fds[n] = (struct pollfd){ .fd = p->wake, .events = POLLIN };
        for (size_t i = 0; i < n; i++)
            fds[i] = (struct pollfd){ .fd = p->guests[i].fd, .events = POLLIN };
        poll(fds, n + 1, n > 0 ? 500 : -1);
        /* Backwards, since dismissing moves the last guest into the gap. */
        for (size_t i = n; i-- > 0;) {
            if (fds[i].revents != 0)
                attend(p, i);
            else if (clock_mono_ms() >= p->guests[i].until_ms)
                dismiss(p, i, true);
        }
        welcome(p);
    }
    while (p->n_guests > 0)
        dismiss(p, 0, true);
    return NULL;
}

struct patient *patient_start(uint64_t body_max, int64_t timeout_ms)
{
    struct patient *p = calloc(1, sizeof *p);

    if (p == NULL)
        abort();
    p->body_max = body_max;
    p->timeout_ms = timeout_ms;
    p->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    p->ready = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    assert(p->wake >= 0 && p->ready >= 0);
    pthread_mutex_init(&p->lock, NULL);
    if (pthread_create(&p->thread, NULL, run, p) != 0)
        abort();
    return p;
}

void patient_stop(struct patient *p)
{
    struct patient_request left;

    atomic_store(&p->stopping, true);
    signal_fd(p->wake);
    pthread_join(p->thread, NULL);
    while (patient_take(p, &left)) {
        close(left.fd);
        close(left.source);
    }
    for (size_t i = 0; i < p->n_arriving; i++)
        close_guest(p, &p->arriving[i]);
    close(p->wake);
    close(p->ready);
    pthread_mutex_destroy(&p->lock);
    free(p);
}
