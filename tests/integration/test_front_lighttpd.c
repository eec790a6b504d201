/* Behind lighttpd. */
#include <stddef.h>

#include "tests/integration/front.h"

int main(void)
{
    return front_run(&(struct front){ "lighttpd", "lighttpd", NULL, reload_by_usr1, end_our_responder,
                                      .one_socket = true });
}
