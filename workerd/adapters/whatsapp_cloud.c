/* whatsapp_cloud - WhatsApp by Meta's Cloud API: texts, or templates where one is asked for. */
#include "workerd/adapters/kinds.h"

#include <stdbool.h>
#include <string.h>

#include "common/base/json.h"
#include "common/base/json_path.h"
#include "common/base/utf8.h"
#include "workerd/adapters/verdict.h"

#define TEXT_MAX_CHARACTERS 4096
#define BLANKS_MAX 4            /* in a row, in a template's parameter */
#define BODY_LIMIT (512 * 1024) /* the longest content, each of its bytes escaped */
#define NUMBER_ID_MAX 32
#define MESSAGE_ID_MAX 255

struct provider {
    struct arena mem; /* holds the provider too */
    const char *url, *token;
    const char *headers[4];
    const char *template_name; /* "": texts are sent as texts */
    const char *template_language;
    int timeout_ms;
};

static const char digits[] = "0123456789";

/* ---- opening ---- */

/* Printable ASCII without blanks: what can stand in a header, and be stored as an id. */
static bool is_word(const char *text)
{
    for (const char *c = text; *c != '\0'; c++)
        if (*c <= ' ' || *c > '~')
            return false;
    return *text != '\0';
}

/* The number's id and the version stand in the URL's path. */
static bool is_number_id(const char *text)
{
    size_t len = strspn(text, digits);

    return len > 0 && len <= NUMBER_ID_MAX && text[len] == '\0';
}

static bool is_version(const char *text)
{
    size_t major, minor;

    if (*text != 'v')
        return false;
    major = strspn(text + 1, digits);
    if (major == 0 || text[1 + major] != '.')
        return false;
    minor = strspn(text + 2 + major, digits);
    return minor > 0 && text[2 + major + minor] == '\0';
}

static enum status check_config(const struct provider_config *cfg, struct error *err)
{
    if (!is_word(cfg->access_token))
        return error_set(err, ST_INVALID, "provider %s: access_token is missing or no token",
                         cfg->name);
    if (!is_number_id(cfg->phone_number_id))
        return error_set(err, ST_INVALID, "provider %s: phone_number_id is missing or no id",
                         cfg->name);
    if (!is_version(cfg->api_version))
        return error_set(err, ST_INVALID, "provider %s: api_version is not like v23.0", cfg->name);
    if (*cfg->template_language == '\0')
        return error_set(err, ST_INVALID, "provider %s: template_language is missing", cfg->name);
    return ST_OK;
}

static void whatsapp_close(struct provider *p)
{
    if (p != NULL) {
        struct arena mem = p->mem;

        arena_done(&mem);
    }
}

static enum status whatsapp_open(struct provider **out, const struct provider_config *cfg,
                                 const char *public_url, struct error *err)
{
    const char *base = *cfg->base_url != '\0' ? cfg->base_url : "https://graph.facebook.com";
    enum status st = check_config(cfg, err);
    struct arena mem = ARENA_INIT;
    struct provider *p;

    if (st != ST_OK)
        return st;
    p = ARENA_NEW(&mem, struct provider);
    p->url = arena_printf(&mem, "%s/%s/%s/messages", base, cfg->api_version, cfg->phone_number_id);
    p->token = arena_strdup(&mem, cfg->access_token);
    p->headers[0] = arena_printf(&mem, "Authorization: Bearer %s", p->token);
    p->headers[1] = "Content-Type: application/json";
    p->headers[2] = "Accept: application/json";
    p->template_name = arena_strdup(&mem, cfg->template_name);
    p->template_language = arena_strdup(&mem, cfg->template_language);
    p->timeout_ms = cfg->timeout_ms;
    p->mem = mem;
    *out = p;
    return ST_OK;
}

/* ---- building: the template ---- */

struct chosen_template {
    const char *name; /* NULL: none, a text is sent */
    const char *language;
    const char **parameters; /* of its body, in order */
    size_t n_parameters;
};

