/* ctl - what a command works with. */
#include "ctl/ctl.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/excerpt.h"
#include "common/base/json.h"
#include "common/broker/watchdog.h"
#include "common/model/recipient.h"
#include "ctl/call.h"

#define MIGRATION_CALL_MS 600000
#define RETRY_MS 100
#define SWEEP_MS 100

/* ---- calls to the broker that block ---- */

static pthread_t sweeper;
static atomic_bool sweeping;

static void *sweep(void *arg)
{
    while (atomic_load(&sweeping)) {
        watchdog_sweep(clock_mono_ms());
        clock_sleep_ms(SWEEP_MS);
    }
    return NULL;
}

static void start_sweeping(void)
{
    if (atomic_exchange(&sweeping, true))
        return;
    if (pthread_create(&sweeper, NULL, sweep, NULL) != 0)
        abort();
}

static void stop_sweeping(void)
{
    if (atomic_exchange(&sweeping, false))
        pthread_join(sweeper, NULL);
}

/* ---- life ---- */

void ctl_done(struct ctl *ctl)
{
    broker_free(ctl->broker);
    stop_sweeping();
    cache_free(ctl->cache);
    db_free(ctl->db);
    config_free(&ctl->config);
    buf_free(&ctl->out);
    buf_free(&ctl->faults);
    arena_done(&ctl->mem);
}

/* ---- the database ---- */

static bool is_set(const char *text)
{
    return text != NULL && text[0] != '\0';
}

/*
 * HOST:PORT of a URL, or NULL where it cannot be told for certain: in a URL that is not as it
 * should be, a part of the password may stand where the host is looked for.
 */
