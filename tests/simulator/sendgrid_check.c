/* sendgrid_check - the rules that a request for mail/send must keep. */
#include "tests/simulator/sendgrid.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/crypto/digest.h"
#include "tests/simulator/text.h"

#define HELP "http://sendgrid.com/docs/API_Reference/Web_API_v3/Mail/errors.html#message"
#define SEND_AT_MAX_S (72 * 3600)
#define CATEGORIES_MAX 10
#define CATEGORY_MAX 255
#define SUBJECT_MAX 998

/* A rule that is broken says where, and sometimes in what words. */
struct reading {
    const struct settings *settings;
    const struct request *request;
    struct arena *mem;
    json_t *doc; /* NULL: no JSON */
    int64_t now_s;
    const char *field, *words;
};

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

__attribute__((format(printf, 2, 3))) static bool broken_at(struct reading *r, const char *fmt, ...)
{
    char field[512];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(field, sizeof field, fmt, ap);
    va_end(ap);
    r->field = arena_strdup(r->mem, field);
    return true;
}

static bool in_words(struct reading *r, const char *words)
{
    r->words = words;
    return true;
}

static json_t *personalizations(const struct reading *r)
{
    return json_object_get(r->doc, "personalizations");
}

static bool has_template(const struct reading *r)
{
    return json_is_string(json_object_get(r->doc, "template_id"));
}

/* ---- the request ---- */

static bool no_authorization(struct reading *r)
{
    return r->request->authorization == NULL;
}

static bool wrong_key(struct reading *r)
{
    return !text_is_bearer(r->request->authorization, r->settings->sendgrid.key);
}

static bool wrong_path(struct reading *r)
{
    return strcmp(r->request->path, "/v3/mail/send") != 0;
}

static bool wrong_method(struct reading *r)
{
    return strcmp(r->request->method, "POST") != 0;
}

static bool not_json(struct reading *r)
{
    static const char json[] = "application/json";
    const char *type = r->request->content_type;

    return type == NULL || strncasecmp(type, json, strlen(json)) != 0 ||
           strchr(" ;", type[strlen(json)]) == NULL; /* the NUL is found too */
}

static bool too_large(struct reading *r)
{
    return buf_overflowed(&r->request->body);
}

static bool broken_json(struct reading *r)
{
    return !json_is_object(r->doc);
}

/* ---- shapes ---- */

enum shape { SHAPE_TEXT, SHAPE_INTEGER, SHAPE_OBJECT, SHAPE_ARRAY, SHAPE_TEXTS };

static const char *const shape_names[] = {
    [SHAPE_TEXT] = "string",  [SHAPE_INTEGER] = "integer", [SHAPE_OBJECT] = "object",
    [SHAPE_ARRAY] = "array",  [SHAPE_TEXTS] = "object",
};

static const char *shape_of(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "object";
    case JSON_ARRAY:
        return "array";
    case JSON_STRING:
        return "string";
    case JSON_INTEGER:
        return "integer";
    case JSON_REAL:
        return "number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "boolean";
    case JSON_NULL:
        return "null";
    }
    return "null";
}

static bool wrong_shape(struct reading *r, const json_t *value, enum shape shape)
{
    if (strcmp(shape_of(value), shape_names[shape]) == 0)
        return false;
    return in_words(r, arena_printf(r->mem, "Invalid type. Expected: %s, given: %s.",
                                    shape_names[shape], shape_of(value)));
}

