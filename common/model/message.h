#ifndef COMMON_MODEL_MESSAGE_H
#define COMMON_MODEL_MESSAGE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/trace.h"
#include "common/base/uuid.h"
#include "common/model/delivery.h"
#include "common/model/platform.h"
/*
 * message - what an application asks us to deliver, its limits and its states.  Pure.
 */
enum message_state {
    MS_SCHEDULED, MS_PENDING, MS_QUEUED, MS_SENDING, MS_COMPLETED, MS_FAILED, MS_CANCELLED, MS_EXPIRED,
    MS_COUNT
};
const char *message_state_name(enum message_state s);
bool message_state_parse(const char *text, enum message_state *out);

/*
 * The state that callers see.  The row stores the coarse one (scheduled, pending, and the final
 * ones); while it is scheduled or pending the recipients' counts refine it.
 */
enum message_state message_state_shown(enum message_state stored, const int counts[DS_COUNT]);

/* CONTRACT section 3, "Sending". */
#define MESSAGE_CONTENT_MAX 65536
#define MESSAGE_HTML_MAX 262144
#define MESSAGE_SUBJECT_MAX 998
#define MESSAGE_RECIPIENTS_MAX 1000
#define MESSAGE_METADATA_MAX 4096
#define MESSAGE_SCHEDULE_MAX_DAYS 366

struct message_recipient {
    enum platform platform;
    const char *address;
    const char *metadata; /* a JSON object, or NULL */
};

/* A message as it is accepted; all memory belongs to the request's arena. */
struct message_draft {
    char id[UUID_TEXT_BYTES];
    const char *user_id;
    const char *content;
    const char *subject, *html;   /* NULL: not given */
    const char *from[PF_COUNT];   /* NULL: the platform's own */
    const char *metadata;         /* a JSON object, or NULL */
    const char *trace;            /* as trace_keep() writes it; NULL: its own */
    enum priority priority;
    int64_t created_ms;
    int64_t scheduled_ms, expires_ms; /* -1: not given */
    int64_t due_ms; /* when the scheduler must look at its recipients, if nothing else happens */
    struct message_recipient *recipients;
    size_t n_recipients;
};

/* A fault of the body: where (an RFC 6901 pointer) and what is wrong. */
struct fault {
    const char *pointer, *detail;
    struct fault *next;
};
struct faults {
    struct arena *mem;
    struct fault *first, **last;
    size_t count, most; /* at most so many are kept; the count goes on */
};
#define FAULTS_MAX 100
void faults_init(struct faults *f, struct arena *mem); /* keeps FAULTS_MAX of them */
/* pointer is a printf format for the place; detail is borrowed and constant. */
void faults_add(struct faults *f, const char *detail, const char *pointer, ...)
    __attribute__((format(printf, 3, 4)));
/* A member's name as it stands in a pointer (RFC 6901 section 3); a very long one is cut. */
const char *faults_token(struct faults *f, const char *name);
#endif
