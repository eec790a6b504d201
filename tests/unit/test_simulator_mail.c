/* test_simulator_mail - which mails the simulated server takes, and what it reads in them. */
#include "tests/simulator/mail.h"

#include <string.h>

#include "tests/unit/suite.h"
#include "workerd/adapters/mime.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define DATE "Date: Thu, 24 Aug 2023 05:01:45 +0000\r\n"
#define FROM "From: \"Ada L.\" <ada@example.com>\r\n"
#define TO "To: grace@example.com\r\n"
#define SUBJECT "Subject: Hello\r\n"
#define ID "Message-ID: <m.0@example.com>\r\n"
#define MIME "MIME-Version: 1.0\r\n"
#define HEAD DATE FROM TO SUBJECT ID MIME
#define TEXT(charset, encoding)                  \
    "Content-Type: text/plain; charset=" charset \
    "\r\nContent-Transfer-Encoding: " encoding "\r\n\r\n"
#define PLAIN TEXT("utf-8", "7bit")
#define BODY PLAIN "hi\r\n"
#define RIGHT HEAD BODY
/* A right mail without the field that stands between these two. */
#define ALTERNATIVE(boundary) "Content-Type: multipart/alternative; boundary=" boundary "\r\n\r\n"
#define PART_TEXT "Content-Type: text/plain; charset=utf-8\r\n\r\nhi\r\n"
#define PART_HTML "Content-Type: text/html; charset=utf-8\r\n\r\n<p>hi</p>\r\n"

static const struct mail_terms terms = { .from = "ada@example.com" };
static const struct mail_terms eight = { .from = "ada@example.com", .eight_bit = true };
static const struct mail_terms utf8 = { "ada@example.com", true, true };

