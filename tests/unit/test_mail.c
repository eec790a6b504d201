/* Tests of workerd/adapters/mail: what a mail says, whichever provider carries it. */
#include "workerd/adapters/mail.h"

#include <string.h>

#include "tests/unit/suite.h"

static struct arena mem;
static struct error err;

static const struct delivery hello = {
    .recipient_id = "M.0",
    .platform = PF_EMAIL,
    .address = "ada@example.com",
    .content = "Hello",
    .from = "Notices <notices@example.org>",
};

#define TEN "0123456789"
#define NINETY TEN TEN TEN TEN TEN TEN TEN TEN TEN

START_TEST(a_mail_without_a_subject_has_its_first_line)
{
    static const struct {
        const char *subject, *content, *wanted;
    } rows[] = {
        { "Code", "Hello", "Code" },
        { " ", "Hello", " " },
        { NULL, "Hello", "Hello" },
        { "", "Hello", "Hello" },
        { NULL, "Hello\nworld", "Hello" },
        { NULL, "Hello\r\nworld", "Hello" },
        { NULL, "Hello\rworld", "Hello" },
        { NULL, "\n\r\n \t \n  Hello there \nworld", "Hello there" },
        { NULL, "\x01\x02\nHello", "Hello" },
        { NULL,
          "a\tb\x07"
          "c",
          "a b c" },
        { NULL, "", "(no subject)" },
        { NULL, " \n\t\r\n", "(no subject)" },
        { NULL, NINETY TEN, NINETY TEN },
        { NULL, NINETY TEN "\nmore", NINETY TEN },
        { NULL, NINETY TEN "x", NINETY "0123456\xE2\x80\xA6" },
        { NULL, "   " NINETY TEN, NINETY TEN },
        { NULL, NINETY "012345678\xE2\x82\xAC", NINETY "0123456\xE2\x80\xA6" },
        { NULL, NINETY "01234567\xE2\x82\xAC", NINETY "0123456\xE2\x80\xA6" },
        { NULL, NINETY "0123456\xE2\x82\xAC", NINETY "0123456\xE2\x82\xAC" },
        { NULL, NINETY "012345\xE2\x82\xAC" TEN, NINETY "012345\xE2\x80\xA6" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct delivery d = hello;

        d.subject = rows[i].subject;
        d.content = rows[i].content;
        ck_assert_str_eq(mail_subject(&d, &mem), rows[i].wanted);
        ck_assert_uint_le(strlen(mail_subject(&d, &mem)), 100);
    }
    arena_done(&mem);
}
END_TEST

START_TEST(a_sender_is_taken_apart)
{
    struct delivery d = hello;
    struct mail m;

    ck_assert_int_eq(mail_describe(&m, &d, "", &mem, &err), ST_OK);
    ck_assert_str_eq(m.from_name, "Notices");
    ck_assert_str_eq(m.from_addr, "notices@example.org");
    ck_assert_ptr_null(m.unsubscribe);
    ck_assert(!m.one_click);
    d.from = "notices@example.org";
    ck_assert_int_eq(mail_describe(&m, &d, "", &mem, &err), ST_OK);
    ck_assert_str_eq(m.from_name, "");
    arena_done(&mem);
}
END_TEST

START_TEST(the_way_out_names_the_recipient)
{
    struct mail m;

    ck_assert_int_eq(mail_describe(&m, &hello, "<https://h/{id}>", &mem, &err), ST_OK);
    ck_assert_str_eq(m.unsubscribe, "<https://h/M.0>");
    ck_assert(m.one_click);
    ck_assert_int_eq(mail_describe(&m, &hello, "<http://h/{id}>", &mem, &err), ST_OK);
    ck_assert(!m.one_click);
    arena_done(&mem);
}
END_TEST

START_TEST(what_cannot_be_a_mail_says_why)
{
    static const struct {
        const char *from, *subject, *code;
    } rows[] = {
        { NULL, "x", "no_sender: " },
        { "notices", "x", "bad_sender: " },
        { "a@b.example\r\nBcc: c@d.example", "x", "bad_sender: " },
        { "a@b.example", "x\r\nBcc: c@d.example", "bad_header: " },
        { "a@b.example", "x\ny", "bad_header: " },
        { "a@b.example", "x\ty", "bad_header: " },
        { "a@b.example", "x\x7Fy", "bad_header: " },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct delivery d = hello;
        struct mail m;

        d.from = rows[i].from;
        d.subject = rows[i].subject;
        ck_assert_int_eq(mail_describe(&m, &d, "", &mem, &err), ST_INVALID);
        ck_assert_ptr_eq(strstr(err.text, rows[i].code), err.text);
        ck_assert_ptr_null(strstr(err.text, "example"));
    }
    arena_done(&mem);
}
END_TEST

SUITE("mail", a_mail_without_a_subject_has_its_first_line, a_sender_is_taken_apart,
      the_way_out_names_the_recipient, what_cannot_be_a_mail_says_why)
