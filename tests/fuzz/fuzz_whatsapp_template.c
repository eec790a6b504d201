/* Fuzz target of templates: the metadata of a message, or any content as the only parameter. */
#include "tests/fuzz/fuzz.h"

#include "common/base/json.h"
#include "workerd/adapters/adapter.h"

/* What is built is JSON for this recipient, with a template and not a text. */
static void check_body(const struct transfer *t)
{
    struct error err;
    json_t *doc = json_read(t->body, t->body_len, &err);

    FUZZ_EXPECT(json_is_object(doc));
    FUZZ_EXPECT(strcmp(json_string_value(json_object_get(doc, "to")), "15551234567") == 0);
    FUZZ_EXPECT(json_object_size(doc) == 6);
    json_decref(doc);
}

static void build(const struct adapter *whatsapp, const struct provider *provider,
                  const struct delivery *d)
{
    struct arena mem = ARENA_INIT;
    struct transfer t = { 0 };
    struct error err;

    if (whatsapp->build(provider, d, &mem, &t, &err) == ST_OK)
        check_body(&t);
    else
        FUZZ_EXPECT(strncmp(err.text, "bad_template: ", 14) == 0 ||
                    strncmp(err.text, "content_too_long: ", 18) == 0);
    arena_done(&mem);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct provider_config cfg = {
        .name = "main",
        .kind = "whatsapp_cloud",
        .base_url = "",
        .access_token = "t",
        .phone_number_id = "1",
        .api_version = "v23.0",
        .template_name = "code",
        .template_language = "en_US",
    };
    const struct adapter *whatsapp = adapter_find("whatsapp_cloud");
    char *text = fuzz_text(data, size);
    struct delivery d = { .recipient_id = "M.0",
                          .platform = PF_WHATSAPP,
                          .address = "+15551234567" };
    struct provider *provider;
    struct error err;

    FUZZ_EXPECT(whatsapp->open(&provider, &cfg, "", &err) == ST_OK);
    d.content = text;
    build(whatsapp, provider, &d);
    d.content = "unused";
    d.metadata = text;
    build(whatsapp, provider, &d);
    whatsapp->close(provider);
    free(text);
    return 0;
}
