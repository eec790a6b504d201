/* doctor - running the checks, and telling what they found. */
#include "ctl/doctor.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "ctl/call.h"
#include "ctl/commands.h"
#include "ctl/paint.h"

#define FINDINGS_MOST 256 /* of a group */
#define GROUPS_MOST 16
#define ALL_SECONDS 15
#define NAME_WIDTH 28

struct group {
    const struct check *first;
    size_t n_checks;
    struct doctor doctor;
    pthread_t thread;
    bool ended;
};
struct visit {
    struct group groups[GROUPS_MOST];
    size_t n;
    size_t counts[FOUND_FAIL + 1];
};

static const struct {
    const char *word;  /* for people */
    const char *state; /* for programs */
    enum paint paint;
} states[] = {
    [FOUND_OK] = { "ok", "ok", PAINT_GOOD },
    [FOUND_WARN] = { "warn", "warn", PAINT_WARN },
    [FOUND_FAIL] = { "FAIL", "fail", PAINT_BAD },
};

/* ---- what checks say ---- */

static void __attribute__((format(printf, 4, 0)))
tell(struct doctor *d, enum found found, const char *remedy, const char *words, va_list ap)
{
    char text[1024];

    if (d->n == FINDINGS_MOST)
        return;
    vsnprintf(text, sizeof text, words, ap);
    d->list[d->n++] = (struct finding){
        .check = d->check, .subject = d->subject, .found = found, .remedy = remedy,
        .words = arena_strdup(&d->mem, text),
    };
}

void doctor_ok(struct doctor *d, const char *words, ...)
{
    va_list ap;

    va_start(ap, words);
    tell(d, FOUND_OK, NULL, words, ap);
    va_end(ap);
}

void doctor_warn(struct doctor *d, const char *remedy, const char *words, ...)
{
    va_list ap;

    va_start(ap, words);
    tell(d, FOUND_WARN, remedy, words, ap);
    va_end(ap);
}

void doctor_fail(struct doctor *d, const char *remedy, const char *words, ...)
{
    va_list ap;

    va_start(ap, words);
    tell(d, FOUND_FAIL, remedy, words, ap);
    va_end(ap);
}

/* ---- running ---- */

static void *run_group(void *arg)
{
    struct group *g = arg;
    struct doctor *d = &g->doctor;

    for (size_t i = 0; i < g->n_checks && !d->away; i++) {
        d->check = &g->first[i];
        d->subject = NULL;
        d->check->run(d);
    }
    db_free(d->db);
    cache_free(d->cache);
    broker_free(d->broker);
    return NULL;
}

static void start_groups(struct ctl *ctl, struct visit *v)
{
    for (size_t i = 0; i < n_checks; i++) {
        if (i == 0 || strcmp(checks[i].group, checks[i - 1].group) != 0) {
            if (v->n == GROUPS_MOST)
                abort();
            v->groups[v->n++].first = &checks[i];
        }
        v->groups[v->n - 1].n_checks++;
    }
    for (size_t i = 0; i < v->n; i++) {
        struct group *g = &v->groups[i];

        g->doctor.config = &ctl->config;
        g->doctor.list = ARENA_ARRAY(&g->doctor.mem, struct finding, FINDINGS_MOST);
        if (pthread_create(&g->thread, NULL, run_group, g) != 0)
            abort();
    }
}

/* False: some group has not ended, and its findings are not to be touched. */
static bool await_groups(struct visit *v)
{
    struct timespec until;
    bool all = true;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += ALL_SECONDS;
    for (size_t i = 0; i < v->n; i++) {
        v->groups[i].ended = pthread_timedjoin_np(v->groups[i].thread, NULL, &until) == 0;
        all = all && v->groups[i].ended;
    }
    return all;
}

/* What stands in the place of a group that did not end: a look-up of a name has no limit of its own. */
static const struct finding *findings_of(struct visit *v, size_t i, struct finding *late, size_t *n)
{
    struct group *g = &v->groups[i];

    *n = g->ended ? g->doctor.n : 1;
    if (g->ended)
        return g->doctor.list;
    *late = (struct finding){
        .check = g->first, .found = FOUND_FAIL,
        .words = "no answer within 15 seconds",
        .remedy = "Look whether the names of the configuration can be looked up (/etc/resolv.conf).",
    };
    return late;
}

