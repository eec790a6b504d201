/* tables - what tests of the tables share. */
#include "tests/integration/tables.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/uuid.h"
#include "common/db/callbacks.h"
#include "common/db/messages.h"
#include "common/db/schema.h"

#define HOUR_MS 3600000

struct arena tables_mem;
struct error tables_err;

const char *tables_source(const char *path)
{
    const char *top = getenv("top_srcdir");

    return arena_printf(&tables_mem, "%s/%s", top ? top : ".", path);
}

const char *tables_migrations(void)
{
    const char *dir = getenv("NOTIFY_SQL_DIR");

    return dir ? dir : tables_source("sql");
}

struct db *tables_connect(const struct pg *pg, const char *name, const struct db_options *options)
{
    struct config_database *config = ARENA_NEW(&tables_mem, struct config_database);

    *config = (struct config_database){ .host = pg->dir,
                                        .port = "5432",
                                        .name = name,
                                        .user = "postgres",
                                        .password = "",
                                        .sslmode = "",
                                        .url = "" };
    return db_new(config, options ? options : &(struct db_options){ .application = "test", .by_key = true });
}

/* Runs any text, so that a question needs no statement of its own. */
static const char ask_function[] =
    "CREATE FUNCTION test_ask(q text) RETURNS text LANGUAGE plpgsql AS"
    " $$ DECLARE v text; BEGIN EXECUTE q INTO v; RETURN v; END $$";
static const struct statement ask = { "test_ask", "SELECT test_ask($1)", 1 };

struct db *tables_open(const struct pg *pg, const char *name)
{
    struct db *db;

    pg_database(pg, name);
    db = tables_connect(pg, name, NULL);
    OK(schema_up(db, tables_migrations(), &tables_mem, NULL, NULL, &tables_err));
    OK(db_script(db, ask_function, &tables_err));
    return db;
}

/* ---- messages ---- */

const char *tables_id(void)
{
    char *id = arena_alloc(&tables_mem, UUID_TEXT_BYTES);

    uuid_v7(clock_wall_ms(), id);
    return id;
}

struct message_draft *tables_draft(size_t recipients)
{
    struct message_draft *d = ARENA_NEW(&tables_mem, struct message_draft);
    int64_t now = clock_wall_ms();

    *d = (struct message_draft){
        .user_id = tables_id(),
        .content = "Your code is 123456",
        .priority = PRIO_NORMAL,
        .created_ms = now,
        .scheduled_ms = -1,
        .expires_ms = -1,
        .due_ms = now + HOUR_MS,
        .recipients = ARENA_ARRAY(&tables_mem, struct message_recipient, recipients),
        .n_recipients = recipients,
    };
    uuid_v7(now, d->id);
    for (size_t i = 0; i < recipients; i++) {
        d->recipients[i].platform = PF_SMS;
        d->recipients[i].address = arena_printf(&tables_mem, "+1555%07zu", i);
    }
    return d;
}

struct message_draft *tables_message(struct db *db, size_t recipients)
{
    struct message_draft *d = tables_draft(recipients);

    OK(messages_insert(db, (const struct message_draft *[]){ d }, 1, &tables_err));
    tables_spread(db);
    return d;
}

void tables_spread(struct db *db)
{
    tables_do(db, "INSERT INTO dispatch SELECT u.message_id, r.n, u.lane, u.due_at, u.user_key"
                  "  FROM dispatch_runs u JOIN message_recipients r ON r.message_id = u.message_id AND r.n >= u.first"
                  "   AND u.lane / 3 = array_position(enum_range(NULL::platform), r.platform) - 1;"
                  " DELETE FROM dispatch_runs");
}

struct recipient_ref tables_ref(const struct message_draft *d, int n, int fence)
{
    return (struct recipient_ref){ d->id, n, fence };
}

void tables_claim(struct db *db, const struct message_draft *d, size_t n,
                  struct recipient_ref refs[])
{
    struct claim *claims;
    size_t count;

