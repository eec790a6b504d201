/* The promises of common/model/message.h. */
#include "common/model/message.h"

#include <string.h>

#include "tests/unit/suite.h"

START_TEST(every_state_name_is_read_back)
{
    enum message_state back = MS_COUNT;

    for (enum message_state s = 0; s < MS_COUNT; s++) {
        ck_assert(message_state_parse(message_state_name(s), &back));
        ck_assert_int_eq(back, s);
    }
    back = MS_COUNT;
    ck_assert(!message_state_parse("sent", &back));
    ck_assert(!message_state_parse("", &back));
    ck_assert_int_eq(back, MS_COUNT);
}
END_TEST

START_TEST(the_recipients_refine_a_state_that_is_not_final)
{
    static const struct {
        enum message_state stored;
        int counts[DS_COUNT];
        enum message_state shown;
    } rows[] = {
        { MS_PENDING, { [DS_PENDING] = 3 }, MS_PENDING },
        { MS_PENDING, { [DS_PENDING] = 2, [DS_QUEUED] = 1 }, MS_QUEUED },
        { MS_PENDING, { [DS_QUEUED] = 3 }, MS_QUEUED },
        { MS_PENDING, { [DS_QUEUED] = 2, [DS_SENDING] = 1 }, MS_SENDING },
        { MS_PENDING, { [DS_QUEUED] = 2, [DS_SENT] = 1 }, MS_SENDING },
        { MS_PENDING, { [DS_PENDING] = 2, [DS_FAILED] = 1 }, MS_SENDING },
        { MS_PENDING, { [DS_PENDING] = 1, [DS_READ] = 1 }, MS_SENDING },
        { MS_PENDING, { [DS_SENT] = 2 }, MS_SENDING }, /* the final state is not stored yet */
        { MS_PENDING, { 0 }, MS_PENDING },
        { MS_SCHEDULED, { [DS_PENDING] = 3 }, MS_SCHEDULED },
        { MS_SCHEDULED, { [DS_QUEUED] = 3 }, MS_QUEUED },
        { MS_SCHEDULED, { [DS_PENDING] = 2, [DS_SENDING] = 1 }, MS_SENDING },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_msg(message_state_shown(rows[i].stored, rows[i].counts) == rows[i].shown,
                      "row %zu", i);
}
END_TEST

START_TEST(a_stored_final_state_is_shown_as_it_is)
{
    static const enum message_state final[] = { MS_COMPLETED, MS_FAILED, MS_CANCELLED, MS_EXPIRED };
    const int counts[DS_COUNT] = { [DS_SENDING] = 1, [DS_QUEUED] = 1, [DS_SENT] = 1 };

    for (size_t i = 0; i < sizeof final / sizeof *final; i++)
        ck_assert_int_eq(message_state_shown(final[i], counts), final[i]);
}
END_TEST

START_TEST(faults_are_kept_in_order_with_their_places)
{
    struct arena mem = ARENA_INIT;
    struct faults f;

    faults_init(&f, &mem);
    ck_assert_ptr_null(f.first);
    faults_add(&f, "is missing", "/content");
    faults_add(&f, "is wrong", "/recipients/%d/%s", 7, "platform");
    ck_assert_uint_eq(f.count, 2);
    ck_assert_str_eq(f.first->pointer, "/content");
    ck_assert_str_eq(f.first->detail, "is missing");
    ck_assert_str_eq(f.first->next->pointer, "/recipients/7/platform");
    ck_assert_ptr_null(f.first->next->next);
    arena_done(&mem);
}
END_TEST

START_TEST(only_the_first_hundred_faults_are_kept_but_all_are_counted)
{
    struct arena mem = ARENA_INIT;
    struct faults f;
    size_t kept = 0;

    faults_init(&f, &mem);
    for (int i = 0; i < 1000; i++)
        faults_add(&f, "is wrong", "/recipients/%d", i);
    for (const struct fault *fault = f.first; fault != NULL; fault = fault->next)
        kept++;
    ck_assert_uint_eq(kept, FAULTS_MAX);
    ck_assert_uint_eq(f.count, 1000);
    arena_done(&mem);
}
END_TEST

START_TEST(a_very_long_place_is_cut)
{
    struct arena mem = ARENA_INIT;
    struct faults f;
    char name[5000];

    memset(name, 'x', sizeof name);
    name[sizeof name - 1] = '\0';
    faults_init(&f, &mem);
    faults_add(&f, "is unknown", "/%s", name);
    ck_assert_uint_eq(strlen(f.first->pointer), 511);
    arena_done(&mem);
}
END_TEST

SUITE("message", every_state_name_is_read_back, the_recipients_refine_a_state_that_is_not_final,
      a_stored_final_state_is_shown_as_it_is, faults_are_kept_in_order_with_their_places,
      only_the_first_hundred_faults_are_kept_but_all_are_counted, a_very_long_place_is_cut)
