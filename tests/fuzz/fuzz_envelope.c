/* Fuzz target of the event on the wire: what is read is within its bounds, and reads so again. */
#include "common/base/uuid.h"
#include "common/broker/envelope.h"
#include "tests/fuzz/fuzz.h"

static void check_again(const struct envelope *e)
{
    struct buf text = BUF_INIT(ENVELOPE_BYTES_MAX);
    struct arena mem = ARENA_INIT;
    struct envelope again;
    struct error err;

    envelope_encode(&text, e);
    FUZZ_EXPECT(!buf_overflowed(&text));
    FUZZ_EXPECT(envelope_decode(&mem, buf_str(&text), text.len, &again, &err) == ST_OK);
    FUZZ_EXPECT(strcmp(again.message_id, e->message_id) == 0 && again.count == e->count);
    for (size_t i = 0; i < e->count; i++)
        FUZZ_EXPECT(again.recipients[i].n == e->recipients[i].n &&
                    again.recipients[i].fence == e->recipients[i].fence);
    buf_free(&text);
    arena_done(&mem);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena mem = ARENA_INIT;
    struct envelope e;
    struct error err;
    enum status s = envelope_decode(&mem, (const char *)data, size, &e, &err);

    /* It is the sender's fault or nobody's: a bad event must end in the dead letters. */
    FUZZ_EXPECT(s == ST_OK || (s == ST_INVALID && err.kind == ST_INVALID && err.text[0] != '\0'));
    if (s == ST_OK) {
        FUZZ_EXPECT(uuid_is_valid(e.message_id));
        FUZZ_EXPECT(e.count >= 1 && e.count <= ENVELOPE_RECIPIENTS_MAX);
        for (size_t i = 0; i < e.count; i++)
            FUZZ_EXPECT(e.recipients[i].n >= 0 && e.recipients[i].fence >= 0);
        check_again(&e);
    }
    arena_done(&mem);
    return 0;
}
