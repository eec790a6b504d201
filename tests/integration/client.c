/* client - HTTP over libcurl, users over notifyctl, messages over HTTP. */
#include "tests/integration/client.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <curl/curl.h>

#include "common/base/buf.h"
#include "tests/integration/program.h"
#include "tests/integration/record.h"
#include "tests/integration/stack.h"
#include "tests/integration/witness.h"

#define ANSWER_MOST (4u << 20)
#define ANSWER_SECONDS 30L

/* ---- HTTP ---- */

static size_t keep(char *bytes, size_t size, size_t n, void *into)
{
    buf_add(into, bytes, size * n);
    return size * n;
}

/* NULL: none is given. */
static const char *type_of(const char *const headers[])
{
    for (; headers != NULL && *headers != NULL; headers++) {
        if (strncasecmp(*headers, "Content-Type:", 13) == 0)
            return *headers + 13 + strspn(*headers + 13, " ");
    }
    return NULL;
}

/* An answer to HEAD ends with the connection, so that a body is seen which should not be there. */
static bool is_head(const char *method)
{
    return strcmp(method, "HEAD") == 0;
}

static struct curl_slist *request_head(const char *method, const char *key, const char *body,
                                       const char *const headers[])
{
    struct curl_slist *head = curl_slist_append(NULL, "Expect:");

    if (is_head(method))
        head = curl_slist_append(head, "Connection: close");
    if (key != NULL)
        head = curl_slist_append(head, text("X-API-Key: %s", key));
    if (body != NULL && type_of(headers) == NULL)
        head = curl_slist_append(head, "Content-Type: application/json");
    for (; headers != NULL && *headers != NULL; headers++)
        head = curl_slist_append(head, *headers);
    return head;
}

struct answer answer_of(int status, const char *headers, const char *body, size_t len)
{
    return (struct answer){ status, text("%s", headers), text("%.*s", (int)len, body),
                            json_loadb(body, len, JSON_DECODE_ANY, NULL) };
}

/* Kept, with its connections, for the process: a parent's may not be used by two. */
static CURL *handle(void)
{
    static CURL *curl;
    static pid_t owner;

    if (owner != getpid())
        curl = curl_easy_init();
    owner = getpid();
    curl_easy_reset(curl);
    return curl;
}

/* Without an answer, its body says why. */
static bool perform(const char *method, const char *url, const char *key, const char *body,
                    const char *const headers[], struct answer *out)
{
    struct buf answer_head = BUF_INIT(1 << 20), answer = BUF_INIT(ANSWER_MOST);
    struct curl_slist *head = request_head(method, key, body, headers);
    CURL *curl = handle();
    long status = 0;
    CURLcode code;

    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(curl, CURLOPT_IGNORE_CONTENT_LENGTH, is_head(method) ? 1L : 0L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, ANSWER_SECONDS);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, head);
    if (body != NULL) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(body));
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    }
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, keep);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &answer_head);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
    code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (code == CURLE_OK)
        *out = answer_of((int)status, buf_str(&answer_head), buf_str(&answer), answer.len);
    else
        out->body = curl_easy_strerror(code);
    buf_free(&answer_head);
    buf_free(&answer);
    curl_slist_free_all(head);
    return code == CURLE_OK;
}

/* "http://host:1/path" -> "/path" */
static const char *target_of(const char *url)
{
    const char *host = strstr(url, "://");
    const char *path = host == NULL ? NULL : strchr(host + 3, '/');

    return path == NULL ? "/" : path;
}

static bool perform_as(const char *target, const char *method, const char *url, const char *key,
                       const char *body, const char *const headers[], struct answer *out)
{
    const char *type = type_of(headers);
    const struct asked asked = { .method = method, .target = target, .body = body,
                                 .type = type == NULL && body != NULL ? "application/json" : type,
                                 .body_len = body == NULL ? 0 : strlen(body) };

    if (!perform(method, url, key, body, headers, out))
        return false;
    record_exchange(&asked, out);
    return true;
}

bool http_send(const char *method, const char *url, const char *key, const char *body,
               const char *const headers[], struct answer *out)
{
    return perform_as(target_of(url), method, url, key, body, headers, out);
}

bool http_elsewhere(const char *url, struct answer *out)
{
    return perform("GET", url, NULL, NULL, NULL, out);
}

struct answer http_mounted(const char *mount, const char *method, const char *path, const char *key,
                           const char *body, const char *const headers[])
{
    const char *url = text("%s%s%s", stack_env("NOTIFY_URL"), mount, path);
    struct answer a = { 0 };

    ck_assert_msg(perform_as(path, method, url, key, body, headers, &a), "%s %s: no answer: %s", method,
                  path, a.body);
    return a;
}

struct answer http(const char *method, const char *path, const char *key, const char *body,
                   const char *const headers[])
{
    return http_mounted("", method, path, key, body, headers);
}

const char *header(const struct answer *a, const char *name)
{
    size_t len = strlen(name);

    for (const char *line = a->headers; line != NULL && *line != '\0';) {
        const char *end = line + strcspn(line, "\r\n");

        if (strncasecmp(line, name, len) == 0 && line[len] == ':') {
            const char *value = line + len + 1 + strspn(line + len + 1, " ");

            return text("%.*s", (int)(end - value), value);
        }
        line = end + strspn(end, "\r\n");
    }
    return NULL;
}

