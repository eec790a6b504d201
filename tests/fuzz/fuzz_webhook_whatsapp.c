/* Fuzz target of WhatsApp's callbacks, whose targets also hold challenges. */
#include "fcgi/webhooks/whatsapp.h"
#include "tests/fuzz/callback.h"

static const struct provider_config cfg = { .name = "main",
                                            .kind = "whatsapp_cloud",
                                            .phone_number_id = "106540352242922",
                                            .app_secret = "TEST_APP_SECRET,second",
                                            .verify_token = "token" };

static void try_challenge(const uint8_t *data, size_t size)
{
    struct arena mem = ARENA_INIT;
    char *text = fuzz_text(data, size), *rest = text, *mark = strchr(fuzz_line(&rest), '?');
    const char *answer = mark != NULL ? whatsapp_challenge(&mem, mark + 1, &cfg) : NULL;

    FUZZ_EXPECT(answer == NULL || (*answer != '\0' && strlen(answer) <= WHATSAPP_CHALLENGE_MAX));
    free(text);
    arena_done(&mem);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = { "X-Hub-Signature-256", NULL };

    fuzz_callback("/webhooks/whatsapp", names, &cfg, 0, data, size);
    try_challenge(data, size);
    return 0;
}
