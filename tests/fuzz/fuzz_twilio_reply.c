/* Fuzz target of Twilio's answers: a line with the HTTP status, then the body. */
#include "tests/fuzz/fuzz.h"
#include "workerd/adapters/adapter.h"

static void check_verdict(const struct verdict *v, int status)
{
    if (v->class == VERDICT_ACCEPTED) {
        FUZZ_EXPECT(status >= 200 && status <= 299);
        FUZZ_EXPECT(v->provider_id != NULL && *v->provider_id != '\0');
        return;
    }
    FUZZ_EXPECT(v->provider_id == NULL && v->code != NULL && *v->code != '\0');
    FUZZ_EXPECT(v->message == NULL || strlen(v->message) <= 300);
}

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
    struct reply r = { .reach = REACH_ANSWERED, .retry_after_ms = -1 };
    struct arena mem = ARENA_INIT;
    char *text = arena_strndup(&mem, size > 0 ? (const char *)data : "", size);
    char *body = strchr(text, '\n');
    struct provider *provider;
    struct verdict v;
    struct error err;

    if (body != NULL) {
        *body++ = '\0';
        r.status = (int)strtoul(text, NULL, 10) % 1000;
        r.body = body;
        r.body_len = size - (size_t)(body - text);
        FUZZ_EXPECT(twilio->open(&provider, &cfg, "", &err) == ST_OK);
        v = twilio->judge(provider, &r, &mem);
        check_verdict(&v, r.status);
        twilio->close(provider);
    }
    arena_done(&mem);
    return 0;
}
