/* Behind nginx. */
#include <stddef.h>

#include "tests/integration/front.h"

int main(void)
{
    return front_run(&(struct front){ "nginx", "nginx", NULL, reload_by_hup, end_our_responder, false });
}
