/* What is confirmed becomes queued, a moment later and together. */
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/db/messages.h"
#include "common/service/marks.h"
#include "tests/integration/pg_suite.h"
#include "tests/integration/tables.h"

#define mem tables_mem
#define err tables_err

#define WIDTH 1000
#define MESSAGES 9 /* together more than wait for their marks at most */

static struct marks *open_marks(const char *database)
{
    struct config *config = ARENA_NEW(&mem, struct config);

    config->database = (struct config_database){ .host = cluster.dir, .port = "5432", .name = database,
                                                 .user = "postgres", .password = "", .sslmode = "", .url = "" };
    return marks_new(config, "test");
}

static void add(struct marks *m, const struct message_draft *d, int n)
{
    struct recipient_ref ref = tables_ref(d, n, 0);

    marks_add(m, &ref, clock_wall_ms());
}

static int queued(struct db *db)
{
    return atoi(tables_ask(db, "SELECT count(*) FROM message_recipients WHERE status = 'queued'"));
}

START_TEST(a_mark_waits_and_who_is_claimed_meanwhile_is_told_of_only)
{
    struct db *db = tables_open(&cluster, "waits");
    struct marks *m = open_marks("waits");
    struct message_draft *d = tables_message(db, 2);
    struct recipient_ref ref;
    int64_t until_ms;

    add(m, d, 0);
    add(m, d, 1);
    marks_turn(m);
    ck_assert_int_eq(queued(db), 0);
    tables_claim(db, d, 1, &ref);
    until_ms = clock_mono_ms() + 10000;
    while (marks_any(m) && clock_mono_ms() < until_ms) {
        clock_sleep_ms(10);
        marks_turn(m);
    }
    ck_assert_str_eq(tables_state(db, d, 0), "sending 1 1");
    ck_assert_str_eq(tables_state(db, d, 1), "queued 0 0");
    ck_assert_str_eq(tables_events(db, d->id), "0:queued>queued 1:queued>queued");
    marks_free(m);
    db_free(db);
}
END_TEST

START_TEST(more_marks_than_may_wait_are_written_the_oldest_first_and_none_is_lost)
{
    struct db *db = tables_open(&cluster, "many");
    struct marks *m = open_marks("many");
    struct message_draft *d[MESSAGES];

    for (int i = 0; i < MESSAGES; i++) {
        d[i] = tables_draft(WIDTH);
        OK(messages_insert(db, (const struct message_draft *[]){ d[i] }, 1, &err));
    }
    for (int i = 0; i < MESSAGES; i++) {
        for (int n = 0; n < WIDTH; n++)
            add(m, d[i], n);
    }
    ck_assert_str_eq(tables_state(db, d[0], 0), "queued 0 0");
    ck_assert_str_eq(tables_state(db, d[MESSAGES - 1], WIDTH - 1), "pending 0 0");
    marks_free(m);
    ck_assert_int_eq(queued(db), MESSAGES * WIDTH);
    ck_assert_str_eq(tables_ask(db, "SELECT count(*) FROM message_events WHERE event = 'queued'"), "9000");
    db_free(db);
}
END_TEST

START_TEST(marks_that_cannot_be_written_are_let_go)
{
    struct db *db = tables_open(&cluster, "away");
    struct marks *m = open_marks("nowhere");
    struct message_draft *d = tables_message(db, 1);

    add(m, d, 0);
    marks_free(m);
    ck_assert_int_eq(queued(db), 0);
    db_free(db);
}
END_TEST

PG_SUITE("marks", a_mark_waits_and_who_is_claimed_meanwhile_is_told_of_only,
         more_marks_than_may_wait_are_written_the_oldest_first_and_none_is_lost,
         marks_that_cannot_be_written_are_let_go)
