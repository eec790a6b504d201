/* notifyctl as a program: what it does, what it prints, how it ends. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/db/api_keys.h"
#include "common/db/users.h"
#include "tests/integration/pg_suite.h"
#include "tests/integration/program.h"

static struct arena mem;
static struct config_database database;
static const char *environment[4];

#define RUN(...) program_run("notifyctl", (const char *const[]){ __VA_ARGS__, NULL }, environment)

#define ck_status(o, expected) \
    ck_assert_msg((o).status == (expected), "status %d: %s", (o).status, buf_str(&(o).err))

/* From here on the program works on an empty database of this name; no file is read. */
static void use_database(const char *name)
{
    const char *dir = getenv("NOTIFY_SQL_DIR"), *top = getenv("top_srcdir");
    char *sql = realpath(dir ? dir : arena_printf(&mem, "%s/sql", top ? top : "."), NULL);

    ck_assert_ptr_nonnull(sql);
    database = pg_database(&cluster, name);
    environment[0] = arena_printf(&mem, "NOTIFY_SQL_DIR=%s", sql);
    environment[1] = arena_printf(&mem, "NOTIFY_DATABASE_URL=postgresql:///%s?host=%s&user=%s",
                                  name, database.host, database.user);
    environment[2] = NULL;
    free(sql);
}

static void use_migrated_database(const char *name)
{
    struct outcome o;

    use_database(name);
    o = RUN("-c", "", "migrate", "up");
    ck_status(o, 0);
    outcome_free(&o);
}

/* stdout of a successful call, as a document; the caller's SCOPED handle releases it. */
static json_t *document(struct outcome o)
{
    struct error err;
    json_t *doc;

    ck_status(o, 0);
    ck_assert_uint_eq(o.err.len, 0);
    ck_assert_int_eq(o.out.data[o.out.len - 1], '\n');
    doc = json_read(o.out.data, o.out.len, &err);
    ck_assert_msg(doc != NULL, "%s", buf_str(&o.out));
    outcome_free(&o);
    return doc;
}

static const char *text(const json_t *object, const char *name)
{
    const char *value = json_string_value(json_object_get(object, name));

    ck_assert_msg(value != NULL, "%s is no text", name);
    return value;
}

/* The members of an object, in any order, and no others. */
static void has_members(const json_t *object, const char *const names[])
{
    size_t n = 0;

    for (; names[n] != NULL; n++)
        ck_assert_msg(json_object_get(object, names[n]) != NULL, "%s is missing", names[n]);
    ck_assert_uint_eq(json_object_size(object), n);
}
#define HAS(object, ...) has_members(object, (const char *const[]){ __VA_ARGS__, NULL })

static size_t count_users(void)
{
    struct db *db = db_new(&database, &(struct db_options){ .application = "test" });
    struct user *users;
    size_t count = 0;

    ck_assert_int_eq(users_list(db, &mem, &users, &count, NULL), ST_OK);
    db_free(db);
    return count;
}

/* ---- usage ---- */

