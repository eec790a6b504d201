#ifndef TESTS_FUZZ_REPLY_H
#define TESTS_FUZZ_REPLY_H
#include "tests/fuzz/fuzz.h"
#include "workerd/adapters/adapter.h"
#include "workerd/adapters/verdict.h"
/*
 * reply - what the fuzz targets of providers' answers share: an input is a line with the HTTP
 * status, and then the body.
 */

/* False: the input holds no line.  The body is copied into mem. */
static inline bool fuzz_reply(const uint8_t *data, size_t size, struct arena *mem,
                              struct reply *out)
{
    char *text = arena_strndup(mem, size > 0 ? (const char *)data : "", size);
    char *body = strchr(text, '\n');

    if (body == NULL)
        return false;
    *body++ = '\0';
    *out = (struct reply){
        .reach = REACH_ANSWERED,
        .status = (int)(strtoul(text, NULL, 10) % 1000),
        .body = body,
        .body_len = size - (size_t)(body - text),
        .retry_after_ms = -1,
    };
    return true;
}

/* What holds of every verdict, whoever the provider is; secret is what must not be shown. */
static inline void fuzz_check_verdict(const struct verdict *v, int status, const char *secret)
{
    if (v->class == VERDICT_ACCEPTED) {
        FUZZ_EXPECT(status >= 200 && status <= 299);
        FUZZ_EXPECT(v->provider_id != NULL && *v->provider_id != '\0');
        FUZZ_EXPECT(v->code == NULL && v->message == NULL);
        return;
    }
    FUZZ_EXPECT(v->provider_id == NULL && v->code != NULL && *v->code != '\0');
    FUZZ_EXPECT(v->message == NULL || strlen(v->message) <= VERDICT_MESSAGE_MAX);
    FUZZ_EXPECT(v->message == NULL || strstr(v->message, secret) == NULL);
    FUZZ_EXPECT(v->retry_after_ms >= -1);
    FUZZ_EXPECT(!v->recipient_only || v->class == VERDICT_THROTTLED);
    FUZZ_EXPECT(v->moved_to == NULL || v->class == VERDICT_NOT_SENT);
}
#endif
