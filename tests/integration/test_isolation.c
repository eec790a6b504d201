/* Another user's ids, on every route of the table: as if they did not exist. */
#include <string.h>
#include <unistd.h>

#include "fcgi/routes.h"
#include "tests/integration/rows.h"
#include "tests/integration/stack.h"
#include "tests/integration/witness.h"

#define MESSAGES "/api/v1/messages"

static const char *const settings[] = { "rate_limit.enabled=false", NULL };

/* Where a route takes what belongs to somebody. */
enum { IN_PATH = 1, IN_CURSOR = 2, IN_USER_ID = 4, IN_ADDRESS = 8, IN_KEY = 16, SIGNED = 32, NOWHERE = 64 };

static const struct bearer {
    enum http_method method;
    const char *path;
    unsigned where;
} bearers[] = {
    { HTTP_POST, MESSAGES, IN_KEY },
    { HTTP_GET, MESSAGES, IN_CURSOR | IN_USER_ID | IN_ADDRESS },
    { HTTP_POST, MESSAGES "/bulk", IN_KEY },
    { HTTP_GET, MESSAGES "/{id}", IN_PATH },
    { HTTP_DELETE, MESSAGES "/{id}", IN_PATH },
    { HTTP_GET, MESSAGES "/{id}/recipients", IN_PATH | IN_CURSOR },
    { HTTP_GET, MESSAGES "/{id}/events", IN_PATH | IN_CURSOR },
    { HTTP_POST, "/webhooks/twilio", SIGNED },
    { HTTP_POST, "/webhooks/sendgrid", SIGNED },
    { HTTP_POST, "/webhooks/whatsapp", SIGNED },
    { HTTP_GET, "/webhooks/whatsapp", NOWHERE },
    { HTTP_POST, "/webhooks/telegram", SIGNED },
    { HTTP_POST, "/webhooks/http/{name}", SIGNED },
    { HTTP_GET, "/webhooks/http/{name}", SIGNED },
    { HTTP_GET, "/health", NOWHERE },
    { HTTP_GET, "/ready", NOWHERE },
    { HTTP_GET, "/version", NOWHERE },
    { HTTP_GET, "/metrics", NOWHERE },
    { HTTP_GET, "/openapi.yaml", NOWHERE },
    { HTTP_GET, "/docs", NOWHERE },
};
#define N_BEARERS (sizeof bearers / sizeof *bearers)

static const struct bearer *bearer_of(const struct route *r)
{
    for (size_t i = 0; i < N_BEARERS; i++) {
        if (bearers[i].method == r->method && strcmp(bearers[i].path, r->path) == 0)
            return &bearers[i];
    }
    return NULL;
}

/* A route that is not in the table above is not tried by the tests below: it has to be put there. */
START_TEST(every_route_says_where_it_takes_an_id)
{
    for (size_t i = 0; i < n_routes; i++) {
        const struct bearer *b = bearer_of(&routes[i]);
        const char *name = text("%s %s", http_method_name(routes[i].method), routes[i].path);

        ck_assert_msg(b != NULL, "%s is not in the table of this test", name);
        ck_assert_msg(((b->where & IN_PATH) != 0) == (strstr(routes[i].path, "{id}") != NULL), "%s", name);
        ck_assert_msg((b->where & NOWHERE) == 0 || (routes[i].needs & NEED_KEY) == 0, "%s", name);
    }
    ck_assert_uint_eq(n_routes, N_BEARERS);
}
END_TEST

/* ---- two users, and what is theirs ---- */

struct pair {
    struct user caller, owner;
    const char *own, *sent, *scheduled; /* `own` is the caller's, the others the owner's */
};

static const char *schedule(const struct user *u)
{
    char at[CLOCK_TEXT_BYTES];

    clock_format(clock_wall_ms() + 86400000, at);
    return send_body(u, text("{\"content\":\"A private text\",\"scheduled_at\":\"%s\",\"recipients\":["
                             "{\"platform\":\"telegram\",\"recipient\":\"4711\"},"
                             "{\"platform\":\"telegram\",\"recipient\":\"4712\"}]}", at));
}

static struct pair two_users(void)
{
    struct pair p = { user_new("premium"), user_new("premium"), NULL, NULL, NULL };

    p.own = schedule(&p.caller);
    p.sent = send_to(&p.owner, "telegram", text("%d", (int)getpid())); /* no chat gets two in a second */
    p.scheduled = schedule(&p.owner);
    /* The mark of the publisher comes when it likes, and is the last thing that is written. */
    WAIT_UNTIL(strcmp(message_status(p.sent), "completed") == 0 &&
                   sql_number("SELECT count(*) FROM message_events WHERE message_id = '%s'"
                              " AND event = 'queued'", p.sent) == 1, 20000);
    return p;
}

/* All that is written of both. */
static const char *written_of(const struct pair *p)
{
    static const char *const tables[] = { "messages", "message_recipients", "dispatch", "message_events" };
    const char *users = text("user_id IN ('%s', '%s')", p->caller.id, p->owner.id);
    const char *all = sql_text("SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM idempotency t WHERE %s",
                               users);

    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        all = text("%s %s", all, sql_text("SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM %s t"
                                          " WHERE %s IN (SELECT id FROM messages WHERE %s)",
                                          tables[i], i == 0 ? "id" : "message_id", users));
    return all;
}

