/* behaviour - the table of behaviours, and the choice of a row. */
#include "tests/simulator/behaviour.h"

#include <string.h>

#define S(e) { .event = EVENT_##e }
const struct plan plan_delivered = { .ends = "delivered", .steps = { S(SENT), S(DELIVERED) } };
static const struct plan undelivered = { .ends = "failed", .steps = { S(SENT), S(UNDELIVERED) } };
static const struct plan failed = { .ends = "failed", .steps = { S(FAILED) } };
static const struct plan doubled = { .ends = "delivered",
                                     .steps = { S(SENT), S(SENT), S(DELIVERED), S(DELIVERED) } };
static const struct plan reversed = { .ends = "delivered", .steps = { S(DELIVERED), S(SENT) } };
static const struct plan early = { true, "delivered", { S(DELIVERED) } };
static const struct plan was_read = { .ends = "read", .steps = { S(SENT), S(DELIVERED), S(READ) } };
/* The forged event says the opposite of the true ones, so that believing it shows. */
static const struct plan forged = {
    .ends = "delivered",
    .steps = { { .event = EVENT_FAILED, .forged = true }, S(SENT), S(DELIVERED) }
};
#undef S

#define MIB ((size_t)1024 * 1024)

/* Found from the top, so a row of digits stands before the pattern that covers it. */
#define HTTP TRAIT_HTTP
#define CALLBACKS TRAIT_CALLBACKS
#define AGAIN .again = true
const struct behaviour behaviours[] = {
    { "4291", "limited_always", .fault = FAULT_LIMITED, AGAIN, .ends = ENDS_NEVER },
    { "429x", "limited_once", 1, .fault = FAULT_LIMITED, AGAIN },
    { "4000", "bad_address", .fault = FAULT_BAD_ADDRESS },
    { "4100", "unsubscribed", .fault = FAULT_UNSUBSCRIBED },
    { "4010", "bad_credentials", .fault = FAULT_CREDENTIALS, AGAIN, .ends = ENDS_NEVER },
    { "5000", "server_error_once", 1, .fault = FAULT_SERVER_ERROR, AGAIN },
    { "5001", "server_error_always", .fault = FAULT_SERVER_ERROR, AGAIN },
    { "5030", "unavailable_once", 1, .fault = FAULT_UNAVAILABLE, AGAIN },
    { "4080", "hang_always", .manner = MANNER_HANG, AGAIN },
    { "4081", "hang_once", 1, .manner = MANNER_HANG, AGAIN },
    { "4990", "reset_always", .manner = MANNER_RESET, AGAIN },
    { "4991", "reset_once", 1, .manner = MANNER_RESET, AGAIN },
    { "4992", "cut_once", 1, .manner = MANNER_CUT, .plan = &plan_delivered, AGAIN },
    { "4993", "close_reused_once", 1, .manner = MANNER_CLOSE, .only_reused = true, AGAIN },
    { "4994", "close_reused_always", .manner = MANNER_CLOSE, .only_reused = true, AGAIN,
      .ends = ENDS_OPEN },
    { "4995", "close_after_answer", .manner = MANNER_CLOSE_AFTER, .plan = &plan_delivered },
    { "4996", "close_once", 1, .manner = MANNER_CLOSE, AGAIN },
    { "6000", "broken_json", 0, HTTP, .dress = DRESS_BROKEN_JSON, .plan = &plan_delivered, AGAIN },
    { "6001", "html", 0, HTTP, .dress = DRESS_HTML, .plan = &plan_delivered, AGAIN },
    { "6002", "drip", .manner = MANNER_DRIP, .plan = &plan_delivered, AGAIN },
    { "6003", "huge", 0, HTTP, .manner = MANNER_HUGE, .total_bytes = 10 * MIB,
      .plan = &plan_delivered, AGAIN },
    { "6004", "huge_100mb", 0, HTTP, .manner = MANNER_HUGE, .total_bytes = 100 * MIB,
      .plan = &plan_delivered, AGAIN, .undrawn = true },
    { "7000", "undelivered", 0, CALLBACKS, .plan = &undelivered },
    { "7001", "failed", 0, CALLBACKS, .plan = &failed },
    { "7002", "callbacks_doubled", 0, CALLBACKS, .plan = &doubled },
    { "7003", "callbacks_reversed", 0, CALLBACKS, .plan = &reversed },
    { "7004", "callback_before_answer", 0, CALLBACKS, .plan = &early },
    { "7005", "no_callback", 0, CALLBACKS },
    { "7006", "callback_forged_first", 0, CALLBACKS, .plan = &forged },
    { "7007", "read", 0, CALLBACKS, .plan = &was_read },
    { "8xxx", "late", .latency_unit_ms = 10, .plan = &plan_delivered, AGAIN },
    { "xxxx", "delivered", .plan = &plan_delivered, .undrawn = true },
    { NULL },
};
#undef HTTP
#undef CALLBACKS
#undef AGAIN
#define ROWS (sizeof behaviours / sizeof *behaviours - 1)
#define LAST (&behaviours[ROWS - 1])

static const char *const event_names[EVENT_COUNT] = {
    [EVENT_NONE] = "none",
    [EVENT_SENT] = "sent",
    [EVENT_DELIVERED] = "delivered",
    [EVENT_READ] = "read",
    [EVENT_UNDELIVERED] = "undelivered",
    [EVENT_FAILED] = "failed",
};

