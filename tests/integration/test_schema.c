/* The migrations, and what the schema module promises of them. */
#include "common/db/schema.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "tests/integration/pg_suite.h"

static struct arena mem;
static struct error err;

#define FAILED 100 /* an exit status */
#define OK(call) ck_assert_msg((call) == ST_OK, "%s: %s", #call, err.text)

static const char *sql_folder(void)
{
    const char *dir = getenv("NOTIFY_SQL_DIR"), *top = getenv("top_srcdir");

    return dir ? dir : arena_printf(&mem, "%s/sql", top ? top : ".");
}

static struct db *open_database(const char *name)
{
    struct config_database *config = ARENA_NEW(&mem, struct config_database);

    *config = pg_database(&cluster, name);
    return db_new(config, &(struct db_options){ .application = "test" });
}

/* ---- folders made for a test ---- */

static const char *new_folder(void)
{
    char *dir = arena_printf(&mem, "%s/sql-XXXXXX", cluster.dir); /* goes with the cluster */

    ck_assert_ptr_nonnull(mkdtemp(dir));
    return dir;
}

static void add_file(const char *dir, const char *name, const char *text)
{
    FILE *file = fopen(arena_printf(&mem, "%s/%s", dir, name), "w");

    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
}

static void add_link(const char *dir, const char *path)
{
    const char *real = realpath(path, NULL);

    ck_assert_ptr_nonnull(real);
    ck_assert_int_eq(symlink(real, arena_printf(&mem, "%s%s", dir, strrchr(real, '/'))), 0);
    free((char *)real);
}

/* ---- what a database holds ---- */

/*
 * Everything of the schema that a migration can make, as sorted lines.  A column's place is counted
 * among those that are left: one that was dropped keeps its number for ever.
 */
static const struct statement catalogue = {
    "test_catalogue",
    "SELECT string_agg(line, E'\\n' ORDER BY line COLLATE \"C\") FROM ("
    " SELECT format('%s %s %s %s', c.relkind, c.relname, c.reloptions, pg_get_viewdef(c.oid))"
    "  AS line"
    "  FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind <> 'i'"
    /* Its place among the living ones: a dropped column leaves a gap in attnum. */
    " UNION ALL SELECT format('column %s %s.%s %s %s %s %s %s',"
    "   row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum), c.relname, a.attname,"
    "   format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attstorage,"
    "   pg_get_expr(d.adbin, d.adrelid))"
    "  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
    "  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum"
    "  WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0"
    "  AND NOT a.attisdropped"
    " UNION ALL SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public'"
    " UNION ALL SELECT format('constraint %s %s %s', conrelid::regclass, conname,"
    "   pg_get_constraintdef(oid)) FROM pg_constraint"
    "  WHERE connamespace = 'public'::regnamespace"
    " UNION ALL SELECT format('type %s %s %s', t.typname, t.typtype,"
    "   array(SELECT enumlabel FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY enumsortorder))"
    "  FROM pg_type t WHERE t.typnamespace = 'public'::regnamespace"
    " UNION ALL SELECT 'function ' || pg_get_functiondef(oid) FROM pg_proc"
    "  WHERE pronamespace = 'public'::regnamespace AND prokind IN ('f', 'p')"
    " UNION ALL SELECT 'trigger ' || pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal"
    " UNION ALL SELECT 'extension ' || extname FROM pg_extension"
    " UNION ALL SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname !~ '^pg_'"
    ") lines", 0
};

static const char *read_catalogue(struct db *db)
{
    struct rows rows;

    OK(db_query(db, &catalogue, NULL, &mem, &rows, &err));
    return row_text(&rows, 0, 0);
}

static size_t count_applied(struct db *db, const char *dir, size_t *all)
{
    struct migration *list;
    size_t count, applied = 0;

    OK(schema_status(db, dir, &mem, &list, &count, &err));
    for (size_t i = 0; i < count; i++)
        applied += list[i].applied_at != NULL;
    if (all != NULL)
        *all = count;
    return applied;
}

static void count_step(void *arg, const struct migration *m, bool up)
{
    ++*(int *)arg;
}

