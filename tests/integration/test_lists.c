/* Lists over many messages: what a page touches does not grow with them, and pages miss nothing. */
#include <stdlib.h>
#include <string.h>

#include "common/base/json.h"
#include "common/db/messages.h"
#include "tests/integration/pg_suite.h"
#include "tests/integration/tables.h"

#define mem tables_mem
#define err tables_err

#define MESSAGES 20000
#define OWNER "00000000-0000-4000-8000-000000000001"
#define OTHER "00000000-0000-4000-8000-000000000002" /* one of 1,000 with a message each */
#define POPULAR "+15550000000"                        /* in each tenth message */
#define FIRST_MS 1750000000000 /* of the oldest; then one each 20 ms */
#define STEP_MS 20
#define TEXT(number) TEXT_OF(number)
#define TEXT_OF(number) #number

/*
 * Nearly all are one user's; each 20th is another's.  Half is open, as if workers were slow: few of
 * them are being sent, so that a list of those has to look far.  `truth` says how each is shown.
 */
static const char fill[] =
    "CREATE TABLE truth AS SELECT i,"
    "  (lpad(to_hex(ms), 12, '0') || '7' || lpad(to_hex(i % 4096), 3, '0') || '8'"
    "   || substr(md5(i::text), 1, 15))::uuid AS id, to_timestamp(ms / 1000.0) AS at,"
    "  ('00000000-0000-4000-8000-' || lpad(CASE WHEN i % 20 = 0 THEN 2 + i / 20 ELSE 1 END::text, 12, '0'))::uuid"
    "    AS user_id,"
    "  CASE WHEN i % 1000 = 7 THEN 'sending' WHEN i % 1000 = 8 THEN 'cancelled'"
    "       WHEN i % 1000 = 9 THEN 'expired' WHEN i % 100 < 50 THEN 'queued'"
    "       WHEN i % 100 < 55 THEN 'scheduled' WHEN i % 1000 = 56 THEN 'pending' WHEN i % 100 < 60 THEN 'failed'"
    "       ELSE 'completed' END AS shown,"
    "  (enum_range(NULL::platform))[i / 10 % 4 + 1] AS platform,"
    "  CASE WHEN i % 10 = 0 THEN '" POPULAR "' ELSE '+1555' || lpad((i % 10000)::text, 7, '0') END AS recipient"
    "  FROM (SELECT i, " TEXT(FIRST_MS) " + i * " TEXT(STEP_MS) " AS ms FROM generate_series(1, " TEXT(MESSAGES) ") i) AS s;"
    "INSERT INTO messages (id, user_id, status, priority, platforms, recipient_count, open_count,"
    "                      created_at, updated_at, content)"
    "  SELECT id, user_id, CASE WHEN shown IN ('queued', 'sending') THEN 'pending' ELSE shown END::message_status,"
    "         'normal', 1 << (i / 10 % 4), 1, (shown IN ('queued', 'sending', 'scheduled', 'pending'))::int,"
    "         at, at, 'Your code is 123456' FROM truth ORDER BY i;"
    "INSERT INTO message_recipients (message_id, n, platform, status, updated_at, recipient)"
    "  SELECT id, 0, platform, CASE shown WHEN 'completed' THEN 'sent' WHEN 'scheduled' THEN 'pending' ELSE shown"
    "         END::delivery_status, at, recipient FROM truth ORDER BY i;"
    "ANALYZE messages; ANALYZE message_recipients";

static struct db *many_messages(const char *name)
{
    struct db *db = tables_open(&cluster, name);

    OK(db_script(db, fill, &err));
    return db;
}

/* The id of the i-th message; the cursor of a page that lies deep. */
static const char *id_of(struct db *db, int i)
{
    return tables_ask(db, "SELECT id FROM truth WHERE i = %d", i);
}

/* ---- plans, as the server's log tells them ---- */

static void explain_all(struct db *db)
{
    tables_do(db, "LOAD 'auto_explain'; SET auto_explain.log_min_duration = 0;"
                  "SET auto_explain.log_analyze = on; SET auto_explain.log_buffers = on;"
                  "SET auto_explain.log_timing = off; SET auto_explain.log_format = json;");
}

