/* array - Postgres arrays as text. */
#include "common/db/array.h"

#include <string.h>

#include "common/base/clock.h"

#define ARRAY_LIMIT (64u << 20)

void array_begin(struct array *a)
{
    a->text.limit = ARRAY_LIMIT;
    a->has_value = false;
    buf_clear(&a->text);
    buf_addc(&a->text, '{');
}

static void separate(struct array *a)
{
    if (a->text.len > 1)
        buf_addc(&a->text, ',');
}

/* PostgreSQL 15 manual, 8.15.6: inside quotes only the quote and the backslash need an escape. */
void array_add_text(struct array *a, const char *value)
{
    separate(a);
    if (value == NULL) {
        buf_adds(&a->text, "NULL");
        return;
    }
    a->has_value = true;
    buf_addc(&a->text, '"');
    while (*value != '\0') {
        size_t plain = strcspn(value, "\"\\");

        buf_add(&a->text, value, plain);
        value += plain;
        if (*value != '\0') {
            buf_addc(&a->text, '\\');
            buf_addc(&a->text, *value++);
        }
    }
    buf_addc(&a->text, '"');
}

void array_add_int(struct array *a, int64_t value)
{
    separate(a);
    a->has_value = true;
    buf_add_i64(&a->text, value);
}

void array_add_time(struct array *a, int64_t wall_ms)
{
    char text[CLOCK_TEXT_BYTES];

    separate(a);
    a->has_value = a->has_value || wall_ms >= 0;
    buf_adds(&a->text, wall_ms < 0 ? "NULL" : clock_format(wall_ms, text));
}

void array_add_bool(struct array *a, bool value)
{
    separate(a);
    a->has_value = true;
    buf_addc(&a->text, value ? 't' : 'f');
}

const char *array_end(struct array *a)
{
    buf_addc(&a->text, '}');
    return buf_str(&a->text);
}

void array_free(struct array *a)
{
    buf_free(&a->text);
}

void arrays_begin(struct array col[], int n)
{
    for (int c = 0; c < n; c++)
        array_begin(&col[c]);
}

void arrays_end(struct array col[], int n, const char *args[])
{
    for (int c = 0; c < n; c++)
        args[c] = array_end(&col[c]);
}

void arrays_end_sparse(struct array col[], int n, const char *args[])
{
    for (int c = 0; c < n; c++)
        args[c] = col[c].has_value ? array_end(&col[c]) : "{}";
}

void arrays_free(struct array col[], int n)
{
    for (int c = 0; c < n; c++)
        array_free(&col[c]);
}
