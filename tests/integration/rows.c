/* rows - requests from the tables of bad input. */
#include "tests/integration/rows.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <curl/curl.h>

#include "common/base/uuid.h"
#include "common/crypto/digest.h"
#include "tests/integration/fastcgi.h"
#include "tests/integration/stack.h"
#include "tests/integration/witness.h"

#define MESSAGES "/api/v1/messages"
#define BODY_MOST (32u << 20)
#define RECORD_MOST 65535
#define ANSWER_MS 30000

const char *rows_folder(void)
{
    const char *top = getenv("top_srcdir");

    return text("%s/tests/bad-input", top == NULL ? "." : top);
}

json_t *rows_read(const char *name)
{
    const char *path = text("%s/%s.jsonl", rows_folder(), name);
    const char *all = witness_read(path), *end;
    json_t *rows = json_array();
    json_error_t at;

    for (; (end = strchr(all, '\n')) != NULL; all = end + 1) {
        json_t *row = json_loadb(all, (size_t)(end - all), JSON_REJECT_DUPLICATES, &at);

        ck_assert_msg(row != NULL, "%s: %s", path, at.text);
        json_array_append_new(rows, row);
    }
    ck_assert_uint_gt(json_array_size(rows), 0);
    return rows;
}

/* ---- who and what is there ---- */

/* Texts by name, each made once. */
struct known {
    const char *name, *(*make)(void);
    const char *value;
};

static const char *look_up(struct known list[], size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(list[i].name, name) != 0)
            continue;
        if (list[i].value == NULL)
            list[i].value = list[i].make();
        return list[i].value;
    }
    ck_abort_msg("there is no %s", name);
    return NULL;
}

static const struct user *other(void)
{
    static struct user u;

    if (u.key == NULL)
        u = user_new("premium");
    return &u;
}

static const char *user_key(void)
{
    return stack_env("NOTIFY_API_KEY");
}

static const char *admin_key(void)
{
    return stack_env("NOTIFY_ADMIN_KEY");
}

static const char *wrong_key(void)
{
    return "nsk_0123456789abcdefghijABCDEFGHIJ0123456789";
}

static const char *disabled_key(void)
{
    struct user u = user_new("premium");

    notifyctl(HEADERS("user", "disable", u.email));
    return u.key;
}

static const char *revoked_key(void)
{
    struct user u = user_new("premium");

    notifyctl(HEADERS("key", "revoke", u.key));
    return u.key;
}

const char *cast_key(const char *who)
{
    static struct known keys[] = {
        { "user", user_key, NULL },         { "admin", admin_key, NULL },
        { "wrong", wrong_key, NULL },       { "disabled", disabled_key, NULL },
        { "revoked", revoked_key, NULL },
    };

    return strcmp(who, "none") == 0 ? NULL : look_up(keys, sizeof keys / sizeof *keys, who);
}

static const char *user_id(void)
{
    return sql_text("SELECT id FROM users WHERE email = 'demo@example.com'");
}

static const char *other_id(void)
{
    return other()->id;
}

static const char *unknown_id(void)
{
    char *id = malloc(UUID_TEXT_BYTES);

    ck_assert_ptr_nonnull(id);
    uuid_v7(clock_wall_ms(), id);
    return id;
}

static const char *scheduled_body(void)
{
    char at[CLOCK_TEXT_BYTES];

    return text("{\"content\":\"A private text, number %d\",\"scheduled_at\":\"%s\",\"recipients\":["
                "{\"platform\":\"telegram\",\"recipient\":\"4711\"},"
                "{\"platform\":\"telegram\",\"recipient\":\"4712\"},"
                "{\"platform\":\"telegram\",\"recipient\":\"4713\"}]}",
                (int)getpid(), clock_format(clock_wall_ms() + 86400000, at));
}

static const char *own_id(void)
{
    return send_to(&(struct user){ .key = user_key() }, "telegram", "4711");
}

static const char *foreign_id(void)
{
    return send_body(other(), scheduled_body());
}

/* Three recipients, and an event for each. */
static const char *cancelled_id(void)
{
    const char *id = send_body(&(struct user){ .key = user_key() }, scheduled_body());
    struct answer a = http("DELETE", text(MESSAGES "/%s", id), user_key(), NULL, NULL);

    ck_assert_msg(a.status == 200, "%s", a.body);
    return id;
}

