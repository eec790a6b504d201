#ifndef COMMON_BROKER_ENVELOPE_H
#define COMMON_BROKER_ENVELOPE_H
#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/error.h"
/*
 * envelope - the event on the wire: which recipients of a message, in which generation; ids only.
 *
 *     {"message_id":"019…","recipients":[[0,0],[1,0]]}
 *
 * Each pair is a recipient's n and fence.
 */
#define ENVELOPE_RECIPIENTS_MAX 500
#define ENVELOPE_BYTES_MAX 16384

struct envelope_recipient {
    int n, fence;
};
struct envelope {
    const char *message_id;
    struct envelope_recipient *recipients;
    size_t count;
};
void envelope_encode(struct buf *out, const struct envelope *e);
/* Unknown members are ignored, so that a newer program may add some.  ST_INVALID. */
enum status envelope_decode(struct arena *mem, const char *text, size_t len, struct envelope *out,
                            struct error *err);
#endif
