/* whatsapp_check - the rules that a request to the messages edge must keep. */
#include "tests/simulator/whatsapp.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/json.h"
#include "tests/simulator/text.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyz"
#define TEMPLATE_NAME_MAX 512
#define SHOWN_MAX 65536

struct reading {
    const struct settings *settings;
    const struct request *request;
    struct arena *mem;
    json_t *doc;                /* NULL: no JSON */
    const char *to, *type;      /* as given; NULL: not given or no text */
    const char *code, *details; /* the language; the details of the rule that is broken */
    long parameters;            /* of the template's body */
};

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static bool is_text(const struct reading *r)
{
    return strcmp(r->type, "text") == 0;
}

static const json_t *text_part(const struct reading *r)
{
    return is_text(r) ? json_object_get(r->doc, "text") : NULL;
}

static const json_t *template_part(const struct reading *r)
{
    return strcmp(r->type, "template") == 0 ? json_object_get(r->doc, "template") : NULL;
}

/* Says what is wrong, for the answer's error_data. */
static bool broken(struct reading *r, const char *details)
{
    r->details = details;
    return true;
}

static const char *digits_of(const char *to)
{
    return to + (*to == '+');
}

/* The first name of the object that is not in the list, which NULL ends. */
static const char *unknown_key(const json_t *object, const char *const names[])
{
    const char *key;
    json_t *value;

    json_object_foreach ((json_t *)(uintptr_t)object, key, value) {
        size_t i = 0;

        while (names[i] != NULL && strcmp(names[i], key) != 0)
            i++;
        if (names[i] == NULL)
            return key;
    }
    return NULL;
}
#define NAMES(...) (const char *const[]){ __VA_ARGS__, NULL }

/* The rules.  Each says whether the request breaks it; those before it are kept by then. */

static bool wrong_token(struct reading *r)
{
    return !text_is_bearer(r->request->authorization, r->settings->whatsapp.token);
}

/* What follows "/vNN.N/", or NULL. */
static const char *after_version(const char *path)
{
    size_t major, minor;

    if (strncmp(path, "/v", 2) != 0)
        return NULL;
    path += 2;
    major = strspn(path, "0123456789");
    if (major < 1 || major > 3 || *path == '0' || path[major] != '.')
        return NULL;
    path += major + 1;
    minor = strspn(path, "0123456789");
    return minor == 1 && path[minor] == '/' ? path + minor + 1 : NULL;
}

static bool wrong_path(struct reading *r)
{
    const char *node = after_version(r->request->path);
    size_t digits = node != NULL ? strspn(node, "0123456789") : 0;

    return digits == 0 || strcmp(node + digits, "/messages") != 0;
}

static bool foreign_sender(struct reading *r)
{
    const char *node = after_version(r->request->path), *own = r->settings->whatsapp.phone_id;
    size_t len = strlen(own);

    return strncmp(node, own, len) != 0 || node[len] != '/';
}

static bool wrong_method(struct reading *r)
{
    return strcmp(r->request->method, "POST") != 0;
}

static bool too_large(struct reading *r)
{
    return buf_overflowed(&r->request->body);
}

/* What is not JSON is read as a form in which nothing is found. */
static bool not_json(struct reading *r)
{
    static const char json[] = "application/json";
    const char *type = r->request->content_type;

    return type == NULL || strncasecmp(type, json, strlen(json)) != 0 ||
           strchr(" ;", type[strlen(json)]) == NULL; /* the NUL is found too */
}

static bool broken_json(struct reading *r)
{
    return !json_is_object(r->doc);
}

static bool no_product(struct reading *r)
{
    return json_object_get(r->doc, "messaging_product") == NULL;
}

static bool wrong_product(struct reading *r)
{
    const char *product = text_of(r->doc, "messaging_product");

    return product == NULL || strcmp(product, "whatsapp") != 0;
}