/* The same answer, but for the request's own id. */
static void expect_same(const struct answer *a, const struct answer *b, const char *what)
{
    json_t *some = json_deep_copy(a->json), *others = json_deep_copy(b->json);

    ck_assert_msg(some != NULL && others != NULL, "%s: %s", what, a->body);
    json_object_del(some, "request_id");
    json_object_del(others, "request_id");
    ck_assert_msg(a->status == b->status && json_equal(some, others), "%s: %d %s, but %d %s", what, a->status,
                  a->body, b->status, b->body);
    ck_assert_str_eq(header(a, "Content-Type"), header(b, "Content-Type"));
    ck_assert_uint_eq(strlen(a->body), strlen(b->body));
}

/* ---- in the path ---- */

static const char *path_with(const char *pattern, const char *id, const char *query)
{
    const char *hole = strchr(pattern, '{');

    return text("%.*s%s%s%s", (int)(hole - pattern), pattern, id, strchr(hole, '}') + 1, query);
}

static struct answer ask(const struct bearer *b, const struct user *u, const char *id, const char *query)
{
    return http(http_method_name(b->method), path_with(b->path, id, query), u->key, NULL, NULL);
}

static void expect_unknown(const struct bearer *b, const struct pair *p, const char *id, const char *query)
{
    const char *before = written_of(p), *what = text("%s %s of %s", http_method_name(b->method), b->path, id);
    struct answer unknown = ask(b, &p->caller, cast_id("unknown"), "");
    struct answer foreign = ask(b, &p->caller, id, query);

    expect_problem(&unknown, 404, "not_found");
    expect_same(&foreign, &unknown, what);
    ck_assert_msg(strcmp(written_of(p), before) == 0, "%s has changed something", what);
}

START_TEST(a_foreign_id_in_a_path_is_unknown_and_nothing_changes)
{
    struct pair p = two_users();

    for (size_t i = 0; i < n_routes; i++) {
        const struct bearer *b = bearer_of(&routes[i]);

        if (b == NULL || (b->where & IN_PATH) == 0)
            continue;
        expect_unknown(b, &p, p.sent, "");
        expect_unknown(b, &p, p.scheduled, "");
    }
}
END_TEST

/* Else the test above would hold for ids that nobody can use. */
START_TEST(the_same_ids_are_good_for_their_owner)
{
    struct pair p = two_users();

    for (size_t i = 0; i < n_routes; i++) {
        const struct bearer *b = bearer_of(&routes[i]);

        if (b != NULL && (b->where & IN_PATH) != 0)
            ck_assert_int_eq(ask(b, &p.owner, p.scheduled, "").status, 200);
    }
}
END_TEST

/* ---- in a cursor ---- */

static const char *cursor_of(const struct user *u, const char *path)
{
    struct answer a = http("GET", text("%s?limit=1", path), u->key, NULL, NULL);

    return text_at(a.json, "next_cursor");
}

/* A cursor is a place and no permission: it leads to the caller's own, or nowhere. */
static void try_cursor(const struct bearer *b, const struct pair *p)
{
    const char *cursor, *query;
    struct answer a;

    if ((b->where & IN_PATH) == 0) {
        cursor = cursor_of(&p->owner, b->path);
        ck_assert_str_ne(cursor, "");
        a = http("GET", text("%s?cursor=%s", b->path, cursor), p->caller.key, NULL, NULL);
        ck_assert_int_eq(a.status, 200);
        ck_assert_ptr_null(strstr(a.body, p->sent));
        ck_assert_ptr_null(strstr(a.body, p->scheduled));
        return;
    }
    cursor = cursor_of(&p->owner, path_with(b->path, p->sent, ""));
    if (*cursor == '\0')
        cursor = cursor_of(&p->owner, path_with(b->path, p->scheduled, ""));
    ck_assert_msg(*cursor != '\0', "%s gives no cursor", b->path);
    query = text("?cursor=%s", cursor);
    a = ask(b, &p->caller, p->own, query);
    expect_problem(&a, 400, "invalid_parameter");
    if (ask(b, &p->owner, p->sent, query).status == 200)
        expect_unknown(b, p, p->sent, query);
    else
        expect_unknown(b, p, p->scheduled, query);
}

START_TEST(a_foreign_cursor_leads_nowhere)
{
    struct pair p = two_users();
    const char *before = written_of(&p);

    for (size_t i = 0; i < n_routes; i++) {
        const struct bearer *b = bearer_of(&routes[i]);

        if (b != NULL && (b->where & IN_CURSOR) != 0)
            try_cursor(b, &p);
    }
    ck_assert_str_eq(written_of(&p), before);
}
END_TEST

/* ---- in the other parameters of a list ---- */

