/* The tables of bad input, row by row: each has the answer that the contract gives it. */
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/uuid.h"
#include "common/crypto/digest.h"
#include "tests/integration/rows.h"
#include "tests/integration/stack.h"
#include "tests/integration/witness.h"

#define MESSAGES "/api/v1/messages"
#define TOLD_BYTES 3000 /* of a message longer than 4 KiB Check tells nothing */

static const char *const settings[] = { "rate_limit.enabled=false", NULL };

/* What is wrong with the rows of a test, told at its end, all at once. */
struct verdict {
    struct buf words;
    int count;
    const char *row;
};
#define WRONG(v, ...) wrong(v, text(__VA_ARGS__))

static void wrong(struct verdict *v, const char *words)
{
    v->count++;
    if (v->words.len < TOLD_BYTES)
        buf_addf(&v->words, "\n  %s: %.400s", v->row, words);
}

/* ---- sets ---- */

static bool holds(const json_t *texts, const char *one)
{
    const json_t *each;
    size_t i;

    json_array_foreach ((json_t *)(uintptr_t)texts, i, each) {
        if (strcmp(json_string_value(each), one) == 0)
            return true;
    }
    return false;
}

static bool holds_all(const json_t *texts, const json_t *others)
{
    const json_t *each;
    size_t i;

    json_array_foreach ((json_t *)(uintptr_t)others, i, each) {
        if (!holds(texts, json_string_value(each)))
            return false;
    }
    return true;
}

static bool are_same(const json_t *some, const json_t *others)
{
    return holds_all(some, others) && holds_all(others, some);
}

static json_t *pointers_of(const json_t *problem)
{
    json_t *pointers = json_array(), *one;
    size_t i;

    json_array_foreach (at(problem, "errors"), i, one)
        json_array_append_new(pointers, json_string(text_at(one, "pointer")));
    return pointers;
}

static json_t *split(const char *list)
{
    json_t *parts = json_array();

    while (list != NULL && *list != '\0') {
        size_t len = strcspn(list, ", ");

        if (len > 0)
            json_array_append_new(parts, json_stringn(list, len));
        list += len + strspn(list + len, ", ");
    }
    return parts;
}

/* ---- judging an answer ---- */

static void judge_problem(struct verdict *v, const json_t *row, const struct answer *a)
{
    const json_t *pointers = json_object_get(row, "pointers");
    const char *type = header(a, "Content-Type"), *id = header(a, "X-Request-Id");

    if (type == NULL || strcmp(type, "application/problem+json") != 0)
        WRONG(v, "is of type %s", type);
    if (strcmp(text_at(row, "method"), "HEAD") == 0)
        return;
    if (strcmp(text_at(a->json, "code"), text_at(row, "code")) != 0)
        WRONG(v, "code %s: %s", text_at(row, "code"), a->body);
    if (number_at(a->json, "status") != a->status || *text_at(a->json, "title") == '\0' ||
        *text_at(a->json, "type") == '\0' || *text_at(a->json, "detail") == '\0')
        WRONG(v, "is no problem: %s", a->body);
    if (id == NULL || strcmp(text_at(a->json, "request_id"), id) != 0)
        WRONG(v, "names another request than %s: %s", id, a->body);
    if (pointers != NULL && !are_same(pointers, pointers_of(a->json)))
        WRONG(v, "points elsewhere: %s", a->body);
}

static void judge_request_id(struct verdict *v, const json_t *row, const struct answer *a)
{
    const char *wanted = text_at(row, "request_id"), *id = header(a, "X-Request-Id");
    bool ok = id != NULL;

    if (ok && strcmp(wanted, "made") == 0)
        ok = uuid_is_valid(id);
    else if (ok && *wanted != '\0')
        ok = strcmp(id, wanted) == 0;
    if (!ok)
        WRONG(v, "X-Request-Id is %s", id);
}

static void judge_members(struct verdict *v, const json_t *row, const struct answer *a)
{
    json_t *members = json_object_get(row, "answer"), *value;
    const char *name;

    json_object_foreach (members, name, value) {
        if (!json_equal(value, json_object_get(a->json, name)))
            WRONG(v, "%s is another: %s", name, a->body);
    }
}

/* Of a bulk: null for an accepted message, else its pointers. */
static void judge_results(struct verdict *v, const json_t *row, const struct answer *a)
{
    json_t *results = json_object_get(row, "results"), *wanted;
    size_t i;

    json_array_foreach (results, i, wanted) {
        const json_t *result = at(a->json, text("results/%zu", i));
        bool ok = number_at(result, "index") == (json_int_t)i;

        if (json_is_null(wanted))
            ok = ok && uuid_is_valid(text_at(result, "id")) && at(result, "error") == NULL;
        else
            ok = ok && at(result, "id") == NULL && number_at(result, "error/status") == 422 &&
                 strcmp(text_at(result, "error/code"), "validation_failed") == 0 &&
                 are_same(wanted, pointers_of(at(result, "error")));
        if (!ok)
            WRONG(v, "result %zu: %s", i, a->body);
    }
}

