/* report - fitting texts into a report. */
#include "fcgi/webhooks/report.h"

#include <string.h>

#include "common/base/excerpt.h"
#include "common/base/mask.h"
#include "common/base/uuid.h"
#include "common/crypto/digest.h"
#include "common/model/recipient.h"

struct callback_report report_unreadable(void)
{
    return (struct callback_report){ .event_name = "unreadable",
                                     .event = CALLBACK_CHANGES_NOTHING };
}

/* 1 to REPORT_ID_MAX bytes of printable ASCII, no blanks. */
static bool is_id(const char *text)
{
    size_t len = 0;

    for (; text[len] != '\0'; len++)
        if (len == REPORT_ID_MAX || text[len] <= ' ' || text[len] > '~')
            return false;
    return len > 0;
}

const char *report_recipient(struct arena *mem, const char *text)
{
    char message_id[UUID_TEXT_BYTES];
    int n;

    return text != NULL && recipient_id_parse(text, message_id, &n) ? arena_strdup(mem, text)
                                                                    : NULL;
}

const char *report_provider_id(struct arena *mem, const char *text)
{
    return text != NULL && is_id(text) ? arena_strdup(mem, text) : NULL;
}

const char *report_digest(struct arena *mem, const void *data, size_t len)
{
    char hex[SHA256_HEX_BYTES];

    return arena_printf(mem, "sha256:%s", sha256_hex(data, len, hex));
}

const char *report_event_id(struct arena *mem, const char *text)
{
    if (text == NULL)
        return NULL;
    return is_id(text) ? arena_strdup(mem, text) : report_digest(mem, text, strlen(text));
}

static const char *cut(struct arena *mem, const char *text, size_t max)
{
    const char *copy = text != NULL ? excerpt(mem, text, strlen(text), max) : "";

    return *copy != '\0' ? copy : NULL;
}

const char *report_code(struct arena *mem, const char *text, const char *fallback)
{
    const char *code = cut(mem, text, REPORT_CODE_MAX);

    return code != NULL ? code : fallback;
}

const char *report_message(struct arena *mem, const char *text)
{
    return cut(mem, text != NULL ? mask_addresses(mem, text) : NULL, REPORT_MESSAGE_MAX);
}

const char *report_text(struct arena *mem, const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    const char *text = json_string_value(value);

    if (json_is_integer(value))
        return arena_printf(mem, "%lld", (long long)json_integer_value(value));
    return text != NULL && *text != '\0' ? text : NULL;
}
