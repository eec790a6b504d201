/* test_simulator_submission - the simulator's mail server over real connections. */
#include "tests/unit/wire.h"

#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <curl/curl.h>

#include "common/base/clock.h"
#include "tests/unit/simulator.h"
#include "tests/unit/suite.h"

#define OPTIONS(...) (const char *const[]){ __VA_ARGS__, NULL }
#define LISTEN "--smtp-listen", "127.0.0.1:0", "--smtp-port-file", wire_file("smtp-port")
#define LISTEN_TLS "--smtps-listen", "127.0.0.1:0", "--smtps-port-file", wire_file("smtps-port")
#define LOGIN "--smtp-user", "user", "--smtp-password", "pass"
#define CERTIFICATE "--smtp-certificate-file", wire_file("certificate")
#define MAIL                                                                                       \
    "Date: Thu, 24 Aug 2023 05:01:45 +0000\r\nFrom: ada@example.com\r\nTo: grace@example.com\r\n" \
    "Subject: =?utf-8?Q?h=C3=B6?=\r\nMessage-ID: <m.0@example.com>\r\nMIME-Version: 1.0\r\n\r\n"  \
    "hi\r\n.\r\nthere\r\n"

static int port_of(const char *file)
{
    return atoi(wire_read_file(file));
}

/* ---- with libcurl, as the worker does ---- */

struct source {
    const char *at;
};

static size_t give(char *out, size_t size, size_t count, void *arg)
{
    struct source *s = arg;
    size_t n = strlen(s->at) < size * count ? strlen(s->at) : size * count;

    memcpy(out, s->at, n);
    s->at += n;
    return n;
}

struct submission {
    CURLcode code;
    long status;
};

static struct submission submit(const char *url, const char *password, const char *authority,
                                const char *to)
{
    struct curl_slist *recipients = curl_slist_append(NULL, to);
    struct source mail = { MAIL };
    struct submission result;
    CURL *easy = curl_easy_init();

    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_MAIL_FROM, "<ada@example.com>");
    curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, recipients);
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, give);
    curl_easy_setopt(easy, CURLOPT_READDATA, &mail);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)WIRE_MS);
    if (authority != NULL) {
        curl_easy_setopt(easy, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
        curl_easy_setopt(easy, CURLOPT_CAINFO, authority);
    }
    if (password != NULL) {
        curl_easy_setopt(easy, CURLOPT_USERNAME, "user");
        curl_easy_setopt(easy, CURLOPT_PASSWORD, password);
    }
    result.code = curl_easy_perform(easy);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &result.status);
    curl_easy_cleanup(easy);
    curl_slist_free_all(recipients);
    return result;
}

static const char *plain_url(void)
{
    return wire_text("smtp://127.0.0.1:%d/client.example", port_of("smtp-port"));
}

START_TEST(a_mail_is_taken_and_told_to_the_log)
{
    wire_start(OPTIONS(LISTEN));
    ck_assert_int_eq(submit(plain_url(), NULL, NULL, "grace@example.com").status, 250);
    SCOPED(json_t) lines = wire_log("request", "grace@example.com", 1);
    ck_assert_str_eq(sample_text(lines, "0/provider"), "smtp");
    ck_assert_str_eq(sample_text(lines, "0/method"), "DATA");
    ck_assert(json_is_null(sample_at(lines, "0/path")));
    ck_assert_str_eq(sample_text(lines, "0/from"), "ada@example.com");
    ck_assert_str_eq(sample_text(lines, "0/subject"), "h\xC3\xB6");
    ck_assert_str_eq(sample_text(lines, "0/body"), "hi\n.\nthere");
    ck_assert_str_eq(sample_text(lines, "0/message_id"), "<m.0@example.com>");
    ck_assert_str_eq(sample_text(lines, "0/recipient_id"), "m.0");
    ck_assert_int_eq(sample_number(lines, "0/status"), 250);
    ck_assert_str_eq(sample_text(lines, "0/ends"), "sent");
    ck_assert_uint_eq(strlen(sample_text(lines, "0/sid")), 12);
    wire_stop();
}
END_TEST

