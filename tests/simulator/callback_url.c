/* callback_url - the parts of a callback URL, read by hand and strictly. */
#include "tests/simulator/callback_url.h"

#include <string.h>
#include <strings.h>

#include "common/base/urlform.h"
#include "tests/simulator/exchange.h"

#define QUERY_PAIRS 64

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Where "//" ends, or NULL for another scheme. */
static const char *after_scheme(const char *text)
{
    if (strncasecmp(text, "http://", 7) == 0)
        return text + 7;
    return strncasecmp(text, "https://", 8) == 0 ? text + 8 : NULL;
}

static const char *end_of_authority(const char *authority)
{
    return authority + strcspn(authority, "/?#");
}

/* The host starts after the last '@' of the authority. */
static const char *host_start(const char *authority)
{
    const char *end = end_of_authority(authority);
    const char *at = memrchr(authority, '@', (size_t)(end - authority));

    return at != NULL ? at + 1 : authority;
}

static const char *end_of_host(const char *host, const char *end)
{
    const char *at = host;

    if (at < end && *at == '[') { /* an IPv6 address */
        while (at < end && (is_alnum(*at) || strchr("[:.", *at) != NULL))
            at++;
        return at < end && *at == ']' ? at + 1 : NULL;
    }
    while (at < end && (is_alnum(*at) || *at == '.' || *at == '-'))
        at++;
    return at > host ? at : NULL;
}

static bool port_is_good(const char *at, const char *end)
{
    long port = 0;

    if (at == end)
        return true;
    if (*at != ':' || at + 1 == end || end - at > 6)
        return false;
    for (at++; at < end; at++) {
        if (!is_digit(*at))
            return false;
        port = port * 10 + (*at - '0');
    }
    return port >= 1 && port <= 65535;
}

bool callback_url_is_web(const char *text)
{
    const char *authority = after_scheme(text), *host, *end, *port;

    for (const char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c <= ' ' || *c == 0x7F)
            return false;
    if (authority == NULL)
        return false;
    host = host_start(authority);
    end = end_of_authority(authority);
    port = end_of_host(host, end);
    return port != NULL && port_is_good(port, end);
}

static const struct policy {
    const char *name;
    unsigned bits;
} policies[] = {
    { "ct", RETRY_CONNECT },
    { "rt", RETRY_READ },
    { "4xx", RETRY_4XX },
    { "5xx", RETRY_5XX },
    { "all", RETRY_CONNECT | RETRY_READ | RETRY_4XX | RETRY_5XX },
};

static bool read_policy(const char *list, unsigned *bits)
{
    unsigned found = 0;

    while (*list != '\0') {
        size_t len = strcspn(list, ","), i = 0;

        while (i < sizeof policies / sizeof *policies &&
               (strlen(policies[i].name) != len || strncmp(policies[i].name, list, len) != 0))
            i++;
        if (i == sizeof policies / sizeof *policies)
            return false;
        found |= policies[i].bits;
        list += len + (list[len] == ',');
    }
    *bits = found;
    return found != 0;
}

/* Connection overrides: other names than rc and rp set time-outs, which are not simulated. */
static bool read_fragment(struct arena *mem, const char *text, struct callback_url *out)
{
    struct urlform form;
    const char *count, *policy;

    if (urlform_parse(mem, text, strlen(text), QUERY_PAIRS, &form, NULL) != ST_OK)
        return false;
    count = urlform_find(&form, "rc");
    policy = urlform_find(&form, "rp");
    if (count != NULL) {
        if (count[0] < '0' || count[0] > '5' || count[1] != '\0')
            return false;
        out->retries = count[0] - '0';
    }
    return policy == NULL || read_policy(policy, &out->retry_on);
}

static bool read_query(struct arena *mem, const char *target, struct callback_url *out)
{
    const char *query = strchr(target, '?');
    struct urlform form;

    if (query == NULL)
        return true;
    query++;
    if (urlform_parse(mem, query, strlen(query), QUERY_PAIRS, &form, NULL) != ST_OK)
        return false;
    out->recipient_id = urlform_find(&form, "id");
    return true;
}

bool callback_url_parse(struct arena *mem, const char *text, struct callback_url *out)
{
    struct callback_url url = { .retries = 1, .retry_on = RETRY_CONNECT };
    size_t len = strcspn(text, "#");

    if (!callback_url_is_web(text))
        return false;
    url.target = arena_strndup(mem, text, len);
    if (!read_query(mem, url.target, &url))
        return false;
    if (text[len] == '#' && !read_fragment(mem, text + len + 1, &url))
        return false;
    *out = url;
    return true;
}

const char *callback_url_signed(struct arena *mem, const char *target)
{
    const char *authority = after_scheme(target);
    const char *host = authority != NULL ? host_start(authority) : NULL;

    if (host == authority)
        return target;
    return arena_printf(mem, "%.*s%s", (int)(authority - target), target, host);
}
