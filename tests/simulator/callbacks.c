/* callbacks - the thread that posts callbacks when they are due. */
#include "tests/simulator/callbacks.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "tests/simulator/heap.h"
#include "tests/simulator/provider.h"

#define IDLE_MS 1000
#define PROVIDERS_MOST 8
#define ITEM_BYTES 1024 /* an event's own size in a batch, generously; its notice's extra is added */

/* One message that has callbacks to come.  Each heap entry, transfer and handle holds a share. */
struct job {
    atomic_int shares;
    atomic_bool first_done;
    struct notice notice; /* points into text */
    char text[];
};

/* What a heap entry's tag says: which step of the plan, and which try of it. */
static uint32_t tag_of(int step, int attempt)
{
    return (uint32_t)step << 8 | (uint32_t)attempt;
}

/* A step that is due, with a share of its job. */
struct due {
    struct job *job;
    int step, attempt;
};

/* What goes out in one post. */
struct batch {
    struct due *items;
    size_t count, cap, bytes;
    int64_t since_ms; /* when its first item came; monotonic */
};

struct slot {
    CURL *easy;
    struct arena mem;
    struct curl_slist *headers;
    struct post post;
    struct batch batch; /* empty: the slot is free */
};

struct callbacks {
    const struct settings *settings;
    struct oracle *oracle;
    CURLM *multi;
    pthread_t thread;
    atomic_bool stopping;
    atomic_uint_fast64_t posted, answered_2xx, dropped;

    pthread_mutex_t lock;
    struct heap heap; /* under lock */

    /* The thread's own. */
    struct slot slots[CALLBACKS_IN_FLIGHT];
    struct slot *free_slots[CALLBACKS_IN_FLIGHT];
    size_t free_count;
    struct batch gathering[PROVIDERS_MOST]; /* by the provider's place in its table */
};

static size_t size_of(const char *text)
{
    return text != NULL ? strlen(text) + 1 : 0;
}

static const char *take(char **at, const char *text)
{
    char *copy = *at;

    if (text == NULL)
        return NULL;
    memcpy(copy, text, size_of(text));
    *at += size_of(text);
    return copy;
}

static const size_t texts[] = {
    offsetof(struct notice, url),          offsetof(struct notice, to),
    offsetof(struct notice, from),         offsetof(struct notice, service),
    offsetof(struct notice, id),           offsetof(struct notice, extra),
    offsetof(struct notice, recipient_id),
};
#define TEXTS (sizeof texts / sizeof *texts)

static const char **text_at(struct notice *n, size_t i)
{
    return (const char **)(void *)((char *)n + texts[i]);
}

static struct job *job_new(const struct notice *n)
{
    struct notice notice = *n;
    size_t bytes = 0;
    struct job *j;
    char *at;

    for (size_t i = 0; i < TEXTS; i++)
        bytes += size_of(*text_at(&notice, i));
    j = malloc(sizeof *j + bytes);
    if (j == NULL)
        abort();
    at = j->text;
    for (size_t i = 0; i < TEXTS; i++)
        *text_at(&notice, i) = take(&at, *text_at(&notice, i));
    atomic_init(&j->shares, 1);
    atomic_init(&j->first_done, false);
    j->notice = notice;
    return j;
}

void callbacks_release(struct job *j)
{
    if (j != NULL && atomic_fetch_sub(&j->shares, 1) == 1)
        free(j);
}

bool callbacks_first_done(const struct job *j)
{
    return atomic_load(&j->first_done);
}

/* Puts a share of the job on the heap. */
static void schedule(struct callbacks *c, struct job *j, uint32_t tag, int64_t due_ms)
{
    struct heap_entry e = { .due_ms = due_ms, .item = j, .tag = tag };
    bool pushed, earliest;

    atomic_fetch_add(&j->shares, 1);
    pthread_mutex_lock(&c->lock);
    pushed = heap_push(&c->heap, e);
    earliest = pushed && c->heap.entries[0].item == j;
    pthread_mutex_unlock(&c->lock);
    if (earliest)
        curl_multi_wakeup(c->multi);
    if (!pushed) {
        atomic_fetch_add(&c->dropped, 1);
        atomic_store(&j->first_done, true);
        callbacks_release(j);
    }
}

