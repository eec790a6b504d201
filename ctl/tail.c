/* tail - events of all messages as they come. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/base/uuid.h"
#include "common/db/feed.h"
#include "common/db/users.h"
#include "common/model/delivery.h"
#include "common/model/recipient.h"
#include "ctl/call.h"
#include "ctl/commands.h"
#include "ctl/ctl.h"
#include "ctl/interrupt.h"
#include "ctl/paint.h"
#include "ctl/when.h"

#define ROUND_MS 500
#define ROUND_PAGES 10 /* of FEED_PAGE events each; who can't keep up with that is told what it misses */
#define COUNT_MOST 100000000
#define SECONDS_MOST 31536000

/* What the line of the command asks for. */
struct wish {
    struct feed_filter filter;
    const char *user_email; /* NULL: any */
    int64_t since_ms;       /* -1: from now on */
    int count, seconds;     /* 0 and -1: without an end */
};

struct tail {
    struct ctl *ctl;
    struct wish wish;
    struct events_place place;
    struct arena mem; /* of a page */
    int64_t end_ms;   /* monotonic; -1: never */
    size_t shown;
    bool is_live; /* it has caught up once: from now on it may leave out what it can't keep up with */
    bool is_away; /* the database, and it was said */
    bool paints;
};

/* ---- the line ---- */

static enum status read_filter(const struct call *call, struct wish *w, struct error *err)
{
    enum delivery_state state;
    enum platform platform;

    w->filter = (struct feed_filter){
        .platform = call_option(call, "--platform"),
        .status = call_option(call, "--status"),
        .provider = call_option(call, "--provider"),
        .message_id = call_option(call, "--message"),
        .errors = call_option(call, "--errors") != NULL,
    };
    w->user_email = call_option(call, "--user");
    if (w->filter.platform != NULL && !platform_parse(w->filter.platform, &platform))
        return error_set(err, ST_INVALID, "--platform must be sms, email, whatsapp or telegram");
    if (w->filter.status != NULL && !delivery_parse(w->filter.status, &state))
        return error_set(err, ST_INVALID, "--status must be pending, queued, sending, sent, delivered,"
                         " read, failed, cancelled or expired");
    if (w->filter.provider != NULL && w->filter.provider[0] == '\0')
        return error_set(err, ST_INVALID, "--provider is empty");
    if (w->filter.message_id != NULL && !uuid_is_valid(w->filter.message_id))
        return error_set(err, ST_INVALID, "--message takes the id of a message");
    if (w->user_email != NULL && recipient_fault(PF_EMAIL, w->user_email) != NULL)
        return error_set(err, ST_INVALID, "--user: %s", recipient_fault(PF_EMAIL, w->user_email));
    return ST_OK;
}

static enum status read_wish(const struct call *call, struct wish *w, struct error *err)
{
    const char *count = call_option(call, "--count");
    const char *seconds = call_option(call, "--for");

    *w = (struct wish){ .since_ms = -1, .seconds = -1 };
    if (when_option(call, "--since", clock_wall_ms(), &w->since_ms, err) != ST_OK)
        return err->kind;
    if (count != NULL && !ctl_read_number(count, 1, COUNT_MOST, &w->count))
        return error_set(err, ST_INVALID, "--count takes a number of events, from 1 on");
    if (seconds != NULL && !ctl_read_number(seconds, 0, SECONDS_MOST, &w->seconds))
        return error_set(err, ST_INVALID, "--for takes a number of seconds, from 0 on");
    return read_filter(call, w, err);
}

enum status tail_check(const struct ctl *ctl, const struct call *call, struct error *err)
{
    struct wish w;

    return read_wish(call, &w, err);
}

/* ---- printing ---- */

static enum paint paint_of(const struct feed_event *e)
{
    enum delivery_state state = DS_NONE;

    if (e->status != NULL)
        delivery_parse(e->status, &state);
    switch (state) {
    case DS_SENT:
    case DS_DELIVERED:
    case DS_READ:
        return PAINT_GOOD;
    case DS_FAILED:
    case DS_EXPIRED:
        return PAINT_BAD;
    case DS_NONE:
    case DS_PENDING:
    case DS_QUEUED:
    case DS_SENDING:
    case DS_CANCELLED:
    case DS_COUNT:
        break;
    }
    return e->code != NULL ? PAINT_WARN : PAINT_NONE;
}

