/* Tests of common/metrics: nothing that was counted is lost, by threads, processes or their deaths. */
#include "common/metrics/metrics.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/metrics/expected.h"
#include "common/metrics/series.h"
#include "tests/unit/manual.h"
#include "tests/unit/suite.h"

static struct error err;
static struct buf text = BUF_INIT(1 << 20);

static const char *written(void)
{
    buf_clear(&text);
    metrics_write(&text);
    return buf_str(&text);
}

static bool tells(const char *line)
{
    return strstr(written(), line) != NULL;
}

/* ---- the text ---- */

START_TEST(counters_and_histograms_are_written_as_prometheus_reads_them)
{
    metrics_open_private();
    metrics_add(M_HTTP_REQUESTS, 2, LABELS("GET", "/health", "200"));
    metrics_add(M_HTTP_REQUESTS, 1, LABELS("GET", "/health", "200"));
    metrics_add(M_WEBHOOK_DROPPED, 4, LABELS(NULL));
    metrics_observe_us(M_HTTP_DURATION, 500, LABELS("/health"));
    metrics_observe_us(M_HTTP_DURATION, 501, LABELS("/health"));
    metrics_observe_us(M_HTTP_DURATION, 60000000, LABELS("/health"));
    ck_assert_str_eq(written(),
                     "# HELP build_info The version that runs.\n"
                     "# TYPE build_info gauge\n"
                     "build_info{version=\"" PACKAGE_VERSION "\"} 1\n"
                     "# HELP http_requests_total Requests that were answered.\n"
                     "# TYPE http_requests_total counter\n"
                     "http_requests_total{method=\"GET\",route=\"/health\",status=\"200\"} 3\n"
                     "# HELP http_request_duration_seconds From a whole request to its answer.\n"
                     "# TYPE http_request_duration_seconds histogram\n"
                     "http_request_duration_seconds_bucket{route=\"/health\",le=\"0.0005\"} 1\n"
                     "http_request_duration_seconds_bucket{route=\"/health\",le=\"0.001\"} 2\n"
                     "http_request_duration_seconds_bucket{route=\"/health\",le=\"0.0025\"} 2\n"
                     "http_request_duration_seconds_bucket{route=\"/health\",le=\"0.005\"} 2\n"
                     "http_request_duration_seconds_bucket{route=\"/health\",le=\"0.01\"} 2\n"
                     "http_request_duration_seconds_bucket{route=\"/health\",le=\"0.025\"} 2\n"
                     "http_request_duration_seconds_bucket{route=\"/health\",le=\"0.05\"} 2\n"
                     "http_request_duration_seconds_bucket{route=\"/health\",le=\"0.1\"} 2\n"
                     "http_request_duration_seconds_bucket{route=\"/health\",le=\"0.25\"} 2\n"
                     "http_request_duration_seconds_bucket{route=\"/health\",le=\"0.5\"} 2\n"
                     "http_request_duration_seconds_bucket{route=\"/health\",le=\"1\"} 2\n"
                     "http_request_duration_seconds_bucket{route=\"/health\",le=\"2.5\"} 2\n"
                     "http_request_duration_seconds_bucket{route=\"/health\",le=\"10\"} 2\n"
                     "http_request_duration_seconds_bucket{route=\"/health\",le=\"+Inf\"} 3\n"
                     "http_request_duration_seconds_sum{route=\"/health\"} 60.001001\n"
                     "http_request_duration_seconds_count{route=\"/health\"} 3\n"
                     "# HELP webhook_events_dropped_total Events of callbacks that were about no message of"
                     " ours for a day.\n"
                     "# TYPE webhook_events_dropped_total counter\n"
                     "webhook_events_dropped_total 4\n");
    metrics_close();
}
END_TEST

