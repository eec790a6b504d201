#ifndef TESTS_FUZZ_CALLBACK_H
#define TESTS_FUZZ_CALLBACK_H
#include "common/model/recipient.h"
#include "fcgi/webhooks/webhook.h"
#include "tests/fuzz/fuzz.h"
/*
 * callback - what the fuzz targets of callbacks have in common.  An input is lines of target,
 * content type and each header, then the body.
 */
#define FUZZ_HEADERS_MAX 4
struct fuzz_headers {
    const char *const *names; /* NULL ends */
    const char *values[FUZZ_HEADERS_MAX];
};

static inline const char *fuzz_header(const struct webhook_request *request, const char *name)
{
    const struct fuzz_headers *headers = request->context;

    for (int i = 0; headers->names[i] != NULL; i++)
        if (strcmp(headers->names[i], name) == 0)
            return headers->values[i];
    return NULL;
}

/* The text up to the end of the line, which *rest then follows. */
static inline char *fuzz_next_line(struct arena *mem, const char **rest, const char *end)
{
    size_t left = (size_t)(end - *rest);
    const char *line = *rest, *stop = left > 0 ? memchr(line, '\n', left) : NULL;

    *rest = stop != NULL ? stop + 1 : end;
    return arena_strndup(mem, line, stop != NULL ? (size_t)(stop - line) : left);
}

static inline void fuzz_check_id(const char *id)
{
    size_t len = strlen(id);

    FUZZ_EXPECT(len >= 1 && len <= 255);
    for (size_t i = 0; i < len; i++)
        FUZZ_EXPECT(id[i] > ' ' && id[i] <= '~');
}

static inline void fuzz_check_report(const struct callback_report *report)
{
    char message_id[37];
    int n;

    FUZZ_EXPECT(report->event_name != NULL);
    FUZZ_EXPECT(report->event_id != NULL || strcmp(report->event_name, "unreadable") == 0);
    if (report->event_id != NULL)
        fuzz_check_id(report->event_id);
    if (report->provider_id != NULL)
        fuzz_check_id(report->provider_id);
    FUZZ_EXPECT(report->recipient_id == NULL ||
                recipient_id_parse(report->recipient_id, message_id, &n));
    FUZZ_EXPECT(report->address == NULL || recipient_fault(PF_TELEGRAM, report->address) == NULL);
    FUZZ_EXPECT(report->event != EV_REPORTED_FAILED || report->code != NULL);
    FUZZ_EXPECT(report->message == NULL || strlen(report->message) <= 300);
}

/* A signature is never guessed, so what verify refuses is read too. */
static inline void fuzz_callback(const char *path, const char *const names[],
                                 const struct provider_config *cfg, int64_t now_s,
                                 const uint8_t *data, size_t size)
{
    const struct webhook *hook = webhook_find(path);
    const char *rest = size > 0 ? (const char *)data : "", *end = rest + size;
    struct fuzz_headers headers = { .names = names };
    struct arena mem = ARENA_INIT;
    struct webhook_request r = { .public_url = "https://notify.example.com",
                                 .now_s = now_s,
                                 .header = fuzz_header,
                                 .context = &headers,
                                 .provider = cfg };
    struct callback_report *reports;
    struct error err;
    size_t n;

    r.target = fuzz_next_line(&mem, &rest, end);
    r.content_type = fuzz_next_line(&mem, &rest, end);
    for (int i = 0; names[i] != NULL; i++)
        headers.values[i] = fuzz_next_line(&mem, &rest, end);
    r.body = rest;
    r.body_len = (size_t)(end - rest);
    webhook_verify(hook, &r, cfg, &err);
    if (hook->parse(&r, &mem, &reports, &n, &err) == ST_OK)
        for (size_t i = 0; i < n; i++)
            fuzz_check_report(&reports[i]);
    arena_done(&mem);
}
#endif
