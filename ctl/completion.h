#ifndef CTL_COMPLETION_H
#define CTL_COMPLETION_H
#include <stdbool.h>

#include "common/base/buf.h"
/*
 * completion - the script by which a shell completes a line of notifyctl, made from the table of
 * commands, so that it knows what notifyctl knows.  Pure.
 */
bool completion_write(const char *shell, struct buf *out); /* false: it is neither bash nor zsh */
#endif