START_TEST(a_label_is_escaped_and_one_that_is_too_long_is_not_counted)
{
    char endless[300];

    memset(endless, 'x', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    metrics_open_private();
    metrics_add(M_RATE_LIMIT_HITS, 1, LABELS("a\"b\\c\nd"));
    metrics_add(M_RATE_LIMIT_HITS, 1, LABELS(endless));
    metrics_add(M_RATE_LIMIT_HITS, 1, LABELS(NULL));
    ck_assert(tells("rate_limit_hits_total{tier=\"a\\\"b\\\\c\\nd\"} 1\n"));
    ck_assert(tells("rate_limit_hits_total{tier=\"none\"} 1\n"));
    ck_assert(!tells("xxx"));
    metrics_close();
}
END_TEST

START_TEST(before_it_is_opened_nothing_is_counted_and_nothing_breaks)
{
    metrics_add(M_RATE_LIMIT_HITS, 1, LABELS("free"));
    metrics_observe_us(M_HTTP_DURATION, 1, LABELS("/health"));
    ck_assert(tells("build_info"));
    ck_assert(!tells("rate_limit"));
    metrics_close();
}
END_TEST

/* Prometheus would not see the first of an outcome otherwise. */
START_TEST(what_is_configured_is_told_before_it_has_happened)
{
    const char *names[] = { "twilio", "other" };
    struct config c = { 0 };

    c.platform[PF_SMS] = (struct config_platform){ .enabled = true, .providers = names, .n_providers = 2 };
    c.platform[PF_EMAIL] = (struct config_platform){ .enabled = false, .providers = names, .n_providers = 1 };
    c.platform[PF_TELEGRAM] = (struct config_platform){ .enabled = true };
    metrics_open_private();
    metrics_add(M_MESSAGES_PROCESSED, 3, LABELS("sms", "other", "failed"));
    expected_of_accepting(&c);
    ck_assert(tells("\nmessages_accepted_total{platform=\"sms\"} 0\n"));
    ck_assert(tells("\nmessages_published_total{platform=\"sms\"} 0\n"));
    expected_of_delivering(&c);
    ck_assert(tells("\nmessages_processed_total{platform=\"sms\",provider=\"twilio\",outcome=\"sent\"} 0\n"));
    ck_assert(tells("\nmessages_processed_total{platform=\"sms\",provider=\"other\",outcome=\"failed\"} 3\n"));
    ck_assert(tells("\nprovider_request_duration_seconds_count{provider=\"other\"} 0\n"));
    ck_assert(tells("\ndelivery_latency_seconds_bucket{platform=\"sms\",le=\"+Inf\"} 0\n"));
    ck_assert(tells("\nwebhook_events_dropped_total 0\n"));
    ck_assert(!tells("email") && !tells("telegram") && !tells("none"));
    metrics_close();
}
END_TEST

START_TEST(when_all_places_are_taken_the_old_series_go_on)
{
    struct series_store *s = series_new();
    char label[32];

    for (int i = 0; i < SERIES_MOST; i++) {
        snprintf(label, sizeof label, "n=\"%d\"", i);
        ck_assert_ptr_nonnull(series_find(s, 0, label));
    }
    ck_assert_ptr_null(series_find(s, 0, "n=\"new\""));
    ck_assert_ptr_null(series_find(s, 1, "n=\"7\""));
    ck_assert_ptr_nonnull(series_find(s, 0, "n=\"7\""));
    series_close(s);
}
END_TEST

/* ---- the manual ---- */

/* One series of each metric, and what the manual says of it. */
START_TEST(the_manual_has_a_row_for_each_metric_with_its_labels)
{
    struct arena mem = ARENA_INIT;
    const char *manual = manual_read(&mem, "metrics.md"), *at;
    int seen = 0;

    metrics_open_private();
    for (int m = 0; m < METRICS; m++)
        metrics_add((enum metric)m, 1, LABELS("a", "b", "c"));
    for (at = written(); (at = strstr(at, "\n# TYPE ")) != NULL; seen++) {
        const char *name = at + strlen("\n# TYPE "), *series;
        const char *row = arena_printf(&mem, "\n| `%.*s` |", (int)strcspn(name, " "), name);

        row = strstr(manual, row);
        ck_assert_msg(row != NULL, "docs/metrics.md has no row for %.40s", name);
        row = arena_strndup(&mem, row, strcspn(row + 1, "\n") + 1);
        at = strchr(name, '\n');
        series = at + 1 + strcspn(at + 1, "{ ");
        while (*series == '{' || *series == ',') {
            const char *label = ++series;

            if (strncmp(label, "le=", 3) != 0)
                ck_assert_ptr_nonnull(strstr(row, arena_printf(&mem, "`%.*s`",
                                                               (int)strcspn(label, "="), label)));
            series = strchr(strchr(label, '"') + 1, '"') + 1;
        }
    }
    ck_assert_int_eq(seen, METRICS + 1);
    metrics_close();
    arena_done(&mem);
}
END_TEST

/* ---- threads ---- */

#define THREADS 4
#define ROUNDS 20000

static void *count_much(void *arg)
{
    char status[12];

    for (int i = 0; i < ROUNDS; i++) {
        snprintf(status, sizeof status, "%d", 200 + i % 7);
        metrics_add(M_HTTP_REQUESTS, 1, LABELS("GET", "/health", status));
    }
    return NULL;
}

START_TEST(threads_that_count_at_once_lose_nothing)
{
    pthread_t threads[THREADS];
    char line[100];

    metrics_open_private();
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, count_much, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int k = 0; k < 7; k++) {
        snprintf(line, sizeof line, "status=\"%d\"} %d\n", 200 + k, THREADS * ((ROUNDS + 6 - k) / 7));
        ck_assert_msg(tells(line), "no %s", line);
    }
    metrics_close();
}
END_TEST

