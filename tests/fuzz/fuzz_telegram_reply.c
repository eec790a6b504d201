/* Fuzz target of the Bot API's answers: a line with the HTTP status, then the body. */
#include "tests/fuzz/reply.h"

#include "common/model/recipient.h"

#define SECRET "AAF-test_0123456789"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct provider_config cfg = {
        .name = "main",
        .kind = "telegram",
        .base_url = "",
        .bot_token = "123456789:" SECRET,
        .parse_mode = "none",
    };
    const struct adapter *telegram = adapter_find("telegram");
    struct arena mem = ARENA_INIT;
    struct provider *provider;
    struct reply r;
    struct error err;

    if (fuzz_reply(data, size, &mem, &r)) {
        struct verdict v;

        FUZZ_EXPECT(telegram->open(&provider, &cfg, "", &err) == ST_OK);
        v = telegram->judge(provider, &r, &mem);
        fuzz_check_verdict(&v, r.status, SECRET);
        FUZZ_EXPECT(v.moved_to == NULL || recipient_fault(PF_TELEGRAM, v.moved_to) == NULL);
        telegram->close(provider);
    }
    arena_done(&mem);
    return 0;
}