static FILE *open_log(void)
{
    FILE *file = fopen(arena_printf(&mem, "%s/log", cluster.dir), "r");

    ck_assert_ptr_nonnull(file);
    fseek(file, 0, SEEK_END);
    return file;
}

/* The first plan that was logged in this file behind where it stands; the file is closed. */
static json_t *plan_behind(FILE *log)
{
    static char text[1 << 20];
    json_t *doc = NULL;
    char *at;

    clearerr(log);
    text[fread(text, 1, sizeof text - 1, log)] = '\0';
    fclose(log);
    at = strstr(text, "plan:\n");
    if (at != NULL)
        doc = json_loads(strchr(at, '{'), JSON_DISABLE_EOF_CHECK, NULL);
    ck_assert_msg(doc != NULL, "no plan in the log: %.1000s", text);
    return doc;
}

struct touched {
    long long rows, blocks;
    char whole[64]; /* a node that reads or sorts a whole table; "": none */
};

static long long number(const json_t *node, const char *name)
{
    return (long long)json_number_value(json_object_get(node, name));
}

/* Nodes that read all there is before they give the first row away. */
static bool is_whole(const char *type, long long rows)
{
    static const char *const never[] = { "Seq Scan", "Bitmap Heap Scan", "Bitmap Index Scan", "Hash Join",
                                         "Merge Join", "Gather", "Gather Merge" };

    for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
        if (strcmp(type, never[i]) == 0)
            return true;
    }
    return strstr(type, "Sort") != NULL && rows > 15 * 8 * 101; /* of each kind, a page of them */
}

static void add_node(const json_t *node, struct touched *t)
{
    const char *type = json_string_value(json_object_get(node, "Node Type"));
    const json_t *plans = json_object_get(node, "Plans"), *below;
    long long loops = number(node, "Actual Loops"), rows = number(node, "Actual Rows") * loops;
    size_t i;

    if (json_object_get(node, "Relation Name") != NULL)
        t->rows += rows + loops * (number(node, "Rows Removed by Filter") +
                                   number(node, "Rows Removed by Index Recheck"));
    json_array_foreach (plans, i, below) {
        if (strstr(type, "Sort") != NULL)
            rows = number(below, "Actual Rows") * number(below, "Actual Loops");
        add_node(below, t);
    }
    if (is_whole(type, rows))
        snprintf(t->whole, sizeof t->whole, "%s of %lld rows", type, rows);
}

/* Lists once; what that touched, by the plan in the log. */
static struct touched list_once(struct db *db, const struct messages_filter *f)
{
    struct touched t = { 0 };
    struct listed_message *list;
    const json_t *top;
    const char *next;
    FILE *log = open_log();
    json_t *doc;
    size_t n;

    OK(messages_list(db, f, &mem, &list, &n, &next, &err));
    doc = plan_behind(log);
    top = json_object_get(doc, "Plan");
    add_node(top, &t);
    t.blocks = number(top, "Shared Hit Blocks") + number(top, "Shared Read Blocks");
    json_decref(doc);
    return t;
}

/* ---- every filter ---- */

static const int statuses[] = { -1, MS_COMPLETED, MS_CANCELLED, MS_PENDING, MS_SENDING, MS_QUEUED,
                                MS_FAILED, MS_EXPIRED, MS_SCHEDULED };
static const char *const recipients[] = { NULL, POPULAR };
static const char *const users[] = { OWNER, OTHER, NULL };
#define N(list) (sizeof(list) / sizeof *(list))
#define VARIANTS (N(statuses) * N(recipients) * N(users) * 2 * 4)

/* The v-th combination of all filters. */
static struct messages_filter variant(size_t v)
{
    int status = statuses[v % N(statuses)];
    struct messages_filter f = { .limit = 20, .created_after_ms = -1, .created_before_ms = -1 };

    f.by_status = status >= 0;
    f.status = f.by_status ? (enum message_state)status : MS_SCHEDULED;
    v /= N(statuses);
    f.recipient = recipients[v % N(recipients)];
    v /= N(recipients);
    f.user_id = users[v % N(users)];
    v /= N(users);
    f.by_platform = v % 2 == 1;
    f.platform = PF_WHATSAPP;
    v /= 2;
    if (v % 2 == 1)
        f.created_after_ms = FIRST_MS + MESSAGES / 10 * STEP_MS;
    if (v / 2 == 1)
        f.created_before_ms = FIRST_MS + MESSAGES / 10 * 9 * STEP_MS;
    return f;
}