static const char *const wrong_lines[][6] = {
    { "user", "add" },
    { "user", "add", "not-an-address" },
    { "user", "add", "ada@example.com", "bob@example.com" },
    { "user", "add", "ada@example.com", "--role", "owner" },
    { "user", "add", "ada@example.com", "--tier", "golden" },
    { "user", "add", "ada@example.com", "--bogus" },
    { "user", "add", "ada@example.com", "--role" },
    { "user", "frobnicate", "ada@example.com" },
    { "user" },
    { "seeds" },
    { "init", "everything" },
    { "init", "--user", "ada" },
    { "init", "--tier", "golden" },
    { "init", "--rabbitmq-port", "0" },
    { "init", "--database-admin", "db.example.com" },
    { "seed", "twice" },
    { "migrate", "down", "0" },
    { "migrate", "down", "all" },
    { "migrate", "up", "--wait", "soon" },
    { "key", "create" },
    { "key", "revoke", "nsk_short" },
    { "queue" },
    { "queue", "status", "sms" },
    { "queue", "status", "--interval", "soon" },
    { "dead" },
    { "doctor", "redis" },
    { "doctor", "--all" },
    { "tail", "sms" },
    { "tail", "--status", "lost" },
    { "tail", "--since", "yesterday" },
    { "tail", "--count", "0" },
    { "completion" },
    { "completion", "fish" },
    { "dead", "list", "all" },
    { "dead", "list", "--limit", "none" },
    { "dead", "show" },
    { "dead", "show", "everything" },
    { "dead", "show", "1", "2" },
    { "dead", "replay" },
    { "dead", "replay", "--queue" },
    { "dead", "replay", "everything" },
    { "dead", "replay", "--all", "--code", "1" },
    { "dead", "purge", "--yes" },
    { "dead", "purge", "--all" },
    { "dead", "purge", "--all", "--since", "--yes" },
    { "audit", "everything" },
    { "audit", "--since", "yesterday" },
    { "audit", "--grace", "10" },
    { "audit", "--limit", "1001" },
    { "prune" },
    { "prune", "--yes" },
    { "prune", "--older-than", "90d" },
    { "prune", "--older-than", "90d", "--yes", "--dry-run" },
    { "prune", "--older-than", "23h", "--yes" },
    { "prune", "--older-than", "90", "--yes" },
    { "prune", "--older-than", "9d", "--batch=0", "--yes" },
    { "prune", "--older-than", "9d", "--pause=long", "--yes" },
    { "prune", "90d", "--yes" },
    { "user", "erase", "--yes" },
    { "user", "erase", "ada@example.com" },
    { "user", "erase", "ada@example.com", "--yes", "--dry-run" },
    { "user", "erase", "ada", "--yes" },
    { "user", "erase", "+1 555", "--yes" },
    { "user", "erase", "ada@example.com", "--platform=sms", "--yes" },
    { "user", "erase", "-", "--platform=fax", "--yes" },
    { "user", "erase", "ada@example.com", "bob@example.com", "--yes" },
};

START_TEST(wrong_usage_exits_with_2_and_does_nothing)
{
    use_migrated_database("wrong");
    for (size_t i = 0; i < sizeof wrong_lines / sizeof *wrong_lines; i++) {
        const char *words[9] = { "-c", "" };
        struct outcome o;

        memcpy(words + 2, wrong_lines[i], sizeof wrong_lines[i]);
        o = program_run("notifyctl", words, environment);
        ck_assert_msg(o.status == 2, "row %zu: status %d", i, o.status);
        ck_assert_uint_eq(o.out.len, 0);
        ck_assert_int_eq(strncmp(buf_str(&o.err), "notifyctl: ", 11), 0);
        ck_assert_msg(strstr(buf_str(&o.err), "\nusage: notifyctl") != NULL, "row %zu", i);
        outcome_free(&o);
    }
    ck_assert_uint_eq(count_users(), 0);
}
END_TEST

START_TEST(wrong_usage_is_a_document_where_json_was_asked_for)
{
    struct error err;
    struct outcome o = RUN("user", "add", "--bogus", "--json");
    SCOPED(json_t) doc = json_read(buf_str(&o.err), o.err.len, &err);

    ck_status(o, 2);
    ck_assert_ptr_nonnull(doc);
    HAS(doc, "error");
    HAS(json_object_get(doc, "error"), "code", "message");
    ck_assert_str_eq(text(json_object_get(doc, "error"), "code"), "usage");
    outcome_free(&o);
}
END_TEST

START_TEST(help_and_version_need_no_configuration)
{
    struct outcome o = RUN("--version");

    ck_status(o, 0);
    ck_assert_str_eq(buf_str(&o.out), "notifyctl " PACKAGE_VERSION "\n");
    outcome_free(&o);
    o = RUN("--help");
    ck_status(o, 0);
    ck_assert_ptr_nonnull(strstr(buf_str(&o.out), "key create EMAIL"));
    outcome_free(&o);
    o = RUN("user", "--help");
    ck_status(o, 0);
    ck_assert_ptr_nonnull(strstr(buf_str(&o.out), "--role user|admin"));
    ck_assert_ptr_null(strstr(buf_str(&o.out), "key create"));
    outcome_free(&o);
}
END_TEST

/* ---- configuration ---- */

static const char *write_file(const char *name, const char *content)
{
    const char *path = arena_printf(&mem, "%s/%s", cluster.dir, name);
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    fputs(content, file);
    ck_assert_int_eq(fclose(file), 0);
    return path;
}

