/* notifyctl init: a Postgres, a RabbitMQ and a folder that know nothing of us, and what comes of them. */
#include <errno.h>
#include <ftw.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/broker/broker.h"
#include "common/db/api_keys.h"
#include "common/db/ground.h"
#include "tests/integration/client.h"
#include "tests/integration/pg.h"
#include "tests/integration/program.h"
#include "tests/integration/stack.h"
#include "tests/integration/witness.h"

#define ACCOUNT "nobody" /* that every system has */
#define DATABASE "notification"
#define EMAIL "admin@notification.internal"

static struct pg cluster;
static char folder[64]; /* configuration, rabbitmq.url, sql, the wrapper of rabbitmqctl */
static struct arena mem;

/* ---- the neighbours ---- */

static void run_plainly(const char *command)
{
    ck_assert_msg(system(command) == 0, "%s", command);
}

/* As a superuser that pg_hba.conf lets in from anywhere; init itself is let in by its account only. */
static struct db *inspector(const char *database)
{
    struct config_database *config = ARENA_NEW(&mem, struct config_database);

    *config = (struct config_database){ .host = cluster.dir, .port = "5432", .name = database,
                                        .user = "inspector", .password = "", .sslmode = "", .url = "" };
    return db_new(config, &(struct db_options){ .application = "test" });
}

static void on_cluster(const char *sql)
{
    struct db *db = inspector("template1");
    struct error err;

    ck_assert_msg(db_script(db, sql, &err) == ST_OK, "%s: %s", sql, err.text);
    db_free(db);
}

static struct ground ground(void)
{
    struct db *db = inspector("template1");
    struct ground g;

    ck_assert_int_eq(ground_look(db, ACCOUNT, DATABASE, &mem, &g, NULL), ST_OK);
    db_free(db);
    return g;
}

/* "ada@example.com 1": each user and how many keys it has, a line each. */
static const char *users(void)
{
    static const struct statement all = {
        "all_users",
        "SELECT string_agg(u.email || ' ' || (SELECT count(*) FROM api_keys k WHERE k.user_id = u.id), E'\\n')"
        " FROM users u", 0
    };
    struct db *db = inspector(DATABASE);
    struct rows rows;

    ck_assert_int_eq(db_query(db, &all, NULL, &mem, &rows, NULL), ST_OK);
    db_free(db);
    return row_text(&rows, 0, 0) != NULL ? row_text(&rows, 0, 0) : "";
}

/* It notes the words it is called with, for all that a user of the machine could see of them. */
static const char *wrapper(void)
{
    return text("%s/rabbitmqctl", folder);
}

static const char *rabbit(const char *words)
{
    const char *file = text("%s/said", folder);

    run_plainly(text("%s %s >%s 2>&1 || :", wrapper(), words, file));
    return witness_read(file);
}

static const char *broker_port(void)
{
    const char *conf = witness_read(stack_file("etc/rabbitmq.conf")), *at = strstr(conf, "127.0.0.1:");

    ck_assert_ptr_nonnull(at);
    at += strlen("127.0.0.1:");
    return text("%.*s", (int)strspn(at, "0123456789"), at);
}

/* ---- the folder ---- */

static const char *in_folder(const char *name)
{
    return text("%s/%s", folder, name);
}

static bool exists(const char *name)
{
    return access(in_folder(name), F_OK) == 0;
}

static void write_file(const char *name, const char *what, mode_t mode)
{
    FILE *f = fopen(in_folder(name), "w");

    ck_assert_ptr_nonnull(f);
    fputs(what, f);
    ck_assert_int_eq(fclose(f), 0);
    ck_assert_int_eq(chmod(in_folder(name), mode), 0);
}

static void configure(const char *rabbitmq)
{
    write_file("test.conf", text("[database]\nhost = %s\nname = " DATABASE "\nuser = " ACCOUNT "\n"
                                 "[redis]\nport = 1\n[rabbitmq]\n%s\n", cluster.dir, rabbitmq), 0644);
}

static void configure_file(void)
{
    configure(text("url_file = %s", in_folder("rabbitmq.url")));
}

