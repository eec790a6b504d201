/* Accepting and reading messages, and that every statement of the programs is one. */
#include <glob.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/cache/key_cache.h"
#include "common/db/audit.h"
#include "common/db/callbacks.h"
#include "common/db/api_keys.h"
#include "common/db/dead.h"
#include "common/db/dispatch.h"
#include "common/db/erase.h"
#include "common/db/events.h"
#include "common/db/feed.h"
#include "common/db/ground.h"
#include "common/db/idempotency.h"
#include "common/db/messages.h"
#include "common/db/prune.h"
#include "common/db/schema.h"
#include "common/db/server.h"
#include "common/db/users.h"
#include "common/service/authorize.h"
#include "common/service/send_messages.h"
#include "fcgi/handlers/handlers.h"
#include "tests/integration/pg_suite.h"
#include "tests/integration/tables.h"

#define mem tables_mem
#define err tables_err

static const char *everything(struct db *db)
{
    return tables_ask(db,
                      "SELECT concat_ws(' ', (SELECT count(*) FROM messages),"
                      " (SELECT count(*) FROM message_recipients),"
                      " (SELECT count(*) FROM dispatch) + (SELECT coalesce(sum(span), 0) FROM dispatch_runs))");
}

/* ---- statements ---- */

static void call_users_and_keys(struct db *db)
{
    const char *user_id = tables_id(), *key_id = tables_id(), *digest;
    char key[API_KEY_BYTES], hex[SHA256_HEX_BYTES];
    struct api_key *keys;
    struct user user, *users;
    struct caller caller;
    bool found;
    size_t n;

    api_key_make(key);
    digest = sha256_hex(key, strlen(key), hex);
    OK(users_add(db, user_id, "ada@example.com", "user", "free", &err));
    OK(users_find(db, "ada@example.com", &mem, &user, &err));
    OK(users_find_by_id(db, user_id, &mem, &user, &err));
    OK(users_list(db, &mem, &users, &n, &err));
    OK(users_set_active(db, "ada@example.com", true, &err));
    OK(api_keys_add(db, key_id, user_id, key, &err));
    OK(api_keys_list(db, NULL, &mem, &keys, &n, &err));
    OK(api_keys_find(db, &digest, 1, &mem, &caller, &found, &err));
    OK(api_keys_revoke(db, key_id, &err));
    OK(api_keys_revoke(db, key, &err));
}

/* Each way to the rows, a kept answer, and the timeline. */
static void call_lists(struct db *db, const struct message_draft *d)
{
    struct messages_filter ways[] = {
        { .user_id = d->user_id, .limit = 1 },
        { .recipient = "+15551234567", .limit = 1 },
        { .limit = 1 },
    };
    struct keyed_request keyed = { .user_id = d->user_id,
                                   .key = "k",
                                   .status = 202,
                                   .response = "{}",
                                   .body_sha256 = "00000000000000000000000000000000"
                                                  "00000000000000000000000000000000" };
    struct listed_message *list;
    struct kept_answer kept;
    const char *next;
    struct event *events;
    struct events_place place = EVENTS_BEGIN;
    bool inserted, more;
    size_t n;

    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        OK(messages_list(db, &ways[i], &mem, &list, &n, &next, &err));
    strcpy(keyed.token, tables_id());
    OK(messages_insert_keyed(db, &keyed, 1, &mem, &inserted, &err));
    ck_assert(inserted);
    OK(messages_insert_keyed(db, &keyed, 1, &mem, &inserted, &err));
    ck_assert(!inserted);
    OK(idempotency_find(db, d->user_id, "k", &mem, &kept, &err));
    OK(idempotency_prune(db, 10, &n, &err));
    tables_do(db, "INSERT INTO message_events (message_id, event) VALUES ('%s', 'read')", d->id);
    OK(events_page(db, d->id, &place, 1, &mem, &events, &n, &more, &err));
    ck_assert_int_eq(recipients_cancel(db, d->id, NULL, &err), ST_CONFLICT);
}

static void call_server(struct db *db)
{
    struct server_facts facts;
    bool made;

    OK(server_look(db, &mem, &facts, &err));
    OK(schema_is_begun(db, &mem, &made, &err));
    ck_assert(made);
}

/* Of all messages, and of one. */
static void call_feed(struct db *db, const char *message_id)
{
    const struct feed_filter ways[] = { { .errors = false }, { .message_id = message_id } };
    struct events_place place = EVENTS_BEGIN;
    int64_t before_ms = clock_wall_ms(), counted;
    struct feed_event *events;
    bool more;
    size_t n;

    OK(feed_count(db, place, before_ms, &mem, &counted, &err));
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        OK(feed_page(db, &ways[i], &place, before_ms, &mem, &events, &n, &more, &err));
}

/* By time and by message; the recipient is not failed, so nothing is changed. */
static void call_dead_letters(struct db *db, const struct recipient_ref *ref)
{
    struct dead_filter filters[] = { { .since_ms = -1, .until_ms = -1 },
                                     { .since_ms = -1, .until_ms = -1, .message_id = ref->message_id } };
    struct dead_place latest = DEAD_FROM_LATEST;
    struct dead_recipient *list;
    struct event *events;
    bool flag;
    size_t n;

    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
        OK(dead_page(db, &filters[i], latest, 1, &mem, &list, &n, &err));
        OK(dead_count(db, &filters[i], 1, &mem, &n, &err));
    }
    OK(dead_find(db, ref, 1, &mem, &list, &n, &err));
    OK(dead_replay(db, ref, 1, 6, &mem, &flag, &err));
    OK(dead_purge(db, ref, 1, &mem, &flag, &err));
    OK(events_of_recipient(db, ref->message_id, ref->n, 1, &mem, &events, &n, &err));
}