START_TEST(a_mail_that_breaks_a_rule_is_refused)
{
    static const struct {
        const char *mail, *fault; /* the beginning of the words */
    } rows[] = {
        { "", "there is no empty line behind the header" },
        { "\r\nhi\r\n", "there is no Date" },
        { DATE FROM TO SUBJECT ID MIME PLAIN "hi", "the last line does not end with CRLF" },
        { HEAD PLAIN "hi\nthere\r\n", "a line does not end with CRLF" },
        { HEAD PLAIN "hi\rthere\r\n", "a line does not end with CRLF" },
        { HEAD PLAIN "h\xC3\xB6\r\n", "there is a byte that is not ASCII" },
        /* The header. */
        { FROM TO SUBJECT ID MIME BODY, "there is no Date" },
        { DATE TO SUBJECT ID MIME BODY, "there is no From" },
        { DATE FROM SUBJECT ID MIME BODY, "there is no To" },
        { DATE FROM TO SUBJECT MIME BODY, "there is no Message-ID" },
        { DATE FROM TO SUBJECT ID BODY, "there is no MIME-Version" },
        { DATE HEAD BODY, "there are several Date" },
        { FROM HEAD BODY, "there are several From" },
        { TO HEAD BODY, "there are several To" },
        { ID HEAD BODY, "there are several Message-ID" },
        { MIME HEAD BODY, "there are several MIME-Version" },
        { SUBJECT HEAD BODY, "there are several Subject" },
        { "subject: x\r\n" HEAD BODY, "there are several Subject" },
        { "Bcc: x@example.com\r\n" HEAD BODY, "there is a Bcc" },
        { HEAD, "there is no empty line behind the header" },
        { " " HEAD BODY, "the header begins with a line that goes on" },
        { HEAD "nothing\r\n" BODY, "a header has no colon" },
        { HEAD ": x\r\n" BODY, "a header has no name" },
        { HEAD "X Y: x\r\n" BODY, "a header's name has a character" },
        { HEAD "Subject : x\r\n" BODY, "a header's name has a character" },
        { HEAD "X: a\x01\r\n" BODY, "a header has a control character" },
        { HEAD "X: a\r\n \t\r\n" BODY, "a header has a line of nothing but blanks" },
        { DATE FROM TO ID MIME "Subject: =?utf-8?Q?aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                               "aaaaaaaaaa?= a\r\n" BODY,
          "a line with an encoded word has more than 76" },
        { "Date: 24 Aug 2023 05:01:45 +0000\r\n" FROM TO ID MIME BODY, "Date is not as in" },
        { "Date: Thu, 24 Aug 2023 05:01:45\r\n" FROM TO ID MIME BODY, "Date is not as in" },
        { "Date: Thu, 24 Aug 2023 05:01:45 GMT\r\n" FROM TO ID MIME BODY, "Date is not as in" },
        { "Date: Fri, 24 Aug 2023 05:01:45 +0000\r\n" FROM TO ID MIME BODY, "Date names the wrong" },
        { "Date: Thu, 31 Feb 2023 05:01:45 +0000\r\n" FROM TO ID MIME BODY, "Date is a day that" },
        { "Date: Thu, 24 Aug 2023 25:01:45 +0000\r\n" FROM TO ID MIME BODY, "Date is no time" },
        { DATE "From: grace@example.com\r\n" TO ID MIME BODY, "From is not the sender" },
        { DATE "From: Ada@example.com\r\n" TO ID MIME BODY, "From is not the sender" },
        { DATE "From: ada@example.com, x@example.com\r\n" TO ID MIME BODY, "there are more addresses" },
        { DATE "From: ada\r\n" TO ID MIME BODY, "an address is none" },
        { DATE "From: Ada L. <ada@example.com>\r\n" TO ID MIME BODY, "a name has a character" },
        { DATE "From: Ada <ada@example.com\r\n" TO ID MIME BODY, "an address in brackets" },
        { DATE "From: Ada <ada@example.com> x\r\n" TO ID MIME BODY, "an address in brackets" },
        { DATE "From: \"Ada <ada@example.com>\r\n" TO ID MIME BODY, "a name in quotes" },
        { DATE "From: \"Ada\" x <ada@example.com>\r\n" TO ID MIME BODY, "a name in quotes" },
        { DATE "From: =?utf-8?B?QWRh?=<ada@example.com> (x)\r\n" TO ID MIME BODY,
          "an address in brackets" },
        { DATE FROM "To: grace@example.com,\r\n" ID MIME BODY, "an address is none" },
        { DATE FROM "To: undisclosed-recipients:;\r\n" ID MIME BODY, "an address is none" },
        { DATE FROM "To:\r\n" ID MIME BODY, "an address is none" },
        { DATE FROM TO "Cc: x\r\n" ID MIME BODY, "an address is none" },
        { DATE FROM TO "Message-ID: m.0@example.com\r\n" MIME BODY, "Message-ID is not" },
        { DATE FROM TO "Message-ID: <m.0>\r\n" MIME BODY, "Message-ID is not" },
        { DATE FROM TO "Message-ID: <@example.com>\r\n" MIME BODY, "Message-ID is not" },
        { DATE FROM TO "Message-ID: <m.0@>\r\n" MIME BODY, "Message-ID is not" },
        { DATE FROM TO "Message-ID: <m 0@example.com>\r\n" MIME BODY, "Message-ID is not" },
        { DATE FROM TO "Message-ID: <m@a@example.com>\r\n" MIME BODY, "Message-ID is not" },
        { DATE FROM TO ID "MIME-Version: 1.1\r\n" BODY, "MIME-Version is not 1.0" },
        /* Encoded words. */
        { DATE FROM TO ID MIME "Subject: =?utf-8?X?aGk=?=\r\n" BODY, "an encoded word can't be" },
        { DATE FROM TO ID MIME "Subject: =?utf-8?B?aGk?=\r\n" BODY, "an encoded word can't be" },
        { DATE FROM TO ID MIME "Subject: =?utf-8?Q?a=f?=\r\n" BODY, "an encoded word can't be" },
        { DATE FROM TO ID MIME "Subject: =?latin1?Q?a?=\r\n" BODY, "an encoded word is broken" },
        { DATE FROM TO ID MIME "Subject: =?utf-8?Q?a b?=\r\n" BODY, "an encoded word is broken" },
        { DATE FROM TO ID MIME "Subject: a=?utf-8?Q?b?=\r\n" BODY, "an encoded word does not stand" },
        { DATE FROM TO ID MIME "Subject: =?utf-8?Q?=C3?= =?utf-8?Q?=B6?=\r\n" BODY,
          "an encoded word holds no whole" },
        { DATE FROM TO ID MIME "Subject: =?utf-8?B?AAAA?=\r\n" BODY, "an encoded word holds no" },
        /* Types and encodings. */
        { HEAD "Content-Type: text\r\n\r\nhi\r\n", "Content-Type is not type/subtype" },
        { HEAD "Content-Type: text/plain; charset\r\n\r\nhi\r\n", "a parameter of Content-Type has" },
        { HEAD "Content-Type: text/plain; charset=\"utf-8\r\n\r\nhi\r\n", "Content-Type has quotes" },
        { HEAD "Content-Type: text/plain; charset=u/8\r\n\r\nhi\r\n", "a parameter of Content-Type w" },
        { HEAD "Content-Type: text/plain; charset=\"utf-8\"x\r\n\r\nhi\r\n", "something follows a" },
        { HEAD TEXT("iso-8859-1", "7bit") "hi\r\n", "a text is neither in UTF-8" },
        { HEAD TEXT("utf-8", "uuencode") "hi\r\n", "there is no such Content-Transfer-Encoding" },
        { HEAD TEXT("utf-8", "base64") "aGk\r\n", "base64 can't be decoded" },
        { HEAD TEXT("utf-8", "base64") "aGk=aGk=\r\n", "base64 can't be decoded" },
        { HEAD TEXT("utf-8", "base64") "aG k=\r\n", "base64 can't be decoded" },
        { HEAD TEXT("utf-8", "base64") "/w==\r\n", "a text is not UTF-8" },
        { HEAD TEXT("utf-8", "base64") "AA==\r\n", "a text has a NUL" },
        { HEAD TEXT("us-ascii", "base64") "w7Y=\r\n", "a text in US-ASCII is none" },
        { HEAD "Content-Transfer-Encoding: base64\r\n\r\nw7Y=\r\n", "a text in US-ASCII is none" },
        { HEAD TEXT("utf-8", "base64") "aGlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpa"
                                       "WlpaWlpaWlpaWlpaWlp\r\n",
          "a line of base64 has more than 76" },
        { HEAD TEXT("utf-8", "quoted-printable") "a=\r\n=\r\nb=4\r\n", "quoted-printable has a broken" },
        { HEAD TEXT("utf-8", "quoted-printable") "a=c3=b6\r\n", "quoted-printable has a broken" },
        { HEAD TEXT("utf-8", "quoted-printable") "a=C3\r\n", "a text is not UTF-8" },
        { HEAD TEXT("utf-8", "quoted-printable") "a \r\n", "a line of quoted-printable ends with" },
        { HEAD TEXT("utf-8", "quoted-printable") "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                                                 "aaaaaaaaaaaaaaaaaaaaaaaaa\r\n",
          "a line of quoted-printable has more" },
        /* Parts. */
        { HEAD "Content-Type: multipart/alternative\r\n\r\n--b\r\n" PART_TEXT "--b--\r\n",
          "a multipart has no boundary" },
        { HEAD ALTERNATIVE("\"b \"") "--b \r\n" PART_TEXT "--b --\r\n", "a boundary has characters" },
        { HEAD ALTERNATIVE("b") PART_TEXT, "a multipart has no part" },
        { HEAD ALTERNATIVE("b") "--b--\r\n", "a multipart has no part" },
        { HEAD ALTERNATIVE("b") "--b\r\n" PART_TEXT, "a multipart does not end" },
        { HEAD ALTERNATIVE("b") "--b\r\n" PART_TEXT "--b\r\n", "a multipart does not end" },
        { HEAD ALTERNATIVE("b") "--b\r\n" PART_HTML "--b\r\n" PART_TEXT "--b--\r\n",
          "of alternatives text/plain comes after" },
        { HEAD "Content-Transfer-Encoding: base64\r\n" ALTERNATIVE("b") "--b\r\n" PART_TEXT "--b--\r\n",
          "a multipart has a transfer encoding" },
        { HEAD ALTERNATIVE("b") "--b\r\nnothing\r\n\r\nhi\r\n--b--\r\n", "a header has no colon" },
        { HEAD ALTERNATIVE("b") "--b\r\nContent-Type: x\r\n\r\nhi\r\n--b--\r\n", "Content-Type is not" },
        { HEAD ALTERNATIVE("b") "--b\r\nX: y\r\n--b--\r\n", "there is no empty line" },
        { HEAD ALTERNATIVE("a") "--a\r\n" ALTERNATIVE("b") "--b\r\n" ALTERNATIVE("c") "--c\r\n"
          ALTERNATIVE("d") "--d\r\n" ALTERNATIVE("e") "--e\r\n" PART_TEXT "--e--\r\n--d--\r\n--c--\r\n"
          "--b--\r\n--a--\r\n",
          "parts are nested too deep" },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena mem = ARENA_INIT;
        struct mail mail;
        const char *fault = mail_read(&mem, rows[i].mail, strlen(rows[i].mail), &terms, &mail);

        ck_assert_msg(fault != NULL, "taken: %s", rows[i].mail);
        ck_assert_msg(strncmp(fault, rows[i].fault, strlen(rows[i].fault)) == 0, "%s: %s", fault,
                      rows[i].mail);
        arena_done(&mem);
    }
}
END_TEST

