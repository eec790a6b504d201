#ifndef TESTS_UNIT_SIMULATOR_H
#define TESTS_UNIT_SIMULATOR_H
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/json.h"
#include "tests/simulator/provider.h"
/*
 * simulator - requests to a simulated provider, made by hand, and what became of them.
 */
#define COUNT(a) (sizeof(a) / sizeof *(a))

/* What each request of a test program starts from. */
struct sample {
    const char *path, *authorization, *content_type;
};

static inline void sample_prepare(struct exchange *x, const struct sample *s, const char *body)
{
    memset(x, 0, sizeof *x);
    x->received_ms = 1795500020123;
    x->request.method = "POST";
    x->request.path = s->path;
    x->request.authorization = s->authorization;
    x->request.content_type = s->content_type;
    x->request.body.limit = BODY_MAX;
    buf_adds(&x->request.body, body);
}

static inline void sample_done(struct exchange *x)
{
    buf_free(&x->request.body);
    arena_done(&x->mem);
}

static inline json_t *sample_answer(const struct exchange *x)
{
    return x->answer.body != NULL ? json_read(x->answer.body, x->answer.body_len, NULL) : NULL;
}

/* The member that a path of names and indexes leads to ("errors/0/field"); NULL: none. */
static inline json_t *sample_at(const json_t *json, const char *path)
{
    char name[64];

    while (json != NULL && *path != '\0') {
        size_t len = strcspn(path, "/");

        snprintf(name, sizeof name, "%.*s", (int)len, path);
        json = json_is_array(json) ? json_array_get(json, strtoul(name, NULL, 10))
                                   : json_object_get(json, name);
        path += len + (path[len] == '/');
    }
    return (json_t *)(uintptr_t)json;
}

static inline const char *sample_text(const json_t *json, const char *path)
{
    return json_string_value(sample_at(json, path));
}

static inline json_int_t sample_number(const json_t *json, const char *path)
{
    return json_integer_value(sample_at(json, path));
}

/* What a number must lead to: the first time, and once more. */
struct sample_behaviour {
    int number;
    const char *name;
    int first_status, first_code, second_status;
};

/* ask sends a right request to the recipient with this number. */
static inline void sample_behaviours(const struct sample_behaviour *rows, size_t count,
                                     void (*ask)(struct exchange *x, int number))
{
    for (size_t i = 0; i < count; i++) {
        const struct sample_behaviour *row = &rows[i];
        struct exchange x;

        ask(&x, row->number);
        ck_assert_msg(x.ok, "%d: %s", row->number, x.answer.body);
        ck_assert_msg(x.answer.status == row->first_status, "%d: %d", row->number, x.answer.status);
        ck_assert_msg(x.answer.code == row->first_code, "%d: code %d", row->number, x.answer.code);
        ck_assert_str_eq(x.behaviour->name, row->name);
        ck_assert_msg((x.id != NULL) == behaviour_accepts(x.behaviour), "%d", row->number);
        sample_done(&x);
        ask(&x, row->number);
        ck_assert_msg(x.answer.status == row->second_status, "%d again: %d", row->number,
                      x.answer.status);
        sample_done(&x);
    }
}

/* The callbacks of a number as "sent delivered"; a forged one has a '!'. */
static inline const char *sample_plan(const struct provider *p, int number, struct arena *mem)
{
    const struct plan *plan = behaviour_find(&p->repertoire, number)->plan;
    const char *out = "";

    for (size_t i = 0; plan != NULL && plan->steps[i].event != EVENT_NONE; i++)
        out = arena_printf(mem, "%s%s%s%s", out, i > 0 ? " " : "",
                           plan->steps[i].forged ? "!" : "",
                           p->event_name(plan->steps[i].event));
    return out;
}

static inline const char *sample_header(const struct post *p, const char *name)
{
    size_t len = strlen(name);

    for (size_t i = 0; i < POST_HEADERS && p->headers[i] != NULL; i++)
        if (strncmp(p->headers[i], name, len) == 0 && p->headers[i][len] == ':')
            return p->headers[i] + len + 2;
    return NULL;
}

/* Whether docs/simulator.md has this text. */
static inline bool sample_documented(const char *what)
{
    const char *top = getenv("top_srcdir");
    static char text[262144];
    char path[1024];

    if (text[0] == '\0') {
        FILE *f;

        snprintf(path, sizeof path, "%s/docs/simulator.md", top != NULL ? top : ".");
        f = fopen(path, "re");
        ck_assert_ptr_nonnull(f);
        text[fread(text, 1, sizeof text - 1, f)] = '\0';
        fclose(f);
    }
    return strstr(text, what) != NULL;
}

static inline void sample_expect_documented(const struct provider *p)
{
    char quoted[64];

    for (const struct behaviour *b = p->repertoire.own; b != NULL && b->pattern != NULL; b++) {
        snprintf(quoted, sizeof quoted, "`%s` | `%s`", b->pattern, b->name);
        ck_assert_msg(sample_documented(quoted), "%s", quoted);
    }
}
#endif