/* In one step, which holds all there is. */
static void call_keeping(struct db *db)
{
    struct prune_place place = PRUNE_FROM_FIRST;
    struct prune_tally pruned = { 0 };
    struct erase_tally erased = { 0 };
    struct erase_person who = { .address = "nobody@example.com" };
    struct audit_counts counts = { 0 };
    struct audit_result result = { 0 };
    struct audit_found *found;
    struct span step = span_begin(0);
    int64_t at_ms, n;
    size_t listed;
    bool more;

    OK(audit_begin(db, &mem, &at_ms, &err));
    OK(span_size(db, &mem, &listed, &err));
    OK(span_next(db, &step, 1000, &mem, &more, &err));
    OK(audit_count(db, &step, &mem, &counts, &err));
    for (size_t i = 0; i < n_audit_checks; i++)
        OK(audit_find(db, i, &step, 0, 1, &mem, &found, &listed, &n, &err));
    audit_end(db);
    OK(audit_write(db, &result, &err));
    OK(audit_read(db, &mem, &result, &err));
    erase_find(&who, &mem);
    OK(erase_look(db, &who, &step, &mem, &erased, &err));
    OK(erase_step(db, &who, &step, true, &mem, &erased, &err));
    OK(erase_elsewhere(db, &who, &mem, &erased, &err));
    tables_do(db, "UPDATE messages SET status = 'completed', open_count = 0");
    tables_do(db, "UPDATE message_recipients SET status = 'sent'");
    OK(prune_batch(db, &place, clock_wall_ms() + 60000, 10, true, &mem, &pruned, &more, &err));
    place = (struct prune_place)PRUNE_FROM_FIRST;
    OK(prune_batch(db, &place, clock_wall_ms() + 60000, 10, false, &mem, &pruned, &more, &err));
    ck_assert_int_ge(pruned.messages, 2); /* one counted, one gone, at least */
}

/* The cluster is this program's own, so a role and a database may be made in it. */
static void call_ground(struct db *db)
{
    struct ground g;

    OK(ground_make_role(db, "ground \"role", "o'secret", &mem, &err));
    OK(ground_make_database(db, "ground \"data", "ground \"role", &mem, &err));
    OK(ground_look(db, "ground \"role", "ground \"data", &mem, &g, &err));
    ck_assert(g.role_exists && g.role_logs_in && g.database_exists);
    ck_assert_str_eq(g.owner, "ground \"role");
    ck_assert_str_eq(g.encoding, "UTF8");
    ck_assert_str_eq(tables_ask(db, "SELECT rolpassword LIKE 'SCRAM-SHA-256$%%' FROM pg_authid"
                                    " WHERE rolname = 'ground \"role'"), "true");
    OK(ground_look(db, "nobody", "nothing", &mem, &g, &err));
    ck_assert(!g.role_exists && !g.database_exists && g.owner == NULL);
}

static void call_messages(struct db *db)
{
    struct message_draft *d = tables_message(db, 1);
    const char *id = d->id;
    struct recipient_ref ref = tables_ref(d, 0, 0);
    struct callback_report early = tables_callback(&mem, id, 7, EV_REPORTED_SENT);
    struct callbacks_tally tally;
    struct outcome late = { .ref = ref, .status = DS_SENT, .provider_id = "x" };
    struct recipient *list;
    struct message message;
    struct claim *claims;
    struct backlog backlog[LANE_COUNT];
    struct due *due;
    int counts[DS_COUNT];
    bool flag;
    size_t n;

    call_lists(db, d);
    call_feed(db, id);
    call_dead_letters(db, &ref);
    OK(dispatch_backlog(db, 10, &mem, backlog, &err));
    OK(recipients_unknown(db, &ref, 1, &mem, &flag, &err));
    OK(messages_exist(db, &id, 1, &mem, &flag, &err));
    OK(messages_find(db, id, NULL, &mem, &message, &err));
    OK(tables_page(db, id, 0, 10, &list, &n, &err));
    OK(recipients_count(db, id, &mem, counts, &err));
    OK(dispatch_take(db, TAKE(0, TAKE_OLDEST, 10, 1000), &mem, &due, &n, &err));
    OK(dispatch_take(db, TAKE(0, TAKE_IN_TURN, 10, 1000), &mem, &due, &n, &err));
    OK(dispatch_take(db, TAKE(0, TAKE_RUNS, 10, 1000), &mem, &due, &n, &err));
    OK(tables_mark_queued(db, &ref, 1, &err));
    OK(recipients_claim(db, &ref, 1, &mem, &claims, &n, &err));
    OK(recipients_abandon(db, &claims[0].ref, 1, &err));
    OK(recipients_record(db, &late, 1, &mem, &flag, &err));
    OK(recipients_settle(db, &claims[0].ref, 1, DS_FAILED, NULL, NULL, &err));
    OK(callbacks_record(db, &early, 1, &mem, &tally, &err));
    OK(callbacks_retry(db, 10, &mem, &n, &tally, &err));
    OK(callbacks_prune(db, 10, &n, &err));
    call_keeping(db);
}

