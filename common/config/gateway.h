#ifndef COMMON_CONFIG_GATEWAY_H
#define COMMON_CONFIG_GATEWAY_H
#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/escape.h"
#include "common/base/template.h"
#include "common/config/config.h"
/*
 * gateway - what a provider of kind http says, understood: the request as templates, and which
 * answer means what.  Pure.
 *
 * check.c asks whether it can be understood, the adapter works by it.
 */

/* What can be filled in. */
enum gateway_value {
    GW_TO,
    GW_TO_BARE, /* a number without its '+' */
    GW_FROM,
    GW_FROM_BARE, /* a number without its '+', a mailbox without its name */
    GW_TEXT,
    GW_HTML,    /* "" where the message has none */
    GW_SUBJECT, /* "" where it has none; by mail, its first line */
    GW_ID,      /* the recipient's */
    GW_MESSAGE_ID,
    GW_VALUES
};
extern const char
    *const gateway_names[]; /* of the placeholders, by enum gateway_value; NULL ends */

enum gateway_outcome {
    GW_UNLISTED, /* the configuration does not say */
    GW_ACCEPTED,
    GW_THROTTLED,
    GW_RETRY,  /* not taken, and worth another attempt */
    GW_DENIED, /* our account is refused */
    GW_REFUSED
};

struct gateway_header {
    const char *name;
    struct template value;
};
#define GATEWAY_STATUSES 600
struct gateway {
    const char *method;
    const char *username, *password; /* NULL: none */
    struct template url;
    struct gateway_header *headers;
    size_t n_headers;
    struct template body; /* no pieces: none */
    escape_fn body_escape;
    unsigned char outcomes[GATEWAY_STATUSES];       /* enum gateway_outcome, by HTTP status */
    const char *id_path, *result_path, *error_path; /* "": none */
    const char *result_accepted, *result_throttled, *result_retry, *result_denied;
};

/* A key whose value can't be used, and why; the words do not quote it. */
struct gateway_fault {
    const char *key, *words;
};
#define GATEWAY_FAULTS 20 /* as many as there are keys */

/* Copies what it keeps.  The number of faults, each of another key; with any, *out is of no use. */
size_t gateway_read(struct arena *mem, const struct provider_config *cfg, struct gateway *out,
                    struct gateway_fault faults[GATEWAY_FAULTS]);

bool gateway_uses(const struct gateway *g, enum gateway_value value);

enum gateway_outcome gateway_outcome_of_status(const struct gateway *g, int status);
/* By the text at result_path; never GW_UNLISTED: what no list names is refused. */
enum gateway_outcome gateway_outcome_of_result(const struct gateway *g, const char *result);

/* For those who read such keys: a path of names and numbers joined by dots (NULL: it is one), */
const char *gateway_path_fault(const char *path);
bool gateway_lists(const char *list, const char *value); /* a list of values, and */
size_t gateway_token_length(const char *text);           /* the name of a header at its beginning */

/* "." or ".." between slashes: whoever reads the URL would take it for another. */
bool gateway_url_climbs(const char *url);
#endif