/* ---- tests ---- */

/* Each step alone: a folder that grows by one migration at a time. */
START_TEST(every_migration_goes_up_and_down_and_up_again)
{
    struct db *db = open_database("steps");
    const char *dir = new_folder();
    struct migration *all;
    size_t count;

    OK(schema_status(db, sql_folder(), &mem, &all, &count, &err));
    ck_assert_uint_ge(count, 7);
    for (size_t i = 0; i < count; i++) {
        const char *before = read_catalogue(db), *after;
        int steps = 0;

        add_link(dir, all[i].up_path);
        add_link(dir, all[i].down_path);
        OK(schema_up(db, dir, &mem, count_step, &steps, &err));
        ck_assert_int_eq(steps, 1);
        after = read_catalogue(db);
        ck_assert_str_ne(before, after);
        OK(schema_down(db, dir, 1, &mem, NULL, NULL, &err));
        ck_assert_msg(strcmp(read_catalogue(db), before) == 0, "%s is not undone", all[i].up_path);
        OK(schema_up(db, dir, &mem, NULL, NULL, &err));
        ck_assert_msg(strcmp(read_catalogue(db), after) == 0, "%s differs again", all[i].up_path);
    }
    db_free(db);
}
END_TEST

START_TEST(going_down_takes_the_steps_asked_for_and_all_leave_nothing)
{
    struct db *db = open_database("down");
    const char *fresh;
    size_t all;
    int steps = 0;

    count_applied(db, sql_folder(), NULL); /* makes schema_migrations */
    fresh = read_catalogue(db);
    OK(schema_up(db, sql_folder(), &mem, NULL, NULL, &err));
    OK(schema_down(db, sql_folder(), 2, &mem, count_step, &steps, &err));
    ck_assert_int_eq(steps, 2);
    ck_assert_uint_eq(count_applied(db, sql_folder(), &all), all - 2);
    OK(schema_down(db, sql_folder(), -1, &mem, NULL, NULL, &err));
    ck_assert_uint_eq(count_applied(db, sql_folder(), NULL), 0);
    ck_assert_str_eq(read_catalogue(db), fresh);
    db_free(db);
}
END_TEST

/* Children that begin at the same moment: each waits for the end of a pipe that all share. */
enum { AT_ONCE = 6 };
static void run_at_once(const struct config_database *config,
                        int (*body)(struct db *db), int results[AT_ONCE])
{
    pid_t pids[AT_ONCE];
    int gate[2], status;
    char byte;

    ck_assert_int_eq(pipe(gate), 0);
    for (int i = 0; i < AT_ONCE; i++) {
        pids[i] = fork();
        ck_assert_int_ge(pids[i], 0);
        if (pids[i] == 0) {
            struct db *db = db_new(config, &(struct db_options){ .application = "test" });

            close(gate[1]);
            if (db_connect(db, &err) != ST_OK || read(gate[0], &byte, 1) != 0)
                _exit(FAILED);
            _exit(body(db));
        }
    }
    clock_sleep_ms(300); /* all are connected by then, as a rule */
    close(gate[1]);
    for (int i = 0; i < AT_ONCE; i++) {
        ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
        ck_assert(WIFEXITED(status));
        results[i] = WEXITSTATUS(status);
    }
    close(gate[0]);
}

static int told(enum status s, int result)
{
    if (s != ST_OK)
        fprintf(stderr, "%s\n", err.text);
    return s == ST_OK ? result : FAILED;
}

static int migrate(struct db *db)
{
    int steps = 0;
    enum status s = schema_up(db, sql_folder(), &mem, count_step, &steps, &err);

    return told(s, steps);
}

static int ask(struct db *db)
{
    struct migration *list;
    size_t count;

    return told(schema_status(db, sql_folder(), &mem, &list, &count, &err), 0);
}

START_TEST(two_migrators_at_once_apply_each_step_once)
{
    struct config_database config = pg_database(&cluster, "both");
    struct db *db = db_new(&config, &(struct db_options){ .application = "test" });
    int steps[AT_ONCE], sum = 0;
    size_t all;

    run_at_once(&config, migrate, steps);
    for (int i = 0; i < AT_ONCE; i++) {
        ck_assert_int_ne(steps[i], FAILED);
        sum += steps[i];
    }
    ck_assert_uint_eq(count_applied(db, sql_folder(), &all), all);
    ck_assert_int_eq(sum, (int)all);
    db_free(db);
}
END_TEST

