/* letters - which dead letters a line means. */
#include "ctl/letters.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/uuid.h"
#include "common/model/recipient.h"
#include "ctl/ctl.h"
#include "ctl/when.h"

#define LIMIT_MOST 999999999
#define POSITION_MOST 999999

/* ---- ids ---- */

static const char *lowered(const char *text, struct arena *mem)
{
    char *copy = arena_strdup(mem, text);

    for (char *c = copy; *c != '\0'; c++) {
        if (*c >= 'A' && *c <= 'F')
            *c = (char)(*c - 'A' + 'a');
    }
    return copy;
}

enum letter_kind letter_of(const char *word, struct arena *mem, struct recipient_ref *ref,
                           const char **name, int *position)
{
    char message_id[UUID_TEXT_BYTES];
    size_t len = strlen(word);
    int n;

    if (recipient_id_parse(word, message_id, &n)) {
        *ref = (struct recipient_ref){ lowered(message_id, mem), n, 0 };
        return LETTER_RECIPIENT;
    }
    if (len == LETTERS_NAME_LENGTH && strspn(word, "0123456789abcdefABCDEF") == len) {
        *name = lowered(word, mem);
        return LETTER_EVENT;
    }
    return ctl_read_number(word, 1, POSITION_MOST, position) ? LETTER_POSITION : LETTER_NONE;
}

