/* log - one event, one line, typed fields, on stderr. */
#include "common/base/log.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/base/utf8.h"

/* PIPE_BUF of Linux: a pipe takes that much in one piece, or not at all. */
#define LINE_BYTES 4096
#define TAIL_BYTES 64 /* kept free for what ends a line that became too long */
#define VALUE_BYTES 1024
#define PATIENCE_MS 100

static const char *const level_names[] = {
    [LEVEL_DEBUG] = "debug",
    [LEVEL_INFO] = "info",
    [LEVEL_WARN] = "warn",
    [LEVEL_ERROR] = "error",
};

struct line {
    struct buf text;
    struct json_writer json; /* unused by the text form */
};

/* Set before threads start; constant then, but for the level. */
static struct {
    const char *program;
    _Atomic(enum log_level) level;
    enum log_format format;
    int fd;
} settings = { .level = LEVEL_INFO, .format = LOG_JSON, .fd = STDERR_FILENO };

static _Thread_local struct {
    const char *request_id, *recipient_id;
    const struct trace *trace;
} context;

/* Lines that wait for each other. */
static _Thread_local struct {
    bool gathers;
    uint64_t lines; /* and those that they tell of as dropped */
    size_t len;
    char text[LINE_BYTES];
} held;

static atomic_uint_least64_t dropped; /* lines that nobody has been told of yet */
static atomic_bool stuck;             /* the last line could not be written */

void log_open(const char *program, enum log_level level, enum log_format format)
{
    settings.program = program;
    log_set_level(level);
    settings.format = format;
}

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&settings.level, level, memory_order_relaxed);
}

void log_set_fd(int fd)
{
    settings.fd = fd;
}

bool log_enabled(enum log_level level)
{
    return level >= atomic_load_explicit(&settings.level, memory_order_relaxed);
}

void log_context(const char *request_id, const char *recipient_id, const struct trace *trace)
{
    context.request_id = request_id;
    context.recipient_id = recipient_id;
    context.trace = trace;
}

static const char *program(void)
{
    return settings.program != NULL ? settings.program : program_invocation_short_name;
}

static void json_begin(struct line *l, const char *time, enum log_level level, const char *event)
{
    l->json = (struct json_writer)JSON_WRITER(&l->text);
    jw_open(&l->json, NULL, '{');
    jw_text(&l->json, "time", time);
    jw_text(&l->json, "level", level_names[level]);
    jw_text(&l->json, "program", program());
    jw_text(&l->json, "event", event);
}

/* A value that is too long is cut; the field before it is worth more than the whole of it. */
static void add_quoted(struct line *l, const char *text)
{
    json_escape(&l->text, text, utf8_cut(text, strlen(text), VALUE_BYTES));
}

static void json_add(struct line *l, const struct log_field *field)
{
    switch (field->type) {
    case FIELD_TEXT:
        jw_raw(&l->json, field->name, "");
        add_quoted(l, field->text);
        break;
    case FIELD_NUM:
        jw_num(&l->json, field->name, field->num);
        break;
    case FIELD_BOOL:
        jw_bool(&l->json, field->name, field->num != 0);
        break;
    }
}

static void text_begin(struct line *l, const char *time, enum log_level level, const char *event)
{
    buf_addf(&l->text, "%s %-5s %s %s", time, level_names[level], program(), event);
}

/* Without quotes only where a reader, or awk, can't mistake where the value ends. */
static bool is_bare(const char *text)
{
    static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "0123456789-._:/@+,";

    return *text != '\0' && text[strspn(text, safe)] == '\0' && strlen(text) <= VALUE_BYTES;
}

static void text_add(struct line *l, const struct log_field *field)
{
    buf_addc(&l->text, ' ');
    buf_adds(&l->text, field->name);
    buf_addc(&l->text, '=');
    switch (field->type) {
    case FIELD_TEXT:
        if (is_bare(field->text))
            buf_adds(&l->text, field->text);
        else
            add_quoted(l, field->text);
        break;
    case FIELD_NUM:
        buf_add_i64(&l->text, field->num);
        break;
    case FIELD_BOOL:
        buf_adds(&l->text, field->num != 0 ? "true" : "false");
        break;
    }
}