/* The one statement outside common/db: asked for by a load balancer, with no neighbour there. */
static void call_ready(struct db *db)
{
    char *const env[] = { "NOTIFY_RABBITMQ_URL=amqp://127.0.0.1:1/", "NOTIFY_REDIS_PORT=1", NULL };
    struct config *config = ARENA_NEW(&mem, struct config);
    struct config_faults faults = { 0 };
    struct api api = { .config = config, .db = db };
    struct call call;

    ck_assert_int_eq(config_load(NULL, env, config, &faults), ST_OK);
    api.cache = cache_new(&config->redis);
    api.publisher = publisher_start(live_config_new(config));
    call_init(&call);
    ready_show(&api, &call);
    ck_assert_int_eq(call.res.status, 200);
    call_done(&call);
    publisher_stop(api.publisher);
    cache_free(api.cache);
    config_free(config);
    config_faults_free(&faults);
}

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = arena_alloc(&mem, 1 << 20);
    size_t len;

    ck_assert_msg(file != NULL, "%s", path);
    len = fread(text, 1, (1 << 20) - 1, file);
    text[len] = '\0';
    fclose(file);
    return text;
}

/* Reads the definitions of a file; each name must be new, and be prepared. */
static size_t check_statements(struct db *db, const char *path, const regex_t *definition,
                               const char **seen)
{
    const char *at = read_file(path);
    regmatch_t match[2];
    size_t n = 0;

    for (; regexec(definition, at, 2, match, 0) == 0; at += match[0].rm_eo, n++) {
        const char *name =
            arena_printf(&mem, "%.*s", (int)(match[1].rm_eo - match[1].rm_so), at + match[1].rm_so);

        ck_assert_msg(strstr(*seen, arena_printf(&mem, " %s ", name)) == NULL,
                      "%s: a second statement %s", path, name);
        *seen = arena_printf(&mem, "%s%s ", *seen, name);
        ck_assert_msg(tables_ask(db, "SELECT name FROM pg_prepared_statements WHERE name = '%s'",
                                 name)[0] != '\0',
                      "%s: statement %s is not prepared by this test", path, name);
    }
    return n;
}

static size_t check_folder(struct db *db, const char *pattern, const char **seen)
{
    regex_t definition;
    glob_t files;
    size_t n = 0;

    ck_assert_int_eq(regcomp(&definition,
                             "struct statement [a-z_0-9]+ = [{][[:space:]]*\"([a-z_0-9]+)\"",
                             REG_EXTENDED),
                     0);
    if (glob(tables_source(pattern), 0, NULL, &files) == 0) {
        for (size_t i = 0; i < files.gl_pathc; i++)
            n += check_statements(db, files.gl_pathv[i], &definition, seen);
        globfree(&files);
    }
    regfree(&definition);
    return n;
}

START_TEST(every_statement_prepares_on_a_fresh_schema)
{
    static const char *const folders[] = { "common/*/*.c", "fcgi/*.c", "fcgi/*/*.c", "workerd/*.c",
                                           "ctl/*.c" };
    struct db *db = tables_open(&cluster, "statements");
    const char *sql = tables_source("sql"), *seen = " ";
    size_t n = 0;

    OK(schema_down(db, sql, -1, &mem, NULL, NULL, &err));
    OK(schema_up(db, sql, &mem, NULL, NULL, &err));
    call_users_and_keys(db);
    call_server(db);
    call_ground(db);
    call_messages(db);
    call_ready(db);
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        n += check_folder(db, folders[i], &seen);
    ck_assert_uint_ge(n, 20); /* the definitions are still found */
    db_free(db);
}
END_TEST

/* ---- walking ---- */

/* Whatever a step holds, and whatever belongs to no message. */
START_TEST(steps_of_any_size_meet_every_row_once)
{
    struct db *db = tables_open(&cluster, "steps");
    for (size_t i = 0; i < 12; i++)
        tables_message(db, 1 + i % 5);
    tables_do(db, "INSERT INTO dispatch VALUES ('ffffffff-ffff-ffff-ffff-ffffffffffff', 0, 1, now()),"
                  " ('00000000-0000-0000-0000-000000000001', 0, 1, now())");
    for (int rows = 0; rows < 40; rows++) {
        struct span step = span_begin(0);
        struct audit_counts counts = { 0 };
        struct audit_found *found;
        int64_t strangers = 0, some;
        bool more = true;
        size_t listed;
        int steps = 0;

        for (; more; steps++) {
            OK(span_next(db, &step, rows, &mem, &more, &err));
            if (!more)
                break;
            OK(audit_count(db, &step, &mem, &counts, &err));
            OK(audit_find(db, 3, &step, 0, 1, &mem, &found, &listed, &some, &err));
            strangers += some;
        }
        ck_assert_int_eq(counts.messages, 12);
        ck_assert_int_eq(counts.accepted, 33);
        ck_assert_int_eq(counts.recipients[DS_PENDING][REASON_SOON][PF_SMS], 33);
        ck_assert_int_eq(strangers, 2);
        ck_assert_int_gt(steps, rows == 0 ? 12 : 0);
    }
    db_free(db);
}
END_TEST

/* ---- accepting ---- */

