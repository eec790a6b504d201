/* accepting - what stands between a message as somebody wrote it and its rows. */
#include "common/service/accepting.h"

#include <string.h>

#include "common/base/clock.h"
#include "common/base/uuid.h"
#include "common/crypto/digest.h"

#define KEY_MAX 255

void message_rules_init(struct message_rules *r, const struct config *config, int64_t now_ms)
{
    *r = (struct message_rules){ .now_ms = now_ms };
    for (int p = 0; p < PF_COUNT; p++)
        r->enabled[p] = config->platform[p].enabled && config->platform[p].n_providers > 0;
}

/* What expires sooner than it would be looked at is looked at then. */
static void set_due(struct message_draft *d, int64_t due_ms)
{
    d->due_ms = d->expires_ms >= 0 && d->expires_ms < due_ms ? d->expires_ms : due_ms;
}

void draft_adopt(struct message_draft *d, const char *user_id)
{
    uuid_v7(d->created_ms, d->id);
    d->user_id = user_id;
    set_due(d, d->scheduled_ms < 0 ? d->created_ms : d->scheduled_ms);
}

void draft_put_off(struct message_draft *d, int64_t grace_ms)
{
    set_due(d, d->created_ms + grace_ms);
}

void accepted_write_start(struct json_writer *w, const struct message_draft *d)
{
    jw_text(w, "id", d->id);
    jw_text(w, "status", message_state_name(d->scheduled_ms >= 0 ? MS_SCHEDULED : MS_PENDING));
}

void accepted_write(struct json_writer *w, const struct message_draft *d)
{
    jw_open(w, NULL, '{');
    accepted_write_start(w, d);
    jw_num(w, "recipient_count", (int64_t)d->n_recipients);
    jw_time(w, "created_at", d->created_ms);
    jw_time(w, "scheduled_at", d->scheduled_ms);
    jw_close(w, '}');
}

bool idempotency_key_is_valid(const char *key)
{
    size_t len = strlen(key);

    for (size_t i = 0; i < len; i++) {
        if (key[i] < 0x20 || key[i] > 0x7e)
            return false;
    }
    return len >= 1 && len <= KEY_MAX;
}

void keyed_request_init(struct keyed_request *r, const char *user_id, const char *key,
                        const char *body, size_t len, struct arena *mem)
{
    char *digest = arena_alloc(mem, SHA256_HEX_BYTES);

    *r = (struct keyed_request){ .user_id = user_id, .key = key, .body_sha256 = digest };
    sha256_hex(body, len, digest);
    uuid_v7(clock_wall_ms(), r->token);
}