/* ---- running it ---- */

#define LINE_MOST 24

static struct outcome init_with(const char *const words[], const char *failpoints)
{
    const char *argv[LINE_MOST] = { "-c", in_folder("test.conf"), "init", "--account", ACCOUNT, "--rabbitmq-port",
                                    broker_port() };
    const char *env[] = { text("NOTIFY_SQL_DIR=%s/sql", folder),
                          failpoints != NULL ? text("NOTIFY_FAILPOINTS=%s", failpoints) : NULL, NULL };
    bool has_tool = false;
    size_t n = 7;

    for (size_t i = 0; words[i] != NULL; i++) {
        has_tool = has_tool || strcmp(words[i], "--rabbitmqctl") == 0;
        argv[n++] = words[i];
    }
    if (!has_tool) {
        argv[n++] = "--rabbitmqctl";
        argv[n++] = wrapper();
    }
    ck_assert_uint_lt(n, LINE_MOST);
    return program_run("notifyctl", argv, env);
}
#define INIT(...) init_with((const char *const[]){ __VA_ARGS__ __VA_OPT__(,) NULL }, NULL)

static json_t *document(struct outcome o, int status)
{
    json_t *doc;

    ck_assert_msg(o.status == status, "status %d: %s%s", o.status, buf_str(&o.out), buf_str(&o.err));
    doc = json_read(buf_str(&o.out), o.out.len, NULL);
    ck_assert_msg(doc != NULL, "%s%s", buf_str(&o.out), buf_str(&o.err));
    return doc;
}

static const json_t *step(const json_t *doc, const char *name)
{
    const json_t *list = at(doc, "steps");

    for (size_t i = 0; i < json_array_size(list); i++) {
        if (strcmp(text_at(json_array_get(list, i), "step"), name) == 0)
            return json_array_get(list, i);
    }
    ck_abort_msg("nothing is told of %s: %s", name, json_dumps(doc, JSON_COMPACT));
    return NULL;
}

static void expect(const json_t *doc, const char *name, const char *state)
{
    ck_assert_msg(strcmp(text_at(step(doc, name), "state"), state) == 0, "%s is not %s: %s", name, state,
                  json_dumps(step(doc, name), JSON_COMPACT));
}

static const char *const made[] = { "role", "database", "vhost", "rabbitmq_user", "permissions", "rabbitmq_url",
                                    "schema", "user" };
#define MADE (sizeof made / sizeof *made)

static void expect_all(const json_t *doc, const char *state)
{
    for (size_t i = 0; i < MADE; i++)
        expect(doc, made[i], state);
}

static void expect_line(const struct outcome *o, const char *words)
{
    ck_assert_msg(strstr(buf_str(&o->out), words) != NULL || strstr(buf_str(&o->err), words) != NULL,
                  "no \"%s\" in:\n%s%s", words, buf_str(&o->out), buf_str(&o->err));
}

/* ---- what there is ---- */

static void from_nothing(void)
{
    ck_assert_int_eq(remove(in_folder("rabbitmq.url")) == 0 || errno == ENOENT, 1);
    on_cluster("DROP DATABASE IF EXISTS " DATABASE " WITH (FORCE)");
    on_cluster("DROP ROLE IF EXISTS " ACCOUNT);
    /* In one call: it takes seconds to start. */
    rabbit("-q eval 'catch rabbit_vhost:delete(<<\"notification\">>, <<\"test\">>),"
           " catch rabbit_auth_backend_internal:delete_user(<<\"notification\">>, <<\"test\">>).'");
    remove(in_folder("words"));
    configure_file();
}

static const char *address(void)
{
    const char *url = witness_read(in_folder("rabbitmq.url"));

    return text("%.*s", (int)strcspn(url, "\n"), url);
}

static bool broker_takes(const char *url)
{
    struct config_rabbitmq config = { .url = url, .queue_type = "quorum", .confirm_timeout_ms = 5000 };
    struct broker *b = broker_new(&config, "test");
    bool ok = broker_connect(b, NULL) == ST_OK; /* declares everything: the permissions are enough for it */

    broker_free(b);
    return ok;
}