/* Meta refuses such a parameter, and with it the message (the family of 132000). */
static const char *parameter_fault(const char *text)
{
    static const char too_many[BLANKS_MAX + 2] = "     ";

    if (*text == '\0')
        return "is empty";
    if (strpbrk(text, "\r\n\t") != NULL)
        return "holds a line break or a tab";
    return strstr(text, too_many) != NULL ? "holds more than 4 blanks in a row" : NULL;
}

static enum status bad_template(struct error *err, const char *words)
{
    return error_set(err, ST_INVALID, "bad_template: whatsapp_template%s", words);
}

static enum status read_parameters(const json_t *given, struct arena *mem,
                                   struct chosen_template *t, struct error *err)
{
    if (given != NULL && !json_is_array(given))
        return bad_template(err, ".parameters is no array of strings");
    t->n_parameters = json_array_size(given);
    t->parameters = ARENA_ARRAY(mem, const char *, t->n_parameters);
    for (size_t i = 0; i < t->n_parameters; i++) {
        const char *text = json_string_value(json_array_get(given, i));
        const char *fault = text != NULL ? parameter_fault(text) : "is no string";

        if (fault != NULL)
            return error_set(err, ST_INVALID, "bad_template: parameter %zu %s", i + 1, fault);
        t->parameters[i] = arena_strdup(mem, text);
    }
    return ST_OK;
}

/* {"name": ..., "language": ..., "parameters": [...]}, of which only the name must be there. */
static enum status read_template(const json_t *given, const struct provider *p, struct arena *mem,
                                 struct chosen_template *out, struct error *err)
{
    const json_t *name = json_object_get(given, "name");
    const json_t *language = json_object_get(given, "language");
    const json_t *parameters = json_object_get(given, "parameters");
    struct chosen_template t = { 0 };
    enum status st;

    if (!json_is_object(given))
        return bad_template(err, " is no object");
    if (json_object_size(given) >
        (size_t)((name != NULL) + (language != NULL) + (parameters != NULL)))
        return bad_template(err, " has name, language and parameters, and no other member");
    if (json_string_length(name) == 0)
        return bad_template(err, ".name is missing or no string");
    if (language != NULL && json_string_length(language) == 0)
        return bad_template(err, ".language is no string like en_US");
    st = read_parameters(parameters, mem, &t, err);
    if (st != ST_OK)
        return st;
    t.name = arena_strdup(mem, json_string_value(name));
    t.language =
        language != NULL ? arena_strdup(mem, json_string_value(language)) : p->template_language;
    *out = t;
    return ST_OK;
}

/* Leaves *out alone where the metadata asks for no template. */
static enum status find_template(const char *metadata, const struct provider *p, struct arena *mem,
                                 struct chosen_template *out, struct error *err)
{
    SCOPED(json_t) doc = NULL;
    const json_t *given;

    if (metadata == NULL)
        return ST_OK;
    doc = json_read(metadata, strlen(metadata), err);
    if (doc == NULL)
        return error_set(err, ST_INVALID, "bad_template: the metadata is not JSON");
    given = json_object_get(doc, "whatsapp_template");
    return given == NULL ? ST_OK : read_template(given, p, mem, out, err);
}

/* The template of the configuration, whose only parameter is the content. */
static enum status use_own_template(const struct provider *p, const char *content,
                                    struct arena *mem, struct chosen_template *out,
                                    struct error *err)
{
    const char *fault = parameter_fault(content);

    if (fault != NULL)
        return error_set(err, ST_INVALID, "bad_template: the content, its parameter, %s", fault);
    *out = (struct chosen_template){ .name = p->template_name, .language = p->template_language };
    out->parameters = ARENA_ARRAY(mem, const char *, 1);
    out->parameters[0] = content;
    out->n_parameters = 1;
    return ST_OK;
}