    for (size_t i = 0; i < n; i++)
        refs[i] = tables_ref(d, (int)i, 0);
    OK(recipients_claim(db, refs, n, &tables_mem, &claims, &count, &tables_err));
    ck_assert_uint_eq(count, n);
    for (size_t i = 0; i < n; i++)
        refs[i] = claims[i].ref;
}

/* ---- questions ---- */

__attribute__((format(printf, 1, 0))) static const char *format_text(const char *format,
                                                                     va_list args)
{
    va_list again;
    char *text;
    int len;

    va_copy(again, args);
    len = vsnprintf(NULL, 0, format, again);
    va_end(again);
    text = arena_alloc(&tables_mem, (size_t)len + 1);
    vsnprintf(text, (size_t)len + 1, format, args);
    return text;
}

const char *tables_ask(struct db *db, const char *sql, ...)
{
    struct rows rows;
    const char *text;
    va_list args;

    va_start(args, sql);
    text = format_text(sql, args);
    va_end(args);
    OK(db_query(db, &ask, &text, &tables_mem, &rows, &tables_err));
    return row_text(&rows, 0, 0) ? row_text(&rows, 0, 0) : "";
}

void tables_do(struct db *db, const char *sql, ...)
{
    const char *text;
    va_list args;

    va_start(args, sql);
    text = format_text(sql, args);
    va_end(args);
    OK(db_script(db, text, &tables_err));
}

const char *tables_counters(struct db *db, const char *message_id)
{
    return tables_ask(db,
                      "SELECT concat(status, ' ', open_count, '/', sent_count, '/', expired_count)"
                      " FROM messages WHERE id = '%s'",
                      message_id);
}

const char *tables_state(struct db *db, const struct message_draft *d, int n)
{
    return tables_ask(db,
                      "SELECT concat_ws(' ', status, fence, attempts) FROM message_recipients"
                      " WHERE message_id = '%s' AND n = %d",
                      d->id, n);
}

const char *tables_due(struct db *db, const struct message_draft *d, int n)
{
    return tables_ask(db,
                      "SELECT coalesce((SELECT round(extract(epoch FROM due_at - now()))::text"
                      " FROM dispatch WHERE message_id = '%s' AND n = %d), 'none')",
                      d->id, n);
}

const char *tables_events(struct db *db, const char *message_id)
{
    return tables_ask(db,
                      "SELECT string_agg(concat(n, ':', event, '>', status), ' ' ORDER BY id)"
                      " FROM message_events WHERE message_id = '%s'",
                      message_id);
}

struct callback_report tables_callback(struct arena *mem, const char *message_id, int n,
                                       enum delivery_event event)
{
    char unique[UUID_TEXT_BYTES];

    uuid_v7(clock_wall_ms(), unique);
    return (struct callback_report){ .provider = "twilio",
                                     .recipient_id = arena_printf(mem, "%s.%d", message_id, n),
                                     .event_id = arena_strdup(mem, unique),
                                     .event_name = event == CALLBACK_CHANGES_NOTHING
                                                       ? "other"
                                                       : delivery_event_name(event),
                                     .event = event };
}

size_t tables_report(struct db *db, const char *message_id, int n, enum delivery_event event)
{
    struct callback_report r = tables_callback(&tables_mem, message_id, n, event);
    struct callbacks_tally tally;

    OK(callbacks_record(db, &r, 1, &tables_mem, &tally, &tables_err));
    return tally.changed;
}

enum status tables_mark_queued(struct db *db, const struct recipient_ref refs[], size_t n,
                               struct error *err)
{
    struct queued_mark *marks = calloc(n + 1, sizeof *marks);
    enum status s;

    ck_assert_ptr_nonnull(marks);
    for (size_t i = 0; i < n; i++)
        marks[i] = (struct queued_mark){ .ref = refs[i], .published_ms = clock_wall_ms() };
    s = recipients_mark_queued(db, marks, n, err);
    free(marks);
    return s;
}

enum status tables_page(struct db *db, const char *message_id, int first, int limit,
                        struct recipient **out, size_t *count, struct error *err)
{
    struct recipients_filter f = { .message_id = message_id, .first = first, .limit = limit };

    return recipients_page(db, &f, &tables_mem, out, count, err);
}