static bool wrong_recipient_type(struct reading *r)
{
    const json_t *given = json_object_get(r->doc, "recipient_type");

    return given != NULL &&
           (!json_is_string(given) || strcmp(json_string_value(given), "individual") != 0);
}

static bool no_to(struct reading *r)
{
    const json_t *to = json_object_get(r->doc, "to");

    if (to == NULL || json_is_null(to) || (r->to != NULL && *r->to == '\0'))
        return broken(r, "The parameter to is required.");
    return false;
}

static bool wrong_to(struct reading *r)
{
    if (r->to == NULL)
        return broken(r, "Param to must be a string");
    if (!text_is_digits(digits_of(r->to), 7, 15) || *digits_of(r->to) == '0')
        return broken(r, "Param to must be a phone number in international format");
    return false;
}

static bool to_oneself(struct reading *r)
{
    return strcmp(digits_of(r->to), digits_of(r->settings->whatsapp.number)) == 0;
}

static bool unknown_type(struct reading *r)
{
    static const char *const types[] = { "audio",    "contacts", "document",    "image",
                                         "location", "reaction", "interactive", "sticker",
                                         "template", "text",     "video" };

    for (size_t i = 0; r->type != NULL && i < sizeof types / sizeof *types; i++)
        if (strcmp(r->type, types[i]) == 0)
            return false;
    return true;
}

static bool other_type(struct reading *r)
{
    if (is_text(r) || strcmp(r->type, "template") == 0)
        return false;
    return broken(r, "Only text and template are simulated");
}

static bool no_part(struct reading *r)
{
    if (json_object_get(r->doc, r->type) != NULL)
        return false;
    return broken(r, arena_printf(r->mem, "Parameter '%s' is mandatory for type '%s'", r->type,
                                  r->type));
}

static bool wrong_part(struct reading *r)
{
    static const char *const text_names[] = { "body", "preview_url", NULL };
    static const char *const template_names[] = { "name", "language", "components", NULL };
    const json_t *part = json_object_get(r->doc, r->type);
    const char *key;

    if (!json_is_object(part))
        return broken(r, arena_printf(r->mem, "Param %s must be a JSON object.", r->type));
    key = unknown_key(part, is_text(r) ? text_names : template_names);
    if (key == NULL)
        return false;
    return broken(r, arena_printf(r->mem, "Unexpected key \"%s\" on param \"%s\".", key, r->type));
}

static bool no_text(struct reading *r)
{
    const json_t *body = json_object_get(text_part(r), "body");

    if (!is_text(r) || (json_is_string(body) && *json_string_value(body) != '\0'))
        return false;
    return broken(r, "The parameter text['body'] is required.");
}

static bool long_text(struct reading *r)
{
    if (!is_text(r) || text_characters(text_of(text_part(r), "body")) <= WHATSAPP_TEXT_MAX)
        return false;
    return broken(r, "Param text['body'] must be at most 4096 characters long.");
}

static bool wrong_preview(struct reading *r)
{
    const json_t *preview = json_object_get(text_part(r), "preview_url");

    if (preview == NULL || json_is_boolean(preview))
        return false;
    return broken(r, "Param text['preview_url'] must be a boolean.");
}

static bool no_template_name(struct reading *r)
{
    const char *name = text_of(template_part(r), "name");

    if (template_part(r) == NULL || (name != NULL && *name != '\0'))
        return false;
    return broken(r, "The parameter template['name'] is required.");
}

static bool no_language(struct reading *r)
{
    const json_t *language = json_object_get(template_part(r), "language");

    if (template_part(r) == NULL)
        return false;
    if (r->code == NULL || *r->code == '\0')
        return broken(r, "The parameter template['language']['code'] is required.");
    if (unknown_key(language, NAMES("code", "policy")) == NULL)
        return false;
    return broken(r, "Unexpected key on param \"template['language']\".");
}

static bool is_upper_pair(const char *text)
{
    return text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'A' && text[1] <= 'Z' && text[2] == '\0';
}

