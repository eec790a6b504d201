/* Fuzz target of Twilio's answers: a line with the HTTP status, then the body. */
#include "tests/fuzz/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct provider_config cfg = {
        .name = "main",
        .kind = "twilio",
        .base_url = "",
        .account_sid = "AC1",
        .auth_token = "12345",
        .messaging_service_sid = "",
    };
    const struct adapter *twilio = adapter_find("twilio");
    struct arena mem = ARENA_INIT;
    struct provider *provider;
    struct reply r;
    struct error err;

    if (fuzz_reply(data, size, &mem, &r)) {
        struct verdict v;

        FUZZ_EXPECT(twilio->open(&provider, &cfg, "", &err) == ST_OK);
        v = twilio->judge(provider, &r, &mem);
        fuzz_check_verdict(&v, r.status, cfg.auth_token);
        twilio->close(provider);
    }
    arena_done(&mem);
    return 0;
}
