/* Tests of workerd/adapters/mime: mails that every reader reads alike. */
#include "workerd/adapters/mime.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/utf8.h"
#include "common/crypto/digest.h"
#include "tests/unit/suite.h"

static const struct mime_mail plain = {
    .id = "M.0",
    .from_name = "",
    .from_addr = "notices@example.org",
    .to_addr = "ada@example.com",
    .text = "Hello",
    .date_ms = 784111777000,
};
static struct arena mem;
static struct error err;

/* The mail as text, in the arena; its lines are short, end in CRLF, and in no blank before it. */
static char *write_mail(const struct mime_mail *mail)
{
    struct buf out = BUF_INIT(2u << 20);
    char *text, *line, *end;

    ck_assert_msg(mime_write(&out, mail, &mem, &err) == ST_OK, "%s", err.text);
    ck_assert(!buf_overflowed(&out));
    text = arena_strndup(&mem, buf_str(&out), out.len);
    buf_free(&out);
    for (line = text; *line != '\0'; line = end + 2) {
        end = strstr(line, "\r\n");
        ck_assert_ptr_nonnull(end);
        ck_assert_uint_eq(strcspn(line, "\r\n"), (size_t)(end - line));
        ck_assert_msg(end - line <= 76, "a line of %td bytes: %.*s", end - line, (int)(end - line),
                      line);
        ck_assert(end == line || (end[-1] != ' ' && end[-1] != '\t'));
        for (const char *at = line; at < end; at++)
            ck_assert(*at == '\t' || (*at >= ' ' && *at <= '~'));
    }
    return text;
}

/* A header's value with its folds taken out (RFC 5322 section 2.2.3). */
static char *header(char *mail, const char *name)
{
    char *at = strstr(mail, arena_printf(&mem, "\r\n%s:", name)), *out, *to;

    ck_assert_msg(at != NULL, "no header %s", name);
    at += strlen(name) + 3;
    at += strspn(at, " ");
    out = to = arena_strdup(&mem, at);
    for (; *at != '\0'; at++) {
        if (at[0] != '\r' || at[1] != '\n')
            *to++ = *at;
        else if (at[2] == ' ' || at[2] == '\t')
            at++;
        else
            break;
    }
    *to = '\0';
    return out;
}

static void check_utf8(const char *text, size_t len)
{
    for (size_t step; len > 0; text += step, len -= step) {
        step = utf8_length(text, len);
        ck_assert_uint_gt(step, 0);
    }
}

/* RFC 2047: encoded words are put together, the blanks between them are not text. */
static char *decode_words(const char *value)
{
    char *out = arena_strdup(&mem, value), *to = out;

    while (*value != '\0') {
        size_t len = strcspn(value, " "), n;

        if (strncmp(value, "=?UTF-8?B?", 10) != 0) {
            *to++ = *value++;
            continue;
        }
        ck_assert_uint_le(len, 75);
        ck_assert(base64_decode(value + 10, len - 12, (uint8_t *)to, &n));
        check_utf8(to, n);
        to += n;
        value += len;
        if (strncmp(value, " =?", 3) == 0)
            value++;
    }
    *to = '\0';
    return out;
}

static char *decode_quoted_printable(const char *text)
{
    char *out = arena_strdup(&mem, text), *to = out;

    for (; *text != '\0'; text++) {
        if (*text != '=') {
            *to++ = *text;
        } else if (text[1] == '\r') {
            text += 2;
        } else {
            const char hex[] = { text[1], text[2], '\0' };

            *to++ = (char)strtol(hex, NULL, 16);
            text += 2;
        }
    }
    *to = '\0';
    return out;
}

static char *decode_base64(const char *text)
{
    char *joined = arena_strdup(&mem, text), *to = joined, *out;
    size_t n;

    for (; *text != '\0'; text++)
        if (*text != '\r' && *text != '\n')
            *to++ = *text;
    out = arena_alloc(&mem, (size_t)(to - joined) + 1);
    ck_assert(base64_decode(joined, (size_t)(to - joined), (uint8_t *)out, &n));
    out[n] = '\0';
    return out;
}

