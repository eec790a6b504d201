/* Tests of fcgi/records: when a FastCGI request has wholly arrived, and which are refused. */
#include "fcgi/records.h"

#include <string.h>

#include "common/base/buf.h"
#include "tests/unit/suite.h"

/* Types of records (specification 1.0, section 8). */
enum { BEGIN = 1, ABORT, END, PARAMS, STDIN, STDOUT, STDERR, DATA, GET_VALUES, UNKNOWN };

#define BODY_MAX 100000

static void record(struct buf *b, int type, int id, size_t content, int padding)
{
    const char header[8] = { 1,
                             (char)type,
                             (char)(id >> 8),
                             (char)id,
                             (char)(content >> 8),
                             (char)content,
                             (char)padding,
                             0 };

    buf_add(b, header, sizeof header);
    for (size_t i = 0; i < content + (size_t)padding; i++)
        buf_addc(b, (char)i);
}

/* A request as a web server sends it: params, then a body, each ended by an empty record. */
static void request(struct buf *b, size_t params, size_t body, int padding)
{
    record(b, BEGIN, 1, 8, 0);
    for (size_t some; params > 0; params -= some) {
        some = params < 60000 ? params : 60000;
        record(b, PARAMS, 1, some, padding);
    }
    record(b, PARAMS, 1, 0, padding);
    for (size_t some; body > 0; body -= some) {
        some = body < 60000 ? body : 60000;
        record(b, STDIN, 1, some, padding);
    }
    record(b, STDIN, 1, 0, padding);
}

static enum records_state feed(const struct buf *b)
{
    struct records r;

    records_init(&r, BODY_MAX);
    return records_feed(&r, b->data, b->len);
}

/* What a few records, each named by its type and length of content, lead to. */
#define REQUEST(...) feed_all((const struct one[]){ __VA_ARGS__, { 0 } })
struct one {
    int type, id;
    size_t content;
};

static enum records_state feed_all(const struct one *records)
{
    struct buf b = BUF_INIT(1u << 20);
    enum records_state state;

    for (; records->type != 0; records++)
        record(&b, records->type, records->id, records->content, 0);
    state = feed(&b);
    buf_free(&b);
    return state;
}

START_TEST(a_request_is_whole_with_the_end_of_its_input)
{
    struct buf b = BUF_INIT(1u << 20);

    request(&b, 300, 500, 0);
    ck_assert_int_eq(feed(&b), RECORDS_WHOLE);
    buf_clear(&b);
    request(&b, 300, 0, 0);
    ck_assert_int_eq(feed(&b), RECORDS_WHOLE);
    buf_free(&b);
}
END_TEST

START_TEST(a_fresh_walk_is_partial)
{
    struct records r;

    records_init(&r, BODY_MAX);
    ck_assert_int_eq(records_feed(&r, "", 0), RECORDS_PARTIAL);
}
END_TEST

static void cut_everywhere(int padding)
{
    struct buf b = BUF_INIT(1u << 20);

    request(&b, 30, 50, padding);
    for (size_t cut = 0; cut < b.len; cut++) {
        struct records r;

        records_init(&r, BODY_MAX);
        ck_assert_msg(records_feed(&r, b.data, cut) == RECORDS_PARTIAL, "whole at %zu", cut);
        ck_assert_msg(records_feed(&r, b.data + cut, b.len - cut) == RECORDS_WHOLE,
                      "not whole after a cut at %zu of %zu", cut, b.len);
    }
    buf_free(&b);
}

START_TEST(it_is_partial_up_to_its_last_byte_wherever_it_is_cut)
{
    cut_everywhere(0);
}
END_TEST

START_TEST(padding_belongs_to_it_and_may_be_cut_too)
{
    cut_everywhere(1);
    cut_everywhere(7);
    cut_everywhere(255);
}
END_TEST

START_TEST(it_may_come_byte_by_byte)
{
    struct buf b = BUF_INIT(1u << 20);
    struct records r;

    request(&b, 70000, 70000, 3);
    records_init(&r, BODY_MAX);
    for (size_t i = 0; i + 1 < b.len; i++)
        ck_assert_int_eq(records_feed(&r, b.data + i, 1), RECORDS_PARTIAL);
    ck_assert_int_eq(records_feed(&r, b.data + b.len - 1, 1), RECORDS_WHOLE);
    buf_free(&b);
}
END_TEST