/* The recipient's own metadata goes before the message's, and that before the configuration. */
static enum status choose_template(const struct provider *p, const struct delivery *d,
                                   struct arena *mem, struct chosen_template *out,
                                   struct error *err)
{
    enum status st = find_template(d->own_metadata, p, mem, out, err);

    if (st == ST_OK && out->name == NULL)
        st = find_template(d->metadata, p, mem, out, err);
    if (st == ST_OK && out->name == NULL && *p->template_name != '\0')
        st = use_own_template(p, d->content, mem, out, err);
    return st;
}

/* ---- building: the message ---- */

static void write_text(struct json_writer *w, const char *content)
{
    jw_text(w, "type", "text");
    jw_open(w, "text", '{');
    jw_bool(w, "preview_url", false);
    jw_text(w, "body", content);
    jw_close(w, '}');
}

static void write_parameters(struct json_writer *w, const struct chosen_template *t)
{
    jw_open(w, "components", '[');
    jw_open(w, NULL, '{');
    jw_text(w, "type", "body");
    jw_open(w, "parameters", '[');
    for (size_t i = 0; i < t->n_parameters; i++) {
        jw_open(w, NULL, '{');
        jw_text(w, "type", "text");
        jw_text(w, "text", t->parameters[i]);
        jw_close(w, '}');
    }
    jw_close(w, ']');
    jw_close(w, '}');
    jw_close(w, ']');
}

static void write_template(struct json_writer *w, const struct chosen_template *t)
{
    jw_text(w, "type", "template");
    jw_open(w, "template", '{');
    jw_text(w, "name", t->name);
    jw_open(w, "language", '{');
    jw_text(w, "code", t->language);
    jw_close(w, '}');
    if (t->n_parameters > 0)
        write_parameters(w, t);
    jw_close(w, '}');
}

/*
 * The sender is the number of phone_number_id: delivery.from has no place here.  The recipient's id
 * comes back in each status, so that one which overtakes our own record finds its row.
 */
static void write_message(struct json_writer *w, const struct delivery *d,
                          const struct chosen_template *t)
{
    jw_open(w, NULL, '{');
    jw_text(w, "messaging_product", "whatsapp");
    jw_text(w, "recipient_type", "individual");
    jw_text(w, "to", d->address + (*d->address == '+'));
    if (t->name != NULL)
        write_template(w, t);
    else
        write_text(w, d->content);
    jw_text(w, "biz_opaque_callback_data", d->recipient_id);
    jw_close(w, '}');
}

static enum status whatsapp_build(const struct provider *p, const struct delivery *d,
                                  struct arena *mem, struct transfer *out, struct error *err)
{
    struct buf body = BUF_INIT(BODY_LIMIT);
    struct json_writer w = JSON_WRITER(&body);
    size_t characters = utf8_count(d->content);
    struct chosen_template t = { 0 };
    enum status st = choose_template(p, d, mem, &t, err);

    if (st != ST_OK)
        return st;
    if (t.name == NULL && characters > TEXT_MAX_CHARACTERS)
        return error_set(err, ST_INVALID, "content_too_long: %zu characters, at most %d",
                         characters, TEXT_MAX_CHARACTERS);
    write_message(&w, d, &t);
    if (buf_overflowed(&body))
        st = error_set(err, ST_INVALID, "content_too_long: the body passes %d bytes", BODY_LIMIT);
    else
        *out = (struct transfer){
            .kind = TRANSFER_HTTP,
            .url = p->url,
            .headers = p->headers,
            .body = arena_strndup(mem, buf_str(&body), body.len),
            .body_len = body.len,
            .timeout_ms = p->timeout_ms,
        };
    buf_free(&body);
    return st;
}

/* ---- judging ---- */

