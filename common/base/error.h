#ifndef COMMON_BASE_ERROR_H
#define COMMON_BASE_ERROR_H
/*
 * error - what went wrong: a kind that callers act on, and words that people read.
 *
 * A function that can fail takes `struct error *err` last and returns the kind; on ST_OK it leaves
 * *err alone.  Every function here accepts a NULL err and then only returns the kind.
 */
enum status {
    ST_OK = 0,
    ST_INVALID,     /* the input is wrong; the same call fails again */
    ST_DENIED,      /* not allowed */
    ST_NOT_FOUND,   /* no such thing, or not visible to the caller */
    ST_CONFLICT,    /* the state is not (or no longer) what the call needs */
    ST_LIMITED,     /* too much or too often */
    ST_BUG,         /* our own mistake; someone must look */
    ST_UNAVAILABLE, /* a dependency is down: nothing happened */
    ST_UNCERTAIN    /* cut off in the middle of a write: it may have happened */
};

#define ERROR_TEXT_BYTES 512

struct error {
    enum status kind;
    char text[ERROR_TEXT_BYTES]; /* one line, cut if longer; never a secret or an address */
};

/* Fills *err and returns kind, so that a failure is one `return`. */
enum status error_set(struct error *err, enum status kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "words: " before the present text and returns the present kind (ST_BUG for a NULL err). */
enum status error_prefix(struct error *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

const char *status_name(enum status kind); /* "not_found"; static */
#endif
