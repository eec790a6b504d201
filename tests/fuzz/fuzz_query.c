/* Fuzz target of the queries of lists: what is taken keeps every rule, what is refused says where. */
#include "common/base/clock.h"
#include "common/base/json.h"
#include "fcgi/cursor.h"
#include "fcgi/handlers/query.h"
#include "fcgi/routes.h"
#include "tests/fuzz/fuzz.h"

static const char *const known[] = { "status", "platform", "recipient", "created_after", "created_before",
                                     "user_id", "limit", "cursor", NULL };
static const struct route route = { HTTP_GET, "/list", NEED_NOTHING };

static bool is_known(const char *name)
{
    for (const char *const *k = known; *k != NULL; k++) {
        if (strcmp(*k, name) == 0)
            return true;
    }
    return false;
}

static void check_taken(struct query *q, int limit, int64_t after_ms, const char *scope, const char *place)
{
    const char *cursor = query_text(q, "cursor");
    int64_t ms;

    FUZZ_EXPECT(!q->call->answered && limit >= 1 && limit <= 100);
    FUZZ_EXPECT((query_text(q, "created_after") != NULL) == (after_ms >= 0));
    FUZZ_EXPECT(after_ms < 0 || (clock_parse(query_text(q, "created_after"), &ms) && ms == after_ms));
    FUZZ_EXPECT((cursor != NULL) == (place != NULL));
    FUZZ_EXPECT(place == NULL || strcmp(cursor_make(&q->call->mem, place, scope), cursor) == 0);
    for (size_t i = 0; i < q->form.count; i++) {
        FUZZ_EXPECT(is_known(q->form.pairs[i].key));
        for (size_t before = 0; before < i; before++)
            FUZZ_EXPECT(strcmp(q->form.pairs[before].key, q->form.pairs[i].key) != 0);
    }
}

static void check_refused(const struct call *c)
{
    SCOPED(json_t) doc = json_read(buf_str(&c->res.body), c->res.body.len, NULL);
    json_t *one;
    size_t i;

    FUZZ_EXPECT(c->answered && c->res.status == 400 && json_is_object(doc));
    FUZZ_EXPECT(strcmp(json_string_value(json_object_get(doc, "code")), "invalid_parameter") == 0);
    json_array_foreach (json_object_get(doc, "errors"), i, one)
        FUZZ_EXPECT(json_string_value(json_object_get(one, "pointer"))[0] == '?');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size), *no_params[] = { NULL };
    const char *scope, *place;
    struct call call;
    struct query q;
    int64_t after_ms;
    int limit;

    call_init(&call);
    call.route = &route;
    call.req = (struct request){ .params = no_params, .method = HTTP_GET, .query = text };
    if (query_read(&q, &call, known)) {
        limit = query_int(&q, "limit", 1, 100, 20);
        after_ms = query_time(&q, "created_after");
        scope = query_scope(&q, known);
        place = query_cursor(&q, scope);
        if (query_done(&q))
            check_taken(&q, limit, after_ms, scope, place);
    }
    if (call.answered)
        check_refused(&call);
    call_done(&call);
    free(text);
    return 0;
}
