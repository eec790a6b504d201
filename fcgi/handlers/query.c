/* query - reading query parameters. */
#include "fcgi/handlers/query.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/utf8.h"
#include "fcgi/cursor.h"
#include "fcgi/problem.h"
#include "fcgi/routes.h"

#define PARAMETERS_MOST 32
#define SCOPE_MOST (1u << 20) /* a query is shorter, even when all of it is escaped */
#define NAME_MAX_BYTES 64 /* of an unknown name in an answer */

void query_fault(struct query *q, const char *name, const char *detail)
{
    faults_add(&q->faults, detail, "?%.*s", (int)utf8_cut(name, strlen(name), NAME_MAX_BYTES), name);
}

static bool is_known(const char *name, const char *const known[])
{
    for (; *known != NULL; known++) {
        if (strcmp(*known, name) == 0)
            return true;
    }
    return false;
}

static bool is_text(const char *value)
{
    size_t len = strlen(value), step;

    for (size_t at = 0; at < len; at += step) {
        step = utf8_length(value + at, len - at);
        if (step == 0)
            return false;
    }
    return true;
}

static void check(struct query *q, size_t i, const char *const known[])
{
    const struct urlform_pair *pair = &q->form.pairs[i];

    if (!is_text(pair->key) || !is_text(pair->value)) {
        query_fault(q, "", "is not UTF-8");
        return;
    }
    if (!is_known(pair->key, known)) {
        query_fault(q, pair->key, "is not a parameter here");
        return;
    }
    for (size_t before = 0; before < i; before++) {
        if (strcmp(q->form.pairs[before].key, pair->key) == 0) {
            query_fault(q, pair->key, "is given twice");
            return;
        }
    }
}

bool query_read(struct query *q, struct call *call, const char *const known[])
{
    const char *text = call->req.query;
    struct error err;

    q->call = call;
    faults_init(&q->faults, &call->mem);
    if (urlform_parse(&call->mem, text, strcspn(text, "#"), PARAMETERS_MOST, &q->form, &err) != ST_OK) {
        problem_answer(call, PROBLEM_INVALID_PARAMETER, arena_strdup(&call->mem, err.text), NULL);
        return false;
    }
    for (size_t i = 0; i < q->form.count; i++)
        check(q, i, known);
    return true;
}

const char *query_text(const struct query *q, const char *name)
{
    return urlform_find(&q->form, name);
}

int query_int(struct query *q, const char *name, int min, int max, int fallback)
{
    const char *text = query_text(q, name);
    size_t len = text == NULL ? 0 : strlen(text);
    int value = fallback;

    if (text == NULL)
        return fallback;
    if (len >= 1 && len <= 9 && strspn(text, "0123456789") == len)
        value = atoi(text);
    else
        value = min - 1;
    if (value < min || value > max)
        query_fault(q, name, arena_printf(&q->call->mem, "must be a number from %d to %d", min, max));
    return value;
}

int64_t query_time(struct query *q, const char *name)
{
    const char *text = query_text(q, name);
    int64_t at = -1;

    if (text != NULL && !clock_parse(text, &at))
        query_fault(q, name, "must be a date and time as in 2026-12-01T09:00:00Z (RFC 3339)");
    return at;
}

/* Values are escaped, so that none of them reads as another filter. */
const char *query_scope(const struct query *q, const char *const known[])
{
    const char *id = q->call->id == NULL ? "" : q->call->id, *kept;
    struct buf scope = BUF_INIT(SCOPE_MOST);

    buf_addf(&scope, "%s %s", q->call->route->path, id);
    for (; *known != NULL; known++) {
        const char *value = query_text(q, *known);

        if (value != NULL && strcmp(*known, "limit") != 0 && strcmp(*known, "cursor") != 0)
            urlform_add(&scope, *known, value);
    }
    kept = arena_strdup(&q->call->mem, buf_str(&scope));
    buf_free(&scope);
    return kept;
}

const char *query_cursor(struct query *q, const char *scope)
{
    const char *text = query_text(q, "cursor"), *place = NULL;

    if (text != NULL && !cursor_read(&q->call->mem, text, scope, &place))
        query_fault(q, "cursor", "is not a cursor of this list with these filters");
    return place;
}

bool query_done(struct query *q)
{
    if (q->faults.count == 0)
        return true;
    problem_answer(q->call, PROBLEM_INVALID_PARAMETER,
                   arena_printf(&q->call->mem, "%zu %s.", q->faults.count,
                                q->faults.count == 1 ? "fault" : "faults"),
                   &q->faults);
    return false;
}
