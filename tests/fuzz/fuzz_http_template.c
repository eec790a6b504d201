/* Fuzz target of described gateways: URL, headers, body, address and content, a NUL after each. */
#include "common/base/json.h"
#include "common/config/gateway.h"
#include "common/config/options.h"
#include "tests/fuzz/fuzz.h"
#include "workerd/adapters/adapter.h"

#include <strings.h>

enum { URL, HEADERS, BODY, ADDRESS, CONTENT, FIELDS };

static size_t count(const char *text, char c)
{
    size_t n = 0;

    for (; *text != '\0'; text++)
        n += *text == c;
    return n;
}

/* Whatever is filled in, the host stays, and the request line is one line. */
static void check_url(const char *url, const char *configured)
{
    size_t authority = strcspn(strstr(configured, "://") + 3, "/?");

    authority += (size_t)(strstr(configured, "://") + 3 - configured);
    FUZZ_EXPECT(strncmp(url, configured, authority) == 0);
    FUZZ_EXPECT(strchr("/?", url[authority]) != NULL);
    FUZZ_EXPECT(count(url, '?') == count(configured, '?') &&
                count(url, '&') == count(configured, '&'));
    FUZZ_EXPECT(count(url, '/') == count(configured, '/'));
    FUZZ_EXPECT(!gateway_url_climbs(url));
    for (; *url != '\0'; url++)
        FUZZ_EXPECT(*url > ' ' && *url <= '~' && *url != '#');
}

static void check_headers(const char *const *headers)
{
    for (; *headers != NULL; headers++) {
        FUZZ_EXPECT(strcspn(*headers, "\r\n") == strlen(*headers));
        FUZZ_EXPECT(strstr(*headers, ": ") != NULL);
        FUZZ_EXPECT(strncasecmp(*headers, "Content-Length:", 15) != 0);
    }
}

static void check_body(const struct gateway *g, const char *body, const char *configured)
{
    if (g->body_escape == escape_json) {
        json_t *doc = json_loads(body, JSON_DECODE_ANY, NULL);

        FUZZ_EXPECT(doc != NULL);
        json_decref(doc);
    } else if (g->body_escape == escape_xml) {
        FUZZ_EXPECT(count(body, '<') == count(configured, '<'));
        FUZZ_EXPECT(count(body, '>') == count(configured, '>'));
        FUZZ_EXPECT(count(body, '"') == count(configured, '"'));
    } else if (g->body_escape == escape_percent) {
        FUZZ_EXPECT(count(body, '&') == count(configured, '&'));
        FUZZ_EXPECT(count(body, '=') == count(configured, '='));
    } else if (g->body_escape == escape_line) {
        FUZZ_EXPECT(count(body, '\n') == count(configured, '\n'));
    }
}

static void build(const struct gateway *g, const struct provider_config *cfg,
                  const struct delivery *d, struct arena *mem)
{
    const struct adapter *http = adapter_find("http");
    struct provider *provider;
    struct transfer t;
    struct error err;

    FUZZ_EXPECT(http->open(&provider, cfg, "", &err) == ST_OK);
    if (http->build(provider, d, mem, &t, &err) == ST_OK) {
        check_url(t.url, cfg->url);
        check_headers(t.headers);
        if (t.body != NULL)
            check_body(g, t.body, cfg->body_template);
    }
    http->close(provider);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    const char *field[FIELDS], *at = text;
    struct provider_config cfg = {
        .name = "gw",
        .kind = "http",
        .method = "POST",
        .username = "",
        .password = "",
        .accept_status = "200-299",
        .retry_status = "",
        .deny_status = "",
        .refuse_status = "",
        .result_path = "",
        .result_accepted = "",
        .result_throttled = "",
        .result_retry = "",
        .result_denied = "",
        .id_path = "",
        .error_path = "",
    };
    struct delivery d = { .recipient_id = "M.0", .message_id = "M", .platform = PF_SMS };
    struct gateway_fault faults[GATEWAY_FAULTS];
    struct arena mem = ARENA_INIT;
    struct gateway g;
    size_t n;

    for (int i = 0; i < FIELDS; i++) {
        field[i] = at;
        at += strlen(at) + (at + strlen(at) < text + size);
    }
    cfg.url = field[URL];
    cfg.headers = field[HEADERS];
    cfg.body_template = field[BODY];
    d.address = field[ADDRESS];
    d.content = d.html = d.subject = d.from = field[CONTENT];
    n = gateway_read(&mem, &cfg, &g, faults);
    FUZZ_EXPECT(n <= GATEWAY_FAULTS);
    for (size_t i = 0; i < n; i++)
        FUZZ_EXPECT(options_find("provider.*", faults[i].key) != NULL && *faults[i].words != '\0');
    if (n == 0)
        build(&g, &cfg, &d, &mem);
    arena_done(&mem);
    free(text);
    return 0;
}
