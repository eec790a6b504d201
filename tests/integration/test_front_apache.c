/* Behind Apache with mod_proxy_fcgi. */
#include <stddef.h>

#include "tests/integration/front.h"

int main(void)
{
    return front_run(&(struct front){ "apache", "apache2", NULL, reload_by_usr1, end_our_responder, false });
}