static const char *place_in_url(const char *url, struct arena *mem)
{
    const char *start = strstr(url, "://");
    const char *at = strchr(url, '@');
    const char *query = strchr(url, '?');
    size_t len, host;

    if (start == NULL || (at != NULL && query != NULL && query < at) ||
        (at != NULL && strchr(at + 1, '@') != NULL))
        return NULL;
    start = at != NULL ? at + 1 : start + 3;
    len = strcspn(start, "/?");
    host = strspn(start, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_");
    if (host == 0 || host > len)
        return NULL;
    if (host < len && (start[host] != ':' ||
                       host + 1 + strspn(start + host + 1, "0123456789") != len))
        return NULL;
    return arena_strndup(mem, start, len);
}

const char *ctl_database_place(const struct config_database *config, struct arena *mem)
{
    const char *port = is_set(config->port) ? config->port : "5432";
    const char *place;

    if (is_set(config->url)) {
        place = place_in_url(config->url, mem);
        return place != NULL ? place : "the host of [database] url";
    }
    if (!is_set(config->host))
        return "the local socket";
    if (config->host[0] == '/')
        return arena_printf(mem, "socket %s/.s.PGSQL.%s", config->host, port);
    return arena_printf(mem, "%s:%s", config->host, port);
}

static enum status connect_until(struct ctl *ctl, const struct db_options *options,
                                 int wait_seconds, struct error *err)
{
    int64_t deadline = clock_mono_ms() + (int64_t)wait_seconds * 1000;
    enum status s;

    ctl->db = db_new(&ctl->config.database, options);
    while ((s = db_connect(ctl->db, err)) == ST_UNAVAILABLE && clock_mono_ms() < deadline)
        clock_sleep_ms(RETRY_MS);
    if (s == ST_OK)
        return ST_OK;
    /* After a wait the last words may only say that the next try was not due yet. */
    return error_set(err, s, "cannot connect to the database at %s: %s",
                     ctl_database_place(&ctl->config.database, &ctl->mem), db_why_away(ctl->db));
}

enum status ctl_connect(struct ctl *ctl, struct error *err)
{
    return connect_until(ctl, &(struct db_options){ .application = "notifyctl" }, 0, err);
}

void ctl_sweep_broker(void)
{
    start_sweeping();
}

enum status ctl_connect_broker(struct ctl *ctl, struct error *err)
{
    start_sweeping();
    ctl->broker = broker_new(&ctl->config.rabbitmq, "notifyctl");
    return broker_connect(ctl->broker, err);
}

void ctl_connect_cache(struct ctl *ctl)
{
    ctl->cache = cache_new(&ctl->config.redis);
}

enum status ctl_connect_for_migrations(struct ctl *ctl, int wait_seconds, struct error *err)
{
    const struct db_options options = { .application = "notifyctl migrate",
                                        .timeout_ms = MIGRATION_CALL_MS };

    return connect_until(ctl, &options, wait_seconds, err);
}

const char *ctl_sql_dir(void)
{
    const char *dir = getenv("NOTIFY_SQL_DIR");

    return is_set(dir) ? dir : SQL_DIR;
}

/* ---- words of the line ---- */

bool ctl_read_number(const char *text, int min, int max, int *out)
{
    size_t len = strlen(text);
    long value;

    if (len == 0 || len > 9 || strspn(text, "0123456789") != len)
        return false;
    value = strtol(text, NULL, 10);
    if (value < min || value > max)
        return false;
    *out = (int)value;
    return true;
}

enum status email_check(const struct ctl *ctl, const struct call *call, struct error *err)
{
    const char *fault = call->n_args == 0 ? NULL : recipient_fault(PF_EMAIL, call->args[0]);

    return fault == NULL ? ST_OK : error_set(err, ST_INVALID, "EMAIL: %s", fault);
}

void ctl_fault(struct ctl *ctl, const char *fmt, ...)
{
    char *text;
    va_list args;
    int len;

    va_start(args, fmt);
    len = vasprintf(&text, fmt, args);
    va_end(args);
    if (len < 0)
        abort(); /* out of memory */
    if (ctl->faults.len > 0)
        buf_addc(&ctl->faults, '\n');
    buf_adds(&ctl->faults, excerpt(&ctl->mem, text, (size_t)len, (size_t)len));
    free(text);
}

enum status ctl_faults_end(const struct ctl *ctl, struct error *err)
{
    return ctl->faults.len == 0 ? ST_OK : error_set(err, ST_INVALID, "the line is wrong");
}

/* ---- output ---- */

const char *ctl_time(struct ctl *ctl, int64_t wall_ms)
{
    char text[CLOCK_TEXT_BYTES];

    return wall_ms < 0 ? NULL : arena_strdup(&ctl->mem, clock_format(wall_ms, text));
}

const char *ctl_recipient_id(struct ctl *ctl, const struct recipient_ref *ref)
{
    char id[RECIPIENT_ID_BYTES];

    return arena_strdup(&ctl->mem, recipient_id_format(ref->message_id, ref->n, id));
}

void ctl_table(struct ctl *ctl, const struct table_column *columns, size_t n_columns,
               const char *const *cells, size_t n_rows)
{
    table_write(&ctl->out, columns, n_columns, cells, n_rows, table_width(STDOUT_FILENO));
}

enum status ctl_flush(struct ctl *ctl, struct error *err)
{
    bool whole = !buf_overflowed(&ctl->out);
    bool written;

    if (ctl->json && ctl->out.len > 0)
        buf_addc(&ctl->out, '\n');
    written = fwrite(buf_str(&ctl->out), 1, ctl->out.len, stdout) == ctl->out.len &&
              fflush(stdout) == 0;
    buf_clear(&ctl->out);
    if (!whole)
        return error_set(err, ST_LIMITED, "the output is longer than %u bytes", CTL_OUT_MOST);
    return written ? ST_OK : error_set(err, ST_UNAVAILABLE, "cannot write the output");
}

void ctl_complain(bool json, const char *code, const char *words)
{
    struct buf line = BUF_INIT(1u << 20);
    struct json_writer w = JSON_WRITER(&line);

    if (!json) {
        fprintf(stderr, "notifyctl: %s\n", words);
        return;
    }
    jw_open(&w, NULL, '{');
    jw_open(&w, "error", '{');
    jw_text(&w, "code", code);
    jw_text(&w, "message", words);
    jw_close(&w, '}');
    jw_close(&w, '}');
    fprintf(stderr, "%s\n", buf_str(&line));
    buf_free(&line);
}
