/* interrupt - SIGINT and SIGTERM as a request to stop after the present batch. */
#include "ctl/interrupt.h"

#include <signal.h>
#include <stddef.h>

#include "common/base/clock.h"

#define NAP_MS 50

static volatile sig_atomic_t came;

static void note(int signal)
{
    came = 1;
}

void interrupt_watch(enum interrupt_second second)
{
    struct sigaction act = { .sa_handler = note, .sa_flags = second == SECOND_ENDS ? (int)SA_RESETHAND : 0 };

    sigemptyset(&act.sa_mask);
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
}

bool interrupt_came(void)
{
    return came != 0;
}

void interrupt_sleep_ms(int64_t ms)
{
    int64_t until_ms = clock_mono_ms() + ms, left_ms;

    while (!interrupt_came() && (left_ms = until_ms - clock_mono_ms()) > 0)
        clock_sleep_ms(left_ms < NAP_MS ? left_ms : NAP_MS);
}
