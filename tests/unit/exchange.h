#ifndef TESTS_UNIT_EXCHANGE_H
#define TESTS_UNIT_EXCHANGE_H
#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/json.h"
#include "workerd/adapters/adapter.h"
/*
 * exchange - recorded exchanges with a provider: every file of tests/fixtures/KIND, replayed.
 *
 * A file holds `reply` (its `headers` in the order in which the adapter wants them) and the `verdict`
 * that it must lead to, and may hold the `delivery` that was given and the body of the `request`
 * that it must become.  What a file leaves out must be absent
 * from the verdict too.
 */
static inline const char *exchange_text(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static inline int64_t exchange_time(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    return value == NULL ? -1 : (int64_t)json_integer_value(value);
}

static inline enum reach exchange_reach(const char *name)
{
    static const char *const names[] = {
        [REACH_ANSWERED] = "answered", [REACH_NOT_SENT] = "not_sent",
        [REACH_UNCLEAR] = "unclear",   [REACH_CREDENTIALS] = "credentials",
        [REACH_REFUSED] = "refused",
    };

    for (size_t i = 0; name != NULL && i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], name) == 0)
            return (enum reach)i;
    return REACH_ANSWERED;
}

static inline struct reply exchange_reply(const json_t *doc)
{
    const json_t *reply = json_object_get(doc, "reply");
    const json_t *headers = json_object_get(reply, "headers");
    const char *body = exchange_text(reply, "body");

    return (struct reply){
        .reach = exchange_reach(exchange_text(reply, "reach")),
        .status = (int)json_integer_value(json_object_get(reply, "status")),
        .body = body,
        .body_len = strlen(body),
        .headers = { json_string_value(json_array_get(headers, 0)),
                     json_string_value(json_array_get(headers, 1)) },
        .retry_after_ms = exchange_time(reply, "retry_after_ms"),
        .now_ms = exchange_time(reply, "now_ms"),
        .trouble = exchange_text(reply, "trouble"),
    };
}

static inline void exchange_check_text(const char *file, const char *what, const char *is,
                                       const char *wanted)
{
    ck_assert_msg((is == NULL) == (wanted == NULL) && (is == NULL || strcmp(is, wanted) == 0),
                  "%s: %s is %s, not %s", file, what, is != NULL ? is : "absent",
                  wanted != NULL ? wanted : "absent");
}

static inline void exchange_check_verdict(const char *file, const json_t *doc,
                                          const struct verdict *v)
{
    const json_t *wanted = json_object_get(doc, "verdict");

    exchange_check_text(file, "class", verdict_name(v->class), exchange_text(wanted, "class"));
    exchange_check_text(file, "id", v->provider_id, exchange_text(wanted, "provider_id"));
    exchange_check_text(file, "code", v->code, exchange_text(wanted, "code"));
    exchange_check_text(file, "message", v->message, exchange_text(wanted, "message"));
    exchange_check_text(file, "new address", v->moved_to, exchange_text(wanted, "moved_to"));
    ck_assert_msg(v->recipient_only == json_is_true(json_object_get(wanted, "recipient_only")),
                  "%s: recipient_only is %d", file, v->recipient_only);
    ck_assert_msg(v->retry_after_ms == exchange_time(wanted, "retry_after_ms"),
                  "%s: retry after %lld ms", file, (long long)v->retry_after_ms);
}

/* Calls check for each file of tests/fixtures/KIND; returns how many there were. */
static inline int exchange_each(const char *kind,
                                void (*check)(const char *file, const json_t *doc))
{
    const char *top = getenv("top_srcdir");
    char folder[512], path[1024];
    struct dirent *entry;
    int count = 0;
    DIR *dir;

    snprintf(folder, sizeof folder, "%s/tests/fixtures/%s", top != NULL ? top : ".", kind);
    dir = opendir(folder);
    ck_assert_msg(dir != NULL, "%s can't be read", folder);
    while ((entry = readdir(dir)) != NULL) {
        json_error_t at;
        json_t *doc;

        if (strstr(entry->d_name, ".json") == NULL)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        doc = json_load_file(path, JSON_REJECT_DUPLICATES, &at);
        ck_assert_msg(doc != NULL, "%s, line %d: %s", path, at.line, at.text);
        check(entry->d_name, doc);
        json_decref(doc);
        count++;
    }
    closedir(dir);
    return count;
}
#endif