static int compare_refs(const void *a, const void *b)
{
    const struct recipient_ref *x = a, *y = b;
    int by_message = strcmp(x->message_id, y->message_id);

    return by_message != 0 ? by_message : (x->n > y->n) - (x->n < y->n);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorts, and takes out what stands twice. */
static size_t make_unique(void *list, size_t n, size_t size, int (*compare)(const void *, const void *))
{
    char *at = list;
    size_t k = 0;

    if (n == 0)
        return 0;
    qsort(list, n, size, compare);
    for (size_t i = 1; i < n; i++) {
        if (compare(at + k * size, at + i * size) != 0)
            memmove(at + ++k * size, at + i * size, size);
    }
    return k + 1;
}

static enum status read_ids(const struct call *call, struct arena *mem, struct letters *out,
                            struct error *err)
{
    int position;

    out->refs = ARENA_ARRAY(mem, struct recipient_ref, call->n_args + 1);
    out->names = ARENA_ARRAY(mem, const char *, call->n_args + 1);
    for (size_t i = 0; i < call->n_args; i++) {
        switch (letter_of(call->args[i], mem, &out->refs[out->n_refs], &out->names[out->n_names],
                          &position)) {
        case LETTER_RECIPIENT:
            out->n_refs++;
            break;
        case LETTER_EVENT:
            out->n_names++;
            break;
        case LETTER_POSITION:
            return error_set(err, ST_INVALID, "%s is a position, which another event may take over:"
                             " give the event's name, as `notifyctl dead list` shows it", call->args[i]);
        case LETTER_NONE:
            return error_set(err, ST_INVALID, "ID must be MESSAGE.n of a recipient or the twelve digits"
                             " that name an event");
        }
    }
    out->n_refs = make_unique(out->refs, out->n_refs, sizeof *out->refs, compare_refs);
    out->n_names = make_unique(out->names, out->n_names, sizeof *out->names, compare_names);
    return ST_OK;
}

/* ---- filters ---- */

static enum status read_text(const struct call *call, const char *option, const char **out,
                             struct error *err)
{
    *out = call_option(call, option);
    if (*out != NULL && (*out)[0] == '\0')
        return error_set(err, ST_INVALID, "%s is empty", option);
    return ST_OK;
}

static enum status read_kinds(const struct call *call, struct letters *out, struct error *err)
{
    bool only_queue = call_option(call, "--queue") != NULL;
    bool only_failed = call_option(call, "--failed") != NULL;

    if (only_queue && only_failed)
        return error_set(err, ST_INVALID, "give one of --queue and --failed");
    if (only_queue && (out->filter.provider != NULL || out->filter.code != NULL ||
                       out->user_email != NULL))
        return error_set(err, ST_INVALID, "events of the queue have no provider, code or user");
    /* Where these are given, no event can be meant, and the broker need not be asked. */
    out->queue = !only_failed && out->filter.provider == NULL && out->filter.code == NULL &&
                 out->user_email == NULL;
    out->failed = !only_queue;
    return ST_OK;
}

static enum status read_filter(const struct call *call, int64_t now_ms, struct arena *mem,
                               struct letters *out, struct error *err)
{
    struct dead_filter *f = &out->filter;
    const char *platform = call_option(call, "--platform");
    const char *message = call_option(call, "--message");
    enum status s;

    f->since_ms = f->until_ms = -1;
    f->by_platform = platform != NULL;
    if (platform != NULL && !platform_parse(platform, &f->platform))
        return error_set(err, ST_INVALID, "--platform must be sms, email, whatsapp or telegram");
    if (message != NULL && !uuid_is_valid(message))
        return error_set(err, ST_INVALID, "--message takes the id of a message");
    if (message != NULL)
        f->message_id = lowered(message, mem);
    if ((s = read_text(call, "--provider", &f->provider, err)) != ST_OK ||
        (s = read_text(call, "--code", &f->code, err)) != ST_OK ||
        (s = read_text(call, "--user", &out->user_email, err)) != ST_OK ||
        (s = when_option(call, "--since", now_ms, &f->since_ms, err)) != ST_OK ||
        (s = when_option(call, "--until", now_ms, &f->until_ms, err)) != ST_OK)
        return s;
    if (out->user_email != NULL && recipient_fault(PF_EMAIL, out->user_email) != NULL)
        return error_set(err, ST_INVALID, "--user: %s", recipient_fault(PF_EMAIL, out->user_email));
    if (f->since_ms >= 0 && f->until_ms >= 0 && f->since_ms >= f->until_ms)
        return error_set(err, ST_INVALID, "--since must lie before --until");
    return read_kinds(call, out, err);
}

/* ---- the whole line ---- */

static bool has_filter(const struct letters *l)
{
    const struct dead_filter *f = &l->filter;

    return f->by_platform || f->provider != NULL || f->code != NULL || l->user_email != NULL ||
           f->message_id != NULL || f->since_ms >= 0 || f->until_ms >= 0;
}

/* --queue and --failed narrow the rest; alone they would mean everything of a kind. */
static enum status check_extent(const struct call *call, const struct letters *l, struct error *err)
{
    bool all = call_option(call, "--all") != NULL;
    bool kind = call_option(call, "--queue") != NULL || call_option(call, "--failed") != NULL;

    if (call->n_args > 0 && (all || kind || has_filter(l)))
        return error_set(err, ST_INVALID, "IDs say which letters are meant: no filter goes with them");
    if (all && has_filter(l))
        return error_set(err, ST_INVALID, "--all means all: no filter goes with it");
    if (call->n_args == 0 && !all && !has_filter(l))
        return error_set(err, ST_INVALID, "which letters? Give IDs, a filter, or --all");
    return ST_OK;
}

enum status letters_read(const struct call *call, bool changes, int64_t now_ms, struct arena *mem,
                         struct letters *out, struct error *err)
{
    const char *limit = call_option(call, "--limit");
    enum status s;

    *out = (struct letters){ 0 };
    if (limit != NULL && !ctl_read_number(limit, 1, LIMIT_MOST, &out->limit))
        return error_set(err, ST_INVALID, "--limit takes a number of letters, 1 to %d", LIMIT_MOST);
    s = read_filter(call, now_ms, mem, out, err);
    if (s == ST_OK && changes)
        s = read_ids(call, mem, out, err);
    if (s == ST_OK && changes)
        s = check_extent(call, out, err);
    return s;
}
