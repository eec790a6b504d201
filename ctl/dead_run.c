/* dead_run - replaying and purging dead letters from the command line. */
#include <stdint.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/broker/topology.h"
#include "common/db/users.h"
#include "common/service/dead_letters.h"
#include "ctl/commands.h"
#include "ctl/ctl.h"
#include "ctl/letters.h"
#include "ctl/progress.h"

#define REFUSALS_SHOWN 20
#define TOTAL_MOST 1000000 /* counting for the bar goes no further */

/* How the two actions are told of. */
static const struct {
    const char *doing, *done, *would, *result;
} words[DEAD_ACTIONS] = {
    [DEAD_REPLAY] = { "replaying", "replayed", "would replay", "replayed" },
    [DEAD_PURGE] = { "purging", "purged", "would purge", "purged" },
};

/* ---- the line ---- */

enum status dead_replay_check(const struct ctl *ctl, const struct call *call, struct error *err)
{
    struct arena mem = ARENA_INIT;
    struct letters l;
    enum status s = letters_read(call, true, clock_wall_ms(), &mem, &l, err);

    arena_done(&mem);
    return s;
}

enum status dead_purge_check(const struct ctl *ctl, const struct call *call, struct error *err)
{
    bool yes = call_option(call, "--yes") != NULL, dry = call_option(call, "--dry-run") != NULL;
    enum status s = dead_replay_check(ctl, call, err);

    if (s != ST_OK)
        return s;
    if (yes == dry)
        return error_set(err, ST_INVALID, "give one of --dry-run, which shows what would go, and --yes");
    return ST_OK;
}

/* ---- telling ---- */

struct tally {
    struct ctl *ctl;
    struct json_writer json;
    struct dead_run run;
    struct progress bar;
    size_t recipients, events, refused, moved; /* done: the first two */
    const char *shown[REFUSALS_SHOWN];
};

static void tell_json(struct tally *r, const struct dead_told *t)
{
    static const char *const others[] = { [DEAD_REFUSED] = "refused", [DEAD_MOVED] = "moved" };

    jw_open(&r->json, NULL, '{');
    jw_text(&r->json, "kind", t->kind);
    jw_text(&r->json, "id", t->id);
    jw_text(&r->json, "result", t->end == DEAD_DONE ? words[r->run.action].result : others[t->end]);
    jw_text(&r->json, "reason", t->reason);
    jw_close(&r->json, '}');
}

static void tell(void *arg, const struct dead_told *t)
{
    struct tally *r = arg;

    progress_step(&r->bar);
    if (r->ctl->json)
        tell_json(r, t);
    switch (t->end) {
    case DEAD_DONE:
        *(strcmp(t->kind, "event") == 0 ? &r->events : &r->recipients) += 1;
        break;
    case DEAD_REFUSED:
        if (r->refused < REFUSALS_SHOWN)
            r->shown[r->refused] = arena_printf(&r->ctl->mem, "refused %s %s: %s", t->kind, t->id,
                                                t->reason);
        r->refused++;
        break;
    case DEAD_MOVED:
        r->moved++;
        break;
    }
}

static void begin(struct tally *r)
{
    if (!r->ctl->json)
        return;
    jw_open(&r->json, NULL, '{');
    jw_open(&r->json, "data", '[');
}

static const char *plural(size_t n)
{
    return n == 1 ? "" : "s";
}

static void end_text(const struct tally *r)
{
    struct buf *out = &r->ctl->out;

    for (size_t i = 0; i < r->refused && i < REFUSALS_SHOWN; i++)
        buf_addf(out, "%s\n", r->shown[i]);
    if (r->refused > REFUSALS_SHOWN)
        buf_addf(out, "and %zu more refused\n", r->refused - REFUSALS_SHOWN);
    if (r->moved > 0)
        buf_addf(out, "%zu had moved on and need nothing\n", r->moved);
    buf_addf(out, "%s %zu recipient%s and %zu event%s\n",
             r->run.dry_run ? words[r->run.action].would : words[r->run.action].done, r->recipients,
             plural(r->recipients), r->events, plural(r->events));
}

/* What was done is told after a failure too. */
static void end(struct tally *r)
{
    progress_end(&r->bar);
    if (!r->ctl->json) {
        end_text(r);
        return;
    }
    jw_close(&r->json, ']');
    jw_bool(&r->json, "dry_run", r->run.dry_run);
    jw_num(&r->json, "recipients", (int64_t)r->recipients);
    jw_num(&r->json, "events", (int64_t)r->events);
    jw_num(&r->json, "refused", (int64_t)r->refused);
    jw_num(&r->json, "moved", (int64_t)r->moved);
    jw_close(&r->json, '}');
}

