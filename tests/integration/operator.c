/* operator - notifyctl, run against the stack as a person on call would. */
#include "tests/integration/operator.h"

#include <string.h>

#define WORDS_MOST 20

struct outcome operator_run(const char *const words[])
{
    const char *argv[WORDS_MOST + 4] = { "-c", stack_env("NOTIFY_CONFIG") };

    for (size_t i = 0; words[i] != NULL && i < WORDS_MOST; i++)
        argv[i + 2] = words[i];
    return program_run("notifyctl", argv, NULL);
}

json_t *operator_document(int status, const char *const words[])
{
    const char *all[WORDS_MOST + 4] = { "--json" };
    struct outcome o;
    json_t *doc;

    for (size_t i = 0; words[i] != NULL && i < WORDS_MOST; i++)
        all[i + 1] = words[i];
    o = operator_run(all);
    ck_assert_msg(o.status == status, "%s %s: status %d: %s%s", words[0], words[1], o.status,
                  buf_str(&o.out), buf_str(&o.err));
    doc = json_read(buf_str(&o.out), o.out.len, NULL);
    ck_assert_msg(doc != NULL, "%s", buf_str(&o.out));
    outcome_free(&o);
    return doc;
}

void operator_expect(int status, const char *wanted, const char *const words[])
{
    struct outcome o = operator_run(words);

    ck_assert_msg(o.status == status, "status %d: %s", o.status, buf_str(&o.err));
    ck_assert_msg(strstr(buf_str(&o.out), wanted) != NULL || strstr(buf_str(&o.err), wanted) != NULL,
                  "no \"%s\" in %s%s", wanted, buf_str(&o.out), buf_str(&o.err));
    outcome_free(&o);
}

const char *tomorrow(void)
{
    char when[CLOCK_TEXT_BYTES];

    return text("\"scheduled_at\":\"%s\"", clock_format(clock_wall_ms() + 86400000, when));
}