START_TEST(a_foreign_user_id_is_forbidden_as_every_other_is)
{
    struct pair p = two_users();

    for (size_t i = 0; i < n_routes; i++) {
        const struct bearer *b = bearer_of(&routes[i]);
        struct answer foreign, unknown;

        if (b == NULL || (b->where & IN_USER_ID) == 0)
            continue;
        foreign = http("GET", text("%s?user_id=%s", b->path, p.owner.id), p.caller.key, NULL, NULL);
        unknown = http("GET", text("%s?user_id=%s", b->path, cast_id("unknown")), p.caller.key, NULL, NULL);
        expect_problem(&foreign, 403, "forbidden");
        expect_same(&foreign, &unknown, b->path);
        foreign = http("GET", text("%s?user_id=%s", b->path, p.owner.id), cast_key("admin"), NULL, NULL);
        ck_assert_int_eq(foreign.status, 200);
        ck_assert_ptr_nonnull(strstr(foreign.body, p.scheduled));
    }
}
END_TEST

START_TEST(a_list_by_address_is_of_the_callers_own)
{
    struct pair p = two_users();

    for (size_t i = 0; i < n_routes; i++) {
        const struct bearer *b = bearer_of(&routes[i]);
        struct answer a;

        if (b == NULL || (b->where & IN_ADDRESS) == 0)
            continue;
        a = http("GET", text("%s?recipient=4711", b->path), p.caller.key, NULL, NULL);
        ck_assert_int_eq(a.status, 200);
        ck_assert_uint_eq(json_array_size(at(a.json, "data")), 1);
        ck_assert_str_eq(text_at(a.json, "data/0/id"), p.own);
    }
}
END_TEST

/* ---- in an Idempotency-Key ---- */

static const char *body_for(const struct bearer *b, const char *content)
{
    const char *one = text("{\"content\":\"%s\",\"recipients\":[{\"platform\":\"telegram\",\"recipient\":\"4711\"}]}",
                           content);

    return strstr(b->path, "/bulk") != NULL ? text("{\"messages\":[%s]}", one) : one;
}

static const char *id_in(const struct answer *a)
{
    const char *id = text_at(a->json, "id");

    return *id != '\0' ? id : text_at(a->json, "results/0/id");
}

static void expect_own_message(const struct answer *a, const struct user *u)
{
    ck_assert_msg(a->status == 202, "%d %s", a->status, a->body);
    ck_assert_ptr_null(header(a, "Idempotent-Replayed"));
    ck_assert_str_eq(sql_text("SELECT user_id FROM messages WHERE id = '%s'", id_in(a)), u->id);
}

static void try_key(const struct bearer *b, const struct pair *p, const char *content)
{
    const char *const *headers = HEADERS(text("Idempotency-Key: %s %s", b->path, content));
    struct answer owner = http("POST", b->path, p->owner.key, body_for(b, "the first"), headers);
    struct answer caller = http("POST", b->path, p->caller.key, body_for(b, content), headers), again;

    expect_own_message(&owner, &p->owner);
    expect_own_message(&caller, &p->caller);
    again = http("POST", b->path, p->owner.key, body_for(b, "the first"), headers);
    ck_assert_str_eq(header(&again, "Idempotent-Replayed"), "true");
    ck_assert_str_eq(id_in(&again), id_in(&owner));
}

START_TEST(a_foreign_idempotency_key_is_a_fresh_one)
{
    struct pair p = two_users();

    for (size_t i = 0; i < n_routes; i++) {
        const struct bearer *b = bearer_of(&routes[i]);

        if (b == NULL || (b->where & IN_KEY) == 0)
            continue;
        try_key(b, &p, "the first");
        try_key(b, &p, "another");
    }
}
END_TEST

/* ---- in a provider's callback ---- */

START_TEST(a_callback_without_a_signature_moves_nobody)
{
    struct pair p = two_users();
    const char *before = written_of(&p);

    for (size_t i = 0; i < n_routes; i++) {
        const struct bearer *b = bearer_of(&routes[i]);
        struct answer a;

        if (b == NULL || (b->where & SIGNED) == 0)
            continue;
        a = http(http_method_name(b->method),
                 text("%.*s%s?id=%s.0", (int)strcspn(b->path, "{"), b->path,
                      strchr(b->path, '{') != NULL ? "gateway" : "", p.sent), p.caller.key,
                 b->method == HTTP_GET ? NULL
                                       : text("MessageSid=SM1&MessageStatus=read&id=%s.0", p.sent),
                 HEADERS("Content-Type: application/x-www-form-urlencoded"));
        expect_problem(&a, 403, "invalid_signature");
    }
    ck_assert_str_eq(written_of(&p), before);
}
END_TEST

STACK_SUITE("isolation", settings, every_route_says_where_it_takes_an_id,
            a_foreign_id_in_a_path_is_unknown_and_nothing_changes, the_same_ids_are_good_for_their_owner,
            a_foreign_cursor_leads_nowhere, a_foreign_user_id_is_forbidden_as_every_other_is,
            a_list_by_address_is_of_the_callers_own, a_foreign_idempotency_key_is_a_fresh_one,
            a_callback_without_a_signature_moves_nobody)
