/* send_report - what is told of a run over a file of recipients. */
#include "ctl/send_report.h"

#include <stdio.h>

#define FAULTS_BYTES (1u << 20)

void report_begin(struct send_report *r, struct ctl *ctl, const char *file, const char *user)
{
    *r = (struct send_report){ .ctl = ctl, .file = file, .user = user, .faults = BUF_INIT(FAULTS_BYTES),
                               .results = BUF_INIT(CTL_OUT_MOST) };
    r->results_json = (struct json_writer)JSON_WRITER(&r->results);
    r->faults_json = (struct json_writer)JSON_WRITER(&r->faults);
    if (ctl->json)
        jw_open(&r->faults_json, NULL, '[');
}

/* first, last: the lines that are at fault. */
static void add_fault(struct send_report *r, size_t first, size_t last, const char *part, const char *why)
{
    size_t told = r->bad + r->refused;

    if (!r->ctl->json && told < REPORT_FAULTS_SHOWN) {
        buf_addf(&r->faults, "%s:%zu", r->file, first);
        if (last > first)
            buf_addf(&r->faults, "-%zu", last);
        buf_addf(&r->faults, ": %s%s\n", part, why);
    }
    if (!r->ctl->json || told >= REPORT_FAULTS_LISTED)
        return;
    jw_open(&r->faults_json, NULL, '{');
    jw_num(&r->faults_json, "line", (int64_t)first);
    jw_num(&r->faults_json, "last_line", (int64_t)last);
    jw_text(&r->faults_json, "detail", arena_printf(&r->ctl->mem, "%s%s", part, why));
    jw_close(&r->faults_json, '}');
}

void report_bad_line(struct send_report *r, size_t n, const struct recipient_line *line)
{
    add_fault(r, n, n, line->part, line->why);
    r->bad++;
}

static void message_json(struct send_report *r, const struct report_message *m)
{
    struct json_writer *w = &r->results_json;

    jw_open(w, NULL, '{');
    jw_num(w, "index", (int64_t)(r->messages + r->replayed));
    jw_text(w, "id", m->id);
    jw_num(w, "first_line", (int64_t)m->first);
    jw_num(w, "last_line", (int64_t)m->last);
    jw_num(w, "recipient_count", (int64_t)m->recipients);
    jw_bool(w, "replayed", m->end == REPORT_REPLAYED);
    jw_close(w, '}');
}

static void message_row(struct send_report *r, const struct report_message *m)
{
    size_t n = r->messages + r->replayed;
    struct arena *mem = &r->ctl->mem;

    if (n >= REPORT_MESSAGES_SHOWN)
        return;
    r->shown[n][0] = arena_strdup(mem, m->id);
    r->shown[n][1] = arena_printf(mem, "%zu-%zu", m->first, m->last);
    r->shown[n][2] = arena_printf(mem, "%zu", m->recipients);
    r->shown[n][3] = m->end == REPORT_REPLAYED ? "before" : "now";
}

void report_message(struct send_report *r, const struct report_message *m)
{
    if (m->end == REPORT_REFUSED) {
        add_fault(r, m->first, m->last, "", m->why);
        r->refused++;
        return;
    }
    (r->ctl->json ? message_json : message_row)(r, m);
    *(m->end == REPORT_ACCEPTED ? &r->messages : &r->replayed) += 1;
    *(m->end == REPORT_ACCEPTED ? &r->recipients : &r->kept_recipients) += m->recipients;
}

static void end_json(struct send_report *r, size_t lines)
{
    struct json_writer w = JSON_WRITER(&r->ctl->out);

    jw_close(&r->faults_json, ']');
    jw_open(&w, NULL, '{');
    jw_text(&w, "user", r->user);
    jw_num(&w, "lines", (int64_t)lines);
    jw_num(&w, "messages", (int64_t)r->messages);
    jw_num(&w, "recipients", (int64_t)r->recipients);
    jw_num(&w, "replayed_messages", (int64_t)r->replayed);
    jw_num(&w, "replayed_recipients", (int64_t)r->kept_recipients);
    jw_num(&w, "duplicates", (int64_t)r->duplicates);
    jw_num(&w, "bad_lines", (int64_t)r->bad);
    jw_num(&w, "refused_messages", (int64_t)r->refused);
    jw_open(&w, "results", '[');
    buf_add(w.out, r->results.data, r->results.len);
    jw_close(&w, ']');
    jw_raw(&w, "errors", buf_str(&r->faults));
    jw_close(&w, '}');
}

static const char *plural(size_t n)
{
    return n == 1 ? "" : "s";
}

static void counts_text(struct send_report *r, size_t lines)
{
    struct buf *out = &r->ctl->out;

    buf_addf(out, "%zu line%s read: %zu recipient%s accepted in %zu message%s", lines, plural(lines),
             r->recipients, plural(r->recipients), r->messages, plural(r->messages));
    if (r->replayed > 0)
        buf_addf(out, ", %zu before in %zu", r->kept_recipients, r->replayed);
    if (r->duplicates > 0)
        buf_addf(out, ", %zu duplicate%s", r->duplicates, plural(r->duplicates));
    buf_addf(out, "%s%s\n", r->bad + r->refused > 0 ? ", " : "", report_amiss(r));
}

const char *report_amiss(const struct send_report *r)
{
    struct arena *mem = &r->ctl->mem;
    const char *lines = arena_printf(mem, "%zu bad line%s", r->bad, plural(r->bad));
    const char *messages = arena_printf(mem, "%zu message%s refused", r->refused, plural(r->refused));

    if (r->bad > 0 && r->refused > 0)
        return arena_printf(mem, "%s and %s", lines, messages);
    return r->bad > 0 ? lines : r->refused > 0 ? messages : "";
}

static void end_text(struct send_report *r, size_t lines, bool taken_back)
{
    static const struct table_column columns[] = {
        { "ID" }, { "LINES", .right = true }, { "RECIPIENTS", .right = true }, { "ACCEPTED" },
    };
    size_t n = r->messages + r->replayed, told = r->bad + r->refused;
    size_t shown = n < REPORT_MESSAGES_SHOWN ? n : REPORT_MESSAGES_SHOWN;

    fputs(buf_str(&r->faults), stderr);
    if (told > REPORT_FAULTS_SHOWN)
        fprintf(stderr, "and %zu more\n", told - REPORT_FAULTS_SHOWN);
    if (taken_back)
        return;
    if (n > 0)
        ctl_table(r->ctl, columns, 4, &r->shown[0][0], shown);
    if (n > shown)
        buf_addf(&r->ctl->out, "and %zu more: --json shows them\n", n - shown);
    counts_text(r, lines);
}

void report_end(struct send_report *r, size_t lines, bool taken_back)
{
    progress_end(&r->bar);
    if (taken_back) {
        r->messages = r->recipients = r->replayed = r->kept_recipients = 0;
        buf_clear(&r->results);
    }
    if (r->ctl->json)
        end_json(r, lines);
    else
        end_text(r, lines, taken_back);
    buf_free(&r->results);
    buf_free(&r->faults);
}