START_TEST(a_message_is_written_with_all_that_belongs_to_it)
{
    struct db *db = tables_open(&cluster, "accept");
    struct message_draft *a = tables_draft(3), *b = tables_draft(1);
    struct event *events;
    size_t n;

    a->recipients[1].platform = PF_EMAIL;
    a->priority = PRIO_HIGH;
    b->scheduled_ms = b->due_ms = b->created_ms + 7200000;
    b->expires_ms = b->created_ms + 9000000;
    OK(messages_insert(db, (const struct message_draft *[]){ a, b }, 2, &err));
    ck_assert_str_eq(everything(db), "2 4 4");
    ck_assert_str_eq(tables_counters(db, a->id), "pending 3/0/0");
    ck_assert_str_eq(tables_counters(db, b->id), "scheduled 1/0/0");
    ck_assert_str_eq(tables_ask(db,
                                "SELECT string_agg(concat_ws(' ', n, platform, status, fence,"
                                " attempts, recipient), ',' ORDER BY n)"
                                " FROM message_recipients WHERE message_id = '%s'",
                                a->id),
                     "0 sms pending 0 0 +15550000000,1 email pending 0 0 +15550000001,"
                     "2 sms pending 0 0 +15550000002");
    ck_assert_str_eq(tables_ask(db,
                                "SELECT string_agg(concat(lane, ':', n, '+', span), ' ' ORDER BY n) FROM ("
                                "  SELECT message_id, lane, n, 1 AS span FROM dispatch UNION ALL"
                                "  SELECT message_id, lane, first, span FROM dispatch_runs) t"
                                " WHERE message_id = '%s'",
                                a->id),
                     "0:0+2 3:1+1");
    tables_spread(db);
    ck_assert_str_eq(tables_due(db, a, 0), "3600");
    ck_assert_str_eq(tables_due(db, b, 0), "7200");
    OK(events_of_recipient(db, b->id, 0, 9, &mem, &events, &n, &err));
    ck_assert_uint_eq(n, 1);
    ck_assert_str_eq(events[0].event, "accepted");
    ck_assert_int_eq(events[0].n, -1);
    ck_assert_int_eq(events[0].at_ms, b->created_ms);
    ck_assert_int_eq(events[0].next_attempt_ms, b->created_ms + 7200000);
    db_free(db);
}
END_TEST

START_TEST(a_message_is_found_as_it_was_given_and_only_by_its_user)
{
    struct db *db = tables_open(&cluster, "find");
    struct message_draft *d = tables_draft(2);
    struct message m;

    d->scheduled_ms = d->created_ms + 1001;
    d->expires_ms = d->created_ms + 2002;
    d->priority = PRIO_LOW;
    OK(messages_insert(db, (const struct message_draft *[]){ d }, 1, &err));
    OK(messages_find(db, d->id, d->user_id, &mem, &m, &err));
    ck_assert_str_eq(m.id, d->id);
    ck_assert_str_eq(m.user_id, d->user_id);
    ck_assert_int_eq(m.status, MS_SCHEDULED);
    ck_assert_int_eq(m.priority, PRIO_LOW);
    ck_assert_int_eq(m.recipient_count, 2);
    ck_assert_int_eq(m.created_ms, d->created_ms);
    ck_assert_int_eq(m.scheduled_ms, d->scheduled_ms);
    ck_assert_int_eq(m.expires_ms, d->expires_ms);
    ck_assert_ptr_null(m.subject);
    OK(messages_find(db, d->id, NULL, &mem, &m, &err));
    ck_assert_int_eq(messages_find(db, d->id, tables_id(), &mem, &m, &err), ST_NOT_FOUND);
    ck_assert_int_eq(messages_find(db, tables_id(), NULL, &mem, &m, &err), ST_NOT_FOUND);
    db_free(db);
}
END_TEST

/* Ways to spoil a message that its neighbours must not suffer from. */
static void spoil_id(struct message_draft *d)
{
    strcpy(d->id, "not-a-uuid");
}
static void spoil_user(struct message_draft *d)
{
    d->user_id = "";
}
static void spoil_text(struct message_draft *d)
{
    d->content = "cut \xe2\x82";
}
static void spoil_metadata(struct message_draft *d)
{
    d->metadata = "{\"a\":";
}
static void spoil_recipient(struct message_draft *d)
{
    d->recipients[1].metadata = "{";
}
static void spoil_count(struct message_draft *d)
{
    d->n_recipients = 0;
}
static void (*const spoil[])(struct message_draft *) = { spoil_id,        spoil_user,
                                                         spoil_text,      spoil_metadata,
                                                         spoil_recipient, spoil_count };

START_TEST(one_bad_row_and_nothing_of_the_batch_is_written)
{
    struct db *db = tables_open(&cluster, "bad");
    struct message_draft *twice = tables_message(db, 1);

    for (size_t i = 0; i < sizeof spoil / sizeof *spoil; i++) {
        struct message_draft *bad = tables_draft(2);

        spoil[i](bad);
        ck_assert_int_ne(messages_insert(db,
                                         (const struct message_draft *[]){ tables_draft(1), bad,
                                                                           tables_draft(1) },
                                         3, &err),
                         ST_OK);
        ck_assert_str_eq(everything(db), "1 1 1");
        ck_assert_ptr_null(strstr(err.text, "cut"));
    }
    ck_assert_int_eq(
        messages_insert(db, (const struct message_draft *[]){ tables_draft(1), twice }, 2, &err),
        ST_CONFLICT);
    ck_assert_str_eq(everything(db), "1 1 1");
    db_free(db);
}
END_TEST