struct member {
    const char *name;
    enum shape shape;
};
static const struct member top_members[] = {
    { "personalizations", SHAPE_ARRAY },
    { "from", SHAPE_OBJECT },
    { "reply_to", SHAPE_OBJECT },
    { "reply_to_list", SHAPE_ARRAY },
    { "subject", SHAPE_TEXT },
    { "content", SHAPE_ARRAY },
    { "attachments", SHAPE_ARRAY },
    { "template_id", SHAPE_TEXT },
    { "headers", SHAPE_TEXTS },
    { "categories", SHAPE_ARRAY },
    { "custom_args", SHAPE_TEXTS },
    { "send_at", SHAPE_INTEGER },
    { "batch_id", SHAPE_TEXT },
    { "asm", SHAPE_OBJECT },
    { "ip_pool_name", SHAPE_TEXT },
    { "mail_settings", SHAPE_OBJECT },
    { "tracking_settings", SHAPE_OBJECT },
    { NULL, SHAPE_TEXT },
};
static const struct member personal_members[] = {
    { "to", SHAPE_ARRAY },
    { "cc", SHAPE_ARRAY },
    { "bcc", SHAPE_ARRAY },
    { "from", SHAPE_OBJECT },
    { "subject", SHAPE_TEXT },
    { "headers", SHAPE_TEXTS },
    { "substitutions", SHAPE_TEXTS },
    { "dynamic_template_data", SHAPE_OBJECT },
    { "custom_args", SHAPE_TEXTS },
    { "send_at", SHAPE_INTEGER },
    { NULL, SHAPE_TEXT },
};
static const struct member address_members[] = {
    { "email", SHAPE_TEXT },
    { "name", SHAPE_TEXT },
    { NULL, SHAPE_TEXT },
};
static const struct member content_members[] = {
    { "type", SHAPE_TEXT },
    { "value", SHAPE_TEXT },
    { NULL, SHAPE_TEXT },
};

/* Sizes and reserved headers have rules of their own; here only the values' types. */
static bool wrong_texts(struct reading *r, const json_t *object, const char *at)
{
    const char *key;
    json_t *value;

    json_object_foreach ((json_t *)(uintptr_t)object, key, value)
        if (wrong_shape(r, value, SHAPE_TEXT))
            return broken_at(r, "%s.%s", at, key);
    return false;
}

/* Members that are not in the table, or of another shape.  at: "personalizations.0.", or "". */
static bool wrong_members(struct reading *r, const json_t *object, const struct member *table,
                          const char *at)
{
    const char *key;
    json_t *value;

    json_object_foreach ((json_t *)(uintptr_t)object, key, value) {
        const struct member *m = table;

        while (m->name != NULL && strcmp(m->name, key) != 0)
            m++;
        if (m->name == NULL) {
            in_words(r, arena_printf(r->mem, "Additional property %s is not allowed", key));
            return broken_at(r, "%s%s", at, key);
        }
        if (wrong_shape(r, value, m->shape))
            return broken_at(r, "%s%s", at, key);
        if (m->shape == SHAPE_TEXTS && wrong_texts(r, value, arena_printf(r->mem, "%s%s", at, key)))
            return true;
    }
    return false;
}

static bool wrong_top(struct reading *r)
{
    return wrong_members(r, r->doc, top_members, "");
}

/* ---- recipients ---- */

static bool no_personalizations(struct reading *r)
{
    return json_array_size(personalizations(r)) == 0 && broken_at(r, "personalizations");
}

static bool many_personalizations(struct reading *r)
{
    return json_array_size(personalizations(r)) > SENDGRID_RECIPIENTS_MAX &&
           broken_at(r, "personalizations");
}

static bool wrong_personalization(struct reading *r)
{
    const json_t *p;
    size_t i;

    json_array_foreach (personalizations(r), i, p) {
        if (wrong_shape(r, p, SHAPE_OBJECT))
            return broken_at(r, "personalizations.%zu", i);
        if (wrong_members(r, p, personal_members, arena_printf(r->mem, "personalizations.%zu.", i)))
            return true;
    }
    return false;
}

static bool no_to(struct reading *r)
{
    const json_t *p;
    size_t i;

    json_array_foreach (personalizations(r), i, p)
        if (json_array_size(json_object_get(p, "to")) == 0)
            return broken_at(r, "personalizations.%zu.to", i);
    return false;
}

static const char *const lists[] = { "to", "cc", "bcc" };
#define LISTS (sizeof lists / sizeof *lists)

