/* told - notifyctl on the configuration of the stack. */
#include "tests/integration/told.h"

#include "tests/integration/stack.h"

#define WORDS_MOST 28

struct outcome told(const char *const words[], const char *const env[])
{
    const char *argv[WORDS_MOST] = { "-c", stack_env("NOTIFY_CONFIG") };
    const char *all[WORDS_MOST] = { text("NOTIFY_SQL_DIR=%s", stack_env("NOTIFY_SQL_DIR")) };

    for (size_t i = 0; words[i] != NULL; i++) {
        ck_assert_uint_lt(i + 3, WORDS_MOST);
        argv[i + 2] = words[i];
    }
    /* What is given again counts: it comes later. */
    for (size_t i = 0; env != NULL && env[i] != NULL; i++) {
        ck_assert_uint_lt(i + 2, WORDS_MOST);
        all[i + 1] = env[i];
    }
    return program_run("notifyctl", argv, all);
}

json_t *told_document(int status, const char *const words[], const char *const env[])
{
    const char *all[WORDS_MOST] = { "--json" };
    struct outcome o;
    json_t *doc;

    for (size_t i = 0; words[i] != NULL && i + 2 < WORDS_MOST; i++)
        all[i + 1] = words[i];
    o = told(all, env);
    ck_assert_msg(o.status == status, "%s: status %d: %s%s", words[0], o.status, buf_str(&o.out),
                  buf_str(&o.err));
    doc = json_read(buf_str(&o.out), o.out.len, NULL);
    ck_assert_msg(doc != NULL, "%s", buf_str(&o.out));
    outcome_free(&o);
    return doc;
}