START_TEST(one_bad_message_never_refuses_its_neighbours)
{
    struct db *db = tables_open(&cluster, "neighbours");
    enum { N = sizeof spoil / sizeof *spoil };
    const struct message_draft *drafts[2 * N];
    enum status results[2 * N];

    for (size_t i = 0; i < N; i++) {
        struct message_draft *bad = tables_draft(2);

        spoil[i](bad);
        drafts[2 * i] = tables_draft(2);
        drafts[2 * i + 1] = bad;
    }
    log_open("test", LEVEL_ERROR + 1, LOG_TEXT); /* each bad one is an error of ours, and says so */
    send_messages(db, drafts, 2 * N, &mem, results);
    for (size_t i = 0; i < N; i++) {
        ck_assert_int_eq(results[2 * i], ST_OK);
        ck_assert_int_ne(results[2 * i + 1], ST_OK);
        ck_assert_int_ne(results[2 * i + 1], ST_UNAVAILABLE);
        ck_assert_int_ne(results[2 * i + 1], ST_UNCERTAIN);
        ck_assert_str_eq(tables_counters(db, drafts[2 * i]->id), "pending 2/0/0");
    }
    ck_assert_str_eq(everything(db), arena_printf(&mem, "%d %d %d", N, 2 * N, 2 * N));
    db_free(db);
}
END_TEST

START_TEST(existing_messages_are_told_from_others)
{
    struct db *db = tables_open(&cluster, "exist");
    const char *ids[] = { tables_id(), tables_message(db, 1)->id, tables_id(),
                          tables_message(db, 1)->id };
    bool found[4] = { true, false, true, false };

    OK(messages_exist(db, ids, 4, &mem, found, &err));
    ck_assert(!found[0] && found[1] && !found[2] && found[3]);
    db_free(db);
}
END_TEST

/* ---- texts ---- */

/* As many whole units as fit. */
static const char *repeated(const char *unit, size_t bytes)
{
    size_t len = strlen(unit);
    char *text = arena_alloc(&mem, bytes + 1);

    bytes -= bytes % len;
    for (size_t i = 0; i < bytes; i++)
        text[i] = unit[i % len];
    text[bytes] = '\0';
    return text;
}

/* Each where a text can stand; metadata and senders hold it as JSON does. */
static void check_text(struct db *db, const char *text)
{
    struct message_draft *d = tables_draft(2);
    struct recipient_ref refs[] = { tables_ref(d, 0, 0), tables_ref(d, 1, 0) };
    struct recipient *list;
    struct claim *claims;
    struct message m;
    size_t n;

    d->content = d->subject = d->html = text;
    d->from[PF_EMAIL] = strlen(text) > 1000 ? NULL : text;
    d->recipients[1].address = text;
    OK(messages_insert(db, (const struct message_draft *[]){ d }, 1, &err));
    OK(messages_find(db, d->id, NULL, &mem, &m, &err));
    ck_assert(strcmp(m.content, text) == 0 && strcmp(m.subject, text) == 0 &&
              strcmp(m.html, text) == 0);
    OK(tables_page(db, d->id, 0, 10, &list, &n, &err));
    ck_assert_str_eq(list[0].address, "+15550000000");
    ck_assert(strcmp(list[1].address, text) == 0);
    OK(recipients_claim(db, refs, 2, &mem, &claims, &n, &err));
    ck_assert_uint_eq(n, 2);
    ck_assert(strcmp(claims[1].content, text) == 0 && strcmp(claims[1].subject, text) == 0 &&
              strcmp(claims[1].html, text) == 0 && strcmp(claims[1].address, text) == 0);
    if (d->from[PF_EMAIL] != NULL)
        ck_assert_uint_eq(strtoull(tables_ask(db,
                                              "SELECT octet_length(senders->>'email')"
                                              " FROM messages WHERE id = '%s'",
                                              d->id),
                                   NULL, 10),
                          strlen(text));
}

START_TEST(texts_come_back_byte_for_byte)
{
    static const char *const texts[] = {
        "",
        " ",
        "  leading and trailing  ",
        "NULL",
        "null",
        "\\N",
        "\\",
        "\\\\",
        "\"",
        "\"\"",
        "'",
        "''",
        "','); DROP TABLE messages; --",
        "{",
        "}",
        "{}",
        "{a,b}",
        "[1,2]",
        "(1,2)",
        ",",
        ";",
        "$1",
        "$$",
        "%s %n",
        "\\x00",
        "\\u0000",
        "a\"b\\c",
        "\\\"",
        "\n",
        "\r\n",
        "\t",
        "\v\f\b\a\033",
        "\x7f",
        "\x01\x1f",
        "é",
        "e\xcc\x81",
        "\xcc\x81",
        "Å\xe2\x84\xab",
        "ß",
        "İ",
        "日本語",
        "עברית",
        "👋🏽",
        "👩‍👩‍👧‍👦",
        "\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa",
        "\xe2\x80\xae\xe2\x80\x8b",
        "\xef\xbb\xbf",
        "\xef\xbf\xbe",
        "\xef\xbf\xbf",
        "\xf4\x8f\xbf\xbf",
        "\xc2\x85\xe2\x80\xa8",
        "true",
        "0",
        "infinity",
    };
    struct db *db = tables_open(&cluster, "texts");

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        check_text(db, texts[i]);
    check_text(db, repeated("\"\\{,}' é👋", 1000));
    check_text(db, repeated("x", 65536));
    db_free(db);
}
END_TEST

START_TEST(the_longest_texts_come_back_byte_for_byte)
{
    struct db *db = tables_open(&cluster, "long");
    struct message_draft *d = tables_draft(1);
    struct message m;

    d->content = repeated("\"\\", MESSAGE_CONTENT_MAX);
    d->html = repeated("👋", MESSAGE_HTML_MAX);
    d->subject = repeated("\\", MESSAGE_SUBJECT_MAX);
    d->metadata =
        arena_printf(&mem, "{\"a\": \"%s\"}", repeated("\\\\", MESSAGE_METADATA_MAX - 10));
    OK(messages_insert(db, (const struct message_draft *[]){ d }, 1, &err));
    OK(messages_find(db, d->id, NULL, &mem, &m, &err));
    ck_assert(strcmp(m.content, d->content) == 0);
    ck_assert(strcmp(m.html, d->html) == 0);
    ck_assert(strcmp(m.subject, d->subject) == 0);
    ck_assert(strcmp(m.metadata, d->metadata) == 0);
    db_free(db);
}
END_TEST

