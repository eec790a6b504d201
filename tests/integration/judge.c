/* judge - what is known of a message's recipients, and what is wrong with it. */
#include "tests/integration/judge.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/buf.h"
#include "tests/integration/stack.h"
#include "tests/integration/witness.h"

#define WORDS_MOST 3500 /* Check ends at a message of 4096 bytes; the first ones tell enough */

struct knowledge {
    json_t *recipients, *events; /* of the API */
    json_t *requests;            /* of the simulators' logs */
};

static json_t *read_all(const struct user *u, const char *id, const char *what)
{
    json_t *all = json_array();
    const char *cursor = "";

    do {
        struct answer a = http("GET", text("/api/v1/messages/%s/%s?limit=%d%s", id, what, RECIPIENTS_MOST, cursor),
                               u->key, NULL, NULL);

        ck_assert_msg(a.status == 200, "%d %s", a.status, a.body);
        json_array_extend(all, at(a.json, "data"));
        cursor = json_is_null(at(a.json, "next_cursor"))
                     ? NULL
                     : text("&cursor=%s", text_at(a.json, "next_cursor"));
    } while (cursor != NULL);
    return all;
}

json_t *events_told(const struct user *u, const char *message_id)
{
    return read_all(u, message_id, "events");
}

static void read_log(const char *path, json_t *requests)
{
    for (const char *log = witness_read(path), *end; (end = strchr(log, '\n')) != NULL; log = end + 1) {
        json_t *line = json_loadb(log, (size_t)(end - log), 0, NULL);

        ck_assert_ptr_nonnull(line);
        if (strcmp(text_at(line, "kind"), "request") == 0)
            json_array_append(requests, line);
        json_decref(line);
    }
}

static struct knowledge read_knowledge(const struct batch *b)
{
    struct knowledge k = { read_all(&b->user, b->id, "recipients"), events_told(&b->user, b->id),
                           json_array() };

    read_log(stack_env("SIMULATOR_LOG"), k.requests);
    if (b->log != NULL)
        read_log(b->log, k.requests);
    return k;
}

static void forget(struct knowledge *k)
{
    json_decref(k->recipients);
    json_decref(k->events);
    json_decref(k->requests);
}

/* Telegram, and mail that is refused early, do not say whose it is: then the address tells. */
static bool is_request_of(const json_t *line, const struct batch *b, size_t i)
{
    const char *id = text_at(line, "recipient_id"), *to = text_at(line, "to");
    const struct consequence *r = &b->rows[i];

    if (*id != '\0')
        return strcmp(id, text("%s.%zu", b->id, i)) == 0;
    return strcmp(to, r->address) == 0 || (r->becomes != NULL && strcmp(to, r->becomes) == 0);
}

static json_t *requests_of(const struct knowledge *k, const struct batch *b, size_t i)
{
    json_t *found = json_array(), *line;
    size_t j;

    json_array_foreach (k->requests, j, line)
        if (is_request_of(line, b, i))
            json_array_append(found, line);
    return found;
}

json_t *attempts_told(const json_t *events, const char *message_id, size_t n)
{
    const char *recipient = text("%s.%zu", message_id, n);
    json_t *found = json_array(), *event;
    size_t j;

    json_array_foreach (events, j, event)
        if (strcmp(text_at(event, "recipient"), recipient) == 0 &&
            strncmp(text_at(event, "event"), "attempt", 7) == 0)
            json_array_append(found, event);
    return found;
}

/* ---- judging ---- */

struct findings {
    const struct consequence *row;
    struct buf *words;
};

