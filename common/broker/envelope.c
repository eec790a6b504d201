/* envelope - writing and reading the event on the wire. */
#include "common/broker/envelope.h"

#include <limits.h>

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
