/* Fuzz target of List-Unsubscribe: what is well-formed stays a header, whoever it is for. */
#include "common/base/arena.h"
#include "common/model/unsubscribe.h"
#include "tests/fuzz/fuzz.h"

#define ID "019a2b3c-4d5e-7f60-8123-456789abcdef.7"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    struct arena mem = ARENA_INIT;

    if (unsubscribe_fault(text) == NULL) {
        const char *header = unsubscribe_fill(&mem, text, ID), *at;

        FUZZ_EXPECT(*header == '<' && header[strlen(header) - 1] == '>');
        for (at = header; *at != '\0'; at += strcspn(at, " ") + (strchr(at, ' ') != NULL))
            FUZZ_EXPECT(strcspn(at, " ") <= 903);
        for (at = header; *at != '\0'; at++)
            FUZZ_EXPECT(*at >= ' ' && *at <= '~' && *at != '{' && *at != '}');
        /* It is well-formed still, and says the same to the next one. */
        FUZZ_EXPECT(unsubscribe_fault(header) == NULL);
        FUZZ_EXPECT(strcmp(unsubscribe_fill(&mem, header, "x"), header) == 0);
        FUZZ_EXPECT(unsubscribe_is_one_click(header) == unsubscribe_is_one_click(text));
    }
    arena_done(&mem);
    free(text);
    return 0;
}
