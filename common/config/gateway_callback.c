/* gateway_callback - one reader a group of keys; each key has at most one fault. */
#include "common/config/gateway_callback.h"

#include <string.h>

#include "common/base/items.h"

struct reader {
    struct arena *mem;
    const struct provider_config *cfg;
    struct gateway_callback *out;
    struct gateway_fault *faults;
    size_t n;
};

static void fault(struct reader *r, const char *key, const char *words)
{
    for (size_t i = 0; i < r->n; i++)
        if (strcmp(r->faults[i].key, key) == 0)
            return;
    r->faults[r->n++] = (struct gateway_fault){ key, words };
}

/* ---- the proof ---- */

static const struct scheme {
    const char *name; /* up to the colon, behind which a header's or parameter's name stands */
    enum gateway_proof proof;
} schemes[] = {
    { "hmac-sha256-hex:", PROOF_HMAC_SHA256_HEX },
    { "hmac-sha256-base64:", PROOF_HMAC_SHA256_BASE64 },
    { "hmac-sha1-hex:", PROOF_HMAC_SHA1_HEX },
    { "token:", PROOF_TOKEN },
    { "query:", PROOF_QUERY },
    { "standard", PROOF_STANDARD },
};

static const struct scheme *find_scheme(const char *text)
{
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (strncmp(text, schemes[i].name, strlen(schemes[i].name)) == 0)
            return &schemes[i];
    return NULL;
}

/* NULL: understood. */
static const char *read_signature(struct reader *r, const char *text)
{
    const struct scheme *scheme = find_scheme(text);
    const char *name;
    size_t len;

    if (scheme == NULL)
        return "must be hmac-sha256-hex:HEADER, hmac-sha256-base64:HEADER, hmac-sha1-hex:HEADER, "
               "token:HEADER, query:NAME or standard";
    name = text + strlen(scheme->name);
    len = strlen(name);
    if (scheme->proof == PROOF_STANDARD ? len > 0 : len == 0 || gateway_token_length(name) < len)
        return "must name a header, or for query a parameter, behind its colon; standard has none";
    r->out->proof = scheme->proof;
    r->out->proof_name = arena_strdup(r->mem, name);
    return NULL;
}

/* "whsec_" and base64, which may lack its padding. */
static bool is_standard_secret(const char *item, size_t len)
{
    static const char prefix[] = "whsec_";
    size_t digits;

    if (len >= strlen(prefix) && memcmp(item, prefix, strlen(prefix)) == 0) {
        item += strlen(prefix);
        len -= strlen(prefix);
    }
    digits = strspn(item, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/");
    return digits > 0 && digits % 4 != 1 && digits + strspn(item + digits, "=") >= len;
}

static bool are_standard_secrets(const char *list)
{
    const char *secret;
    size_t len;

    while (items_next(&list, &secret, &len))
        if (!is_standard_secret(secret, len))
            return false;
    return true;
}

static void read_proof(struct reader *r)
{
    const char *signature = r->cfg->callback_signature, *secrets = r->cfg->callback_secret;
    const char *rest = secrets, *secret;
    size_t len;
    bool has_secret = items_next(&rest, &secret, &len);
    const char *words = *signature != '\0' ? read_signature(r, signature) : NULL;

    r->out->secrets = arena_strdup(r->mem, secrets);
    if (words != NULL)
        fault(r, "callback_signature", words);
    else if (*signature != '\0' && !has_secret)
        fault(r, "callback_signature", "needs a callback_secret beside it");
    else if (*signature == '\0' && *secrets != '\0')
        fault(r, "callback_secret",
              "needs a callback_signature beside it, which says where a "
              "callback proves that it knows it");
    else if (r->out->proof == PROOF_STANDARD && !are_standard_secrets(secrets))
        fault(r, "callback_secret",
              "must be base64, with or without whsec_ before it, as the "
              "signature standard has it");
}

/* ---- what stands where ---- */

static void read_paths(struct reader *r)
{
    const struct {
        const char *key, *text, **member;
    } paths[] = {
        { "callback_status_path", r->cfg->callback_status_path, &r->out->status_path },
        { "callback_id_path", r->cfg->callback_id_path, &r->out->id_path },
        { "callback_recipient_path", r->cfg->callback_recipient_path, &r->out->recipient_path },
        { "callback_event_path", r->cfg->callback_event_path, &r->out->event_path },
        { "callback_code_path", r->cfg->callback_code_path, &r->out->code_path },
        { "callback_error_path", r->cfg->callback_error_path, &r->out->error_path },
    };

    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        const char *words = *paths[i].text != '\0' ? gateway_path_fault(paths[i].text) : NULL;

        *paths[i].member = arena_strdup(r->mem, paths[i].text);
        if (words != NULL)
            fault(r, paths[i].key, words);
        else if (*paths[i].text != '\0' && *r->cfg->callback_status_path == '\0')
            fault(r, paths[i].key, "needs a callback_status_path beside it");
    }
}

/* The number of lists that hold something. */
static int read_values(struct reader *r)
{
    const struct {
        const char *key, *text, **member;
    } lists[] = {
        { "callback_sent", r->cfg->callback_sent, &r->out->sent },
        { "callback_delivered", r->cfg->callback_delivered, &r->out->delivered },
        { "callback_read", r->cfg->callback_read, &r->out->read },
        { "callback_failed", r->cfg->callback_failed, &r->out->failed },
    };
    int given = 0;

    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        *lists[i].member = arena_strdup(r->mem, lists[i].text);
        if (*lists[i].text == '\0')
            continue;
        given++;
        if (*r->cfg->callback_status_path == '\0')
            fault(r, lists[i].key, "needs a callback_status_path beside it");
    }
    return given;
}

/* ---- the whole ---- */

size_t gateway_callback_read(struct arena *mem, const struct provider_config *cfg,
                             struct gateway_callback *out,
                             struct gateway_fault faults[GATEWAY_CALLBACK_FAULTS])
{
    struct reader r = { .mem = mem, .cfg = cfg, .out = out, .faults = faults };
    bool has_status = *cfg->callback_status_path != '\0';

    *out = (struct gateway_callback){ .proof_name = "" };
    read_proof(&r);
    read_paths(&r);
    if (read_values(&r) == 0 && has_status)
        fault(&r, "callback_status_path",
              "needs callback_sent, callback_delivered, callback_read "
              "or callback_failed beside it: no value would mean "
              "anything");
    if (has_status && *cfg->callback_signature == '\0' && *cfg->callback_secret == '\0' &&
        cfg->verify_callbacks == VERIFY_ON)
        fault(&r, "callback_status_path",
              "needs callback_signature and callback_secret beside it: "
              "no callback would be believed");
    return r.n;
}
