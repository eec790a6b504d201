#ifndef WORKERD_ADAPTERS_MAIL_H
#define WORKERD_ADAPTERS_MAIL_H
#include <stdbool.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "workerd/adapters/adapter.h"
/*
 * mail - what a delivery by email says, whichever provider carries it: so that a mail is the same
 * after a fail-over.  Pure.
 */
struct mail {
    const char *from_name, *from_addr; /* the name in UTF-8, or "" */
    const char *subject;               /* never empty */
    const char *unsubscribe;           /* List-Unsubscribe; NULL: none */
    bool one_click;                    /* List-Unsubscribe-Post goes with it */
};

/*
 * The subject of a message that has one, else the first line of its content that holds more than
 * blanks, at most 100 bytes of it; "(no subject)" where no line does.
 */
const char *mail_subject(const struct delivery *d, struct arena *mem);

/*
 * list_unsubscribe: as configured; "": none.  ST_INVALID: "no_sender: ...", "bad_sender: ..." or
 * "bad_header: ...", so that nothing of it can begin a header of its own.
 */
enum status mail_describe(struct mail *out, const struct delivery *d, const char *list_unsubscribe,
                          struct arena *mem, struct error *err);

/* Checks the key list_unsubscribe of a provider. */
enum status mail_check_config(const struct provider_config *cfg, struct error *err);
#endif
