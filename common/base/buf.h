#ifndef COMMON_BASE_BUF_H
#define COMMON_BASE_BUF_H
#include <stdbool.h>
#include <stddef.h>
/*
 * buf - a growing byte string with a ceiling.
 *
 * Appends do not fail one by one: passing the ceiling sets a flag that stays, so a writer runs
 * straight through and asks buf_overflowed() once, at the end.  Always NUL-terminated.  One thread.
 */
struct buf {
    char *data;
    size_t len, cap, limit; /* limit: most bytes of content, the NUL not counted */
    bool overflowed;
};
#define BUF_INIT(max) { .limit = (max) }
void buf_add(struct buf *b, const void *bytes, size_t n);
void buf_adds(struct buf *b, const char *text);
void buf_addc(struct buf *b, char c);
void buf_add_i64(struct buf *b, long long value); /* in decimal; no printf behind it */
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool buf_overflowed(const struct buf *b);
const char *buf_str(const struct buf *b); /* borrowed, good until the next append; never NULL */
void buf_clear(struct buf *b);            /* empty, flag down, memory kept */
void buf_free(struct buf *b);             /* leaves an empty buf, ready for use */
#endif