/* The whole answer where our own program gave it. */
static void judge(struct verdict *v, const json_t *row, const struct answer *a)
{
    const json_t *allow = json_object_get(row, "allow");

    if (a->status != number_at(row, "status")) {
        WRONG(v, "%d, not %d: %s", a->status, (int)number_at(row, "status"), a->body);
        return;
    }
    if (a->status >= 400)
        judge_problem(v, row, a);
    if (strcmp(text_at(row, "method"), "HEAD") == 0 && *a->body != '\0')
        WRONG(v, "HEAD has a body");
    if (allow != NULL && !are_same(allow, split(header(a, "Allow"))))
        WRONG(v, "Allow is %s", header(a, "Allow"));
    if (strstr(a->body, text_at(row, "words")) == NULL)
        WRONG(v, "does not say %s: %s", text_at(row, "words"), a->body);
    judge_request_id(v, row, a);
    judge_members(v, row, a);
    judge_results(v, row, a);
}

/* ---- what was accepted ---- */

/* Of what a row gave, the texts that a message reads as afterwards, by way of no JSON reader. */
static void judge_echo(struct verdict *v, const json_t *row, const json_t *message)
{
    json_t *echo = json_object_get(row, "echo"), *value;
    const char *name;

    json_object_foreach (echo, name, value) {
        const char *base64 = json_string_value(value);
        uint8_t *wanted = malloc(strlen(base64) + 1);
        const json_t *got = json_object_get(message, name);
        size_t len;

        ck_assert(wanted != NULL && base64_decode(base64, strlen(base64), wanted, &len));
        if (!json_is_string(got) || json_string_length(got) != len ||
            memcmp(json_string_value(got), wanted, len) != 0)
            WRONG(v, "%s has become another text", name);
        free(wanted);
    }
}

static bool is_recipient_of(const json_t *message, const json_t *given)
{
    const json_t *one;
    size_t i;

    json_array_foreach (json_object_get(message, "recipients"), i, one) {
        if (strcmp(text_at(one, "platform"), text_at(given, "platform")) == 0 &&
            strcmp(text_at(one, "recipient"), text_at(given, "recipient")) == 0)
            return true;
    }
    return false;
}

static void judge_kept(struct verdict *v, const json_t *row, const struct outgoing *r, const char *id)
{
    static const char *const members[] = { "content", "subject", "html", "metadata" };
    json_t *given = json_loadb(r->body.data, r->body.len, 0, NULL), *one;
    struct answer a = http("GET", text(MESSAGES "/%s", id), cast_key("user"), NULL, NULL);
    size_t i;

    for (i = 0; i < sizeof members / sizeof *members; i++) {
        const json_t *value = at(given, members[i]);

        if (!json_equal(value == NULL ? json_null() : value, at(a.json, members[i])))
            WRONG(v, "%s is not as it was given: %s", members[i], a.body);
    }
    json_array_foreach (at(given, "recipients"), i, one) {
        if (i < 100 && !is_recipient_of(a.json, one))
            WRONG(v, "recipient %zu is not there: %s", i, a.body);
    }
    judge_echo(v, row, a.json);
    json_decref(given);
}

/* ---- nothing is written but what was accepted ---- */

struct written {
    int64_t messages, keys;
};

static struct written written_now(void)
{
    const char *counts = sql_text("SELECT (SELECT count(*) FROM messages) || ' ' ||"
                                  " (SELECT count(*) FROM idempotency)");
    char *end;
    struct written w = { .messages = strtoll(counts, &end, 10) };

    w.keys = strtoll(end, NULL, 10);
    return w;
}

/* What an answer says to have written. */
static struct written written_by(const json_t *row, const struct answer *a)
{
    bool is_post = strcmp(text_at(row, "method"), "POST") == 0;
    struct written w = { 0 };

    if (!is_post || a->status < 200 || a->status > 299)
        return w;
    w.keys = at(row, "headers/Idempotency-Key") != NULL;
    w.messages = at(a->json, "accepted") != NULL ? number_at(a->json, "accepted") : 1;
    return w;
}

static void judge_written(struct verdict *v, struct written before, struct written told)
{
    struct written now = written_now();

    if (now.messages != before.messages + told.messages || now.keys != before.keys + told.keys)
        WRONG(v, "wrote %d messages and %d keys, and tells of %d and %d", (int)(now.messages - before.messages),
              (int)(now.keys - before.keys), (int)told.messages, (int)told.keys);
}