START_TEST(all_faults_of_the_configuration_are_shown)
{
    const char *path = write_file("faulty.conf", "[server]\nthreads = many\n[worker]\nbogus = 1\n"
                                                 "[database]\npool_size = -5\n");
    static const char *const expected[] = { "threads", "bogus", "pool_size" };

    for (int check = 0; check < 2; check++) {
        struct outcome o =
            check ? RUN("--check-config", "-c", path) : RUN("user", "list", "-c", path);

        ck_status(o, 2);
        ck_assert_uint_eq(o.out.len, 0);
        for (size_t i = 0; i < 3; i++) {
            const char *at = strstr(buf_str(&o.err), expected[i]);

            ck_assert_msg(at != NULL, "%s is not named: %s", expected[i], buf_str(&o.err));
        }
        ck_assert_ptr_nonnull(strstr(buf_str(&o.err), "faulty.conf"));
        outcome_free(&o);
    }
}
END_TEST

START_TEST(a_right_configuration_is_called_ok)
{
    const char *path = write_file("right.conf", "[database]\nhost = localhost\n");
    struct outcome o = RUN("--check-config", "--config", path);

    ck_status(o, 0);
    ck_assert_str_eq(buf_str(&o.out), arena_printf(&mem, "%s: ok\n", path));
    outcome_free(&o);
    o = RUN("--check-config", "-c", "/nonexistent/file.conf");
    ck_status(o, 2);
    outcome_free(&o);
}
END_TEST

/* Whether or not there is an installed file, this one is not what was read. */
START_TEST(the_environment_does_not_choose_the_file)
{
    const char *path = write_file("chosen.conf", "[database]\nhost = localhost\n");
    struct outcome o;

    environment[0] = arena_printf(&mem, "NOTIFY_CONFIG=%s", path);
    environment[1] = NULL;
    o = RUN("--check-config");
    ck_assert_ptr_null(strstr(buf_str(&o.out), "chosen.conf"));
    ck_assert_ptr_null(strstr(buf_str(&o.err), "chosen.conf"));
    ck_assert_uint_gt(o.out.len + o.err.len, 0);
    outcome_free(&o);
}
END_TEST

/* ---- the database ---- */

START_TEST(a_database_that_is_away_is_named_without_its_password)
{
    struct outcome o;

    environment[0] = "NOTIFY_DATABASE_URL=postgresql://ada:hunter2@127.0.0.1:1/x";
    environment[1] = NULL;
    o = RUN("user", "list", "-c", "");
    ck_status(o, 1);
    ck_assert_uint_eq(o.out.len, 0);
    ck_assert_ptr_nonnull(strstr(buf_str(&o.err), "127.0.0.1:1"));
    ck_assert_ptr_null(strstr(buf_str(&o.err), "hunter2"));
    ck_assert_ptr_eq(strchr(buf_str(&o.err), '\n'), o.err.data + o.err.len - 1); /* one line */
    outcome_free(&o);
}
END_TEST

START_TEST(migrate_up_waits_as_long_as_it_was_told)
{
    int64_t start = clock_mono_ms();
    struct outcome o;

    environment[0] = "NOTIFY_DATABASE_URL=postgresql://127.0.0.1:1/x";
    environment[1] = NULL;
    o = RUN("-c", "", "migrate", "up", "--wait", "1");
    ck_status(o, 1);
    ck_assert_int_ge(clock_mono_ms() - start, 1000);
    ck_assert_int_le(clock_mono_ms() - start, 10000);
    outcome_free(&o);
}
END_TEST

/* The way to the socket is a link that is not there at first. */
START_TEST(migrate_up_succeeds_once_the_database_comes)
{
    const char *way = arena_printf(&mem, "%s/late", cluster.dir);
    struct outcome o;
    pid_t opener;

    use_database("late");
    environment[1] = arena_printf(&mem, "NOTIFY_DATABASE_URL=postgresql:///late?host=%s&user=%s",
                                  way, database.user);
    opener = fork();
    ck_assert_int_ge(opener, 0);
    if (opener == 0) {
        clock_sleep_ms(500);
        _exit(symlink(cluster.dir, way) != 0);
    }
    o = RUN("-c", "", "migrate", "up", "--wait", "20");
    ck_status(o, 0);
    outcome_free(&o);
}
END_TEST

START_TEST(missing_tables_are_told_with_what_makes_them)
{
    struct outcome o;

    use_database("tableless");
    o = RUN("-c", "", "user", "list");
    ck_status(o, 1);
    ck_assert_ptr_nonnull(strstr(buf_str(&o.err), "migrate up"));
    outcome_free(&o);
}
END_TEST

