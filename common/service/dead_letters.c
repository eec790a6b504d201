/* dead_letters - runs over failed recipients and over dead events. */
#include "common/service/dead_letters.h"

#include <stdint.h>
#include <string.h>

#include "common/broker/topology.h"
#include "common/model/recipient.h"
#include "common/service/dead_queue.h"

#define BATCH 500 /* recipients */

static void tell(struct dead_run *r, const char *kind, const char *id, enum dead_end end,
                 const char *reason)
{
    r->tell(r->arg, &(struct dead_told){ kind, id, end, reason });
}

static size_t share(const struct dead_run *r, size_t n)
{
    size_t most = n < BATCH ? n : BATCH;

    return r->left < most ? r->left : most;
}

/* ---- recipients ---- */

static void tell_recipient(struct dead_run *r, const struct recipient_ref *ref, enum dead_end end,
                           const char *reason)
{
    char id[RECIPIENT_ID_BYTES];

    tell(r, "recipient", recipient_id_format(ref->message_id, ref->n, id), end, reason);
}

static const char *objection(const struct dead_run *r, const struct dead_recipient *d,
                             struct arena *mem)
{
    if (d->status != DS_FAILED)
        return arena_printf(mem, "it is %s, not failed", delivery_name(d->status));
    if (r->action == DEAD_REPLAY && d->erased)
        return "its address was erased";
    if (r->action == DEAD_REPLAY && d->expired)
        return "its message has expired";
    return NULL;
}

static enum status change(struct dead_run *r, const struct recipient_ref refs[], size_t n,
                          struct arena *mem, bool moved[], struct error *err)
{
    if (r->dry_run || n == 0) {
        memset(moved, true, n * sizeof *moved);
        return ST_OK;
    }
    return r->action == DEAD_REPLAY ? dead_replay(r->db, refs, n, r->max_attempts, mem, moved, err)
                                    : dead_purge(r->db, refs, n, mem, moved, err);
}

static enum status run_batch(struct dead_run *r, const struct dead_recipient list[], size_t n,
                             struct arena *mem, struct error *err)
{
    struct recipient_ref refs[BATCH];
    bool moved[BATCH];
    size_t k = 0;
    enum status s;

    for (size_t i = 0; i < n; i++) {
        const char *reason = objection(r, &list[i], mem);

        if (reason != NULL)
            tell_recipient(r, &list[i].ref, DEAD_REFUSED, reason);
        else if (r->action == DEAD_PURGE && list[i].purged)
            tell_recipient(r, &list[i].ref, DEAD_MOVED, "it is purged already");
        else
            refs[k++] = list[i].ref;
    }
    s = change(r, refs, k, mem, moved, err);
    for (size_t i = 0; i < k && s == ST_OK; i++)
        tell_recipient(r, &refs[i], moved[i] ? DEAD_DONE : DEAD_MOVED,
                       moved[i] ? NULL : "it has moved on meanwhile");
    r->left -= n;
    return s;
}

enum status dead_run_failed(struct dead_run *r, const struct dead_filter *filter, struct error *err)
{
    struct dead_place behind = DEAD_FROM_LATEST;
    struct arena mem = ARENA_INIT;
    struct dead_recipient *list;
    enum status s = ST_OK;
    size_t n = 1;

    while (s == ST_OK && n > 0 && r->left > 0) {
        arena_reset(&mem);
        s = dead_page(r->db, filter, behind, (int)share(r, SIZE_MAX), &mem, &list, &n, err);
        if (s == ST_OK && n > 0) {
            behind = list[n - 1].place;
            s = run_batch(r, list, n, &mem, err);
        }
    }
    arena_done(&mem);
    return s;
}

static bool is_among(const struct recipient_ref *ref, const struct dead_recipient list[], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (list[i].ref.n == ref->n && strcmp(list[i].ref.message_id, ref->message_id) == 0)
            return true;
    }
    return false;
}

static enum status run_named(struct dead_run *r, const struct recipient_ref refs[], size_t n,
                             struct arena *mem, struct error *err)
{
    struct dead_recipient *list;
    size_t found;
    enum status s = dead_find(r->db, refs, n, mem, &list, &found, err);

    if (s != ST_OK)
        return s;
    for (size_t i = 0; i < n; i++) {
        if (!is_among(&refs[i], list, found))
            tell_recipient(r, &refs[i], DEAD_REFUSED, "there is no such recipient");
    }
    r->left -= n - found;
    return run_batch(r, list, found, mem, err);
}

enum status dead_run_recipients(struct dead_run *r, const struct recipient_ref refs[], size_t n,
                                struct error *err)
{
    struct arena mem = ARENA_INIT;
    enum status s = ST_OK;
    size_t some;

