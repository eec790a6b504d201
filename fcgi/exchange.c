/* exchange - a request and its answer; the only file that knows libfcgi. */
#include "fcgi/exchange.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <fcgiapp.h>

struct exchange {
    FCGX_Request fcgi;
    int fd; /* where the answer goes */
};

bool exchange_library_init(void)
{
    return FCGX_Init() == 0;
}

struct exchange *exchange_new(void)
{
    struct exchange *x = calloc(1, sizeof *x);

    if (x == NULL)
        abort();
    return x;
}

void exchange_free(struct exchange *x)
{
    free(x);
}

/*
 * The request is set up as libfcgi itself leaves one between two requests of a kept connection:
 * connected (ipcFd), to be kept, and with no socket to listen on, so that a refused request makes
 * FCGX_Accept_r return instead of waiting for another.  `detached` spares the wait for the peer's
 * close.  libfcgi closes the descriptor of a request that it refuses: it is given a copy where that
 * is the connection itself.
 */
bool exchange_begin(struct exchange *x, int fd, int source)
{
    int reader = source == fd ? dup(fd) : source;

    if (reader < 0)
        return false;
    FCGX_InitRequest(&x->fcgi, -1, 0);
    x->fcgi.ipcFd = reader;
    x->fcgi.keepConnection = 1;
    x->fcgi.detached = 1;
    x->fd = fd;
    if (FCGX_Accept_r(&x->fcgi) != 0)
        return false;
    if (source == fd) {
        close(reader);
        x->fcgi.ipcFd = fd;
    }
    return true;
}

char *const *exchange_params(const struct exchange *x)
{
    return x->fcgi.envp;
}

size_t exchange_read(struct exchange *x, char *out, size_t max, bool *ended)
{
    size_t got = 0;

    *ended = false;
    while (got < max && !*ended) {
        int want = max - got > INT_MAX ? INT_MAX : (int)(max - got);
        int n = FCGX_GetStr(out + got, want, x->fcgi.in);

        got += n > 0 ? (size_t)n : 0;
        *ended = n < want;
    }
    if (!*ended) {
        int more = FCGX_GetChar(x->fcgi.in);

        *ended = more == EOF;
        if (more != EOF)
            FCGX_UnGetChar(more, x->fcgi.in);
    }
    return got;
}

/* FCGX_PutStr counts in int; an answer is bounded far below that (RESPONSE_BODY_MAX). */
bool exchange_answer(struct exchange *x, const char *head, size_t head_len, const char *body,
                     size_t body_len)
{
    bool failed;

    x->fcgi.ipcFd = x->fd; /* the request may have been read from a file */
    FCGX_PutStr(head, (int)head_len, x->fcgi.out);
    FCGX_PutStr(body, (int)body_len, x->fcgi.out);
    failed = FCGX_FClose(x->fcgi.err) != 0;
    failed |= FCGX_FClose(x->fcgi.out) != 0; /* the last stream to close ends the request */
    FCGX_Free(&x->fcgi, 0);
    return !failed;
}

bool exchange_keeps(const struct exchange *x)
{
    return x->fcgi.keepConnection != 0;
}
