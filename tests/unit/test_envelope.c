/* Tests of common/broker/envelope: what is written is read back, and nothing else is taken. */
#include "common/broker/envelope.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/suite.h"

#define MESSAGE "01900000-0000-7000-8000-000000000001"

static struct arena mem;
static struct error err;

static enum status decode(const char *text, struct envelope *out)
{
    return envelope_decode(&mem, text, strlen(text), out, &err);
}

/* An envelope of this many recipients, all with these numbers. */
static void encode_many(struct buf *out, size_t count, int n, int fence)
{
    static struct envelope_recipient many[ENVELOPE_RECIPIENTS_MAX + 1];
    struct envelope e = { MESSAGE, many, count };

    for (size_t i = 0; i < count; i++)
        many[i] = (struct envelope_recipient){ n, fence };
    envelope_encode(out, &e);
}

START_TEST(an_event_names_the_message_and_pairs_of_n_and_fence)
{
    struct envelope_recipient recipients[] = { { 0, 0 }, { 17, 3 } };
    struct envelope e = { MESSAGE, recipients, 2 };
    struct buf out = BUF_INIT(ENVELOPE_BYTES_MAX);

    envelope_encode(&out, &e);
    ck_assert_str_eq(buf_str(&out),
                     "{\"message_id\":\"" MESSAGE "\",\"recipients\":[[0,0],[17,3]]}");
    buf_free(&out);
}
END_TEST

START_TEST(what_is_encoded_is_decoded_again)
{
    static const size_t counts[] = { 1, 2, ENVELOPE_RECIPIENTS_MAX };

    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct buf text = BUF_INIT(ENVELOPE_BYTES_MAX);
        struct envelope e;

        encode_many(&text, counts[i], 999, 42);
        ck_assert_int_eq(envelope_decode(&mem, buf_str(&text), text.len, &e, &err), ST_OK);
        buf_free(&text); /* nothing points into the text */
        ck_assert_str_eq(e.message_id, MESSAGE);
        ck_assert_uint_eq(e.count, counts[i]);
        ck_assert_int_eq(e.recipients[e.count - 1].n, 999);
        ck_assert_int_eq(e.recipients[e.count - 1].fence, 42);
    }
    arena_done(&mem);
}
END_TEST

START_TEST(the_largest_envelope_is_within_its_bound)
{
    struct buf text = BUF_INIT(ENVELOPE_BYTES_MAX);
    struct envelope e;

    encode_many(&text, ENVELOPE_RECIPIENTS_MAX, INT_MAX, INT_MAX);
    ck_assert(!buf_overflowed(&text));
    ck_assert_int_eq(envelope_decode(&mem, buf_str(&text), text.len, &e, &err), ST_OK);
    ck_assert_int_eq(e.recipients[0].n, INT_MAX);
    ck_assert_int_eq(e.recipients[0].fence, INT_MAX);
    buf_free(&text);
    arena_done(&mem);
}
END_TEST

START_TEST(one_recipient_too_many_is_refused)
{
    struct buf text = BUF_INIT(2 * ENVELOPE_BYTES_MAX);
    struct envelope e;

    encode_many(&text, ENVELOPE_RECIPIENTS_MAX + 1, 0, 0);
    ck_assert_int_eq(envelope_decode(&mem, buf_str(&text), text.len, &e, &err), ST_INVALID);
    ck_assert_str_eq(err.text, "envelope names 501 recipients; 1 to 500 are allowed");
    buf_free(&text);
    arena_done(&mem);
}
END_TEST

START_TEST(one_byte_too_many_is_refused)
{
    static char text[ENVELOPE_BYTES_MAX + 1];
    struct envelope e;

    memset(text, ' ', sizeof text);
    memcpy(text, "{\"message_id\":\"" MESSAGE "\",\"recipients\":[[0,0]]}",
           strlen("{\"message_id\":\"" MESSAGE "\",\"recipients\":[[0,0]]}"));
    ck_assert_int_eq(envelope_decode(&mem, text, ENVELOPE_BYTES_MAX, &e, &err), ST_OK);
    ck_assert_int_eq(envelope_decode(&mem, text, ENVELOPE_BYTES_MAX + 1, &e, &err), ST_INVALID);
    ck_assert_str_eq(err.text, "envelope of 16385 bytes; the most is 16384");
    arena_done(&mem);
}
END_TEST

START_TEST(unknown_members_are_ignored)
{
    struct envelope e;

    ck_assert_int_eq(decode("{\"v\":2,\"message_id\":\"" MESSAGE "\",\"lane\":{\"x\":[1]},"
                            "\"recipients\":[[4,1]],\"later\":null}",
                            &e),
                     ST_OK);
    ck_assert_str_eq(e.message_id, MESSAGE);
    ck_assert_uint_eq(e.count, 1);
    ck_assert_int_eq(e.recipients[0].n, 4);
    ck_assert_int_eq(e.recipients[0].fence, 1);
    arena_done(&mem);
}
END_TEST

