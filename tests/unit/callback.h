#ifndef TESTS_UNIT_CALLBACK_H
#define TESTS_UNIT_CALLBACK_H
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/json.h"
#include "common/model/recipient.h"
#include "fcgi/webhooks/webhook.h"
#include "tests/unit/suite.h"
/*
 * callback - requests made by hand, for the tests of what reads callbacks, and what holds of every
 * report that comes of one.
 */
#define RECIPIENT "019a2b3c-4d5e-7f60-8123-456789abcdef.0"
#define COUNT(rows) (sizeof rows / sizeof *rows)

/* One deeper than is read. */
#define TOO_DEEP "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"

/* The context of a request: its headers; a NULL name ends. */
struct callback_header {
    const char *name, *value;
};

static inline const char *callback_header(const struct webhook_request *request, const char *name)
{
    for (const struct callback_header *h = request->context; h->name != NULL; h++)
        if (strcasecmp(h->name, name) == 0)
            return h->value;
    return NULL;
}

static inline struct webhook_request callback_request(const char *target, const char *body,
                                                      const struct callback_header *headers)
{
    return (struct webhook_request){
        .public_url = "https://notify.example.com",
        .target = target,
        .content_type = "application/json",
        .body = body,
        .body_len = strlen(body),
        .header = callback_header,
        .context = headers,
    };
}

static inline void callback_check_id(const char *id)
{
    size_t len = strlen(id);

    ck_assert_msg(len >= 1 && len <= 255, "%s", id);
    for (size_t i = 0; i < len; i++)
        ck_assert_msg(id[i] > ' ' && id[i] <= '~', "%s", id);
}

/* A report is fit to be stored, and says of a failure what it is. */
static inline void callback_check(const struct callback_report *report)
{
    char message_id[37];
    int n;

    ck_assert_ptr_nonnull(report->event_name);
    if (strcmp(report->event_name, "unreadable") == 0) {
        ck_assert_int_eq(report->event, CALLBACK_CHANGES_NOTHING);
        ck_assert_ptr_null(report->event_id);
        ck_assert_ptr_null(report->recipient_id);
        return;
    }
    callback_check_id(report->event_id);
    if (report->provider_id != NULL)
        callback_check_id(report->provider_id);
    ck_assert(report->recipient_id == NULL ||
              recipient_id_parse(report->recipient_id, message_id, &n));
    ck_assert((report->event == EV_REPORTED_FAILED) == (report->code != NULL));
    ck_assert(report->code == NULL || (*report->code != '\0' && strlen(report->code) <= 32));
    ck_assert(report->message == NULL || strlen(report->message) <= 300);
}

static inline void callback_check_text(const char *what, const char *is, const char *wanted)
{
    bool same = is == NULL || wanted == NULL ? is == wanted : strcmp(is, wanted) == 0;

    ck_assert_msg(same, "%s: %s, not %s", what, is != NULL ? is : "absent",
                  wanted != NULL ? wanted : "absent");
}

/* ---- every place of a document, filled with every kind of value ---- */

static const char *const callback_values[] = {
    "null",  "true", "false", "0",     "-1",       "1e400", "17179869184000000000000", "\"\"",
    "\"x\"", "[]",   "{}",    "[null]", "{\"a\":1}", "\"\\u0000\"", "\"\xC3\x28\""
};
typedef void (*callback_try)(const char *text, void *context);

/* Writes doc with the value at place `aim` replaced; places are numbered in the order of writing. */
static inline void callback_write(struct buf *out, const json_t *doc, int *place, int aim,
                                  const char *value)
{
    const char *name, *comma = "";
    json_t *member;
    size_t i;

    if ((*place)++ == aim) {
        buf_adds(out, value);
    } else if (json_is_object(doc)) {
        buf_addc(out, '{');
        json_object_foreach ((json_t *)doc, name, member) {
            buf_adds(out, comma);
            json_escape(out, name, strlen(name));
            buf_addc(out, ':');
            callback_write(out, member, place, aim, value);
            comma = ",";
        }
        buf_addc(out, '}');
    } else if (json_is_array(doc)) {
        buf_addc(out, '[');
        json_array_foreach (doc, i, member) {
            buf_adds(out, comma);
            callback_write(out, member, place, aim, value);
            comma = ",";
        }
        buf_addc(out, ']');
    } else {
        char *text = json_dumps(doc, JSON_ENCODE_ANY);

        buf_adds(out, text);
        free(text);
    }
}

/* The number of documents that were tried: each place of text with each of callback_values. */
static inline int callback_distort(const char *text, callback_try try, void *context)
{
    struct error err;
    SCOPED(json_t) doc = json_read(text, strlen(text), &err);
    struct buf out = BUF_INIT(1u << 20);
    int places = 0, tried = 0;

    ck_assert_msg(doc != NULL, "%s", text);
    callback_write(&out, doc, &places, -1, NULL);
    for (int aim = 0; aim < places; aim++)
        for (size_t v = 0; v < COUNT(callback_values); v++, tried++) {
            int place = 0;

            buf_clear(&out);
            callback_write(&out, doc, &place, aim, callback_values[v]);
            try(buf_str(&out), context);
        }
    buf_free(&out);
    return tried;
}
#endif
