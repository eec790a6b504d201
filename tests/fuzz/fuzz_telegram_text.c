/* Fuzz target of Telegram's markup: what remains of a text is no longer than it, and still UTF-8. */
#include "tests/fuzz/fuzz.h"
#include "tests/simulator/telegram_text.h"
#include "tests/simulator/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum telegram_mode mode = size > 0 ? (enum telegram_mode)(data[0] % 4) : TELEGRAM_PLAIN;
    char *text = fuzz_text(data + (size > 0), size - (size > 0));
    struct arena mem = ARENA_INIT;
    const char *plain = NULL, *fault = telegram_text_read(&mem, mode, text, &plain);

    FUZZ_EXPECT((fault == NULL) != (plain == NULL));
    if (plain != NULL) {
        FUZZ_EXPECT(strlen(plain) <= strlen(text));
        FUZZ_EXPECT(text_characters(text) < 0 || text_characters(plain) >= 0);
    }
    arena_done(&mem);
    free(text);
    return 0;
}
