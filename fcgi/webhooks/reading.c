/* reading - the query and the type of a request. */
#include "fcgi/webhooks/reading.h"

#include <string.h>
#include <strings.h>

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

bool reading_is_form(const char *content_type)
{
    static const char form[] = "application/x-www-form-urlencoded";
    const size_t len = strlen(form);

    return content_type != NULL && strncasecmp(content_type, form, len) == 0 &&
           strchr("; \t", content_type[len]) != NULL;
}