/* "en", "fil" or "pt_BR". */
static bool is_language(const char *code)
{
    size_t letters = strspn(code, LETTERS);

    return letters >= 2 && letters <= 3 &&
           (code[letters] == '\0' || (code[letters] == '_' && is_upper_pair(code + letters + 1)));
}

/* "NAME/LANGUAGE/PARAMETERS,..." holds this one?  How many parameters it has; -1: it isn't there. */
static long known_parameters(const char *list, const char *name, const char *code)
{
    size_t name_len = strlen(name), code_len = strlen(code);

    for (; *list != '\0'; list += strcspn(list, ","), list += *list == ',') {
        const char *at = list + name_len;

        if (strncmp(list, name, name_len) == 0 && *at == '/' &&
            strncmp(at + 1, code, code_len) == 0 && at[1 + code_len] == '/')
            return strtol(at + 2 + code_len, NULL, 10);
    }
    return -1;
}

static bool unknown_template(struct reading *r)
{
    const char *name = text_of(template_part(r), "name"), *list = r->settings->whatsapp.templates;

    if (template_part(r) == NULL)
        return false;
    if (strlen(name) <= TEMPLATE_NAME_MAX && text_is_of(name, LETTERS "0123456789_") &&
        is_language(r->code) && (list == NULL || known_parameters(list, name, r->code) >= 0))
        return false;
    return broken(r, arena_printf(r->mem, "template name (%s) does not exist in %s", name, r->code));
}

/* What WhatsApp does not put into a template: it would break the look of the message. */
static bool breaks_lines(const char *text)
{
    return strpbrk(text, "\r\n\t") != NULL || strstr(text, "     ") != NULL;
}

/* Media and amounts are taken by their shape alone. */
static const char *parameter_fault(struct arena *mem, const json_t *parameter)
{
    static const char *const types[] = { "text",     "currency", "date_time", "image",
                                         "document", "video",    "payload",   "location" };
    const char *type = text_of(parameter, "type"), *text = text_of(parameter, "text");
    size_t i = 0;

    while (type != NULL && i < sizeof types / sizeof *types && strcmp(types[i], type) != 0)
        i++;
    if (type == NULL || i == sizeof types / sizeof *types)
        return "Component parameter: type is missing or unknown";
    if (json_object_get(parameter, type) == NULL)
        return arena_printf(mem, "Parameter '%s' is mandatory for component parameter type '%s'",
                            type, type);
    if (strcmp(type, "text") != 0)
        return NULL;
    if (text == NULL || *text == '\0')
        return "Parameter of type text is missing text value";
    if (breaks_lines(text))
        return "Param text cannot have new-line/tab characters or more than 4 consecutive spaces";
    return NULL;
}

static const char *button_fault(const json_t *component)
{
    static const char *const kinds[] = { "quick_reply", "url", "copy_code", "flow" };
    const char *kind = text_of(component, "sub_type"), *place = text_of(component, "index");
    const json_t *index = json_object_get(component, "index");
    size_t i = 0;

    while (kind != NULL && i < sizeof kinds / sizeof *kinds && strcmp(kinds[i], kind) != 0)
        i++;
    if (kind == NULL || i == sizeof kinds / sizeof *kinds)
        return "Button component: sub_type is missing or unknown";
    if (json_is_integer(index) ? json_integer_value(index) < 0 || json_integer_value(index) > 9
                               : place == NULL || !text_is_digits(place, 1, 1))
        return "Button component: index is not from 0 to 9";
    return NULL;
}

