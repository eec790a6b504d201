/* Fuzz target of Telegram's updates. */
#include "tests/fuzz/callback.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = { "X-Telegram-Bot-Api-Secret-Token", NULL };
    static const struct provider_config cfg = { .name = "main",
                                                .kind = "telegram",
                                                .secret_token = "first, second" };

    fuzz_callback("/webhooks/telegram", names, &cfg, 0, data, size);
    return 0;
}