static const char *name_of(const struct messages_filter *f)
{
    return arena_printf(&mem, "user %s, status %s, platform %s, recipient %s, after %lld, before %lld, below %s",
                        f->user_id == NULL ? "any" : f->user_id,
                        f->by_status ? message_state_name(f->status) : "any",
                        f->by_platform ? platform_name(f->platform) : "any",
                        f->recipient == NULL ? "any" : f->recipient, (long long)f->created_after_ms,
                        (long long)f->created_before_ms, f->before_id == NULL ? "none" : f->before_id);
}

/*
 * A look is at 1,000 rows, or at so many of each of the 4 kinds that are here; each row may bring its
 * message and its recipients.  A whole table holds 20,000.
 */
#define TOUCHED_MOST (2 * 4 * 1000 + 500)

static void expect_small(struct db *db, const struct messages_filter *f, struct touched *t)
{
    *t = list_once(db, f);
    ck_assert_msg(t->whole[0] == '\0', "%s: %s", name_of(f), t->whole);
    ck_assert_msg(t->rows <= TOUCHED_MOST, "%s: %lld rows", name_of(f), t->rows);
}

/* A page deep in the list costs about what the first does. */
static void check_variants(const char *name, const char *plans)
{
    struct db *db = many_messages(name);
    const char *deep = id_of(db, MESSAGES / 3);
    struct touched first, later;

    explain_all(db);
    tables_do(db, "SET plan_cache_mode = %s", plans);
    for (size_t v = 0; v < VARIANTS; v++) {
        struct messages_filter f = variant(v);

        expect_small(db, &f, &first);
        f.before_id = deep;
        expect_small(db, &f, &later);
        ck_assert_msg(later.blocks <= 2 * first.blocks + 500, "%s: %lld blocks, the first page %lld", name_of(&f),
                      later.blocks, first.blocks);
    }
    db_free(db);
}

START_TEST(no_page_reads_or_sorts_a_whole_table_with_the_plan_for_its_own_values)
{
    check_variants("custom", "force_custom_plan");
}
END_TEST

START_TEST(no_page_reads_or_sorts_a_whole_table_with_the_plan_for_any_values)
{
    check_variants("generic", "force_generic_plan");
}
END_TEST

/* Nothing but one user's: then any index looks as good to the planner, and a table's whole better still. */
START_TEST(no_page_reads_or_sorts_a_whole_table_that_is_one_users)
{
    struct db *db = many_messages("alone");
    struct touched t;

    tables_do(db, "UPDATE messages SET user_id = '%s', status = 'pending', platforms = 4", OWNER);
    tables_do(db, "VACUUM FULL messages");
    tables_do(db, "ANALYZE messages");
    explain_all(db);
    for (size_t v = 0; v < VARIANTS; v++) {
        struct messages_filter f = variant(v);

        tables_do(db, "SET plan_cache_mode = %s", v % 2 == 0 ? "force_generic_plan" : "force_custom_plan");
        if (f.user_id != NULL)
            expect_small(db, &f, &t);
    }
    db_free(db);
}
END_TEST

/* ---- what the pages show ---- */

/* Of the ids that all pages show, in order: their number and a digest. */
static const char *walk(struct db *db, struct messages_filter f)
{
    struct buf ids = BUF_INIT(MESSAGES * 40);
    struct listed_message *list;
    size_t n, count = 0;
    const char *result;

    f.limit = 100;
    do {
        OK(messages_list(db, &f, &mem, &list, &n, &f.before_id, &err));
        ck_assert_uint_le(n, (size_t)f.limit);
        for (size_t i = 0; i < n; i++)
            buf_addf(&ids, "%s ", list[i].message.id);
        count += n;
    } while (f.before_id != NULL);
    result = arena_printf(&mem, "%zu %s", count,
                          tables_ask(db, "SELECT md5('%s')", buf_str(&ids)));
    buf_free(&ids);
    return result;
}

