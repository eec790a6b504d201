/* Tests of fcgi/problem: each failure's status, code and JSON (CONTRACT section 3, "Errors"). */
#include "fcgi/problem.h"

#include <string.h>

#include "common/base/json.h"
#include "tests/unit/suite.h"

static struct call call;

static json_t *answer(enum problem kind, const char *detail, const struct faults *faults)
{
    json_t *doc;

    call_init(&call);
    strcpy(call.request_id, "req-1");
    problem_answer(&call, kind, detail, faults);
    doc = json_read(buf_str(&call.res.body), call.res.body.len, NULL);
    ck_assert_ptr_nonnull(doc);
    return doc;
}

static const char *text_of(const json_t *doc, const char *name)
{
    return json_string_value(json_object_get(doc, name));
}

static const char *header(const char *name)
{
    for (size_t i = 0; i < call.res.n_headers; i++) {
        if (strcmp(call.res.headers[i].name, name) == 0)
            return call.res.headers[i].value;
    }
    return "(none)";
}

START_TEST(each_problem_has_the_status_and_code_that_were_promised)
{
    static const struct {
        enum problem kind;
        int status;
        const char *code;
    } rows[] = {
        { PROBLEM_MALFORMED_JSON, 400, "malformed_json" },
        { PROBLEM_INVALID_PARAMETER, 400, "invalid_parameter" },
        { PROBLEM_MISSING_API_KEY, 401, "missing_api_key" },
        { PROBLEM_INVALID_API_KEY, 401, "invalid_api_key" },
        { PROBLEM_ACCOUNT_DISABLED, 403, "account_disabled" },
        { PROBLEM_FORBIDDEN, 403, "forbidden" },
        { PROBLEM_INVALID_SIGNATURE, 403, "invalid_signature" },
        { PROBLEM_NOT_FOUND, 404, "not_found" },
        { PROBLEM_METHOD_NOT_ALLOWED, 405, "method_not_allowed" },
        { PROBLEM_NOT_CANCELLABLE, 409, "not_cancellable" },
        { PROBLEM_IDEMPOTENCY_IN_PROGRESS, 409, "idempotency_in_progress" },
        { PROBLEM_BODY_TOO_LARGE, 413, "body_too_large" },
        { PROBLEM_UNSUPPORTED_MEDIA_TYPE, 415, "unsupported_media_type" },
        { PROBLEM_VALIDATION_FAILED, 422, "validation_failed" },
        { PROBLEM_IDEMPOTENCY_MISMATCH, 422, "idempotency_mismatch" },
        { PROBLEM_RATE_LIMITED, 429, "rate_limited" },
        { PROBLEM_INTERNAL_ERROR, 500, "internal_error" },
        { PROBLEM_UNAVAILABLE, 503, "unavailable" },
    };

    ck_assert_uint_eq(sizeof rows / sizeof *rows, PROBLEM_COUNT);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        SCOPED(json_t) doc = answer(rows[i].kind, NULL, NULL);

        ck_assert_int_eq(call.res.status, rows[i].status);
        ck_assert_int_eq(json_integer_value(json_object_get(doc, "status")), rows[i].status);
        ck_assert_str_eq(text_of(doc, "code"), rows[i].code);
        ck_assert_str_ne(text_of(doc, "title"), "");
        ck_assert(call.answered);
        call_done(&call);
    }
}
END_TEST

START_TEST(a_problem_is_written_as_rfc_9457_has_it)
{
    json_decref(answer(PROBLEM_NOT_FOUND, "There is no \"x\".", NULL));
    ck_assert_str_eq(call.res.content_type, "application/problem+json");
    ck_assert_str_eq(
        buf_str(&call.res.body),
        "{\"type\":\"about:blank\",\"title\":\"There is no such thing\",\"status\":404,"
        "\"detail\":\"There is no \\\"x\\\".\",\"code\":\"not_found\","
        "\"request_id\":\"req-1\"}");
    call_done(&call);
}
END_TEST

START_TEST(without_a_detail_the_title_stands_in)
{
    SCOPED(json_t) doc = answer(PROBLEM_FORBIDDEN, NULL, NULL);

    ck_assert_str_eq(text_of(doc, "detail"), text_of(doc, "title"));
    call_done(&call);
}
END_TEST