/* What a reader sees of a body or a part that starts with its own headers. */
static char *decode_part(char *part)
{
    char *body = strstr(part, "\r\n\r\n");
    bool base64 = strstr(part, "Content-Transfer-Encoding: base64") != NULL;

    ck_assert_ptr_nonnull(body);
    return base64 ? decode_base64(body + 4) : decode_quoted_printable(body + 4);
}

START_TEST(the_headers_come_in_order)
{
    ck_assert_str_eq(write_mail(&plain), "Date: Sun, 06 Nov 1994 08:49:37 +0000\r\n"
                                         "From: notices@example.org\r\n"
                                         "To: ada@example.com\r\n"
                                         "Message-ID: <M.0@example.org>\r\n"
                                         "MIME-Version: 1.0\r\n"
                                         "Content-Type: text/plain; charset=utf-8\r\n"
                                         "Content-Transfer-Encoding: quoted-printable\r\n"
                                         "\r\n"
                                         "Hello\r\n");
    arena_done(&mem);
}
END_TEST

START_TEST(a_name_reads_as_it_was_given)
{
    static const struct {
        const char *name, *header;
    } rows[] = {
        { "", "notices@example.org" },
        { "Notices", "\"Notices\" <notices@example.org>" },
        { "Doe, \"J\" \\ Co", "\"Doe, \\\"J\\\" \\\\ Co\" <notices@example.org>" },
        { "Łódź", "=?UTF-8?B?xYHDs2TFug==?= <notices@example.org>" },
        { "=?x?=", "=?UTF-8?B?PT94Pz0=?= <notices@example.org>" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct mime_mail mail = plain;

        mail.from_name = rows[i].name;
        ck_assert_str_eq(header(write_mail(&mail), "From"), rows[i].header);
    }
    arena_done(&mem);
}
END_TEST

START_TEST(a_long_name_is_folded)
{
    struct mime_mail mail = plain;

    mail.from_name = "Verwaltungsgenossenschaft für außergewöhnliche Benachrichtigungen im "
                     "Straßenverkehr und darüber hinaus e. G. mit beschränkter Haftung";
    ck_assert_str_eq(decode_words(header(write_mail(&mail), "From")),
                     arena_printf(&mem, "%s <notices@example.org>", mail.from_name));
    arena_done(&mem);
}
END_TEST

START_TEST(a_subject_reads_as_it_was_given)
{
    static const char *const subjects[] = {
        "",
        "x",
        "Greetings",
        "Your code is 123456",
        " leading",
        "trailing ",
        "two  blanks",
        "tab\there",
        "=?UTF-8?Q?not_encoded?=",
        "100 % = all",
        "Grüße",
        "日本語の件名",
        "🎉",
        "\x01 control \x7f",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ("a long subject of plain words that has to be folded at a blank more than once, since it "
         "goes on and on and on, line after line, until even the writer has had enough of it all"),
    };

    for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++) {
        struct mime_mail mail = plain;

        mail.subject = subjects[i];
        ck_assert_str_eq(decode_words(header(write_mail(&mail), "Subject")), subjects[i]);
    }
    arena_done(&mem);
}
END_TEST

START_TEST(a_run_of_blanks_leaves_no_empty_line)
{
    char subject[300];

    memset(subject, ' ', sizeof subject);
    subject[0] = 'a';
    memcpy(subject + sizeof subject - 2, "b", 2);
    for (size_t i = 0; i < 200; i++) {
        struct mime_mail mail = plain;

        mail.subject = subject;
        ck_assert_str_eq(decode_words(header(write_mail(&mail), "Subject")), subject);
        memmove(subject + 1, subject + 2, strlen(subject + 1));
    }
    arena_done(&mem);
}
END_TEST

