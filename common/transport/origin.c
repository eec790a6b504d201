/* origin - where a URL points to. */
#include "common/transport/origin.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

static const struct scheme {
    const char *name;
    int port;
    bool is_mail;
} schemes[] = {
    { "https", 443, false },
    { "http", 80, false },
    { "smtps", 465, true },
    { "smtp", 25, true },
};

/* The scheme, and what follows its "://". */
static const struct scheme *find_scheme(const char *url, const char **rest)
{
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        size_t len = strlen(schemes[i].name);

        if (strncasecmp(url, schemes[i].name, len) == 0 && strncmp(url + len, "://", 3) == 0) {
            *rest = url + len + 3;
            return &schemes[i];
        }
    }
    return NULL;
}

/* 1 to 65535; 0: it is none. */
static int read_port(const char *text, const char *end)
{
    int port = 0;

    if (text == end)
        return 0;
    for (; text < end; text++) {
        if (!isdigit((unsigned char)*text) || (port = port * 10 + *text - '0') > 65535)
            return 0;
    }
    return port;
}

static bool is_address(const char *host)
{
    unsigned char out[16];

    return inet_pton(AF_INET, host, out) == 1 || inet_pton(AF_INET6, host, out) == 1;
}

/* "host", "host:port", "[::1]:port". */
static bool read_authority(const char *text, const char *end, struct origin *out)
{
    bool bracketed = *text == '[';
    const char *host = text + bracketed;
    const char *host_end = memchr(host, bracketed ? ']' : ':', (size_t)(end - host));
    const char *after;

    if (host_end == NULL && bracketed)
        return false;
    if (host_end == NULL)
        host_end = end;
    if (host_end == host || (size_t)(host_end - host) >= sizeof out->host)
        return false;
    after = host_end + bracketed;
    if (after != end && (*after != ':' || (out->port = read_port(after + 1, end)) == 0))
        return false;
    for (const char *c = host; c < host_end; c++)
        out->host[c - host] = (char)tolower((unsigned char)*c);
    out->host[host_end - host] = '\0';
    out->is_address = is_address(out->host);
    return out->is_address || !bracketed;
}

bool origin_of(const char *url, struct origin *out)
{
    const char *text, *end, *at;
    const struct scheme *scheme = find_scheme(url, &text);
    struct origin o;

    if (scheme == NULL)
        return false;
    end = text + strcspn(text, "/?#");
    if ((at = memrchr(text, '@', (size_t)(end - text))) != NULL)
        text = at + 1;
    o = (struct origin){ .scheme = scheme->name, .port = scheme->port, .is_mail = scheme->is_mail };
    if (!read_authority(text, end, &o))
        return false;
    *out = o;
    return true;
}
