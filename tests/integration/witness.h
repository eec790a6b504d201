#ifndef TESTS_INTEGRATION_WITNESS_H
#define TESTS_INTEGRATION_WITNESS_H
#include <stdbool.h>
#include <stdint.h>

#include "common/base/json.h"
/*
 * witness - what the database, the providers and the logs know of what happened; none of it goes
 * through the code under test.
 */
const char *witness_read(const char *path); /* a whole file */

/* The first column of the first row; NULL: no row, or SQL's NULL.  Fails the test on an error. */
const char *sql_text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int64_t sql_number(const char *fmt, ...) __attribute__((format(printf, 1, 2))); /* -1: no row */
/* An array of rows, each an array of texts and nulls. */
json_t *sql_rows(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
bool postgres_answers(void);

/* Of a message: how many recipients are in a state; the state of recipient 0. */
int64_t count_in(const char *message_id, const char *states); /* "sent,delivered" */
const char *status_of(const char *message_id);
bool is_in(const char *message_id, const char *states); /* recipient 0 */
const char *message_status(const char *message_id);

/* Requests of the simulator's log: those for a message, in order. */
json_t *requests_for(const char *message_id);
/* How many of them were for one recipient, "MESSAGE.n". */
int request_count(const char *recipient_id);
/* Fails the test unless each of the message's n recipients was asked for exactly once. */
void expect_each_once(const char *message_id, int n);

/* The file of a mail that contains these bytes; NULL: none. */
const char *find_mail(const char *part);

/* Fails the test where a log of our programs holds a key, a secret, an address or a content. */
void expect_no_secrets_in_logs(void);
#endif