START_TEST(the_first_status_may_be_asked_by_several_at_once)
{
    struct config_database config = pg_database(&cluster, "asked");
    int results[AT_ONCE];

    run_at_once(&config, ask, results);
    for (int i = 0; i < AT_ONCE; i++)
        ck_assert_int_eq(results[i], 0);
}
END_TEST

START_TEST(status_answers_before_anything_is_applied)
{
    struct db *db = open_database("fresh");
    struct migration *list;
    size_t count;

    OK(schema_status(db, sql_folder(), &mem, &list, &count, &err));
    ck_assert_int_eq(list[0].version, 1);
    ck_assert_str_eq(list[0].name, "users");
    ck_assert_ptr_null(list[0].applied_at);
    OK(schema_up(db, sql_folder(), &mem, NULL, NULL, &err));
    OK(schema_status(db, sql_folder(), &mem, &list, &count, &err));
    ck_assert_ptr_nonnull(list[count - 1].applied_at);
    ck_assert_uint_eq(strlen(list[0].applied_at), strlen("2026-12-01T09:00:00.000Z"));
    db_free(db);
}
END_TEST

START_TEST(a_failing_migration_leaves_nothing_of_itself)
{
    struct db *db = open_database("failing");
    const char *dir = new_folder(), *before;

    add_file(dir, "0001_a.up.sql", "CREATE TABLE a (n int); INSERT INTO a VALUES (1);");
    add_file(dir, "0001_a.down.sql", "DROP TABLE a;");
    OK(schema_up(db, dir, &mem, NULL, NULL, &err));
    before = read_catalogue(db);
    add_file(dir, "0002_b.up.sql", "CREATE TABLE b (n int); SELECT 1 / 0; CREATE TABLE c (n int);");
    add_file(dir, "0002_b.down.sql", "DROP TABLE b;");
    ck_assert_int_ne(schema_up(db, dir, &mem, NULL, NULL, &err), ST_OK);
    ck_assert_ptr_nonnull(strstr(err.text, "0002_b"));
    ck_assert_str_eq(read_catalogue(db), before);
    ck_assert_uint_eq(count_applied(db, dir, NULL), 1);

    /* The lock is free again, and the same connection goes on. */
    add_file(dir, "0002_b.up.sql", "CREATE TABLE b (n int);");
    OK(schema_up(db, dir, &mem, NULL, NULL, &err));
    ck_assert_uint_eq(count_applied(db, dir, NULL), 2);
    db_free(db);
}
END_TEST

/* Files as one text, with what the words must name. */
static const struct {
    const char *files[4], *words;
} misfits[] = {
    { { NULL }, "no migrations" },
    { { "0001_a.up.sql" }, "0001_a.down.sql is missing" },
    { { "0001_a.down.sql" }, "0001_a.up.sql is missing" },
    { { "0002_b.up.sql", "0002_b.down.sql" }, "0001 is missing" },
    { { "0001_a.up.sql", "0001_b.down.sql" }, "0001" },
    { { "0001_a.up.sql", "0001_a.down.sql", "0001_b.up.sql", "0001_b.down.sql" }, "0001" },
    { { "1_a.up.sql", "1_a.down.sql" }, "not of the form" },
    { { "0000_a.up.sql", "0000_a.down.sql" }, "not of the form" },
    { { "0001_A.up.sql", "0001_A.down.sql" }, "not of the form" },
    { { "0001_.up.sql", "0001_.down.sql" }, "not of the form" },
    { { "0001_a.sql" }, "not of the form" },
    { { "00011_a.up.sql" }, "not of the form" },
};

