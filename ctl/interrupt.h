#ifndef CTL_INTERRUPT_H
#define CTL_INTERRUPT_H
#include <stdbool.h>
#include <stdint.h>
/*
 * interrupt - SIGINT and SIGTERM as a request to stop after the present batch.  They end a wait for
 * input, too.
 */
enum interrupt_second {
    SECOND_ENDS,  /* another one ends the program at once, as without us */
    SECOND_IS_ONE /* it asks again for the same */
};
void interrupt_watch(enum interrupt_second second);
bool interrupt_came(void);
/* Sleeps, but not on after one came. */
void interrupt_sleep_ms(int64_t ms);
#endif
