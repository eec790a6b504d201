/* mock - a provider that exists only here, for trials: the address decides the outcome. */
#include "workerd/adapters/kinds.h"

#include <stdbool.h>
#include <string.h>

#include "common/base/json.h"
#include "workerd/adapters/verdict.h"

#define BODY_LIMIT 1024

/*
 * An address that ends so, before its '@' where it is a mail address; any other is accepted.  In the
 * domain NAME.mock the word is for the provider of that name alone, so that the next one can differ.
 */
static const struct outcome {
    const char *word, *digits; /* "ada.refused@example.com", "+15550004000" */
    enum verdict_class class;
    int64_t retry_after_ms;
} outcomes[] = {
    { "refused", "4000", VERDICT_REFUSED, -1 },
    { "elsewhere", "4030", VERDICT_REFUSED_HERE, -1 },
    { "credentials", "4010", VERDICT_CREDENTIALS, -1 },
    { "throttled", "4290", VERDICT_THROTTLED, 1000 },
    { "unclear", "5000", VERDICT_UNCLEAR, -1 },
    { "unsent", "5030", VERDICT_NOT_SENT, -1 },
};

struct provider {
    struct arena mem; /* holds the provider too */
    const char *domain; /* "NAME.mock" */
};

static enum status mock_open(struct provider **out, const struct provider_config *cfg,
                             const char *public_url, struct error *err)
{
    struct arena mem = ARENA_INIT;
    struct provider *p = ARENA_NEW(&mem, struct provider);

    p->domain = arena_printf(&mem, "%s.mock", cfg->name);
    p->mem = mem;
    *out = p;
    return ST_OK;
}

static void mock_close(struct provider *p)
{
    if (p != NULL) {
        struct arena mem = p->mem;

        arena_done(&mem);
    }
}

static bool ends_in(const char *text, size_t len, const char *end)
{
    return len >= strlen(end) && memcmp(text + len - strlen(end), end, strlen(end)) == 0;
}

static bool is_for_another(const struct provider *p, const char *domain)
{
    return ends_in(domain, strlen(domain), ".mock") && strcmp(domain, p->domain) != 0;
}

/* "accepted", or the word of a row. */
static const char *outcome_of(const struct provider *p, const struct delivery *d)
{
    size_t len = d->platform == PF_EMAIL ? strcspn(d->address, "@") : strlen(d->address);

    if (d->address[len] == '@' && is_for_another(p, d->address + len + 1))
        return "accepted";
    for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++)
        if (ends_in(d->address, len, outcomes[i].word) ||
            ends_in(d->address, len, outcomes[i].digits))
            return outcomes[i].word;
    return "accepted";
}

static enum status mock_build(const struct provider *p, const struct delivery *d, struct arena *mem,
                              struct transfer *out, struct error *err)
{
    struct buf body = BUF_INIT(BODY_LIMIT);
    struct json_writer w = JSON_WRITER(&body);

    jw_open(&w, NULL, '{');
    jw_text(&w, "id", d->recipient_id);
    jw_text(&w, "outcome", outcome_of(p, d));
    jw_close(&w, '}');
    *out = (struct transfer){
        .kind = TRANSFER_NONE,
        .body = arena_strndup(mem, buf_str(&body), body.len),
        .body_len = body.len,
    };
    buf_free(&body);
    return ST_OK;
}

static struct verdict mock_judge(const struct provider *p, const struct reply *r, struct arena *mem)
{
    struct error unreadable;
    SCOPED(json_t) doc = json_read(r->body, r->body_len, &unreadable);
    const char *id = json_string_value(json_object_get(doc, "id"));
    const char *word = json_string_value(json_object_get(doc, "outcome"));

    if (id == NULL || word == NULL)
        return verdict_of_reach(r, mem);
    for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++) {
        struct verdict v;

        if (strcmp(word, outcomes[i].word) != 0)
            continue;
        v = verdict_make(outcomes[i].class, outcomes[i].word, "as the address asks", r, mem);
        v.retry_after_ms = outcomes[i].retry_after_ms;
        return v;
    }
    return verdict_accepted(arena_printf(mem, "mock-%s", id));
}

const struct adapter mock_adapter = {
    .kind = "mock",
    .platforms = 1u << PF_SMS | 1u << PF_EMAIL | 1u << PF_WHATSAPP | 1u << PF_TELEGRAM,
    .open = mock_open,
    .build = mock_build,
    .judge = mock_judge,
    .close = mock_close,
};
