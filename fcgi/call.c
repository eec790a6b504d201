/* call - the life of a call's memory. */
#include "fcgi/call.h"

#include "common/base/clock.h"

void call_init(struct call *c)
{
    *c = (struct call){ .mem = ARENA_INIT };
    call_reset(c);
}

void call_reset(struct call *c)
{
    struct arena mem = c->mem;
    struct response res = c->res;

    *c = (struct call){ .mem = mem, .res = res, .started_us = clock_mono_us() };
    arena_reset(&c->mem);
    response_init(&c->res);
}

void call_done(struct call *c)
{
    arena_done(&c->mem);
    response_free(&c->res);
}