struct job *callbacks_submit(struct callbacks *c, const struct notice *n, int64_t delay_ms)
{
    struct job *j = job_new(n);

    schedule(c, j, tag_of(0, 1), clock_mono_ms() + delay_ms);
    return j;
}

static struct step step_of(const struct due *d)
{
    return d->job->notice.plan->steps[d->step];
}

static struct item item_of(const struct callbacks *c, const struct due *d)
{
    const struct notice *n = &d->job->notice;

    return (struct item){ .notice = n,
                          .step = step_of(d),
                          .time_ms = n->first_ms + (int64_t)d->step * c->settings->callback_gap_ms };
}

static void batch_add(struct batch *b, struct due d)
{
    const char *extra = d.job->notice.extra;

    if (b->count == b->cap) {
        b->cap = b->cap > 0 ? b->cap * 2 : 1;
        b->items = realloc(b->items, b->cap * sizeof *b->items);
        if (b->items == NULL)
            abort();
    }
    if (b->count == 0)
        b->since_ms = clock_mono_ms();
    b->items[b->count++] = d;
    b->bytes += ITEM_BYTES + size_of(extra);
}

static void batch_release(struct batch *b)
{
    for (size_t i = 0; i < b->count; i++)
        callbacks_release(b->items[i].job);
    free(b->items);
    *b = (struct batch){ 0 };
}

static void set_headers(struct slot *slot)
{
    for (size_t i = 0; i < POST_HEADERS && slot->post.headers[i] != NULL; i++) {
        struct curl_slist *more = curl_slist_append(slot->headers, slot->post.headers[i]);

        if (more == NULL)
            abort();
        slot->headers = more;
    }
}

/* Takes what is in the batch; there is a free slot. */
static void start(struct callbacks *c, struct batch *batch)
{
    struct slot *slot = c->free_slots[--c->free_count];
    const struct provider *provider = batch->items[0].job->notice.provider;
    struct item *items = ARENA_ARRAY(&slot->mem, struct item, batch->count);

    slot->batch = *batch;
    *batch = (struct batch){ 0 };
    for (size_t i = 0; i < slot->batch.count; i++)
        items[i] = item_of(c, &slot->batch.items[i]);
    provider->callback(c->settings, items, slot->batch.count, &slot->mem, &slot->post);
    set_headers(slot);
    curl_easy_setopt(slot->easy, CURLOPT_URL, slot->post.url);
    curl_easy_setopt(slot->easy, CURLOPT_HTTPHEADER, slot->headers);
    curl_easy_setopt(slot->easy, CURLOPT_POSTFIELDSIZE, (long)slot->post.body.len);
    curl_easy_setopt(slot->easy, CURLOPT_POSTFIELDS, buf_str(&slot->post.body));
    atomic_fetch_add(&c->posted, 1);
    curl_multi_add_handle(c->multi, slot->easy);
}

static bool pop(struct callbacks *c, struct heap_entry *out)
{
    bool found;

    pthread_mutex_lock(&c->lock);
    found = heap_pop(&c->heap, clock_mono_ms(), out);
    pthread_mutex_unlock(&c->lock);
    return found;
}

static int64_t gathered_until_ms(const struct callbacks *c, size_t provider)
{
    const struct batch *b = &c->gathering[provider];

    return b->since_ms + (providers[provider]->batch_waits ? c->settings->batch_ms : 0);
}

static struct batch *gathering_of(struct callbacks *c, const struct provider *p)
{
    for (size_t i = 0; i < PROVIDERS_MOST && providers[i] != NULL; i++)
        if (providers[i] == p)
            return &c->gathering[i];
    abort();
}

/* A forged event has a signature of its own, and so a post of its own. */
static void add_due(struct callbacks *c, struct due d)
{
    const struct provider *p = d.job->notice.provider;
    struct batch alone = { 0 };
    struct batch *b = p->batch_most > 1 && !step_of(&d).forged ? gathering_of(c, p) : &alone;

    batch_add(b, d);
    if (b == &alone || b->count >= p->batch_most || b->bytes >= POST_BATCH_BYTES)
        start(c, b);
}