/* ---- processes ---- */

/* Of this test's process alone. */
static const char *own_name(const char *what)
{
    static char name[64];

    snprintf(name, sizeof name, "/notification-test-%d-%s", (int)getpid(), what);
    return name;
}

static struct series_store *store_of(const char *name, uint64_t layout)
{
    struct series_store *s;

    ck_assert_msg(series_open(name, layout, &s, &err) == ST_OK, "%s", err.text);
    return s;
}

static uint64_t value_of(struct series_store *s)
{
    return atomic_load(&series_find(s, 3, "x=\"1\"")->values[0]);
}

static bool is_there(const char *name)
{
    int fd = shm_open(name, O_RDWR, 0);

    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

START_TEST(what_a_process_has_counted_stays_when_it_is_killed)
{
    const char *name = own_name("killed");
    struct series_store *s = store_of(name, 1);

    for (int i = 0; i < 3; i++) {
        pid_t child = fork();
        int status;

        if (child == 0) {
            struct series_store *mine = store_of(name, 1);

            atomic_fetch_add(&series_find(mine, 3, "x=\"1\"")->values[0], 5);
            kill(getpid(), SIGKILL);
        }
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert(WIFSIGNALED(status));
    }
    ck_assert_uint_eq(value_of(s), 15);
    series_close(s);
    ck_assert(!is_there(name)); /* the dead hold nothing */
}
END_TEST

START_TEST(the_last_to_go_takes_the_memory_with_it_and_no_other)
{
    const char *name = own_name("last");
    struct series_store *a = store_of(name, 1), *b = store_of(name, 1);

    atomic_fetch_add(&series_find(a, 3, "x=\"1\"")->values[0], 1);
    series_close(a);
    ck_assert(is_there(name));
    ck_assert_uint_eq(value_of(b), 1);
    series_close(b);
    ck_assert(!is_there(name));
}
END_TEST

START_TEST(memory_that_an_older_version_left_is_replaced)
{
    const char *name = own_name("older");
    struct series_store *old = store_of(name, 1), *new, *again;
    int fd;

    atomic_fetch_add(&series_find(old, 3, "x=\"1\"")->values[0], 9);
    new = store_of(name, 2);
    ck_assert_uint_eq(value_of(new), 0);
    ck_assert_uint_eq(value_of(old), 9); /* who still uses it goes on */
    series_close(old);
    ck_assert(is_there(name));
    again = store_of(name, 2);
    series_find(new, 3, "x=\"1\"");
    series_close(new);
    series_close(again);
    fd = shm_open(name, O_RDWR | O_CREAT, 0600); /* another size altogether */
    ck_assert_int_eq(ftruncate(fd, 100), 0);
    close(fd);
    new = store_of(name, 2);
    ck_assert_uint_eq(value_of(new), 0);
    series_close(new);
}
END_TEST

/* As long as it takes to write a label; the place is lost, and nothing else. */
START_TEST(a_process_that_dies_while_it_makes_a_series_stops_nobody)
{
    struct series_store *s = series_new();
    struct series *e = series_find(s, 3, "x=\"1\"");

    atomic_store(&e->state, 1); /* BUSY of series.c */
    ck_assert_ptr_ne(series_find(s, 3, "x=\"1\""), e);
    ck_assert_ptr_nonnull(series_find(s, 3, "x=\"1\""));
    series_close(s);
}
END_TEST

SUITE("metrics", counters_and_histograms_are_written_as_prometheus_reads_them,
      a_label_is_escaped_and_one_that_is_too_long_is_not_counted,
      before_it_is_opened_nothing_is_counted_and_nothing_breaks,
      what_is_configured_is_told_before_it_has_happened,
      when_all_places_are_taken_the_old_series_go_on,
      the_manual_has_a_row_for_each_metric_with_its_labels, threads_that_count_at_once_lose_nothing,
      what_a_process_has_counted_stays_when_it_is_killed,
      the_last_to_go_takes_the_memory_with_it_and_no_other,
      memory_that_an_older_version_left_is_replaced,
      a_process_that_dies_while_it_makes_a_series_stops_nobody)
