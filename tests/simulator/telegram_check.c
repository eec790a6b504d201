/* telegram_check - the rules that a request for sendMessage must keep. */
#include "tests/simulator/telegram.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/json.h"
#include "common/base/urlform.h"
#include "common/crypto/hmac.h"
#include "tests/simulator/telegram_text.h"
#include "tests/simulator/text.h"

#define FORM_PAIRS 64
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define CHAT_BITS 52

struct reading {
    const struct settings *settings;
    const struct request *request;
    struct arena *mem;
    const char *token, *method; /* of the path; NULL: it has none */
    struct urlform form;        /* the parameters, whichever way they came */
    const char *body_fault;     /* NULL: they could be read */
    enum telegram_mode mode;
    const char *plain; /* the text without its markup */
    const char *words; /* instead of the rule's */
};

static const char *given(const struct reading *r, const char *name)
{
    const char *value = urlform_find(&r->form, name);

    return value != NULL && *value != '\0' ? value : NULL;
}

/* The rules.  Each says whether the request breaks it; those before it are kept by then. */

static bool wrong_path(struct reading *r)
{
    return r->method == NULL;
}

static bool malformed_token(struct reading *r)
{
    size_t digits = strspn(r->token, "0123456789");

    return digits == 0 || r->token[0] == '0' || r->token[digits] != ':' || strlen(r->token) > 80;
}

static bool wrong_token(struct reading *r)
{
    const char *own = r->settings->telegram.token;

    return !secret_equal(r->token, strlen(r->token), own, strlen(own));
}

static bool unknown_method(struct reading *r)
{
    return strcasecmp(r->method, "sendMessage") != 0;
}

static bool wrong_http_method(struct reading *r)
{
    return strcmp(r->request->method, "POST") != 0;
}

static bool too_large(struct reading *r)
{
    return buf_overflowed(&r->request->body);
}

static bool unreadable(struct reading *r)
{
    r->words = r->body_fault;
    return r->body_fault != NULL;
}

static bool not_utf8(struct reading *r)
{
    for (size_t i = 0; i < r->form.count; i++)
        if (text_characters(r->form.pairs[i].value) < 0)
            return true;
    return false;
}

static bool is_blank(const char *text)
{
    return text[strspn(text, " \t\r\n")] == '\0';
}

static bool no_text(struct reading *r)
{
    return given(r, "text") == NULL || is_blank(given(r, "text"));
}

static bool unknown_mode(struct reading *r)
{
    static const struct {
        const char *name;
        enum telegram_mode mode;
    } modes[] = {
        { "none", TELEGRAM_PLAIN },
        { "html", TELEGRAM_HTML },
        { "markdown", TELEGRAM_MARKDOWN },
        { "markdownv2", TELEGRAM_MARKDOWN_V2 },
    };
    const char *name = given(r, "parse_mode");

    for (size_t i = 0; name != NULL && i < sizeof modes / sizeof *modes; i++)
        if (strcasecmp(modes[i].name, name) == 0) {
            r->mode = modes[i].mode;
            return false;
        }
    return name != NULL;
}

static bool wrong_markup(struct reading *r)
{
    const char *fault = telegram_text_read(r->mem, r->mode, given(r, "text"), &r->plain);

    if (fault != NULL)
        r->words = arena_printf(r->mem, "Bad Request: can't parse entities: %s", fault);
    return fault != NULL;
}

static bool nothing_but_markup(struct reading *r)
{
    return is_blank(r->plain);
}

static bool too_long(struct reading *r)
{
    return text_characters(r->plain) > TELEGRAM_TEXT_MAX;
}

/* In a form these are JSON as text. */
static bool wrong_object(struct reading *r)
{
    static const struct {
        const char *name, *what;
        char bracket;
    } objects[] = {
        { "entities", "entities", '[' },
        { "link_preview_options", "link preview options", '{' },
        { "reply_parameters", "reply parameters", '{' },
        { "reply_markup", "reply keyboard markup", '{' },
    };

    for (size_t i = 0; i < sizeof objects / sizeof *objects; i++) {
        const char *text = given(r, objects[i].name);

        if (text == NULL)
            continue;
        SCOPED(json_t) value = json_read(text, strlen(text), NULL);
        if (objects[i].bracket == '[' ? json_is_array(value) : json_is_object(value))
            continue;
        r->words = arena_printf(r->mem, "Bad Request: can't parse %s JSON object", objects[i].what);
        return true;
    }
    return false;
}

static bool is_integer(const char *text)
{
    return text_is_digits(text + (*text == '-'), 1, 19);
}

static bool wrong_thread(struct reading *r)
{
    const char *thread = given(r, "message_thread_id");

    return thread != NULL && !is_integer(thread);
}

static bool no_chat(struct reading *r)
{
    return given(r, "chat_id") == NULL;
}

static bool is_channel(const char *chat)
{
    size_t len = strlen(chat + 1);

    return chat[0] == '@' && len >= 5 && len <= 32 && strchr(LETTERS, chat[1]) != NULL &&
           text_is_of(chat + 1, LETTERS "0123456789_");
}

