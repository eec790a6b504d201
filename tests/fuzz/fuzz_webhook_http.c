/* Fuzz target of gateways' callbacks; the first byte chooses what proves them. */
#include "tests/fuzz/callback.h"

#define KEYS(signature)                                                                            \
    {                                                                                              \
        .name = "gw", .kind = "http", .callback_signature = signature,                             \
        .callback_secret = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw, sesame",                             \
        .callback_status_path = "data.status", .callback_sent = "sent",                            \
        .callback_delivered = "DELIVRD,true", .callback_read = "seen,1",                           \
        .callback_failed = "UNDELIV", .callback_id_path = "data.id",                               \
        .callback_recipient_path = "", .callback_event_path = "event",                             \
        .callback_code_path = "data.errors.0.code", .callback_error_path = "data.errors.0.text",   \
    }

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = { "webhook-signature", "webhook-id", "webhook-timestamp",
                                         NULL };
    static const struct provider_config gateways[] = {
        KEYS("hmac-sha256-hex:webhook-signature"),
        KEYS("hmac-sha256-base64:webhook-signature"),
        KEYS("hmac-sha1-hex:webhook-signature"),
        KEYS("token:webhook-signature"),
        KEYS("query:key"),
        KEYS("standard"),
    };
    const size_t n = sizeof gateways / sizeof *gateways;

    if (size > 0)
        fuzz_callback("/webhooks/http/gw", names, &gateways[data[0] % n], 1614265330, data + 1,
                      size - 1);
    return 0;
}
