/* secrets - one walk along the list. */
#include "fcgi/webhooks/secrets.h"

#include <string.h>

#include "common/crypto/hmac.h"

bool secrets_any(const char *list, secret_fits fits, const void *context)
{
    bool any = false;

    while (*list != '\0') {
        size_t room, len;

        list += strspn(list, ", \t");
        room = len = strcspn(list, ",");
        while (len > 0 && strchr(" \t", list[len - 1]) != NULL)
            len--;
        if (len > 0 && fits(list, len, context))
            any = true;
        list += room;
    }
    return any;
}

bool secrets_are_empty(const char *list)
{
    return list[strspn(list, ", \t")] == '\0';
}

static bool is_same(const char *secret, size_t len, const void *text)
{
    return secret_equal(secret, len, text, strlen(text));
}

bool secrets_have(const char *list, const char *text)
{
    return secrets_any(list, is_same, text);
}
