#ifndef FCGI_TURN_H
#define FCGI_TURN_H
#include <stdbool.h>
/*
 * turn - lets one thread of a process take up and carry requests at a time.
 *
 * What comes meanwhile makes the next round larger, and a round costs little more for each request
 * that shares it.  A round that takes long, a list or a bulk, keeps nobody: who has waited for a while
 * goes on beside it.  Any thread.
 */
struct turn;

struct turn *turn_new(void);
void turn_free(struct turn *t); /* nobody has it or waits for it; NULL: nothing */

/* Waits at most so long; false: another has it still. */
bool turn_take(struct turn *t, int wait_ms);
void turn_end(struct turn *t); /* by whoever has taken it */
#endif