const char *cast_id(const char *name)
{
    static struct known ids[] = {
        { "user", user_id, NULL },       { "other", other_id, NULL },
        { "unknown", unknown_id, NULL }, { "own", own_id, NULL },
        { "foreign", foreign_id, NULL }, { "cancelled", cancelled_id, NULL },
        { "crowd", cancelled_id, NULL },
    };

    return look_up(ids, sizeof ids / sizeof *ids, name);
}

static const char *first_cursor(const char *path)
{
    struct answer a = http("GET", path, user_key(), NULL, NULL);
    const char *cursor = text_at(a.json, "next_cursor");

    ck_assert_msg(*cursor != '\0', "%s: no cursor: %s", path, a.body);
    return cursor;
}

/* The newest two are the caller's on telegram, so that every list has a second page. */
static const char *list_cursor(void)
{
    own_id();
    own_id();
    return first_cursor(MESSAGES "?limit=1");
}

static const char *filtered_cursor(void)
{
    own_id();
    own_id();
    return first_cursor(MESSAGES "?limit=1&platform=telegram");
}

static const char *recipients_cursor(void)
{
    return first_cursor(text(MESSAGES "/%s/recipients?limit=1", cast_id("crowd")));
}

static const char *events_cursor(void)
{
    return first_cursor(text(MESSAGES "/%s/events?limit=1", cast_id("crowd")));
}

const char *cast_cursor(const char *list)
{
    static struct known cursors[] = {
        { "list", list_cursor, NULL },
        { "filtered", filtered_cursor, NULL },
        { "recipients", recipients_cursor, NULL },
        { "events", events_cursor, NULL },
    };

    return look_up(cursors, sizeof cursors / sizeof *cursors, list);
}

/* ---- placeholders ---- */

/* Another character at a place; it stays one of a number, an id, a key and a cursor. */
static void flip(char *value, size_t len, size_t place)
{
    ck_assert_uint_lt(place, len);
    value[place] = value[place] == '0' ? '1' : '0';
}

static const char *edited(const char *value, const char *edit)
{
    size_t len = strlen(value), n = (size_t)atoi(edit + strcspn(edit, "=") + (strchr(edit, '=') != NULL));
    char *out = strdup(value);

    ck_assert_ptr_nonnull(out);
    ck_assert_uint_le(n, len);
    if (strncmp(edit, "cut=", 4) == 0)
        out[len - n] = '\0';
    else if (strncmp(edit, "keep=", 5) == 0)
        out[n] = '\0';
    else if (strncmp(edit, "from=", 5) == 0)
        memmove(out, out + n, len - n + 1);
    else if (strncmp(edit, "flip=", 5) == 0)
        flip(out, len, n);
    else if (strcmp(edit, "fliplast") == 0)
        flip(out, len, len - 1);
    else if (strcmp(edit, "upper") == 0 || strcmp(edit, "lower") == 0)
        for (char *p = out; *p != '\0'; p++)
            *p = (char)(*edit == 'u' ? toupper((unsigned char)*p) : tolower((unsigned char)*p));
    else
        ck_abort_msg("there is no edit %s", edit);
    return out;
}

static const char *placed(const char *kind, const char *name, int64_t now_ms)
{
    char at[CLOCK_TEXT_BYTES];

    if (strcmp(kind, "key") == 0)
        return cast_key(name);
    if (strcmp(kind, "id") == 0)
        return cast_id(name);
    if (strcmp(kind, "cursor") == 0)
        return cast_cursor(name);
    if (strcmp(kind, "time") == 0)
        return text("%s", clock_format(now_ms + atoll(name), at));
    return NULL;
}

/* "{kind:name;edit}" at the front of text; its length, or 0 where none is there. */
static size_t take_placeholder(const char *from, int64_t now_ms, const char **value)
{
    char kind[8], name[24], edit[24] = "";
    int len = 0;

    if (sscanf(from, "{%7[a-z]:%23[a-z0-9-]%n", kind, name, &len) != 2)
        return 0;
    if (from[len] == ';') {
        int more = 0;

        if (sscanf(from + len, ";%23[a-z0-9=]%n", edit, &more) != 1)
            return 0;
        len += more;
    }
    *value = from[len] == '}' ? placed(kind, name, now_ms) : NULL;
    if (*value == NULL)
        return 0;
    if (edit[0] != '\0')
        *value = edited(*value, edit);
    return (size_t)len + 1;
}