const char *event_name(int event)
{
    return event_names[event];
}

static bool matches(const char *pattern, int number)
{
    for (int i = 3; i >= 0; i--, number /= 10)
        if (pattern[i] != 'x' && pattern[i] - '0' != number % 10)
            return false;
    return true;
}

/* The i-th row that the provider plays, its own ones first; NULL: there are no more. */
static const struct behaviour *row_at(const struct repertoire *r, size_t i)
{
    const struct behaviour *b = r->own;

    while (b != NULL && b->pattern != NULL && i > 0) {
        b++;
        i--;
    }
    if (b != NULL && b->pattern != NULL)
        return b;
    return i < ROWS ? &behaviours[i] : NULL;
}

static bool is_played(const struct repertoire *r, const struct behaviour *b)
{
    return (b->needs & ~r->traits) == 0;
}

const struct behaviour *behaviour_find(const struct repertoire *r, int number)
{
    const struct behaviour *b;

    for (size_t i = 0; number >= 0 && (b = row_at(r, i)) != NULL; i++)
        if (matches(b->pattern, number))
            return is_played(r, b) ? b : LAST;
    return LAST;
}

/* ---- drawing ---- */

/* A number that leads to the row: each 'x' of its pattern is taken from the hash. */
static int number_for(const char *pattern, uint64_t hash)
{
    int number = 0;

    for (int i = 0; i < 4; i++, hash /= 10)
        number = number * 10 + (pattern[i] != 'x' ? pattern[i] - '0' : (int)(hash % 10));
    return number;
}

bool behaviour_is_drawn(const struct behaviour *b, const char *ways)
{
    bool in = false;

    for (size_t len; *ways != '\0'; ways += len + (ways[len] == ',')) {
        const char *name = ways + (*ways == '-');

        len = strcspn(ways, ",");
        if (strncmp(ways, "all", len) == 0 && len == 3)
            in = b->ends != ENDS_NEVER && !b->undrawn;
        else if (strlen(b->name) == len - (size_t)(name - ways) &&
                 strncmp(b->name, name, strlen(b->name)) == 0)
            in = *ways != '-';
    }
    return in && b != LAST;
}

/* No row of the provider's own, or of digits, stands before it. */
static bool is_reached(const struct repertoire *r, const struct behaviour *b)
{
    return behaviour_find(r, number_for(b->pattern, 0)) == b;
}

/* The nth of the rows that are drawn, or with SIZE_MAX how many there are in *count. */
static const struct behaviour *drawn_row(const struct repertoire *r, const struct draw *d, size_t nth,
                                         size_t *count)
{
    const struct behaviour *b;

    *count = 0;
    for (size_t i = 0; (b = row_at(r, i)) != NULL; i++)
        if (is_reached(r, b) && behaviour_is_drawn(b, d->ways) && (*count)++ == nth)
            return b;
    return NULL;
}

/* NULL: the recipient is not among those that fail. */
static const struct behaviour *draw(const struct repertoire *r, const struct draw *d,
                                    const char *recipient, int *number)
{
    uint64_t hash = hash_text(d->seed, recipient);
    const struct behaviour *b;
    size_t count;

    if (hash % 10000 >= (uint64_t)d->share)
        return NULL;
    drawn_row(r, d, SIZE_MAX, &count);
    if (count == 0)
        return NULL;
    b = drawn_row(r, d, hash / 10000 % count, &count);
    *number = number_for(b->pattern, hash_text(d->seed + 1, recipient));
    return b;
}

const struct behaviour *behaviour_choose(const struct repertoire *r, const struct draw *d,
                                         const char *recipient, bool reused, int *number)
{
    const struct behaviour *b = *number < 0 && d->share > 0 ? draw(r, d, recipient, number) : NULL;

    if (b == NULL)
        b = behaviour_find(r, *number);
    if (b->only_reused && !reused)
        return LAST;
    return b->times > 0 && seen_count(r->seen, recipient) >= b->times ? LAST : b;
}

/* ---- what follows from a row ---- */

int behaviour_latency_ms(const struct behaviour *b, int number)
{
    return number < 0 ? 0 : b->latency_unit_ms * (number % 1000);
}

bool behaviour_accepts(const struct behaviour *b)
{
    return b->fault == FAULT_NONE && b->manner != MANNER_HANG && b->manner != MANNER_RESET &&
           b->manner != MANNER_CLOSE;
}

const char *behaviour_ends(const struct behaviour *b, bool has_callbacks)
{
    /* What is not taken once is taken the next time, as from anybody. */
    const struct plan *plan = behaviour_accepts(b) ? b->plan : &plan_delivered;

    switch (b->ends) {
    case ENDS_NEVER:
        return "pending";
    case ENDS_OPEN:
        return NULL;
    case ENDS_BY_ITSELF:
        break;
    }
    if (!behaviour_accepts(b) && b->times == 0)
        return "failed";
    if (has_callbacks && plan != NULL)
        return plan->ends;
    /* Each answer is doubtful, and no callback helps. */
    return b->again && b->times == 0 ? NULL : "sent";
}
