/* Fuzz target of a mail server's replies: a line with how far it came and the code; the reply. */
#include "tests/fuzz/fuzz.h"
#include "workerd/adapters/adapter.h"

static void check_verdict(const struct verdict *v, const struct reply *r)
{
    if (v->class == VERDICT_ACCEPTED) {
        FUZZ_EXPECT(r->reach == REACH_ANSWERED && r->status == 250);
        FUZZ_EXPECT(v->provider_id == NULL || *v->provider_id != '\0');
        return;
    }
    FUZZ_EXPECT(v->provider_id == NULL && v->code != NULL && *v->code != '\0');
    FUZZ_EXPECT(v->class != VERDICT_REFUSED_HERE || (r->status >= 500 && v->code[0] == '5'));
    FUZZ_EXPECT(v->message == NULL || strlen(v->message) <= 300);
    FUZZ_EXPECT(v->message == NULL || strstr(v->message, "@example.") == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct provider_config cfg = {
        .name = "mail",
        .kind = "smtp",
        .base_url = "",
        .url = "smtp://h",
        .username = "",
        .password = "",
        .list_unsubscribe = "",
    };
    const struct adapter *smtp = adapter_find("smtp");
    struct reply r = { .retry_after_ms = -1, .trouble = "x" };
    struct arena mem = ARENA_INIT;
    char *text = fuzz_text(data, size), *rest = text;
    unsigned long number = strtoul(fuzz_line(&rest), NULL, 10);
    struct provider *provider;
    struct verdict v;
    struct error err;

    r.reach = (enum reach)(number / 1000 % (REACH_REFUSED + 1));
    r.status = (int)(number % 1000);
    r.body = rest;
    r.body_len = size - (size_t)(rest - text);
    FUZZ_EXPECT(smtp->open(&provider, &cfg, "", &err) == ST_OK);
    v = smtp->judge(provider, &r, &mem);
    check_verdict(&v, &r);
    smtp->close(provider);
    arena_done(&mem);
    free(text);
    return 0;
}
