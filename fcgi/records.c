/* records - the walk over FastCGI record headers. */
#include "fcgi/records.h"

#include <string.h>

/* Section 8 of the specification. */
enum { VERSION_1 = 1, BEGIN_REQUEST = 1, PARAMS = 4, STDIN = 5 };

void records_init(struct records *r, uint64_t body_max)
{
    *r = (struct records){ .body_max = body_max };
}

static enum records_state on_begin(struct records *r, uint16_t id, uint32_t content)
{
    if (r->begun || id == 0 || content != 8)
        return RECORDS_BAD;
    r->begun = true;
    r->request_id = id;
    return RECORDS_PARTIAL;
}

static enum records_state on_params(struct records *r, uint32_t content)
{
    if (r->params_done)
        return RECORDS_BAD;
    r->params_done = content == 0;
    r->params += content;
    return r->params > RECORDS_PARAMS_MAX ? RECORDS_BAD : RECORDS_PARTIAL;
}

static enum records_state on_stdin(struct records *r, uint32_t content)
{
    if (!r->params_done)
        return RECORDS_BAD;
    if (content == 0)
        return RECORDS_WHOLE;
    r->body += content;
    return r->body > r->body_max ? RECORDS_OVERSIZE : RECORDS_PARTIAL;
}

static enum records_state on_header(struct records *r)
{
    const uint8_t *h = r->header;
    uint16_t id = (uint16_t)(h[2] << 8 | h[3]);
    uint32_t content = (uint32_t)h[4] << 8 | h[5];

    r->skip = content + h[6];
    if (h[0] != VERSION_1)
        return RECORDS_BAD;
    if (h[1] == BEGIN_REQUEST)
        return on_begin(r, id, content);
    if (!r->begun || id != r->request_id)
        return RECORDS_BAD;
    if (h[1] == PARAMS)
        return on_params(r, content);
    return h[1] == STDIN ? on_stdin(r, content) : RECORDS_BAD;
}

/* A record counts when its content and padding are there too; WHOLE needs its own padding. */
enum records_state records_feed(struct records *r, const void *bytes, size_t n)
{
    const uint8_t *p = bytes, *end = p + n;

    while (r->state == RECORDS_PARTIAL && p < end) {
        size_t some = (size_t)(end - p);

        if (r->skip > 0) {
            some = some < r->skip ? some : r->skip;
            r->skip -= (uint32_t)some;
        } else {
            some = some < sizeof r->header - r->header_len ? some : sizeof r->header - r->header_len;
            memcpy(r->header + r->header_len, p, some);
            r->header_len += some;
            if (r->header_len == sizeof r->header) {
                r->header_len = 0;
                r->next = on_header(r);
            }
        }
        p += some;
        if (r->next != RECORDS_WHOLE || r->skip == 0)
            r->state = r->next;
    }
    return r->state;
}
