/* gateway - one reader a key; each finds at most one fault. */
#include "common/config/gateway.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/json.h"

#define HEADERS_MAX 32
#define SAMPLE_LIMIT (1u << 20)

const char *const gateway_names[] = {
    [GW_TO] = "to",
    [GW_TO_BARE] = "to_bare",
    [GW_FROM] = "from",
    [GW_FROM_BARE] = "from_bare",
    [GW_TEXT] = "text",
    [GW_HTML] = "html",
    [GW_SUBJECT] = "subject",
    [GW_ID] = "id",
    [GW_MESSAGE_ID] = "message_id",
    [GW_VALUES] = NULL,
};

struct reader {
    struct arena *mem;
    const struct provider_config *cfg;
    struct gateway *out;
    struct gateway_fault *faults;
    size_t n;
};

static bool is_faulty(const struct reader *r, const char *key)
{
    for (size_t i = 0; i < r->n; i++)
        if (strcmp(r->faults[i].key, key) == 0)
            return true;
    return false;
}

static void fault(struct reader *r, const char *key, const char *words)
{
    if (!is_faulty(r, key))
        r->faults[r->n++] = (struct gateway_fault){ key, words };
}

/* The template filled in with an "x" for everything. */
static const char *sample(struct reader *r, const struct template *t)
{
    static const char *const values[GW_VALUES] = { "x", "x", "x", "x", "x", "x", "x", "x", "x" };
    struct buf out = BUF_INIT(SAMPLE_LIMIT);
    const char *copy;

    template_fill(&out, t, values, escape_line);
    copy = arena_strndup(r->mem, buf_str(&out), out.len);
    buf_free(&out);
    return copy;
}

static bool has_placeholder(const struct template *t)
{
    for (int i = 0; i < GW_VALUES; i++)
        if (template_uses(t, i))
            return true;
    return false;
}

/* ---- url ---- */

bool gateway_url_climbs(const char *url)
{
    const char *at = strstr(url, "://");

    at = at == NULL ? url : at + strlen("://");
    at += strcspn(at, "/?");
    while (*at == '/') {
        size_t len = strcspn(++at, "/?");

        if ((len == 1 || len == 2) && strspn(at, ".") >= len)
            return true;
        at += len;
    }
    return false;
}

/* "scheme://" is past; what goes up to the path names a host, and nothing else. */
static const char *authority_fault(const char *text)
{
    size_t len = strcspn(text, "/?#");

    if (memchr(text, '{', len) != NULL || memchr(text, '}', len) != NULL)
        return "holds a brace before the path: the host is fixed, nothing can be filled in there";
    if (memchr(text, '@', len) != NULL)
        return "holds a login; use username and password";
    if (len == 0 || *text == ':' ||
        strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._[]:") < len)
        return "names no host behind http:// or https://";
    return NULL;
}

/* Bytes that no URL holds unescaped (RFC 3986 section 2); braces are looked at on their own. */
static const char *bytes_fault(const char *text)
{
    for (; *text != '\0'; text++)
        if (*text <= ' ' || *text > '~' || strchr("\"<>\\^`|", *text) != NULL)
            return "holds a blank or another byte that must be written as %XX in a URL";
    return NULL;
}

static const char *url_fault(const char *text)
{
    const char *rest = strncmp(text, "http://", 7) == 0    ? text + 7
                       : strncmp(text, "https://", 8) == 0 ? text + 8
                                                           : NULL;
    const char *words;

    if (rest == NULL)
        return "must begin with http:// or https://";
    if ((words = bytes_fault(text)) != NULL || (words = authority_fault(rest)) != NULL)
        return words;
    return strchr(text, '#') != NULL ? "holds a #, and what follows one is never sent" : NULL;
}

static void read_url(struct reader *r)
{
    const char *words = url_fault(r->cfg->url);
    const char *filled;

    if (words == NULL)
        words = template_parse(r->mem, r->cfg->url, gateway_names, &r->out->url);
    if (words == NULL) {
        filled = sample(r, &r->out->url);
        if (strpbrk(filled, "{}") != NULL)
            words = "holds a brace that is of no placeholder; a URL writes one as %7B or %7D";
        else if (gateway_url_climbs(filled))
            words = "holds . or .. between slashes of its path; write the path without it";
    }
    if (words != NULL)
        fault(r, "url", words);
}

/* ---- headers ---- */

/* They frame the request, which is the program's business. */
static const char *const own_headers[] = {
    "Connection", "Content-Length",    "Expect", "Host", "TE",
    "Trailer",    "Transfer-Encoding", "Upgrade"
};

static bool is_own_header(const char *name)
{
    for (size_t i = 0; i < sizeof own_headers / sizeof *own_headers; i++)
        if (strcasecmp(own_headers[i], name) == 0)
            return true;
    return false;
}

static const struct gateway_header *find_header(const struct gateway *g, const char *name)
{
    for (size_t i = 0; i < g->n_headers; i++)
        if (strcasecmp(g->headers[i].name, name) == 0)
            return &g->headers[i];
    return NULL;
}

/*
 * One header off the list, without the '|' or line break that ends it; "||" is a '|' of its own.
 * Returns what follows.
 */
static const char *take_header(struct arena *mem, const char *text, const char **line)
{
    char *out = arena_alloc(mem, strlen(text) + 1), *to = out;

    text += strspn(text, " \t\r");
    while (*text != '\0' && *text != '\n') {
        if (*text == '|' && *++text != '|')
            break;
        *to++ = *text++;
    }
    while (to > out && strchr(" \t\r", to[-1]) != NULL)
        to--;
    *to = '\0';
    *line = out;
    return text + (*text == '\n');
}

/* RFC 9110 section 5.6.2. */
size_t gateway_token_length(const char *text)
{
    return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                        "!#$%&'*+-.^_`~");
}