/* No line break may get into a header. */
static bool wrong_address(struct reading *r, const json_t *address, const char *at)
{
    const char *name = text_of(address, "name"), *email = text_of(address, "email");

    if (wrong_shape(r, address, SHAPE_OBJECT))
        return broken_at(r, "%s", at);
    if (wrong_members(r, address, address_members, arena_printf(r->mem, "%s.", at)))
        return true;
    if (email == NULL || !text_is_mail_address(email))
        return broken_at(r, "%s.email", at);
    return name != NULL && strpbrk(name, "\r\n") != NULL && broken_at(r, "%s.name", at);
}

/* Of all lists of all personalizations. */
static bool wrong_recipient(struct reading *r)
{
    const json_t *p, *address;
    size_t i, k;

    json_array_foreach (personalizations(r), i, p)
        for (size_t l = 0; l < LISTS; l++)
            json_array_foreach (json_object_get(p, lists[l]), k, address)
                if (wrong_address(r, address, arena_printf(r->mem, "personalizations.%zu.%s.%zu", i,
                                                           lists[l], k)))
                    return true;
    return false;
}

static size_t count_recipients(const struct reading *r)
{
    size_t count = 0, i;
    const json_t *p;

    json_array_foreach (personalizations(r), i, p)
        for (size_t l = 0; l < LISTS; l++)
            count += json_array_size(json_object_get(p, lists[l]));
    return count;
}

static bool many_recipients(struct reading *r)
{
    return count_recipients(r) > SENDGRID_RECIPIENTS_MAX && broken_at(r, "personalizations");
}

/* The address at this place of the list, in an earlier place of it or of the lists before it. */
static bool stands_before(const json_t *p, size_t list, size_t place)
{
    const char *email = text_of(json_array_get(json_object_get(p, lists[list]), place), "email");

    for (size_t l = 0; l <= list; l++) {
        const json_t *addresses = json_object_get(p, lists[l]);
        size_t end = l < list ? json_array_size(addresses) : place;

        for (size_t k = 0; k < end; k++)
            if (strcasecmp(text_of(json_array_get(addresses, k), "email"), email) == 0)
                return true;
    }
    return false;
}

static bool repeated_recipient(struct reading *r)
{
    const json_t *p, *address;
    size_t i, k;

    json_array_foreach (personalizations(r), i, p)
        for (size_t l = 0; l < LISTS; l++)
            json_array_foreach (json_object_get(p, lists[l]), k, address)
                if (stands_before(p, l, k)) {
                    in_words(r, arena_printf(
                                    r->mem,
                                    "Each email address in the personalization block should be "
                                    "unique between to, cc, and bcc. We found the first duplicate "
                                    "instance of [%s] in the personalizations.%zu.%s field.",
                                    text_of(address, "email"), i, lists[l]));
                    return broken_at(r, "personalizations.%zu", i);
                }
    return false;
}

/* ---- sender and texts ---- */

static bool no_from(struct reading *r)
{
    return text_of(json_object_get(r->doc, "from"), "email") == NULL && broken_at(r, "from.email");
}

static bool wrong_from(struct reading *r)
{
    const json_t *p, *from;
    size_t i;

    if (wrong_address(r, json_object_get(r->doc, "from"), "from"))
        return true;
    json_array_foreach (personalizations(r), i, p) {
        from = json_object_get(p, "from");
        if (from != NULL &&
            wrong_address(r, from, arena_printf(r->mem, "personalizations.%zu.from", i)))
            return true;
    }
    return false;
}

static bool foreign_from(struct reading *r)
{
    const char *own = r->settings->sendgrid.from;
    const char *email = text_of(json_object_get(r->doc, "from"), "email");

    return own != NULL && strcasecmp(own, email) != 0 && broken_at(r, "from");
}

static bool two_replies(struct reading *r)
{
    return json_object_get(r->doc, "reply_to") != NULL &&
           json_object_get(r->doc, "reply_to_list") != NULL && broken_at(r, "reply_to");
}

