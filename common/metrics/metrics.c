/* metrics - the table of metrics, counting, and the text that is scraped. */
#include "common/metrics/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/metrics/series.h"

#define BOUNDS 13
#define SUM (SERIES_VALUES - 1) /* of a histogram, in microseconds; before it the buckets */

/* Upper bounds in microseconds: of what should take milliseconds, and of what may take an hour. */
static const int64_t brief[BOUNDS] = { 500,    1000,   2500,   5000,    10000,   25000,  50000,
                                       100000, 250000, 500000, 1000000, 2500000, 10000000 };
static const int64_t lengthy[BOUNDS] = { 10000,   25000,    50000,    100000,    250000,    500000,    1000000,
                                         5000000, 10000000, 30000000, 120000000, 600000000, 3600000000 };

static const struct kind {
    const char *name, *help;
    const char *labels[METRIC_LABELS];
    const int64_t *bounds; /* NULL: a counter */
} kinds[METRICS] = {
    [M_HTTP_REQUESTS] = { "http_requests_total", "Requests that were answered.",
                          { "method", "route", "status" }, NULL },
    [M_HTTP_DURATION] = { "http_request_duration_seconds", "From a whole request to its answer.",
                          { "route" }, brief },
    [M_RATE_LIMIT_HITS] = { "rate_limit_hits_total", "Requests that were refused with 429.",
                            { "tier" }, NULL },
    [M_MESSAGES_ACCEPTED] = { "messages_accepted_total", "Recipients of accepted messages.",
                              { "platform" }, NULL },
    [M_MESSAGES_PUBLISHED] = { "messages_published_total",
                               "Recipients whose event the broker has confirmed.", { "platform" }, NULL },
    [M_MESSAGES_PROCESSED] = { "messages_processed_total",
                               "Attempts that ended, by what became of the recipient.",
                               { "platform", "provider", "outcome" }, NULL },
    [M_PROVIDER_DURATION] = { "provider_request_duration_seconds", "Calls of providers.",
                              { "provider" }, lengthy },
    [M_DELIVERY_LATENCY] = { "delivery_latency_seconds",
                             "From acceptance, or the scheduled time, until the provider had it.",
                             { "platform" }, lengthy },
    [M_WEBHOOK_EVENTS] = { "webhook_events_total", "Events that providers reported by callbacks.",
                           { "provider", "event" }, NULL },
    [M_WEBHOOK_DROPPED] = { "webhook_events_dropped_total",
                            "Events of callbacks that were about no message of ours for a day.",
                            { NULL }, NULL },
};

static struct series_store *store;

/* ---- opening ---- */

/* What the values mean: memory of another table is of no use. */
static uint64_t layout(void)
{
    uint64_t hash = 0;

    for (int m = 0; m < METRICS; m++) {
        hash = series_hash(hash, kinds[m].name, strlen(kinds[m].name) + 1);
        for (int i = 0; i < METRIC_LABELS && kinds[m].labels[i] != NULL; i++)
            hash = series_hash(hash, kinds[m].labels[i], strlen(kinds[m].labels[i]) + 1);
        if (kinds[m].bounds != NULL)
            hash = series_hash(hash, kinds[m].bounds, BOUNDS * sizeof *kinds[m].bounds);
    }
    return hash;
}

void metrics_open_shared(const struct config *c)
{
    const char *of[] = { c->path != NULL ? c->path : "", c->database.url, c->database.host,
                         c->database.port, c->database.name };
    char *path = realpath(of[0], NULL), name[80];
    uint64_t hash = 0;
    struct error err;

    if (path != NULL)
        of[0] = path;
    for (size_t i = 0; i < sizeof of / sizeof *of; i++)
        hash = series_hash(hash, of[i], strlen(of[i]) + 1);
    free(path);
    snprintf(name, sizeof name, "/notification-system-%u-%016" PRIx64, (unsigned)geteuid(), hash);
    if (series_open(name, layout(), &store, &err) != ST_OK) {
        log_warn("metrics.not_shared", ERR(&err));
        store = series_new();
    }
}

void metrics_open_private(void)
{
    store = series_new();
}

void metrics_close(void)
{
    series_close(store);
    store = NULL;
}

/* ---- counting ---- */

/* The text format: a backslash, a quote and a line's end are escaped in a label's value. */
static bool add_text(char *out, size_t size, size_t *len, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*len + 3 > size)
            return false;
        if (*text == '\\' || *text == '"' || *text == '\n')
            out[(*len)++] = '\\';
        out[(*len)++] = *text == '\n' ? 'n' : *text;
    }
    out[*len] = '\0';
    return true;
}

static bool add_plain(char *out, size_t size, size_t *len, const char *text)
{
    size_t n = strlen(text);

    if (*len + n + 1 > size)
        return false;
    memcpy(out + *len, text, n + 1);
    *len += n;
    return true;
}

static struct series *find(enum metric m, const char *const values[])
{
    char text[SERIES_LABELS_BYTES] = "";
    size_t len = 0;
    bool fits = true;