START_TEST(migrate_prints_a_line_a_step_and_then_that_nothing_is_left)
{
    struct outcome o;

    use_database("lines");
    o = RUN("-c", "", "migrate", "up");
    ck_status(o, 0);
    ck_assert_ptr_eq(strstr(buf_str(&o.out), "applied 0001_users\napplied 0002_api_keys\n"),
                     o.out.data);
    outcome_free(&o);
    o = RUN("-c", "", "migrate", "up");
    ck_assert_ptr_nonnull(strstr(buf_str(&o.out), "nothing to do"));
    outcome_free(&o);
    o = RUN("-c", "", "migrate", "down");
    ck_status(o, 0);
    ck_assert_int_eq(strncmp(buf_str(&o.out), "took back ", 10), 0);
    ck_assert_ptr_eq(strchr(buf_str(&o.out), '\n'), o.out.data + o.out.len - 1);
    outcome_free(&o);
    o = RUN("-c", "", "migrate", "status");
    ck_status(o, 0);
    ck_assert_ptr_nonnull(strstr(buf_str(&o.out), "1 pending"));
    outcome_free(&o);
}
END_TEST

/* ---- documents ---- */

START_TEST(migrate_answers_documents)
{
    size_t all;

    use_database("documents");
    SCOPED(json_t) fresh = document(RUN("-c", "", "--json", "migrate", "status"));
    HAS(fresh, "data", "pending");
    all = json_array_size(json_object_get(fresh, "data"));
    ck_assert_int_eq(json_integer_value(json_object_get(fresh, "pending")), (int)all);
    HAS(json_array_get(json_object_get(fresh, "data"), 0), "version", "name", "applied_at");

    SCOPED(json_t) up = document(RUN("-c", "", "migrate", "up", "--json"));
    HAS(up, "applied");
    ck_assert_uint_eq(json_array_size(json_object_get(up, "applied")), all);
    HAS(json_array_get(json_object_get(up, "applied"), 0), "version", "name");

    SCOPED(json_t) again = document(RUN("-c", "", "migrate", "up", "--json"));
    ck_assert_uint_eq(json_array_size(json_object_get(again, "applied")), 0);

    SCOPED(json_t) down = document(RUN("-c", "", "migrate", "--json", "down", "2"));
    HAS(down, "taken_back");
    ck_assert_uint_eq(json_array_size(json_object_get(down, "taken_back")), 2);

    SCOPED(json_t) status = document(RUN("-c", "", "migrate", "status", "--json"));
    ck_assert_int_eq(json_integer_value(json_object_get(status, "pending")), 2);
    text(json_array_get(json_object_get(status, "data"), 0), "applied_at");
}
END_TEST

START_TEST(a_second_seed_makes_no_second_key)
{
    const json_t *user;
    struct outcome o;

    use_migrated_database("seeded");
    SCOPED(json_t) first = document(RUN("-c", "", "seed", "--json"));
    HAS(first, "user", "key");
    user = json_object_get(first, "user");
    HAS(user, "id", "email", "role", "tier");
    ck_assert_str_eq(text(user, "email"), "demo@example.com");
    ck_assert_str_eq(text(user, "tier"), "premium");
    ck_assert(api_key_is_shaped(text(first, "key")));

    SCOPED(json_t) second = document(RUN("-c", "", "seed", "--json"));
    ck_assert(json_is_null(json_object_get(second, "key")));
    ck_assert_str_eq(text(json_object_get(second, "user"), "id"), text(user, "id"));

    o = RUN("-c", "", "seed");
    ck_status(o, 0);
    ck_assert_ptr_nonnull(strstr(buf_str(&o.out), "exists"));
    outcome_free(&o);
    SCOPED(json_t) keys = document(RUN("-c", "", "key", "list", "--json"));
    ck_assert_uint_eq(json_array_size(json_object_get(keys, "data")), 1);
}
END_TEST