/* Those that have waited long enough for more. */
static void start_gathered(struct callbacks *c)
{
    int64_t now_ms = clock_mono_ms();

    for (size_t i = 0; i < PROVIDERS_MOST && providers[i] != NULL; i++) {
        struct batch *b = &c->gathering[i];

        if (b->count > 0 && now_ms >= gathered_until_ms(c, i) && c->free_count > 0)
            start(c, b);
    }
}

/* The next step follows the first try of this one, whatever becomes of it. */
static void start_due(struct callbacks *c)
{
    struct heap_entry e;

    while (c->free_count > 0 && pop(c, &e)) {
        struct due d = { .job = e.item, .step = (int)(e.tag >> 8), .attempt = (int)(e.tag & 0xFF) };

        if (d.attempt == 1 && d.job->notice.plan->steps[d.step + 1].event != EVENT_NONE)
            schedule(c, d.job, tag_of(d.step + 1, 1),
                     clock_mono_ms() + c->settings->callback_gap_ms);
        add_due(c, d);
    }
    start_gathered(c);
}

/* Which kind of failure it was, as a bit of enum retry_on; 0: none. */
static unsigned failure_of(CURL *easy, CURLcode code, long status)
{
    curl_off_t connected = 0;

    if (code == CURLE_OK)
        return status >= 500   ? RETRY_5XX
               : status >= 400 ? RETRY_4XX
               : status >= 300 ? RETRY_3XX
                               : 0;
    curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &connected);
    return connected > 0 ? RETRY_READ : RETRY_CONNECT;
}

static void report(struct callbacks *c, const struct due *d, CURLcode code, long status)
{
    const struct notice *n = &d->job->notice;
    struct step step = step_of(d);

    oracle_callback(c->oracle, &(struct callback_result){
                                   .provider = n->provider->name,
                                   .id = n->id,
                                   .to = n->to,
                                   .url = n->url,
                                   .recipient_id = n->recipient_id,
                                   .event = n->provider->event_name(step.event),
                                   .forged = step.forged,
                                   .attempt = d->attempt,
                                   .status = (int)status,
                                   .trouble = code == CURLE_OK ? NULL : curl_easy_strerror(code) });
}

static void release_slot(struct callbacks *c, struct slot *slot)
{
    curl_slist_free_all(slot->headers);
    slot->headers = NULL;
    batch_release(&slot->batch);
    arena_reset(&slot->mem);
    buf_clear(&slot->post.body);
    slot->post = (struct post){ .body = slot->post.body };
    c->free_slots[c->free_count++] = slot;
}

/* Whoever forges does not come back. */
static void finish_item(struct callbacks *c, const struct due *d, unsigned failure)
{
    const struct notice *n = &d->job->notice;
    int pause_ms = CALLBACK_RETRY_MS * (n->provider->retries_slow_down ? d->attempt : 1);

    if ((failure & n->retry_on) != 0 && d->attempt <= n->retries && !step_of(d).forged)
        schedule(c, d->job, tag_of(d->step, d->attempt + 1), clock_mono_ms() + pause_ms);
    else if (d->step == 0)
        atomic_store(&d->job->first_done, true);
}

static void finish(struct callbacks *c, struct slot *slot, CURLcode code)
{
    unsigned failure;
    long status = 0;

    curl_easy_getinfo(slot->easy, CURLINFO_RESPONSE_CODE, &status);
    failure = failure_of(slot->easy, code, status);
    curl_multi_remove_handle(c->multi, slot->easy);
    if (code == CURLE_OK && status / 100 == 2)
        atomic_fetch_add(&c->answered_2xx, 1);
    for (size_t i = 0; i < slot->batch.count; i++) {
        report(c, &slot->batch.items[i], code, status);
        finish_item(c, &slot->batch.items[i], failure);
    }
    release_slot(c, slot);
}

static bool finish_done(struct callbacks *c)
{
    bool any = false;
    CURLMsg *msg;
    int left;

    while ((msg = curl_multi_info_read(c->multi, &left)) != NULL) {
        CURLcode code = msg->data.result;
        char *slot;

        if (msg->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &slot);
        finish(c, (struct slot *)(void *)slot, code);
        any = true;
    }
    return any;
}

