/* list_file - a file that a line of notifyctl names, or the standard input. */
#include "ctl/list_file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "ctl/interrupt.h"

#define CHUNK_BYTES (1 << 16)

enum status list_file_fault(const struct list_file *f, struct error *err)
{
    return error_set(err, ST_UNAVAILABLE, "%s: %s", f->name, strerror(errno));
}

static bool is_regular(FILE *file)
{
    struct stat st;

    return fstat(fileno(file), &st) == 0 && S_ISREG(st.st_mode) && ftello(file) == 0;
}

static bool copy_all(const struct list_file *f, FILE *copy)
{
    char chunk[CHUNK_BYTES];
    size_t n;

    while (!interrupt_came() && (n = fread(chunk, 1, sizeof chunk, f->file)) > 0) {
        if (fwrite(chunk, 1, n, copy) != n)
            return false;
    }
    return interrupt_came() || (!ferror(f->file) && fflush(copy) == 0);
}

static enum status spool(struct list_file *f, struct error *err)
{
    FILE *copy = tmpfile();

    if (copy == NULL || !copy_all(f, copy)) {
        list_file_fault(f, err);
        if (copy != NULL)
            fclose(copy);
        return ST_UNAVAILABLE;
    }
    rewind(copy);
    list_file_close(f);
    f->file = copy;
    return ST_OK;
}

static enum status cannot_open(struct list_file *f, struct ctl *ctl, const char *why, struct error *err)
{
    list_file_close(f);
    ctl_fault(ctl, "%s: %s", f->name, why);
    return ctl_faults_end(ctl, err);
}

enum status list_file_open(struct list_file *f, struct ctl *ctl, const char *path, bool again,
                           struct error *err)
{
    bool is_stdin = strcmp(path, "-") == 0;
    struct stat st;
    enum status s = ST_OK;

    *f = (struct list_file){ .file = is_stdin ? stdin : fopen(path, "re"),
                             .name = is_stdin ? "standard input" : path };
    if (f->file == NULL || fstat(fileno(f->file), &st) != 0)
        return cannot_open(f, ctl, strerror(errno), err);
    if (S_ISDIR(st.st_mode))
        return cannot_open(f, ctl, "is a folder", err);
    if (again && !is_regular(f->file))
        s = spool(f, err);
    if (s != ST_OK)
        list_file_close(f);
    return s;
}

size_t list_file_count(struct list_file *f)
{
    char chunk[CHUNK_BYTES];
    size_t n, lines = 0;

    if (!is_regular(f->file))
        return 0;
    while (!interrupt_came() && (n = fread(chunk, 1, sizeof chunk, f->file)) > 0) {
        for (const char *p = chunk; (p = memchr(p, '\n', n - (size_t)(p - chunk))) != NULL; p++)
            lines++;
    }
    rewind(f->file);
    return lines;
}

void list_file_close(struct list_file *f)
{
    if (f->file != NULL && f->file != stdin)
        fclose(f->file);
    f->file = NULL;
}
