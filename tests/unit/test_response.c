/* Tests of fcgi/response: the head of an answer, and that no value can add a header to it. */
#include "fcgi/response.h"

#include <string.h>

#include "tests/unit/suite.h"

static struct response res;
static struct buf head = BUF_INIT(65536);

static const char *written(void)
{
    buf_clear(&head);
    response_head(&res, &head);
    return buf_str(&head);
}

static void done(void)
{
    response_free(&res);
    buf_free(&head);
}

START_TEST(the_head_is_status_type_length_headers_and_an_empty_line)
{
    response_init(&res);
    res.status = 202;
    res.content_type = "application/json";
    response_header(&res, "Location", "/api/v1/messages/x");
    response_header(&res, "X-Request-Id", "req 1");
    buf_adds(&res.body, "{\"id\":\"x\"}");
    ck_assert_str_eq(written(), "Status: 202\r\n"
                                "Content-Type: application/json\r\n"
                                "Content-Length: 10\r\n"
                                "Location: /api/v1/messages/x\r\n"
                                "X-Request-Id: req 1\r\n"
                                "\r\n");
    done();
}
END_TEST

START_TEST(an_untouched_answer_is_an_empty_500)
{
    response_init(&res);
    ck_assert_str_eq(written(), "Status: 500\r\nContent-Length: 0\r\n\r\n");
    done();
}
END_TEST

START_TEST(a_used_answer_begins_anew)
{
    response_init(&res);
    res.status = 200;
    res.content_type = "text/plain";
    response_header(&res, "A", "b");
    buf_adds(&res.body, "words");
    response_init(&res);
    ck_assert_str_eq(written(), "Status: 500\r\nContent-Length: 0\r\n\r\n");
    ck_assert_str_eq(buf_str(&res.body), "");
    done();
}
END_TEST

START_TEST(the_length_counts_bytes_and_not_characters)
{
    response_init(&res);
    buf_add(&res.body, "\xe2\x82\xac\0x", 5);
    ck_assert_ptr_nonnull(strstr(written(), "\r\nContent-Length: 5\r\n"));
    done();
}
END_TEST

START_TEST(no_value_can_inject_a_header)
{
    static const char *const values[] = {
        "a\r\nSet-Cookie: x=1",
        "a\nSet-Cookie: x=1",
        "a\rSet-Cookie: x=1",
        "\r\n\r\n<html>",
        "\n",
        "\r",
        "a\r\n",
        "a\n",
    };

    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        response_init(&res);
        response_header(&res, "X-Before", "1");
        response_header(&res, "X-Request-Id", values[i]);
        response_header(&res, "X-After", "2");
        ck_assert_str_eq(written(), "Status: 500\r\nContent-Length: 0\r\n"
                                    "X-Before: 1\r\nX-After: 2\r\n\r\n");
    }
    done();
}
END_TEST

START_TEST(a_value_that_is_not_there_leaves_the_header_out)
{
    response_init(&res);
    response_header(&res, "Location", NULL);
    response_header(&res, "X-Empty", "");
    ck_assert_str_eq(written(), "Status: 500\r\nContent-Length: 0\r\nX-Empty: \r\n\r\n");
    done();
}
END_TEST

START_TEST(there_is_room_for_every_header_that_is_promised)
{
    char lines[RESPONSE_HEADERS_MOST * 8 + 1] = "";

    response_init(&res);
    for (int i = 0; i < RESPONSE_HEADERS_MOST; i++) {
        response_header(&res, "A", "b");
        strcat(lines, "A: b\r\n");
    }
    ck_assert_ptr_nonnull(strstr(written(), lines));
    done();
}
END_TEST

SUITE("response", the_head_is_status_type_length_headers_and_an_empty_line,
      an_untouched_answer_is_an_empty_500, a_used_answer_begins_anew,
      the_length_counts_bytes_and_not_characters, no_value_can_inject_a_header,
      a_value_that_is_not_there_leaves_the_header_out,
      there_is_room_for_every_header_that_is_promised)
