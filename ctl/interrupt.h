#ifndef CTL_INTERRUPT_H
#define CTL_INTERRUPT_H
#include <stdbool.h>
#include <stdint.h>
/*
 * interrupt - SIGINT and SIGTERM as a request to stop after the present batch.  A second one ends the
 * program at once, as without us.
 */
void interrupt_watch(void);
bool interrupt_came(void);
/* Sleeps, but not on after one came. */
void interrupt_sleep_ms(int64_t ms);
#endif
