/* message_text - messages on the terminal. */
#include "ctl/message_text.h"

#include <string.h>

#include "common/base/clock.h"
#include "common/base/excerpt.h"
#include "common/model/message.h"

#define VALUE_MOST 4096
#define EVENTS_PAGE 1000
#define LATE_PAUSE_MS 100

void message_line(struct ctl *ctl, const char *name, const char *value)
{
    if (value != NULL)
        buf_addf(&ctl->out, "%-11s %s\n", name, excerpt(&ctl->mem, value, strlen(value), VALUE_MOST));
}

const char *message_summary(struct ctl *ctl, const int counts[DS_COUNT])
{
    struct buf text = BUF_INIT(1024);
    const char *kept;

    for (enum delivery_state s = DS_PENDING; s < DS_COUNT; s++) {
        if (counts[s] > 0)
            buf_addf(&text, "%s%d %s", text.len == 0 ? "" : ", ", counts[s], delivery_name(s));
    }
    kept = arena_strdup(&ctl->mem, buf_str(&text));
    buf_free(&text);
    return kept;
}

void message_recipients(struct ctl *ctl, const struct recipient *list, size_t n)
{
    static const struct table_column columns[] = {
        { "N", .right = true }, { "PLATFORM" }, { "RECIPIENT", .may_cut = true }, { "STATUS" },
        { "TRIES", .right = true }, { "PROVIDER", .may_cut = true },
        { "UPDATED", .may_drop = true }, { "ERROR", .may_cut = true },
    };
    enum { N = sizeof columns / sizeof *columns };
    const char **cells = ARENA_ARRAY(&ctl->mem, const char *, n * N + 1);

    for (size_t i = 0; i < n; i++) {
        const struct recipient *r = &list[i];
        const char **row = &cells[i * N];

        row[0] = arena_printf(&ctl->mem, "%d", r->n);
        row[1] = platform_name(r->platform);
        row[2] = r->address;
        row[3] = delivery_name(r->status);
        row[4] = arena_printf(&ctl->mem, "%d", r->attempts);
        row[5] = r->provider;
        row[6] = ctl_time(ctl, r->updated_ms);
        row[7] = r->error_code == NULL || r->error_message == NULL
                     ? (r->error_code == NULL ? r->error_message : r->error_code)
                     : arena_printf(&ctl->mem, "%s: %s", r->error_code, r->error_message);
    }
    ctl_table(ctl, columns, N, cells, n);
}

static const char *number_or_none(struct ctl *ctl, int64_t value)
{
    return value < 0 ? NULL : arena_printf(&ctl->mem, "%lld", (long long)value);
}

static const char *detail_of(struct ctl *ctl, const struct event *e)
{
    if (!e->possible_duplicate)
        return e->detail;
    return arena_printf(&ctl->mem, "possible duplicate%s%s", e->detail == NULL ? "" : "; ",
                        e->detail == NULL ? "" : e->detail);
}

void message_timeline(struct ctl *ctl, const struct event *list, size_t n)
{
    static const struct table_column columns[] = {
        { "AT" }, { "N", .right = true }, { "EVENT" }, { "STATUS" }, { "TRY", .right = true },
        { "PROVIDER", .may_cut = true }, { "CODE", .may_cut = true, .may_drop = true },
        { "DETAIL", .may_cut = true },
    };
    enum { N = sizeof columns / sizeof *columns };
    const char **cells = ARENA_ARRAY(&ctl->mem, const char *, n * N + 1);

    for (size_t i = 0; i < n; i++) {
        const struct event *e = &list[i];
        const char **row = &cells[i * N];

        row[0] = ctl_time(ctl, e->at_ms);
        row[1] = number_or_none(ctl, e->n);
        row[2] = e->event;
        row[3] = e->status;
        row[4] = number_or_none(ctl, e->attempt);
        row[5] = e->provider;
        row[6] = e->code;
        row[7] = detail_of(ctl, e);
    }
    ctl_table(ctl, columns, N, cells, n);
}

enum status message_read_recipients(struct ctl *ctl, const char *id, struct recipient **out, size_t *n,
                                    struct error *err)
{
    const struct recipients_filter all = { .message_id = id, .limit = MESSAGE_RECIPIENTS_MAX };

    return recipients_page(ctl->db, &all, &ctl->mem, out, n, err);
}

/* A page that may still get something in front of its end is asked for again, a moment later. */
enum status message_read_events(struct ctl *ctl, const char *id, struct event **out, size_t *n,
                                struct error *err)
{
    struct event *all = ARENA_ARRAY(&ctl->mem, struct event, TIMELINE_MOST + EVENTS_PAGE), *page;
    struct events_place place = EVENTS_BEGIN;
    bool more = true;
    size_t count;

    *n = 0;
    while (more && *n < TIMELINE_MOST) {
        enum status s = events_page(ctl->db, id, &place, EVENTS_PAGE, &ctl->mem, &page, &count, &more, err);

        if (s != ST_OK)
            return s;
        memcpy(all + *n, page, count * sizeof *page);
        *n += count;
        if (more && count == 0)
            clock_sleep_ms(LATE_PAUSE_MS);
    }
    *out = all;
    return ST_OK;
}