static bool wrong_reply(struct reading *r)
{
    const json_t *reply = json_object_get(r->doc, "reply_to"), *address;
    size_t i;

    if (reply != NULL && wrong_address(r, reply, "reply_to"))
        return true;
    json_array_foreach (json_object_get(r->doc, "reply_to_list"), i, address)
        if (wrong_address(r, address, arena_printf(r->mem, "reply_to_list.%zu", i)))
            return true;
    return false;
}

static bool is_empty_text(const json_t *text)
{
    return !json_is_string(text) || *json_string_value(text) == '\0';
}

static bool no_subject(struct reading *r)
{
    const json_t *p;
    size_t i;

    if (has_template(r) || !is_empty_text(json_object_get(r->doc, "subject")))
        return false;
    json_array_foreach (personalizations(r), i, p)
        if (is_empty_text(json_object_get(p, "subject")))
            return broken_at(r, "subject");
    return false;
}

static bool is_bad_subject(const char *subject)
{
    return subject != NULL && (strpbrk(subject, "\r\n") != NULL ||
                               text_characters(subject) > SUBJECT_MAX);
}

static bool wrong_subject(struct reading *r)
{
    const json_t *p;
    size_t i;

    if (is_bad_subject(text_of(r->doc, "subject")))
        return broken_at(r, "subject");
    json_array_foreach (personalizations(r), i, p)
        if (is_bad_subject(text_of(p, "subject")))
            return broken_at(r, "personalizations.%zu.subject", i);
    return false;
}

static bool no_content(struct reading *r)
{
    return !has_template(r) && json_array_size(json_object_get(r->doc, "content")) == 0 &&
           broken_at(r, "content");
}

static bool wrong_content(struct reading *r)
{
    const json_t *content;
    size_t i;

    json_array_foreach (json_object_get(r->doc, "content"), i, content) {
        if (wrong_shape(r, content, SHAPE_OBJECT))
            return broken_at(r, "content.%zu", i);
        if (wrong_members(r, content, content_members, arena_printf(r->mem, "content.%zu.", i)))
            return true;
    }
    return false;
}

static bool no_content_type(struct reading *r)
{
    const json_t *content;
    size_t i;

    json_array_foreach (json_object_get(r->doc, "content"), i, content) {
        const char *type = text_of(content, "type");

        if (type == NULL || *type == '\0' || strpbrk(type, ";\r\n") != NULL ||
            strchr(type, '/') == NULL)
            return broken_at(r, "content.%zu.type", i);
    }
    return false;
}

static bool no_content_value(struct reading *r)
{
    const json_t *content;
    size_t i;

    json_array_foreach (json_object_get(r->doc, "content"), i, content)
        if (is_empty_text(json_object_get(content, "value")))
            return broken_at(r, "content.%zu.value", i);
    return false;
}

static int content_rank(const char *type)
{
    return strcasecmp(type, "text/plain") == 0 ? 0 : strcasecmp(type, "text/html") == 0 ? 1 : 2;
}

static bool wrong_order(struct reading *r)
{
    const json_t *content;
    int last = 0;
    size_t i;

    json_array_foreach (json_object_get(r->doc, "content"), i, content) {
        int rank = content_rank(text_of(content, "type"));

        if (rank < last)
            return broken_at(r, "content");
        last = rank;
    }
    return false;
}

static bool wrong_attachment(struct reading *r)
{
    const json_t *a;
    size_t i;

    json_array_foreach (json_object_get(r->doc, "attachments"), i, a) {
        const char *content = text_of(a, "content"), *name = text_of(a, "filename");
        size_t len = content != NULL ? strlen(content) : 0, decoded;

        if (len == 0 || !base64_decode(content, len, arena_alloc(r->mem, len), &decoded))
            return broken_at(r, "attachments.%zu.content", i);
        if (name == NULL || *name == '\0')
            return broken_at(r, "attachments.%zu.filename", i);
    }
    return false;
}

/* ---- the rest ---- */

