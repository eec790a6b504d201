/* reading - the query, the type and the time of a request. */
#include "fcgi/webhooks/reading.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TIMESTAMP_DIGITS_MAX 12

const char *reading_query(const char *target)
{
    const char *mark = strchr(target, '?');

    return mark != NULL ? mark : "";
}

enum status reading_query_form(struct arena *mem, const struct webhook_request *r,
                               struct urlform *out, struct error *err)
{
    const char *query = reading_query(r->target);

    query += *query == '?';
    return urlform_parse(mem, query, strlen(query), WEBHOOK_PARAMETERS_MAX, out, err);
}

bool reading_is_timely(const char *timestamp, int64_t now_s, int64_t oldest_s, int64_t ahead_s)
{
    size_t digits = strspn(timestamp, "0123456789");
    int64_t age_s;

    if (digits == 0 || digits > TIMESTAMP_DIGITS_MAX || timestamp[digits] != '\0')
        return false;
    age_s = now_s - strtoll(timestamp, NULL, 10);
    return age_s <= oldest_s && age_s >= -ahead_s;
}

bool reading_is_form(const char *content_type)
{
    static const char form[] = "application/x-www-form-urlencoded";
    const size_t len = strlen(form);

    return content_type != NULL && strncasecmp(content_type, form, len) == 0 &&
           strchr("; \t", content_type[len]) != NULL;
}
