/* Fuzz target of SendGrid's answers: lines with HTTP status, message id and limit's end; a body. */
#include "tests/fuzz/fuzz.h"
#include "workerd/adapters/adapter.h"

#define NOW_MS 1796115600000

static void check_verdict(const struct verdict *v, int status)
{
    FUZZ_EXPECT(v->retry_after_ms >= -1 && v->retry_after_ms <= 3600000);
    if (v->class == VERDICT_ACCEPTED) {
        FUZZ_EXPECT(status == 200 || status == 202);
        FUZZ_EXPECT(v->provider_id == NULL || *v->provider_id != '\0');
        return;
    }
    FUZZ_EXPECT(v->provider_id == NULL && v->code != NULL && *v->code != '\0');
    FUZZ_EXPECT(v->class != VERDICT_REFUSED_HERE || status == 403);
    FUZZ_EXPECT(v->message == NULL || strlen(v->message) <= 300);
    FUZZ_EXPECT(v->message == NULL || strstr(v->message, "@example.") == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct provider_config cfg = {
        .name = "main",
        .kind = "sendgrid",
        .base_url = "",
        .api_key = "SG.x",
        .list_unsubscribe = "",
    };
    const struct adapter *sendgrid = adapter_find("sendgrid");
    struct reply r = { .reach = REACH_ANSWERED, .retry_after_ms = -1, .now_ms = NOW_MS };
    struct arena mem = ARENA_INIT;
    char *text = fuzz_text(data, size), *rest = text;
    struct provider *provider;
    struct verdict v;
    struct error err;

    r.status = (int)strtoul(fuzz_line(&rest), NULL, 10) % 1000;
    for (int i = 0; i < 2; i++) {
        char *value = fuzz_line(&rest);

        r.headers[i] = *value == '\0' ? NULL : value;
    }
    r.body = rest;
    r.body_len = size - (size_t)(rest - text);
    FUZZ_EXPECT(sendgrid->open(&provider, &cfg, "", &err) == ST_OK);
    v = sendgrid->judge(provider, &r, &mem);
    check_verdict(&v, r.status);
    sendgrid->close(provider);
    arena_done(&mem);
    free(text);
    return 0;
}
