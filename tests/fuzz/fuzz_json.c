/* Fuzz target of reading JSON, and of writing whatever text comes as a JSON string. */
#include "common/base/json.h"
#include "tests/fuzz/fuzz.h"

static int greater(int a, int b)
{
    return a > b ? a : b;
}

static int depth_of(json_t *value)
{
    int deepest = 0;
    const char *name;
    json_t *inner;
    size_t i;

    json_object_foreach(value, name, inner)
        deepest = greater(deepest, depth_of(inner));
    json_array_foreach(value, i, inner)
        deepest = greater(deepest, depth_of(inner));
    return deepest + (json_is_object(value) || json_is_array(value));
}

/* A document that is read is no deeper than its text was found to be; a refusal says why. */
static void check_reading(const char *text, size_t size)
{
    struct error e = { 0 };
    SCOPED(json_t) doc = json_read(text, size, &e);

    if (doc == NULL) {
        FUZZ_EXPECT(e.kind == ST_INVALID && e.text[0] != '\0');
        for (const char *c = e.text; *c != '\0'; c++)
            FUZZ_EXPECT(*c >= ' ' && *c < 0x7F);
        return;
    }
    FUZZ_EXPECT(e.kind == ST_OK);
    for (int max = 0; max <= JSON_MAX_DEPTH; max++)
        FUZZ_EXPECT(json_is_deeper(text, size, max) == (depth_of(doc) > max));
}

static void check_writing(const char *text, size_t size)
{
    struct buf b = BUF_INIT(size * 6 + 4);
    struct error e = { 0 };

    buf_addc(&b, '[');
    json_escape(&b, text, size);
    buf_addc(&b, ']');
    FUZZ_EXPECT(!buf_overflowed(&b));
    SCOPED(json_t) doc = json_read(buf_str(&b), b.len, &e);
    /* Only U+0000 is refused on the way back. */
    FUZZ_EXPECT((doc != NULL) == (memchr(text, '\0', size) == NULL));
    buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_reading((const char *)data, size);
    if (size > 0)
        check_writing((const char *)data, size);
    return 0;
}