static const char *component_fault(struct arena *mem, const json_t *component)
{
    const json_t *parameters = json_object_get(component, "parameters"), *parameter;
    const char *type = text_of(component, "type"), *fault = NULL;
    size_t i;

    if (type == NULL || (strcasecmp(type, "header") != 0 && strcasecmp(type, "body") != 0 &&
                         strcasecmp(type, "button") != 0))
        return "Component: type is not header, body or button";
    if (unknown_key(component, NAMES("type", "parameters", "sub_type", "index")) != NULL)
        return "Component: an unexpected key";
    if (parameters != NULL && !json_is_array(parameters))
        return "Component: parameters is not an array";
    if (strcasecmp(type, "button") == 0)
        fault = button_fault(component);
    for (i = 0; fault == NULL && i < json_array_size(parameters); i++) {
        parameter = json_array_get(parameters, i);
        fault = parameter_fault(mem, parameter);
    }
    return fault;
}

static bool wrong_components(struct reading *r)
{
    const json_t *components = json_object_get(template_part(r), "components");

    if (components == NULL)
        return false;
    if (!json_is_array(components))
        return broken(r, "Param template['components'] must be an array.");
    for (size_t i = 0; i < json_array_size(components); i++) {
        const char *fault = component_fault(r->mem, json_array_get(components, i));

        if (fault != NULL)
            return broken(r, fault);
    }
    return false;
}

static bool wrong_count(struct reading *r)
{
    const char *list = r->settings->whatsapp.templates;
    long wanted;

    if (template_part(r) == NULL || list == NULL)
        return false;
    wanted = known_parameters(list, text_of(template_part(r), "name"), r->code);
    if (wanted == r->parameters)
        return false;
    return broken(r, arena_printf(r->mem, "body: number of localizable_params (%ld) does not match "
                                          "the expected number of params (%ld)",
                                  r->parameters, wanted));
}

static bool wrong_context(struct reading *r)
{
    const json_t *context = json_object_get(r->doc, "context");

    if (context == NULL || text_of(context, "message_id") != NULL)
        return false;
    return broken(r, "The parameter context['message_id'] is required.");
}

static bool wrong_opaque(struct reading *r)
{
    const json_t *opaque = json_object_get(r->doc, "biz_opaque_callback_data");

    if (opaque == NULL || (json_is_string(opaque) &&
                           text_characters(json_string_value(opaque)) <= WHATSAPP_OPAQUE_MAX))
        return false;
    return broken(r, "Param biz_opaque_callback_data must be a string of at most 512 characters");
}

#define INVALID "(#100) Invalid parameter"
#define MISSING "(#131008) Required parameter is missing"
static const struct rule {
    bool (*broken)(struct reading *r);
    int status, code, subcode;
    const char *message;
} rules[] = {
    { wrong_token, 401, 190, 0, "Invalid OAuth access token - Cannot parse access token" },
    { wrong_path, 400, 2500, 0, "Unknown path components" },
    { foreign_sender, 400, 100, 33,
      "Unsupported post request. Object with this ID does not exist, cannot be loaded due to "
      "missing permissions, or does not support this operation" },
    { wrong_method, 400, 100, 33, "Unsupported request method" },
    { too_large, 413, 100, 0, "(#100) The request is too large" },
    { not_json, 400, 100, 0, "(#100) The parameter messaging_product is required." },
    { broken_json, 400, 100, 0, "(#100) The body is no JSON object" },
    { no_product, 400, 100, 0, "(#100) The parameter messaging_product is required." },
    { wrong_product, 400, 100, 0, "(#100) Param messaging_product must be one of {WHATSAPP}" },
    { wrong_recipient_type, 400, 100, 0, "(#100) Param recipient_type must be one of {INDIVIDUAL}" },
    { no_to, 400, 131008, 0, MISSING },
    { wrong_to, 400, 131009, 0, "(#131009) Parameter value is not valid" },
    { to_oneself, 400, 131021, 0, "(#131021) Recipient cannot be sender" },
    { unknown_type, 400, 100, 0,
      "(#100) Param type must be one of {AUDIO, CONTACTS, DOCUMENT, IMAGE, INTERACTIVE, LOCATION, "
      "REACTION, STICKER, TEMPLATE, TEXT, VIDEO}" },
    { other_type, 400, 131051, 0, "(#131051) Unsupported message type" },
    { no_part, 400, 131008, 0, MISSING },
    { wrong_part, 400, 100, 0, INVALID },
    { no_text, 400, 131008, 0, MISSING },
    { long_text, 400, 100, 0, INVALID },
    { wrong_preview, 400, 100, 0, INVALID },
    { no_template_name, 400, 131008, 0, MISSING },
    { no_language, 400, 131008, 0, MISSING },
    { unknown_template, 404, 132001, 0,
      "(#132001) Template name does not exist in the translation" },
    { wrong_components, 400, 100, 0, INVALID },
    { wrong_count, 400, 132000, 0,
      "(#132000) Number of parameters does not match the expected number of params" },
    { wrong_context, 400, 100, 0, INVALID },
    { wrong_opaque, 400, 100, 0, INVALID },
};