static bool is_reserved(const char *name)
{
    static const char *const names[] = { "x-sg-id", "x-sg-eid", "received", "dkim-signature",
                                         "content-type", "content-transfer-encoding", "to", "from",
                                         "subject", "reply-to", "cc", "bcc" };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcasecmp(names[i], name) == 0)
            return true;
    return false;
}

/* RFC 5322 section 2.2, and no line break in the value. */
static bool is_bad_header(const char *name, const char *value)
{
    for (const char *c = name; *c != '\0'; c++)
        if (*c <= ' ' || *c > '~' || *c == ':')
            return true;
    return *name == '\0' || strpbrk(value, "\r\n") != NULL;
}

static bool wrong_headers_of(struct reading *r, const json_t *object, const char *at,
                             bool (*bad)(const char *name, const char *value))
{
    const char *key;
    json_t *value;

    json_object_foreach (json_object_get(object, "headers"), key, value)
        if (bad(key, json_string_value(value)))
            return broken_at(r, "%sheaders.%s", at, key);
    return false;
}

static bool any_wrong_header(struct reading *r, bool (*bad)(const char *name, const char *value))
{
    const json_t *p;
    size_t i;

    if (wrong_headers_of(r, r->doc, "", bad))
        return true;
    json_array_foreach (personalizations(r), i, p)
        if (wrong_headers_of(r, p, arena_printf(r->mem, "personalizations.%zu.", i), bad))
            return true;
    return false;
}

static bool is_reserved_header(const char *name, const char *value)
{
    return is_reserved(name);
}

static bool reserved_header(struct reading *r)
{
    return any_wrong_header(r, is_reserved_header);
}

static bool wrong_header(struct reading *r)
{
    return any_wrong_header(r, is_bad_header);
}

static size_t json_bytes(const json_t *object)
{
    return object != NULL ? json_dumpb(object, NULL, 0, JSON_COMPACT) : 0;
}

static bool large_args(struct reading *r)
{
    size_t common = json_bytes(json_object_get(r->doc, "custom_args")), i;
    const json_t *p;

    if (common > SENDGRID_ARGS_MAX)
        return broken_at(r, "custom_args");
    json_array_foreach (personalizations(r), i, p)
        if (common + json_bytes(json_object_get(p, "custom_args")) > SENDGRID_ARGS_MAX)
            return broken_at(r, "personalizations.%zu.custom_args", i);
    return false;
}

static bool large_substitutions(struct reading *r)
{
    const json_t *p;
    size_t i;

    json_array_foreach (personalizations(r), i, p)
        if (json_bytes(json_object_get(p, "substitutions")) > SENDGRID_ARGS_MAX)
            return broken_at(r, "personalizations.%zu.substitutions", i);
    return false;
}

static bool wrong_categories(struct reading *r)
{
    const json_t *categories = json_object_get(r->doc, "categories"), *category;
    size_t i;

    if (json_array_size(categories) > CATEGORIES_MAX)
        return broken_at(r, "categories");
    json_array_foreach (categories, i, category)
        if (!json_is_string(category) ||
            text_characters(json_string_value(category)) > CATEGORY_MAX)
            return broken_at(r, "categories.%zu", i);
    return false;
}

static bool is_too_far(const struct reading *r, const json_t *send_at)
{
    return json_integer_value(send_at) > r->now_s + SEND_AT_MAX_S;
}

static bool wrong_send_at(struct reading *r)
{
    const json_t *p;
    size_t i;

    if (is_too_far(r, json_object_get(r->doc, "send_at")))
        return broken_at(r, "send_at");
    json_array_foreach (personalizations(r), i, p)
        if (is_too_far(r, json_object_get(p, "send_at")))
            return broken_at(r, "personalizations.%zu.send_at", i);
    return false;
}

static bool wrong_pool(struct reading *r)
{
    const char *pool = text_of(r->doc, "ip_pool_name");

    return pool != NULL && (strlen(pool) < 2 || strlen(pool) > 64) && broken_at(r, "ip_pool_name");
}

