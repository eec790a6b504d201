/* Fuzz target of the configuration: a file, then after a NUL variables, each ended by a NUL. */
#include "common/config/config.h"
#include "tests/fuzz/fuzz.h"

#define MOST_VARIABLES 32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size), *env[MOST_VARIABLES + 1];
    size_t len = strlen(text), n = 0;
    struct config c;
    struct config_faults faults;
    enum status status;

    for (size_t at = len + 1; at < size && n < MOST_VARIABLES; at += strlen(text + at) + 1)
        env[n++] = text + at;
    env[n] = NULL;
    status = config_load_text("fuzz.conf", text, len, env, &c, &faults);
    /* A configuration is refused for the faults that are shown, and for nothing else. */
    FUZZ_EXPECT((status == ST_OK) == (faults.count == 0));
    config_free(&c);
    config_faults_free(&faults);
    free(text);
    return 0;
}
