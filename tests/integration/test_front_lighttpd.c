/* Behind lighttpd. */
#include <stddef.h>

#include "common/base/clock.h"
#include "tests/integration/front.h"

/* A socket that refused is left alone for a second ("disable-time"); the other serves until then. */
static void end_one(void)
{
    end_our_responder();
    clock_sleep_ms(2500);
}

int main(void)
{
    return front_run(&(struct front){ "lighttpd", "lighttpd", NULL, reload_by_usr1, end_one, false });
}
