#ifndef CTL_SECRET_FILE_H
#define CTL_SECRET_FILE_H
#include <sys/types.h>

#include "common/base/arena.h"
#include "common/base/error.h"
/*
 * secret_file - a file that its owner writes and one group reads, whole or not at all.
 *
 * It is written beside its place first, so that whatever would refuse it is known before the secret is
 * used, and moved there once the secret counts.
 */
struct secret_file {
    const char *path, *beside;
};

/* group: (gid_t)-1 for that of the process.  The words name the path and never the text. */
enum status secret_file_begin(struct secret_file *f, const char *path, const char *text, gid_t group,
                              struct arena *mem, struct error *err);
/* Moves it to its place; after ST_OK it is there after a crash of the machine, too. */
enum status secret_file_commit(const struct secret_file *f, struct error *err);
void secret_file_drop(const struct secret_file *f);
#endif
