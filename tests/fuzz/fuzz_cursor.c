/* Fuzz target of cursors: one is read only as it was made, for its own scope. */
#include "fcgi/cursor.h"
#include "tests/fuzz/fuzz.h"

#define SCOPE "/list &status=failed"

/* Whatever is taken is what we would have given: there is one spelling of a place. */
static void check_reading(struct arena *mem, const char *text)
{
    const char *place = NULL;

    if (!cursor_read(mem, text, SCOPE, &place)) {
        FUZZ_EXPECT(place == NULL);
        return;
    }
    FUZZ_EXPECT(strlen(place) >= 1 && strlen(place) <= CURSOR_PLACE_MAX);
    FUZZ_EXPECT(strcmp(cursor_make(mem, place, SCOPE), text) == 0);
}

static void check_making(struct arena *mem, const char *place, uint8_t chance)
{
    const char *again = NULL, *made = cursor_make(mem, place, SCOPE);
    char *altered = arena_strdup(mem, made);
    size_t at = chance % strlen(made);

    FUZZ_EXPECT(strlen(made) <= CURSOR_TEXT_MAX);
    FUZZ_EXPECT(cursor_read(mem, made, SCOPE, &again) && strcmp(again, place) == 0);
    FUZZ_EXPECT(!cursor_read(mem, made, "/list ", &again));
    altered[at] = altered[at] == 'A' ? 'B' : 'A';
    FUZZ_EXPECT(!cursor_read(mem, altered, SCOPE, &again));
    altered[at] = '\0';
    FUZZ_EXPECT(!cursor_read(mem, altered, SCOPE, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    struct arena mem = ARENA_INIT;

    check_reading(&mem, text);
    if (text[0] != '\0' && strlen(text) <= CURSOR_PLACE_MAX)
        check_making(&mem, text, data[size - 1]);
    arena_done(&mem);
    free(text);
    return 0;
}
