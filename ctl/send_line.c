/* send_line - what a line of `notifyctl send` says. */
#include "ctl/send_line.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "ctl/when.h"

static bool is(const struct given_option *g, const char *name)
{
    return strcmp(g->option->name, name) == 0;
}

/* ---- what is read ---- */

/* In place of what has been told of, so that the rest is judged too. */
static const char stand_in[] = "?";

/* At most a byte more than `most`, so that a reader can tell.  A stand-in where its fault was told. */
static const char *read_all(struct ctl *ctl, const char *option, FILE *file, size_t most, size_t *len)
{
    char *text = arena_alloc(&ctl->mem, most + 2);

    *len = fread(text, 1, most + 1, file);
    text[*len] = '\0';
    if (ferror(file)) {
        ctl_fault(ctl, "%s: cannot be read: %s", option, strerror(errno));
        return stand_in;
    }
    if (memchr(text, '\0', *len) != NULL) {
        ctl_fault(ctl, "%s: holds a NUL byte", option);
        return stand_in;
    }
    return text;
}

/* The end of the last line belongs to the way the text came, not to the text. */
static const char *read_content(struct ctl *ctl, const struct call *call)
{
    const char *content = call_option(call, "--content"), *text;
    size_t len;

    if (call->n_args == 0 && strcmp(content, "-") != 0)
        return content;
    text = read_all(ctl, "--content", stdin, MESSAGE_CONTENT_MAX + 2, &len);
    if (text == stand_in)
        return text;
    len -= len > 0 && text[len - 1] == '\n';
    len -= len > 0 && text[len - 1] == '\r' && text[len] == '\n';
    return arena_strndup(&ctl->mem, text, len);
}

static const char *read_html(struct ctl *ctl, const char *path)
{
    FILE *file = fopen(path, "re");
    const char *text;
    size_t len;

    if (file == NULL) {
        ctl_fault(ctl, "--html: cannot open %s: %s", path, strerror(errno));
        return NULL;
    }
    text = read_all(ctl, "--html", file, MESSAGE_HTML_MAX, &len);
    fclose(file);
    return text;
}

/* ---- the message ---- */

/* Each option and the member that it is; the words of a fault lead back the same way. */
static const struct {
    const char *option, *member;
} members[] = {
    { "--content", "content" },  { "--subject", "subject" },    { "--html", "html" },
    { "--from", "from" },        { "--priority", "priority" },  { "--at", "scheduled_at" },
    { "--expires", "expires_at" }, { "--metadata", "metadata" },
};

static void add_text(struct ctl *ctl, json_t *object, const char *option, const char *member,
                     const char *text)
{
    json_t *value = text == NULL ? NULL : json_string(text);

    if (text == NULL)
        return;
    if (value == NULL) {
        ctl_fault(ctl, "%s: is not valid UTF-8", option);
        value = json_string(stand_in);
    }
    json_object_set_new(object, member, value);
}

/* PLATFORM=SENDER; of what is no platform the API's rules tell. */
static void add_sender(struct ctl *ctl, json_t *body, const char *given)
{
    json_t *from = json_object_get(body, "from");
    const char *equals = strchr(given, '='), *platform;

    if (from == NULL) {
        from = json_object();
        json_object_set_new(body, "from", from);
    }
    if (equals == NULL) {
        ctl_fault(ctl, "--from: is written as PLATFORM=SENDER, as in sms=+15550001111");
        return;
    }
    platform = arena_strndup(&ctl->mem, given, (size_t)(equals - given));
    if (json_object_get(from, platform) != NULL)
        ctl_fault(ctl, "--from: is given twice for %s", platform);
    else
        add_text(ctl, from, "--from", platform, equals + 1);
}

static void add_metadata(struct ctl *ctl, json_t *body, const char *text)
{
    struct error err;
    json_t *value = text == NULL ? NULL : json_read(text, strlen(text), &err);

    if (value != NULL)
        json_object_set_new(body, "metadata", value);
    else if (text != NULL)
        ctl_fault(ctl, "--metadata: %s", err.text);
}

static void add_members(struct ctl *ctl, const struct call *call, json_t *body)
{
    const char *html = call_option(call, "--html");

    add_text(ctl, body, "--content", "content", read_content(ctl, call));
    add_text(ctl, body, "--html", "html", html == NULL ? NULL : read_html(ctl, html));
    add_text(ctl, body, "--subject", "subject", call_option(call, "--subject"));
    add_text(ctl, body, "--priority", "priority", call_option(call, "--priority"));
    add_text(ctl, body, "--at", "scheduled_at", call_option(call, "--at"));
    add_text(ctl, body, "--expires", "expires_at", call_option(call, "--expires"));
    add_metadata(ctl, body, call_option(call, "--metadata"));
    for (size_t i = 0; i < call->n_given; i++) {
        if (is(&call->given[i], "--from"))
            add_sender(ctl, body, call->given[i].value);
    }
}

