#ifndef TESTS_INTEGRATION_PG_SUITE_H
#define TESTS_INTEGRATION_PG_SUITE_H
#include <stdio.h>

#include <check.h>

#include "common/base/log.h"
#include "tests/integration/pg.h"
/*
 * pg_suite - a Check program whose tests share one Postgres cluster, each with a database of its
 * own: pg_database(&cluster, "name").
 */
static struct pg cluster;

#define PG_SUITE(name, ...)                                                    \
    int main(void)                                                             \
    {                                                                          \
        const TTest *const tests[] = { __VA_ARGS__ };                          \
        TCase *tc = tcase_create(name);                                        \
        Suite *s = suite_create(name);                                         \
        SRunner *sr = srunner_create(s);                                       \
                                                                               \
        log_open("test", LEVEL_ERROR, LOG_TEXT);                               \
        tcase_set_timeout(tc, 60);                                             \
        for (unsigned i = 0; i < sizeof tests / sizeof *tests; i++)            \
            tcase_add_test(tc, tests[i]);                                      \
        suite_add_tcase(s, tc);                                                \
        if (pg_start(&cluster)) {                                              \
            srunner_set_tap(sr, "-");                                          \
            srunner_run_all(sr, CK_SILENT);                                    \
            pg_stop(&cluster);                                                 \
        } else {                                                               \
            puts("1..0 # SKIP no postgres");                                   \
        }                                                                      \
        srunner_free(sr);                                                      \
        return 0;                                                              \
    }
#endif
