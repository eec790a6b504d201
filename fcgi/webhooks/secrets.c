/* secrets - one walk along the list. */
#include "fcgi/webhooks/secrets.h"

#include <string.h>

#include "common/base/items.h"
#include "common/crypto/hmac.h"

bool secrets_any(const char *list, secret_fits fits, const void *context)
{
    bool any = false;
    const char *secret;
    size_t len;

    while (items_next(&list, &secret, &len))
        if (fits(secret, len, context))
            any = true;
    return any;
}

bool secrets_are_empty(const char *list)
{
    const char *secret;
    size_t len;

    return !items_next(&list, &secret, &len);
}

static bool is_same(const char *secret, size_t len, const void *text)
{
    return secret_equal(secret, len, text, strlen(text));
}

bool secrets_have(const char *list, const char *text)
{
    return secrets_any(list, is_same, text);
}