static const char *fill(const char *template, int64_t now_ms)
{
    struct buf out = BUF_INIT(BODY_MOST);

    for (const char *p = template; *p != '\0';) {
        size_t plain = strcspn(p, "{"), len;
        const char *value;

        buf_add(&out, p, plain);
        p += plain;
        if (*p == '\0')
            break;
        len = take_placeholder(p, now_ms, &value);
        if (len > 0)
            buf_adds(&out, value);
        else
            buf_addc(&out, '{');
        p += len > 0 ? len : 1;
    }
    return buf_str(&out);
}

/* ---- bodies ---- */

static struct bytes decoded(const char *base64)
{
    uint8_t *out = malloc(strlen(base64) + 1);
    struct bytes b = { .data = (const char *)out };

    ck_assert_ptr_nonnull(out);
    ck_assert(base64_decode(base64, strlen(base64), out, &b.len));
    return b;
}

/* A piece so many times; "{n:100}" in it is 100, 101, 102... */
static void add_repeated(struct buf *out, const json_t *part, int64_t now_ms)
{
    const char *piece = fill(text_at(part, "piece"), now_ms), *between = text_at(part, "between");
    const char *number = strstr(piece, "{n:"), *after = number == NULL ? "" : strchr(number, '}') + 1;
    json_int_t count = number_at(part, "count");

    for (json_int_t i = 0; i < count; i++) {
        if (i > 0)
            buf_adds(out, between);
        if (number == NULL)
            buf_adds(out, piece);
        else
            buf_addf(out, "%.*s%lld%s", (int)(number - piece), piece, atoll(number + 3) + (long long)i,
                     after);
    }
}

static struct bytes joined(const json_t *parts, int64_t now_ms)
{
    struct buf out = BUF_INIT(BODY_MOST);
    const json_t *part;
    size_t i;

    json_array_foreach ((json_t *)(uintptr_t)parts, i, part) {
        if (json_is_string(part))
            buf_adds(&out, fill(json_string_value(part), now_ms));
        else
            add_repeated(&out, part, now_ms);
    }
    ck_assert(!buf_overflowed(&out));
    return (struct bytes){ buf_str(&out), out.len };
}

static struct bytes body_of(const json_t *row, int64_t now_ms)
{
    const json_t *body = json_object_get(row, "body");

    if (json_object_get(row, "body_base64") != NULL)
        return decoded(text_at(row, "body_base64"));
    if (json_object_get(row, "parts") != NULL)
        return joined(json_object_get(row, "parts"), now_ms);
    if (body != NULL) {
        const char *filled = fill(json_string_value(body), now_ms);

        return (struct bytes){ filled, strlen(filled) };
    }
    return (struct bytes){ NULL, 0 };
}

struct outgoing row_request(const json_t *row)
{
    int64_t now_ms = clock_wall_ms();

    return (struct outgoing){ .method = text_at(row, "method"),
                              .target = fill(text_at(row, "path"), now_ms),
                              .key = cast_key(text_at(row, "key")),
                              .headers = json_object_get(row, "headers"),
                              .body = body_of(row, now_ms),
                              .now_ms = now_ms };
}

/* ---- through the web server ---- */

static const char *type_of(const struct outgoing *r)
{
    const json_t *type = json_object_get(r->headers, "Content-Type");

    if (type != NULL)
        return fill(json_string_value(type), r->now_ms);
    return r->body.data == NULL ? NULL : "application/json";
}

static struct asked asked_of(const struct outgoing *r)
{
    return (struct asked){ r->method, r->target, type_of(r), r->body.data, r->body.len };
}

static size_t keep(char *bytes, size_t size, size_t n, void *into)
{
    buf_add(into, bytes, size * n);
    return size * n;
}

static struct curl_slist *head_of(const struct outgoing *r)
{
    struct curl_slist *head = curl_slist_append(NULL, "Expect:");
    const char *name;
    json_t *value;

    if (r->key != NULL)
        head = curl_slist_append(head, text("X-API-Key: %s", r->key));
    if (json_object_get(r->headers, "Content-Type") == NULL)
        head = curl_slist_append(head, r->body.data == NULL ? "Content-Type:" : "Content-Type: application/json");
    json_object_foreach ((json_t *)(uintptr_t)r->headers, name, value) {
        const char *filled = fill(json_string_value(value), r->now_ms);

        head = curl_slist_append(head, *filled == '\0' ? text("%s;", name) : text("%s: %s", name, filled));
    }
    return head;
}