/* What is not written as we write it is read all the same. */
START_TEST(another_writer_may_write_it_otherwise)
{
    static const char *const texts[] = {
        "{\"recipients\":[[4,1],[5,0]],\"message_id\":\"" MESSAGE "\"}",
        "{ \"message_id\": \"" MESSAGE "\", \"recipients\": [[4, 1], [5, 0]] }\n",
        "{\"message_id\":\"" MESSAGE "\",\"recipients\":[[4,1],[5,0]],\"x\":[]}",
        "{\"message_id\":\"" MESSAGE "\",\"recipients\":[[4,1],[5,0] ]}",
    };
    struct envelope e;

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        ck_assert_msg(decode(texts[i], &e) == ST_OK, "%s: %s", texts[i], err.text);
        ck_assert_str_eq(e.message_id, MESSAGE);
        ck_assert_uint_eq(e.count, 2);
        ck_assert_int_eq(e.recipients[0].n * 10 + e.recipients[0].fence, 41);
        ck_assert_int_eq(e.recipients[1].n * 10 + e.recipients[1].fence, 50);
    }
    arena_done(&mem);
}
END_TEST

#define OF(recipients) "{\"message_id\":\"" MESSAGE "\",\"recipients\":" recipients "}"
#define NO_PAIR(i) "envelope, recipient " i ": not a pair of numbers"
#define NO_ID "envelope has no message_id"
#define NOBODY "envelope names 0 recipients; 1 to 500 are allowed"

START_TEST(each_fault_is_refused_in_words_of_its_own)
{
    static const struct {
        const char *text, *fault;
    } rows[] = {
        { "", "envelope: line 1, column 0: the text ends too early" },
        { "{", "envelope: line 1, column 1: the text ends too early" },
        { "[]", NO_ID },
        { "null", NULL },
        { "{}", NO_ID },
        { "{\"recipients\":[[0,0]]}", NO_ID },
        { "{\"message_id\":7,\"recipients\":[[0,0]]}", NO_ID },
        { "{\"message_id\":\"7\",\"recipients\":[[0,0]]}", NO_ID },
        { "{\"message_id\":\"0190000z-0000-7000-8000-000000000001\",\"recipients\":[[0,0]]}", NO_ID },
        { "{\"message_id\":\"" MESSAGE "x\",\"recipients\":[[0,0]]}", NO_ID },
        { "{\"message_id\":\"" MESSAGE "\"}", NOBODY },
        { OF("[]"), NOBODY },
        { OF("{\"0\":[0,0]}"), NOBODY },
        { OF("\"[[0,0]]\""), NOBODY },
        { OF("[0]"), NO_PAIR("0") },
        { OF("[[0]]"), NO_PAIR("0") },
        { OF("[[0,0,0]]"), NO_PAIR("0") },
        { OF("[[0,0],[1,\"0\"]]"), NO_PAIR("1") },
        { OF("[[0,0],null]"), NO_PAIR("1") },
        { OF("[[-1,0]]"), NO_PAIR("0") },
        { OF("[[0,-1]]"), NO_PAIR("0") },
        { OF("[[0.5,0]]"), NO_PAIR("0") },
        { OF("[[01,0]]"), NULL },
        { OF("[[0,0]"), NULL },
        { OF("[[0,0],]"), NULL },
        { OF("[[0,0][1,0]]"), NULL },
        { OF("[[0,2147483648]]"), NO_PAIR("0") },
        { OF("[[4294967296,0]]"), NO_PAIR("0") },
        { "{\"message_id\":\"" MESSAGE "\",\"message_id\":\"" MESSAGE "\"}", NULL },
        { OF("[[0,0]]") "x", NULL },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct envelope untouched = { .count = 77 };

        ck_assert_msg(decode(rows[i].text, &untouched) == ST_INVALID, "%s is taken", rows[i].text);
        ck_assert_int_eq(err.kind, ST_INVALID);
        ck_assert_uint_eq(untouched.count, 77);
        if (rows[i].fault != NULL)
            ck_assert_str_eq(err.text, rows[i].fault);
    }
    arena_done(&mem);
}
END_TEST

SUITE("envelope", an_event_names_the_message_and_pairs_of_n_and_fence,
      what_is_encoded_is_decoded_again, the_largest_envelope_is_within_its_bound,
      one_recipient_too_many_is_refused, one_byte_too_many_is_refused, unknown_members_are_ignored,
      another_writer_may_write_it_otherwise, each_fault_is_refused_in_words_of_its_own)
