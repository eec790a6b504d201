/* send_call - one call of the database in a run over a file of recipients. */
#include "ctl/send_run.h"

#include "common/service/send_all.h"
#include "ctl/send.h"

static const char *meaning_of(struct run *r, const struct chunk *c, size_t *len)
{
    struct buf text = BUF_INIT(16u << 20);
    const char *kept;

    buf_adds(&text, r->line->meaning);
    for (size_t i = 0; i < c->draft.n_recipients; i++)
        buf_addf(&text, "\n%s,%s", platform_name(c->draft.recipients[i].platform),
                 c->draft.recipients[i].address);
    *len = text.len;
    kept = arena_strndup(&r->mem, buf_str(&text), text.len);
    buf_free(&text);
    return kept;
}

static struct keyed_send *make_keyed(struct run *r, const struct message_draft *const drafts[])
{
    struct keyed_send *sends = ARENA_ARRAY(&r->mem, struct keyed_send, r->n_chunks);

    for (size_t i = 0; i < r->n_chunks; i++) {
        size_t len;
        const char *meaning = meaning_of(r, &r->chunks[i], &len);
        const char *key = arena_printf(&r->mem, "%s:%zu", r->line->key, r->chunks[i].first);

        send_keyed_init(&sends[i], &drafts[i], key, meaning, len, &r->mem);
    }
    return sends;
}

static void accepted(struct run *r, const struct chunk *c)
{
    report_message(&r->report, &(struct report_message){ c->draft.id, c->first, c->last,
                                                         c->draft.n_recipients, REPORT_ACCEPTED, NULL });
}

/* The first message that was written is kept for the end of the transaction. */
static void remember_first(struct run *r, const struct message_draft *d)
{
    struct arena *mem = &r->ctl->mem;

    if (r->first != NULL || !r->line->all_or_nothing)
        return;
    r->first = ARENA_NEW(mem, struct message_draft);
    *r->first = *d;
    r->first->recipients = ARENA_ARRAY(mem, struct message_recipient, d->n_recipients);
    for (size_t i = 0; i < d->n_recipients; i++)
        r->first->recipients[i] = (struct message_recipient){
            d->recipients[i].platform, arena_strdup(mem, d->recipients[i].address), NULL
        };
}

/* What became of one; anything but ST_OK ends the run. */
static enum status take_keyed(struct run *r, const struct chunk *c, const struct keyed_send *k,
                              struct error *err)
{
    struct report_message m = { .first = c->first, .last = c->last, .recipients = c->draft.n_recipients };

    switch (k->result) {
    case KEYED_DONE:
        remember_first(r, &c->draft);
        accepted(r, c);
        return ST_OK;
    case KEYED_REPLAY:
        m.id = send_answer_id(&r->mem, k->kept.response);
        m.end = REPORT_REPLAYED;
        break;
    case KEYED_MISMATCH:
        m.end = REPORT_REFUSED;
        m.why = "the key was used with other lines or another message";
        break;
    case KEYED_IN_PROGRESS:
        m.end = REPORT_REFUSED;
        m.why = "another call with this key is under way";
        break;
    case KEYED_FAILED:
        return error_set(err, k->failure, "%s", status_name(k->failure));
    }
    report_message(&r->report, &m);
    return ST_OK;
}

static enum status call_keyed(struct run *r, const struct message_draft *const drafts[], struct error *err)
{
    struct keyed_send *sends = make_keyed(r, drafts);
    enum status s = ST_OK;

    if (r->line->all_or_nothing)
        s = send_all_add_keyed(r->ctl->db, sends, r->n_chunks, &r->mem, err);
    else
        send_keyed(r->ctl->db, sends, r->n_chunks, &r->mem);
    for (size_t i = 0; i < r->n_chunks && s == ST_OK; i++) {
        s = take_keyed(r, &r->chunks[i], &sends[i], err);
        if (s == ST_OK)
            r->settled = r->chunks[i].last;
    }
    return s;
}

static enum status call_plain(struct run *r, const struct message_draft *const drafts[], struct error *err)
{
    enum status s;

    if (r->line->all_or_nothing) {
        s = send_all_add(r->ctl->db, drafts, r->n_chunks, err);
    } else {
        s = send_together(r->ctl->db, drafts, r->n_chunks, &r->mem);
        if (s != ST_OK)
            error_set(err, s, "%s", status_name(s));
    }
    for (size_t i = 0; i < r->n_chunks && s == ST_OK; i++) {
        remember_first(r, &r->chunks[i].draft);
        accepted(r, &r->chunks[i]);
    }
    return s;
}

enum status run_call(struct run *r, struct error *err)
{
    const struct message_draft *drafts[CALL_MESSAGES];
    enum status s = ST_OK;

    for (size_t i = 0; i < r->n_chunks; i++)
        drafts[i] = &r->chunks[i].draft;
    if (r->n_chunks > 0)
        s = r->line->key != NULL ? call_keyed(r, drafts, err) : call_plain(r, drafts, err);
    if (s != ST_OK)
        return s;
    if (r->lines.n > r->settled) /* less while lines are skipped */
        r->settled = r->lines.n;
    r->n_chunks = 0;
    arena_reset(&r->mem);
    progress_to(&r->report.bar, r->settled);
    return ST_OK;
}
