/* trace - reading, continuing and writing a traceparent. */
#include "common/base/trace.h"

#include <stdio.h>
#include <string.h>

#include "common/base/random.h"

/* version-traceid-parentid-flags */
#define ID_AT 3
#define SPAN_AT 36
#define FLAGS_AT 53
#define END_AT 55

static bool are_hex(const char *text, size_t n)
{
    return strspn(text, "0123456789abcdef") >= n;
}

/* Neither missing digits nor all of them zero. */
static bool is_id(const char *text, size_t n)
{
    return are_hex(text, n) && strspn(text, "0") < n;
}

static void copy(char *out, const char *from, size_t n)
{
    memcpy(out, from, n);
    out[n] = '\0';
}

bool trace_parse(const char *text, struct trace *out)
{
    bool ok;

    *out = (struct trace){ 0 };
    if (text == NULL || strlen(text) < END_AT)
        return false;
    ok = are_hex(text, 2) && strncmp(text, "ff", 2) != 0 && text[ID_AT - 1] == '-' &&
         is_id(text + ID_AT, 32) && text[SPAN_AT - 1] == '-' && is_id(text + SPAN_AT, 16) &&
         text[FLAGS_AT - 1] == '-' && are_hex(text + FLAGS_AT, 2);
    if (!ok)
        return false;
    /* Version 00 ends here; what a later one adds comes after a dash. */
    if (text[END_AT] != '\0' && (strncmp(text, "00", 2) == 0 || text[END_AT] != '-'))
        return false;
    copy(out->id, text + ID_AT, 32);
    copy(out->span, text + SPAN_AT, 16);
    copy(out->flags, text + FLAGS_AT, 2);
    return true;
}

static void draw(char *out, size_t bytes)
{
    unsigned char chance[16];

    do
        random_bytes(chance, bytes);
    while (memcmp(chance, (unsigned char[16]){ 0 }, bytes) == 0);
    for (size_t i = 0; i < bytes; i++) {
        out[2 * i] = "0123456789abcdef"[chance[i] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[chance[i] & 15];
    }
    out[2 * bytes] = '\0';
}

void trace_begin(struct trace *out)
{
    *out = (struct trace){ .flags = "00" };
    draw(out->id, 16);
    draw(out->span, 8);
}

void trace_of_uuid(const char *uuid, struct trace *out)
{
    size_t n = 0;

    *out = (struct trace){ .flags = "00" };
    for (const char *p = uuid; *p != '\0' && n < 32; p++) {
        if (*p != '-')
            out->id[n++] = (char)(*p >= 'A' && *p <= 'F' ? *p - 'A' + 'a' : *p);
    }
}

void trace_continue(const struct trace *before, struct trace *out)
{
    struct trace next = *before;

    memcpy(next.parent, before->span, sizeof next.parent);
    draw(next.span, 8);
    *out = next;
}

void trace_format(const struct trace *t, char out[TRACEPARENT_BYTES])
{
    snprintf(out, TRACEPARENT_BYTES, "00-%s-%s-%s", t->id, t->span, t->flags);
}

void trace_keep(const struct trace *t, char out[TRACE_KEPT_BYTES])
{
    snprintf(out, TRACE_KEPT_BYTES, "%s%s%s", t->id, t->span, t->flags);
}

bool trace_recall(const char *kept, struct trace *out)
{
    *out = (struct trace){ 0 };
    if (kept == NULL || strlen(kept) != TRACE_KEPT_BYTES - 1 || !are_hex(kept, TRACE_KEPT_BYTES - 1))
        return false;
    copy(out->id, kept, 32);
    copy(out->span, kept + 32, 16);
    copy(out->flags, kept + 48, 2);
    return true;
}
