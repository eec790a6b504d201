/* oracle - builds the lines and appends them. */
#include "tests/simulator/oracle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/crypto/digest.h"
#include "tests/simulator/exchange.h"
#include "tests/simulator/provider.h"

/* JSON makes up to six bytes of one. */
#define LINE_MAX_BYTES (6 * (BODY_MAX_ANY + 65536))

struct oracle {
    int fd; /* -1: no log is kept */
    atomic_uint_fast64_t seq, failures;
};

enum status oracle_open(struct oracle **out, const char *path, struct error *err)
{
    int fd = -1;

    if (path != NULL) {
        fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
        if (fd < 0)
            return error_set(err, ST_UNAVAILABLE, "%s: %s", path, strerror(errno));
    }
    *out = calloc(1, sizeof **out);
    if (*out == NULL)
        abort();
    (*out)->fd = fd;
    return ST_OK;
}

static void begin(struct json_writer *w, struct oracle *o, const char *kind, int64_t now_ms)
{
    jw_open(w, NULL, '{');
    jw_text(w, "kind", kind);
    jw_time(w, "time", now_ms);
    jw_num(w, "seq", (int64_t)atomic_fetch_add(&o->seq, 1) + 1);
}

/* A write cut short counts as failed: the next line would stand on the same line. */
static bool append(struct oracle *o, struct buf *line)
{
    bool whole;

    buf_addc(line, '\n');
    whole = !buf_overflowed(line) && write(o->fd, buf_str(line), line->len) == (ssize_t)line->len;
    if (!whole)
        atomic_fetch_add(&o->failures, 1);
    buf_free(line);
    return whole;
}

static void add_code(struct json_writer *w, const char *name, int code)
{
    if (code == 0)
        jw_null(w, name);
    else
        jw_num(w, name, code);
}

static void add_message(struct json_writer *w, const struct message *m)
{
    char hash[SHA256_HEX_BYTES];

    jw_text(w, "to", m->to);
    jw_text(w, "from", m->from);
    jw_text(w, "body_sha256", m->text != NULL ? sha256_hex(m->text, strlen(m->text), hash) : NULL);
    jw_text(w, "body", m->text);
    jw_text(w, "subject", m->subject);
    jw_text(w, "html", m->html);
    jw_text(w, "template", m->template);
    jw_text(w, "message_id", m->message_id);
    jw_text(w, "status_callback", m->status_callback);
    jw_text(w, "recipient_id", m->recipient_id);
}

bool oracle_request(struct oracle *o, const struct exchange *x)
{
    struct buf line = BUF_INIT(LINE_MAX_BYTES);
    struct json_writer w = JSON_WRITER(&line);

    if (o->fd < 0)
        return true;
    begin(&w, o, "request", x->received_ms);
    jw_text(&w, "provider", x->provider != NULL ? x->provider->name : NULL);
    jw_text(&w, "method", x->request.method);
    jw_text(&w, "path", x->shown_path != NULL ? x->shown_path : x->request.path);
    jw_text(&w, "traceparent", x->request.traceparent);
    jw_bool(&w, "ok", x->ok);
    add_code(&w, "code", x->answer.code);
    jw_text(&w, "problem", x->answer.problem);
    add_message(&w, &x->message);
    jw_text(&w, "behaviour", x->behaviour != NULL ? x->behaviour->name : NULL);
    add_code(&w, "status", x->answer.status);
    jw_text(&w, "sid", x->id);
    jw_text(&w, "ends", x->ends);
    if (x->behaviour != NULL)
        jw_bool(&w, "again", x->behaviour->again);
    else
        jw_null(&w, "again");
    add_code(&w, "recipients", x->id != NULL ? 1 + (int)x->other_count : 0);
    jw_close(&w, '}');
    return append(o, &line);
}

bool oracle_callback(struct oracle *o, const struct callback_result *r)
{
    struct buf line = BUF_INIT(LINE_MAX_BYTES);
    struct json_writer w = JSON_WRITER(&line);

    if (o->fd < 0)
        return true;
    begin(&w, o, "callback", clock_wall_ms());
    jw_text(&w, "provider", r->provider);
    jw_text(&w, "url", r->url);
    jw_text(&w, "sid", r->id);
    jw_text(&w, "to", r->to);
    jw_text(&w, "recipient_id", r->recipient_id);
    jw_text(&w, "event", r->event);
    jw_bool(&w, "forged", r->forged);
    jw_num(&w, "attempt", r->attempt);
    add_code(&w, "status", r->status);
    jw_text(&w, "trouble", r->trouble);
    jw_close(&w, '}');
    return append(o, &line);
}

uint64_t oracle_failures(const struct oracle *o)
{
    return atomic_load(&o->failures);
}

void oracle_close(struct oracle *o)
{
    if (o == NULL)
        return;
    if (o->fd >= 0)
        close(o->fd);
    free(o);
}
