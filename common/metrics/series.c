/* series - an array of series, found by hashing, in memory that may be shared. */
#include "common/metrics/series.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FREE, BUSY, READY };

#define BUSY_LOOKS 1000 /* at a series that is being made: then whoever made it is dead */
#define OPEN_TRIES 100

struct memory {
    _Atomic uint64_t layout;
    struct series series[SERIES_MOST];
};
struct series_store {
    struct memory *memory;
    int fd; /* -1: private */
    char *name;
};

uint64_t series_hash(uint64_t hash, const void *data, size_t len)
{
    const unsigned char *p = data;

    if (hash == 0)
        hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ p[i]) * UINT64_C(0x100000001b3);
    return hash;
}

/* ---- opening ---- */

static struct series_store *store_new(void *memory, int fd, const char *name)
{
    struct series_store *s = calloc(1, sizeof *s);

    if (s == NULL)
        abort();
    s->memory = memory;
    s->fd = fd;
    s->name = name != NULL ? strdup(name) : NULL;
    return s;
}

struct series_store *series_new(void)
{
    void *memory = calloc(1, sizeof(struct memory));

    if (memory == NULL)
        abort();
    return store_new(memory, -1, NULL);
}

/* Whether the name still leads to what fd is: the last one to go may just have taken it away. */
static bool is_current(int fd, const char *name)
{
    struct stat ours, now;
    int other = shm_open(name, O_RDONLY, 0);
    bool same = other >= 0 && fstat(fd, &ours) == 0 && fstat(other, &now) == 0 &&
                ours.st_ino == now.st_ino && ours.st_dev == now.st_dev;

    if (other >= 0)
        close(other);
    return same;
}

/* NULL: of another layout, or it cannot be mapped. */
static struct memory *map(int fd, uint64_t layout)
{
    struct stat st;
    struct memory *m;
    uint64_t found = 0;

    if (fstat(fd, &st) != 0 || (st.st_size != 0 && st.st_size != (off_t)sizeof *m) ||
        ftruncate(fd, (off_t)sizeof *m) != 0)
        return NULL;
    m = mmap(NULL, sizeof *m, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (m == MAP_FAILED)
        return NULL;
    if (atomic_compare_exchange_strong(&m->layout, &found, layout) || found == layout)
        return m;
    munmap(m, sizeof *m);
    return NULL;
}

/* Held for as long as the memory is in use: the kernel lets go of it for a process that dies. */
static int open_held(const char *name)
{
    int fd = shm_open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd >= 0 && flock(fd, LOCK_SH) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

enum status series_open(const char *name, uint64_t layout, struct series_store **out,
                        struct error *err)
{
    for (int i = 0; i < OPEN_TRIES; i++) {
        int fd = open_held(name);
        struct memory *m;

        if (fd < 0)
            return error_set(err, ST_UNAVAILABLE, "metrics: shared memory %s: %s", name, strerror(errno));
        m = is_current(fd, name) ? map(fd, layout) : NULL;
        if (m != NULL) {
            *out = store_new(m, fd, name);
            return ST_OK;
        }
        if (is_current(fd, name))
            shm_unlink(name); /* who still uses it keeps it */
        close(fd);
    }
    return error_set(err, ST_UNAVAILABLE, "metrics: shared memory %s cannot be used", name);
}

void series_close(struct series_store *s)
{
    if (s == NULL)
        return;
    if (s->fd < 0) {
        free(s->memory);
    } else {
        if (flock(s->fd, LOCK_EX | LOCK_NB) == 0 && is_current(s->fd, s->name))
            shm_unlink(s->name);
        munmap(s->memory, sizeof *s->memory);
        close(s->fd);
    }
    free(s->name);
    free(s);
}

/* ---- finding ---- */

/* The state once whoever is making it is done, or seems to have died over it. */
static uint32_t settled_state(struct series *e)
{
    uint32_t state = atomic_load_explicit(&e->state, memory_order_acquire);

    for (int i = 0; state == BUSY && i < BUSY_LOOKS; i++) {
        sched_yield();
        state = atomic_load_explicit(&e->state, memory_order_acquire);
    }
    return state;
}

static bool make(struct series *e, uint32_t metric, const char *labels, size_t len)
{
    uint32_t expected = FREE;

    if (!atomic_compare_exchange_strong(&e->state, &expected, BUSY))
        return false;
    e->metric = metric;
    memcpy(e->labels, labels, len + 1);
    atomic_store_explicit(&e->state, READY, memory_order_release);
    return true;
}

struct series *series_find(struct series_store *s, uint32_t metric, const char *labels)
{
    size_t len = strlen(labels);
    uint64_t hash = series_hash(series_hash(0, &metric, sizeof metric), labels, len);

    if (len >= SERIES_LABELS_BYTES)
        return NULL;
    for (size_t i = 0; i < SERIES_MOST; i++) {
        struct series *e = &s->memory->series[(hash + i) % SERIES_MOST];
        uint32_t state = settled_state(e);

        if (state == FREE && make(e, metric, labels, len))
            return e;
        if (state == FREE)
            state = settled_state(e); /* somebody was faster, with the same labels perhaps */
        if (state == READY && e->metric == metric && strcmp(e->labels, labels) == 0)
            return e;
    }
    return NULL;
}

const struct series *series_at(const struct series_store *s, size_t i)
{
    const struct series *e = &s->memory->series[i];

    return atomic_load_explicit(&e->state, memory_order_acquire) == READY ? e : NULL;
}
