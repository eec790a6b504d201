/* Fuzz target of SendGrid's callbacks: lines of signature and time among others, then the body. */
#include "tests/fuzz/callback.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = { "X-Twilio-Email-Event-Webhook-Signature",
                                         "X-Twilio-Email-Event-Webhook-Timestamp", NULL };
    static const struct provider_config cfg = {
        .name = "main",
        .kind = "sendgrid",
        .webhook_public_key =
            "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62g"
            "w+2fNNRaINXvVpiglSI8eNEc6wEA3F+g==",
    };

    fuzz_callback("/webhooks/sendgrid", names, &cfg, 1600112502, data, size);
    return 0;
}
