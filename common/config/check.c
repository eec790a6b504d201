/* Checks the form of addresses and whether the values of a configuration fit together. */
#include "common/config/check.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/items.h"
#include "common/config/gateway_callback.h"
#include "common/model/unsubscribe.h"

/*
 * What a kind of provider can serve, the keys it can't do without, and where it has a limit of its own
 * rate_limit_per_recipient: Telegram takes one message a second in a chat (Bots FAQ, "My bot is hitting
 * limits").
 */
static const struct kind {
    const char *name;
    unsigned platforms;
    const char *needs[2];
    int per_recipient;
} kinds[] = {
    { "twilio", 1 << PF_SMS | 1 << PF_WHATSAPP, { "account_sid", "auth_token" } },
    { "sendgrid", 1 << PF_EMAIL, { "api_key" } },
    { "smtp", 1 << PF_EMAIL, { "url" } },
    { "whatsapp_cloud", 1 << PF_WHATSAPP, { "access_token", "phone_number_id" } },
    { "telegram", 1 << PF_TELEGRAM, { "bot_token" }, 1 },
    { "http", (1 << PF_COUNT) - 1, { "url" } },
    { "mock", (1 << PF_COUNT) - 1 },
};

static const struct kind *kind_find(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

/* ---- the form of one text ---- */

static const char *after_scheme(const char *text, const char *plain, const char *tls)
{
    size_t n = strlen(plain), m = strlen(tls);

    if (strpbrk(text, " \t\r\n") != NULL)
        return NULL;
    if (strncmp(text, tls, m) == 0)
        return text + m;
    return strncmp(text, plain, n) == 0 ? text + n : NULL;
}

static bool has_host(const char *rest)
{
    return rest != NULL && rest[0] != '\0' && strchr("/?#:@", rest[0]) == NULL;
}

static bool is_http_url(const char *text)
{
    return has_host(after_scheme(text, "http://", "https://"));
}

/* A URL that paths are put behind. */
static bool is_http_base(const char *text)
{
    return is_http_url(text) && strpbrk(text, "?#") == NULL;
}

static bool is_smtp_url(const char *text)
{
    return has_host(after_scheme(text, "smtp://", "smtps://")) && strchr(text, '@') == NULL;
}

static bool is_amqp_url(const char *text)
{
    return after_scheme(text, "amqp://", "amqps://") != NULL;
}

static bool is_postgres_url(const char *text)
{
    return after_scheme(text, "postgresql://", "postgres://") != NULL;
}

/* A number of one to five digits; *end is what follows. */
static bool short_number(const char *text, long min, long max, const char **end)
{
    size_t digits = strspn(text, "0123456789");
    long number = digits >= 1 && digits <= 5 ? strtol(text, NULL, 10) : -1;

    *end = text + digits;
    return number >= min && number <= max;
}

static bool is_listen(const char *text)
{
    const char *colon = strrchr(text, ':'), *end;

    return colon != NULL && colon > text && short_number(colon + 1, 0, 65535, &end) && *end == '\0';
}

/* libpq takes a port for each of several hosts. */
static bool is_ports(const char *text)
{
    while (short_number(text, 1, 65535, &text)) {
        if (*text == '\0')
            return true;
        if (*text++ != ',')
            return false;
    }
    return false;
}

static bool is_graph_version(const char *text)
{
    const char *end;

    return text[0] == 'v' && short_number(text + 1, 1, 999, &end) && *end == '.' &&
           short_number(end + 1, 0, 999, &end) && *end == '\0';
}

/* Often mistaken for the number itself, which has a '+'. */
static bool is_number_id(const char *text)
{
    size_t digits = strspn(text, "0123456789");

    return digits >= 1 && digits <= 32 && text[digits] == '\0';
}

/* It becomes a part of a URL's path. */
static bool is_bot_token(const char *text)
{
    size_t id = strspn(text, "0123456789"), secret;

    if (id == 0 || text[0] == '0' || text[id] != ':')
        return false;
    secret = strspn(text + id + 1,
                    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");
    return secret > 0 && text[id + 1 + secret] == '\0' && id + 1 + secret <= 80;
}

static bool each_fits(const char *list, bool (*fits)(const char *item, size_t len))
{
    const char *item;
    size_t len;

    while (items_next(&list, &item, &len))
        if (!fits(item, len))
            return false;
    return true;
}

/*
 * 91 bytes in base64, which begin with the name of the curve P-256: how SendGrid shows its keys.  One
 * that was copied in part, or in PEM, would refuse every callback.
 */
static bool is_event_key(const char *item, size_t len)
{
    static const char head[] = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE", tail[] = "==";
    const size_t bare = 122;

    return len == bare + strlen(tail) && strncmp(item, head, strlen(head)) == 0 &&
           strspn(item, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/") ==
               bare &&
           strncmp(item + bare, tail, strlen(tail)) == 0;
}

static bool is_event_keys(const char *text)
{
    return each_fits(text, is_event_key);
}

/* What Telegram takes as secret_token. */
static bool is_header_token(const char *item, size_t len)
{
    return len <= 256 &&
           strspn(item, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") >= len;
}

static bool is_header_tokens(const char *text)
{
    return each_fits(text, is_header_token);
}

static bool is_unsubscribe(const char *text)
{
    return unsubscribe_fault(text) == NULL;
}

static const struct form {
    const char *section, *key;
    const char *kind; /* NULL: any */
    bool (*fits)(const char *text);
    const char *wanted;
} forms[] = {
    { "server", "public_url", NULL, is_http_base,
      "must be http://HOST or https://HOST, with or without a port and a path" },
    { "database", "url", NULL, is_postgres_url, "must begin with postgresql:// or postgres://" },
    { "database", "port", NULL, is_ports, "must be a number from 1 to 65535" },
    { "rabbitmq", "url", NULL, is_amqp_url, "must begin with amqp:// or amqps://" },
    { "worker", "metrics_listen", NULL, is_listen, "must be HOST:PORT, or empty" },
    { "provider.*", "base_url", NULL, is_http_base,
      "must be http://HOST or https://HOST, with or without a port and a path" },
    { "provider.*", "url", "smtp", is_smtp_url,
      "must be smtp://HOST or smtps://HOST, with or without a port; the user has keys of its own" },
    { "provider.*", "list_unsubscribe", NULL, is_unsubscribe,
      "must be <https://...>, <mailto:...> or both, with a comma between; {id} may stand in them" },
    { "provider.*", "api_version", NULL, is_graph_version, "must be like v23.0" },
    { "provider.*", "phone_number_id", NULL, is_number_id,
      "must be the id of a number, 1 to 32 digits" },
    { "provider.*", "bot_token", NULL, is_bot_token,
      "must be a bot's token, digits, a colon and letters, digits, - and _" },
    { "provider.*", "webhook_public_key", NULL, is_event_keys,
      "must be the public key that SendGrid shows, 124 characters from MFkw to ==, or several, "
      "comma-separated" },
    { "provider.*", "secret_token", NULL, is_header_tokens,
      "must be up to 256 of letters, digits, - and _, or several of them, comma-separated" },
};

static bool is_faulty(const struct section *s, const char *key)
{
    const struct setting *v = section_setting(s, key);

    return v != NULL && v->faulty;
}

static const char *text_of(const struct section *s, const char *key)
{
    return *(const char **)section_member(s, key);
}

static void mark(struct draft *d, const struct section *s, const char *key, const char *words)
{
    struct setting *v = section_setting(s, key);

    v->faulty = true;
    draft_fault(d, v->at, s, key, "%s", words);
}

static void check_forms(struct draft *d, const struct section *s)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        const struct form *f = &forms[i];

        if (strcmp(f->section, s->pattern) != 0 || section_setting(s, f->key) == NULL ||
            is_faulty(s, f->key) || text_of(s, f->key)[0] == '\0')
            continue;
        if (f->kind != NULL && strcmp(f->kind, text_of(s, "kind")) != 0)
            continue;
        if (!f->fits(text_of(s, f->key)))
            mark(d, s, f->key, f->wanted);
    }
}

/* ---- what must fit together ---- */

static void check_broker(struct draft *d, const struct config *c)
{
    if (c->rabbitmq.url[0] == '\0')
        mark(d, draft_find_section(d, "rabbitmq"), "url", "must not be empty");
}

/* Believed to be on, it would send the password and the keys' digests in the clear. */
static void check_redis(struct draft *d, const struct config *c)
{
    if (c->redis.tls)
        mark(d, draft_find_section(d, "redis"), "tls",
             "TLS to Redis is not spoken yet; set it to false, and reach Redis by a unix socket or through "
             "a tunnel");
}

static void check_worker(struct draft *d, const struct config *c)
{
    const struct section *s = draft_find_section(d, "worker");
    const char *key = section_setting(s, "retry_base_ms") ? "retry_base_ms" : "retry_max_ms";

    if (c->worker.retry_base_ms <= c->worker.retry_max_ms || is_faulty(s, "retry_base_ms") ||
        is_faulty(s, "retry_max_ms"))
        return;
    mark(d, s, key,
         arena_printf(&d->mem, "retry_base_ms (%lld) must not be above retry_max_ms (%lld)",
                      (long long)c->worker.retry_base_ms, (long long)c->worker.retry_max_ms));
}

static void check_key_kinds(struct draft *d, const struct section *s, const struct kind *kind)
{
    for (struct setting *v = s->settings; v != NULL; v = v->next) {
        const char *users = v->option->kinds;

        if (users != NULL && !v->faulty && !list_has(users, ' ', kind->name, strlen(kind->name)))
            mark(d, s, v->key,
                 arena_printf(&d->mem, "is used by %s %s only, and this provider's kind is %s",
                              strchr(users, ' ') ? "the kinds" : "the kind", users, kind->name));
    }
}

static void check_needs(struct draft *d, const struct section *s, const struct kind *kind)
{
    for (int i = 0; i < 2 && kind->needs[i] != NULL; i++) {
        const char *key = kind->needs[i];
        const struct setting *v = section_setting(s, key);

        if (text_of(s, key)[0] == '\0' && !is_faulty(s, key))
            draft_fault(d, v != NULL ? v->at : s->at, s, key,
                        "is missing; the kind %s needs it (or %s_file, a file that holds it)",
                        kind->name, key);
    }
}

static void mark_gateway(struct draft *d, const struct section *s,
                         const struct gateway_fault faults[], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char *key = faults[i].key;
        bool is_missing = strcmp(key, "url") == 0 && text_of(s, key)[0] == '\0'; /* told already */

        if (section_setting(s, key) != NULL && !is_faulty(s, key) && !is_missing)
            mark(d, s, key, faults[i].words);
    }
}

/* A kind of its own, whose keys say together what it does. */
static void check_gateway(struct draft *d, const struct section *s)
{
    struct gateway_fault faults[GATEWAY_FAULTS], of_callbacks[GATEWAY_CALLBACK_FAULTS];
    struct gateway_callback callback;
    struct gateway gateway;

    mark_gateway(d, s, faults, gateway_read(&d->mem, s->target, &gateway, faults));
    mark_gateway(d, s, of_callbacks,
                 gateway_callback_read(&d->mem, s->target, &callback, of_callbacks));
}

static void check_provider(struct draft *d, const struct section *s)
{
    const struct kind *kind = kind_find(text_of(s, "kind"));
    struct provider_config *provider = s->target;

    if (is_faulty(s, "kind"))
        return;
    if (kind == NULL) {
        draft_fault(d, s->at, s, "kind", "is missing, and the section is not named after a kind; "
                    "it is one of %s", options_find("provider.*", "kind")->choices);
        return;
    }
    if (section_setting(s, "rate_limit_per_recipient") == NULL)
        provider->rate_limit_per_recipient = kind->per_recipient;
    check_key_kinds(d, s, kind);
    check_forms(d, s);
    check_needs(d, s, kind);
    if (strcmp(kind->name, "http") == 0)
        check_gateway(d, s);
}

static const char *platforms_of(struct draft *d, const struct kind *kind)
{
    const char *text = NULL;

    for (int p = 0; p < PF_COUNT; p++)
        if (kind->platforms & 1u << p)
            text = arena_printf(&d->mem, "%s%s%s", text ? text : "", text ? ", " : "",
                                platform_name((enum platform)p));
    return text;
}

/*
 * A call that may last longer than its claim would be made again by somebody else while it is under
 * way.  The second is what the rest of an attempt has: to leave, and to be recorded.
 */
#define ATTEMPT_REST_MS 1000

static void check_lease(struct draft *d, const struct section *provider, const struct config *c)
{
    const struct provider_config *p = provider->target;
    const char *words;

    if (strcmp(text_of(provider, "kind"), "mock") == 0 || p->timeout_ms + ATTEMPT_REST_MS <= config_lease_ms(c) ||
        is_faulty(provider, "timeout_ms") || is_faulty(draft_find_section(d, "worker"), "lease_seconds"))
        return;
    words = arena_printf(&d->mem, "%d must be at least %d less than [worker] lease_seconds (%d) lasts, or a slow call "
                                  "would be made twice", p->timeout_ms, ATTEMPT_REST_MS, c->worker.lease_seconds);
    if (section_setting(provider, "timeout_ms") != NULL)
        mark(d, provider, "timeout_ms", words);
    else
        draft_fault(d, provider->at, provider, "timeout_ms", "%s", words);
}

static void check_listed(struct draft *d, const struct section *s, const struct config *c,
                         enum platform platform, size_t i)
{
    const struct config_platform *p = &c->platform[platform];
    const struct setting *v = section_setting(s, "providers");
    const char *name = p->providers[i];
    const char *full = arena_printf(&d->mem, "provider.%.*s", 40, name);
    const struct section *provider = draft_find_section(d, full);
    const struct kind *kind;

    for (size_t k = 0; k < i; k++) {
        if (strcmp(p->providers[k], name) == 0) {
            draft_fault(d, v->at, s, "providers", "names %.40s twice; once is enough", name);
            return;
        }
    }
    if (provider == NULL) {
        draft_fault(d, v->at, s, "providers",
                    "names %.40s, but there is no section [%s]; add it, or take the name out", name,
                    full);
        return;
    }
    check_lease(d, provider, c);
    kind = kind_find(text_of(provider, "kind"));
    if (kind != NULL && !is_faulty(provider, "kind") && !(kind->platforms & 1u << platform))
        draft_fault(d, v->at, s, "providers",
                    "names %s, whose kind %s can't serve %s; it serves %s", name, kind->name,
                    platform_name(platform), platforms_of(d, kind));
}

static void check_platform(struct draft *d, struct config *c, enum platform platform)
{
    const struct section *s =
        draft_find_section(d, arena_printf(&d->mem, "platform.%s", platform_name(platform)));
    struct config_platform *p = &c->platform[platform];

    p->enabled = p->enabled && p->n_providers > 0;
    for (size_t i = 0; p->enabled && i < p->n_providers; i++)
        check_listed(d, s, c, platform, i);
}

static void trim_slashes(struct arena *mem, const char **url)
{
    size_t len = strlen(*url);

    while (len > 0 && (*url)[len - 1] == '/')
        len--;
    *url = arena_strndup(mem, *url, len);
}

void check_config(struct draft *d, struct config *out)
{
    for (struct section *s = d->sections; s != NULL; s = s->next) {
        if (strcmp(s->pattern, "provider.*") == 0)
            check_provider(d, s);
        else
            check_forms(d, s);
    }
    check_broker(d, out);
    check_redis(d, out);
    check_worker(d, out);
    for (int p = 0; p < PF_COUNT; p++)
        check_platform(d, out, (enum platform)p);
    trim_slashes(&out->mem, &out->server.public_url);
    for (size_t i = 0; i < out->n_providers; i++)
        trim_slashes(&out->mem, &out->providers[i].base_url);
}