START_TEST(recipients_are_read_in_pages)
{
    struct db *db = tables_open(&cluster, "pages");
    struct message_draft *d = tables_message(db, 25);
    struct recipient *list;
    int counts[DS_COUNT];
    size_t n;

    OK(tables_page(db, d->id, 0, 10, &list, &n, &err));
    ck_assert_uint_eq(n, 10);
    ck_assert(list[0].n == 0 && list[9].n == 9);
    OK(tables_page(db, d->id, 20, 10, &list, &n, &err));
    ck_assert_uint_eq(n, 5);
    ck_assert(list[0].n == 20 && list[4].n == 24);
    ck_assert(list[4].next_attempt_ms == -1 && list[4].sent_ms == -1 && list[4].provider == NULL);
    tables_do(db, "UPDATE message_recipients SET status = 'read' WHERE n < 7");
    OK(recipients_count(db, d->id, &mem, counts, &err));
    ck_assert(counts[DS_READ] == 7 && counts[DS_PENDING] == 18 && counts[DS_FAILED] == 0);
    db_free(db);
}
END_TEST

/* ---- the timeline ---- */

/* The names of the events that a page adds to `seen`, and where the next one begins. */
struct timeline {
    const char *message_id, *seen;
    struct events_place next;
    bool more;
};

static void read_page(struct db *db, struct timeline *t, int limit)
{
    struct event *list;
    size_t n;

    OK(events_page(db, t->message_id, &t->next, limit, &mem, &list, &n, &t->more, &err));
    ck_assert_uint_le(n, (size_t)limit);
    for (size_t i = 0; i < n; i++)
        t->seen = arena_printf(&mem, "%s%s ", t->seen, list[i].event);
}

static const char *walk_on(struct db *db, struct timeline *t, int limit)
{
    while (t->more) {
        read_page(db, t, limit);
        clock_sleep_ms(5); /* a page that waits for others to end may be empty */
    }
    return t->seen;
}

static void tell(struct db *db, const struct message_draft *d, const char *event, const char *at)
{
    tables_do(db, "INSERT INTO message_events (message_id, event, at) VALUES ('%s', '%s', %s)", d->id, event, at);
}

static struct timeline timeline_of(const struct message_draft *d)
{
    return (struct timeline){ .message_id = d->id, .seen = "", .next = EVENTS_BEGIN, .more = true };
}

/* The mark of a publication comes later than the attempt that it belongs before. */
START_TEST(an_event_that_is_told_late_is_not_missed_between_two_pages)
{
    struct db *db = tables_open(&cluster, "late");

    for (int limit = 1; limit <= 4; limit++) {
        struct message_draft *d = tables_message(db, 1);
        struct timeline t = timeline_of(d);
        struct queued_mark mark = { .ref = tables_ref(d, 0, 0), .published_ms = clock_wall_ms() };

        clock_sleep_ms(20);
        tell(db, d, "attempt", "clock_timestamp()");
        tell(db, d, "reported", "clock_timestamp()");
        tell(db, d, "read", "clock_timestamp()");
        read_page(db, &t, limit);
        OK(recipients_mark_queued(db, &mark, 1, &err));
        ck_assert_str_eq(walk_on(db, &t, limit), limit == 4 ? "accepted attempt reported read "
                                                            : "accepted queued attempt reported read ");
    }
    db_free(db);
}
END_TEST

START_TEST(a_mark_of_long_ago_is_told_as_a_late_one)
{
    struct db *db = tables_open(&cluster, "ago");
    struct message_draft *d = tables_message(db, 1);
    struct queued_mark mark = { .ref = tables_ref(d, 0, 0), .published_ms = clock_wall_ms() - 3600000 };

    OK(recipients_mark_queued(db, &mark, 1, &err));
    ck_assert_int_le(atoi(tables_ask(db, "SELECT ceil(extract(epoch FROM clock_timestamp() - at) * 1000)"
                                         " FROM message_events WHERE event = 'queued'")),
                     EVENTS_LATE_MS + 60000); /* not an hour */
    db_free(db);
}
END_TEST

/* A writer that is slow to commit has its time from before others, who are seen first. */
START_TEST(an_event_that_is_committed_late_is_not_missed_between_two_pages)
{
    struct db *db = tables_open(&cluster, "slow"), *slow = tables_connect(&cluster, "slow", NULL);
    struct message_draft *d = tables_message(db, 1);
    struct timeline t = timeline_of(d);

    tell(db, d, "attempt", "clock_timestamp() - interval '1 hour'");
    OK(db_begin(slow, &err));
    tell(slow, d, "slow", "clock_timestamp()");
    tell(db, d, "reported", "clock_timestamp()");
    tell(db, d, "read", "clock_timestamp()");
    clock_sleep_ms(2 * EVENTS_LATE_MS);
    for (int i = 0; i < 4; i++)
        read_page(db, &t, 1);
    ck_assert_str_eq(t.seen, "attempt accepted "); /* not beyond what may still come */
    ck_assert(t.more);
    OK(db_commit(slow, &err));
    ck_assert_str_eq(walk_on(db, &t, 1), "attempt accepted slow reported read ");
    db_free(slow);
    db_free(db);
}
END_TEST