/* Without a free slot nothing can start: the end of a transfer wakes us then. */
static int wait_ms(struct callbacks *c)
{
    int64_t wait, now_ms = clock_mono_ms();

    if (c->free_count == 0)
        return IDLE_MS;
    pthread_mutex_lock(&c->lock);
    wait = heap_wait_ms(&c->heap, now_ms, IDLE_MS);
    pthread_mutex_unlock(&c->lock);
    for (size_t i = 0; i < PROVIDERS_MOST && providers[i] != NULL; i++) {
        int64_t left = gathered_until_ms(c, i) - now_ms;

        if (c->gathering[i].count > 0 && left < wait)
            wait = left > 0 ? left : 0;
    }
    return (int)wait;
}

static void *run(void *arg)
{
    struct callbacks *c = arg;
    int running;

    while (!atomic_load(&c->stopping)) {
        start_due(c);
        curl_multi_perform(c->multi, &running);
        if (!finish_done(c))
            curl_multi_poll(c->multi, NULL, 0, wait_ms(c), NULL);
    }
    return NULL;
}

static size_t discard(char *data, size_t size, size_t count, void *arg)
{
    return size * count;
}

static void slot_open(struct callbacks *c, struct slot *slot)
{
    slot->easy = curl_easy_init();
    if (slot->easy == NULL)
        abort();
    slot->post.body.limit = POST_MAX;
    curl_easy_setopt(slot->easy, CURLOPT_PRIVATE, (char *)slot);
    curl_easy_setopt(slot->easy, CURLOPT_POST, 1L);
    curl_easy_setopt(slot->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(slot->easy, CURLOPT_PROXY, "");
    curl_easy_setopt(slot->easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(slot->easy, CURLOPT_TIMEOUT_MS, (long)CALLBACK_TIMEOUT_MS);
    curl_easy_setopt(slot->easy, CURLOPT_WRITEFUNCTION, discard);
    c->free_slots[c->free_count++] = slot;
}

static void slot_close(struct callbacks *c, struct slot *slot)
{
    if (slot->batch.count > 0) {
        curl_multi_remove_handle(c->multi, slot->easy);
        release_slot(c, slot);
    }
    curl_easy_cleanup(slot->easy);
    arena_done(&slot->mem);
    buf_free(&slot->post.body);
}

/* Everything but the thread. */
static void release(struct callbacks *c)
{
    struct heap_entry e;

    for (size_t i = 0; i < CALLBACKS_IN_FLIGHT; i++)
        slot_close(c, &c->slots[i]);
    for (size_t i = 0; i < PROVIDERS_MOST; i++)
        batch_release(&c->gathering[i]);
    curl_multi_cleanup(c->multi);
    while (heap_pop(&c->heap, INT64_MAX, &e))
        callbacks_release(e.item);
    heap_free(&c->heap);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

enum status callbacks_open(struct callbacks **out, const struct settings *s, struct oracle *o,
                           struct error *err)
{
    struct callbacks *c = calloc(1, sizeof *c);

    if (c == NULL)
        abort();
    c->settings = s;
    c->oracle = o;
    c->heap.limit = CALLBACKS_PENDING;
    pthread_mutex_init(&c->lock, NULL);
    c->multi = curl_multi_init();
    if (c->multi == NULL)
        abort();
    curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, (long)CALLBACKS_IN_FLIGHT);
    for (size_t i = 0; i < CALLBACKS_IN_FLIGHT; i++)
        slot_open(c, &c->slots[i]);
    if (pthread_create(&c->thread, NULL, run, c) != 0) {
        release(c);
        return error_set(err, ST_UNAVAILABLE, "no thread for callbacks");
    }
    *out = c;
    return ST_OK;
}

void callbacks_close(struct callbacks *c)
{
    if (c == NULL)
        return;
    atomic_store(&c->stopping, true);
    curl_multi_wakeup(c->multi);
    pthread_join(c->thread, NULL);
    release(c);
}

void callbacks_count(struct callbacks *c, struct callbacks_counts *out)
{
    out->posted = atomic_load(&c->posted);
    out->answered_2xx = atomic_load(&c->answered_2xx);
    out->dropped = atomic_load(&c->dropped);
    pthread_mutex_lock(&c->lock);
    out->waiting = c->heap.count;
    pthread_mutex_unlock(&c->lock);
}
