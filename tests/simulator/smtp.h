#ifndef SIMULATOR_SMTP_H
#define SIMULATOR_SMTP_H
#include "tests/simulator/provider.h"
/*
 * smtp - a submission server's own behaviours: what it refuses, and at which command.
 *
 * Recipients NAME+NNNN@DOMAIN choose a behaviour by NNNN.  A login whose user name has "+NNNN"
 * behind it chooses what becomes of the login.
 */
#define SMTP_SIZE_MAX ((size_t)10 * 1024 * 1024) /* of a mail */

extern const struct provider smtp_provider; /* no HTTP: only its name and repertoire are used */

enum smtp_fault {
    SMTP_BUSY = FAULT_COUNT,
    SMTP_STORAGE_FULL,
    SMTP_MAILBOX_FULL,
    SMTP_NO_DATA,
    SMTP_REFUSED,
    SMTP_FAULTS
};

/* Where in a transaction the answer of a fault stands. */
enum smtp_stage { SMTP_AT_RCPT, SMTP_AT_DATA, SMTP_AT_END };
struct smtp_refusal {
    enum smtp_stage stage;
    const char *reply;
    bool closes;
};
const struct smtp_refusal *smtp_refusal(int fault); /* not FAULT_NONE */
#endif