START_TEST(what_follows_a_whole_request_is_not_looked_at)
{
    struct buf b = BUF_INIT(1u << 20);
    struct records r;

    request(&b, 30, 50, 0);
    buf_adds(&b, "the next request of a kept connection");
    records_init(&r, BODY_MAX);
    ck_assert_int_eq(records_feed(&r, b.data, b.len), RECORDS_WHOLE);
    ck_assert_int_eq(records_feed(&r, "garbage", 7), RECORDS_WHOLE);
    buf_free(&b);
}
END_TEST

START_TEST(a_body_may_reach_its_ceiling_and_not_pass_it)
{
    struct buf b = BUF_INIT(1u << 20);

    request(&b, 30, BODY_MAX, 0);
    ck_assert_int_eq(feed(&b), RECORDS_WHOLE);
    buf_clear(&b);
    request(&b, 30, BODY_MAX + 1, 0);
    ck_assert_int_eq(feed(&b), RECORDS_OVERSIZE);
    buf_free(&b);
}
END_TEST

START_TEST(an_oversized_body_shows_at_once_and_stays_so)
{
    struct buf b = BUF_INIT(1u << 20);
    struct records r;

    record(&b, BEGIN, 1, 8, 0);
    record(&b, PARAMS, 1, 0, 0);
    record(&b, STDIN, 1, 11, 0);
    records_init(&r, 10);
    ck_assert_int_eq(records_feed(&r, b.data, b.len - 11), RECORDS_OVERSIZE);
    ck_assert_int_eq(records_feed(&r, b.data, b.len), RECORDS_OVERSIZE);
    buf_free(&b);
}
END_TEST

START_TEST(no_body_at_all_fits_a_ceiling_of_nothing)
{
    struct buf b = BUF_INIT(1u << 20);
    struct records r;

    request(&b, 30, 0, 0);
    records_init(&r, 0);
    ck_assert_int_eq(records_feed(&r, b.data, b.len), RECORDS_WHOLE);
    buf_free(&b);
}
END_TEST

START_TEST(parameters_may_reach_their_ceiling_and_not_pass_it)
{
    struct buf b = BUF_INIT(1u << 20);

    request(&b, RECORDS_PARAMS_MAX, 0, 0);
    ck_assert_int_eq(feed(&b), RECORDS_WHOLE);
    buf_clear(&b);
    request(&b, RECORDS_PARAMS_MAX + 1, 0, 0);
    ck_assert_int_eq(feed(&b), RECORDS_BAD);
    buf_free(&b);
}
END_TEST

START_TEST(another_version_is_refused_in_any_record)
{
    static const char versions[] = { 0, 2, 'G', (char)0x80, (char)0xff };

    for (size_t at = 0; at < 3; at++) {
        for (size_t v = 0; v < sizeof versions; v++) {
            struct buf b = BUF_INIT(1u << 20);
            size_t places[] = { 0, 16, 24 }; /* of begin, end of params, end of input */

            request(&b, 0, 0, 0);
            b.data[places[at]] = versions[v];
            ck_assert_int_eq(feed(&b), RECORDS_BAD);
            buf_free(&b);
        }
    }
}
END_TEST

START_TEST(management_records_are_refused_before_their_content)
{
    ck_assert_int_eq(REQUEST({ GET_VALUES, 0, 0 }), RECORDS_BAD);
    ck_assert_int_eq(REQUEST({ UNKNOWN, 0, 8 }), RECORDS_BAD);
    ck_assert_int_eq(REQUEST({ BEGIN, 1, 8 }, { GET_VALUES, 0, 100 }), RECORDS_BAD);
    ck_assert_int_eq(REQUEST({ BEGIN, 1, 8 }, { GET_VALUES, 1, 100 }), RECORDS_BAD);
    ck_assert_int_eq(REQUEST({ BEGIN, 1, 8 }, { PARAMS, 1, 0 }, { GET_VALUES, 0, 9 }), RECORDS_BAD);
}
END_TEST

START_TEST(every_other_type_is_refused)
{
    for (int type = 0; type < 256; type++) {
        if (type == BEGIN || type == PARAMS || type == STDIN)
            continue;
        struct buf b = BUF_INIT(1u << 10);

        record(&b, BEGIN, 1, 8, 0);
        record(&b, PARAMS, 1, 0, 0);
        record(&b, type, 1, 0, 0);
        ck_assert_msg(feed(&b) == RECORDS_BAD, "type %d is taken", type);
        buf_free(&b);
    }
}
END_TEST

