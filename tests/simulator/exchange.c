/* exchange - filling in an answer. */
#include "tests/simulator/exchange.h"

#include <assert.h>
#include <strings.h>

void exchange_answer(struct exchange *x, int status, const char *content_type, struct buf *body)
{
    assert(!buf_overflowed(body));
    x->answer.status = status;
    x->answer.content_type = content_type;
    x->answer.body = arena_strndup(&x->mem, buf_str(body), body->len);
    x->answer.body_len = body->len;
    buf_free(body);
}

void exchange_answer_json(struct exchange *x, int status, struct buf *json)
{
    exchange_answer(x, status, "application/json", json);
}

void exchange_add_header(struct exchange *x, const char *name, const char *value)
{
    size_t i = 0;

    while (i < ANSWER_HEADERS && x->answer.headers[i].name != NULL)
        i++;
    assert(i < ANSWER_HEADERS);
    x->answer.headers[i] = (struct answer_header){ name, value };
}

const char *exchange_header(const struct exchange *x, const char *name)
{
    for (size_t i = 0; i < ANSWER_HEADERS && x->answer.headers[i].name != NULL; i++)
        if (strcasecmp(x->answer.headers[i].name, name) == 0)
            return x->answer.headers[i].value;
    return NULL;
}
