#ifndef TESTS_UNIT_SUITE_H
#define TESTS_UNIT_SUITE_H
#include <check.h>
/*
 * suite - one line makes a Check program of a list of tests: TAP on stdout, each test forked.
 *
 *     SUITE("buf", an_empty_buf_is_an_empty_string, passing_the_ceiling_is_remembered)
 *
 * The exit status is 0 whatever fails: the TAP lines carry the result, and a sanitizer's own exit
 * status still counts.
 */
#define SUITE(name, ...) SUITE_TIMEOUT(name, 20, __VA_ARGS__)
/*
 * Check writes its place into a pipe at each assertion that holds, for the message about a test that
 * crashed later on. In loops over every bit and length that was most of the time of the unit tests.
 * A test that fails an assertion still names its line.
 */
#define _mark_point(file, line) ((void)(line)) /* NOLINT(bugprone-reserved-identifier) */
#define SUITE_TIMEOUT(name, seconds, ...)                                      \
    int main(void)                                                             \
    {                                                                          \
        const TTest *const tests[] = { __VA_ARGS__ };                          \
        Suite *s = suite_create(name);                                         \
        TCase *tc = tcase_create(name);                                        \
        SRunner *sr = srunner_create(s);                                       \
                                                                               \
        tcase_set_timeout(tc, seconds);                                        \
        for (unsigned i = 0; i < sizeof tests / sizeof *tests; i++)            \
            tcase_add_test(tc, tests[i]);                                      \
        suite_add_tcase(s, tc);                                                \
        srunner_set_tap(sr, "-");                                              \
        srunner_run_all(sr, CK_SILENT);                                        \
        srunner_free(sr);                                                      \
        return 0;                                                              \
    }
#endif
