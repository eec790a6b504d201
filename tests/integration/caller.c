/* caller - signing as the providers' documents say. */
#include "tests/integration/caller.h"

#include <stdlib.h>
#include <string.h>

#include <check.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>

#include "common/base/buf.h"
#include "tests/integration/stack.h"

#define FORM "Content-Type: application/x-www-form-urlencoded"
#define JSON "Content-Type: application/json"
#define PARAMETERS_MOST 32

struct answer hook_call(const struct hook *h)
{
    return http(h->method, h->target, NULL, h->body, h->headers);
}

/* ---- digests as text ---- */

static const char *base64(const unsigned char *bytes, size_t len)
{
    unsigned char out[256];

    ck_assert_uint_lt(len, 180);
    EVP_EncodeBlock(out, bytes, (int)len);
    return text("%s", (const char *)out);
}

static size_t mac_of(const EVP_MD *md, const void *key, size_t key_len, const char *data,
                     unsigned char out[EVP_MAX_MD_SIZE])
{
    unsigned len;

    ck_assert_ptr_nonnull(
        HMAC(md, key, (int)key_len, (const unsigned char *)data, strlen(data), out, &len));
    return len;
}

static const char *hex_mac(const char *secret, const char *data)
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    size_t len = mac_of(EVP_sha256(), secret, strlen(secret), data, mac);
    const char *hex = "";

    for (size_t i = 0; i < len; i++)
        hex = text("%s%02x", hex, mac[i]);
    return hex;
}

/* ---- Twilio ---- */

struct pair {
    const char *key, *value;
};

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct pair *)a)->key, ((const struct pair *)b)->key);
}

/* "%2B" -> "+"; of the forms here no more is escaped. */
static const char *decoded(const char *value, size_t len)
{
    struct buf out = BUF_INIT(1 << 16);
    const char *kept;

    for (size_t i = 0; i < len; i++) {
        if (value[i] == '%' && i + 2 < len) {
            buf_addc(&out, (char)strtol(text("%.2s", value + i + 1), NULL, 16));
            i += 2;
        } else {
            buf_addc(&out, value[i] == '+' ? ' ' : value[i]);
        }
    }
    kept = text("%s", buf_str(&out));
    buf_free(&out);
    return kept;
}

static size_t read_form(const char *form, struct pair pairs[PARAMETERS_MOST])
{
    size_t n = 0;

    for (size_t len; *form != '\0'; form += len + (form[len] == '&')) {
        size_t key = strcspn(form, "=");

        len = strcspn(form, "&");
        ck_assert(n < PARAMETERS_MOST && key < len);
        pairs[n++] = (struct pair){ decoded(form, key), decoded(form + key + 1, len - key - 1) };
    }
    return n;
}

struct hook hook_twilio(const char *base, const char *token, const char *target, const char *form)
{
    struct pair pairs[PARAMETERS_MOST];
    size_t n = read_form(form, pairs);
    unsigned char mac[EVP_MAX_MD_SIZE];
    const char *covered = text("%s%s", base, target);

    qsort(pairs, n, sizeof *pairs, by_key);
    for (size_t i = 0; i < n; i++)
        covered = text("%s%s%s", covered, pairs[i].key, pairs[i].value);
    return (struct hook){
        "POST",
        target,
        form,
        { FORM, text("X-Twilio-Signature: %s",
                     base64(mac, mac_of(EVP_sha1(), token, strlen(token), covered, mac))) }
    };
}

/* ---- SendGrid ---- */

static EVP_PKEY *read_key(const char *file)
{
    FILE *f = fopen(file, "re");
    EVP_PKEY *key;

    ck_assert_msg(f != NULL, "%s cannot be read", file);
    key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
    fclose(f);
    ck_assert_ptr_nonnull(key);
    return key;
}

static const char *ecdsa(const char *key_file, const char *covered)
{
    EVP_PKEY *key = read_key(key_file);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    unsigned char signature[128];
    size_t len = sizeof signature;

    ck_assert_int_eq(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key), 1);
    ck_assert_int_eq(
        EVP_DigestSign(ctx, signature, &len, (const unsigned char *)covered, strlen(covered)), 1);
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    return base64(signature, len);
}

struct hook hook_sendgrid(const char *key_file, int64_t at_s, const char *events)
{
    const char *time = text("%lld", (long long)at_s);

    return (struct hook){ "POST",
                          "/webhooks/sendgrid",
                          events,
                          { JSON, text("X-Twilio-Email-Event-Webhook-Timestamp: %s", time),
                            text("X-Twilio-Email-Event-Webhook-Signature: %s",
                                 ecdsa(key_file, text("%s%s", time, events))) } };
}

/* ---- WhatsApp, Telegram ---- */

struct hook hook_whatsapp(const char *secret, const char *body)
{
    return (struct hook){ "POST",
                          "/webhooks/whatsapp",
                          body,
                          { JSON, text("X-Hub-Signature-256: sha256=%s", hex_mac(secret, body)) } };
}

struct hook hook_telegram(const char *token, const char *body)
{
    return (struct hook){ "POST",
                          "/webhooks/telegram",
                          body,
                          { JSON, text("X-Telegram-Bot-Api-Secret-Token: %s", token) } };
}

/* ---- gateways ---- */

static const char *path_of(const char *name)
{
    return text("/webhooks/http/%s", name);
}

struct hook hook_hmac(const char *name, const char *secret, const char *body)
{
    return (struct hook){
        "POST", path_of(name), body, { JSON, text("X-Signature: %s", hex_mac(secret, body)) }
    };
}

struct hook hook_standard(const char *name, const char *secret, const char *id, int64_t at_s,
                          const char *body)
{
    const char *digits = secret + strlen("whsec_"), *time = text("%lld", (long long)at_s);
    unsigned char key[128], mac[EVP_MAX_MD_SIZE];
    int key_len = EVP_DecodeBlock(key, (const unsigned char *)digits, (int)strlen(digits));
    size_t len;

    ck_assert_int_gt(key_len, 0);
    len = mac_of(EVP_sha256(), key, (size_t)key_len, text("%s.%s.%s", id, time, body), mac);
    return (struct hook){ "POST",
                          path_of(name),
                          body,
                          { JSON, text("webhook-id: %s", id), text("webhook-timestamp: %s", time),
                            text("webhook-signature: v1,%s", base64(mac, len)) } };
}

struct hook hook_token(const char *name, const char *secret, const char *form)
{
    return (struct hook){ "POST", path_of(name), form, { FORM, text("X-Token: %s", secret) } };
}
