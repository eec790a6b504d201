/* maildir - written under tmp/, then moved to new/. */
#include "tests/simulator/maildir.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "tests/simulator/text.h"

#define PATH_BYTES 4096

static bool make(const char *path)
{
    return mkdir(path, 0700) == 0 || errno == EEXIST;
}

bool maildir_make(const char *folder)
{
    static const char *const parts[] = { "tmp", "new", "cur" };
    char path[PATH_BYTES];

    if (!make(folder))
        return false;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (snprintf(path, sizeof path, "%s/%s", folder, parts[i]) >= (int)sizeof path ||
            !make(path))
            return false;
    return true;
}

static bool write_mail(FILE *f, const char *from, const char *to, const char *mail, size_t len)
{
    bool good = fprintf(f, "Return-Path: <%s>\nDelivered-To: %s\n", from, to) > 0;

    for (const char *end; good && len > 0; len -= (size_t)(end + 2 - mail), mail = end + 2) {
        end = text_crlf(mail, mail + len);
        good = end != NULL && fwrite(mail, 1, (size_t)(end - mail), f) == (size_t)(end - mail) &&
               putc('\n', f) != EOF;
    }
    return good;
}

bool maildir_add(const char *folder, const char *from, const char *to, const char *mail, size_t len)
{
    static atomic_uint_fast64_t count;
    char draft[PATH_BYTES], final[PATH_BYTES], name[64];
    bool good;
    FILE *f;

    snprintf(name, sizeof name, "%lld.%d_%llu.simulator", (long long)clock_wall_ms() / 1000,
             (int)getpid(), (unsigned long long)atomic_fetch_add(&count, 1));
    if (snprintf(draft, sizeof draft, "%s/tmp/%s", folder, name) >= (int)sizeof draft ||
        snprintf(final, sizeof final, "%s/new/%s", folder, name) >= (int)sizeof final)
        return false;
    f = fopen(draft, "we");
    if (f == NULL)
        return false;
    good = write_mail(f, from, to, mail, len);
    good = fclose(f) == 0 && good && rename(draft, final) == 0;
    if (!good)
        unlink(draft);
    return good;
}
