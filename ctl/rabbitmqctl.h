#ifndef CTL_RABBITMQCTL_H
#define CTL_RABBITMQCTL_H
#include <stdbool.h>

#include "common/base/arena.h"
#include "common/base/error.h"
/*
 * rabbitmqctl - RabbitMQ's own tool, run without a shell.
 *
 * It finds its node as it does for its user: by RABBITMQ_NODENAME and the rest of the environment, and
 * the cookie.  What it says is never shown but for its first complaint.
 */
struct rabbitmqctl {
    const char *program; /* a path; NULL: where it is installed */
    struct arena *mem;
};

/*
 * words: after the program's name, NULL at the end.  input: what it reads, NULL for nothing; passwords go
 * this way, since every user of the machine sees the words.  ST_NOT_FOUND: there is no such program.
 */
enum status rabbitmqctl_run(const struct rabbitmqctl *r, const char *const words[], const char *input,
                            const char **out, struct error *err);

/* Is there one in a list of objects, as list_users and the like print it, whose member is this? */
enum status rabbitmqctl_lists(const struct rabbitmqctl *r, const char *const words[], const char *member,
                              const char *value, bool *found, struct error *err);
#endif
