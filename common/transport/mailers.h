#ifndef COMMON_TRANSPORT_MAILERS_H
#define COMMON_TRANSPORT_MAILERS_H
#include <stdbool.h>
#include <stdint.h>

#include "common/transport/sockets.h"
#include "common/transport/wagon.h"
/*
 * mailers - threads that hand mails to one mail server, a connection each.
 *
 * libcurl waits for the answer to a mail's final dot, and for that to QUIT, inside the call that
 * moves all transfers of a multi handle on (smtp_done() and smtp_disconnect() of lib/smtp.c): one
 * server that thinks would hold every provider.  Here it holds a thread.
 *
 * Threads start as they are needed and stay.  They ring when a mail has ended; one thread calls.
 */
struct mailers;

struct mailers *mailers_new(struct sockets *wake);
void mailers_free(struct mailers *m); /* what is under way is cut off, within a second */

/* Of so many mails at once, how many they can carry: fewer where no further thread can be had. */
int mailers_most(const struct mailers *m, int most);
int mailers_busy(const struct mailers *m); /* mails taken, and not yet fetched */

/* Not beyond mailers_most().  False: there is no thread at all, nor can one be had. */
bool mailers_take(struct mailers *m, struct wagon *w);
struct wagon *mailers_next(struct mailers *m); /* one that has ended; NULL: none */
#endif
