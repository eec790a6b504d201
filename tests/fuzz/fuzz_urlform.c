/* Fuzz target of forms and queries: what was read and written again reads the same. */
#include "common/base/urlform.h"
#include "tests/fuzz/fuzz.h"

#define MOST_PAIRS 200

static void check_same(const struct urlform *a, const struct urlform *b)
{
    FUZZ_EXPECT(a->count == b->count);
    for (size_t i = 0; i < a->count; i++) {
        FUZZ_EXPECT(strcmp(a->pairs[i].key, b->pairs[i].key) == 0);
        FUZZ_EXPECT(strcmp(a->pairs[i].value, b->pairs[i].value) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena mem = ARENA_INIT;
    struct buf text = BUF_INIT(8 * size + 2 * MOST_PAIRS);
    struct urlform form, again;
    struct error err;

    if (urlform_parse(&mem, (const char *)data, size, MOST_PAIRS, &form, &err) == ST_OK) {
        for (size_t i = 0; i < form.count; i++)
            urlform_add(&text, form.pairs[i].key, form.pairs[i].value);
        FUZZ_EXPECT(urlform_parse(&mem, buf_str(&text), text.len, MOST_PAIRS, &again, &err) ==
                    ST_OK);
        check_same(&form, &again);
    }
    buf_free(&text);
    arena_done(&mem);
    return 0;
}
