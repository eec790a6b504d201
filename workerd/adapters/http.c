/* http - a gateway that the configuration describes, so that a further one needs no code. */
#include "workerd/adapters/kinds.h"

#include <stdbool.h>
#include <string.h>

#include "common/base/excerpt.h"
#include "common/base/json_path.h"
#include "common/base/mask.h"
#include "common/config/gateway.h"
#include "common/model/recipient.h"
#include "workerd/adapters/mail.h"
#include "workerd/adapters/verdict.h"

#define URL_LIMIT 65536
#define HEADER_LIMIT 8192
#define BODY_LIMIT (2u << 20)
#define ADDRESS_BYTES 256
#define NAME_BYTES 1024
#define ID_MAX 200
#define CODE_MAX 64

struct provider {
    struct arena mem; /* holds the provider too */
    struct gateway gateway;
    bool needs_sender;
    int timeout_ms;
};

/* ---- opening ---- */

static void http_close(struct provider *p)
{
    if (p != NULL) {
        struct arena mem = p->mem;

        arena_done(&mem);
    }
}

static enum status http_open(struct provider **out, const struct provider_config *cfg,
                             const char *public_url, struct error *err)
{
    struct gateway_fault faults[GATEWAY_FAULTS];
    struct arena mem = ARENA_INIT;
    struct provider *p = ARENA_NEW(&mem, struct provider);
    enum status st = ST_OK;

    if (gateway_read(&mem, cfg, &p->gateway, faults) > 0) {
        st = error_set(err, ST_INVALID, "provider %s: %s %s", cfg->name, faults[0].key,
                       faults[0].words);
        arena_done(&mem);
        return st;
    }
    p->needs_sender = gateway_uses(&p->gateway, GW_FROM) || gateway_uses(&p->gateway, GW_FROM_BARE);
    p->timeout_ms = cfg->timeout_ms;
    p->mem = mem;
    *out = p;
    return st;
}

/* ---- building ---- */

/* A number without its '+', a mailbox without its name; anything else as it is. */
static const char *bare(const char *address, enum platform platform, struct arena *mem)
{
    char *name, *addr;

    if (address == NULL)
        return NULL;
    if (platform != PF_EMAIL)
        return address + (*address == '+');
    if (mailbox_fault(address) != NULL)
        return address;
    name = arena_alloc(mem, NAME_BYTES);
    addr = arena_alloc(mem, ADDRESS_BYTES);
    mailbox_split(address, name, NAME_BYTES, addr, ADDRESS_BYTES);
    return addr;
}

static void collect_values(const struct delivery *d, struct arena *mem,
                           const char *values[GW_VALUES])
{
    values[GW_TO] = d->address;
    values[GW_TO_BARE] = bare(d->address, d->platform, mem);
    values[GW_FROM] = d->from;
    values[GW_FROM_BARE] = bare(d->from, d->platform, mem);
    values[GW_TEXT] = d->content;
    values[GW_HTML] = d->html;
    values[GW_SUBJECT] = d->platform == PF_EMAIL ? mail_subject(d, mem) : d->subject;
    values[GW_ID] = d->recipient_id;
    values[GW_MESSAGE_ID] = d->message_id;
}

/* The parts of a request, each with its bound and what a value must not hold there. */
static const struct part {
    const char *name;
    size_t limit;
} url_part = { "URL", URL_LIMIT }, header_part = { "header", HEADER_LIMIT },
  body_part = { "body", BODY_LIMIT };

/* *text is copied into mem. */
static enum status fill(const struct part *part, const struct template *t,
                        const char *const values[], escape_fn escape, struct arena *mem,
                        const char **text, size_t *len, struct error *err)
{
    struct buf out = BUF_INIT(part->limit);
    enum status st = ST_OK;

    if (!template_fill(&out, t, values, escape))
        st = error_set(err, ST_INVALID, "bad_content: a control character, which the %s can't hold",
                       part->name);
    else if (buf_overflowed(&out))
        st = error_set(err, ST_INVALID, "content_too_long: the %s passes %zu bytes", part->name,
                       part->limit);
    else
        *text = arena_strndup(mem, buf_str(&out), *len = out.len);
    buf_free(&out);
    return st;
}

