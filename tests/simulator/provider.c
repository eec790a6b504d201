/* provider - the table of providers, and the course of a request. */
#include "tests/simulator/provider.h"

#include <string.h>

#include "tests/simulator/account.h"
#include "tests/simulator/sendgrid.h"
#include "tests/simulator/smtp.h"
#include "tests/simulator/telegram.h"
#include "tests/simulator/twilio.h"
#include "tests/simulator/whatsapp.h"

/* In order: a prefix may be the beginning of one that stands before it. */
const struct provider *const providers[] = { &twilio_provider, &sendgrid_provider,
                                            &whatsapp_provider, &telegram_provider, &smtp_provider,
                                            NULL };

const struct provider *provider_find(const char *path)
{
    for (size_t i = 0; providers[i] != NULL; i++)
        if (providers[i]->prefix != NULL &&
            strncmp(path, providers[i]->prefix, strlen(providers[i]->prefix)) == 0)
            return providers[i];
    return NULL;
}

static void answer_text(struct answer *a, int status, const char *type, const char *body)
{
    a->status = status;
    a->content_type = type;
    a->body = body;
    a->body_len = strlen(body);
}

/* Half of a body, a slow or an endless one needs a body; where there is none, blanks are sent. */
static void pad(struct answer *a, const struct behaviour *b)
{
    static const char blanks[] = "                                                                ";

    if (a->body_len == 0 && (b->manner == MANNER_CUT || b->manner == MANNER_DRIP ||
                             b->manner == MANNER_HUGE))
        answer_text(a, a->status, "text/plain; charset=utf-8", blanks);
}

/* The body of an accepted message, made unreadable. */
static void redress(struct answer *a, enum dress dress)
{
    static const char broken[] = "{\"message\":\"suc";

    switch (dress) {
    case DRESS_RIGHT:
        break;
    case DRESS_BROKEN_JSON:
        if (a->body_len == 0)
            answer_text(a, a->status, "application/json", broken);
        else
            a->body_len /= 2;
        break;
    case DRESS_HTML:
        answer_text(a, a->status, "text/html; charset=utf-8",
                    "<!DOCTYPE html>\n<html><body><h1>Welcome</h1></body></html>\n");
        break;
    }
}

void provider_serve(const struct settings *s, struct exchange *x)
{
    const struct behaviour *b;

    x->message.number = -1;
    x->provider = provider_find(x->request.path);
    if (x->provider == NULL) {
        answer_text(&x->answer, 404, "text/plain; charset=utf-8", "nothing is simulated here\n");
        return;
    }
    if (account_serve(s, x))
        return;
    x->ok = x->provider->check(s, x);
    if (!x->ok)
        return;
    b = x->behaviour = behaviour_choose(&x->provider->repertoire, &s->draw, x->message.to,
                                        x->request.reused, &x->message.number);
    x->latency_ms = behaviour_latency_ms(b, x->message.number);
    if (b->fault != FAULT_NONE)
        x->provider->fail(x, b->fault);
    else if (behaviour_accepts(b))
        x->provider->accept(s, x);
    x->notice.plan = b->plan;
    x->ends = behaviour_ends(b, x->notice.url != NULL && !s->no_callbacks);
    pad(&x->answer, b);
    redress(&x->answer, b->dress);
}

static bool names(const struct behaviour *rows, const char *name, size_t len)
{
    for (const struct behaviour *b = rows; b != NULL && b->pattern != NULL; b++)
        if (strlen(b->name) == len && strncmp(b->name, name, len) == 0)
            return true;
    return false;
}

static bool is_way(const char *name, size_t len)
{
    bool known = (len == 3 && strncmp(name, "all", 3) == 0) || names(behaviours, name, len);

    for (size_t i = 0; providers[i] != NULL; i++)
        known = known || names(providers[i]->repertoire.own, name, len);
    return known;
}

bool provider_ways_are_good(const char *ways)
{
    for (size_t len; *ways != '\0'; ways += len + (ways[len] == ',')) {
        len = strcspn(ways, ",");
        if (!is_way(ways + (*ways == '-'), len - (*ways == '-')))
            return false;
    }
    return true;
}