/* NULL: the header is added. */
static const char *add_header(struct reader *r, const char *line)
{
    struct gateway_header *h = &r->out->headers[r->out->n_headers];
    size_t len = gateway_token_length(line);
    const char *value = line + len + 1, *words;
    struct buf checked = BUF_INIT(SAMPLE_LIMIT);
    bool fits;

    if (len == 0 || line[len] != ':' || value[strspn(value, " \t")] == '\0')
        return "is not Name: value";
    value += strspn(value, " \t");
    fits = escape_line(&checked, value);
    buf_free(&checked);
    if (!fits)
        return "holds a control character";
    h->name = arena_strndup(r->mem, line, len);
    if (is_own_header(h->name))
        return "is one that the program sets itself";
    if (find_header(r->out, h->name) != NULL)
        return "has a name that stands twice";
    words = template_parse(r->mem, value, gateway_names, &h->value);
    r->out->n_headers += words == NULL;
    return words;
}

static void read_headers(struct reader *r)
{
    const char *text = r->cfg->headers, *line, *words = NULL;

    r->out->headers = ARENA_ARRAY(r->mem, struct gateway_header, HEADERS_MAX);
    for (int n = 1; *text != '\0' && words == NULL; n++) {
        text = take_header(r->mem, text, &line);
        if (*line == '\0')
            continue;
        words = r->out->n_headers < HEADERS_MAX ? add_header(r, line) : "is one too many";
        if (words != NULL)
            fault(r, "headers", arena_printf(r->mem, "header %d %s", n, words));
    }
}

/* ---- body ---- */

static const struct media {
    const char *type;
    bool is_suffix; /* "+json": of any type that ends so */
    escape_fn escape;
} medias[] = {
    { "application/json", false, escape_json },
    { "+json", true, escape_json },
    { "application/x-www-form-urlencoded", false, escape_percent },
    { "text/xml", false, escape_xml },
    { "application/xml", false, escape_xml },
    { "+xml", true, escape_xml },
};

/* NULL: a type of which nothing is known. */
static escape_fn escape_of(const char *type)
{
    size_t len = strcspn(type, "; \t");

    for (size_t i = 0; i < sizeof medias / sizeof *medias; i++) {
        size_t n = strlen(medias[i].type);

        if (len >= n && (len == n || medias[i].is_suffix) &&
            strncasecmp(type + len - n, medias[i].type, n) == 0)
            return medias[i].escape;
    }
    return NULL;
}

