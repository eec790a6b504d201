/* Fuzz target of a gateway's answers: lines with three paths and the HTTP status; a body. */
#include "tests/fuzz/fuzz.h"
#include "workerd/adapters/adapter.h"

static void check_verdict(const struct verdict *v, int status)
{
    if (v->class == VERDICT_ACCEPTED) {
        FUZZ_EXPECT(status >= 200 && status <= 299 && v->code == NULL);
        FUZZ_EXPECT(v->provider_id == NULL ||
                    (*v->provider_id != '\0' && strlen(v->provider_id) <= 200));
        return;
    }
    FUZZ_EXPECT(v->provider_id == NULL && v->code != NULL && *v->code != '\0');
    FUZZ_EXPECT(strlen(v->code) <= 64 && strstr(v->code, "@example.") == NULL);
    FUZZ_EXPECT(v->message == NULL || strlen(v->message) <= 300);
    FUZZ_EXPECT(v->message == NULL || strstr(v->message, "@example.") == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct provider_config cfg = {
        .name = "gw",
        .kind = "http",
        .url = "http://h",
        .method = "POST",
        .username = "",
        .password = "",
        .headers = "",
        .body_template = "",
        .accept_status = "200-299",
        .retry_status = "425,429",
        .deny_status = "401-403",
        .refuse_status = "400,404",
        .result_throttled = "",
        .result_retry = "",
        .result_denied = "",
    };
    const struct adapter *http = adapter_find("http");
    struct reply r = { .reach = REACH_ANSWERED, .retry_after_ms = -1 };
    struct arena mem = ARENA_INIT;
    char *text = fuzz_text(data, size), *rest = text;
    struct provider *provider;
    struct error err;

    cfg.id_path = fuzz_line(&rest);
    cfg.result_path = fuzz_line(&rest);
    cfg.error_path = fuzz_line(&rest);
    r.status = (int)strtoul(fuzz_line(&rest), NULL, 10) % 1000;
    r.body = rest;
    r.body_len = size - (size_t)(rest - text);
    cfg.result_accepted = *cfg.result_path != '\0' ? "0,ok,true" : "";
    if (*cfg.result_path != '\0') {
        cfg.result_throttled = "1";
        cfg.result_retry = "5";
        cfg.result_denied = "4,9";
    }
    if (http->open(&provider, &cfg, "", &err) == ST_OK) {
        struct verdict v = http->judge(provider, &r, &mem);

        check_verdict(&v, r.status);
        http->close(provider);
    }
    arena_done(&mem);
    free(text);
    return 0;
}
