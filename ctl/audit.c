/* audit - conservation from the command line: the walk, and what it is judged by. */
#include "ctl/audit_view.h"

#include <string.h>

#include "common/base/clock.h"
#include "common/cache/breaker_board.h"
#include "ctl/commands.h"
#include "ctl/progress.h"
#include "ctl/when.h"

#define STEP_ROWS 20000
#define GRACE_MS 600000
#define LIMIT_DEFAULT 10
#define LIMIT_MOST 1000

struct request {
    int64_t since_ms, grace_ms;
    int limit;
};

static enum status read_request(const struct call *call, struct request *out, struct error *err)
{
    const char *grace = call_option(call, "--grace");
    const char *limit = call_option(call, "--limit");

    *out = (struct request){ .grace_ms = GRACE_MS, .limit = LIMIT_DEFAULT };
    if (when_option(call, "--since", clock_wall_ms(), &out->since_ms, err) != ST_OK)
        return err->kind;
    if (grace != NULL && !when_span(grace, &out->grace_ms))
        return error_set(err, ST_INVALID, "--grace takes how long, as 90s, 15m, 2h or 7d");
    if (limit != NULL && !ctl_read_number(limit, 0, LIMIT_MOST, &out->limit))
        return error_set(err, ST_INVALID, "--limit takes a number of ids, 0 to %d", LIMIT_MOST);
    return ST_OK;
}

enum status audit_check(const struct ctl *ctl, const struct call *call, struct error *err)
{
    struct request q;

    return read_request(call, &q, err);
}

/* ---- the walk ---- */

/* What a step has of a check; of the ids only as many as are still to be shown. */
static enum status look_for(struct ctl *ctl, struct audit_view *v, size_t check,
                            const struct span *step, const struct request *q, struct arena *mem,
                            struct error *err)
{
    struct audit_fault_view *f = &v->faults[check];
    size_t room = (size_t)q->limit - f->listed, n;
    struct audit_found *found;
    int64_t count;
    enum status s = audit_find(ctl->db, check, step, q->grace_ms, room > 0 ? (int)room : 1, mem, &found,
                               &n, &count, err);

    if (s != ST_OK)
        return s;
    f->count += count;
    for (size_t i = 0; i < n && i < room; i++)
        f->ids[f->listed++] =
            found[i].n < 0 ? arena_strdup(&ctl->mem, found[i].message_id)
                           : ctl_recipient_id(ctl, &(struct recipient_ref){ found[i].message_id,
                                                                            found[i].n, 0 });
    return ST_OK;
}

static enum status take_step(struct ctl *ctl, struct audit_view *v, const struct span *step,
                             const struct request *q, struct arena *mem, struct error *err)
{
    enum status s = audit_count(ctl->db, step, mem, &v->counts, err);

    for (size_t i = 0; i < n_audit_checks && s == ST_OK; i++)
        s = look_for(ctl, v, i, step, q, mem, err);
    return s;
}

static enum status walk(struct ctl *ctl, struct audit_view *v, struct span *step,
                        const struct request *q, struct progress *bar, struct error *err)
{
    struct arena mem = ARENA_INIT;
    bool more = true;
    enum status s = ST_OK;

    while (s == ST_OK && more) {
        arena_reset(&mem);
        s = span_next(ctl->db, step, STEP_ROWS, &mem, &more, err);
        if (s == ST_OK && more)
            s = take_step(ctl, v, step, q, &mem, err);
        progress_to(bar, (size_t)v->counts.messages);
    }
    arena_done(&mem);
    return s;
}

/* In one snapshot. */
static enum status look(struct ctl *ctl, struct audit_view *v, const struct request *q,
                        struct error *err)
{
    struct span step = span_begin(q->since_ms);
    struct progress bar;
    size_t messages = 0;
    enum status s = audit_begin(ctl->db, &ctl->mem, &v->at_ms, err);