START_TEST(a_last_page_shows_all_there_is_at_once)
{
    struct db *db = tables_open(&cluster, "last"), *slow = tables_connect(&cluster, "last", NULL);
    struct message_draft *d = tables_message(db, 1);
    struct timeline t = timeline_of(d);

    OK(db_begin(slow, &err));
    tell(slow, d, "slow", "clock_timestamp()");
    tell(db, d, "attempt", "clock_timestamp()");
    read_page(db, &t, 2);
    ck_assert_str_eq(t.seen, "accepted attempt ");
    ck_assert(!t.more);
    db_rollback(slow);
    db_free(slow);
    db_free(db);
}
END_TEST

/* ---- keys ---- */

/* Of a request with this key; false: another has used it. */
static bool use_key(struct db *db, const char *user_id, const char *key)
{
    struct keyed_request r = { .user_id = user_id,
                               .key = key,
                               .status = 202,
                               .response = "{}",
                               .body_sha256 = "00000000000000000000000000000000"
                                              "00000000000000000000000000000000" };
    bool inserted;

    strcpy(r.token, tables_id());
    OK(messages_insert_keyed(db, &r, 1, &mem, &inserted, &err));
    return inserted;
}

static const char *prune(struct db *db, int limit)
{
    size_t pruned;

    OK(idempotency_prune(db, limit, &pruned, &err));
    return arena_printf(&mem, "%zu gone, left: %s", pruned,
                        tables_ask(db, "SELECT string_agg(key, ' ' ORDER BY key) FROM idempotency"));
}

START_TEST(idempotency_keys_of_yesterday_go_the_oldest_first_and_are_free_again)
{
    static const char *const ages[] = { "26 hours", "30 hours", "24 hours 1 minute", "48 hours",
                                        "23 hours 59 minutes" };
    struct db *db = tables_open(&cluster, "old_keys");
    const char *user_id = tables_id();

    for (int i = 0; i < 5; i++) {
        ck_assert(use_key(db, user_id, arena_printf(&mem, "%d", i)));
        tables_do(db, "UPDATE idempotency SET created_at = now() - interval '%s' WHERE key = '%d'",
                  ages[i], i);
    }
    ck_assert(!use_key(db, user_id, "3")); /* old, but still kept */
    ck_assert_str_eq(prune(db, 2), "2 gone, left: 0 2 4");
    ck_assert_str_eq(prune(db, 2), "2 gone, left: 4");
    ck_assert_str_eq(prune(db, 2), "0 gone, left: 4");
    ck_assert(use_key(db, user_id, "3"));
    ck_assert(!use_key(db, user_id, "4"));
    db_free(db);
}
END_TEST

/* How often the connection has run a statement. */
static int runs_of(struct db *db, const char *statement)
{
    return atoi(tables_ask(db,
                           "SELECT coalesce(sum(generic_plans + custom_plans), 0)"
                           " FROM pg_prepared_statements WHERE name = '%s'",
                           statement));
}

START_TEST(a_round_of_keys_is_one_statement)
{
    struct db *db = tables_open(&cluster, "round");
    struct key_ask asks[64];
    char keys[64][API_KEY_BYTES];
    const char *user_id = tables_id();
    int runs;

    OK(users_add(db, user_id, "ada@example.com", "admin", "premium", &err));
    for (int i = 0; i < 64; i++) {
        api_key_make(keys[i]);
        if (i % 2 == 0)
            OK(api_keys_add(db, tables_id(), user_id, keys[i], &err));
        asks[i] = (struct key_ask){ .key = i == 63 ? "nsk_short" : keys[i] };
    }
    key_cache_clear();
    authorize_keys(db, asks, 64, &mem);
    for (int i = 0; i < 64; i++) {
        ck_assert_int_eq(asks[i].result, i % 2 == 0 ? ST_OK : ST_DENIED);
        if (i % 2 == 0)
            ck_assert(asks[i].caller.admin && strcmp(asks[i].caller.user_id, user_id) == 0);
    }
    ck_assert_int_eq(runs_of(db, "api_keys_find"), 1);
    authorize_keys(db, asks, 1, &mem); /* another key may have taken this one's place in memory */
    runs = runs_of(db, "api_keys_find");
    authorize_keys(db, asks, 1, &mem);
    ck_assert_int_eq(asks[0].result, ST_OK);
    ck_assert_int_eq(runs_of(db, "api_keys_find"), runs);
    db_free(db);
}
END_TEST

START_TEST(a_revoked_key_stops_when_its_memory_ends_however_often_it_is_used)
{
    struct db *db = tables_open(&cluster, "revoked");
    const char *user_id = tables_id();
    char key[API_KEY_BYTES], digest[SHA256_HEX_BYTES];
    struct key_ask ask = { .key = key };
    struct caller caller;
    int64_t learned;

    OK(users_add(db, user_id, "ada@example.com", "user", "free", &err));
    api_key_make(key);
    OK(api_keys_add(db, tables_id(), user_id, key, &err));
    authorize_keys(db, &ask, 1, &mem);
    learned = clock_mono_ms(); /* at the latest */
    ck_assert_int_eq(ask.result, ST_OK);
    OK(api_keys_revoke(db, key, &err));
    for (int i = 0; i < 20; i++) {
        clock_sleep_ms(2);
        authorize_keys(db, &ask, 1, &mem);
    }
    sha256_hex(key, strlen(key), digest);
    ck_assert_int_eq(key_cache_get(digest, learned + KEY_CACHE_MS, &caller), KEY_UNKNOWN);
    ck_assert_int_lt(KEY_CACHE_MS, 10000); /* CONTRACT section 3, "Who may" */
    key_cache_clear();
    authorize_keys(db, &ask, 1, &mem);
    ck_assert_int_eq(ask.result, ST_DENIED);
    db_free(db);
}
END_TEST

