/* envelope - writing and reading the event on the wire. */
#include "common/broker/envelope.h"

#include <limits.h>
#include <string.h>

#include "common/base/json.h"
#include "common/base/uuid.h"

void envelope_encode(struct buf *out, const struct envelope *e)
{
    buf_adds(out, "{\"message_id\":\"");
    buf_adds(out, e->message_id);
    buf_adds(out, "\",\"recipients\":[");
    for (size_t i = 0; i < e->count; i++) {
        buf_adds(out, i > 0 ? ",[" : "[");
        buf_add_i64(out, e->recipients[i].n);
        buf_addc(out, ',');
        buf_add_i64(out, e->recipients[i].fence);
        buf_addc(out, ']');
    }
    buf_adds(out, "]}");
}

/* ---- reading what envelope_encode wrote, byte by byte ---- */

static bool take(const char **at, const char *end, const char *words, size_t len)
{
    if ((size_t)(end - *at) < len || memcmp(*at, words, len) != 0)
        return false;
    *at += len;
    return true;
}
#define TAKE(at, end, words) take(at, end, words, sizeof(words) - 1)

/* At most nine digits: more are the other reader's. */
static bool take_number(const char **at, const char *end, int *out)
{
    const char *start = *at;
    int value = 0;

    while (*at < end && **at >= '0' && **at <= '9' && *at - start < 9)
        value = value * 10 + (*(*at)++ - '0');
    *out = value;
    return *at > start && (*start != '0' || *at - start == 1);
}

static bool take_pair(const char **at, const char *end, struct envelope_recipient *out)
{
    return TAKE(at, end, "[") && take_number(at, end, &out->n) && TAKE(at, end, ",") &&
           take_number(at, end, &out->fence) && TAKE(at, end, "]");
}

/* How many brackets open, less that of the list. */
static size_t count_pairs(const char *at, const char *end)
{
    size_t count = 0;

    for (; at < end; at++)
        count += *at == '[';
    return count > 0 ? count - 1 : 0;
}

/* False: not exactly in our own form, which says nothing of whether it is an event. */
static bool decode_ours(struct arena *mem, const char *text, size_t len, struct envelope *out)
{
    const char *at = text, *end = text + len, *id;
    size_t count = count_pairs(text, end);
    struct envelope_recipient *recipients;

    if (count == 0 || count > ENVELOPE_RECIPIENTS_MAX || !TAKE(&at, end, "{\"message_id\":\"") ||
        (size_t)(end - at) < UUID_TEXT_BYTES)
        return false;
    id = arena_strndup(mem, at, UUID_TEXT_BYTES - 1);
    at += UUID_TEXT_BYTES - 1;
    if (!uuid_is_valid(id) || !TAKE(&at, end, "\",\"recipients\":["))
        return false;
    recipients = ARENA_ARRAY(mem, struct envelope_recipient, count);
    for (size_t i = 0; i < count; i++) {
        if ((i > 0 && !TAKE(&at, end, ",")) || !take_pair(&at, end, &recipients[i]))
            return false;
    }
    if (!TAKE(&at, end, "]}") || at != end)
        return false;
    *out = (struct envelope){ id, recipients, count };
    return true;
}

/* ---- reading any ---- */

static bool read_number(const json_t *pair, size_t at, int *out)
{
    const json_t *value = json_array_get(pair, at);

    if (!json_is_integer(value) || json_integer_value(value) < 0 ||
        json_integer_value(value) > INT_MAX)
        return false;
    *out = (int)json_integer_value(value);
    return true;
}

enum status envelope_decode(struct arena *mem, const char *text, size_t len, struct envelope *out,
                            struct error *err)
{
    if (len > ENVELOPE_BYTES_MAX)
        return error_set(err, ST_INVALID, "envelope of %zu bytes; the most is %d", len,
                         ENVELOPE_BYTES_MAX);
    if (decode_ours(mem, text, len, out))
        return ST_OK;
    SCOPED(json_t) doc = json_read(text, len, err);
    const char *id = json_string_value(json_object_get(doc, "message_id"));
    const json_t *list = json_object_get(doc, "recipients");
    size_t count = json_array_size(list);
    struct envelope_recipient *recipients;

    if (doc == NULL)
        return error_prefix(err, "envelope");
    if (id == NULL || !uuid_is_valid(id))
        return error_set(err, ST_INVALID, "envelope has no message_id");
    if (count == 0 || count > ENVELOPE_RECIPIENTS_MAX)
        return error_set(err, ST_INVALID, "envelope names %zu recipients; 1 to %d are allowed", count,
                         ENVELOPE_RECIPIENTS_MAX);
    recipients = ARENA_ARRAY(mem, struct envelope_recipient, count);
    for (size_t i = 0; i < count; i++) {
        const json_t *pair = json_array_get(list, i);

        if (json_array_size(pair) != 2 || !read_number(pair, 0, &recipients[i].n) ||
            !read_number(pair, 1, &recipients[i].fence))
            return error_set(err, ST_INVALID, "envelope, recipient %zu: not a pair of numbers", i);
    }
    *out = (struct envelope){ arena_strdup(mem, id), recipients, count };
    return ST_OK;
}
