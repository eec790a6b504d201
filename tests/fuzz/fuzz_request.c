/* Fuzz target of requests: parameters made of the input, each ended by a NUL; then its route. */
#include "common/base/utf8.h"
#include "fcgi/call.h"
#include "fcgi/guards.h"
#include "fcgi/router.h"
#include "tests/fuzz/fuzz.h"

#define MOST_PARAMS 64

static bool is_printable(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text < ' ' || *text > '~')
            return false;
    }
    return true;
}

/* "", or what a file system and a log could be shown: no way up, no control, good UTF-8. */
static void check_path(const char *path)
{
    size_t len = strlen(path), step;

    FUZZ_EXPECT(len <= REQUEST_PATH_MAX && (len == 0 || path[0] == '/'));
    FUZZ_EXPECT(strstr(path, "/../") == NULL && strstr(path, "/./") == NULL);
    FUZZ_EXPECT(len < 3 || strcmp(path + len - 3, "/..") != 0);
    for (size_t at = 0; at < len; at += step) {
        step = utf8_length(path + at, len - at);
        FUZZ_EXPECT(step > 0 && (unsigned char)path[at] >= ' ' && path[at] != 0x7f);
    }
}

static void check_request(const struct request *r)
{
    check_path(r->path);
    FUZZ_EXPECT(r->query[0] == '\0' ||
                (strstr(r->target, r->query) != NULL && r->query[-1] == '?'));
    FUZZ_EXPECT(r->content_length >= -1 && !(r->bad_content_length && r->content_length >= 0));
    FUZZ_EXPECT(r->request_id == NULL ||
                (strlen(r->request_id) >= 1 && strlen(r->request_id) <= REQUEST_ID_MAX &&
                 is_printable(r->request_id)));
    FUZZ_EXPECT(r->api_key == NULL || r->api_key == request_header(r, "X-API-Key") ||
                strstr(request_header(r, "Authorization"), r->api_key) != NULL);
}

/* A call has a route, or its answer already. */
static void check_route(char *const *params)
{
    struct call c;
    struct buf head = BUF_INIT(1u << 20);
    const char *empty_line;

    call_init(&c);
    request_read(&c.mem, params, "", &c.req);
    router_find(&c);
    FUZZ_EXPECT((c.route != NULL) != c.answered);
    guards_body(&c);
    response_header(&c.res, "X-Request-Id", c.req.request_id);
    response_header(&c.res, "Location", c.req.target);
    response_head(&c.res, &head);
    empty_line = strstr(buf_str(&head), "\r\n\r\n");
    FUZZ_EXPECT(empty_line != NULL && empty_line + 4 == head.data + head.len);
    buf_free(&head);
    call_done(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size), *params[MOST_PARAMS + 1];
    struct arena mem = ARENA_INIT;
    struct request r;
    size_t n = 0;

    for (size_t at = 0; at < size && n < MOST_PARAMS; at += strlen(text + at) + 1)
        params[n++] = text + at;
    params[n] = NULL;
    request_read(&mem, params, "/notify", &r);
    check_request(&r);
    check_route(params);
    arena_done(&mem);
    free(text);
    return 0;
}