/* The same from the truth, where each message has one recipient. */
static const char *expected(struct db *db, const struct messages_filter *f)
{
    const char *where = "true";

    if (f->user_id != NULL)
        where = arena_printf(&mem, "%s AND user_id = '%s'", where, f->user_id);
    if (f->by_status)
        where = arena_printf(&mem, "%s AND shown = '%s'", where, message_state_name(f->status));
    if (f->by_platform)
        where = arena_printf(&mem, "%s AND platform = '%s'", where, platform_name(f->platform));
    if (f->recipient != NULL)
        where = arena_printf(&mem, "%s AND recipient = '%s'", where, f->recipient);
    if (f->created_after_ms >= 0)
        where = arena_printf(&mem, "%s AND at > to_timestamp(%lld / 1000.0)", where,
                             (long long)f->created_after_ms);
    if (f->created_before_ms >= 0)
        where = arena_printf(&mem, "%s AND at < to_timestamp(%lld / 1000.0)", where,
                             (long long)f->created_before_ms);
    if (f->before_id != NULL)
        where = arena_printf(&mem, "%s AND id < '%s'", where, f->before_id);
    return tables_ask(db, "SELECT count(*) || ' ' || md5(coalesce(string_agg(id || ' ', '' ORDER BY id DESC), ''))"
                          " FROM truth WHERE %s", where);
}

START_TEST(pages_show_each_message_once_however_far_they_have_to_look)
{
    struct db *db = many_messages("walks");

    for (size_t v = 0; v < VARIANTS; v++) {
        struct messages_filter f = variant(v);

        /* Long walks that do not have to look far are one like the other. */
        if (v > 0 && f.recipient == NULL && (!f.by_status || f.status == MS_COMPLETED))
            continue;
        ck_assert_msg(strcmp(walk(db, f), expected(db, &f)) == 0, "%s: %s, not %s", name_of(&f), walk(db, f),
                      expected(db, &f));
    }
    db_free(db);
}
END_TEST

/* Whichever the last message is that a page looks at: one that fits, or another. */
START_TEST(a_look_may_end_anywhere)
{
    struct db *db = many_messages("ends");
    struct messages_filter f = { .recipient = POPULAR, .by_status = true, .status = MS_SCHEDULED,
                                 .created_after_ms = -1, .created_before_ms = -1 };

    for (int i = 0; i < 10; i++) { /* each tenth is to that number, and each tenth of those fits */
        f.before_id = id_of(db, MESSAGES - 10 * i);
        ck_assert_str_eq(walk(db, f), expected(db, &f));
    }
    db_free(db);
}
END_TEST

/* Two rows of a message are found by one address where it is on two platforms. */
START_TEST(a_message_to_one_address_on_two_platforms_is_listed_once)
{
    struct db *db = tables_open(&cluster, "twice");
    struct messages_filter f = { .recipient = "+15550000000", .created_after_ms = -1, .created_before_ms = -1 };
    struct listed_message *list;
    const char *ids[3];
    size_t n;

    for (int i = 0; i < 3; i++) {
        struct message_draft *d = tables_draft(2);

        d->recipients[1] = d->recipients[0];
        d->recipients[1].platform = PF_WHATSAPP;
        OK(messages_insert(db, (const struct message_draft *[]){ d }, 1, &err));
        ids[2 - i] = d->id;
    }
    for (int limit = 1; limit <= 4; limit++) {
        size_t seen = 0;

        f.limit = limit;
        f.before_id = NULL;
        do {
            OK(messages_list(db, &f, &mem, &list, &n, &f.before_id, &err));
            for (size_t i = 0; i < n; i++)
                ck_assert_str_eq(list[i].message.id, ids[seen++]);
        } while (f.before_id != NULL);
        ck_assert_uint_eq(seen, 3);
    }
    db_free(db);
}
END_TEST

PG_SUITE("lists", no_page_reads_or_sorts_a_whole_table_with_the_plan_for_its_own_values,
         no_page_reads_or_sorts_a_whole_table_with_the_plan_for_any_values,
         no_page_reads_or_sorts_a_whole_table_that_is_one_users,
         pages_show_each_message_once_however_far_they_have_to_look, a_look_may_end_anywhere,
         a_message_to_one_address_on_two_platforms_is_listed_once)
