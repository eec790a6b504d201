#ifndef SIMULATOR_ACCOUNT_H
#define SIMULATOR_ACCOUNT_H
#include "tests/simulator/exchange.h"
#include "tests/simulator/settings.h"
/*
 * account - the questions about the account itself, by which a client finds out whether its
 * credentials are good.  Nothing is sent by them, and no behaviour meets them.
 */
/* True: the request was such a question and is answered; x->ok: with the right credentials. */
bool account_serve(const struct settings *s, struct exchange *x);
#endif
