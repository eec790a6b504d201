/* replay - runs a fuzz target over every file and folder given: its main without libFuzzer. */
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>

#include "tests/fuzz/fuzz.h"

static size_t replayed;

static int replay_file(const char *path, const struct stat *st, int type, struct FTW *at)
{
    size_t size = (size_t)st->st_size;
    uint8_t *data;
    FILE *f;

    if (type != FTW_F)
        return type == FTW_D ? 0 : -1;
    data = malloc(size + 1);
    f = fopen(path, "rb");
    if (data == NULL || f == NULL || fread(data, 1, size, f) != size) {
        perror(path);
        exit(1);
    }
    fclose(f);
    /* Its own allocation of its own size: a byte read too many is seen by a sanitizer. */
    data = realloc(data, size > 0 ? size : 1);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    replayed++;
    return 0;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (nftw(argv[i], replay_file, 16, FTW_PHYS) != 0) {
            fprintf(stderr, "%s: cannot be read\n", argv[i]);
            return 1;
        }
    }
    printf("%zu files replayed\n", replayed);
    return 0;
}