struct form {
    void (*begin)(struct line *l, const char *time, enum log_level level, const char *event);
    void (*add)(struct line *l, const struct log_field *field);
    const char *end;
};
static const struct form forms[] = {
    [LOG_JSON] = { json_begin, json_add, "}\n" },
    [LOG_TEXT] = { text_begin, text_add, "\n" },
};

/* Adds the field as a whole or, where the line has no room for it, not at all. */
static bool add_field(const struct form *form, struct line *l, const struct log_field *field)
{
    struct line before = *l;

    if (field->type == FIELD_TEXT && field->text == NULL)
        return true;
    form->add(l, field);
    if (!buf_overflowed(&l->text))
        return true;
    *l = before;
    return false;
}

static bool has_field(const struct log_field *fields, const char *name)
{
    for (; fields->name != NULL; fields++)
        if (strcmp(fields->name, name) == 0)
            return true;
    return false;
}

static const char *given(const char *id)
{
    return id[0] == '\0' ? NULL : id;
}

/* The thread's ids, unless the caller gave that field himself. */
static bool add_context(const struct form *form, struct line *l, const struct log_field *fields)
{
    const struct trace *trace = context.trace;
    const struct log_field own[] = {
        STR("request_id", context.request_id),
        STR("recipient", context.recipient_id),
        STR("trace_id", trace == NULL ? NULL : given(trace->id)),
        STR("span_id", trace == NULL ? NULL : given(trace->span)),
        STR("parent_span_id", trace == NULL ? NULL : given(trace->parent)),
    };
    bool all = true;

    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (!has_field(fields, own[i].name))
            all = add_field(form, l, &own[i]) && all;
    return all;
}

/* A reader that is stuck is waited for once, not again for each line. */
static void send_lines(const char *text, size_t len, uint64_t lines)
{
    int patience = atomic_load(&stuck) ? 0 : PATIENCE_MS;
    struct pollfd p = { .fd = settings.fd, .events = POLLOUT };
    int ready;
    bool sent;

    do {
        ready = poll(&p, 1, patience);
    } while (ready < 0 && errno == EINTR);
    sent = ready == 1 && write(settings.fd, text, len) >= 0;
    atomic_store(&stuck, !sent);
    if (!sent)
        atomic_fetch_add(&dropped, lines);
}

static void send_held(void)
{
    if (held.len > 0)
        send_lines(held.text, held.len, held.lines);
    held.len = 0;
    held.lines = 0;
}

static void hold_line(const struct buf *line, uint64_t lines)
{
    if (held.len + line->len > sizeof held.text)
        send_held();
    memcpy(held.text + held.len, line->data, line->len);
    held.len += line->len;
    held.lines += lines;
}

void log_gather(void)
{
    held.gathers = true;
}

void log_scatter(void)
{
    int saved_errno = errno;

    held.gathers = false;
    send_held();
    errno = saved_errno;
}

static void end_line(const struct form *form, struct line *l, uint64_t missing, bool cut)
{
    l->text.limit += TAIL_BYTES;
    if (missing > 0)
        form->add(l, &NUM("dropped", missing));
    if (cut)
        form->add(l, &BOOL("cut", true));
    buf_adds(&l->text, form->end);
}

void log_write(enum log_level level, const char *event, const struct log_field *fields)
{
    static _Thread_local char room[LINE_BYTES];
    const struct form *form = &forms[settings.format];
    struct line l = {
        .text = { .data = room, .cap = sizeof room, .limit = sizeof room - TAIL_BYTES - 1 },
    };
    uint64_t missing = atomic_exchange(&dropped, 0);
    int saved_errno = errno;
    char time[CLOCK_TEXT_BYTES];
    bool all;

    form->begin(&l, clock_format(clock_wall_ms(), time), level, event);
    all = add_context(form, &l, fields);
    for (const struct log_field *f = fields; f->name != NULL; f++)
        all = add_field(form, &l, f) && all;
    end_line(form, &l, missing, !all);
    hold_line(&l.text, missing + 1);
    if (!held.gathers || level >= LEVEL_WARN)
        send_held();
    errno = saved_errno;
}