START_TEST(a_right_mail_is_read)
{
    static const struct {
        const struct mail_terms *terms;
        const char *mail, *subject, *text, *html;
        int attachments;
    } rows[] = {
        { &terms, RIGHT, "Hello", "hi", NULL, 0 },
        { &terms, DATE FROM TO ID MIME BODY, NULL, "hi", NULL, 0 },
        { &terms, HEAD "\r\nhi\r\n", "Hello", "hi", NULL, 0 },
        { &terms, HEAD "\r\n", "Hello", "", NULL, 0 },
        { &terms, HEAD PLAIN "hi\r\n\r\nthere\r\n\r\n", "Hello", "hi\n\nthere\n", NULL, 0 },
        { &terms, DATE FROM TO ID MIME "Subject: a  b\r\n\tc\r\n" BODY, "a  b\tc", "hi", NULL, 0 },
        { &terms, DATE FROM TO ID MIME "Subject: =?utf-8?Q?h=C3=B6?=\r\n =?UTF-8?b?IHlvdQ==?= x\r\n"
          BODY, "h\xC3\xB6 you x", "hi", NULL, 0 },
        { &terms, DATE FROM TO ID MIME "Subject: =?utf-8?Q?a_b=5F?=\r\n" BODY, "a b_", "hi", NULL, 0 },
        { &terms, DATE "From: =?utf-8?B?w4RkYQ==?= <ada@EXAMPLE.com>\r\nTo: a@example.com, \"B, C\""
          " <b@example.com>\r\nCc: \"x\\\"y\" <c@example.com>\r\nReply-To: r@example.com\r\n" ID MIME
          BODY, NULL, "hi", NULL, 0 },
        { &terms, HEAD TEXT("UTF-8", "base64") "aMO2\r\nIHlvdQ==\r\n", "Hello", "h\xC3\xB6 you", NULL,
          0 },
        { &terms, HEAD TEXT("utf-8", "base64") "\r\n", "Hello", "", NULL, 0 },
        { &terms, HEAD TEXT("\"utf-8\"", "Quoted-Printable") "h=C3=B6 =\r\nyou =3D=20\r\n", "Hello",
          "h\xC3\xB6 you = ", NULL, 0 },
        { &eight, HEAD TEXT("utf-8", "8bit") "h\xC3\xB6\r\n", "Hello", "h\xC3\xB6", NULL, 0 },
        { &utf8, DATE FROM TO ID MIME "Subject: h\xC3\xB6\r\n" BODY, "h\xC3\xB6", "hi", NULL, 0 },
        { &terms, HEAD "Content-Type: text/html; charset=us-ascii\r\n\r\n<p>hi</p>\r\n", "Hello", NULL,
          "<p>hi</p>", 0 },
        { &terms, HEAD ALTERNATIVE("\"a b\"") "before\r\n--a b\r\n" PART_TEXT "--a b\r\n" PART_HTML
          "--a b--\r\nbehind\r\n", "Hello", "hi", "<p>hi</p>", 0 },
        { &terms, HEAD ALTERNATIVE("b") "--b\r\n\r\nhi\r\n--bb\r\n--b--\r\n", "Hello",
          "hi\n--bb", NULL, 0 },
        { &terms, HEAD "Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n" ALTERNATIVE("b")
          "--b\r\n" PART_TEXT "--b\r\n" PART_HTML "--b--\r\n--m\r\nContent-Type: image/png; name=a.png"
          "\r\nContent-Transfer-Encoding: base64\r\n\r\naGk=\r\n--m--\r\n", "Hello", "hi", "<p>hi</p>",
          1 },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena mem = ARENA_INIT;
        struct mail mail;
        const char *fault = mail_read(&mem, rows[i].mail, strlen(rows[i].mail), rows[i].terms, &mail);

        ck_assert_msg(fault == NULL, "%s: %s", fault, rows[i].mail);
        ck_assert_pstr_eq(mail.subject, rows[i].subject);
        ck_assert_pstr_eq(mail.text, rows[i].text);
        ck_assert_pstr_eq(mail.html, rows[i].html);
        ck_assert_int_eq(mail.attachments, rows[i].attachments);
        ck_assert_str_eq(mail.message_id, "<m.0@example.com>");
        arena_done(&mem);
    }
}
END_TEST

