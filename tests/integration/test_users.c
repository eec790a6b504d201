/* Users and their keys, as the database keeps them. */
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/db/api_keys.h"
#include "common/db/schema.h"
#include "common/db/users.h"
#include "tests/integration/pg_suite.h"

static struct arena mem;
static struct error err;

#define OK(call) ck_assert_msg((call) == ST_OK, "%s: %s", #call, err.text)

/* A database with all tables. */
static struct db *open_database(const char *name)
{
    struct config_database *config = ARENA_NEW(&mem, struct config_database);
    const char *dir = getenv("NOTIFY_SQL_DIR"), *top = getenv("top_srcdir");
    struct db *db;

    *config = pg_database(&cluster, name);
    db = db_new(config, &(struct db_options){ .application = "test" });
    OK(schema_up(db, dir ? dir : arena_printf(&mem, "%s/sql", top ? top : "."), &mem, NULL, NULL,
                 &err));
    return db;
}

static const char *new_id(void)
{
    char *id = arena_alloc(&mem, UUID_TEXT_BYTES);

    uuid_v7(clock_wall_ms(), id);
    return id;
}

static const char *new_user(struct db *db, const char *email, const char *role, const char *tier)
{
    const char *id = new_id();

    OK(users_add(db, id, email, role, tier, &err));
    return id;
}

/* Returns the key; its id is written to *id where asked for. */
static const char *new_key(struct db *db, const char *user_id, const char **id)
{
    char *key = arena_alloc(&mem, API_KEY_BYTES);
    const char *key_id = new_id();

    api_key_make(key);
    OK(api_keys_add(db, key_id, user_id, key, &err));
    if (id != NULL)
        *id = key_id;
    return key;
}

static const char *digest_of(const char *key)
{
    return sha256_hex(key, strlen(key), arena_alloc(&mem, SHA256_HEX_BYTES));
}

static bool is_found(struct db *db, const char *key)
{
    const char *digests[] = { digest_of(key) };
    struct caller caller;
    bool found = false;

    OK(api_keys_find(db, digests, 1, &mem, &caller, &found, &err));
    return found;
}

/* ---- users ---- */

START_TEST(a_user_is_found_as_it_was_added_and_in_any_case)
{
    struct db *db = open_database("found");
    const char *id = new_user(db, "Ada@Example.com", "admin", "basic");
    struct user user;

    OK(users_find(db, "ada@example.COM", &mem, &user, &err));
    ck_assert_str_eq(user.id, id);
    ck_assert_str_eq(user.email, "Ada@Example.com");
    ck_assert_str_eq(user.role, "admin");
    ck_assert_str_eq(user.tier, "basic");
    ck_assert(user.active);
    ck_assert_int_eq(user.keys, 0);
    ck_assert_uint_eq(strlen(user.created_at), strlen("2026-12-01T09:00:00.000Z"));
    ck_assert_int_eq(users_find(db, "nobody@example.com", &mem, &user, &err), ST_NOT_FOUND);
    OK(users_find_by_id(db, id, &mem, &user, &err));
    ck_assert_str_eq(user.email, "Ada@Example.com");
    ck_assert_int_eq(users_find_by_id(db, "01890a5d-ac96-774b-bcce-b302099a8057", &mem, &user, &err),
                     ST_NOT_FOUND);
    db_free(db);
}
END_TEST

START_TEST(an_address_is_taken_once_whatever_its_case)
{
    struct db *db = open_database("taken");

    new_user(db, "ada@example.com", "user", "free");
    ck_assert_int_eq(users_add(db, new_id(), "ADA@example.com", "user", "free", &err), ST_CONFLICT);
    ck_assert_ptr_null(strstr(err.text, "example"));
    db_free(db);
}
END_TEST

START_TEST(a_role_that_is_none_is_refused)
{
    struct db *db = open_database("role");

    ck_assert_int_eq(users_add(db, new_id(), "a@example.com", "owner", "free", &err), ST_INVALID);
    db_free(db);
}
END_TEST

START_TEST(users_are_disabled_and_enabled)
{
    struct db *db = open_database("disabled");
    struct user user;

    new_user(db, "ada@example.com", "user", "free");
    new_user(db, "bob@example.com", "user", "free");
    OK(users_set_active(db, "Ada@example.com", false, &err));
    OK(users_find(db, "ada@example.com", &mem, &user, &err));
    ck_assert(!user.active);
    OK(users_find(db, "bob@example.com", &mem, &user, &err));
    ck_assert(user.active);
    OK(users_set_active(db, "ada@example.com", true, &err));
    OK(users_find(db, "ada@example.com", &mem, &user, &err));
    ck_assert(user.active);
    ck_assert_int_eq(users_set_active(db, "no@example.com", true, &err), ST_NOT_FOUND);
    db_free(db);
}
END_TEST

START_TEST(users_are_listed_oldest_first_with_their_working_keys)
{
    struct db *db = open_database("listed");
    struct user *users;
    const char *second, *key;
    size_t count;

    new_user(db, "z@example.com", "user", "free");
    second = new_user(db, "a@example.com", "user", "free");
    new_key(db, second, NULL);
    new_key(db, second, NULL);
    key = new_key(db, second, NULL);
    OK(api_keys_revoke(db, key, &err));
    OK(users_list(db, &mem, &users, &count, &err));
    ck_assert_uint_eq(count, 2);
    ck_assert_str_eq(users[0].email, "z@example.com");
    ck_assert_int_eq(users[0].keys, 0);
    ck_assert_str_eq(users[1].email, "a@example.com");
    ck_assert_int_eq(users[1].keys, 2);
    db_free(db);
}
END_TEST

