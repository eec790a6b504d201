/* behaviour - the table of behaviours, and the choice of a row. */
#include "tests/simulator/behaviour.h"

#define S(e) { .event = EVENT_##e }
const struct plan plan_delivered = { .steps = { S(SENT), S(DELIVERED) } };
static const struct plan undelivered = { .steps = { S(SENT), S(UNDELIVERED) } };
static const struct plan failed = { .steps = { S(FAILED) } };
static const struct plan doubled = { .steps = { S(SENT), S(SENT), S(DELIVERED), S(DELIVERED) } };
static const struct plan reversed = { .steps = { S(DELIVERED), S(SENT) } };
static const struct plan early = { .before_answer = true, .steps = { S(DELIVERED) } };
static const struct plan was_read = { .steps = { S(SENT), S(DELIVERED), S(READ) } };
/* The forged event says the opposite of the true ones, so that believing it shows. */
static const struct plan forged = {
    .steps = { { .event = EVENT_FAILED, .forged = true }, S(SENT), S(DELIVERED) }
};
#undef S

#define MIB ((size_t)1024 * 1024)

/* Found from the top, so a row of digits stands before the pattern that covers it. */
#define HTTP TRAIT_HTTP
#define CALLBACKS TRAIT_CALLBACKS
const struct behaviour behaviours[] = {
    { "4291", "limited_always", .fault = FAULT_LIMITED },
    { "429x", "limited_once", 1, .fault = FAULT_LIMITED },
    { "4000", "bad_address", .fault = FAULT_BAD_ADDRESS },
    { "4100", "unsubscribed", .fault = FAULT_UNSUBSCRIBED },
    { "4010", "bad_credentials", .fault = FAULT_CREDENTIALS },
    { "5000", "server_error_once", 1, .fault = FAULT_SERVER_ERROR },
    { "5001", "server_error_always", .fault = FAULT_SERVER_ERROR },
    { "5030", "unavailable_once", 1, .fault = FAULT_UNAVAILABLE },
    { "4080", "hang_always", .manner = MANNER_HANG },
    { "4081", "hang_once", 1, .manner = MANNER_HANG },
    { "4990", "reset_always", .manner = MANNER_RESET },
    { "4991", "reset_once", 1, .manner = MANNER_RESET },
    { "4992", "cut_once", 1, .manner = MANNER_CUT, .plan = &plan_delivered },
    { "6000", "broken_json", 0, HTTP, .dress = DRESS_BROKEN_JSON, .plan = &plan_delivered },
    { "6001", "html", 0, HTTP, .dress = DRESS_HTML, .plan = &plan_delivered },
    { "6002", "drip", .manner = MANNER_DRIP, .plan = &plan_delivered },
    { "6003", "huge", 0, HTTP, .manner = MANNER_HUGE, .total_bytes = 10 * MIB,
      .plan = &plan_delivered },
    { "7000", "undelivered", 0, CALLBACKS, .plan = &undelivered },
    { "7001", "failed", 0, CALLBACKS, .plan = &failed },
    { "7002", "callbacks_doubled", 0, CALLBACKS, .plan = &doubled },
    { "7003", "callbacks_reversed", 0, CALLBACKS, .plan = &reversed },
    { "7004", "callback_before_answer", 0, CALLBACKS, .plan = &early },
    { "7005", "no_callback", 0, CALLBACKS },
    { "7006", "callback_forged_first", 0, CALLBACKS, .plan = &forged },
    { "7007", "read", 0, CALLBACKS, .plan = &was_read },
    { "8xxx", "late", .latency_unit_ms = 10, .plan = &plan_delivered },
    { "xxxx", "delivered", .plan = &plan_delivered },
};
#undef HTTP
#undef CALLBACKS
#define ROWS (sizeof behaviours / sizeof *behaviours)
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

const struct behaviour *behaviour_find(const struct repertoire *r, int number)
{
    if (number < 0)
        return LAST;
    for (const struct behaviour *b = r->own; b != NULL && b->pattern != NULL; b++)
        if (matches(b->pattern, number))
            return b;
    for (size_t i = 0; i < ROWS; i++)
        if (matches(behaviours[i].pattern, number))
            return (behaviours[i].needs & ~r->traits) == 0 ? &behaviours[i] : LAST;
    return LAST;
}

const struct behaviour *behaviour_choose(const struct repertoire *r, const char *recipient,
                                         int number)
{
    const struct behaviour *b = behaviour_find(r, number);

    return b->times > 0 && seen_count(r->seen, recipient) >= b->times ? LAST : b;
}

int behaviour_latency_ms(const struct behaviour *b, int number)
{
    return number < 0 ? 0 : b->latency_unit_ms * (number % 1000);
}

bool behaviour_accepts(const struct behaviour *b)
{
    return b->fault == FAULT_NONE && b->manner != MANNER_HANG && b->manner != MANNER_RESET;
}
