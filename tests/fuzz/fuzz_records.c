/* Fuzz target of the walk over FastCGI records: however a stream is cut, the verdict is the same.
 */
#include "fcgi/records.h"
#include "tests/fuzz/fuzz.h"

#define BODY_MAX 300

/* The first bytes of the input say where to cut; the rest is the stream. */
#define CUTS 8

static enum records_state feed_in_cuts(const uint8_t *cuts, const uint8_t *stream, size_t size)
{
    struct records r;
    enum records_state state = RECORDS_PARTIAL;

    records_init(&r, BODY_MAX);
    for (size_t at = 0, i = 0; at < size; i++) {
        size_t some = cuts[i % CUTS] % 32;
        enum records_state before = state;

        some = some > size - at ? size - at : some;
        some = i % CUTS == CUTS - 1 && some == 0 ? 1 : some; /* go on in the end */
        state = records_feed(&r, stream + at, some);
        FUZZ_EXPECT(before == RECORDS_PARTIAL || state == before);
        at += some;
    }
    return state;
}

/* The length of the shortest beginning that is not partial; size + 1: there is none. */
static size_t length_of(const uint8_t *stream, size_t size)
{
    struct records r;

    records_init(&r, BODY_MAX);
    for (size_t i = 0; i < size; i++) {
        if (records_feed(&r, stream + i, 1) != RECORDS_PARTIAL)
            return i + 1;
    }
    return size + 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *stream = data + CUTS;
    struct records r;
    enum records_state state;
    size_t len;

    if (size <= CUTS)
        return 0;
    size -= CUTS;
    records_init(&r, BODY_MAX);
    state = records_feed(&r, stream, size);
    FUZZ_EXPECT(feed_in_cuts(data, stream, size) == state);
    FUZZ_EXPECT(state != RECORDS_WHOLE ||
                (r.params <= RECORDS_PARAMS_MAX && r.body <= BODY_MAX && r.request_id != 0));
    len = length_of(stream, size);
    FUZZ_EXPECT((len <= size) == (state != RECORDS_PARTIAL));
    records_init(&r, BODY_MAX);
    FUZZ_EXPECT(records_feed(&r, stream, len - 1) == RECORDS_PARTIAL);
    return 0;
}