/* escape_percent keeps dots, which between slashes would lead elsewhere. */
static enum status fill_url(const struct gateway *g, const char *const values[], struct arena *mem,
                            struct transfer *out, struct error *err)
{
    size_t len;
    enum status st = fill(&url_part, &g->url, values, escape_percent, mem, &out->url, &len, err);

    if (st == ST_OK && gateway_url_climbs(out->url))
        return error_set(err, ST_INVALID, "bad_content: . or .. between slashes of the URL");
    return st;
}

static enum status fill_headers(const struct gateway *g, const char *const values[],
                                struct arena *mem, struct transfer *out, struct error *err)
{
    const char **lines = ARENA_ARRAY(mem, const char *, g->n_headers + 1);
    const char *value;
    size_t len;

    for (size_t i = 0; i < g->n_headers; i++) {
        enum status st =
            fill(&header_part, &g->headers[i].value, values, escape_line, mem, &value, &len, err);

        if (st != ST_OK)
            return st;
        lines[i] = arena_printf(mem, "%s: %s", g->headers[i].name, value);
    }
    out->headers = lines;
    return ST_OK;
}

static enum status fill_body(const struct gateway *g, const char *const values[], struct arena *mem,
                             struct transfer *out, struct error *err)
{
    if (g->body.count == 0)
        return ST_OK;
    return fill(&body_part, &g->body, values, g->body_escape, mem, &out->body, &out->body_len, err);
}

static enum status http_build(const struct provider *p, const struct delivery *d, struct arena *mem,
                              struct transfer *out, struct error *err)
{
    const struct gateway *g = &p->gateway;
    struct transfer t = {
        .kind = TRANSFER_HTTP,
        .method = g->method,
        .username = g->username,
        .password = g->password,
        .timeout_ms = p->timeout_ms,
    };
    const char *values[GW_VALUES];
    enum status st;

    if (p->needs_sender && d->from == NULL)
        return error_set(err, ST_INVALID, "no_sender: no sender is configured for this platform");
    collect_values(d, mem, values);
    if ((st = fill_url(g, values, mem, &t, err)) != ST_OK ||
        (st = fill_headers(g, values, mem, &t, err)) != ST_OK ||
        (st = fill_body(g, values, mem, &t, err)) != ST_OK)
        return st;
    *out = t;
    return ST_OK;
}

/* ---- reading answers ---- */

/*
 * An answer is an object or array of JSON, or a line of words.  A page, or JSON that is cut off, is
 * neither, and nothing is found in it.
 */
struct answer {
    json_t *doc;
    const char *line; /* NULL: there is none */
    size_t line_len;
    struct arena *mem;
};

static struct answer read_answer(const struct reply *r, struct arena *mem)
{
    const char *text = r->body + strspn(r->body, " \t\r\n");
    struct answer a = { .mem = mem };
    struct error unreadable;

    if (*text == '{' || *text == '[') {
        a.doc = json_read(r->body, r->body_len, &unreadable);
    } else if (*text != '<' && *text != '\0') {
        a.line = text;
        a.line_len = strcspn(text, "\r\n");
    }
    return a;
}

static bool is_readable(const struct answer *a)
{
    return a->doc != NULL || a->line != NULL;
}

static bool divides(char c)
{
    return strchr(" \t:;,|=&", c) != NULL;
}

/* From the n-th word on (the first is 0); *len is that word's own.  NULL: there are fewer. */
static const char *find_word(const struct answer *a, int n, size_t *len)
{
    const char *at = a->line, *end = a->line + a->line_len, *stop;

    for (;; at = stop) {
        while (at < end && divides(*at))
            at++;
        if (at == end)
            return NULL;
        for (stop = at; stop < end && !divides(*stop); stop++)
            ;
        *len = (size_t)(stop - at);
        if (n-- == 0)
            return at;
    }
}

/* What stands at a path: in a line of words, one number.  NULL: nothing, or an empty text. */
static const char *find_text(const struct answer *a, const char *path)
{
    const char *text = NULL;
    size_t len;

    if (a->doc != NULL) {
        text = json_path_text(a->doc, path, a->mem);
    } else if (a->line != NULL && json_path_index(path) >= 0) {
        text = find_word(a, json_path_index(path), &len);
        text = text != NULL ? arena_strndup(a->mem, text, len) : NULL;
    }
    return text != NULL && *text != '\0' ? text : NULL;
}