START_TEST(every_fault_is_listed_in_order_with_its_pointer)
{
    struct arena mem = ARENA_INIT;
    struct faults faults;

    faults_init(&faults, &mem);
    faults_add(&faults, "is required", "/content");
    faults_add(&faults, "is not \"good\"", "/recipients/%d/%s", 3, "re\\cipient");
    json_decref(answer(PROBLEM_VALIDATION_FAILED, "2 faults.", &faults));
    ck_assert_ptr_nonnull(strstr(
        buf_str(&call.res.body),
        "\"errors\":[{\"pointer\":\"/content\",\"detail\":\"is required\"},"
        "{\"pointer\":\"/recipients/3/re\\\\cipient\",\"detail\":\"is not \\\"good\\\"\"}]}"));
    call_done(&call);
    arena_done(&mem);
}
END_TEST

START_TEST(of_very_many_faults_the_first_hundred_are_listed)
{
    struct arena mem = ARENA_INIT;
    struct faults faults;

    faults_init(&faults, &mem);
    for (int i = 0; i < 250; i++)
        faults_add(&faults, "is wrong", "/recipients/%d", i);
    ck_assert_uint_eq(faults.count, 250);
    SCOPED(json_t) doc = answer(PROBLEM_VALIDATION_FAILED, NULL, &faults);
    ck_assert_uint_eq(json_array_size(json_object_get(doc, "errors")), 100);
    call_done(&call);
    arena_done(&mem);
}
END_TEST

START_TEST(whatever_the_detail_holds_the_answer_is_json)
{
    SCOPED(json_t) doc = answer(PROBLEM_INVALID_PARAMETER, "\xff\x01\"\\\n\xc3", NULL);

    ck_assert_str_eq(text_of(doc, "code"), "invalid_parameter");
    call_done(&call);
}
END_TEST

START_TEST(what_the_handler_had_written_is_gone)
{
    call_init(&call);
    call.res.status = 200;
    call.res.content_type = "application/json";
    buf_adds(&call.res.body, "{\"id\":");
    problem_answer(&call, PROBLEM_UNAVAILABLE, NULL, NULL);
    ck_assert_int_eq(strncmp(buf_str(&call.res.body), "{\"type\":", 8), 0);
    call_done(&call);
}
END_TEST

START_TEST(only_unavailable_says_when_to_come_back)
{
    for (int kind = 0; kind < PROBLEM_COUNT; kind++) {
        json_decref(answer((enum problem)kind, NULL, NULL));
        ck_assert_str_eq(header("Retry-After"), kind == PROBLEM_UNAVAILABLE ? "1" : "(none)");
        call_done(&call);
    }
}
END_TEST

START_TEST(each_kind_of_failure_has_its_problem)
{
    static const struct {
        enum status status;
        int http;
        const char *code;
    } rows[] = {
        { ST_NOT_FOUND, 404, "not_found" },     { ST_DENIED, 403, "forbidden" },
        { ST_UNAVAILABLE, 503, "unavailable" }, { ST_UNCERTAIN, 503, "unavailable" },
        { ST_BUG, 500, "internal_error" },      { ST_INVALID, 500, "internal_error" },
        { ST_CONFLICT, 500, "internal_error" }, { ST_LIMITED, 500, "internal_error" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        call_init(&call);
        problem_from_status(&call, rows[i].status);
        SCOPED(json_t) doc = json_read(buf_str(&call.res.body), call.res.body.len, NULL);
        ck_assert_int_eq(call.res.status, rows[i].http);
        ck_assert_str_eq(text_of(doc, "code"), rows[i].code);
        call_done(&call);
    }
}
END_TEST

START_TEST(an_uncertain_outcome_is_not_called_a_failure)
{
    call_init(&call);
    problem_from_status(&call, ST_UNCERTAIN);
    ck_assert_ptr_nonnull(strstr(buf_str(&call.res.body), "It is not known"));
    call_done(&call);
    call_init(&call);
    problem_from_status(&call, ST_UNAVAILABLE);
    ck_assert_ptr_nonnull(strstr(buf_str(&call.res.body), "Nothing was done."));
    call_done(&call);
}
END_TEST

SUITE("problem", each_problem_has_the_status_and_code_that_were_promised,
      a_problem_is_written_as_rfc_9457_has_it, without_a_detail_the_title_stands_in,
      every_fault_is_listed_in_order_with_its_pointer,
      of_very_many_faults_the_first_hundred_are_listed,
      whatever_the_detail_holds_the_answer_is_json, what_the_handler_had_written_is_gone,
      only_unavailable_says_when_to_come_back, each_kind_of_failure_has_its_problem,
      an_uncertain_outcome_is_not_called_a_failure)
