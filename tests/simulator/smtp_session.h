#ifndef SIMULATOR_SMTP_SESSION_H
#define SIMULATOR_SMTP_SESSION_H
#include <stdbool.h>
#include <stddef.h>

#include "common/base/buf.h"
#include "tests/simulator/exchange.h"
#include "tests/simulator/settings.h"
/*
 * smtp_session - the dialogue of one connection (RFC 5321, 6409, 4954, 3207), without its socket:
 * bytes in, bytes and wishes out.  One thread.
 */
struct smtp_session;

/* What is done with a mail that is taken, and with the line that tells of a command. */
struct smtp_hooks {
    bool (*log)(void *arg, const struct exchange *x); /* before the answer; false: it failed */
    bool (*store)(void *arg, const char *from, const char *to, const char *mail, size_t len);
    void *arg;
};

enum smtp_wish {
    SMTP_GO_ON,
    SMTP_CLOSE,     /* when the output is written */
    SMTP_RESET,     /* a TCP reset in the place of the output */
    SMTP_HANG,      /* silence, until the client goes */
    SMTP_START_TLS, /* when the output is written; then smtp_session_secured() */
    SMTP_DRIP       /* the output leaves a byte each 100 ms */
};
struct smtp_act {
    enum smtp_wish wish;
    int delay_ms; /* before the output */
};

struct smtp_session *smtp_session_new(const struct settings *s, const struct smtp_hooks *hooks,
                                      bool secure);
void smtp_session_free(struct smtp_session *s);
void smtp_session_feed(struct smtp_session *s, const void *bytes, size_t n);
/* One command, or the end of a mail.  False: it needs more bytes. */
bool smtp_session_step(struct smtp_session *s, struct smtp_act *act);
struct buf *smtp_session_output(struct smtp_session *s); /* to write, and then to clear */
void smtp_session_secured(struct smtp_session *s);       /* TLS has begun: all is forgotten */
#endif