/* ---- telling ---- */

static void line_json(struct json_writer *w, const struct finding *f)
{
    jw_open(w, NULL, '{');
    jw_text(w, "group", f->check->group);
    jw_text(w, "check", f->check->name);
    jw_text(w, "subject", f->subject);
    jw_text(w, "state", states[f->found].state);
    jw_text(w, "found", f->words);
    jw_text(w, "remedy", f->remedy);
    jw_close(w, '}');
}

static void line_text(struct buf *out, bool paint, const struct finding *f)
{
    char name[160];

    snprintf(name, sizeof name, "%s%s%s", f->check->name, f->subject != NULL ? " " : "",
             f->subject != NULL ? f->subject : "");
    buf_adds(out, "  ");
    paint_add(out, paint, states[f->found].paint, states[f->found].word);
    buf_addf(out, "%*s%-*s ", (int)(6 - strlen(states[f->found].word)), "", NAME_WIDTH, name);
    paint_add(out, paint, PAINT_NONE, f->words);
    buf_addc(out, '\n');
    if (f->remedy != NULL) {
        buf_addf(out, "        %*s ", NAME_WIDTH, "");
        paint_add(out, paint, PAINT_FAINT, "-> ");
        paint_add(out, paint, PAINT_FAINT, f->remedy);
        buf_addc(out, '\n');
    }
}

static void print_text(struct ctl *ctl, struct visit *v)
{
    bool paint = paint_is_wanted(STDOUT_FILENO);
    struct finding late;

    for (size_t i = 0; i < v->n; i++) {
        size_t n;
        const struct finding *list = findings_of(v, i, &late, &n);

        paint_add(&ctl->out, paint, PAINT_STRONG, v->groups[i].first->group);
        buf_addc(&ctl->out, '\n');
        for (size_t k = 0; k < n; k++)
            line_text(&ctl->out, paint, &list[k]);
    }
    buf_addf(&ctl->out, "\n%zu ok, %zu to look at, %zu failed\n", v->counts[FOUND_OK],
             v->counts[FOUND_WARN], v->counts[FOUND_FAIL]);
}

static void print_json(struct ctl *ctl, struct visit *v)
{
    struct json_writer w = JSON_WRITER(&ctl->out);
    struct finding late;

    jw_open(&w, NULL, '{');
    jw_open(&w, "checks", '[');
    for (size_t i = 0; i < v->n; i++) {
        size_t n;
        const struct finding *list = findings_of(v, i, &late, &n);

        for (size_t k = 0; k < n; k++)
            line_json(&w, &list[k]);
    }
    jw_close(&w, ']');
    for (int f = FOUND_OK; f <= FOUND_FAIL; f++)
        jw_num(&w, states[f].state, (int64_t)v->counts[f]);
    jw_close(&w, '}');
}

static void count(struct visit *v)
{
    struct finding late;

    for (size_t i = 0; i < v->n; i++) {
        size_t n;
        const struct finding *list = findings_of(v, i, &late, &n);

        for (size_t k = 0; k < n; k++)
            v->counts[list[k].found]++;
    }
}

static enum status verdict(const struct visit *v, struct error *err)
{
    size_t n = v->counts[FOUND_FAIL];

    return n == 0 ? ST_OK
                  : error_set(err, ST_UNAVAILABLE, "%zu check%s failed", n, n == 1 ? "" : "s");
}

/* A thread that hangs in a look-up can't be ended, and holds what would be freed: so this is the end. */
static void leave_at_once(struct ctl *ctl)
{
    struct error err;

    ctl_flush(ctl, &err);
    ctl_complain(ctl->json, status_name(ST_UNAVAILABLE), "some checks did not end");
    _exit(1);
}

enum status doctor_run(struct ctl *ctl, const struct call *call, struct error *err)
{
    struct visit *v = ARENA_NEW(&ctl->mem, struct visit);
    bool all;

    if (!transport_library_init())
        return error_set(err, ST_BUG, "libcurl cannot start");
    ctl_sweep_broker();
    start_groups(ctl, v);
    all = await_groups(v);
    count(v);
    (ctl->json ? print_json : print_text)(ctl, v);
    if (!all)
        leave_at_once(ctl);
    for (size_t i = 0; i < v->n; i++)
        arena_done(&v->groups[i].doctor.mem);
    return verdict(v, err);
}
