/* smtp - the table of refusals, and the rows that only mail has. */
#include "tests/simulator/smtp.h"

static const struct smtp_refusal refusals[SMTP_FAULTS] = {
    [FAULT_LIMITED] = { SMTP_AT_RCPT, "450 4.7.1 Too many messages, try again later" },
    [FAULT_BAD_ADDRESS] = { SMTP_AT_RCPT, "550 5.1.1 No such user here" },
    [FAULT_UNSUBSCRIBED] = { SMTP_AT_RCPT, "550 5.7.1 The recipient does not take mail from you" },
    [FAULT_CREDENTIALS] = { SMTP_AT_RCPT, "530 5.7.0 Authentication required" },
    [FAULT_SERVER_ERROR] = { SMTP_AT_END, "451 4.3.0 Local error in processing" },
    [FAULT_UNAVAILABLE] = { SMTP_AT_RCPT, "421 4.3.2 Service shutting down", true },
    [SMTP_BUSY] = { SMTP_AT_RCPT, "450 4.2.0 Mailbox busy" },
    [SMTP_STORAGE_FULL] = { SMTP_AT_RCPT, "452 4.3.1 Insufficient system storage" },
    [SMTP_MAILBOX_FULL] = { SMTP_AT_RCPT, "552 5.2.2 Mailbox full" },
    [SMTP_NO_DATA] = { SMTP_AT_DATA, "554 5.7.1 No mail is taken from you" },
    [SMTP_REFUSED] = { SMTP_AT_END, "554 5.7.1 The message looks like spam" },
};

const struct smtp_refusal *smtp_refusal(int fault)
{
    return &refusals[fault];
}

static const char *no_event(int event)
{
    return "none";
}

#define MIB ((size_t)1024 * 1024)
static const struct behaviour own[] = {
    /* Mail knows no time to come back at: whoever is refused for now too often gives up. */
    { "4291", "limited_always", .fault = FAULT_LIMITED, .again = true },
    { "4500", "busy_once", 1, .fault = SMTP_BUSY, .again = true },
    { "4501", "busy_always", .fault = SMTP_BUSY, .again = true },
    { "4520", "storage_full_once", 1, .fault = SMTP_STORAGE_FULL, .again = true },
    { "5520", "mailbox_full", .fault = SMTP_MAILBOX_FULL },
    { "5540", "refused", .fault = SMTP_REFUSED },
    { "5541", "data_refused", .fault = SMTP_NO_DATA },
    { "6000", "broken_reply", .dress = DRESS_BROKEN_JSON, .plan = &plan_delivered, .again = true },
    { "6003", "huge_reply", .manner = MANNER_HUGE, .total_bytes = 10 * MIB,
      .plan = &plan_delivered, .again = true },
    { NULL },
};

static struct seen seen = SEEN_INIT;

const struct provider smtp_provider = {
    .name = "smtp",
    .repertoire = { .traits = 0, .own = own, .seen = &seen },
    .event_name = no_event,
};