static void expect_no_broker_account(void)
{
    ck_assert(!exists("rabbitmq.url") && !exists("rabbitmq.url.new"));
    ck_assert_ptr_null(strstr(rabbit("-q eval '{rabbit_auth_backend_internal:list_users(), rabbit_vhost:list_names()}.'"),
                              "notification"));
}

static void expect_whole(void)
{
    struct ground g = ground();

    ck_assert(g.role_exists && g.role_logs_in && g.database_exists);
    ck_assert_str_eq(g.owner, ACCOUNT);
    ck_assert_str_eq(g.encoding, "UTF8");
    ck_assert(broker_takes(address()));
    ck_assert_str_eq(users(), EMAIL " 1");
}

/* ---- from nothing ---- */

static void expect_key(const char *key)
{
    char digest[SHA256_HEX_BYTES];
    const char *digests[] = { sha256_hex(key, strlen(key), digest) };
    struct db *db = inspector(DATABASE);
    struct caller caller;
    bool found;

    ck_assert(api_key_is_shaped(key));
    ck_assert_int_eq(api_keys_find(db, digests, 1, &mem, &caller, &found, NULL), ST_OK);
    ck_assert(found && caller.admin && caller.active);
    db_free(db);
}

static void expect_private(const char *name)
{
    const struct passwd *account = getpwnam(ACCOUNT);
    struct stat st;

    ck_assert_int_eq(stat(in_folder(name), &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0640);
    ck_assert_uint_eq(st.st_uid, geteuid());
    if (geteuid() == 0)
        ck_assert_uint_eq(st.st_gid, account->pw_gid);
}

START_TEST(all_is_made_from_nothing_and_a_second_run_changes_nothing)
{
    const char *configuration, *before, *words;
    json_t *doc;

    from_nothing();
    configuration = witness_read(in_folder("test.conf"));
    doc = document(INIT("--json"), 0);
    expect_all(doc, "made");
    expect(doc, "rabbitmq", "there");
    expect(doc, "redis", "look"); /* port 1 */
    expect_key(text_at(doc, "key"));
    expect_private("rabbitmq.url");
    expect_whole();
    ck_assert_ptr_nonnull(strstr(rabbit("-q list_permissions -p notification --formatter json"),
                                 "\"configure\":\"^notification\\\\.\""));
    ck_assert(!exists("rabbitmq.url.new"));

    before = address();
    words = witness_read(in_folder("words"));
    doc = document(INIT("--json"), 0);
    expect_all(doc, "there");
    ck_assert(json_is_null(at(doc, "key")));
    expect_whole();
    ck_assert_str_eq(address(), before);
    ck_assert_str_eq(witness_read(in_folder("words")), words); /* the login says it all */
    ck_assert_str_eq(witness_read(in_folder("test.conf")), configuration);
}
END_TEST

START_TEST(people_get_a_table_and_the_key_once)
{
    struct outcome first, second;

    from_nothing();
    first = INIT("--user", "ada@example.com", "--tier", "basic");
    ck_assert_int_eq(first.status, 0);
    ck_assert_int_eq(strncmp(buf_str(&first.out), "STEP ", 5), 0);
    expect_line(&first, "\nrole           made           " ACCOUNT "\n");
    expect_line(&first, "ada@example.com (user, tier basic), with a key\n");
    expect_line(&first, "\nkey nsk_");
    second = INIT("--user", "ada@example.com");
    ck_assert_int_eq(second.status, 0);
    expect_line(&second, "\nuser           already there  ada@example.com");
    ck_assert_ptr_null(strstr(buf_str(&second.out), "nsk_"));
    second = INIT("--user", "bob@example.com", "--admin");
    expect_line(&second, "\nuser           made           bob@example.com (admin, tier premium)");
}
END_TEST

START_TEST(a_dry_run_tells_and_makes_nothing)
{
    struct ground g;
    json_t *doc;

    from_nothing();
    doc = document(INIT("--dry-run", "--json"), 0);
    expect_all(doc, "would");
    ck_assert(json_is_null(at(doc, "key")));
    g = ground();
    ck_assert(!g.role_exists && !g.database_exists);
    expect_no_broker_account();
    document(INIT("--json"), 0);
    expect_all(document(INIT("--dry-run", "--json"), 0), "there");
}
END_TEST

/* ---- secrets ---- */

START_TEST(the_password_is_in_the_file_and_nowhere_else)
{
    const char *password;
    struct outcome o;

    from_nothing();
    o = INIT("--json");
    ck_assert_int_eq(o.status, 0);
    password = strchr(address() + strlen("amqp://"), ':') + 1;
    password = text("%.*s", (int)strcspn(password, "@"), password);
    ck_assert_uint_eq(strlen(password), 32);
    ck_assert_ptr_null(strstr(buf_str(&o.out), password));
    ck_assert_ptr_null(strstr(buf_str(&o.err), password));
    ck_assert_ptr_nonnull(strstr(witness_read(in_folder("words")), "add_user"));
    ck_assert_ptr_null(strstr(witness_read(in_folder("words")), password));
    ck_assert_ptr_null(strstr(witness_read(stack_file("log/rabbitmq.log")), password));
}
END_TEST

START_TEST(a_user_without_its_file_gets_a_new_password)
{
    const char *before;
    json_t *doc;

    from_nothing();
    document(INIT("--json"), 0);
    before = address();
    ck_assert_int_eq(remove(in_folder("rabbitmq.url")), 0);
    doc = document(INIT("--json"), 0);
    expect(doc, "vhost", "there");
    expect(doc, "permissions", "there");
    expect(doc, "rabbitmq_user", "made");
    ck_assert_ptr_nonnull(strstr(text_at(step(doc, "rabbitmq_user"), "found"), "new password"));
    expect(doc, "rabbitmq_url", "made");
    ck_assert_str_ne(address(), before);
    ck_assert(!broker_takes(before));
    expect_whole();
}
END_TEST

/* ---- half done ---- */

START_TEST(what_is_missing_is_made_and_what_is_there_stays)
{
    const char *before;
    json_t *doc;

    from_nothing();
    document(INIT("--json"), 0);
    before = address();
    rabbit("-q delete_user notification");
    doc = document(INIT("--json"), 0);
    expect(doc, "rabbitmq_user", "made");
    expect(doc, "permissions", "made");
    expect(doc, "rabbitmq_url", "there");
    ck_assert_str_eq(address(), before);
    expect_whole();
    on_cluster("DROP DATABASE " DATABASE " WITH (FORCE)");
    doc = document(INIT("--json"), 0);
    expect(doc, "role", "there");
    expect(doc, "database", "made");
    expect(doc, "schema", "made");
    expect(doc, "user", "made");
    expect_whole();
}
END_TEST

#ifdef ENABLE_FAILPOINTS
START_TEST(a_run_that_was_killed_anywhere_is_completed_by_the_next)
{
    const char *const *all = (const char *const[]){ "database", "rabbitmq_user", "rabbitmq_url.before",
                                                    "rabbitmq_url", "schema", NULL };

    for (; *all != NULL; all++) {
        struct outcome o;

        from_nothing();
        o = init_with((const char *const[]){ "--json", NULL }, text("init.%s=kill", *all));
        ck_assert_msg(o.status == -1, "%s: status %d: %s", *all, o.status, buf_str(&o.err));
        document(INIT("--json"), 0);
        expect_whole();
        ck_assert(!exists("rabbitmq.url.new"));
    }
}
END_TEST
#define AT_FAILPOINTS a_run_that_was_killed_anywhere_is_completed_by_the_next,
#else
#define AT_FAILPOINTS
#endif

/* ---- what goes wrong ---- */

START_TEST(a_superuser_that_is_none_is_told_and_nothing_is_made)
{
    struct outcome o;

    from_nothing();
    on_cluster("CREATE ROLE " ACCOUNT " LOGIN");
    o = INIT("--database-admin", text("postgresql:///postgres?host=%s&user=nosuchrole&password=hush", cluster.dir));
    ck_assert_int_eq(o.status, 1);
    expect_line(&o, "\nrole  FAILED");
    expect_line(&o, "--database-admin names a role");
    expect_line(&o, "Nothing was changed.");
    ck_assert_ptr_null(strstr(buf_str(&o.err), "hush"));
    ck_assert_ptr_null(strstr(buf_str(&o.out), "hush"));
    ck_assert(!ground().database_exists);
    expect_no_broker_account();
}
END_TEST

START_TEST(a_postgres_elsewhere_wants_its_superuser_named)
{
    struct outcome o;

    from_nothing();
    write_file("test.conf", "[database]\nhost = db.invalid\n", 0644);
    o = INIT();
    ck_assert_int_eq(o.status, 1);
    expect_line(&o, "Postgres is on db.invalid");
    expect_line(&o, "--database-admin postgresql://postgres@HOST/postgres");
    expect_no_broker_account();
}
END_TEST

START_TEST(without_rabbitmq_nothing_of_it_is_written)
{
    static const char *const tools[] = { "/nonexistent/rabbitmqctl", "/bin/false" };

    from_nothing();
    for (size_t i = 0; i < 2; i++) {
        struct outcome o = INIT("--rabbitmqctl", tools[i]);

        ck_assert_int_eq(o.status, 1);
        expect_line(&o, "vhost     FAILED");
        expect_line(&o, "Install and start RabbitMQ");
        expect_line(&o, "rabbitmqctl set_permissions -p 'notification'");
        expect_line(&o, i == 0 ? "What was made stays" : "Nothing was changed.");
        expect_no_broker_account();
    }
    document(INIT("--json"), 0);
    expect_whole();
}
END_TEST

START_TEST(a_folder_that_cannot_be_written_is_known_before_a_password_is_made)
{
    struct outcome o;

    from_nothing();
    configure(text("url_file = %s", in_folder("nowhere/rabbitmq.url")));
    o = INIT();
    ck_assert_int_eq(o.status, 1);
    expect_line(&o, "nowhere/rabbitmq.url: No such file or directory");
    expect_line(&o, "Make the folder");
    expect_no_broker_account();
}
END_TEST

START_TEST(a_configuration_without_the_file_is_told_its_line)
{
    struct outcome o;

    from_nothing();
    configure("prefetch = 100");
    for (int run = 0; run < 2; run++) {
        o = INIT();
        ck_assert_int_eq(o.status, 0);
        expect_line(&o, text("Put `url_file = %s` into [rabbitmq] of %s", in_folder("rabbitmq.url"),
                             in_folder("test.conf")));
        expect_line(&o, run == 0 ? "rabbitmq_url   made" : "rabbitmq_url   already there");
    }
    ck_assert(broker_takes(address()));
}
END_TEST

START_TEST(a_broker_elsewhere_is_left_to_its_own_people)
{
    struct outcome o;

    from_nothing();
    configure("url = amqp://app:hush@broker.invalid/app");
    o = INIT();
    ck_assert_msg(o.status == 0, "%s", buf_str(&o.err));
    expect_line(&o, "on broker.invalid, not of this machine");
    expect_line(&o, "rabbitmqctl set_permissions -p 'app' 'app' '^notification\\.'");
    ck_assert_ptr_null(strstr(buf_str(&o.out), "hush"));
    expect_no_broker_account();
}
END_TEST

START_TEST(a_password_that_does_not_fit_is_told_with_the_way_out)
{
    struct outcome o;

    from_nothing();
    document(INIT("--json"), 0);
    write_file("rabbitmq.url", text("amqp://notification:wrong@127.0.0.1:%s/notification\n", broker_port()), 0640);
    if (geteuid() == 0)
        ck_assert_int_eq(chown(in_folder("rabbitmq.url"), 0, getpwnam(ACCOUNT)->pw_gid), 0);
    o = INIT();
    ck_assert_int_eq(o.status, 1);
    expect_line(&o, "remove the file and run this again");
    ck_assert_int_eq(remove(in_folder("rabbitmq.url")), 0);
    document(INIT("--json"), 0);
    expect_whole();
}
END_TEST

START_TEST(an_account_that_cannot_read_the_configuration_is_found)
{
    struct outcome o;

    if (geteuid() != 0)
        return; /* there is nobody else then */
    from_nothing();
    document(INIT("--json"), 0);
    on_cluster("DROP DATABASE " DATABASE " WITH (FORCE)");
    ck_assert_int_eq(chmod(in_folder("test.conf"), 0600), 0);
    o = INIT();
    ck_assert_int_eq(o.status, 1);
    expect_line(&o, "configuration  FAILED");
    expect_line(&o, "chgrp " ACCOUNT);
    expect_line(&o, "What was made stays");
    ck_assert_int_eq(chmod(in_folder("test.conf"), 0644), 0);
    document(INIT("--json"), 0);
    expect_whole();
}
END_TEST

/* ---- life ---- */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at_)
{
    return remove(path);
}

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    perror(what);
    exit(1);
}