    for (int i = 0; i < METRIC_LABELS && kinds[m].labels[i] != NULL && fits; i++)
        fits = (i == 0 || add_plain(text, sizeof text, &len, ",")) &&
               add_plain(text, sizeof text, &len, kinds[m].labels[i]) &&
               add_plain(text, sizeof text, &len, "=\"") &&
               add_text(text, sizeof text, &len, values[i] != NULL ? values[i] : "none") &&
               add_plain(text, sizeof text, &len, "\"");
    return fits ? series_find(store, (uint32_t)m, text) : NULL;
}

void metrics_add(enum metric m, uint64_t n, const char *const labels[])
{
    struct series *s = store != NULL && n > 0 ? find(m, labels) : NULL;

    if (s != NULL)
        atomic_fetch_add_explicit(&s->values[0], n, memory_order_relaxed);
}

void metrics_expect(enum metric m, const char *const labels[])
{
    if (store != NULL)
        find(m, labels);
}

void metrics_observe_us(enum metric m, int64_t us, const char *const labels[])
{
    struct series *s = store != NULL ? find(m, labels) : NULL;
    int bucket = 0;

    if (s == NULL)
        return;
    if (us < 0) /* the wall clock was put back meanwhile */
        us = 0;
    while (bucket < BOUNDS && us > kinds[m].bounds[bucket])
        bucket++;
    atomic_fetch_add_explicit(&s->values[bucket], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&s->values[SUM], (uint64_t)us, memory_order_relaxed);
}

/* ---- writing ---- */

/* A series as it is at this moment; those with the same labels are added up. */
struct row {
    uint32_t metric;
    const char *labels;
    uint64_t values[SERIES_VALUES];
};

static int compare_rows(const void *a, const void *b)
{
    const struct row *x = a, *y = b;

    if (x->metric != y->metric)
        return x->metric < y->metric ? -1 : 1;
    return strcmp(x->labels, y->labels);
}

static size_t read_rows(struct row rows[SERIES_MOST])
{
    size_t n = 0, kept = 0;

    for (size_t i = 0; i < SERIES_MOST; i++) {
        const struct series *s = series_at(store, i);

        if (s == NULL || s->metric >= METRICS)
            continue;
        rows[n] = (struct row){ .metric = s->metric, .labels = s->labels };
        for (int v = 0; v < SERIES_VALUES; v++)
            rows[n].values[v] = atomic_load_explicit(&s->values[v], memory_order_relaxed);
        n++;
    }
    qsort(rows, n, sizeof *rows, compare_rows);
    for (size_t i = 0; i < n; i++) {
        if (kept > 0 && compare_rows(&rows[kept - 1], &rows[i]) == 0) {
            for (int v = 0; v < SERIES_VALUES; v++)
                rows[kept - 1].values[v] += rows[i].values[v];
        } else {
            rows[kept++] = rows[i];
        }
    }
    return kept;
}

static void write_histogram(struct buf *out, const struct kind *k, const struct row *r)
{
    const char *comma = r->labels[0] != '\0' ? "," : "";
    uint64_t count = 0;

    for (int b = 0; b < BOUNDS; b++) {
        count += r->values[b];
        buf_addf(out, "%s_bucket{%s%sle=\"%g\"} %" PRIu64 "\n", k->name, r->labels, comma,
                 (double)k->bounds[b] / 1e6, count);
    }
    count += r->values[BOUNDS];
    buf_addf(out, "%s_bucket{%s%sle=\"+Inf\"} %" PRIu64 "\n", k->name, r->labels, comma, count);
    buf_addf(out, "%s_sum{%s} %.6f\n", k->name, r->labels, (double)r->values[SUM] / 1e6);
    buf_addf(out, "%s_count{%s} %" PRIu64 "\n", k->name, r->labels, count);
}

void metrics_write_head(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void write_rows(struct buf *out, const struct row rows[], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct kind *k = &kinds[rows[i].metric];

        if (i == 0 || rows[i].metric != rows[i - 1].metric)
            metrics_write_head(out, k->name, k->bounds != NULL ? "histogram" : "counter", k->help);
        if (k->bounds != NULL)
            write_histogram(out, k, &rows[i]);
        else if (rows[i].labels[0] == '\0')
            buf_addf(out, "%s %" PRIu64 "\n", k->name, rows[i].values[0]);
        else
            buf_addf(out, "%s{%s} %" PRIu64 "\n", k->name, rows[i].labels, rows[i].values[0]);
    }
}

void metrics_write(struct buf *out)
{
    struct row *rows = calloc(SERIES_MOST, sizeof *rows);

    if (rows == NULL)
        abort();
    metrics_write_head(out, "build_info", "gauge", "The version that runs.");
    buf_addf(out, "build_info{version=\"%s\"} 1\n", PACKAGE_VERSION);
    if (store != NULL)
        write_rows(out, rows, read_rows(rows));
    free(rows);
}
