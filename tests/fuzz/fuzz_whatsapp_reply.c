/* Fuzz target of the Cloud API's answers: a line with the HTTP status, then the body. */
#include "tests/fuzz/reply.h"

#define TOKEN "EAAGm0PX4ZCpsBAKZCtoken"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct provider_config cfg = {
        .name = "main",
        .kind = "whatsapp_cloud",
        .base_url = "",
        .access_token = TOKEN,
        .phone_number_id = "1",
        .api_version = "v23.0",
        .template_name = "",
        .template_language = "en_US",
    };
    const struct adapter *whatsapp = adapter_find("whatsapp_cloud");
    struct arena mem = ARENA_INIT;
    struct provider *provider;
    struct reply r;
    struct error err;

    if (fuzz_reply(data, size, &mem, &r)) {
        struct verdict v;

        FUZZ_EXPECT(whatsapp->open(&provider, &cfg, "", &err) == ST_OK);
        v = whatsapp->judge(provider, &r, &mem);
        fuzz_check_verdict(&v, r.status, TOKEN);
        FUZZ_EXPECT(v.moved_to == NULL);
        whatsapp->close(provider);
    }
    arena_done(&mem);
    return 0;
}
