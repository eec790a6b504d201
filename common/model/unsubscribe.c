/* unsubscribe - a list of one or two addresses, and a name for whom they are. */
#include "common/model/unsubscribe.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "common/base/urlform.h"
#include "common/model/recipient.h"

#define ADDRESS_MAX 900 /* ids filled in: a header's line has at most 998 bytes */
#define HEADER_LIMIT 4096

static const char placeholder[] = "{id}";

static bool begins(const char *text, const char *scheme)
{
    return strncasecmp(text, scheme, strlen(scheme)) == 0;
}

/* Past "scheme:" and what must follow it; NULL: another scheme. */
static const char *after_scheme(const char *address, bool *is_web)
{
    *is_web = begins(address, "https://") || begins(address, "http://");
    if (!*is_web && !begins(address, "mailto:"))
        return NULL;
    return strchr(address, ':') + (*is_web ? strlen("://") : strlen(":"));
}

/* The length of an address up to its '>', and how long it gets; 0: a byte that none can hold. */
static size_t address_length(const char *address, size_t *filled)
{
    size_t len = 0;

    *filled = 0;
    while (address[len] != '>') {
        bool is_id = strncmp(address + len, placeholder, strlen(placeholder)) == 0;

        if (address[len] <= ' ' || address[len] > '~' || strchr("<\"\\^`|", address[len]) != NULL ||
            (!is_id && strchr("{}", address[len]) != NULL))
            return 0;
        len += is_id ? strlen(placeholder) : 1;
        *filled += is_id ? RECIPIENT_ID_BYTES : 1;
    }
    return len;
}

static const char form[] = "must be <https://...>, <mailto:...> or both, with a comma between them";

/* Takes one "<address>" off the list; NULL with *fault. */
static const char *take_address(const char *text, int *web, int *mail, const char **fault)
{
    const char *rest;
    size_t len, filled;
    bool is_web;

    *fault = form;
    if (*text++ != '<' || (rest = after_scheme(text, &is_web)) == NULL)
        return NULL;
    if (strchr("/?#>:@", *rest) != NULL)
        return NULL;
    len = address_length(text, &filled);
    if (len == 0)
        *fault = "holds a blank, a byte that is not ASCII, a brace that is not of {id}, or another "
                 "that no URL can hold";
    else if (filled > ADDRESS_MAX)
        *fault = "holds an address of more than 900 bytes with {id} filled in";
    else if (++*(is_web ? web : mail) > 1)
        *fault = "names more than one web address, or more than one mail address";
    else
        *fault = NULL;
    return *fault == NULL ? text + len + 1 : NULL;
}

const char *unsubscribe_fault(const char *text)
{
    int web = 0, mail = 0;
    const char *fault;

    for (;;) {
        text = take_address(text, &web, &mail, &fault);
        if (text == NULL)
            return fault;
        if (*text == '\0')
            return NULL;
        if (*text != ',')
            return form;
        text += 1 + strspn(text + 1, " ");
    }
}

bool unsubscribe_is_one_click(const char *text)
{
    return strcasestr(text, "<https://") != NULL;
}

/* Adds one address with its brackets; returns what follows it. */
static const char *fill_address(struct buf *out, const char *text, const char *id)
{
    for (; *text != '>'; text++) {
        if (strncmp(text, placeholder, strlen(placeholder)) != 0) {
            buf_addc(out, *text);
        } else {
            urlform_encode(out, id);
            text += strlen(placeholder) - 1;
        }
    }
    buf_addc(out, '>');
    return text + 1;
}

/* One blank after the comma, where a header can fold. */
const char *unsubscribe_fill(struct arena *mem, const char *text, const char *id)
{
    struct buf out = BUF_INIT(HEADER_LIMIT);
    const char *filled;

    text = fill_address(&out, text, id);
    if (*text == ',') {
        buf_adds(&out, ", ");
        fill_address(&out, text + 1 + strspn(text + 1, " "), id);
    }
    filled = arena_strndup(mem, buf_str(&out), out.len);
    buf_free(&out);
    return filled;
}