START_TEST(tls_starts_under_a_certificate_that_is_written)
{
    struct submission s;

    wire_start(OPTIONS(LISTEN, LOGIN, CERTIFICATE, "--smtp-starttls", "required"));
    s = submit(plain_url(), "pass", wire_file("certificate"), "grace@example.com");
    ck_assert_msg(s.status == 250, "%ld %s", s.status, curl_easy_strerror(s.code));
    s = submit(plain_url(), "wrong", wire_file("certificate"), "grace@example.com");
    ck_assert_int_eq(s.code, CURLE_LOGIN_DENIED);
    ck_assert_int_eq(s.status, 535);
    s = submit(plain_url(), "pass", "/etc/ssl/certs/ca-certificates.crt", "grace@example.com");
    ck_assert_int_ne(s.code, CURLE_OK);
    ck_assert_int_ne(s.status, 250);
    wire_stop();
}
END_TEST

START_TEST(tls_can_be_there_from_the_start)
{
    struct submission s;

    wire_start(OPTIONS(LISTEN_TLS, LOGIN, CERTIFICATE));
    s = submit(wire_text("smtps://localhost:%d/client.example", port_of("smtps-port")), "pass",
               wire_file("certificate"), "grace@example.com");
    ck_assert_msg(s.status == 250, "%ld %s", s.status, curl_easy_strerror(s.code));
    wire_stop();
}
END_TEST

START_TEST(a_recipient_can_be_refused_as_libcurl_sees_it)
{
    wire_start(OPTIONS(LISTEN));
    ck_assert_int_eq(submit(plain_url(), NULL, NULL, "grace+4000@example.com").status, 550);
    ck_assert_int_eq(submit(plain_url(), NULL, NULL, "grace+4500@example.com").status, 450);
    ck_assert_int_eq(submit(plain_url(), NULL, NULL, "grace+4500@example.com").status, 250);
    ck_assert_int_eq(submit(plain_url(), NULL, NULL, "grace+5540@example.com").status, 554);
    wire_stop();
}
END_TEST

START_TEST(mails_are_kept_in_a_maildir)
{
    glob_t found;

    wire_start(OPTIONS(LISTEN, "--maildir", wire_file("mail")));
    ck_assert_int_eq(submit(plain_url(), NULL, NULL, "grace@example.com").status, 250);
    ck_assert_int_eq(submit(plain_url(), NULL, NULL, "grace+5540@example.com").status, 554);
    ck_assert_int_eq(glob(wire_file("mail/new/*"), 0, NULL, &found), 0);
    ck_assert_uint_eq(found.gl_pathc, 1);
    const char *mail = wire_read_file(wire_text("mail/new/%s", strrchr(found.gl_pathv[0], '/') + 1));
    ck_assert_ptr_eq(strstr(mail, "Return-Path: <ada@example.com>\n"
                                  "Delivered-To: grace@example.com\nDate: "), mail);
    ck_assert_ptr_nonnull(strstr(mail, "\n\nhi\n.\nthere\n"));
    ck_assert_ptr_null(strchr(mail, '\r'));
    globfree(&found);
    wire_stop();
}
END_TEST

/* ---- byte by byte ---- */

static int say_hello(void)
{
    char answer[1024];
    int fd = wire_connect(port_of("smtp-port"));

    ck_assert_int_gt(wire_receive(fd, answer, sizeof answer, WIRE_MS), 0);
    wire_send(fd, "EHLO client.example\r\n");
    ck_assert_int_gt(wire_receive(fd, answer, sizeof answer, WIRE_MS), 0);
    return fd;
}

/* Up to the end of the mail; what is answered then is still to be read. */
static int send_mail(const char *to)
{
    char answer[1024] = "";
    int fd = say_hello();
    size_t len = 0;

    wire_send(fd, wire_text("MAIL FROM:<ada@example.com>\r\nRCPT TO:<%s>\r\nDATA\r\n", to));
    while (strstr(answer, "354 ") == NULL) {
        ssize_t n = wire_receive(fd, answer + len, sizeof answer - len, WIRE_MS);

        ck_assert_int_gt(n, 0);
        len += (size_t)n;
    }
    wire_send(fd, "Date: Thu, 24 Aug 2023 05:01:45 +0000\r\nFrom: ada@example.com\r\nTo: g@example.com"
                  "\r\nMessage-ID: <m.0@example.com>\r\nMIME-Version: 1.0\r\n\r\nhi\r\n.\r\n");
    return fd;
}

