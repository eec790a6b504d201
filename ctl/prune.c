/* prune - removing what has been finished for long, from the command line. */
#include "common/db/prune.h"

#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/db/callbacks.h"
#include "common/db/idempotency.h"
#include "common/db/span.h"
#include "ctl/commands.h"
#include "ctl/ctl.h"
#include "ctl/interrupt.h"
#include "ctl/progress.h"
#include "ctl/when.h"

#define DAY_MS 86400000
#define BATCH_DEFAULT 2000
#define BATCH_MOST 50000
#define PAUSE_MOST_MS 60000
#define SWEEP_MOST 1000 /* rows in a statement */

struct request {
    int64_t before_ms;
    int batch, pause_ms;
    bool dry;
};

/* A day at least: until then a caller may repeat its Idempotency-Key, and be shown its message. */
static enum status read_age(const char *text, int64_t now_ms, int64_t *before_ms, struct error *err)
{
    if (text == NULL)
        return error_set(err, ST_INVALID, "--older-than is needed, as in --older-than 90d");
    if (!when_time(text, now_ms, before_ms))
        return error_set(err, ST_INVALID, "--older-than takes how long ago as 90d, or a time as"
                         " 2026-12-01T09:00:00Z");
    if (*before_ms > now_ms - DAY_MS)
        return error_set(err, ST_INVALID, "--older-than must be a day ago at least");
    return ST_OK;
}

static enum status read_request(const struct call *call, struct request *out, struct error *err)
{
    const char *batch = call_option(call, "--batch"), *pause = call_option(call, "--pause");
    bool yes = call_option(call, "--yes") != NULL;
    enum status s;

    *out = (struct request){ .batch = BATCH_DEFAULT, .dry = call_option(call, "--dry-run") != NULL };
    s = read_age(call_option(call, "--older-than"), clock_wall_ms(), &out->before_ms, err);
    if (s != ST_OK)
        return s;
    if (batch != NULL && !ctl_read_number(batch, 1, BATCH_MOST, &out->batch))
        return error_set(err, ST_INVALID, "--batch takes a number of recipients, 1 to %d", BATCH_MOST);
    if (pause != NULL && !ctl_read_number(pause, 0, PAUSE_MOST_MS, &out->pause_ms))
        return error_set(err, ST_INVALID, "--pause takes milliseconds, 0 to %d", PAUSE_MOST_MS);
    if (yes == out->dry)
        return error_set(err, ST_INVALID, "give one of --dry-run, which counts what would go, and --yes");
    return ST_OK;
}

enum status prune_check(const struct ctl *ctl, const struct call *call, struct error *err)
{
    struct request q;

    return read_request(call, &q, err);
}

/* ---- doing ---- */

struct run {
    struct prune_tally tally;
    size_t keys, callbacks;
};

static enum status prune_messages(struct ctl *ctl, const struct request *q, struct run *run,
                                  struct progress *bar, struct error *err)
{
    struct prune_place place = PRUNE_FROM_FIRST;
    struct arena mem = ARENA_INIT;
    bool more = true;
    enum status s = ST_OK;

    while (s == ST_OK && more && !interrupt_came()) {
        int64_t gone = run->tally.messages;

        arena_reset(&mem);
        s = prune_batch(ctl->db, &place, q->before_ms, q->batch, q->dry, &mem, &run->tally, &more, err);
        progress_to(bar, (size_t)run->tally.looked);
        if (s == ST_OK && more && run->tally.messages > gone)
            interrupt_sleep_ms(q->pause_ms);
    }
    arena_done(&mem);
    return s;
}

/* As the scheduler does, where one runs. */
static enum status sweep(struct ctl *ctl, enum status (*one)(struct db *, int, size_t *, struct error *),
                         const struct request *q, size_t *removed, struct error *err)
{
    size_t n = SWEEP_MOST;
    enum status s = ST_OK;

    while (s == ST_OK && n == SWEEP_MOST && !interrupt_came()) {
        s = one(ctl->db, SWEEP_MOST, &n, err);
        if (s == ST_OK)
            *removed += n;
        if (s == ST_OK && n == SWEEP_MOST)
            interrupt_sleep_ms(q->pause_ms);
    }
    return s;
}

static enum status prune_all(struct ctl *ctl, const struct request *q, struct run *run, struct error *err)
{
    struct progress bar;
    size_t messages = 0;
    enum status s = ST_OK;

    if (progress_is_wanted(ctl->json))
        s = span_size(ctl->db, &ctl->mem, &messages, err);
    if (s != ST_OK)
        return s;
    progress_begin(&bar, ctl->json, q->dry ? "counting" : "pruning", messages);
    s = prune_messages(ctl, q, run, &bar, err);
    progress_end(&bar);
    if (s == ST_OK && !q->dry)
        s = sweep(ctl, idempotency_prune, q, &run->keys, err);
    if (s == ST_OK && !q->dry)
        s = sweep(ctl, callbacks_prune, q, &run->callbacks, err);
    return s;
}

/* ---- telling ---- */

static void tell(struct ctl *ctl, const struct request *q, const struct run *run)
{
    const struct {
        const char *name, *words;
        int64_t n;
    } lines[] = {
        { "messages", "messages", run->tally.messages },
        { "recipients", "recipients", run->tally.recipients },
        { "events", "events of the timeline", run->tally.events },
        { "parked", "parked callbacks", run->tally.parked },
        { "idempotency_keys", "idempotency keys, past their day", (int64_t)run->keys },
        { "callbacks", "inbox of callbacks, past its days", (int64_t)run->callbacks },
    };
    enum { LINES = sizeof lines / sizeof *lines, COUNTED_DRY = 4 };
    const struct table_column columns[] = { { "WHAT" }, { q->dry ? "WOULD GO" : "REMOVED", .right = true } };
    const char *cells[2 * LINES];
    struct json_writer w = JSON_WRITER(&ctl->out);
    size_t n = q->dry ? COUNTED_DRY : LINES;

    if (ctl->json) {
        jw_open(&w, NULL, '{');
        jw_text(&w, "older_than", ctl_time(ctl, q->before_ms));
        jw_bool(&w, "dry_run", q->dry);
        jw_bool(&w, "interrupted", interrupt_came());
        jw_num(&w, "looked_at", run->tally.looked);
        for (size_t i = 0; i < n; i++)
            jw_num(&w, lines[i].name, lines[i].n);
        jw_close(&w, '}');
        return;
    }
    for (size_t i = 0; i < n; i++) {
        cells[2 * i] = lines[i].words;
        cells[2 * i + 1] = arena_printf(&ctl->mem, "%lld", (long long)lines[i].n);
    }
    ctl_table(ctl, columns, 2, cells, n);
}

enum status prune_run(struct ctl *ctl, const struct call *call, struct error *err)
{
    struct run run = { 0 };
    struct request q;
    enum status s = read_request(call, &q, err);

    if (s == ST_OK)
        s = ctl_connect(ctl, err);
    if (s != ST_OK)
        return s;
    interrupt_watch(SECOND_ENDS);
    s = prune_all(ctl, &q, &run, err);
    tell(ctl, &q, &run); /* after a failure too: what is gone is gone */
    if (s == ST_OK && interrupt_came())
        return error_set(err, ST_UNAVAILABLE, "interrupted after %lld messages of which %lld went; start it"
                         " again for the rest", (long long)run.tally.looked, (long long)run.tally.messages);
    return s;
}
