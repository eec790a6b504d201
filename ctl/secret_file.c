/* secret_file - a file that its owner writes and one group reads, whole or not at all. */
#include "ctl/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MODE 0640

static bool write_all(int fd, const char *text)
{
    size_t len = strlen(text), done = 0;

    while (done < len) {
        ssize_t n = write(fd, text + done, len - done);

        if (n < 0 && errno != EINTR)
            return false;
        done += n > 0 ? (size_t)n : 0;
    }
    return true;
}

/* Nobody else sees it before it has its group and mode. */
static bool fill(int fd, const char *text, gid_t group)
{
    return (group == (gid_t)-1 || fchown(fd, (uid_t)-1, group) == 0) && fchmod(fd, FILE_MODE) == 0 &&
           write_all(fd, text) && fsync(fd) == 0;
}

enum status secret_file_begin(struct secret_file *f, const char *path, const char *text, gid_t group,
                              struct arena *mem, struct error *err)
{
    const char *beside = arena_printf(mem, "%s.new", path);
    bool ok;
    int fd;

    unlink(beside); /* of a run that was cut off */
    fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return error_set(err, ST_DENIED, "cannot write %s: %s", path, strerror(errno));
    ok = fill(fd, text, group);
    if (!ok)
        error_set(err, ST_DENIED, "cannot write %s: %s", path, strerror(errno));
    close(fd);
    *f = (struct secret_file){ path, beside };
    if (!ok)
        secret_file_drop(f);
    return ok ? ST_OK : ST_DENIED;
}

enum status secret_file_commit(const struct secret_file *f, struct error *err)
{
    const char *slash = strrchr(f->path, '/');
    char folder[4096];
    int fd;

    snprintf(folder, sizeof folder, "%.*s", slash == NULL ? 1 : (int)(slash - f->path + 1), slash == NULL ? "." : f->path);
    if (rename(f->beside, f->path) != 0)
        return error_set(err, ST_DENIED, "cannot write %s: %s", f->path, strerror(errno));
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd); /* some file systems know none of a folder, and need none */
        close(fd);
    }
    return ST_OK;
}

void secret_file_drop(const struct secret_file *f)
{
    unlink(f->beside);
}
