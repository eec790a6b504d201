#ifndef FCGI_PROBLEM_H
#define FCGI_PROBLEM_H
#include "common/base/error.h"
#include "common/base/json.h"
#include "common/model/message.h"
#include "fcgi/call.h"
/*
 * problem - from a failure to an answer: status, code and application/problem+json (RFC 9457).  The
 * only place that knows which failure is which status.
 */
enum problem {
    PROBLEM_MALFORMED_JSON, PROBLEM_INVALID_PARAMETER, PROBLEM_MISSING_API_KEY,
    PROBLEM_INVALID_API_KEY, PROBLEM_ACCOUNT_DISABLED, PROBLEM_FORBIDDEN, PROBLEM_INVALID_SIGNATURE,
    PROBLEM_NOT_FOUND, PROBLEM_METHOD_NOT_ALLOWED, PROBLEM_NOT_CANCELLABLE,
    PROBLEM_IDEMPOTENCY_IN_PROGRESS, PROBLEM_BODY_TOO_LARGE, PROBLEM_UNSUPPORTED_MEDIA_TYPE,
    PROBLEM_VALIDATION_FAILED, PROBLEM_IDEMPOTENCY_MISMATCH, PROBLEM_RATE_LIMITED,
    PROBLEM_INTERNAL_ERROR, PROBLEM_UNAVAILABLE,
    PROBLEM_COUNT
};

/* As a member of another answer, for one item among many. */
void problem_write(struct json_writer *w, const char *name, enum problem kind, const char *detail,
                   const char *request_id, const struct faults *faults);

/* Answers the call.  detail: for people, what to do; may be NULL.  faults: may be NULL. */
void problem_answer(struct call *c, enum problem kind, const char *detail,
                    const struct faults *faults);

/* The answer to a failure of our own doing or of a neighbour's; nothing of the inside leaks. */
void problem_from_status(struct call *c, enum status s);
#endif