    if (s == ST_OK && v->since_ms < 0 && progress_is_wanted(ctl->json))
        s = span_size(ctl->db, &ctl->mem, &messages, err);
    if (s == ST_OK) {
        progress_begin(&bar, ctl->json, "auditing", messages);
        s = walk(ctl, v, &step, q, &bar, err);
        progress_end(&bar);
    }
    audit_end(ctl->db);
    return s;
}

/* ---- what else says why something waits ---- */

static bool is_open(const struct config *c, const char *name, const struct breaker_view breakers[])
{
    for (size_t i = 0; i < c->n_providers; i++) {
        if (strcmp(c->providers[i].name, name) == 0)
            return strcmp(breakers[i].state, "open") == 0;
    }
    return false;
}

static bool all_are_open(const struct config *c, const struct config_platform *p,
                         const struct breaker_view breakers[])
{
    for (size_t i = 0; i < p->n_providers; i++) {
        if (!is_open(c, p->providers[i], breakers))
            return false;
    }
    return p->n_providers > 0;
}

/* Without Redis nothing is said of breakers. */
static void read_holds(struct ctl *ctl, struct audit_view *v)
{
    struct breaker_view *breakers =
        ARENA_ARRAY(&ctl->mem, struct breaker_view, ctl->config.n_providers + 1);
    struct error err;
    bool known;

    ctl_connect_cache(ctl);
    known = breaker_board_read_all(ctl->cache, &ctl->config, &ctl->mem, breakers, &err) == ST_OK;
    for (int i = 0; i < PF_COUNT; i++) {
        const struct config_platform *p = &ctl->config.platform[i];

        v->holds[i] = !p->enabled || p->n_providers == 0 ? HOLD_OFF
                      : known && all_are_open(&ctl->config, p, breakers) ? HOLD_BREAKER
                                                                         : HOLD_NONE;
    }
}

/* ---- the whole ---- */

static struct audit_result result_of(const struct audit_view *v)
{
    struct audit_result r = { .at_ms = v->at_ms, .messages = v->counts.messages,
                              .accepted = v->counts.accepted };

    audit_view_totals(v, &r.final, &r.live);
    for (size_t i = 0; i < n_audit_checks; i++)
        r.faults[audit_checks[i].fault] += v->faults[i].count;
    return r;
}

static enum status verdict(const struct audit_result *r, struct error *err)
{
    int64_t all = 0;

    for (int f = 0; f < AUDIT_FAULTS; f++)
        all += r->faults[f];
    if (all == 0)
        return ST_OK;
    return error_set(err, ST_CONFLICT, "%lld lost, %lld orphaned, %lld miscounted, %lld overdue",
                     (long long)r->faults[AUDIT_LOST], (long long)r->faults[AUDIT_ORPHANED],
                     (long long)r->faults[AUDIT_MISCOUNTED], (long long)r->faults[AUDIT_OVERDUE]);
}

enum status audit_run(struct ctl *ctl, const struct call *call, struct error *err)
{
    struct audit_view v = { .faults = ARENA_ARRAY(&ctl->mem, struct audit_fault_view, n_audit_checks) };
    struct request q;
    struct audit_result result;
    enum status s = read_request(call, &q, err);

    for (size_t i = 0; i < n_audit_checks; i++)
        v.faults[i] = (struct audit_fault_view){ .ids = ARENA_ARRAY(&ctl->mem, const char *,
                                                                    (size_t)q.limit + 1) };
    v.since_ms = call_option(call, "--since") == NULL ? -1 : q.since_ms;
    if (s == ST_OK)
        s = ctl_connect(ctl, err);
    if (s == ST_OK)
        s = look(ctl, &v, &q, err);
    if (s != ST_OK)
        return s;
    result = result_of(&v);
    /* One of a part would hide what the last whole one found elsewhere. */
    v.recorded = v.since_ms < 0 && call_option(call, "--dry-run") == NULL;
    if (v.recorded)
        s = audit_write(ctl->db, &result, err);
    read_holds(ctl, &v);
    audit_view_print(ctl, &v, &result);
    return s == ST_OK ? verdict(&result, err) : s;
}