static const char *json_fault(const char *text)
{
    SCOPED(json_t) doc = json_read(text, strlen(text), NULL);

    return doc != NULL ? NULL
                       : "is not JSON with its placeholders filled in; each stands between quotes";
}

static const char *body_fault(struct reader *r)
{
    const struct gateway_header *type = find_header(r->out, "Content-Type");
    const char *words;

    if (strcmp(r->cfg->method, "GET") == 0)
        return "must be empty: the method GET has none";
    if (is_faulty(r, "headers"))
        return NULL;
    if (type == NULL)
        return "needs a Content-Type among the headers, which says how values stand in it";
    if (has_placeholder(&type->value))
        return "needs a Content-Type that is fixed, without placeholders";
    words = template_parse(r->mem, r->cfg->body_template, gateway_names, &r->out->body);
    if (words != NULL)
        return words;
    r->out->body_escape = escape_of(sample(r, &type->value));
    if (r->out->body_escape == escape_json)
        return json_fault(sample(r, &r->out->body));
    if (r->out->body_escape == escape_xml && strstr(r->cfg->body_template, "<![CDATA[") != NULL)
        return "holds CDATA, where values can't be escaped; leave it out, they are escaped";
    /* A value alone has nothing around it that a line break could break. */
    if (r->out->body_escape == NULL)
        r->out->body_escape = template_is_bare(&r->out->body) ? escape_text : escape_line;
    return NULL;
}

static void read_body(struct reader *r)
{
    const char *words = *r->cfg->body_template != '\0' ? body_fault(r) : NULL;

    if (words != NULL)
        fault(r, "body", words);
}

/* ---- login ---- */

static void read_login(struct reader *r)
{
    const struct provider_config *cfg = r->cfg;

    if (*cfg->username == '\0' && *cfg->password == '\0')
        return;
    if (*cfg->username == '\0')
        fault(r, "password", "needs a username beside it");
    else if (strchr(cfg->username, ':') != NULL)
        fault(r, "username", "holds a colon, which would end it (HTTP Basic)");
    else if (find_header(r->out, "Authorization") != NULL)
        fault(r, "username", "is of no use beside an Authorization among the headers");
    r->out->username = arena_strdup(r->mem, cfg->username);
    r->out->password = arena_strdup(r->mem, cfg->password);
}

/* ---- statuses ---- */

static void list_range(struct gateway *g, long first, long last, enum gateway_outcome outcome)
{
    for (long status = first; status <= last && status < GATEWAY_STATUSES; status++)
        g->outcomes[status] = outcome == GW_RETRY && status == 429 ? GW_THROTTLED : outcome;
}

/* One status or range off the list, and what follows it; NULL: it is none. */
static const char *take_range(const char *text, long *first, long *last)
{
    char *end;

    *first = *last = strtol(text, &end, 10);
    if (*end == '-')
        *last = strtol(end + 1, &end, 10);
    end += strspn(end, " ");
    if (*first < 100 || *last < 100 || *last >= GATEWAY_STATUSES)
        return NULL;
    return *end == ',' || *end == '\0' ? end : NULL;
}

/* "200-299,304"; NULL: understood. */
static const char *list_statuses(struct gateway *g, const char *text, enum gateway_outcome outcome)
{
    long first, last;

    do {
        text = take_range(text, &first, &last);
        if (text == NULL)
            return "must be statuses, like 200-299,304";
        if (last < first)
            return "holds a range that ends before it begins";
        list_range(g, first, last, outcome);
    } while (*text++ == ',');
    return NULL;
}

/* Of two lists that hold a status the later row counts. */
static void read_statuses(struct reader *r)
{
    const struct {
        const char *key, *text;
        enum gateway_outcome outcome;
    } lists[] = {
        { "refused", r->cfg->refuse_status, GW_REFUSED },
        { "denied", r->cfg->deny_status, GW_DENIED },
        { "retry", r->cfg->retry_status, GW_RETRY },
        { "accepted", r->cfg->accept_status, GW_ACCEPTED },
    };

    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        const char *words = NULL;

        if (*lists[i].text != '\0')
            words = list_statuses(r->out, lists[i].text, lists[i].outcome);
        if (words != NULL)
            fault(r, lists[i].key, words);
    }
    if (*r->cfg->accept_status == '\0')
        fault(r, "accepted", "must not be empty: every answer would leave its outcome unclear");
}