/* ---- doing ---- */

static enum status find_user(struct ctl *ctl, struct letters *l, struct error *err)
{
    struct user user;
    enum status s;

    if (l->user_email == NULL)
        return ST_OK;
    s = users_find(ctl->db, l->user_email, &ctl->mem, &user, err);
    if (s == ST_OK)
        l->filter.user_id = user.id;
    return s;
}

/* What is opened before anything is done: a run that could only do one half does nothing. */
static enum status open_neighbours(struct ctl *ctl, struct letters *l, bool named, struct error *err)
{
    bool queue = named ? l->n_names > 0 : l->queue;
    enum status s = ctl_connect(ctl, err);

    if (s == ST_OK)
        s = find_user(ctl, l, err);
    if (s == ST_OK && queue)
        s = ctl_connect_broker(ctl, err);
    return s;
}

/* The bar's length; asked only where there is a bar. */
static enum status count_letters(struct tally *r, const struct letters *l, bool named, size_t *total,
                                 struct error *err)
{
    struct queue_counts counts = { 0 };
    size_t failed = 0;
    enum status s = ST_OK;

    *total = 0;
    if (!progress_is_wanted(r->ctl->json))
        return ST_OK;
    if (named) {
        *total = l->n_refs + l->n_names;
        return ST_OK;
    }
    if (l->failed)
        s = dead_count(r->ctl->db, &l->filter, TOTAL_MOST, &r->ctl->mem, &failed, err);
    if (s == ST_OK && l->queue)
        s = broker_count(r->ctl->broker, QUEUE_DEAD, &counts, err);
    *total = failed + counts.ready < r->run.left ? failed + counts.ready : r->run.left;
    return s;
}

static enum status run_named(struct tally *r, const struct letters *l, struct error *err)
{
    enum status s = dead_run_recipients(&r->run, l->refs, l->n_refs, err);

    if (s == ST_OK && l->n_names > 0)
        s = dead_run_events(&r->run, &l->filter, l->names, l->n_names, err);
    return s;
}

static enum status run_filtered(struct tally *r, const struct letters *l, struct error *err)
{
    enum status s = ST_OK;

    if (l->failed)
        s = dead_run_failed(&r->run, &l->filter, err);
    if (s == ST_OK && l->queue)
        s = dead_run_events(&r->run, &l->filter, NULL, 0, err);
    return s;
}

static enum status run(struct ctl *ctl, const struct call *call, enum dead_action action,
                       struct error *err)
{
    struct tally r = { .ctl = ctl, .json = JSON_WRITER(&ctl->out) };
    struct letters l;
    bool named = call->n_args > 0;
    size_t total;
    enum status s = letters_read(call, true, clock_wall_ms(), &ctl->mem, &l, err);

    if (s == ST_OK)
        s = open_neighbours(ctl, &l, named, err);
    if (s != ST_OK)
        return s;
    r.run = (struct dead_run){
        .action = action, .dry_run = call_option(call, "--dry-run") != NULL,
        .left = l.limit == 0 ? SIZE_MAX : (size_t)l.limit,
        .max_attempts = ctl->config.worker.max_attempts,
        .confirm_ms = ctl->config.rabbitmq.confirm_timeout_ms,
        .db = ctl->db, .broker = ctl->broker, .tell = tell, .arg = &r,
    };
    s = count_letters(&r, &l, named, &total, err);
    if (s != ST_OK)
        return s;
    progress_begin(&r.bar, ctl->json, words[action].doing, total);
    begin(&r);
    s = (named ? run_named : run_filtered)(&r, &l, err);
    end(&r);
    if (s == ST_OK && r.refused > 0)
        return error_set(err, ST_CONFLICT, "%zu of %zu letters were refused", r.refused,
                         r.recipients + r.events + r.refused + r.moved);
    return s;
}

enum status dead_replay_run(struct ctl *ctl, const struct call *call, struct error *err)
{
    return run(ctl, call, DEAD_REPLAY, err);
}

enum status dead_purge_run(struct ctl *ctl, const struct call *call, struct error *err)
{
    return run(ctl, call, DEAD_PURGE, err);
}
