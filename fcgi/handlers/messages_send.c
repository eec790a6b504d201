/* messages_send - sending one message, or many in one call. */
#include <string.h>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/metrics/metrics.h"
#include "common/model/message_body.h"
#include "common/service/accepting.h"
#include "common/service/belt.h"
#include "common/service/send_messages.h"
#include "fcgi/handlers/handlers.h"
#include "fcgi/problem.h"

#define BULK_MESSAGES_MAX 1000
#define BULK_RECIPIENTS_MAX 10000
#define BULK_FAULTS_MAX 5000 /* told of in one answer */

/* What a call wants to send, with the answer that it gets if that works. */
struct sending {
    struct call *call;
    const char *key; /* Idempotency-Key; NULL: none */
    const struct message_draft **drafts;
    size_t n_drafts;
    int status;
    const char *location; /* NULL: none */
    const char *answer;
};

/* ---- decoding ---- */

/* NULL where the message is at fault. */
static struct message_draft *decode_message(struct api *api, struct call *c, const json_t *body,
                                            const struct message_rules *rules, const char *trace,
                                            size_t faults_most, struct faults *faults)
{
    struct message_draft *draft = ARENA_NEW(&c->mem, struct message_draft);

    faults_init(faults, &c->mem);
    faults->most = faults_most;
    message_body_read(body, "", rules, &c->mem, draft, faults);
    if (faults->count > 0)
        return NULL;
    draft_adopt(draft, c->caller.user_id);
    draft->trace = trace;
    /* Places on the belt are for what goes there; its event should long have been claimed by then. */
    if (draft->scheduled_ms < 0 && publisher_takes(api->publisher, draft))
        draft_put_off(draft, BELT_GRACE_MS);
    return draft;
}

/*
 * What is kept of the trace.  A single message without a caller's trace keeps nothing: it is its own,
 * and the request's trace becomes that one.  The messages of a bulk keep that of their request.
 */
static const char *kept_trace(struct call *c, bool bulk)
{
    char *kept = NULL;

    if (bulk || c->traced) {
        kept = arena_alloc(&c->mem, TRACE_KEPT_BYTES);
        trace_keep(&c->trace, kept);
    }
    return kept;
}

static const char *count_faults(struct call *c, const struct faults *faults)
{
    return arena_printf(&c->mem, "%zu %s.", faults->count, faults->count == 1 ? "fault" : "faults");
}

static bool read_key(struct sending *s)
{
    s->key = request_header(&s->call->req, "Idempotency-Key");
    if (s->key == NULL || idempotency_key_is_valid(s->key))
        return true;
    problem_answer(s->call, PROBLEM_INVALID_PARAMETER,
                   "Idempotency-Key must be 1 to 255 printable ASCII characters.", NULL);
    return false;
}

/* NULL, and the call answered, where it is not JSON. */
static json_t *read_json(struct call *c)
{
    struct error err;
    json_t *body = json_read(c->req.body, c->req.body_len, &err);

    if (body == NULL)
        problem_answer(c, PROBLEM_MALFORMED_JSON, arena_strdup(&c->mem, err.text), NULL);
    return body;
}

/* The body of the answer is written into the response and copied: it may be kept with a key. */
static void keep_answer(struct sending *s)
{
    s->answer = arena_strndup(&s->call->mem, buf_str(&s->call->res.body), s->call->res.body.len);
}

/* False: the call is answered. */
static bool decode_one(struct api *api, struct sending *s)
{
    struct json_writer w = JSON_WRITER(&s->call->res.body);
    struct message_rules rules;
    struct faults faults;
    SCOPED(json_t) body = read_json(s->call);

    if (body == NULL || !read_key(s))
        return false;
    message_rules_init(&rules, api->config, clock_wall_ms());
    s->drafts = ARENA_ARRAY(&s->call->mem, const struct message_draft *, 1);
    s->drafts[0] = decode_message(api, s->call, body, &rules, kept_trace(s->call, false), FAULTS_MAX,
                                  &faults);
    if (s->drafts[0] == NULL) {
        problem_answer(s->call, PROBLEM_VALIDATION_FAILED, count_faults(s->call, &faults), &faults);
        return false;
    }
    s->n_drafts = 1;
    s->status = 202;
    s->location = arena_printf(&s->call->mem, "%s/api/v1/messages/%s", api->mount, s->drafts[0]->id);
    accepted_write(&w, s->drafts[0]);
    keep_answer(s);
    return true;
}

/* ---- decoding many ---- */