START_TEST(users_are_added_listed_disabled_and_enabled)
{
    struct outcome o;

    use_migrated_database("users");
    SCOPED(json_t) added = document(RUN("-c", "", "user", "add", "ada@example.com", "--role",
                                        "admin", "--tier=basic", "--json"));
    HAS(added, "id", "email", "role", "tier", "active");
    ck_assert_str_eq(text(added, "role"), "admin");
    ck_assert_str_eq(text(added, "tier"), "basic");
    ck_assert(json_is_true(json_object_get(added, "active")));

    o = RUN("-c", "", "user", "add", "ADA@example.com", "--json");
    ck_status(o, 1);
    ck_assert_ptr_nonnull(strstr(buf_str(&o.err), "\"code\":\"conflict\""));
    outcome_free(&o);

    SCOPED(json_t) off = document(RUN("-c", "", "user", "disable", "ada@example.com", "--json"));
    ck_assert(json_is_false(json_object_get(off, "active")));
    SCOPED(json_t) list = document(RUN("-c", "", "--json", "user", "list"));
    HAS(list, "data");
    ck_assert_uint_eq(json_array_size(json_object_get(list, "data")), 1);
    ck_assert(json_is_false(json_object_get(json_array_get(json_object_get(list, "data"), 0),
                                            "active")));
    SCOPED(json_t) on = document(RUN("-c", "", "user", "enable", "ada@example.com", "--json"));
    ck_assert(json_is_true(json_object_get(on, "active")));

    o = RUN("-c", "", "user", "disable", "nobody@example.com");
    ck_status(o, 1);
    outcome_free(&o);
    o = RUN("-c", "", "user", "list");
    ck_status(o, 0);
    ck_assert_int_eq(strncmp(buf_str(&o.out), "EMAIL ", 6), 0);
    ck_assert_ptr_nonnull(strstr(buf_str(&o.out), "\nada@example.com  admin  basic  yes"));
    outcome_free(&o);
}
END_TEST

START_TEST(keys_are_created_listed_and_revoked)
{
    const json_t *row;
    struct outcome o;

    use_migrated_database("keys");
    json_decref(document(RUN("-c", "", "--json", "user", "add", "ada@example.com")));
    SCOPED(json_t) made = document(RUN("-c", "", "key", "create", "ada@example.com", "--json"));
    HAS(made, "id", "email", "key", "hint");
    ck_assert(api_key_is_shaped(text(made, "key")));
    ck_assert_int_eq(strncmp(text(made, "key"), text(made, "hint"), 8), 0);
    SCOPED(json_t) other = document(RUN("-c", "", "key", "create", "ada@example.com", "--json"));

    json_decref(document(RUN("-c", "", "--json", "key", "revoke", text(made, "id"))));
    SCOPED(json_t) list = document(RUN("-c", "", "--json", "key", "list", "ada@example.com"));
    ck_assert_uint_eq(json_array_size(json_object_get(list, "data")), 2);
    row = json_array_get(json_object_get(list, "data"), 0);
    HAS(row, "id", "email", "hint", "created_at", "revoked_at");
    ck_assert_str_eq(text(row, "id"), text(made, "id"));
    text(row, "revoked_at");
    row = json_array_get(json_object_get(list, "data"), 1);
    ck_assert(json_is_null(json_object_get(row, "revoked_at")));

    o = RUN("-c", "", "key", "revoke", text(other, "key"));
    ck_status(o, 0);
    ck_assert_ptr_null(strstr(buf_str(&o.out), text(other, "key")));
    outcome_free(&o);
    o = RUN("-c", "", "key", "revoke", "01890a5d-ac96-774b-bcce-b302099a8057");
    ck_status(o, 1);
    outcome_free(&o);
    o = RUN("-c", "", "key", "list", "nobody@example.com");
    ck_status(o, 1);
    outcome_free(&o);
    o = RUN("-c", "", "key", "create", "nobody@example.com");
    ck_status(o, 1);
    outcome_free(&o);
}
END_TEST

PG_SUITE("notifyctl", wrong_usage_exits_with_2_and_does_nothing,
         wrong_usage_is_a_document_where_json_was_asked_for, help_and_version_need_no_configuration,
         all_faults_of_the_configuration_are_shown, a_right_configuration_is_called_ok,
         the_environment_does_not_choose_the_file,
         a_database_that_is_away_is_named_without_its_password,
         migrate_up_waits_as_long_as_it_was_told, migrate_up_succeeds_once_the_database_comes,
         missing_tables_are_told_with_what_makes_them,
         migrate_prints_a_line_a_step_and_then_that_nothing_is_left, migrate_answers_documents,
         a_second_seed_makes_no_second_key, users_are_added_listed_disabled_and_enabled,
         keys_are_created_listed_and_revoked)