static const char *id_of(const struct feed_event *e, char out[RECIPIENT_ID_BYTES])
{
    return e->n < 0 ? e->message_id : recipient_id_format(e->message_id, e->n, out);
}

static void add_word(struct buf *out, int width, const char *word)
{
    buf_addf(out, "%-*s ", width, word == NULL ? "-" : word);
}

static void line_text(struct tail *t, const struct feed_event *e)
{
    struct buf *out = &t->ctl->out, line = BUF_INIT(2048);
    char at[CLOCK_TEXT_BYTES], id[RECIPIENT_ID_BYTES];

    add_word(&line, 24, clock_format(e->at_ms, at));
    add_word(&line, 40, id_of(e, id));
    add_word(&line, 8, e->platform);
    add_word(&line, 14, e->event);
    add_word(&line, 10, e->status);
    add_word(&line, 16, e->provider);
    if (e->attempt >= 0)
        buf_addf(&line, "#%lld ", (long long)e->attempt);
    if (e->code != NULL)
        buf_addf(&line, "%s ", e->code);
    if (e->possible_duplicate)
        buf_adds(&line, "possible duplicate");
    while (line.data[line.len - 1] == ' ')
        line.data[--line.len] = '\0';
    paint_add(out, t->paints, paint_of(e), buf_str(&line));
    buf_addc(out, '\n');
    buf_free(&line);
}

static void next_object(struct buf *out)
{
    if (out->len > 0)
        buf_addc(out, '\n'); /* ctl_flush() ends the last one */
}

static void line_json(struct tail *t, const struct feed_event *e)
{
    struct json_writer w = JSON_WRITER(&t->ctl->out);
    char id[RECIPIENT_ID_BYTES];

    next_object(&t->ctl->out);
    jw_open(&w, NULL, '{');
    jw_time(&w, "at", e->at_ms);
    jw_text(&w, "message_id", e->message_id);
    jw_text(&w, "recipient_id", e->n < 0 ? NULL : id_of(e, id));
    jw_text(&w, "platform", e->platform);
    jw_text(&w, "event", e->event);
    jw_text(&w, "status", e->status);
    jw_text(&w, "provider", e->provider);
    if (e->attempt >= 0)
        jw_num(&w, "attempt", e->attempt);
    else
        jw_null(&w, "attempt");
    jw_text(&w, "code", e->code);
    jw_bool(&w, "possible_duplicate", e->possible_duplicate);
    jw_close(&w, '}');
}

static void skipped_line(struct tail *t, int64_t n)
{
    struct json_writer w = JSON_WRITER(&t->ctl->out);
    char words[64];

    if (t->ctl->json) {
        next_object(&t->ctl->out);
        jw_open(&w, NULL, '{');
        jw_num(&w, "skipped", n);
        jw_bool(&w, "more", n >= FEED_COUNT_MOST);
        jw_close(&w, '}');
        return;
    }
    snprintf(words, sizeof words, "… %lld%s more", (long long)n, n >= FEED_COUNT_MOST ? " or" : "");
    paint_add(&t->ctl->out, t->paints, PAINT_FAINT, words);
    buf_addc(&t->ctl->out, '\n');
}

static bool has_all(const struct tail *t)
{
    return t->wish.count > 0 && t->shown == (size_t)t->wish.count;
}

static void show(struct tail *t, const struct feed_event *list, size_t n)
{
    for (size_t i = 0; i < n && !has_all(t); i++) {
        (t->ctl->json ? line_json : line_text)(t, &list[i]);
        t->shown++;
    }
}

/* ---- reading ---- */

static bool is_over(const struct tail *t)
{
    return interrupt_came() || has_all(t);
}

/* What there is no time to show is counted and passed over, so that what is shown is of now. */
static enum status pass_over(struct tail *t, int64_t before_ms, struct error *err)
{
    int64_t n;
    enum status s = feed_count(t->ctl->db, t->place, before_ms, &t->mem, &n, err);

    if (s == ST_OK && n > 0)
        skipped_line(t, n);
    if (s == ST_OK)
        t->place = (struct events_place){ before_ms, -1 };
    return s;
}