START_TEST(one_request_at_a_time)
{
    ck_assert_int_eq(REQUEST({ BEGIN, 1, 8 }, { BEGIN, 1, 8 }), RECORDS_BAD);
    ck_assert_int_eq(REQUEST({ BEGIN, 1, 8 }, { BEGIN, 2, 8 }), RECORDS_BAD);
    ck_assert_int_eq(REQUEST({ BEGIN, 1, 8 }, { PARAMS, 2, 0 }), RECORDS_BAD);
    ck_assert_int_eq(REQUEST({ BEGIN, 1, 8 }, { PARAMS, 1, 0 }, { STDIN, 2, 0 }), RECORDS_BAD);
    ck_assert_int_eq(REQUEST({ BEGIN, 0x102, 8 }, { PARAMS, 0x102, 0 }, { STDIN, 0x102, 0 }),
                     RECORDS_WHOLE);
    ck_assert_int_eq(REQUEST({ BEGIN, 0x102, 8 }, { PARAMS, 0x002, 0 }), RECORDS_BAD);
    ck_assert_int_eq(REQUEST({ BEGIN, 0x102, 8 }, { PARAMS, 0x100, 0 }), RECORDS_BAD);
}
END_TEST

START_TEST(records_come_in_their_order)
{
    ck_assert_int_eq(REQUEST({ PARAMS, 1, 0 }), RECORDS_BAD);
    ck_assert_int_eq(REQUEST({ STDIN, 1, 0 }), RECORDS_BAD);
    ck_assert_int_eq(REQUEST({ BEGIN, 1, 8 }, { STDIN, 1, 0 }), RECORDS_BAD);
    ck_assert_int_eq(REQUEST({ BEGIN, 1, 8 }, { PARAMS, 1, 5 }, { STDIN, 1, 5 }), RECORDS_BAD);
    ck_assert_int_eq(REQUEST({ BEGIN, 1, 8 }, { PARAMS, 1, 0 }, { PARAMS, 1, 5 }), RECORDS_BAD);
    ck_assert_int_eq(REQUEST({ BEGIN, 1, 8 }, { PARAMS, 1, 0 }, { STDIN, 1, 5 }, { PARAMS, 1, 5 }),
                     RECORDS_BAD);
}
END_TEST

START_TEST(a_beginning_has_eight_bytes_and_an_id)
{
    ck_assert_int_eq(REQUEST({ BEGIN, 0, 8 }), RECORDS_BAD);
    ck_assert_int_eq(REQUEST({ BEGIN, 1, 0 }), RECORDS_BAD);
    ck_assert_int_eq(REQUEST({ BEGIN, 1, 7 }), RECORDS_BAD);
    ck_assert_int_eq(REQUEST({ BEGIN, 1, 9 }), RECORDS_BAD);
    ck_assert_int_eq(REQUEST({ BEGIN, 1, 8 }), RECORDS_PARTIAL);
}
END_TEST

START_TEST(a_bad_one_stays_bad)
{
    struct buf b = BUF_INIT(1u << 20);
    struct records r;

    request(&b, 30, 50, 0);
    records_init(&r, BODY_MAX);
    ck_assert_int_eq(records_feed(&r, "GET / HTTP/1.1\r\n\r\n", 18), RECORDS_BAD);
    ck_assert_int_eq(records_feed(&r, b.data, b.len), RECORDS_BAD);
    buf_free(&b);
}
END_TEST

SUITE("records", a_request_is_whole_with_the_end_of_its_input, a_fresh_walk_is_partial,
      it_is_partial_up_to_its_last_byte_wherever_it_is_cut,
      padding_belongs_to_it_and_may_be_cut_too, it_may_come_byte_by_byte,
      what_follows_a_whole_request_is_not_looked_at, a_body_may_reach_its_ceiling_and_not_pass_it,
      an_oversized_body_shows_at_once_and_stays_so, no_body_at_all_fits_a_ceiling_of_nothing,
      parameters_may_reach_their_ceiling_and_not_pass_it, another_version_is_refused_in_any_record,
      management_records_are_refused_before_their_content, every_other_type_is_refused,
      one_request_at_a_time, records_come_in_their_order, a_beginning_has_eight_bytes_and_an_id,
      a_bad_one_stays_bad)
