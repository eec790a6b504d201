#ifndef FCGI_RECORDS_H
#define FCGI_RECORDS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
/*
 * records - whether the bytes of a connection hold a whole FastCGI request yet (specification 1.0,
 * sections 3.3 and 5).
 *
 * libfcgi reads a request by blocking reads.  This walk over the record headers tells beforehand
 * that it will not have to wait, and refuses what it must not be shown: management records (its
 * answer to them is written without a bound), other versions, parameters past a ceiling, several
 * requests at once.  It looks at headers only; libfcgi decodes.
 */
#define RECORDS_PARAMS_MAX (128u << 10)

enum records_state {
    RECORDS_PARTIAL, /* more must come */
    RECORDS_WHOLE,   /* to the empty record that ends standard input */
    RECORDS_OVERSIZE, /* parameters are whole, and the body is past the ceiling: no need for more */
    RECORDS_BAD
};

struct records {
    uint64_t body_max;
    enum records_state state, next; /* next: what the record that is being read leads to */
    uint8_t header[8];
    size_t header_len;  /* of the record that is being read */
    uint32_t skip;      /* content and padding still to come */
    uint32_t params;    /* bytes of parameters so far */
    uint64_t body;      /* bytes of body so far */
    uint16_t request_id;
    bool begun, params_done;
};
void records_init(struct records *r, uint64_t body_max);
/* Takes the next bytes, in pieces of any size; the state stays once it is not PARTIAL. */
enum records_state records_feed(struct records *r, const void *bytes, size_t n);
#endif