/* Nothing may be in the other tables without its message. */
static void expect_no_orphans(void)
{
    ck_assert_int_eq(sql_number("SELECT count(*) FROM message_recipients r WHERE NOT EXISTS"
                                " (SELECT FROM messages m WHERE m.id = r.message_id)"), 0);
    ck_assert_int_eq(sql_number("SELECT count(*) FROM dispatch d WHERE NOT EXISTS"
                                " (SELECT FROM messages m WHERE m.id = d.message_id)"), 0);
    ck_assert_int_eq(sql_number("SELECT (SELECT sum(recipient_count) FROM messages) -"
                                " (SELECT count(*) FROM message_recipients)"), 0);
}

/* ---- a table ---- */

static void judge_row(struct verdict *v, const json_t *row)
{
    bool front = json_object_get(row, "front") != NULL;
    struct outgoing r = row_request(row);
    struct written before = written_now();
    struct answer a;

    if (front) {
        a = row_send(&r);
        if (a.status != number_at(row, "front"))
            WRONG(v, "the front says %d: %s", a.status, a.body);
    }
    a = front || json_is_true(at(row, "direct")) ? row_send_direct(&r) : row_send(&r);
    judge(v, row, &a);
    judge_written(v, before, written_by(row, &a));
    if (a.status == 202 && at(a.json, "id") != NULL)
        judge_kept(v, row, &r, text_at(a.json, "id"));
}

static void check_table(const char *name)
{
    struct verdict v = { .words = BUF_INIT(1 << 20) };
    json_t *rows = rows_read(name), *row;
    const char *pids = witness_read(stack_file("run/notify.fcgi.pid"));
    size_t i;

    json_array_foreach (rows, i, row) {
        v.row = text_at(row, "name");
        judge_row(&v, row);
    }
    ck_assert_msg(v.count == 0, "%s: %d wrong:%s", name, v.count, buf_str(&v.words));
    ck_assert_str_eq(witness_read(stack_file("run/notify.fcgi.pid")), pids);
    expect_no_orphans();
}

/* A promise, and the file of the rows that hold us to it. */
#define TABLES(X)                                                                     \
    X(what_is_not_json_is_malformed, "json-syntax")                                   \
    X(json_has_one_meaning_or_is_malformed, "json-meaning")                           \
    X(every_member_of_a_message_has_its_rule, "members")                              \
    X(metadata_is_a_small_object, "metadata")                                         \
    X(a_sender_fits_its_platform, "from")                                             \
    X(an_address_fits_its_platform, "addresses")                                      \
    X(a_time_is_a_time_within_its_bounds, "times")                                    \
    X(a_bulk_has_its_limits_and_tells_of_each_message, "bulk")                        \
    X(what_is_accepted_comes_back_to_the_byte, "round-trips")                         \
    X(an_idempotency_key_is_1_to_255_printable_characters, "headers")                 \
    X(a_key_is_right_or_refused, "keys")                                              \
    X(a_request_id_is_kept_or_replaced, "request-ids")                                \
    X(a_body_is_json_of_its_length_and_its_type, "bodies")                            \
    X(a_list_knows_its_parameters, "lists")                                           \
    X(a_cursor_is_good_for_its_list_alone, "cursors")                                 \
    X(an_id_is_a_message_of_the_caller_or_nothing, "ids")                             \
    X(a_path_names_its_methods, "methods")                                            \
    X(a_path_is_known_or_nothing, "paths")
#define TEST_OF(promise, file) \
    START_TEST(promise)        \
    {                          \
        check_table(file);     \
    }                          \
    END_TEST
#define FILE_OF(promise, file) file,
#define LISTED(promise, file) promise,

TABLES(TEST_OF)

START_TEST(every_file_of_the_folder_is_a_table_and_all_hold_a_thousand_rows)
{
    static const char *const files[] = { TABLES(FILE_OF) };
    size_t n = sizeof files / sizeof *files, rows = 0;
    glob_t found;

    for (size_t i = 0; i < n; i++)
        rows += json_array_size(rows_read(files[i]));
    ck_assert_uint_ge(rows, 1000);
    ck_assert_int_eq(glob(text("%s/*.jsonl", rows_folder()), 0, NULL, &found), 0);
    ck_assert_uint_eq(found.gl_pathc, n);
    globfree(&found);
}
END_TEST

STACK_SUITE("refusals", settings,
            TABLES(LISTED) every_file_of_the_folder_is_a_table_and_all_hold_a_thousand_rows)
