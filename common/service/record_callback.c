/* record_callback - a provider's word becomes a state. */
#include "common/service/record_callback.h"

#include "common/base/uuid.h"
#include "common/db/recipients.h"
#include "common/model/recipient.h"

enum status record_callback(struct db *db, const struct callback *c, size_t *moved,
                            struct error *err)
{
    char message_id[UUID_TEXT_BYTES];
    struct report report = { .message_id = message_id,
                             .provider = c->provider,
                             .provider_id = c->provider_id,
                             .code = c->code,
                             .message = c->message };

    *moved = 0;
    if (c->recipient_id == NULL || !recipient_id_parse(c->recipient_id, message_id, &report.n))
        return error_set(err, ST_INVALID, "callback: not an id of ours");
    return recipients_report(db, &report, 1, c->event, moved, err);
}