START_TEST(silence_comes_after_the_end_of_a_mail)
{
    char answer[64];
    int fd;

    wire_start(OPTIONS(LISTEN));
    fd = send_mail("grace+4080@example.com");
    SCOPED(json_t) lines = wire_log("request", "grace+4080@example.com", 1);
    ck_assert_str_eq(sample_text(lines, "0/behaviour"), "hang_always");
    ck_assert(json_is_null(sample_at(lines, "0/status")));
    ck_assert_int_eq(wire_receive(fd, answer, sizeof answer, 200), -2);
    /* Nor does it hold up the end of the program. */
    wire_stop();
    close(fd);
}
END_TEST

START_TEST(a_reset_comes_after_the_end_of_a_mail)
{
    char answer[64];
    int fd;

    wire_start(OPTIONS(LISTEN));
    fd = send_mail("grace+4990@example.com");
    ck_assert_int_eq(wire_receive(fd, answer, sizeof answer, WIRE_MS), -1);
    ck_assert_int_eq(errno, ECONNRESET);
    close(fd);
    wire_stop();
}
END_TEST

START_TEST(a_connection_can_end_in_the_place_of_an_answer)
{
    char answer[64];
    int fd;

    wire_start(OPTIONS(LISTEN));
    fd = send_mail("grace+4996@example.com");
    ck_assert_int_eq(wire_receive(fd, answer, sizeof answer, WIRE_MS), 0);
    close(fd);
    wire_stop();
}
END_TEST

START_TEST(a_cut_answer_is_followed_by_the_end)
{
    char answer[64];
    int fd;

    wire_start(OPTIONS(LISTEN));
    fd = send_mail("grace+4992@example.com");
    ck_assert_int_gt(wire_receive(fd, answer, sizeof answer, WIRE_MS), 0);
    ck_assert_str_eq(answer, "250 2.0.0 Ok: queu");
    ck_assert_int_eq(wire_receive(fd, answer, sizeof answer, WIRE_MS), 0);
    close(fd);
    wire_stop();
}
END_TEST

/* Each byte comes at least 100 ms after the one before it. */
START_TEST(a_dripping_answer_comes_in_pieces)
{
    int64_t begun_ms = clock_mono_ms();
    char answer[64];
    size_t len = 0;
    int fd;

    wire_start(OPTIONS(LISTEN));
    fd = send_mail("grace+6002@example.com");
    while (len < 10) {
        ssize_t n = wire_receive(fd, answer + len, sizeof answer - len, WIRE_MS);

        ck_assert_int_gt(n, 0);
        len += (size_t)n;
    }
    ck_assert_int_ge(clock_mono_ms() - begun_ms, 1000);
    close(fd);
    wire_stop();
}
END_TEST

START_TEST(a_huge_answer_has_very_many_lines)
{
    struct buf answer = BUF_INIT((size_t)16 * 1024 * 1024);
    static char chunk[65536];
    int fd;

    wire_start(OPTIONS(LISTEN));
    fd = send_mail("grace+6003@example.com");
    do {
        ssize_t n = wire_receive(fd, chunk, sizeof chunk, WIRE_MS);

        ck_assert_int_gt(n, 0);
        buf_add(&answer, chunk, (size_t)n);
    } while (answer.len < 100 || strstr(buf_str(&answer) + answer.len - 100, "queued as") == NULL);
    ck_assert_uint_gt(answer.len, 10 * 1024 * 1024);
    buf_free(&answer);
    close(fd);
    wire_stop();
}
END_TEST

START_TEST(an_open_connection_does_not_hold_up_the_end)
{
    char answer[64];
    int fd;

    wire_start(OPTIONS(LISTEN));
    fd = say_hello();
    wire_stop();
    ck_assert_int_eq(wire_receive(fd, answer, sizeof answer, WIRE_MS), 0);
    close(fd);
}
END_TEST

SUITE("simulator_submission", a_mail_is_taken_and_told_to_the_log,
      tls_starts_under_a_certificate_that_is_written, tls_can_be_there_from_the_start,
      a_recipient_can_be_refused_as_libcurl_sees_it, mails_are_kept_in_a_maildir,
      silence_comes_after_the_end_of_a_mail, a_reset_comes_after_the_end_of_a_mail,
      a_connection_can_end_in_the_place_of_an_answer, a_cut_answer_is_followed_by_the_end,
      a_dripping_answer_comes_in_pieces, a_huge_answer_has_very_many_lines,
      an_open_connection_does_not_hold_up_the_end)