START_TEST(keys_of_an_absent_database_are_neither_good_nor_bad)
{
    struct db *db = tables_open(&cluster, "away");
    struct config_database *nowhere = ARENA_NEW(&mem, struct config_database);
    const char *user_id = tables_id();
    char key[API_KEY_BYTES];
    struct key_ask ask = { .key = key };
    struct db *away;

    *nowhere = (struct config_database){ .host = "/nonexistent",
                                         .port = "5432",
                                         .name = "x",
                                         .user = "x",
                                         .password = "",
                                         .sslmode = "",
                                         .url = "" };
    away = db_new(nowhere, &(struct db_options){ .application = "test" });
    api_key_make(key);
    OK(users_add(db, user_id, "ada@example.com", "user", "free", &err));
    OK(api_keys_add(db, tables_id(), user_id, key, &err));
    key_cache_clear();
    authorize_keys(away, &ask, 1, &mem);
    ck_assert_int_eq(ask.result, ST_UNAVAILABLE);
    authorize_keys(db, &ask, 1, &mem); /* nothing was remembered */
    ck_assert_int_eq(ask.result, ST_OK);
    db_free(away);
    db_free(db);
}
END_TEST

/* ---- cost ---- */

/* Statistics are sent at the end of a session at the latest. */
static void wait_for_statistics(struct db *db, long updates)
{
    int64_t until = clock_mono_ms() + 10000;

    while (atol(tables_ask(db, "SELECT n_tup_upd FROM pg_stat_user_tables"
                               " WHERE relname = 'message_recipients'")) < updates &&
           clock_mono_ms() < until)
        clock_sleep_ms(20);
}

/* Through all states, in batches of neighbours: the hardest case, for they lie in the same pages.
 */
static void deliver(struct db *db, const struct message_draft *d, int first, int n)
{
    struct recipient_ref refs[100];
    struct outcome outcomes[100];
    struct callback_report reports[100];
    struct callbacks_tally tally;
    struct claim *claims;
    bool moved[100];
    size_t count;

    for (int i = 0; i < n; i++)
        refs[i] = tables_ref(d, first + i, 0);
    OK(tables_mark_queued(db, refs, (size_t)n, &err));
    OK(recipients_claim(db, refs, (size_t)n, &mem, &claims, &count, &err));
    for (int i = 0; i < n; i++) {
        outcomes[i] = (struct outcome){ .ref = claims[i].ref,
                                        .status = DS_SENT,
                                        .provider = "twilio",
                                        .provider_id = "SM0123456789abcdef0123456789abcdef" };
        reports[i] = tables_callback(&mem, d->id, first + i, EV_REPORTED_DELIVERED);
    }
    OK(recipients_record(db, outcomes, (size_t)n, &mem, moved, &err));
    OK(callbacks_record(db, reports, (size_t)n, &mem, &tally, &err));
    ck_assert_int_eq((int)tally.changed, n);
}

/* The share of heap-only updates, in percent, after 2,000 deliveries. */
static int heap_only_share(const char *name, int batch)
{
    struct db *db = tables_open(&cluster, name), *worker = tables_connect(&cluster, name, NULL);
    const struct message_draft *drafts[20];
    int share;

    for (int i = 0; i < 20; i++)
        drafts[i] = tables_draft(100);
    OK(messages_insert(worker, drafts, 20, &err));
    for (int i = 0; i < 20; i++) {
        for (int first = 0; first < 100; first += batch)
            deliver(worker, drafts[i], first, batch);
    }
    db_free(worker);
    wait_for_statistics(db, 8000);
    share = atoi(tables_ask(db, "SELECT 100 * n_tup_hot_upd / n_tup_upd FROM pg_stat_user_tables"
                                " WHERE relname = 'message_recipients' AND n_tup_upd = 8000"));
    fprintf(stderr, "# batches of %d: %d%% of 8000 updates are heap-only\n", batch, share);
    db_free(db);
    return share;
}

START_TEST(changes_of_state_are_heap_only)
{
    ck_assert_int_ge(heap_only_share("hot_20", 20), 95);
    ck_assert_int_ge(heap_only_share("hot_100", 100), 90);
}
END_TEST

PG_SUITE("tables", every_statement_prepares_on_a_fresh_schema, steps_of_any_size_meet_every_row_once,
         a_message_is_written_with_all_that_belongs_to_it,
         a_message_is_found_as_it_was_given_and_only_by_its_user,
         one_bad_row_and_nothing_of_the_batch_is_written,
         one_bad_message_never_refuses_its_neighbours, existing_messages_are_told_from_others,
         texts_come_back_byte_for_byte, the_longest_texts_come_back_byte_for_byte,
         recipients_are_read_in_pages, an_event_that_is_told_late_is_not_missed_between_two_pages,
         a_mark_of_long_ago_is_told_as_a_late_one,
         an_event_that_is_committed_late_is_not_missed_between_two_pages,
         a_last_page_shows_all_there_is_at_once, a_round_of_keys_is_one_statement,
         a_revoked_key_stops_when_its_memory_ends_however_often_it_is_used,
         keys_of_an_absent_database_are_neither_good_nor_bad,
         idempotency_keys_of_yesterday_go_the_oldest_first_and_are_free_again, changes_of_state_are_heap_only)