/*
 * Graph's codes; error_subcode is not looked at, and neither is the HTTP status, which is 400 for
 * throttling too.
 *
 * CREDENTIALS is what stops the whole account: its token, its permissions, a block or a lock.
 * REFUSED_HERE is what Meta won't do for this message by no fault of the recipient, while another
 * provider may: a country (130497), a number that is only there for trials (131030), payment, which
 * concerns templates alone (131042), our number's registration (131045) and its name (131037), our
 * marketing (131063).
 * A recipient who wants no marketing, or no more of it now (131049, 131050), is REFUSED: another
 * provider must not get round that.
 * NOT_SENT is only what Meta says it does not take: from an account in maintenance (131057), and a
 * template that is paused (132015) or whose flow is throttled (132069), for hours.  Failures that
 * explain nothing are UNCLEAR, since the message may be on its way.
 */
static const struct code {
    int first, last;
    enum verdict_class class;
    int wait_s; /* before another attempt, where the answer names no time; 0: as usual */
    bool recipient_only;
} codes[] = {
    { 0, 0, VERDICT_CREDENTIALS },   /* the token can't be checked */
    { 1, 2, VERDICT_UNCLEAR },       /* unknown, or down */
    { 3, 3, VERDICT_CREDENTIALS },   /* capability or permission */
    { 4, 4, VERDICT_THROTTLED },     /* the app's calls */
    { 10, 10, VERDICT_CREDENTIALS }, /* permission */
    { 33, 33, VERDICT_REFUSED },     /* parameters */
    { 100, 100, VERDICT_REFUSED },
    { 190, 190, VERDICT_CREDENTIALS },              /* the token has expired */
    { 200, 299, VERDICT_CREDENTIALS },              /* permissions */
    { 368, 368, VERDICT_CREDENTIALS },              /* blocked for a breach of policy */
    { 80007, 80007, VERDICT_THROTTLED },            /* the account's calls */
    { 130429, 130429, VERDICT_THROTTLED },          /* the number's throughput */
    { 130472, 130472, VERDICT_REFUSED },            /* recipient in an experiment */
    { 130497, 130497, VERDICT_REFUSED_HERE },       /* not to this country */
    { 131000, 131000, VERDICT_UNCLEAR },            /* unknown */
    { 131005, 131005, VERDICT_CREDENTIALS },        /* access denied */
    { 131008, 131009, VERDICT_REFUSED },            /* parameters */
    { 131016, 131016, VERDICT_UNCLEAR },            /* a service is away */
    { 131021, 131021, VERDICT_REFUSED },            /* recipient is the sender */
    { 131026, 131026, VERDICT_REFUSED },            /* not on WhatsApp, or too old a one */
    { 131030, 131030, VERDICT_REFUSED_HERE },       /* not among the trial's numbers */
    { 131031, 131031, VERDICT_CREDENTIALS },        /* account locked */
    { 131037, 131037, VERDICT_REFUSED_HERE },       /* the number's name is not approved */
    { 131042, 131042, VERDICT_REFUSED_HERE },       /* payment */
    { 131045, 131045, VERDICT_REFUSED_HERE },       /* the number's registration */
    { 131047, 131047, VERDICT_REFUSED },            /* outside the 24 hours: a template is needed */
    { 131048, 131048, VERDICT_THROTTLED, 3600 },    /* too much of it was called spam */
    { 131049, 131049, VERDICT_REFUSED },            /* enough marketing for this recipient */
    { 131050, 131050, VERDICT_REFUSED },            /* recipient has stopped marketing */
    { 131051, 131053, VERDICT_REFUSED },            /* type; media */
    { 131056, 131056, VERDICT_THROTTLED, 6, true }, /* one message in 6 s to one recipient */
    { 131057, 131057, VERDICT_NOT_SENT },           /* account in maintenance */
    { 131063, 131063, VERDICT_REFUSED_HERE },       /* marketing is off */
    { 131064, 131064, VERDICT_THROTTLED, 3600 },    /* the day's messages */
    { 132000, 132001, VERDICT_REFUSED },            /* templates */
    { 132005, 132005, VERDICT_REFUSED },
    { 132007, 132008, VERDICT_REFUSED },
    { 132012, 132012, VERDICT_REFUSED },
    { 132015, 132015, VERDICT_NOT_SENT, 3600 }, /* paused */
    { 132016, 132016, VERDICT_REFUSED },        /* disabled */
    { 132068, 132068, VERDICT_REFUSED },        /* flow blocked */
    { 132069, 132069, VERDICT_NOT_SENT, 3600 }, /* flow throttled */
    { 133004, 133004, VERDICT_UNCLEAR },        /* server away */
    { 135000, 135000, VERDICT_REFUSED },        /* generic */
};