static void set_body(CURL *curl, const struct outgoing *r)
{
    bool wants_body = strcmp(r->method, "POST") == 0 || strcmp(r->method, "PUT") == 0 ||
                      strcmp(r->method, "PATCH") == 0;

    if (strcmp(r->method, "HEAD") == 0) {
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    } else if (r->body.data != NULL || wants_body) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body.len);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, r->body.data == NULL ? "" : r->body.data);
    }
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, r->method);
}

/* The target goes out as it is: a URL would be tidied up. */
struct answer row_send(const struct outgoing *r)
{
    static CURL *curl; /* a test's own: each is a process */
    struct buf answer_head = BUF_INIT(1 << 20), answer = BUF_INIT(BODY_MOST);
    struct curl_slist *head = head_of(r);
    const struct asked asked = asked_of(r);
    struct answer a;
    long status = 0;
    CURLcode code;

    curl = curl == NULL ? curl_easy_init() : curl;
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL, stack_env("NOTIFY_URL"));
    curl_easy_setopt(curl, CURLOPT_REQUEST_TARGET, r->target);
    set_body(curl, r);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)ANSWER_MS);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, head);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, keep);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &answer_head);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
    code = curl_easy_perform(curl);
    ck_assert_msg(code == CURLE_OK, "%s %.80s: %s", r->method, r->target, curl_easy_strerror(code));
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(head);
    a = answer_of((int)status, buf_str(&answer_head), buf_str(&answer), answer.len);
    record_exchange(&asked, &a);
    return a;
}

/* ---- straight to a responder ---- */

static const char *param_name(const char *header_name)
{
    char *name = (char *)(uintptr_t)text("HTTP_%s", header_name);

    for (char *p = name; *p != '\0'; p++)
        *p = *p == '-' ? '_' : (char)toupper((unsigned char)*p);
    return strncmp(name, "HTTP_CONTENT_TYPE", 17) == 0 || strncmp(name, "HTTP_CONTENT_LENGTH", 19) == 0
               ? name + 5
               : name;
}

static void add_params(struct buf *params, const struct outgoing *r)
{
    const char *name;
    json_t *value;

    fastcgi_param(params, "REQUEST_METHOD", r->method);
    fastcgi_param(params, "REQUEST_URI", r->target);
    if (r->key != NULL)
        fastcgi_param(params, "HTTP_X_API_KEY", r->key);
    if (r->body.data != NULL && json_object_get(r->headers, "Content-Type") == NULL)
        fastcgi_param(params, "CONTENT_TYPE", "application/json");
    if (r->body.data != NULL && json_object_get(r->headers, "Content-Length") == NULL)
        fastcgi_param(params, "CONTENT_LENGTH", text("%zu", r->body.len));
    json_object_foreach ((json_t *)(uintptr_t)r->headers, name, value)
        fastcgi_param(params, param_name(name), fill(json_string_value(value), r->now_ms));
}

static void add_stream(struct buf *out, int type, const char *data, size_t len)
{
    for (size_t at = 0, some; at < len; at += some) {
        some = len - at < RECORD_MOST ? len - at : RECORD_MOST;
        fastcgi_record(out, type, data + at, some);
    }
    fastcgi_record(out, type, "", 0);
}

struct answer row_send_direct(const struct outgoing *r)
{
    struct buf params = BUF_INIT(1 << 20), request = BUF_INIT(BODY_MOST);
    int fd = fastcgi_connect(fastcgi_socket("fcgi-1"));
    const struct asked asked = asked_of(r);
    struct answer a = { 0 };

    add_params(&params, r);
    fastcgi_begin(&request, false);
    add_stream(&request, FCGI_PARAMS, params.data, params.len);
    add_stream(&request, FCGI_STDIN, r->body.data, r->body.len);
    ck_assert(fastcgi_send(fd, request.data, request.len));
    ck_assert_msg(fastcgi_answer_to(&asked, fd, ANSWER_MS, &a), "%s %.80s: no answer", r->method,
                  r->target);
    close(fd);
    buf_free(&params);
    buf_free(&request);
    return a;
}