static enum status read_page(struct tail *t, int64_t before_ms, bool *more, struct error *err)
{
    struct error unwritten;
    struct feed_event *list;
    size_t n;
    enum status s;

    arena_reset(&t->mem);
    s = feed_page(t->ctl->db, &t->wish.filter, &t->place, before_ms, &t->mem, &list, &n, more, err);
    if (s != ST_OK)
        return s;
    show(t, list, n);
    /* Whoever read along may have left; that is no failure of the database. */
    if (ctl_flush(t->ctl, &unwritten) != ST_OK)
        return interrupt_came() ? ST_OK : error_set(err, ST_BUG, "%s", unwritten.text);
    return ST_OK;
}

static enum status read_round(struct tail *t, struct error *err)
{
    bool more = true;
    int64_t before_ms;
    enum status s;

    arena_reset(&t->mem);
    s = events_settled(t->ctl->db, &t->mem, &before_ms, err);
    if (s == ST_OK && t->place.at_ms < 0)
        t->place = (struct events_place){ before_ms, -1 };
    for (int page = 0; s == ST_OK && more && !is_over(t); page++) {
        if (t->is_live && page == ROUND_PAGES && t->wish.filter.message_id == NULL)
            return pass_over(t, before_ms, err);
        s = read_page(t, before_ms, &more, err);
    }
    t->is_live = t->is_live || (s == ST_OK && !more);
    return s;
}

/* True: it comes back, and nothing is missed until then. */
static bool will_come_back(struct tail *t, enum status s, const struct error *err)
{
    if (s != ST_UNAVAILABLE && s != ST_UNCERTAIN)
        return false;
    if (!t->is_away)
        ctl_complain(t->ctl->json, status_name(ST_UNAVAILABLE),
                     arena_printf(&t->mem, "%s; trying again", err->text));
    t->is_away = true;
    return true;
}

static enum status follow(struct tail *t, struct error *err)
{
    for (;;) {
        int64_t next_ms = clock_mono_ms() + ROUND_MS;
        enum status s = read_round(t, err);

        if (s != ST_OK && !will_come_back(t, s, err))
            return s;
        if (s == ST_OK && t->is_away) {
            ctl_complain(t->ctl->json, "back", "the database is back");
            t->is_away = false;
        }
        if (is_over(t) || (t->end_ms >= 0 && clock_mono_ms() >= t->end_ms))
            return ST_OK;
        if (t->end_ms >= 0 && t->end_ms < next_ms)
            next_ms = t->end_ms;
        if (next_ms > clock_mono_ms())
            clock_sleep_ms(next_ms - clock_mono_ms());
        if (interrupt_came())
            return ST_OK;
    }
}

/* ---- beginning and end ---- */

static void write_head(struct tail *t)
{
    buf_addf(&t->ctl->out, "%-24s %-40s %-8s %-14s %-10s %-16s %s\n", "TIME", "ID", "PLATFORM", "EVENT",
             "STATUS", "PROVIDER", "ATTEMPT, CODE");
}

static enum status find_user(struct tail *t, struct error *err)
{
    struct user user;
    enum status s;

    if (t->wish.user_email == NULL)
        return ST_OK;
    s = users_find(t->ctl->db, t->wish.user_email, &t->ctl->mem, &user, err);
    if (s == ST_OK)
        t->wish.filter.user_id = user.id;
    return s;
}

enum status tail_run(struct ctl *ctl, const struct call *call, struct error *err)
{
    struct tail t = { .ctl = ctl, .end_ms = -1, .paints = paint_is_wanted(STDOUT_FILENO) };
    enum status s = read_wish(call, &t.wish, err);

    if (s == ST_OK)
        s = ctl_connect(ctl, err);
    if (s == ST_OK)
        s = find_user(&t, err);
    if (s != ST_OK)
        return s;
    t.place = (struct events_place){ t.wish.since_ms, -1 };
    if (t.wish.seconds >= 0)
        t.end_ms = clock_mono_ms() + (int64_t)t.wish.seconds * 1000;
    if (!ctl->json)
        write_head(&t);
    interrupt_watch(SECOND_IS_ONE);
    s = follow(&t, err);
    arena_done(&t.mem);
    return s;
}