/* The same for people: in a line of words, from there to its end. */
static const char *find_sentence(const struct answer *a, const char *path)
{
    const char *text;
    size_t len;

    if (*path == '\0')
        return NULL;
    if (a->doc != NULL || a->line == NULL || json_path_index(path) < 0)
        return find_text(a, path);
    text = find_word(a, json_path_index(path), &len);
    return text != NULL ? arena_strndup(a->mem, text, (size_t)(a->line + a->line_len - text))
                        : NULL;
}

/* ---- judging ---- */

static const enum verdict_class classes[] = {
    [GW_UNLISTED] = VERDICT_UNCLEAR,    [GW_ACCEPTED] = VERDICT_ACCEPTED,
    [GW_THROTTLED] = VERDICT_THROTTLED, [GW_RETRY] = VERDICT_NOT_SENT,
    [GW_DENIED] = VERDICT_CREDENTIALS,  [GW_REFUSED] = VERDICT_REFUSED,
};

/* An id that can be stored and found again, else NULL: the message is accepted all the same. */
static const char *find_id(const struct answer *a, const char *path)
{
    const char *id = find_text(a, path);

    if (id == NULL || strlen(id) > ID_MAX)
        return NULL;
    for (const char *at = id; *at != '\0'; at++)
        if ((unsigned char)*at <= ' ' || *at == 0x7F)
            return NULL;
    return id;
}

/* The gateway's own code.  It goes into logs, where a wrong result_path might put an address. */
static const char *code_of_result(const char *result, struct arena *mem)
{
    const char *masked = mask_addresses(mem, result);
    const char *code = excerpt(mem, masked, strlen(masked), CODE_MAX);

    return *code != '\0' ? code : "result";
}

static struct verdict judge_other(const struct gateway *g, enum gateway_outcome outcome,
                                  const char *code, const struct answer *a, const struct reply *r)
{
    return verdict_make(classes[outcome], code, find_sentence(a, g->error_path), r, a->mem);
}

/* Nothing of the answer's is where it should be: who knows who answered. */
static struct verdict judge_unreadable(const struct reply *r, struct arena *mem)
{
    return verdict_make(VERDICT_UNCLEAR, "unreadable_answer", NULL, r, mem);
}

/* The status accepts.  A gateway may still refuse in its answer. */
static struct verdict judge_accepting(const struct gateway *g, const struct answer *a,
                                      const struct reply *r)
{
    if ((*g->result_path != '\0' || *g->id_path != '\0') && !is_readable(a))
        return judge_unreadable(r, a->mem);
    if (*g->result_path != '\0') {
        const char *result = find_text(a, g->result_path);
        enum gateway_outcome outcome;

        if (result == NULL)
            return judge_unreadable(r, a->mem);
        outcome = gateway_outcome_of_result(g, result);
        if (outcome != GW_ACCEPTED)
            return judge_other(g, outcome, code_of_result(result, a->mem), a, r);
    }
    return verdict_accepted(*g->id_path != '\0' ? find_id(a, g->id_path) : NULL);
}

static struct verdict http_judge(const struct provider *p, const struct reply *r, struct arena *mem)
{
    const struct gateway *g = &p->gateway;
    enum gateway_outcome outcome = gateway_outcome_of_status(g, r->status);
    struct answer a;
    struct verdict v;

    if (r->reach != REACH_ANSWERED)
        return verdict_of_reach(r, mem);
    a = read_answer(r, mem);
    if (outcome == GW_ACCEPTED)
        v = judge_accepting(g, &a, r);
    else
        v = judge_other(g, outcome, arena_printf(mem, "http_%d", r->status), &a, r);
    json_decref(a.doc);
    return v;
}

const struct adapter http_adapter = {
    .kind = "http",
    .platforms = (1u << PF_COUNT) - 1,
    .open = http_open,
    .build = http_build,
    .judge = http_judge,
    .close = http_close,
};