/* Only its own account is let in as a role, but for the one that looks from outside. */
static void close_cluster(void)
{
    struct config_database config = pg_database(&cluster, "postgres_test");
    struct db *db = db_new(&config, &(struct db_options){ .application = "test" });
    char path[128];
    FILE *f;

    must(db_script(db, "CREATE ROLE inspector SUPERUSER LOGIN", NULL) == ST_OK, "inspector");
    db_free(db);
    if (geteuid() != 0)
        return; /* of no second account anything could be proved */
    snprintf(path, sizeof path, "%s/data/pg_hba.conf", cluster.dir);
    f = fopen(path, "w");
    must(f != NULL, path);
    fputs("local all inspector trust\nlocal all all peer\n", f);
    fclose(f);
    must(chmod(cluster.dir, 0755) == 0 && kill(cluster.pid, SIGHUP) == 0, "reloading");
}

static void make_folder(void)
{
    const char *sql = getenv("NOTIFY_SQL_DIR"), *top = getenv("top_srcdir");
    char command[512];

    snprintf(folder, sizeof folder, "/tmp/notify-init-XXXXXX");
    must(mkdtemp(folder) != NULL && chmod(folder, 0755) == 0, folder);
    snprintf(command, sizeof command, "mkdir %s/sql && cp %s%s/*.sql %s/sql && chmod -R a+rX %s/sql", folder,
             sql != NULL ? sql : top != NULL ? top : ".", sql != NULL ? "" : "/sql", folder, folder);
    must(system(command) == 0, command);
}