static void add_recipients(struct ctl *ctl, const struct call *call, json_t *body)
{
    const char *platform = call_option(call, "--platform");
    json_t *list = json_array(), *one;

    json_object_set_new(body, "recipients", list);
    for (size_t i = 0; i < call->n_given; i++) {
        const struct given_option *g = &call->given[i];

        if (is(g, "--platform"))
            platform = g->value;
        if (!is(g, "--to"))
            continue;
        one = json_object();
        json_array_append_new(list, one);
        add_text(ctl, one, "--platform", "platform", platform);
        add_text(ctl, one, "--to", "recipient", g->value);
    }
}

/* "90s" ahead as the API writes a time; anything else stays, for the API's words. */
static void make_absolute(json_t *body, const char *member, int64_t now_ms)
{
    const char *given = json_string_value(json_object_get(body, member));
    char text[CLOCK_TEXT_BYTES];
    int64_t ahead_ms;

    if (given != NULL && when_span(given, &ahead_ms))
        json_object_set_new(body, member, json_string(clock_format(now_ms + ahead_ms, text)));
}

/* ---- faults ---- */

/* The words of a fault, of a recipient on the line: whose platform is told once. */
static void tell_recipient(struct ctl *ctl, const json_t *body, const struct fault *f, const char *rest)
{
    char *member;
    unsigned long i = strtoul(rest, &member, 10);
    const json_t *one = json_array_get(json_object_get(body, "recipients"), i);
    const char *line;

    if (strcmp(member, "/platform") == 0)
        line = arena_printf(&ctl->mem, "--platform %s: %s",
                            json_string_value(json_object_get(one, "platform")), f->detail);
    else
        line = arena_printf(&ctl->mem, "--to %s: %s",
                            json_string_value(json_object_get(one, "recipient")), f->detail);
    if (strstr(buf_str(&ctl->faults), line) == NULL)
        ctl_fault(ctl, "%s", line);
}

static void tell(struct ctl *ctl, const json_t *body, const struct fault *f)
{
    static const char of_recipients[] = "/recipients/";
    const char *at = f->pointer + 1; /* behind the '/' */
    size_t len = strcspn(at, "/");

    if (strncmp(f->pointer, of_recipients, strlen(of_recipients)) == 0) {
        tell_recipient(ctl, body, f, f->pointer + strlen(of_recipients));
        return;
    }
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        if (strlen(members[i].member) == len && strncmp(members[i].member, at, len) == 0) {
            ctl_fault(ctl, "%s%s%s: %s", members[i].option, at[len] == '\0' ? "" : " ",
                      at[len] == '\0' ? "" : at + len + 1, f->detail);
            return;
        }
    }
    ctl_fault(ctl, "--to: %s", f->detail); /* how many there are */
}

/* ---- the whole line ---- */

static void read_platform(struct ctl *ctl, const struct call *call, const struct message_rules *rules,
                          struct send_line *out)
{
    const char *name = call_option(call, "--platform"), *why;

    out->one_platform = name != NULL;
    why = name == NULL ? NULL : message_platform_fault(rules, name, &out->platform);
    if (why != NULL)
        ctl_fault(ctl, "--platform %s: %s", name, why);
}

static const char *meaning_of(struct ctl *ctl, const json_t *body)
{
    char *text = json_dumps(body, JSON_COMPACT | JSON_SORT_KEYS);
    const char *kept;

    if (text == NULL)
        abort(); /* out of memory */
    kept = arena_strdup(&ctl->mem, text);
    free(text);
    return kept;
}

static int number_or_0(const struct call *call, const char *option)
{
    const char *text = call_option(call, option);

    return text == NULL ? 0 : atoi(text);
}

static void read_options(const struct call *call, struct send_line *out)
{
    *out = (struct send_line){
        .as = call_option(call, "--as"),
        .to_file = call_option(call, "--to-file"),
        .key = call_option(call, "--idempotency-key"),
        .all_or_nothing = call_option(call, "--all-or-nothing") != NULL,
        .skip_lines = number_or_0(call, "--skip-lines"),
        .wait_seconds = number_or_0(call, "--wait"),
    };
}

enum status send_line_read(struct ctl *ctl, const struct call *call, const struct message_rules *rules,
                           struct send_line *out, struct error *err)
{
    struct message_rules here = *rules;
    struct faults faults;
    SCOPED(json_t) body = json_object();

    read_options(call, out);
    here.recipients_follow = out->to_file != NULL;
    add_members(ctl, call, body);
    if (out->to_file != NULL)
        read_platform(ctl, call, rules, out);
    else
        add_recipients(ctl, call, body);
    out->meaning = meaning_of(ctl, body);
    make_absolute(body, "scheduled_at", rules->now_ms);
    make_absolute(body, "expires_at", rules->now_ms);
    faults_init(&faults, &ctl->mem);
    message_body_read(body, "", &here, &ctl->mem, &out->draft, &faults);
    for (const struct fault *f = faults.first; f != NULL; f = f->next)
        tell(ctl, body, f);
    if (faults.count > faults.most)
        ctl_fault(ctl, "and %zu further faults", faults.count - faults.most);
    return ctl_faults_end(ctl, err);
}
