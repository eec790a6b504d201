/* Fuzz target of reading times: what is read can be written, and then reads the same. */
#include "common/base/clock.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    char written[CLOCK_TEXT_BYTES];
    int64_t ms = -1, again = -1;

    if (clock_parse(text, &ms)) {
        FUZZ_EXPECT(ms >= 0);
        clock_format(ms, written);
        FUZZ_EXPECT(strlen(written) == strlen("2026-12-01T09:00:00.000Z"));
        FUZZ_EXPECT(clock_parse(written, &again) && again == ms);
    } else {
        FUZZ_EXPECT(ms == -1);
    }
    free(text);
    return 0;
}
