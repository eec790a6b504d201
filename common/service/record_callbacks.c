/* record_callbacks - providers' words become states. */
#include "common/service/record_callbacks.h"

#include <string.h>

#include "common/base/log.h"
#include "common/db/callbacks.h"

#define TOGETHER_MOST 2000 /* reports in a statement of several calls */

static enum status record(struct db *db, const struct callback_report reports[], size_t n,
                          struct arena *mem)
{
    struct callbacks_tally tally = { 0 };
    struct error err;
    enum status s = callbacks_record(db, reports, n, mem, &tally, &err);

    if (s != ST_OK)
        log_warn("callbacks.not_recorded", ERR(&err), NUM("callbacks", n));
    else if (tally.parked > 0)
        log_info("callbacks.parked", NUM("callbacks", tally.parked));
    return s;
}

static void record_alone(struct db *db, struct callback_call calls[], size_t n, struct arena *mem)
{
    for (size_t i = 0; i < n; i++)
        calls[i].result = record(db, calls[i].reports, calls[i].n, mem);
}

/* n > 1: their reports fit into one statement. */
static void record_together(struct db *db, struct callback_call calls[], size_t n, size_t n_reports,
                            struct arena *mem)
{
    struct callback_report *all = ARENA_ARRAY(mem, struct callback_report, n_reports + 1);
    size_t k = 0;
    enum status s;

    for (size_t i = 0; i < n; i++) {
        if (calls[i].n > 0)
            memcpy(&all[k], calls[i].reports, calls[i].n * sizeof *all);
        k += calls[i].n;
    }
    s = record(db, all, k, mem);
    if (s != ST_OK && s != ST_UNAVAILABLE && s != ST_UNCERTAIN) {
        record_alone(db, calls, n, mem);
        return;
    }
    for (size_t i = 0; i < n; i++)
        calls[i].result = s;
}

void record_callbacks(struct db *db, struct callback_call calls[], size_t n, struct arena *mem)
{
    for (size_t from = 0, to; from < n; from = to) {
        size_t n_reports = calls[from].n;

        for (to = from + 1; to < n && n_reports + calls[to].n <= TOGETHER_MOST; to++)
            n_reports += calls[to].n;
        if (to == from + 1)
            record_alone(db, &calls[from], 1, mem);
        else
            record_together(db, &calls[from], to - from, n_reports, mem);
    }
}