/* Every length at which an encoded word may have to end inside a character of 1 to 4 bytes. */
START_TEST(no_character_of_a_subject_is_cut)
{
    static const char *const characters[] = { "a", "é", "語", "🎉" };
    char subject[1000];

    for (size_t shift = 0; shift < 46; shift++)
        for (int c = 0; c < 4; c++) {
            struct mime_mail mail = plain;
            size_t len = shift;

            memset(subject, '=', shift);
            while (len + 4 < 998) {
                memcpy(subject + len, characters[c], strlen(characters[c]));
                len += strlen(characters[c]);
            }
            memcpy(subject + len, "é", 3);
            mail.subject = subject;
            ck_assert_str_eq(decode_words(header(write_mail(&mail), "Subject")), subject);
            arena_reset(&mem);
        }
    arena_done(&mem);
}
END_TEST

START_TEST(a_body_reads_as_it_was_given)
{
    static const struct {
        const char *text, *seen;
    } rows[] = {
        { "", "\r\n" },
        { "Hello", "Hello\r\n" },
        { "Hello\n", "Hello\r\n" },
        { "one\ntwo\r\nthree\rfour", "one\r\ntwo\r\nthree\r\nfour\r\n" },
        { "\n\n", "\r\n\r\n" },
        { "blank at the end \nand a tab\t", "blank at the end \r\nand a tab\t\r\n" },
        { "a = b", "a = b\r\n" },
        { ".\n..\nFrom here", ".\r\n..\r\nFrom here\r\n" },
        { "mostly plain with one é in it, and a few more words",
          "mostly plain with one é in it, and a few more words\r\n" },
        { "日本語の本文", "日本語の本文\r\n" },
        { "bell \a and escape \x1b, delete \x7f, among many more words of plain text",
          "bell \a and escape \x1b, delete \x7f, among many more words of plain text\r\n" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct mime_mail mail = plain;

        mail.text = rows[i].text;
        ck_assert_str_eq(decode_part(write_mail(&mail)), rows[i].seen);
    }
    arena_done(&mem);
}
END_TEST

START_TEST(lines_of_any_length_are_broken_and_joined_again)
{
    char text[400];

    for (size_t len = 60; len < sizeof text; len++) {
        static const char *const fillers[] = { "x", "=", " ", "é" };

        for (int f = 0; f < 4; f++) {
            struct mime_mail mail = plain;
            size_t used = 0, step = strlen(fillers[f]);

            for (; used + step <= len - 20; used += step)
                memcpy(text + used, fillers[f], step);
            memset(text + used, 'y', len - used - 1);
            text[len - 1] = '\0';
            mail.text = text;
            ck_assert_str_eq(decode_part(write_mail(&mail)), arena_printf(&mem, "%s\r\n", text));
            arena_reset(&mem);
        }
    }
    arena_done(&mem);
}
END_TEST

START_TEST(the_shorter_encoding_is_chosen)
{
    struct mime_mail mail = plain;

    mail.text = "Ein Satz mit einem ß darin, sonst nichts.";
    ck_assert_ptr_nonnull(strstr(write_mail(&mail), "Encoding: quoted-printable\r\n"));
    mail.text = "Всё по-русски";
    ck_assert_ptr_nonnull(strstr(write_mail(&mail), "Encoding: base64\r\n"));
    arena_done(&mem);
}
END_TEST

START_TEST(html_comes_as_the_second_of_two_parts)
{
    struct mime_mail mail = plain;
    char *text, *first, *second, *end;

    mail.text = "See --=_M.0-- there";
    mail.html = "<p>Grüße, <a href=\"https://example.com/?a=1&b=2\">hier</a></p>";
    text = write_mail(&mail);
    ck_assert_str_eq(header(text, "Content-Type"), "multipart/alternative; boundary=\"=_M.0\"");
    first = strstr(text, "\r\n\r\n--=_M.0\r\n");
    ck_assert_ptr_nonnull(first);
    second = strstr(first + 4, "\r\n--=_M.0\r\n");
    ck_assert_ptr_nonnull(second);
    end = strstr(second, "\r\n--=_M.0--\r\n");
    ck_assert_str_eq(end, "\r\n--=_M.0--\r\n");
    *second = *end = '\0';
    ck_assert_ptr_nonnull(strstr(first, "\r\nContent-Type: text/plain; charset=utf-8\r\n"));
    ck_assert_ptr_nonnull(strstr(second + 1, "\nContent-Type: text/html; charset=utf-8\r\n"));
    ck_assert_str_eq(decode_part(first + 4), arena_printf(&mem, "%s\r\n", mail.text));
    ck_assert_str_eq(decode_part(second + 1), arena_printf(&mem, "%s\r\n", mail.html));
    arena_done(&mem);
}
END_TEST

START_TEST(the_way_out_of_a_list_folds_between_its_addresses)
{
    struct mime_mail mail = plain;
    char *text;

    mail.unsubscribe = "<https://example.org/leave?id=M.0>, <mailto:leave@example.org?subject=M.0>";
    text = write_mail(&mail);
    ck_assert_str_eq(header(text, "List-Unsubscribe"), mail.unsubscribe);
    ck_assert_ptr_nonnull(strstr(text, "M.0>,\r\n <mailto"));
    ck_assert_ptr_null(strstr(text, "List-Unsubscribe-Post"));
    mail.one_click = true;
    text = write_mail(&mail);
    ck_assert_str_eq(header(text, "List-Unsubscribe-Post"), "List-Unsubscribe=One-Click");
    mail.unsubscribe = NULL;
    ck_assert_ptr_null(strstr(write_mail(&mail), "List-Unsubscribe"));
    arena_done(&mem);
}
END_TEST

START_TEST(nothing_can_begin_a_header_of_its_own)
{
    static const struct {
        const char *name, *from, *to, *subject, *unsubscribe;
    } rows[] = {
        { "a\nb", "a@b.example", "c@d.example", "x" },
        { "a\r\nBcc: e@f.example", "a@b.example", "c@d.example", "x" },
        { "", "a@b.example\r", "c@d.example", "x" },
        { "", "a@b.example>\r\nBcc: <e@f.example", "c@d.example", "x" },
        { "", "a@b.example", "c@d.example\nBcc: e@f.example", "x" },
        { "", "a@b.example", "c@d.example, e@f.example", "x" },
        { "", "a@b.example", "c@d.example>", "x" },
        { "", "a@b.example", "c@d.example", "x\r\nBcc: e@f.example" },
        { "", "a@b.example", "c@d.example", "x\r" },
        { "", "a@b.example", "c@d.example", "x\n y" },
        { "", "a@b.example", "c@d.example", "x", "<https://e>\r\nBcc: e@f.example" },
        { "", "a@b.example", "c@d.example", "x", "<https://e/\n>" },
        { "", "a@b.example", "c@d.example", "x", "<https://e/\xC3\xBC>" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct mime_mail mail = plain;
        struct buf out = BUF_INIT(65536);

        mail.from_name = rows[i].name;
        mail.from_addr = rows[i].from;
        mail.to_addr = rows[i].to;
        mail.subject = rows[i].subject;
        mail.unsubscribe = rows[i].unsubscribe;
        ck_assert_int_eq(mime_write(&out, &mail, &mem, &err), ST_INVALID);
        ck_assert_ptr_eq(strstr(err.text, "bad_header: "), err.text);
        ck_assert_ptr_null(strstr(err.text, "example"));
        ck_assert_uint_eq(out.len, 0);
        buf_free(&out);
    }
    arena_done(&mem);
}
END_TEST

SUITE("mime", the_headers_come_in_order, a_name_reads_as_it_was_given, a_long_name_is_folded,
      a_subject_reads_as_it_was_given, a_run_of_blanks_leaves_no_empty_line,
      no_character_of_a_subject_is_cut, a_body_reads_as_it_was_given,
      lines_of_any_length_are_broken_and_joined_again, the_shorter_encoding_is_chosen,
      html_comes_as_the_second_of_two_parts, the_way_out_of_a_list_folds_between_its_addresses,
      nothing_can_begin_a_header_of_its_own)