static void check_bulk(const json_t *body, const json_t *messages, struct faults *faults)
{
    size_t recipients = 0, n = json_array_size(messages);
    const char *name;
    json_t *value;

    if (!json_is_object(body)) {
        faults_add(faults, "must be an object", "%s", "");
        return;
    }
    json_object_foreach ((json_t *)(uintptr_t)body, name, value) {
        if (strcmp(name, "messages") != 0)
            faults_add(faults, "is not a member of a bulk", "/%s", faults_token(faults, name));
    }
    if (!json_is_array(messages) || n < 1 || n > BULK_MESSAGES_MAX) {
        faults_add(faults, "must be an array of 1 to 1,000 messages", "/messages");
        return;
    }
    for (size_t i = 0; i < n; i++)
        recipients += json_array_size(json_object_get(json_array_get(messages, i), "recipients"));
    if (recipients > BULK_RECIPIENTS_MAX)
        faults_add(faults, "must name at most 10,000 recipients in all", "/messages");
}

static void write_result(struct json_writer *w, struct call *c, size_t i,
                         const struct message_draft *d, const struct faults *faults)
{
    jw_open(w, NULL, '{');
    jw_num(w, "index", (int64_t)i);
    if (d != NULL)
        accepted_write_start(w, d);
    else
        problem_write(w, "error", PROBLEM_VALIDATION_FAILED, count_faults(c, faults), c->request_id,
                      faults);
    jw_close(w, '}');
}

/* Of all that a bulk tells: each message's first fault at least, so that the answer has a ceiling. */
static size_t share_of(size_t told)
{
    size_t left = told < BULK_FAULTS_MAX ? BULK_FAULTS_MAX - told : 1;

    return left < FAULTS_MAX ? left : FAULTS_MAX;
}

/* One pass reads and tells of each; the counts stand in front, so the results are kept apart. */
static void decode_each(struct api *api, struct sending *s, const json_t *messages)
{
    struct buf results = BUF_INIT(RESPONSE_BODY_MAX);
    struct json_writer list = JSON_WRITER(&results), w = JSON_WRITER(&s->call->res.body);
    size_t n = json_array_size(messages), told = 0;
    const char *trace = kept_trace(s->call, true);
    struct message_rules rules;
    struct faults faults;

    message_rules_init(&rules, api->config, clock_wall_ms());
    s->drafts = ARENA_ARRAY(&s->call->mem, const struct message_draft *, n);
    jw_open(&list, NULL, '[');
    for (size_t i = 0; i < n; i++) {
        const struct message_draft *d =
            decode_message(api, s->call, json_array_get(messages, i), &rules, trace, share_of(told),
                           &faults);

        if (d != NULL)
            s->drafts[s->n_drafts++] = d;
        write_result(&list, s->call, i, d, &faults);
        told += faults.count < faults.most ? faults.count : faults.most;
    }
    jw_close(&list, ']');
    jw_open(&w, NULL, '{');
    jw_num(&w, "accepted", (int64_t)s->n_drafts);
    jw_num(&w, "rejected", (int64_t)(n - s->n_drafts));
    jw_raw(&w, "results", buf_str(&results));
    jw_close(&w, '}');
    s->status = s->n_drafts == n ? 202 : 207;
    buf_free(&results);
    keep_answer(s);
}

static bool decode_bulk(struct api *api, struct sending *s)
{
    const json_t *messages;
    struct faults faults;
    SCOPED(json_t) body = read_json(s->call);

    if (body == NULL || !read_key(s))
        return false;
    messages = json_object_get(body, "messages");
    faults_init(&faults, &s->call->mem);
    check_bulk(body, messages, &faults);
    if (faults.count > 0) {
        problem_answer(s->call, PROBLEM_VALIDATION_FAILED, count_faults(s->call, &faults), &faults);
        return false;
    }
    decode_each(api, s, messages);
    return true;
}

/* ---- answering ---- */

static void answer(struct call *c, int status, const char *location, const char *body)
{
    buf_clear(&c->res.body);
    buf_adds(&c->res.body, body);
    c->res.status = status;
    c->res.content_type = "application/json";
    response_header(&c->res, "Location", location);
    c->answered = true;
}

static void count_accepted(const struct sending *s)
{
    uint64_t accepted[PF_COUNT] = { 0 };

    for (size_t i = 0; i < s->n_drafts; i++)
        for (size_t k = 0; k < s->drafts[i]->n_recipients; k++)
            accepted[s->drafts[i]->recipients[k].platform]++;
    for (int p = 0; p < PF_COUNT; p++)
        metrics_add(M_MESSAGES_ACCEPTED, accepted[p], LABELS(platform_name((enum platform)p)));
}