enum gateway_outcome gateway_outcome_of_status(const struct gateway *g, int status)
{
    return status >= 0 && status < GATEWAY_STATUSES ? (enum gateway_outcome)g->outcomes[status]
                                                    : GW_UNLISTED;
}

/* ---- answers ---- */

const char *gateway_path_fault(const char *path)
{
    for (;;) {
        size_t len = strcspn(path, ".");

        if (len == 0)
            return "must be names and numbers joined by dots, like messages.0.status";
        path += len;
        if (*path++ == '\0')
            return NULL;
    }
}

static const char *read_path(struct reader *r, const char *key, const char *path)
{
    const char *words = *path != '\0' ? gateway_path_fault(path) : NULL;

    if (words != NULL)
        fault(r, key, words);
    return arena_strdup(r->mem, path);
}

/* Lists without a path are never looked at; a path without accepted values accepts nothing. */
static void read_results(struct reader *r)
{
    const struct {
        const char *key, *text, **member;
    } lists[] = {
        { "result_accepted", r->cfg->result_accepted, &r->out->result_accepted },
        { "result_throttled", r->cfg->result_throttled, &r->out->result_throttled },
        { "result_retry", r->cfg->result_retry, &r->out->result_retry },
        { "result_denied", r->cfg->result_denied, &r->out->result_denied },
    };

    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        *lists[i].member = arena_strdup(r->mem, lists[i].text);
        if (*lists[i].text != '\0' && *r->cfg->result_path == '\0')
            fault(r, lists[i].key, "needs a result_path beside it");
    }
    if (*r->cfg->result_path != '\0' && *r->cfg->result_accepted == '\0')
        fault(r, "result_path", "needs result_accepted beside it: no answer would be accepted");
}

bool gateway_lists(const char *list, const char *value)
{
    size_t len = strlen(value);

    while (*list != '\0') {
        const char *item = list + strspn(list, " ");
        size_t room = strcspn(item, ","), n = room;

        while (n > 0 && item[n - 1] == ' ')
            n--;
        if (n == len && memcmp(item, value, n) == 0)
            return true;
        list = item + room + (item[room] == ',');
    }
    return false;
}

enum gateway_outcome gateway_outcome_of_result(const struct gateway *g, const char *result)
{
    const struct {
        const char *list;
        enum gateway_outcome outcome;
    } lists[] = {
        { g->result_accepted, GW_ACCEPTED },
        { g->result_throttled, GW_THROTTLED },
        { g->result_retry, GW_RETRY },
        { g->result_denied, GW_DENIED },
    };

    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (gateway_lists(lists[i].list, result))
            return lists[i].outcome;
    return GW_REFUSED;
}

/* ---- the whole ---- */

bool gateway_uses(const struct gateway *g, enum gateway_value value)
{
    for (size_t i = 0; i < g->n_headers; i++)
        if (template_uses(&g->headers[i].value, value))
            return true;
    return template_uses(&g->url, value) || template_uses(&g->body, value);
}

/* The headers come before what looks among them. */
size_t gateway_read(struct arena *mem, const struct provider_config *cfg, struct gateway *out,
                    struct gateway_fault faults[GATEWAY_FAULTS])
{
    struct reader r = { .mem = mem, .cfg = cfg, .out = out, .faults = faults };

    *out = (struct gateway){ .method = arena_strdup(mem, cfg->method) };
    read_url(&r);
    read_headers(&r);
    read_body(&r);
    read_login(&r);
    read_statuses(&r);
    out->id_path = read_path(&r, "id_path", cfg->id_path);
    out->result_path = read_path(&r, "result_path", cfg->result_path);
    out->error_path = read_path(&r, "error_path", cfg->error_path);
    read_results(&r);
    return r.n;
}
