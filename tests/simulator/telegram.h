#ifndef SIMULATOR_TELEGRAM_H
#define SIMULATOR_TELEGRAM_H
#include "tests/simulator/provider.h"
/*
 * telegram - the sendMessage method of Telegram's Bot API.
 *
 * The chats 555000NNNN and -100555000NNNN choose a behaviour by NNNN.  There are no callbacks: an
 * accepted message is at its end.
 */
#define TELEGRAM_TEXT_MAX 4096

extern const struct provider telegram_provider;

/* The faults that only this provider has. */
enum telegram_fault {
    TELEGRAM_MIGRATED = FAULT_COUNT,
    TELEGRAM_LIMITED_LONGER,
    TELEGRAM_DEACTIVATED,
    TELEGRAM_KICKED,
    TELEGRAM_NOT_A_MEMBER,
    TELEGRAM_NO_CONVERSATION,
    TELEGRAM_FAULTS
};

/* {"ok":false,"error_code":...,"description":"..."} */
void telegram_refuse(struct exchange *x, int status, const char *description);
/* telegram_provider's; see provider.h. */
bool telegram_check(const struct settings *s, struct exchange *x);
#endif
