#ifndef CTL_HELP_H
#define CTL_HELP_H
#include "common/base/buf.h"
#include "ctl/call.h"
/*
 * help - the texts of --help and the usage lines, made from the table of commands.  Pure.
 */
/* What the words of the line ask about: everything, a group, or one command. */
void help_write(struct buf *out, const struct call *call);
/* "usage: notifyctl user add EMAIL [--role user|admin] [--tier TIER]" for each that fits. */
void help_usage(struct buf *out, const struct call *call);
#endif
