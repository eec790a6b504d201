/* send_file - to the recipients of a file, however many, in memory for one call of the database. */
#include "common/base/clock.h"
#include "common/service/accepting.h"
#include "common/service/send_all.h"
#include "ctl/interrupt.h"
#include "ctl/send.h"
#include "ctl/send_run.h"

/* ---- the file ---- */

static void begin_reading(struct run *r, const struct message_rules *rules)
{
    r->lines = (struct recipient_lines){ .file = r->source.file, .rules = rules,
                                         .one_platform = r->line->one_platform,
                                         .platform = r->line->platform };
}

/* ---- gathering ---- */

static void take_recipient(struct run *r, const struct message_recipient *found)
{
    struct message_draft *d = &r->open.draft;

    if (d->n_recipients == 0) {
        *d = r->line->draft;
        d->recipients = ARENA_ARRAY(&r->mem, struct message_recipient, LINES_EACH);
    }
    d->recipients[d->n_recipients++] =
        (struct message_recipient){ found->platform, arena_strdup(&r->mem, found->address), NULL };
}

/* The lines of a message have been read, as far as there are any. */
static void close_chunk(struct run *r)
{
    struct chunk *c = &r->open;
    size_t begin = (r->lines.n - 1) / LINES_EACH * LINES_EACH + 1, skip = (size_t)r->line->skip_lines;

    if (c->draft.n_recipients == 0)
        return;
    c->first = begin <= skip ? skip + 1 : begin;
    c->last = r->lines.n;
    c->draft.created_ms = clock_wall_ms();
    draft_adopt(&c->draft, r->line->draft.user_id);
    r->chunks[r->n_chunks++] = *c;
    *c = (struct chunk){ 0 };
}

static void take_line(struct run *r, enum line_kind kind, const struct recipient_line *line)
{
    bool skipped = r->lines.n <= (size_t)r->line->skip_lines;

    if (kind == LINE_BAD && !skipped)
        report_bad_line(&r->report, r->lines.n, line);
    if (kind != LINE_RECIPIENT)
        return;
    if (seen_before(&r->seen, line->recipient.platform, line->recipient.address))
        r->report.duplicates += !skipped;
    else if (!skipped) /* what was sent in the lines before is not sent again */
        take_recipient(r, &line->recipient);
}

static enum status interrupted(struct error *err)
{
    return error_set(err, ST_UNAVAILABLE, "interrupted");
}

static enum status run_over(struct run *r, struct error *err)
{
    struct recipient_line line;
    enum line_kind kind;
    enum status s = ST_OK;

    while (s == ST_OK && (kind = recipient_lines_next(&r->lines, &line)) != LINE_END) {
        if (interrupt_came())
            return interrupted(err);
        if (kind == LINE_UNREADABLE)
            return list_file_fault(&r->source, err);
        take_line(r, kind, &line);
        if (r->lines.n % LINES_EACH != 0)
            continue;
        close_chunk(r);
        if (r->n_chunks == CALL_MESSAGES || r->lines.n % (LINES_EACH * CALL_MESSAGES) == 0)
            s = run_call(r, err);
    }
    if (s == ST_OK && interrupt_came()) /* the end may have come of it */
        return interrupted(err);
    if (s == ST_OK && r->lines.n > 0) {
        close_chunk(r);
        s = run_call(r, err);
    }
    return s;
}

/* ---- all or nothing ---- */

/* Reads it once for its faults alone. */
static enum status check_pass(struct run *r, const struct message_rules *rules, struct error *err)
{
    struct recipient_line line;
    enum line_kind kind;

    begin_reading(r, rules);
    while ((kind = recipient_lines_next(&r->lines, &line)) != LINE_END) {
        if (interrupt_came())
            return interrupted(err);
        if (kind == LINE_UNREADABLE)
            return list_file_fault(&r->source, err);
        if (kind == LINE_BAD && r->lines.n > (size_t)r->line->skip_lines)
            report_bad_line(&r->report, r->lines.n, &line);
    }
    rewind(r->source.file);
    if (r->report.bad > 0)
        return error_set(err, ST_INVALID, "%s among %zu of %s", report_amiss(&r->report), r->lines.n,
                         r->source.name);
    return ST_OK;
}