static bool wrong_group(struct reading *r)
{
    const json_t *asm_object = json_object_get(r->doc, "asm");

    return asm_object != NULL && !json_is_integer(json_object_get(asm_object, "group_id")) &&
           broken_at(r, "asm.group_id");
}

static bool wrong_sandbox(struct reading *r)
{
    const json_t *sandbox =
        json_object_get(json_object_get(r->doc, "mail_settings"), "sandbox_mode");
    const json_t *enable = json_object_get(sandbox, "enable");

    return sandbox != NULL && !json_is_boolean(enable) &&
           broken_at(r, "mail_settings.sandbox_mode.enable");
}

#define NO_WORDS "Bad Request"
static const struct rule {
    bool (*broken)(struct reading *r);
    int status;
    const char *message, *help; /* help: what follows "#message" there; NULL: none */
} rules[] = {
    { no_authorization, 401, "Permission denied, wrong credentials" },
    { wrong_key, 401, "The provided authorization grant is invalid, expired, or revoked" },
    { wrong_path, 404, "not found" },
    { wrong_method, 405, "method not allowed" },
    { not_json, 415, "Content-Type should be application/json." },
    { too_large, 413, "The request is larger than 30 MB." },
    { broken_json, 400, "Bad Request" },
    { wrong_top, 400, NO_WORDS },
    { no_personalizations, 400,
      "The personalizations field is required and must have at least one personalization.",
      ".personalizations" },
    { many_personalizations, 400, "There are more than 1000 personalizations.",
      ".personalizations" },
    { wrong_personalization, 400, NO_WORDS },
    { no_to, 400,
      "The to array is required for all personalization objects, and must have at least one email "
      "object with a valid email address.",
      ".personalizations.to" },
    { wrong_recipient, 400, "Does not contain a valid address.", ".personalizations.to" },
    { many_recipients, 400, "There are more than 1000 recipients.", ".personalizations" },
    { repeated_recipient, 400, NO_WORDS },
    { no_from, 400,
      "The from object must be provided for every email send. It is an object that requires the "
      "email parameter, but may also contain a name parameter. e.g. {\"email\" : "
      "\"example@example.com\"} or {\"email\" : \"example@example.com\", \"name\" : \"Example "
      "Recipient\"}.",
      ".from" },
    { wrong_from, 400, "Does not contain a valid address.", ".from" },
    { foreign_from, 403,
      "The from address does not match a verified Sender Identity. Mail cannot be sent until this "
      "error is resolved." },
    { two_replies, 400, "The reply_to and the reply_to_list can not be used together." },
    { wrong_reply, 400, "Does not contain a valid address.", ".reply_to" },
    { no_subject, 400,
      "The subject is required. You can get around this requirement if you use a template with a "
      "subject defined or if every personalization has a subject defined.",
      ".subject" },
    { wrong_subject, 400, "The subject has a line break, or more than 998 characters." },
    { no_content, 400,
      "Unless a valid template_id is provided, the content parameter is required. There must be at "
      "least one defined content block. We typically suggest both text/plain and text/html blocks "
      "are included, but only one block is required.",
      ".content" },
    { wrong_content, 400, NO_WORDS },
    { no_content_type, 400, "The content type must be a MIME type without parameters.",
      ".content.type" },
    { no_content_value, 400, "The content value must be a string at least one character in length.",
      ".content.value" },
    { wrong_order, 400,
      "If present, text/plain and text/html may only be provided in this order, and before any "
      "other content.",
      ".content" },
    { wrong_attachment, 400,
      "The attachment must have a file name, and content in base64.", ".attachments" },
    { reserved_header, 400, "This header is reserved and cannot be set.", ".headers" },
    { wrong_header, 400, "This is no header.", ".headers" },
    { large_args, 400, "The custom args are larger than 10000 bytes.", ".custom_args" },
    { large_substitutions, 400, "The substitutions are larger than 10000 bytes." },
    { wrong_categories, 400,
      "There may be 10 categories, which are strings of at most 255 characters.", ".categories" },
    { wrong_send_at, 400, "The send_at time is more than 72 hours ahead.", ".send_at" },
    { wrong_pool, 400, "The ip_pool_name must have from 2 to 64 characters." },
    { wrong_group, 400, "The asm group_id must be an integer.", ".asm" },
    { wrong_sandbox, 400, "Invalid type. Expected: boolean.",
      ".mail_settings.sandbox_mode.enable" },
};