START_TEST(the_tool_is_ready)
{
    write_file("rabbitmqctl",
               text("#!/bin/sh\nprintf '%%s\\n' \"$@\" >>%s/words\n. %s\nexec /usr/lib/rabbitmq/bin/rabbitmqctl"
                    " \"$@\"\n", folder, stack_file("etc/rabbitmq.env")), 0755);
    ck_assert_ptr_nonnull(strstr(rabbit("-q list_users"), "notify"));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        the_tool_is_ready, /* the others use it */
        all_is_made_from_nothing_and_a_second_run_changes_nothing,
        people_get_a_table_and_the_key_once,
        a_dry_run_tells_and_makes_nothing,
        the_password_is_in_the_file_and_nowhere_else,
        a_user_without_its_file_gets_a_new_password,
        what_is_missing_is_made_and_what_is_there_stays,
        AT_FAILPOINTS
        a_superuser_that_is_none_is_told_and_nothing_is_made,
        a_postgres_elsewhere_wants_its_superuser_named,
        without_rabbitmq_nothing_of_it_is_written,
        a_folder_that_cannot_be_written_is_known_before_a_password_is_made,
        a_configuration_without_the_file_is_told_its_line,
        a_broker_elsewhere_is_left_to_its_own_people,
        a_password_that_does_not_fit_is_told_with_the_way_out,
        an_account_that_cannot_read_the_configuration_is_found,
    };
    int result;

    if (!pg_start(&cluster)) {
        puts("1..0 # SKIP no postgres");
        return 0;
    }
    close_cluster();
    make_folder();
    result = stack_run("init", (const char *const[]){ NULL }, tests, sizeof tests / sizeof *tests);
    pg_stop(&cluster);
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return result;
}