static const char *fault_of_line(size_t bytes)
{
    struct arena mem = ARENA_INIT;
    struct buf text = BUF_INIT(65536);
    struct mail mail;
    const char *fault;

    buf_adds(&text, HEAD PLAIN);
    for (size_t i = 0; i < bytes; i++)
        buf_addc(&text, 'a');
    buf_adds(&text, "\r\n");
    fault = mail_read(&mem, buf_str(&text), text.len, &terms, &mail);
    buf_free(&text);
    arena_done(&mem);
    return fault;
}

START_TEST(a_line_has_at_most_998_bytes)
{
    ck_assert_ptr_null(fault_of_line(998));
    ck_assert_str_eq(fault_of_line(999), "a line has more than 998 bytes");
}
END_TEST

START_TEST(a_nul_is_never_mail)
{
    static const char text[] = RIGHT "\0\r\n";
    struct arena mem = ARENA_INIT;
    struct mail mail;

    ck_assert_str_eq(mail_read(&mem, text, sizeof text - 1, &eight, &mail), "there is a NUL");
    arena_done(&mem);
}
END_TEST

START_TEST(a_refused_mail_is_read_as_far_as_it_goes)
{
    static const char text[] = HEAD TEXT("utf-8", "base64") "!\r\n";
    struct arena mem = ARENA_INIT;
    struct mail mail;

    ck_assert_ptr_nonnull(mail_read(&mem, text, strlen(text), &terms, &mail));
    ck_assert_str_eq(mail.subject, "Hello");
    ck_assert_str_eq(mail.message_id, "<m.0@example.com>");
    arena_done(&mem);
}
END_TEST