static void expect(struct findings *f, bool kept, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void expect(struct findings *f, bool kept, const char *fmt, ...)
{
    char words[200];
    va_list ap;

    if (kept)
        return;
    va_start(ap, fmt);
    vsnprintf(words, sizeof words, fmt, ap);
    va_end(ap);
    buf_addf(f->words, "\n  %s %s (%s): %s", f->row->platform, f->row->address, f->row->way, words);
}

static void expect_count(struct findings *f, const char *what, size_t n, int wanted)
{
    expect(f, n == (size_t)wanted || (f->row->or_fewer && n < (size_t)wanted), "%zu %s, not %d", n, what,
           wanted);
}

static bool is_among(const char *list, const char *state)
{
    size_t len = strlen(state);

    for (const char *at = list; (at = strstr(at, state)) != NULL; at += len)
        if ((at == list || at[-1] == ',') && (at[len] == ',' || at[len] == '\0'))
            return true;
    return false;
}

static void judge_end(struct findings *f, const json_t *shown)
{
    const struct consequence *r = f->row;
    const char *code = text_at(shown, "error/code");

    expect(f, is_among(r->end, text_at(shown, "status")), "is %s, not %s", text_at(shown, "status"), r->end);
    expect(f, r->code != NULL ? strcmp(code, r->code) == 0 || strcmp(r->code, ANY_CODE) == 0 : *code == '\0',
           "its code is \"%s\" (%s), not \"%s\"", code, text_at(shown, "error/message"),
           r->code != NULL ? r->code : "");
    expect(f, strcmp(text_at(shown, "provider"), r->provider) == 0, "ended with %s, not %s",
           text_at(shown, "provider"), r->provider);
    expect(f, strcmp(text_at(shown, "recipient"), r->becomes != NULL ? r->becomes : r->address) == 0,
           "its address is %s", text_at(shown, "recipient"));
    expect(f, json_is_null(at(shown, "next_attempt_at")), "has a next attempt");
    expect_count(f, "attempts are counted", (size_t)number_at(shown, "attempts"), r->attempts);
}

/* What was asked for before something else was asked for. */
static void judge_repetition(struct findings *f, const json_t *request, const json_t *next, const json_t *attempt)
{
    bool passed_on = strcmp(text_at(request, "provider"), text_at(next, "provider")) != 0;

    expect(f, passed_on || json_is_true(at(request, "again")), "was asked for again after a final answer");
    expect(f, *text_at(request, "sid") == '\0' || json_is_true(at(attempt, "possible_duplicate")),
           "was reached, and asked for again without a mark");
}

static void judge_requests(struct findings *f, const json_t *requests, const json_t *attempts)
{
    size_t n = json_array_size(requests), tried = json_array_size(attempts), marks = 0, i;
    const char *last = text_at(json_array_get(requests, n - 1), "to");
    const json_t *one;

    expect_count(f, "requests", n, f->row->requests);
    expect(f, n == tried, "%zu requests, but %zu attempts in the timeline", n, tried);
    expect(f, strcmp(text_at(requests, "0/behaviour"), f->row->way) == 0, "met \"%s\"",
           text_at(requests, "0/behaviour"));
    expect(f, f->row->becomes == NULL || strcmp(last, f->row->becomes) == 0, "the last went to %s", last);
    json_array_foreach (attempts, i, one)
        marks += json_is_true(at(one, "possible_duplicate"));
    expect_count(f, "marks", marks, f->row->marks);
    for (i = 0; i + 1 < n && i < tried; i++)
        judge_repetition(f, json_array_get(requests, i), json_array_get(requests, i + 1),
                         json_array_get(attempts, i));
}

const char *judge(const struct batch *b)
{
    struct knowledge k = read_knowledge(b);
    struct buf words = BUF_INIT(WORDS_MOST);
    const char *all;

    ck_assert_uint_eq(json_array_size(k.recipients), b->n);
    for (size_t i = 0; i < b->n; i++) {
        struct findings f = { &b->rows[i], &words };
        json_t *requests = requests_of(&k, b, i), *attempts = attempts_told(k.events, b->id, i);

        judge_end(&f, json_array_get(k.recipients, i));
        judge_requests(&f, requests, attempts);
        json_decref(requests);
        json_decref(attempts);
    }
    forget(&k);
    all = text("%s", buf_str(&words));
    buf_free(&words);
    return all;
}