static const struct code *find_code(json_int_t code)
{
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (code >= codes[i].first && code <= codes[i].last)
            return &codes[i];
    return NULL;
}

/* The message is a title, like "(#100) Invalid parameter"; the details say which. */
static const char *words_of(const json_t *error)
{
    const json_t *details = json_object_get(json_object_get(error, "error_data"), "details");

    return json_string_value(json_string_length(details) > 0 ? details
                                                             : json_object_get(error, "message"));
}

/* An answer without a code that we know goes by its HTTP status. */
static struct verdict judge_error(const struct provider *p, const json_t *error,
                                  const struct reply *r, struct arena *mem)
{
    const json_t *number = json_object_get(error, "code");
    const struct code *known =
        json_is_integer(number) ? find_code(json_integer_value(number)) : NULL;
    struct verdict v = verdict_make(known != NULL ? known->class : verdict_class_of_http(r->status),
                                    NULL, verdict_words(words_of(error), p->token), r, mem);

    if (json_is_integer(number))
        v.code = arena_printf(mem, "%lld", (long long)json_integer_value(number));
    else
        v.code = arena_printf(mem, "http_%d", r->status);
    if (known != NULL) {
        v.recipient_only = known->recipient_only;
        if (v.retry_after_ms < 0 && known->wait_s > 0)
            v.retry_after_ms = known->wait_s * INT64_C(1000);
    }
    return v;
}

#define MESSAGE_ID_PATH "messages.0.id"

static bool can_be_stored(const char *id)
{
    return id != NULL && is_word(id) && strlen(id) <= MESSAGE_ID_MAX;
}

/*
 * message_status may be accepted, held_for_quality_assessment or paused, or be absent: the message
 * is Meta's in each case, and a webhook tells what becomes of it.
 */
static struct verdict whatsapp_judge(const struct provider *p, const struct reply *r,
                                     struct arena *mem)
{
    bool good = r->status >= 200 && r->status <= 299;
    struct error unreadable;
    SCOPED(json_t) doc = NULL;
    const json_t *error;
    const char *id;

    if (r->reach != REACH_ANSWERED)
        return verdict_of_reach(r, mem);
    id = good ? json_path_skim(r->body, r->body_len, MESSAGE_ID_PATH, mem) : NULL;
    if (can_be_stored(id))
        return verdict_accepted(id);
    /* A gateway may answer with anything: then doc is NULL, and has no members. */
    doc = json_read(r->body, r->body_len, &unreadable);
    id = good ? json_string_value(json_path_find(doc, MESSAGE_ID_PATH, mem)) : NULL;
    if (can_be_stored(id))
        return verdict_accepted(arena_strdup(mem, id));
    error = json_object_get(doc, "error");
    if (good && error == NULL)
        return verdict_make(VERDICT_UNCLEAR, "unreadable_answer", NULL, r, mem);
    return judge_error(p, error, r, mem);
}

const struct adapter whatsapp_cloud_adapter = {
    .kind = "whatsapp_cloud",
    .platforms = 1u << PF_WHATSAPP,
    .open = whatsapp_open,
    .build = whatsapp_build,
    .judge = whatsapp_judge,
    .close = whatsapp_close,
};
