#ifndef CTL_LIST_FILE_H
#define CTL_LIST_FILE_H
#include <stdio.h>

#include "ctl/ctl.h"
/*
 * list_file - a file that a line of notifyctl names, or the standard input.  Reading ends early where
 * an interrupt came.
 */
struct list_file {
    FILE *file;
    const char *name; /* for people */
};

/*
 * "-" is the standard input.  again: it will be read a second time, so what can be read only once is
 * copied into a file without a name first.  A file that cannot be opened is a ctl_fault().
 */
enum status list_file_open(struct list_file *f, struct ctl *ctl, const char *path, bool again,
                           struct error *err);
/* Its lines, for a bar; 0 where they cannot be counted beforehand.  It is read from its beginning then. */
size_t list_file_count(struct list_file *f);
enum status list_file_fault(const struct list_file *f, struct error *err); /* in the words of errno */
void list_file_close(struct list_file *f);
#endif
