/* audit_view - what an audit found, as two tables for people or a document for programs. */
#include "ctl/audit_view.h"

#include "common/base/json.h"

static const char *const words[AUDIT_REASONS] = {
    [REASON_FINAL] = "it has its end",
    [REASON_SCHEDULED] = "waits for its scheduled time",
    [REASON_RETRY] = "waits for its next attempt",
    [REASON_SOON] = "on its way to the belt",
    [REASON_DUE] = "due, waits for room on the belt: a backlog or a rate",
    [REASON_BELT] = "on the belt, waits for a worker",
    [REASON_BELT_OVER] = "on the belt, due to be looked at again",
    [REASON_CLAIMED] = "claimed under a lease, or held for a callback",
    [REASON_LEASE_OVER] = "due: taken up again where its lease is over",
    [REASON_NONE] = "NOBODY WILL LOOK AT IT AGAIN",
};
static const char *const hold_words[] = {
    [HOLD_OFF] = "its platform is switched off, or has no provider",
    [HOLD_BREAKER] = "held: the breaker of each of its providers is open",
};

/* Reasons that a hold explains better. */
static bool is_held_back(enum audit_reason r)
{
    return r == REASON_DUE || r == REASON_BELT || r == REASON_BELT_OVER;
}

/* A line of the table: a state and why, over all platforms that have the same to say. */
struct line {
    enum delivery_state state;
    int64_t count;
    const char *why;
};
#define LINES_MOST (DS_COUNT * (AUDIT_REASONS + 2))

static int64_t count_of(const struct audit_view *v, enum delivery_state s, enum audit_reason r,
                        enum audit_hold hold)
{
    int64_t n = 0;

    for (int p = 0; p < PF_COUNT; p++) {
        enum audit_hold its = is_held_back(r) ? v->holds[p] : HOLD_NONE;

        n += its == hold ? v->counts.recipients[s][r][p] : 0;
    }
    return n;
}

static size_t add_lines(const struct audit_view *v, enum delivery_state s, struct line lines[])
{
    size_t n = 0;

    for (int r = 0; r < AUDIT_REASONS; r++) {
        int64_t count = count_of(v, s, (enum audit_reason)r, HOLD_NONE);

        if (count > 0)
            lines[n++] = (struct line){ s, count, words[r] };
    }
    for (enum audit_hold hold = HOLD_OFF; hold <= HOLD_BREAKER; hold++) {
        int64_t count = 0;

        for (int r = 0; r < AUDIT_REASONS; r++)
            count += count_of(v, s, (enum audit_reason)r, hold);
        if (count > 0)
            lines[n++] = (struct line){ s, count, hold_words[hold] };
    }
    return n;
}

static size_t all_lines(const struct audit_view *v, struct line lines[LINES_MOST])
{
    size_t n = 0;

    for (enum delivery_state s = DS_PENDING; s < DS_COUNT; s++)
        n += add_lines(v, s, lines + n);
    return n;
}

void audit_view_totals(const struct audit_view *v, int64_t *final, int64_t *live)
{
    *final = *live = 0;
    for (enum delivery_state s = DS_PENDING; s < DS_COUNT; s++) {
        for (int r = 0; r < AUDIT_REASONS; r++) {
            int64_t *sum = delivery_has_left(s) ? final : live;

            for (int p = 0; p < PF_COUNT; p++)
                *sum += v->counts.recipients[s][r][p];
        }
    }
}

/* ---- for programs ---- */

static void fault_json(struct json_writer *w, const struct audit_fault_view *f,
                       const struct audit_check *check)
{
    jw_open(w, NULL, '{');
    jw_text(w, "fault", audit_fault_name(check->fault));
    jw_text(w, "what", check->what);
    jw_num(w, "count", f->count);
    jw_open(w, "ids", '[');
    for (size_t i = 0; i < f->listed; i++)
        jw_text(w, NULL, f->ids[i]);
    jw_close(w, ']');
    jw_text(w, "remedy", check->remedy);
    jw_close(w, '}');
}

