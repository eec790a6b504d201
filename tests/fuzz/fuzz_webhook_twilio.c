/* Fuzz target of Twilio's callbacks: lines of target, content type and signature, then the body. */
#include "tests/fuzz/callback.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = { "X-Twilio-Signature", NULL };
    static const struct provider_config cfg = { .name = "main",
                                                .kind = "twilio",
                                                .auth_token = "12345,67890" };

    fuzz_callback("/webhooks/twilio", names, &cfg, 0, data, size);
    return 0;
}