/* ---- what the rest of the simulator is told ---- */

static const char *content_of(const struct reading *r, const char *type)
{
    const json_t *content;
    size_t i;

    json_array_foreach (json_object_get(r->doc, "content"), i, content) {
        const char *its_type = text_of(content, "type");

        if (its_type != NULL && strcasecmp(its_type, type) == 0)
            return arena_strdup(r->mem, text_of(content, "value"));
    }
    return NULL;
}

/* The log shows what could be read, also of a request that is then refused. */
static void note(struct reading *r, struct message *m)
{
    const json_t *first = json_array_get(personalizations(r), 0);
    const char *to = text_of(json_array_get(json_object_get(first, "to"), 0), "email");
    const char *subject = text_of(first, "subject");

    m->to = arena_strdup(r->mem, to);
    m->from = arena_strdup(r->mem, text_of(json_object_get(r->doc, "from"), "email"));
    m->subject = arena_strdup(r->mem, subject != NULL ? subject : text_of(r->doc, "subject"));
    m->text = content_of(r, "text/plain");
    m->html = content_of(r, "text/html");
    m->template = arena_strdup(r->mem, text_of(r->doc, "template_id"));
    m->recipient_id =
        arena_strdup(r->mem, sendgrid_argument(r->doc, first, "notification_id"));
    m->media = (int)json_array_size(json_object_get(r->doc, "attachments"));
    m->number = to != NULL ? text_mail_number(to) : -1;
}

static void refuse(struct exchange *x, const struct reading *r, const struct rule *rule)
{
    const char *help = rule->help != NULL ? arena_printf(r->mem, HELP "%s", rule->help) : NULL;

    sendgrid_refuse(x, &(struct sendgrid_error){
                           .status = rule->status,
                           .message = r->words != NULL ? r->words : rule->message,
                           .field = r->field,
                           .help = help });
}

/* Whom the events are for. */
static void add_recipients(struct exchange *x, const struct reading *r)
{
    const json_t *p, *address;
    size_t i, k, n = 0;

    x->others = ARENA_ARRAY(r->mem, struct notice, count_recipients(r));
    json_array_foreach (personalizations(r), i, p) {
        const char *extra = sendgrid_extra(r->mem, r->doc, p);
        const char *id = arena_strdup(r->mem, sendgrid_argument(r->doc, p, "notification_id"));

        for (size_t l = 0; l < LISTS; l++)
            json_array_foreach (json_object_get(p, lists[l]), k, address) {
                struct notice *notice = n == 0 ? &x->notice : &x->others[n - 1];

                *notice = x->notice;
                notice->to = arena_strdup(r->mem, text_of(address, "email"));
                notice->extra = extra;
                notice->recipient_id = id;
                notice->place = (int)n++;
            }
    }
    x->other_count = n - 1;
}

bool sendgrid_check(const struct settings *s, struct exchange *x)
{
    SCOPED(json_t) doc = json_read(buf_str(&x->request.body), x->request.body.len, NULL);
    struct reading r = { .settings = s, .request = &x->request, .mem = &x->mem, .doc = doc,
                         .now_s = x->received_ms / 1000 };

    note(&r, &x->message);
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i].broken(&r)) {
            refuse(x, &r, &rules[i]);
            return false;
        }
    x->notice = (struct notice){ .url = s->sendgrid.webhook,
                                 .retries = SENDGRID_RETRIES,
                                 .retry_on = RETRY_ALL };
    x->rehearsal = sendgrid_is_sandboxed(doc);
    add_recipients(x, &r);
    return true;
}
