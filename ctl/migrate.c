/* migrate - the tables, step by step. */
#include "common/base/json.h"
#include "common/db/schema.h"
#include "ctl/call.h"
#include "ctl/commands.h"
#include "ctl/ctl.h"

#define WAIT_MOST 3600
#define STEPS_MOST 9999

enum status migrate_check(const struct ctl *ctl, const struct call *call, struct error *err)
{
    const char *wait = call_option(call, "--wait");
    int n;

    if (wait != NULL && !ctl_read_number(wait, 0, WAIT_MOST, &n))
        return error_set(err, ST_INVALID, "--wait takes a number of seconds, 0 to %d", WAIT_MOST);
    if (call->n_args > 0 && !ctl_read_number(call->args[0], 1, STEPS_MOST, &n))
        return error_set(err, ST_INVALID, "N is a number of migrations, 1 to %d", STEPS_MOST);
    return ST_OK;
}

/* What the steps report to: a line at once for people, one document at the end for programs. */
struct progress {
    struct ctl *ctl;
    struct json_writer json;
    int steps;
};

static void report(void *arg, const struct migration *m, bool up)
{
    struct progress *p = arg;

    p->steps++;
    if (p->ctl->json) {
        jw_open(&p->json, NULL, '{');
        jw_num(&p->json, "version", m->version);
        jw_text(&p->json, "name", m->name);
        jw_close(&p->json, '}');
        return;
    }
    buf_addf(&p->ctl->out, "%s %04d_%s\n", up ? "applied" : "took back", m->version, m->name);
    ctl_flush(p->ctl, NULL);
}

static void begin(struct progress *p, struct ctl *ctl, const char *list)
{
    *p = (struct progress){ .ctl = ctl, .json = JSON_WRITER(&ctl->out) };
    if (!ctl->json)
        return;
    jw_open(&p->json, NULL, '{');
    jw_open(&p->json, list, '[');
}

static void end(struct progress *p, enum status s, const char *nothing)
{
    if (p->ctl->json) {
        jw_close(&p->json, ']');
        jw_close(&p->json, '}');
    } else if (s == ST_OK && p->steps == 0) {
        buf_addf(&p->ctl->out, "%s\n", nothing);
    }
}

enum status migrate_up(struct ctl *ctl, const struct call *call, struct error *err)
{
    const char *wait = call_option(call, "--wait");
    struct progress p;
    int seconds = 0;
    enum status s;

    if (wait != NULL)
        ctl_read_number(wait, 0, WAIT_MOST, &seconds);
    s = ctl_connect_for_migrations(ctl, seconds, err);
    if (s != ST_OK)
        return s;
    begin(&p, ctl, "applied");
    s = schema_up(ctl->db, ctl_sql_dir(), &ctl->mem, report, &p, err);
    end(&p, s, "nothing to do: every migration is applied");
    return s;
}

enum status migrate_down(struct ctl *ctl, const struct call *call, struct error *err)
{
    struct progress p;
    int steps = 1;
    enum status s;

    if (call->n_args > 0)
        ctl_read_number(call->args[0], 1, STEPS_MOST, &steps);
    s = ctl_connect_for_migrations(ctl, 0, err);
    if (s != ST_OK)
        return s;
    begin(&p, ctl, "taken_back");
    s = schema_down(ctl->db, ctl_sql_dir(), steps, &ctl->mem, report, &p, err);
    end(&p, s, "nothing to do: no migration is applied");
    return s;
}

/* ---- status ---- */

static void status_json(struct ctl *ctl, const struct migration *all, size_t count, size_t pending)
{
    struct json_writer w = JSON_WRITER(&ctl->out);

    jw_open(&w, NULL, '{');
    jw_open(&w, "data", '[');
    for (size_t i = 0; i < count; i++) {
        jw_open(&w, NULL, '{');
        jw_num(&w, "version", all[i].version);
        jw_text(&w, "name", all[i].name);
        jw_text(&w, "applied_at", all[i].applied_at);
        jw_close(&w, '}');
    }
    jw_close(&w, ']');
    jw_num(&w, "pending", (int64_t)pending);
    jw_close(&w, '}');
}

static void status_text(struct ctl *ctl, const struct migration *all, size_t count, size_t pending)
{
    static const struct table_column columns[] = { { "VERSION" }, { "NAME" }, { "APPLIED" } };
    const char **cells = ARENA_ARRAY(&ctl->mem, const char *, count * 3);

    for (size_t i = 0; i < count; i++) {
        cells[i * 3] = arena_printf(&ctl->mem, "%04d", all[i].version);
        cells[i * 3 + 1] = all[i].name;
        cells[i * 3 + 2] = all[i].applied_at ? all[i].applied_at : "pending";
    }
    ctl_table(ctl, columns, 3, cells, count);
    if (pending > 0)
        buf_addf(&ctl->out, "%zu pending: `notifyctl migrate up` applies them\n", pending);
}

enum status migrate_status(struct ctl *ctl, const struct call *call, struct error *err)
{
    struct migration *all;
    size_t count, pending = 0;
    enum status s = ctl_connect_for_migrations(ctl, 0, err);

    if (s == ST_OK)
        s = schema_status(ctl->db, ctl_sql_dir(), &ctl->mem, &all, &count, err);
    if (s != ST_OK)
        return s;
    for (size_t i = 0; i < count; i++)
        pending += all[i].applied_at == NULL;
    (ctl->json ? status_json : status_text)(ctl, all, count, pending);
    return ST_OK;
}