static enum status run_whole(struct run *r, const struct message_rules *rules, struct error *err)
{
    enum status s = check_pass(r, rules, err);

    if (s != ST_OK)
        return s;
    r->report.bar.total = r->lines.n;
    begin_reading(r, rules);
    s = send_all_begin(r->ctl->db, err);
    if (s == ST_OK)
        s = run_over(r, err);
    if (s == ST_UNCERTAIN) /* but not here: what was not committed is gone */
        s = error_set(err, ST_UNAVAILABLE, "the database was lost");
    if (s == ST_OK && r->report.bad > 0)
        s = error_set(err, ST_CONFLICT, "%s was changed while it was read", r->source.name);
    if (s == ST_OK && r->report.refused > 0)
        s = error_set(err, ST_CONFLICT, "--idempotency-key was used with other lines or another message");
    if (s == ST_OK)
        return send_all_end(r->ctl->db, r->first, err);
    send_all_drop(r->ctl->db);
    return s;
}

/* ---- how it ended ---- */

/* A run that was cut off: what is done, and how to go on. */
static enum status cut_off(const struct run *r, struct error *err)
{
    const struct error why = *err;
    const char *again = r->line->key != NULL ? ", or give the same line again, which doubles nothing" : "";
    const struct chunk *c = r->chunks, *last = r->chunks + r->n_chunks - 1;

    while (why.kind == ST_UNCERTAIN && c < last && c->last <= r->settled)
        c++;
    if (why.kind == ST_UNCERTAIN)
        return error_set(err, why.kind, "the database was lost: lines 1 to %zu are done; whether %zu to %zu"
                         " are, nobody could be asked: if `notifyctl message show %s` finds it, go on with"
                         " --skip-lines %zu, else with --skip-lines %zu%s", r->settled, r->settled + 1,
                         last->last, c->draft.id, last->last, r->settled, again);
    return error_set(err, why.kind, "%s: lines 1 to %zu are done, nothing behind them was accepted; go on with"
                     " --skip-lines %zu%s", why.text, r->settled, r->settled, again);
}

static enum status nothing_kept(const struct run *r, struct error *err)
{
    const struct error why = *err;

    if (why.kind == ST_UNCERTAIN && r->first != NULL)
        return error_set(err, why.kind, "%s: `notifyctl message show %s` tells later whether all was accepted,"
                         " or nothing", why.text, r->first->id);
    return error_set(err, why.kind, "%s: nothing was sent", why.text);
}

static enum status judge_counts(const struct run *r, struct error *err)
{
    const struct send_report *t = &r->report;

    if (t->bad > 0 || t->refused > 0)
        return error_set(err, ST_INVALID, "%s; the rest was accepted", report_amiss(t));
    if (r->lines.n < (size_t)r->line->skip_lines)
        return error_set(err, ST_INVALID, "--skip-lines %d: %s has only %zu lines", r->line->skip_lines,
                         r->source.name, r->lines.n);
    if (t->messages + t->replayed == 0 && r->line->skip_lines == 0)
        return error_set(err, ST_INVALID, "%s names no recipient", r->source.name);
    return ST_OK;
}

static void close_run(struct run *r)
{
    list_file_close(&r->source);
    seen_free(&r->seen);
    arena_done(&r->mem);
}

enum status send_to_file(struct ctl *ctl, const struct send_line *line, const struct message_rules *rules,
                         const struct user *user, struct error *err)
{
    struct run r = { .ctl = ctl, .line = line, .settled = (size_t)line->skip_lines };
    bool whole = line->all_or_nothing;
    enum status s;

    interrupt_watch(SECOND_ENDS);
    s = list_file_open(&r.source, ctl, line->to_file, whole, err);
    if (s != ST_OK)
        return s;
    report_begin(&r.report, ctl, r.source.name, user->email);
    progress_begin(&r.report.bar, ctl->json, "sending", 0);
    if (r.report.bar.shown && !whole)
        r.report.bar.total = list_file_count(&r.source);
    begin_reading(&r, rules);
    s = whole ? run_whole(&r, rules, err) : run_over(&r, err);
    report_end(&r.report, r.lines.n, whole && s != ST_OK);
    if (s != ST_OK)
        s = whole ? nothing_kept(&r, err) : cut_off(&r, err);
    else
        s = judge_counts(&r, err);
    close_run(&r);
    return s;
}