START_TEST(a_folder_that_does_not_fit_is_refused)
{
    struct db *db = open_database("misfits");
    struct migration *list;
    size_t count;

    for (size_t i = 0; i < sizeof misfits / sizeof *misfits; i++) {
        const char *dir = new_folder();

        for (size_t f = 0; f < 4 && misfits[i].files[f] != NULL; f++)
            add_file(dir, misfits[i].files[f], "SELECT 1;");
        ck_assert_msg(schema_status(db, dir, &mem, &list, &count, &err) == ST_INVALID, "row %zu",
                      i);
        ck_assert_msg(strstr(err.text, misfits[i].words) != NULL, "row %zu: %s", i, err.text);
    }
    ck_assert_int_eq(schema_status(db, "/nonexistent", &mem, &list, &count, &err), ST_INVALID);
    db_free(db);
}
END_TEST

START_TEST(other_files_in_the_folder_do_not_matter)
{
    struct db *db = open_database("others");
    const char *dir = new_folder();

    add_file(dir, "0001_a.up.sql", "CREATE TABLE a (n int);");
    add_file(dir, "0001_a.down.sql", "DROP TABLE a;");
    add_file(dir, "local.mk", "");
    add_file(dir, "0001_a.up.sql~", "nonsense");
    add_file(dir, ".0001_a.up.sql", "nonsense");
    OK(schema_up(db, dir, &mem, NULL, NULL, &err));
    db_free(db);
}
END_TEST

START_TEST(a_migration_unknown_to_the_folder_stops_everything)
{
    struct db *db = open_database("unknown");
    const char *dir = new_folder(), *older = new_folder();
    struct migration *list;
    size_t count;

    add_file(dir, "0001_a.up.sql", "CREATE TABLE a (n int);");
    add_file(dir, "0001_a.down.sql", "DROP TABLE a;");
    add_file(dir, "0002_b.up.sql", "CREATE TABLE b (n int);");
    add_file(dir, "0002_b.down.sql", "DROP TABLE b;");
    OK(schema_up(db, dir, &mem, NULL, NULL, &err));
    add_file(older, "0001_a.up.sql", "CREATE TABLE a (n int);");
    add_file(older, "0001_a.down.sql", "DROP TABLE a;");
    ck_assert_int_eq(schema_status(db, older, &mem, &list, &count, &err), ST_INVALID);
    ck_assert_ptr_nonnull(strstr(err.text, "0002_b"));
    ck_assert_int_eq(schema_down(db, older, 1, &mem, NULL, NULL, &err), ST_INVALID);
    ck_assert_uint_eq(count_applied(db, dir, NULL), 2);
    db_free(db);
}
END_TEST

static void add_long_file(const char *dir, const char *name, size_t bytes)
{
    char *text = malloc(bytes + 1);

    ck_assert_ptr_nonnull(text);
    memset(text, ' ', bytes);
    memcpy(text, "SELECT 1;", 9);
    text[bytes] = '\0';
    add_file(dir, name, text);
    free(text);
}

START_TEST(a_migration_is_read_up_to_a_ceiling)
{
    struct db *db = open_database("ceiling");
    const char *dir = new_folder();

    add_long_file(dir, "0001_a.up.sql", (1u << 20) + 1);
    add_file(dir, "0001_a.down.sql", "SELECT 1;");
    ck_assert_int_eq(schema_up(db, dir, &mem, NULL, NULL, &err), ST_INVALID);
    ck_assert_ptr_nonnull(strstr(err.text, "longer"));
    ck_assert_uint_eq(count_applied(db, dir, NULL), 0);
    add_long_file(dir, "0001_a.up.sql", 1u << 20);
    OK(schema_up(db, dir, &mem, NULL, NULL, &err));
    db_free(db);
}
END_TEST

PG_SUITE("schema", every_migration_goes_up_and_down_and_up_again,
         going_down_takes_the_steps_asked_for_and_all_leave_nothing,
         two_migrators_at_once_apply_each_step_once,
         the_first_status_may_be_asked_by_several_at_once,
         status_answers_before_anything_is_applied,
         a_failing_migration_leaves_nothing_of_itself, a_folder_that_does_not_fit_is_refused,
         other_files_in_the_folder_do_not_matter,
         a_migration_unknown_to_the_folder_stops_everything, a_migration_is_read_up_to_a_ceiling)