/* Counts the parameters of the template's body, and gathers their texts, a line each. */
static const char *body_of_template(struct reading *r, const json_t *template)
{
    const json_t *components = json_object_get(template, "components");
    struct buf text = BUF_INIT(BODY_MAX);
    const char *kept;

    for (size_t i = 0; i < json_array_size(components); i++) {
        const json_t *component = json_array_get(components, i);
        const json_t *parameters = json_object_get(component, "parameters");
        const char *type = text_of(component, "type");

        if (type == NULL || strcasecmp(type, "body") != 0)
            continue;
        for (size_t k = 0; k < json_array_size(parameters); k++, r->parameters++) {
            const char *value = text_of(json_array_get(parameters, k), "text");

            buf_adds(&text, text.len > 0 ? "\n" : "");
            buf_adds(&text, value != NULL ? value : "");
        }
    }
    kept = arena_strndup(r->mem, buf_str(&text), text.len);
    buf_free(&text);
    return kept;
}

/* The log shows what could be read, also of a request that is then refused. */
static void note(struct reading *r, struct message *m)
{
    const json_t *template = json_object_get(r->doc, "template");
    const char *node = after_version(r->request->path);

    r->to = text_of(r->doc, "to");
    r->type = json_object_get(r->doc, "type") != NULL ? text_of(r->doc, "type") : "text";
    r->code = text_of(json_object_get(template, "language"), "code");
    m->to = arena_strdup(r->mem, r->to);
    m->from = node != NULL ? arena_strndup(r->mem, node, strcspn(node, "/")) : NULL;
    m->recipient_id = arena_strdup(r->mem, text_of(r->doc, "biz_opaque_callback_data"));
    m->text = arena_strdup(r->mem, text_of(json_object_get(r->doc, "text"), "body"));
    m->template = arena_strdup(r->mem, text_of(template, "name"));
    m->number = r->to != NULL ? text_phone_number(digits_of(r->to)) : -1;
    if (template != NULL)
        m->text = body_of_template(r, template);
    /* The window is closed for texts alone. */
    if (template != NULL && m->number == WHATSAPP_WINDOW_NUMBER)
        m->number = -1;
}

static void refuse(struct exchange *x, const struct reading *r, const struct rule *rule)
{
    whatsapp_refuse(x, &(struct whatsapp_error){ .status = rule->status,
                                                 .code = rule->code,
                                                 .subcode = rule->subcode,
                                                 .message = rule->message,
                                                 .details = r->details });
}

bool whatsapp_check(const struct settings *s, struct exchange *x)
{
    SCOPED(json_t) doc = json_read(buf_str(&x->request.body), x->request.body.len, NULL);
    struct reading r = { .settings = s, .request = &x->request, .mem = &x->mem, .doc = doc };

    note(&r, &x->message);
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i].broken(&r)) {
            refuse(x, &r, &rules[i]);
            return false;
        }
    x->notice = (struct notice){ .url = s->whatsapp.webhook,
                                 .retries = WHATSAPP_RETRIES,
                                 .retry_on = RETRY_ALL };
    return true;
}