    for (size_t at = 0; at < n && r->left > 0 && s == ST_OK; at += some) {
        arena_reset(&mem);
        some = share(r, n - at);
        s = run_named(r, refs + at, some, &mem, err);
    }
    arena_done(&mem);
    return s;
}

/* ---- events ---- */

struct names {
    const char *const *list;
    bool *met;
    size_t n;
};

static bool is_named(const struct names *names, const char *name)
{
    bool named = false;

    for (size_t i = 0; i < names->n; i++) {
        if (strcmp(names->list[i], name) == 0)
            named = names->met[i] = true;
    }
    return named;
}

/* Those of a batch that are meant, as far as the limit goes. */
static size_t choose(struct dead_run *r, const struct dead_filter *filter, const struct names *names,
                     struct dead_event list[], size_t n, struct dead_event *out[])
{
    size_t k = 0;

    for (size_t i = 0; i < n && r->left > 0; i++) {
        if (names->list != NULL ? !is_named(names, list[i].name) : !dead_event_fits(&list[i], filter))
            continue;
        out[k++] = &list[i];
        r->left--;
    }
    return k;
}

static enum status remove_all(struct dead_run *r, struct dead_event *const events[], size_t n,
                              bool done[], struct error *err)
{
    enum status s = ST_OK;

    memset(done, true, n * sizeof *done);
    for (size_t i = 0; i < n && s == ST_OK; i++)
        s = broker_ack(r->broker, events[i]->tag, err);
    return s;
}

static enum status change_events(struct dead_run *r, struct dead_event *const events[], size_t n,
                                 bool done[], struct error *err)
{
    memset(done, true, n * sizeof *done);
    if (r->dry_run || n == 0)
        return ST_OK;
    return r->action == DEAD_REPLAY ? dead_queue_replay(r->broker, events, n, r->confirm_ms, done, err)
                                    : remove_all(r, events, n, done, err);
}

/* *settled grows by those that have left the queue. */
static enum status run_events(struct dead_run *r, struct dead_event *chosen[], size_t n,
                              struct arena *mem, size_t *settled, struct error *err)
{
    bool done[DEAD_BATCH];
    enum status s = ST_OK;
    size_t k = 0;

    if (r->action == DEAD_REPLAY)
        s = dead_queue_judge(r->db, chosen, n, mem, err);
    for (size_t i = 0; i < n && s == ST_OK; i++) {
        if (r->action == DEAD_REPLAY && chosen[i]->fault != NULL)
            tell(r, "event", chosen[i]->name, DEAD_REFUSED, chosen[i]->fault);
        else
            chosen[k++] = chosen[i];
    }
    if (s == ST_OK)
        s = change_events(r, chosen, k, done, err);
    for (size_t i = 0; i < k && s == ST_OK; i++) {
        tell(r, "event", chosen[i]->name, done[i] ? DEAD_DONE : DEAD_REFUSED,
             done[i] ? NULL : "the broker did not take it");
        *settled += done[i] && !r->dry_run;
    }
    return s;
}

/* What is not settled stays taken until the end, so that none comes twice. */
static enum status go_through(struct dead_run *r, const struct dead_filter *filter,
                              const struct names *names, uint32_t lying, struct error *err)
{
    struct arena mem = ARENA_INIT;
    struct dead_event *list, *chosen[DEAD_BATCH];
    size_t seen = 0, settled = 0, n = 1, k;
    enum status s = ST_OK;

    while (s == ST_OK && n > 0 && seen < lying && r->left > 0) {
        arena_reset(&mem);
        s = dead_queue_take(r->broker, lying - seen < DEAD_BATCH ? lying - seen : DEAD_BATCH, &mem,
                            &list, &n, err);
        if (s == ST_OK && n > 0) {
            seen += n;
            k = choose(r, filter, names, list, n, chosen);
            s = run_events(r, chosen, k, &mem, &settled, err);
        }
    }
    if (s == ST_OK)
        s = dead_queue_put_back(r->broker, seen - settled, err);
    arena_done(&mem);
    return s;
}

enum status dead_run_events(struct dead_run *r, const struct dead_filter *filter,
                            const char *const names[], size_t n_names, struct error *err)
{
    struct arena mem = ARENA_INIT;
    struct names wanted = { names, ARENA_ARRAY(&mem, bool, n_names + 1), n_names };
    struct queue_counts counts;
    enum status s = broker_count(r->broker, QUEUE_DEAD, &counts, err);

    if (s == ST_OK)
        s = go_through(r, filter, &wanted, counts.ready, err);
    for (size_t i = 0; i < n_names && s == ST_OK && r->left > 0; i++) {
        if (!wanted.met[i])
            tell(r, "event", names[i], DEAD_REFUSED, "there is no such event among the dead letters");
    }
    arena_done(&mem);
    return s;
}