/* ---- keys ---- */

START_TEST(api_keys_find_answers_in_order)
{
    struct db *db = open_database("ordered");
    const char *ada = new_user(db, "ada@example.com", "user", "basic");
    const char *bob = new_user(db, "bob@example.com", "admin", "premium");
    const char *first = new_key(db, ada, NULL), *second = new_key(db, bob, NULL);
    const char *digests[] = { digest_of(second), digest_of("nsk_unknown"), digest_of(first),
                              digest_of(second) };
    struct caller callers[4];
    bool found[4] = { false, true, false, false };

    OK(users_set_active(db, "ada@example.com", false, &err));
    memset(callers, 'x', sizeof callers);
    OK(api_keys_find(db, digests, 4, &mem, callers, found, &err));
    ck_assert(found[0] && !found[1] && found[2] && found[3]);
    ck_assert_str_eq(callers[0].user_id, bob);
    ck_assert_str_eq(callers[0].tier, "premium");
    ck_assert(callers[0].admin && callers[0].active);
    ck_assert_int_eq(callers[1].tier[0], 'x'); /* written only where found */
    ck_assert_str_eq(callers[2].user_id, ada);
    ck_assert_str_eq(callers[2].tier, "basic");
    ck_assert(!callers[2].admin && !callers[2].active);
    ck_assert_str_eq(callers[3].user_id, bob);
    OK(api_keys_find(db, NULL, 0, &mem, NULL, NULL, &err));
    db_free(db);
}
END_TEST

START_TEST(revoked_keys_are_not_found)
{
    struct db *db = open_database("revoked");
    const char *ada = new_user(db, "ada@example.com", "user", "free");
    const char *id, *by_id = new_key(db, ada, &id), *by_key = new_key(db, ada, NULL);
    const char *other = new_key(db, ada, NULL);

    ck_assert(is_found(db, by_id) && is_found(db, by_key));
    OK(api_keys_revoke(db, id, &err));
    ck_assert(!is_found(db, by_id) && is_found(db, by_key));
    OK(api_keys_revoke(db, by_key, &err));
    ck_assert(!is_found(db, by_key) && is_found(db, other));
    ck_assert_int_eq(api_keys_revoke(db, new_id(), &err), ST_NOT_FOUND);
    ck_assert_int_eq(api_keys_revoke(db, "nonsense", &err), ST_NOT_FOUND);
    db_free(db);
}
END_TEST

START_TEST(revoking_twice_keeps_the_first_time)
{
    struct db *db = open_database("twice");
    const char *ada = new_user(db, "ada@example.com", "user", "free"), *id;
    struct api_key *before, *after;
    size_t count;

    new_key(db, ada, &id);
    OK(api_keys_revoke(db, id, &err));
    OK(api_keys_list(db, NULL, &mem, &before, &count, &err));
    clock_sleep_ms(5);
    OK(api_keys_revoke(db, id, &err));
    OK(api_keys_list(db, NULL, &mem, &after, &count, &err));
    ck_assert_ptr_nonnull(before[0].revoked_at);
    ck_assert_str_eq(before[0].revoked_at, after[0].revoked_at);
    db_free(db);
}
END_TEST

START_TEST(keys_are_listed_for_one_user_or_for_all)
{
    struct db *db = open_database("keys");
    const char *ada = new_user(db, "ada@example.com", "user", "free");
    const char *bob = new_user(db, "bob@example.com", "user", "free");
    const char *id, *key = new_key(db, ada, &id);
    struct api_key *keys;
    size_t count;

    new_key(db, bob, NULL);
    OK(api_keys_list(db, NULL, &mem, &keys, &count, &err));
    ck_assert_uint_eq(count, 2);
    OK(api_keys_list(db, "ADA@example.com", &mem, &keys, &count, &err));
    ck_assert_uint_eq(count, 1);
    ck_assert_str_eq(keys[0].id, id);
    ck_assert_str_eq(keys[0].email, "ada@example.com");
    ck_assert_uint_eq(strlen(keys[0].hint), API_KEY_HINT_BYTES - 1);
    ck_assert_int_eq(strncmp(keys[0].hint, key, API_KEY_HINT_BYTES - 1), 0);
    ck_assert_ptr_null(keys[0].revoked_at);
    OK(api_keys_list(db, "no@example.com", &mem, &keys, &count, &err));
    ck_assert_uint_eq(count, 0);
    db_free(db);
}
END_TEST

START_TEST(only_the_digest_of_a_key_is_stored)
{
    static const struct statement row = {
        "test_row", "SELECT encode(digest, 'hex'), api_keys::text FROM api_keys", 0
    };
    struct db *db = open_database("digest");
    const char *key = new_key(db, new_user(db, "ada@example.com", "user", "free"), NULL);
    struct rows rows;

    OK(db_query(db, &row, NULL, &mem, &rows, &err));
    ck_assert_str_eq(row_text(&rows, 0, 0), digest_of(key));
    ck_assert_ptr_null(strstr(row_text(&rows, 0, 1), key + API_KEY_HINT_BYTES));
    db_free(db);
}
END_TEST

PG_SUITE("users", a_user_is_found_as_it_was_added_and_in_any_case,
         an_address_is_taken_once_whatever_its_case, a_role_that_is_none_is_refused,
         users_are_disabled_and_enabled, users_are_listed_oldest_first_with_their_working_keys,
         api_keys_find_answers_in_order, revoked_keys_are_not_found,
         revoking_twice_keeps_the_first_time, keys_are_listed_for_one_user_or_for_all,
         only_the_digest_of_a_key_is_stored)
