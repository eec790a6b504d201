/* problem - the table of problems, and writing one. */
#include "fcgi/problem.h"

static const struct {
    int status;
    const char *code, *title;
} problems[PROBLEM_COUNT] = {
    [PROBLEM_MALFORMED_JSON] = { 400, "malformed_json", "The body is not valid JSON" },
    [PROBLEM_INVALID_PARAMETER] = { 400, "invalid_parameter", "A parameter cannot be used" },
    [PROBLEM_MISSING_API_KEY] = { 401, "missing_api_key", "An API key is needed" },
    [PROBLEM_INVALID_API_KEY] = { 401, "invalid_api_key", "This API key is not valid" },
    [PROBLEM_ACCOUNT_DISABLED] = { 403, "account_disabled", "This account is disabled" },
    [PROBLEM_FORBIDDEN] = { 403, "forbidden", "This is not allowed" },
    [PROBLEM_INVALID_SIGNATURE] = { 403, "invalid_signature", "The signature is not valid" },
    [PROBLEM_NOT_FOUND] = { 404, "not_found", "There is no such thing" },
    [PROBLEM_METHOD_NOT_ALLOWED] = { 405, "method_not_allowed", "This method does not fit here" },
    [PROBLEM_NOT_CANCELLABLE] = { 409, "not_cancellable", "The message can no longer be cancelled" },
    [PROBLEM_IDEMPOTENCY_IN_PROGRESS] = { 409, "idempotency_in_progress",
                                          "The first request with this key is still under way" },
    [PROBLEM_BODY_TOO_LARGE] = { 413, "body_too_large", "The body is too large" },
    [PROBLEM_UNSUPPORTED_MEDIA_TYPE] = { 415, "unsupported_media_type",
                                         "The body must be application/json" },
    [PROBLEM_VALIDATION_FAILED] = { 422, "validation_failed", "The request cannot be carried out" },
    [PROBLEM_IDEMPOTENCY_MISMATCH] = { 422, "idempotency_mismatch",
                                       "This key was used with another body" },
    [PROBLEM_RATE_LIMITED] = { 429, "rate_limited", "Too many requests" },
    [PROBLEM_INTERNAL_ERROR] = { 500, "internal_error", "Something went wrong here" },
    [PROBLEM_UNAVAILABLE] = { 503, "unavailable", "The service cannot answer at the moment" },
};

static void write_faults(struct json_writer *w, const struct faults *faults)
{
    jw_open(w, "errors", '[');
    for (const struct fault *f = faults->first; f != NULL; f = f->next) {
        jw_open(w, NULL, '{');
        jw_text(w, "pointer", f->pointer);
        jw_text(w, "detail", f->detail);
        jw_close(w, '}');
    }
    jw_close(w, ']');
}

void problem_write(struct json_writer *w, const char *name, enum problem kind, const char *detail,
                   const char *request_id, const struct faults *faults)
{
    jw_open(w, name, '{');
    jw_text(w, "type", "about:blank"); /* RFC 9457 section 4.2.1: the title says it all */
    jw_text(w, "title", problems[kind].title);
    jw_num(w, "status", problems[kind].status);
    jw_text(w, "detail", detail == NULL ? problems[kind].title : detail);
    jw_text(w, "code", problems[kind].code);
    jw_text(w, "request_id", request_id);
    if (faults != NULL)
        write_faults(w, faults);
    jw_close(w, '}');
}

void problem_answer(struct call *c, enum problem kind, const char *detail,
                    const struct faults *faults)
{
    struct json_writer w = JSON_WRITER(&c->res.body);

    buf_clear(&c->res.body);
    c->res.status = problems[kind].status;
    c->res.content_type = "application/problem+json";
    problem_write(&w, NULL, kind, detail, c->request_id, faults);
    if (kind == PROBLEM_UNAVAILABLE)
        response_header(&c->res, "Retry-After", "1");
    c->answered = true;
}

static const struct {
    enum status status;
    enum problem problem;
    const char *detail;
} failures[] = {
    { ST_NOT_FOUND, PROBLEM_NOT_FOUND, NULL },
    { ST_DENIED, PROBLEM_FORBIDDEN, NULL },
    { ST_UNAVAILABLE, PROBLEM_UNAVAILABLE, "Nothing was done. Please try again in a moment." },
    { ST_UNCERTAIN, PROBLEM_UNAVAILABLE,
      "It is not known whether the request was carried out: the database went away in the middle." },
};

void problem_from_status(struct call *c, enum status s)
{
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
        if (failures[i].status == s) {
            problem_answer(c, failures[i].problem, failures[i].detail, NULL);
            return;
        }
    }
    problem_answer(c, PROBLEM_INTERNAL_ERROR, NULL, NULL);
}
