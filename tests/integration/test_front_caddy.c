/* Behind Caddy. */
#include <stdlib.h>

#include "tests/integration/front.h"
#include "tests/integration/stack.h"

static void reload(void)
{
    const char *dir = stack_file("");

    ck_assert_int_eq(system(text("HOME=%s/front caddy reload --force --config %s/front/Caddyfile --adapter caddyfile "
                                 "--address unix/%s/run/sockets/caddy.sock >>%s/log/reload.log 2>&1",
                                 dir, dir, dir, dir)), 0);
}

int main(void)
{
    return front_run(&(struct front){ "caddy", "caddy", NULL, reload, end_our_responder, .refuses_chunks = true,
                                      .resets_at_reload = true });
}