/* What the project sends keeps all of these rules, and comes out as it went in. */
START_TEST(mails_of_the_worker_keep_the_rules)
{
    static const char long_word[] =
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    static const struct {
        const char *name, *subject, *text, *html;
    } rows[] = {
        { "", NULL, "hi", NULL },
        { "Ada", "Hello", "hi\nthere", "<p>hi</p>" },
        { "\xC3\x84" "da \"the\" L.", "h\xC3\xB6", "h\xC3\xB6", "<p>h\xC3\xB6</p>" },
        { "Ada, L.", " two  blanks ", "a = b\t \n.\n..\nFrom x", "=" },
        { long_word, long_word, long_word, long_word },
        { "=?utf-8?Q?a?=", "=?utf-8?Q?a?=", "=?utf-8?Q?a?=", "--=_m.0--" },
        { "\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98"
          "\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80",
          "\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98"
          "\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80",
          "\xF0\x9F\x98\x80\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80" },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct mime_mail what = { .id = "m.0",
                                        .from_name = rows[i].name,
                                        .from_addr = "ada@example.com",
                                        .to_addr = "grace@example.com",
                                        .subject = rows[i].subject,
                                        .text = rows[i].text,
                                        .html = rows[i].html,
                                        .date_ms = 1692853305000 };
        struct buf out = BUF_INIT(1 << 20);
        struct arena mem = ARENA_INIT;
        struct mail mail;
        const char *fault;

        ck_assert_int_eq(mime_write(&out, &what, &mem, NULL), ST_OK);
        fault = mail_read(&mem, buf_str(&out), out.len, &terms, &mail);
        ck_assert_msg(fault == NULL, "%s:\n%s", fault, buf_str(&out));
        ck_assert_pstr_eq(mail.subject, rows[i].subject);
        ck_assert_pstr_eq(mail.text, rows[i].text);
        ck_assert_pstr_eq(mail.html, rows[i].html);
        ck_assert_str_eq(mail.message_id, "<m.0@example.com>");
        buf_free(&out);
        arena_done(&mem);
    }
}
END_TEST

SUITE("simulator_mail", a_mail_that_breaks_a_rule_is_refused, a_right_mail_is_read,
      a_line_has_at_most_998_bytes, a_nul_is_never_mail, a_refused_mail_is_read_as_far_as_it_goes,
      mails_of_the_worker_keep_the_rules)
