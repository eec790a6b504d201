/* message - what an application asks us to deliver, its limits and its states. */
#include "common/model/message.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/utf8.h"

#define TOKEN_MAX 64 /* bytes of a name before it is escaped */

static const char *const state_names[MS_COUNT] = {
    [MS_SCHEDULED] = "scheduled",
    [MS_PENDING] = "pending",
    [MS_QUEUED] = "queued",
    [MS_SENDING] = "sending",
    [MS_COMPLETED] = "completed",
    [MS_FAILED] = "failed",
    [MS_CANCELLED] = "cancelled",
    [MS_EXPIRED] = "expired",
};

const char *message_state_name(enum message_state s)
{
    return state_names[s];
}

bool message_state_parse(const char *text, enum message_state *out)
{
    for (enum message_state s = 0; s < MS_COUNT; s++) {
        if (strcmp(state_names[s], text) == 0) {
            *out = s;
            return true;
        }
    }
    return false;
}

enum message_state message_state_shown(enum message_state stored, const int counts[DS_COUNT])
{
    int left = 0;

    if (stored != MS_SCHEDULED && stored != MS_PENDING)
        return stored;
    for (enum delivery_state s = DS_NONE + 1; s < DS_COUNT; s++)
        if (delivery_has_left(s))
            left += counts[s];
    /*
     * Where all have left, the final state is about to be stored: until then nothing goes back.  Of a
     * scheduled one nothing has left but what was cancelled alone.
     */
    if (counts[DS_SENDING] > 0 || (left > 0 && stored == MS_PENDING))
        return MS_SENDING;
    return counts[DS_QUEUED] > 0 ? MS_QUEUED : stored;
}

void faults_init(struct faults *f, struct arena *mem)
{
    *f = (struct faults){ .mem = mem, .most = FAULTS_MAX };
    f->last = &f->first;
}

void faults_add(struct faults *f, const char *detail, const char *pointer, ...)
{
    char place[512]; /* an unknown member's name may be as long as the body: it is cut */
    struct fault *fault;
    va_list args;

    if (++f->count > f->most)
        return;
    va_start(args, pointer);
    vsnprintf(place, sizeof place, pointer, args);
    va_end(args);
    fault = ARENA_NEW(f->mem, struct fault);
    fault->pointer = arena_strdup(f->mem, place);
    fault->detail = detail;
    *f->last = fault;
    f->last = &fault->next;
}

const char *faults_token(struct faults *f, const char *name)
{
    size_t len = utf8_cut(name, strlen(name), TOKEN_MAX);
    char *token = arena_alloc(f->mem, 2 * len + 1), *to = token;

    for (const char *from = name; from < name + len; from++) {
        bool special = *from == '~' || *from == '/';

        if (special)
            *to++ = '~';
        *to++ = !special ? *from : *from == '~' ? '0' : '1';
    }
    *to = '\0';
    return token;
}