static void print_json(struct ctl *ctl, const struct audit_view *v, const struct audit_result *result)
{
    struct json_writer w = JSON_WRITER(&ctl->out);
    struct line lines[LINES_MOST];
    size_t n = all_lines(v, lines);

    jw_open(&w, NULL, '{');
    jw_text(&w, "at", ctl_time(ctl, v->at_ms));
    jw_text(&w, "since", ctl_time(ctl, v->since_ms));
    jw_bool(&w, "recorded", v->recorded);
    jw_num(&w, "messages", result->messages);
    jw_num(&w, "accepted", result->accepted);
    jw_num(&w, "final", result->final);
    jw_num(&w, "live", result->live);
    jw_num(&w, "missing", v->counts.missing);
    jw_num(&w, "surplus", v->counts.surplus);
    jw_open(&w, "states", '[');
    for (size_t i = 0; i < n; i++) {
        jw_open(&w, NULL, '{');
        jw_text(&w, "state", delivery_name(lines[i].state));
        jw_num(&w, "recipients", lines[i].count);
        jw_text(&w, "reason", lines[i].why);
        jw_close(&w, '}');
    }
    jw_close(&w, ']');
    jw_open(&w, "totals", '{');
    for (int f = 0; f < AUDIT_FAULTS; f++)
        jw_num(&w, audit_fault_name((enum audit_fault)f), result->faults[f]);
    jw_close(&w, '}');
    jw_open(&w, "faults", '[');
    for (size_t i = 0; i < n_audit_checks; i++) {
        if (v->faults[i].count > 0)
            fault_json(&w, &v->faults[i], &audit_checks[i]);
    }
    jw_close(&w, ']');
    jw_close(&w, '}');
}

/* ---- for people ---- */

static const struct table_column state_columns[] = {
    { "STATE" }, { "RECIPIENTS", .right = true }, { "REASON", .may_cut = true }
};
enum { STATE_COLUMNS = 3 };

static const char *number(struct ctl *ctl, int64_t n)
{
    return arena_printf(&ctl->mem, "%lld", (long long)n);
}

static void add_row(struct ctl *ctl, const char **cells, size_t *n, const char *state, int64_t count,
                    const char *why)
{
    const char **row = &cells[STATE_COLUMNS * (*n)++];

    row[0] = state;
    row[1] = number(ctl, count);
    row[2] = why;
}

static void print_states(struct ctl *ctl, const struct audit_view *v, const struct audit_result *result)
{
    const char *cells[STATE_COLUMNS * (LINES_MOST + 3)];
    struct line lines[LINES_MOST];
    size_t n = all_lines(v, lines), rows = 0;

    for (size_t i = 0; i < n; i++)
        add_row(ctl, cells, &rows, delivery_name(lines[i].state), lines[i].count, lines[i].why);
    if (v->counts.missing > 0)
        add_row(ctl, cells, &rows, "missing", v->counts.missing, "their messages count them, and they have"
                                                                 " no row");
    if (v->counts.surplus > 0)
        add_row(ctl, cells, &rows, "surplus", -v->counts.surplus, "rows that their messages do not count");
    add_row(ctl, cells, &rows, "accepted", result->accepted,
            arena_printf(&ctl->mem, "%lld final and %lld live, of %lld messages",
                         (long long)result->final, (long long)result->live,
                         (long long)result->messages));
    ctl_table(ctl, state_columns, STATE_COLUMNS, cells, rows);
}

static void print_fault(struct ctl *ctl, const struct audit_fault_view *f,
                        const struct audit_check *check)
{
    struct buf *out = &ctl->out;

    buf_addf(out, "  %s\n  remedy: %s\n", check->what, check->remedy);
    for (size_t i = 0; i < f->listed; i++)
        buf_addf(out, "    %s\n", f->ids[i]);
    if (f->listed > 0 && f->count > (int64_t)f->listed)
        buf_adds(out, "    and more\n");
}

static void print_faults(struct ctl *ctl, const struct audit_view *v)
{
    static const struct table_column columns[] = {
        { "FAULT" }, { "COUNT", .right = true }, { "WHAT", .may_cut = true }
    };
    const char **cells = ARENA_ARRAY(&ctl->mem, const char *, 3 * n_audit_checks);
    size_t rows = 0;

    for (size_t i = 0; i < n_audit_checks; i++) {
        if (v->faults[i].count > 0)
            add_row(ctl, cells, &rows, audit_fault_name(audit_checks[i].fault), v->faults[i].count,
                    audit_checks[i].what);
    }
    if (rows == 0) {
        buf_adds(&ctl->out, "\nconserved: nothing is lost, orphaned, miscounted or overdue\n");
        return;
    }
    buf_addc(&ctl->out, '\n');
    ctl_table(ctl, columns, 3, cells, rows);
    for (size_t i = 0; i < n_audit_checks; i++) {
        if (v->faults[i].count == 0)
            continue;
        buf_addf(&ctl->out, "\n%s:\n", audit_fault_name(audit_checks[i].fault));
        print_fault(ctl, &v->faults[i], &audit_checks[i]);
    }
}

void audit_view_print(struct ctl *ctl, const struct audit_view *v, const struct audit_result *result)
{
    if (ctl->json) {
        print_json(ctl, v, result);
        return;
    }
    print_states(ctl, v, result);
    print_faults(ctl, v);
}