static bool unknown_chat(struct reading *r)
{
    const char *chat = given(r, "chat_id");
    long long id;

    if (is_channel(chat))
        return false;
    if (!is_integer(chat))
        return true;
    id = llabs(strtoll(chat, NULL, 10));
    return id == 0 || id >= 1LL << CHAT_BITS;
}

static const struct rule {
    bool (*broken)(struct reading *r);
    int status;
    const char *description;
} rules[] = {
    { wrong_path, 404, "Not Found" },
    { malformed_token, 401, "Unauthorized: invalid token specified" },
    { wrong_token, 401, "Unauthorized" },
    { wrong_http_method, 405, "Method Not Allowed" },
    { unknown_method, 404, "Not Found" },
    { too_large, 413, "Request Entity Too Large" },
    { unreadable, 400, NULL },
    { not_utf8, 400, "Bad Request: strings must be encoded in UTF-8" },
    { no_text, 400, "Bad Request: message text is empty" },
    { unknown_mode, 400, "Bad Request: unsupported parse_mode" },
    { wrong_markup, 400, NULL },
    { nothing_but_markup, 400, "Bad Request: message text is empty" },
    { too_long, 400, "Bad Request: message is too long" },
    { wrong_object, 400, NULL },
    { wrong_thread, 400, "Bad Request: invalid message thread identifier specified" },
    { no_chat, 400, "Bad Request: chat_id is empty" },
    { unknown_chat, 400, "Bad Request: chat not found" },
};

/* ---- reading ---- */

/* The Bot API takes the text of each value: a null is the word. */
static const char *value_text(struct arena *mem, const json_t *value)
{
    char *dumped;
    const char *kept;

    if (json_is_string(value))
        return arena_strdup(mem, json_string_value(value));
    dumped = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    if (dumped == NULL)
        abort();
    kept = arena_strdup(mem, dumped);
    free(dumped);
    return kept;
}

static const char *read_json(struct reading *r)
{
    const struct buf *body = &r->request->body;
    SCOPED(json_t) doc = json_read(buf_str(body), body->len, NULL);
    const char *key;
    json_t *value;

    if (!json_is_object(doc))
        return "Bad Request: can't parse the JSON object of the parameters";
    r->form.pairs = ARENA_ARRAY(r->mem, struct urlform_pair, json_object_size(doc));
    json_object_foreach (doc, key, value)
        r->form.pairs[r->form.count++] =
            (struct urlform_pair){ arena_strdup(r->mem, key), value_text(r->mem, value) };
    return NULL;
}

static const char *read_form(struct reading *r)
{
    const struct buf *body = &r->request->body;

    if (urlform_parse(r->mem, buf_str(body), body->len, FORM_PAIRS, &r->form, NULL) != ST_OK)
        return "Bad Request: can't parse the form of the parameters";
    return NULL;
}

static const struct {
    const char *type;
    const char *(*read)(struct reading *r);
} forms[] = {
    { "application/json", read_json },
    { "application/x-www-form-urlencoded", read_form },
};

/* NULL: the parameters could be read. */
static const char *read_body(struct reading *r)
{
    const char *type = r->request->content_type;

    for (size_t i = 0; type != NULL && i < sizeof forms / sizeof *forms; i++) {
        size_t len = strlen(forms[i].type);

        if (strncasecmp(type, forms[i].type, len) == 0 && strchr(" ;", type[len]) != NULL)
            return forms[i].read(r);
    }
    return r->request->body.len == 0 ? NULL
                                     : "Bad Request: only JSON and urlencoded forms are simulated";
}

/* "/botTOKEN/METHOD" */
static void read_path(struct reading *r)
{
    const char *token = r->request->path + strlen("/bot");
    const char *slash = strchr(token, '/');

    if (slash == NULL || slash == token || slash[1] == '\0' || strchr(slash + 1, '/') != NULL)
        return;
    r->token = arena_strndup(r->mem, token, (size_t)(slash - token));
    r->method = slash + 1;
}

/* The log shows what could be read, also of a request that is then refused; never the token. */
static void note(struct reading *r, struct exchange *x)
{
    struct message *m = &x->message;
    const char *chat = urlform_find(&r->form, "chat_id"), *text = urlform_find(&r->form, "text");

    x->shown_path = arena_printf(r->mem, "/bot<token>/%s", r->method != NULL ? r->method : "");
    m->to = chat != NULL && text_characters(chat) >= 0 ? chat : NULL;
    m->text = text != NULL && text_characters(text) >= 0 ? text : NULL;
    m->number = m->to != NULL ? text_chat_number(m->to) : -1;
}

bool telegram_check(const struct settings *s, struct exchange *x)
{
    struct reading r = { .settings = s, .request = &x->request, .mem = &x->mem };

    read_path(&r);
    r.body_fault = read_body(&r);
    note(&r, x);
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i].broken(&r)) {
            telegram_refuse(x, rules[i].status, r.words != NULL ? r.words : rules[i].description);
            return false;
        }
    return true;
}
