/* message_view - writing messages and recipients. */
#include "common/service/message_view.h"

#include <stdio.h>

#include "common/model/recipient.h"

void recipient_view_write(struct json_writer *w, const char *message_id, const struct recipient *r)
{
    char id[RECIPIENT_ID_BYTES];

    jw_open(w, NULL, '{');
    jw_text(w, "id", recipient_id_format(message_id, r->n, id));
    jw_text(w, "platform", platform_name(r->platform));
    jw_text(w, "recipient", r->address);
    jw_text(w, "status", delivery_name(r->status));
    jw_text(w, "provider", r->provider);
    jw_text(w, "provider_id", r->provider_id);
    jw_num(w, "attempts", r->attempts);
    jw_time(w, "next_attempt_at", r->next_attempt_ms);
    if (r->error_code == NULL && r->error_message == NULL) {
        jw_null(w, "error");
    } else {
        jw_open(w, "error", '{');
        jw_text(w, "code", r->error_code);
        jw_text(w, "message", r->error_message);
        jw_close(w, '}');
    }
    jw_time(w, "sent_at", r->sent_ms);
    jw_time(w, "delivered_at", r->delivered_ms);
    jw_time(w, "read_at", r->read_ms);
    jw_time(w, "updated_at", r->updated_ms);
    jw_close(w, '}');
}

static void write_summary(struct json_writer *w, const int counts[DS_COUNT])
{
    jw_open(w, "summary", '{');
    for (int s = DS_PENDING; s < DS_COUNT; s++)
        jw_num(w, delivery_name((enum delivery_state)s), counts[s]);
    jw_close(w, '}');
}

static void write_recipients(struct json_writer *w, const char *message_id,
                             const struct recipient *recipients, size_t n)
{
    jw_open(w, "recipients", '[');
    for (size_t i = 0; i < n; i++)
        recipient_view_write(w, message_id, &recipients[i]);
    jw_close(w, ']');
}

void message_view_open(struct json_writer *w, const struct message *m, const int counts[DS_COUNT],
                       const struct recipient *recipients, size_t n_recipients)
{
    jw_open(w, NULL, '{');
    jw_text(w, "id", m->id);
    jw_text(w, "status", message_state_name(message_state_shown(m->status, counts)));
    jw_text(w, "content", m->content);
    jw_text(w, "subject", m->subject);
    jw_text(w, "html", m->html);
    jw_text(w, "priority", priority_name(m->priority));
    jw_time(w, "scheduled_at", m->scheduled_ms);
    jw_time(w, "expires_at", m->expires_ms);
    jw_raw(w, "metadata", m->metadata);
    jw_time(w, "created_at", m->created_ms);
    jw_time(w, "updated_at", m->updated_ms);
    jw_num(w, "recipient_count", m->recipient_count);
    write_summary(w, counts);
    if (recipients != NULL)
        write_recipients(w, m->id, recipients, n_recipients);
}

void message_view_write(struct json_writer *w, const struct message *m, const int counts[DS_COUNT],
                        const struct recipient *recipients, size_t n_recipients)
{
    message_view_open(w, m, counts, recipients, n_recipients);
    jw_close(w, '}');
}

static void write_number(struct json_writer *w, const char *name, int64_t value)
{
    if (value < 0)
        jw_null(w, name);
    else
        jw_num(w, name, value);
}

void event_view_write(struct json_writer *w, const char *message_id, const struct event *e)
{
    char id[RECIPIENT_ID_BYTES];
    char number[24];

    snprintf(number, sizeof number, "%lld", (long long)e->id);
    jw_open(w, NULL, '{');
    jw_text(w, "id", number);
    jw_time(w, "at", e->at_ms);
    jw_text(w, "event", e->event);
    jw_text(w, "recipient", e->n < 0 ? NULL : recipient_id_format(message_id, e->n, id));
    jw_text(w, "status", e->status);
    write_number(w, "attempt", e->attempt);
    jw_text(w, "provider", e->provider);
    jw_text(w, "code", e->code);
    jw_text(w, "detail", e->detail);
    write_number(w, "latency_ms", e->latency_ms);
    jw_time(w, "next_attempt_at", e->next_attempt_ms);
    jw_bool(w, "possible_duplicate", e->possible_duplicate);
    jw_close(w, '}');
}
