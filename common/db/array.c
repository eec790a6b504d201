/* array - Postgres arrays, in binary where the type has a fixed number. */
#include "common/db/array.h"

#include <arpa/inet.h>
#include <assert.h>
#include <endian.h>
#include <string.h>

#include "common/base/uuid.h"

#define ARRAY_LIMIT (64u << 20)

/* The numbers of the element types, of src/include/catalog/pg_type.dat: they never change. */
static const uint32_t oids[] = {
    [ARRAY_LABEL] = 0,     [ARRAY_BOOL] = 16,   [ARRAY_INT2] = 21,   [ARRAY_INT4] = 23,
    [ARRAY_INT8] = 20,     [ARRAY_TEXT] = 25,   [ARRAY_JSON] = 114,  [ARRAY_JSONB] = 3802,
    [ARRAY_UUID] = 2950,   [ARRAY_TIME] = 1184,
};

/* What array_recv reads first: one dimension, from 1; each element follows behind its length. */
struct head {
    uint32_t dimensions, may_have_nulls, element_oid, count, first_index;
};

static void add_u32(struct array *a, uint32_t value)
{
    value = htonl(value);
    buf_add(&a->bytes, &value, sizeof value);
}

static void write_head(struct array *a)
{
    const struct head h = { htonl(1), htonl(1), htonl(oids[a->type]), htonl(a->count), htonl(1) };

    if (a->bytes.len == 0)
        buf_add(&a->bytes, &h, sizeof h);
    else
        memcpy(a->bytes.data, &h, sizeof h);
}

void array_begin(struct array *a, enum array_type type)
{
    a->type = type;
    a->bytes.limit = ARRAY_LIMIT;
    a->count = 0;
    a->has_value = false;
    buf_clear(&a->bytes);
    if (type == ARRAY_LABEL)
        buf_addc(&a->bytes, '{');
    else
        write_head(a);
}

static void add_null(struct array *a)
{
    if (a->type == ARRAY_LABEL)
        buf_adds(&a->bytes, a->count > 0 ? ",NULL" : "NULL");
    else
        add_u32(a, UINT32_MAX);
    a->count++;
}

static void add_value(struct array *a, const void *bytes, size_t n)
{
    add_u32(a, (uint32_t)n);
    buf_add(&a->bytes, bytes, n);
    a->has_value = true;
    a->count++;
}

/* Inside quotes only the quote and the backslash need an escape. */
static void add_label(struct array *a, const char *value)
{
    buf_adds(&a->bytes, a->count > 0 ? ",\"" : "\"");
    while (*value != '\0') {
        size_t plain = strcspn(value, "\"\\");

        buf_add(&a->bytes, value, plain);
        value += plain;
        if (*value != '\0') {
            buf_addc(&a->bytes, '\\');
            buf_addc(&a->bytes, *value++);
        }
    }
    buf_addc(&a->bytes, '"');
    a->has_value = true;
    a->count++;
}

/* What is no uuid goes as a byte too many, which the server refuses. */
static void add_uuid(struct array *a, const char *value)
{
    uint8_t bytes[UUID_BYTES + 1] = { 0 };

    add_value(a, bytes, uuid_parse(value, bytes) ? UUID_BYTES : sizeof bytes);
}

/* jsonb_recv: a version, which is 1, before the text. */
static void add_jsonb(struct array *a, const char *value)
{
    size_t n = strlen(value);

    add_u32(a, (uint32_t)n + 1);
    buf_addc(&a->bytes, 1);
    buf_add(&a->bytes, value, n);
    a->has_value = true;
    a->count++;
}

void array_add_text(struct array *a, const char *value)
{
    if (value == NULL)
        add_null(a);
    else if (a->type == ARRAY_LABEL)
        add_label(a, value);
    else if (a->type == ARRAY_UUID)
        add_uuid(a, value);
    else if (a->type == ARRAY_JSONB)
        add_jsonb(a, value);
    else
        add_value(a, value, strlen(value));
}

/* A number that is too large for its type goes as eight bytes, which the server refuses. */
void array_add_int(struct array *a, int64_t value)
{
    uint64_t eight = htobe64((uint64_t)value);
    uint32_t four = htonl((uint32_t)value);
    uint16_t two = htons((uint16_t)value);

    assert(a->type == ARRAY_INT2 || a->type == ARRAY_INT4 || a->type == ARRAY_INT8);
    if (a->type == ARRAY_INT2 && value >= INT16_MIN && value <= INT16_MAX)
        add_value(a, &two, sizeof two);
    else if (a->type == ARRAY_INT4 && value >= INT32_MIN && value <= INT32_MAX)
        add_value(a, &four, sizeof four);
    else
        add_value(a, &eight, sizeof eight);
}

/* timestamptz_recv: microseconds since 2000-01-01. */
#define EPOCH_OF_POSTGRES_MS INT64_C(946684800000)

void array_add_time(struct array *a, int64_t wall_ms)
{
    uint64_t us = htobe64((uint64_t)((wall_ms - EPOCH_OF_POSTGRES_MS) * 1000));

    assert(a->type == ARRAY_TIME);
    if (wall_ms < 0)
        add_null(a);
    else
        add_value(a, &us, sizeof us);
}

void array_add_bool(struct array *a, bool value)
{
    assert(a->type == ARRAY_BOOL);
    add_value(a, value ? "\1" : "\0", 1);
}

struct array_param array_end(struct array *a)
{
    if (buf_overflowed(&a->bytes))
        return (struct array_param){ .value = "{" }; /* no array: it is refused */
    if (!a->has_value)
        return (struct array_param){ .value = "{}" };
    if (a->type == ARRAY_LABEL) {
        buf_addc(&a->bytes, '}'); /* one that does not fit any more is refused for want of it */
        return (struct array_param){ .value = buf_str(&a->bytes) };
    }
    write_head(a);
    return (struct array_param){ buf_str(&a->bytes), (int)a->bytes.len, 1 };
}

void array_free(struct array *a)
{
    buf_free(&a->bytes);
}

void arrays_begin(struct array col[], const enum array_type types[], int n)
{
    for (int c = 0; c < n; c++)
        array_begin(&col[c], types[c]);
}

void arrays_free(struct array col[], int n)
{
    for (int c = 0; c < n; c++)
        array_free(&col[c]);
}
