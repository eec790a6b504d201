/* Behind Apache with mod_fcgid, which starts the responders itself. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/integration/front.h"
#include "tests/integration/stack.h"

/* Of those that have our configuration in their command line, the oldest; 0: there is none. */
static pid_t oldest_responder(void)
{
    FILE *said = popen(text("pgrep -o -f \"bin[/]responder -c $(readlink '%s')/fcgid/notify.conf\"",
                            stack_file("run/sockets")),
                       "r");
    int pid = 0;

    ck_assert_ptr_nonnull(said);
    if (fscanf(said, "%d", &pid) != 1)
        pid = 0;
    pclose(said);
    return pid;
}

static void end_one(void)
{
    pid_t pid = oldest_responder();

    ck_assert_int_gt(pid, 0);
    ck_assert_int_eq(kill(pid, SIGTERM), 0);
    WAIT_UNTIL(oldest_responder() != pid, 20000);
}

/* Its graceful restart ends the responders while they work, so that none is asked for. */
int main(void)
{
    return front_run(&(struct front){ "apache-fcgid", "apache2", "/usr/lib/apache2/modules/mod_fcgid.so",
                                      NULL, end_one, false });
}
