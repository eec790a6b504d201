/* verdict - what can be said of a transfer without knowing the provider. */
#include "workerd/adapters/verdict.h"

#include <string.h>

#include "common/base/excerpt.h"
#include "common/base/mask.h"

struct verdict verdict_make(enum verdict_class class, const char *code, const char *text,
                            const struct reply *r, struct arena *mem)
{
    struct verdict v = { .class = class, .code = code, .retry_after_ms = r->retry_after_ms };

    if (text != NULL && *text != '\0') {
        text = mask_addresses(mem, text);
        v.message = excerpt(mem, text, strlen(text), VERDICT_MESSAGE_MAX);
    }
    return v;
}

const char *verdict_words(const char *text, const char *secret)
{
    return text != NULL && strstr(text, secret) != NULL ? NULL : text;
}

struct verdict verdict_accepted(const char *provider_id)
{
    return (struct verdict){ .class = VERDICT_ACCEPTED,
                             .provider_id = provider_id,
                             .retry_after_ms = -1 };
}

static const struct {
    enum verdict_class class;
    const char *code;
} reaches[] = {
    [REACH_ANSWERED] = { VERDICT_UNCLEAR, "unreadable_answer" },
    [REACH_NOT_SENT] = { VERDICT_NOT_SENT, "unreachable" },
    [REACH_UNCLEAR] = { VERDICT_UNCLEAR, "no_answer" },
    [REACH_CREDENTIALS] = { VERDICT_CREDENTIALS, "login_refused" },
    [REACH_REFUSED] = { VERDICT_NOT_SENT, "refused_early" },
};

struct verdict verdict_of_reach(const struct reply *r, struct arena *mem)
{
    return verdict_make(reaches[r->reach].class, reaches[r->reach].code, r->trouble, r, mem);
}

/*
 * The first row that holds the status counts.
 *
 * 401 to 405 would meet every message alike: the login, the bill, a permission, the address that
 * base_url makes.  A 403 may be about one message only, but then its code stands in the adapter's
 * table; without one the account may be locked, and messages that wait can still leave later, while
 * messages that were refused can't.
 * 408 may have been taken by a server behind the one that gave up.
 * 421 (RFC 9110 section 15.5.20) and 425 (RFC 8470 section 5.2) promise that nothing was processed.
 * 451 (RFC 7725) is a demand on this provider, and another may be under none.
 */
static const struct {
    int first, last;
    enum verdict_class class;
} http_classes[] = {
    { 401, 405, VERDICT_CREDENTIALS }, { 408, 408, VERDICT_UNCLEAR },
    { 421, 421, VERDICT_NOT_SENT },    { 425, 425, VERDICT_NOT_SENT },
    { 429, 429, VERDICT_THROTTLED },   { 451, 451, VERDICT_REFUSED_HERE },
    { 400, 499, VERDICT_REFUSED },
};

enum verdict_class verdict_class_of_http(int status)
{
    for (size_t i = 0; i < sizeof http_classes / sizeof *http_classes; i++)
        if (status >= http_classes[i].first && status <= http_classes[i].last)
            return http_classes[i].class;
    return VERDICT_UNCLEAR;
}