/* ---- JSON ---- */

json_t *at(const json_t *json, const char *path)
{
    const json_t *now = json;

    while (now != NULL && *path != '\0') {
        size_t len = strcspn(path, "/");
        const char *name = text("%.*s", (int)len, path);

        now = json_is_array(now) ? json_array_get(now, (size_t)atoi(name)) : json_object_get(now, name);
        path += len + (path[len] == '/');
    }
    return (json_t *)(uintptr_t)now;
}

const char *text_at(const json_t *json, const char *path)
{
    const char *value = json_string_value(at(json, path));

    return value == NULL ? "" : value;
}

json_int_t number_at(const json_t *json, const char *path)
{
    const json_t *value = at(json, path);

    return json_is_integer(value) ? json_integer_value(value) : -1;
}

void expect_problem(const struct answer *a, int status, const char *code)
{
    ck_assert_msg(a->status == status, "expected %d %s, got %d: %.500s", status, code, a->status, a->body);
    ck_assert_str_eq(header(a, "Content-Type"), "application/problem+json");
    ck_assert_str_eq(text_at(a->json, "code"), code);
    ck_assert_int_eq(number_at(a->json, "status"), status);
    ck_assert_str_ne(text_at(a->json, "type"), "");
    ck_assert_str_ne(text_at(a->json, "title"), "");
    ck_assert_str_ne(text_at(a->json, "detail"), "");
    ck_assert_str_eq(text_at(a->json, "request_id"), header(a, "X-Request-Id"));
}

/* ---- users ---- */

static const char *run_notifyctl(const char *const words[])
{
    const char *argv[24] = { "-c", stack_env("NOTIFY_CONFIG") };
    const char *const env[] = { text("NOTIFY_SQL_DIR=%s", stack_env("NOTIFY_SQL_DIR")), NULL };
    struct outcome o;

    for (size_t i = 0; words[i] != NULL && i < 20; i++)
        argv[i + 2] = words[i];
    o = program_run("notifyctl", argv, env);
    ck_assert_msg(o.status == 0, "notifyctl %s: %d: %s", words[0], o.status, buf_str(&o.err));
    return text("%s", buf_str(&o.out));
}

void notifyctl(const char *const words[])
{
    run_notifyctl(words);
}

/* Keys are searched for in the logs at the end. */
static void remember_key(const char *key)
{
    int fd = open(stack_file("keys-of-tests"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_gt(dprintf(fd, "%s\n", key), 0);
    close(fd);
}

struct user user_new(const char *tier)
{
    static int count;
    struct user u = { .email = text("user-%d-%d@tests.example", (int)getpid(), ++count) };
    const char *made;
    json_t *doc;

    notifyctl(HEADERS("user", "add", u.email, "--tier", tier));
    made = run_notifyctl(HEADERS("key", "create", u.email, "--json"));
    doc = json_read(made, strlen(made), NULL);
    u.key = text_at(doc, "key");
    u.id = sql_text("SELECT id FROM users WHERE email = '%s'", u.email);
    ck_assert_str_ne(u.key, "");
    remember_key(u.key);
    return u;
}

/* ---- messages ---- */

const char *send_body(const struct user *u, const char *body)
{
    struct answer a = http("POST", "/api/v1/messages", u->key, body, NULL);

    ck_assert_msg(a.status == 202, "%d: %s", a.status, a.body);
    return text_at(a.json, "id");
}

const char *send_with(const struct user *u, const char *platform, const char *address,
                      const char *more)
{
    return send_body(u, text("{\"content\":\"A private text, number %d\",%s%s\"recipients\":"
                             "[{\"platform\":\"%s\",\"recipient\":\"%s\"}]}",
                             (int)getpid(), more, *more == '\0' ? "" : ",", platform, address));
}

const char *send_to(const struct user *u, const char *platform, const char *address)
{
    return send_with(u, platform, address, "");
}

const char *sms_body(const char *number)
{
    return text("{\"content\":\"A private text, number %d\",\"recipients\":"
                "[{\"platform\":\"sms\",\"recipient\":\"%s\"}]}", (int)getpid(), number);
}

const char *send_range(const struct user *u, long long first, int n, const char *more)
{
    struct buf body = BUF_INIT(1 << 20);

    buf_addf(&body, "{\"content\":\"A private text, number %d\",%s%s\"recipients\":[", (int)getpid(),
             more, *more == '\0' ? "" : ",");
    for (int i = 0; i < n; i++)
        buf_addf(&body, "%s{\"platform\":\"sms\",\"recipient\":\"+%lld\"}", i > 0 ? "," : "", first + i);
    buf_adds(&body, "]}");
    return send_body(u, buf_str(&body));
}

int64_t metric(const char *url, const char *series)
{
    const char *line;
    struct answer a;

    ck_assert(http_elsewhere(text("%s/metrics", url), &a));
    line = strstr(a.body, text("\n%s ", series));
    return line == NULL ? 0 : strtoll(line + strlen(series) + 2, NULL, 10);
}
