/* record_callbacks - providers' words become states. */
#include "common/service/record_callbacks.h"

#include "common/base/log.h"
#include "common/base/uuid.h"
#include "common/db/recipients.h"
#include "common/model/recipient.h"

static bool read_report(const struct callback *c, struct arena *mem, struct report *out)
{
    char *message_id = arena_alloc(mem, UUID_TEXT_BYTES);

    *out = (struct report){ .message_id = message_id,
                            .provider = c->provider,
                            .provider_id = c->provider_id,
                            .code = c->code,
                            .message = c->message };
    return c->recipient_id != NULL && recipient_id_parse(c->recipient_id, message_id, &out->n);
}

static enum status apply(struct db *db, const struct report reports[], size_t n,
                         enum delivery_event event)
{
    struct error err;
    size_t moved;
    enum status s = recipients_report(db, reports, n, event, &moved, &err);

    if (s != ST_OK)
        log_warn("callbacks.not_recorded", ERR(&err), NUM("callbacks", n));
    return s;
}

/* Those of one kind: together, and one by one where that fails for another reason than an outage. */
static void apply_kind(struct db *db, struct callback *of[], const struct report reports[], size_t n,
                       enum delivery_event event)
{
    enum status s = apply(db, reports, n, event);

    for (size_t i = 0; i < n; i++) {
        if (n > 1 && s != ST_OK && s != ST_UNAVAILABLE && s != ST_UNCERTAIN)
            of[i]->result = apply(db, &reports[i], 1, event);
        else
            of[i]->result = s;
    }
}

void record_callbacks(struct db *db, struct callback callbacks[], size_t n, struct arena *mem)
{
    struct report *reports = ARENA_ARRAY(mem, struct report, n + 1);
    struct callback **of = ARENA_ARRAY(mem, struct callback *, n + 1);

    for (int event = EV_REPORTED_SENT; event <= EV_REPORTED_FAILED; event++) {
        size_t k = 0;

        for (size_t i = 0; i < n; i++) {
            if (callbacks[i].event != (enum delivery_event)event)
                continue;
            callbacks[i].result = ST_INVALID;
            if (read_report(&callbacks[i], mem, &reports[k]))
                of[k++] = &callbacks[i];
        }
        if (k > 0)
            apply_kind(db, of, reports, k, (enum delivery_event)event);
    }
}
