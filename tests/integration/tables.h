#ifndef TESTS_INTEGRATION_TABLES_H
#define TESTS_INTEGRATION_TABLES_H
#include <check.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/db/db.h"
#include "common/db/dispatch.h"
#include "common/db/recipients.h"
#include "common/model/message.h"
#include "common/model/report.h"
#include "tests/integration/pg.h"
/*
 * tables - what tests of the tables share: a database with all of them, messages made by hand, and
 * questions in SQL.
 *
 * Memory comes from one arena that lives as long as the test; only the test's first thread uses it,
 * and so do all functions here.
 */
extern struct arena tables_mem;
extern struct error tables_err;

#define OK(call) ck_assert_msg((call) == ST_OK, "%s: %s", #call, tables_err.text)

const char *tables_source(const char *path); /* a file of the source tree */

const char *tables_migrations(void);           /* the folder of the migrations */

/* A fresh database with all tables, and a connection to it. */
struct db *tables_open(const struct pg *pg, const char *name);
/* One more connection to it; options NULL: as the first. */
struct db *tables_connect(const struct pg *pg, const char *name, const struct db_options *options);

const char *tables_id(void);
/* An accepted message of one text, for `recipients` telephones, due in an hour. */
struct message_draft *tables_draft(size_t recipients);
/* The same, and written, each recipient with a row of its own in dispatch. */
struct message_draft *tables_message(struct db *db, size_t recipients);
void tables_spread(struct db *db); /* whatever a run stands for gets such rows */
/* To take at most `most` rows of a lane and put them off; a lease lasts 30 s. */
#define TAKE(of, by, most, ms) \
    (&(struct take){ .lane = of, .order = by, .limit = most, .grace_ms = ms, .lease_ms = 30000 })

struct recipient_ref tables_ref(const struct message_draft *d, int n, int fence);
/* Claims recipients 0 to n - 1, which are in their first generation; refs get the second. */
void tables_claim(struct db *db, const struct message_draft *d, size_t n,
                  struct recipient_ref refs[]);

/* A callback of twilio, told for the first time; memory is the caller's, so any thread may. */
struct callback_report tables_callback(struct arena *mem, const char *message_id, int n,
                                       enum delivery_event event);
/* The same, recorded: how many recipients moved. */
size_t tables_report(struct db *db, const char *message_id, int n, enum delivery_event event);

/* recipients_mark_queued() with the present time; recipients_page() without filters. */
enum status tables_mark_queued(struct db *db, const struct recipient_ref refs[], size_t n,
                               struct error *err);
enum status tables_page(struct db *db, const char *message_id, int first, int limit,
                        struct recipient **out, size_t *count, struct error *err);

/* One value as text ("" for NULL), or a command. */
const char *tables_ask(struct db *db, const char *sql, ...) __attribute__((format(printf, 2, 3)));
void tables_do(struct db *db, const char *sql, ...) __attribute__((format(printf, 2, 3)));

/* "status open/sent/expired" of a message; "status fence attempts" of a recipient. */
const char *tables_counters(struct db *db, const char *message_id);
const char *tables_state(struct db *db, const struct message_draft *d, int n);
/* Seconds until the dispatch row comes due; "none" where there is no row. */
const char *tables_due(struct db *db, const struct message_draft *d, int n);
/* The events of a message since it was accepted: "n:event>status ...", oldest first. */
const char *tables_events(struct db *db, const char *message_id);
#endif