static void name_message(struct call *c, const struct message_draft *d)
{
    c->message_id = d->id;
    if (!c->traced)
        trace_of_uuid(d->id, &c->trace);
}

static void answer_sent(struct api *api, const struct sending *s)
{
    for (size_t i = 0; i < s->n_drafts; i++)
        publisher_put(api->publisher, s->drafts[i]);
    count_accepted(s);
    if (s->location != NULL)
        name_message(s->call, s->drafts[0]);
    answer(s->call, s->status, s->location, s->answer);
}

static void answer_keyed(struct api *api, const struct sending *s, const struct keyed_send *k)
{
    switch (k->result) {
    case KEYED_DONE:
        answer_sent(api, s);
        break;
    case KEYED_REPLAY:
        response_header(&s->call->res, "Idempotent-Replayed", "true");
        answer(s->call, k->kept.status, k->kept.location, k->kept.response);
        break;
    case KEYED_MISMATCH:
        problem_answer(s->call, PROBLEM_IDEMPOTENCY_MISMATCH,
                       "Use a new key for another request.", NULL);
        break;
    case KEYED_IN_PROGRESS:
        response_header(&s->call->res, "Retry-After", "1");
        problem_answer(s->call, PROBLEM_IDEMPOTENCY_IN_PROGRESS, NULL, NULL);
        break;
    case KEYED_FAILED:
        problem_from_status(s->call, k->failure);
        break;
    }
}

/* ---- sending ---- */

static void make_keyed(const struct sending *s, struct keyed_send *out)
{
    const struct call *c = s->call;

    *out = (struct keyed_send){ 0 };
    keyed_request_init(&out->request, c->caller.user_id, s->key, c->req.body, c->req.body_len,
                       &s->call->mem);
    out->request.status = s->status;
    out->request.location = s->location;
    out->request.response = s->answer;
    out->request.drafts = s->drafts;
    out->request.n_drafts = s->n_drafts;
}

/* All that carry a key, in one statement. */
static void send_with_keys(struct api *api, const struct sending sendings[], size_t n,
                           struct arena *mem)
{
    struct keyed_send *sends = ARENA_ARRAY(mem, struct keyed_send, n + 1);
    const struct sending **of = ARENA_ARRAY(mem, const struct sending *, n + 1);
    size_t n_sends = 0;

    for (size_t i = 0; i < n; i++) {
        if (sendings[i].key == NULL)
            continue;
        make_keyed(&sendings[i], &sends[n_sends]);
        of[n_sends++] = &sendings[i];
    }
    send_keyed(api->db, sends, n_sends, mem);
    for (size_t i = 0; i < n_sends; i++)
        answer_keyed(api, of[i], &sends[i]);
}

/* All the others, likewise; each has one message. */
static void send_without_keys(struct api *api, const struct sending sendings[], size_t n,
                              struct arena *mem)
{
    const struct message_draft **drafts = ARENA_ARRAY(mem, const struct message_draft *, n + 1);
    const struct sending **of = ARENA_ARRAY(mem, const struct sending *, n + 1);
    enum status *results = ARENA_ARRAY(mem, enum status, n + 1);
    size_t n_drafts = 0;

    for (size_t i = 0; i < n; i++) {
        if (sendings[i].key != NULL)
            continue;
        drafts[n_drafts] = sendings[i].drafts[0];
        of[n_drafts++] = &sendings[i];
    }
    send_messages(api->db, drafts, n_drafts, mem, results);
    for (size_t i = 0; i < n_drafts; i++) {
        if (results[i] == ST_OK)
            answer_sent(api, of[i]);
        else
            problem_from_status(of[i]->call, results[i]);
    }
}

void messages_create(struct api *api, struct call *const calls[], size_t n)
{
    struct arena *mem = &calls[0]->mem;
    struct sending *sendings = ARENA_ARRAY(mem, struct sending, n);
    size_t n_sendings = 0;

    for (size_t i = 0; i < n; i++) {
        sendings[n_sendings] = (struct sending){ .call = calls[i] };
        if (decode_one(api, &sendings[n_sendings]))
            n_sendings++;
    }
    send_without_keys(api, sendings, n_sendings, mem);
    send_with_keys(api, sendings, n_sendings, mem);
}

void messages_create_bulk(struct api *api, struct call *c)
{
    struct sending s = { .call = c };
    enum status status;

    if (!decode_bulk(api, &s))
        return;
    if (s.key != NULL) {
        send_with_keys(api, &s, 1, &c->mem);
        return;
    }
    status = send_together(api->db, s.drafts, s.n_drafts, &c->mem);
    if (status == ST_OK)
        answer_sent(api, &s);
    else
        problem_from_status(c, status);
}
