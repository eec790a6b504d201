/*
 * Fuzz target of finding one value without making the document: an input is a line with the path, and
 * then the text.  What is found there is what the document has, wherever it can be read.
 */
#include "common/base/json_path.h"
#include "tests/fuzz/fuzz.h"

static void check(const char *text, size_t len, const char *path, struct arena *mem)
{
    const char *skimmed = json_path_skim(text, len, path, mem), *found;
    struct error unreadable;
    SCOPED(json_t) doc = json_read(text, len, &unreadable);

    if (skimmed == NULL || doc == NULL)
        return;
    found = json_string_value(json_path_find(doc, path, mem));
    FUZZ_EXPECT(found != NULL && strcmp(found, skimmed) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena mem = ARENA_INIT;
    const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
    char *text;

    if (end != NULL) {
        size_t path_len = (size_t)(end - data), len = size - path_len - 1;

        text = fuzz_text(end + 1, len);
        check(text, len, arena_strndup(&mem, (const char *)data, path_len), &mem);
        free(text);
    }
    arena_done(&mem);
    return 0;
}
