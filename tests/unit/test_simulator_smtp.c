/* test_simulator_smtp - what the simulated submission server answers to each command. */
#include "tests/simulator/smtp_session.h"

#include <string.h>

#include "tests/simulator/smtp.h"
#include "tests/simulator/text.h"
#include "tests/unit/simulator.h"
#include "tests/unit/suite.h"

#define HELLO "EHLO client.example\r\n"
#define FROM "MAIL FROM:<ada@example.com>\r\n"
#define TO "RCPT TO:<grace@example.com>\r\n"
#define MAIL(text)                                                                             \
    "Date: Thu, 24 Aug 2023 05:01:45 +0000\r\nFrom: ada@example.com\r\nTo: grace@example.com"  \
    "\r\nSubject: Hello\r\nMessage-ID: <m.0@example.com>\r\nMIME-Version: 1.0\r\n\r\n" text    \
    "\r\n.\r\n"

/* A conversation: lines are sent one after the other, each when the one before was answered. */
struct talk {
    struct settings settings;
    struct smtp_session *session;
    struct smtp_act last;
    struct buf answers; /* codes alone: "220 250 354" */
    struct buf words;   /* all that was answered */

    /* What the hooks were given last, and how often. */
    int logged, stored;
    struct exchange line;
    struct arena mem;
    bool log_fails, store_fails;
    const char *mail;
};

static bool take_line(void *arg, const struct exchange *x)
{
    struct talk *t = arg;

    t->logged++;
    t->line = *x;
    t->line.request.method = arena_strdup(&t->mem, x->request.method);
    t->line.message.to = arena_strdup(&t->mem, x->message.to);
    t->line.message.from = arena_strdup(&t->mem, x->message.from);
    t->line.message.text = arena_strdup(&t->mem, x->message.text);
    t->line.message.subject = arena_strdup(&t->mem, x->message.subject);
    t->line.message.recipient_id = arena_strdup(&t->mem, x->message.recipient_id);
    t->line.id = arena_strdup(&t->mem, x->id);
    return !t->log_fails;
}

static bool take_mail(void *arg, const char *from, const char *to, const char *mail, size_t len)
{
    struct talk *t = arg;

    t->stored++;
    t->mail = arena_strndup(&t->mem, mail, len);
    return !t->store_fails;
}

/* The codes of what the session has written: of several lines the last one's. */
static void note_answers(struct talk *t)
{
    struct buf *out = smtp_session_output(t->session);
    const char *line = buf_str(out), *stop = line + out->len, *end;

    for (; (end = text_crlf(line, stop)) != NULL; line = end + 2)
        if (line[3] == ' ')
            buf_addf(&t->answers, "%s%.3s", t->answers.len > 0 ? " " : "", line);
    buf_add(&t->words, buf_str(out), out->len);
    buf_clear(out);
}

static void begin(struct talk *t)
{
    struct smtp_hooks hooks = { take_line, take_mail, t };

    t->answers.limit = t->words.limit = 65536 * 256;
    t->session = smtp_session_new(&t->settings, &hooks, false);
    note_answers(t);
}

/* As one packet. */
static void say(struct talk *t, const char *text)
{
    smtp_session_feed(t->session, text, strlen(text));
    while (smtp_session_step(t->session, &t->last)) {
        note_answers(t);
        if (t->last.wish == SMTP_START_TLS)
            smtp_session_secured(t->session);
        if (t->last.wish == SMTP_CLOSE)
            break;
    }
}

/* Line by line. */
static void say_lines(struct talk *t, const char *text)
{
    while (*text != '\0') {
        const char *end = strstr(text, "\r\n");
        size_t len = end != NULL ? (size_t)(end + 2 - text) : strlen(text);

        say(t, arena_strndup(&t->mem, text, len));
        text += len;
    }
}

static void end(struct talk *t)
{
    smtp_session_free(t->session);
    buf_free(&t->answers);
    buf_free(&t->words);
    arena_done(&t->mem);
}

static void expect_talk(const struct settings *s, const char *said, const char *answers)
{
    struct talk t = { .settings = *s };

    begin(&t);
    say_lines(&t, said);
    ck_assert_msg(strcmp(buf_str(&t.answers), answers) == 0, "%s\nbut: %s\n%s", said,
                  buf_str(&t.answers), buf_str(&t.words));
    end(&t);
}

static const struct settings open_settings = { .draw = { .ways = "all" } };
static const struct settings login_settings = {
    .draw = { .ways = "all" }, .smtp = { .user = "user", .password = "pass" }
};

START_TEST(each_command_is_answered_in_its_turn)
{
    static const struct {
        const char *said, *answers;
    } rows[] = {
        { "", "220" },
        { HELLO FROM TO "DATA\r\n" MAIL("hi") "QUIT\r\n", "220 250 250 250 354 250 221" },
        { "HELO client\r\n" FROM TO "DATA\r\n" MAIL("hi"), "220 250 250 250 354 250" },
        { "ehlo [127.0.0.1]\r\nmail from:<ada@example.com>\r\nrcpt to:<grace@example.com>\r\ndata\r\n"
          MAIL("hi"), "220 250 250 250 354 250" },
        { HELLO FROM TO TO "DATA\r\n" MAIL("hi") FROM TO "DATA\r\n" MAIL("hi"),
          "220 250 250 250 250 354 250 250 250 354 250" },
        { HELLO FROM TO "RSET\r\nDATA\r\n", "220 250 250 250 250 503" },
        { HELLO FROM HELLO TO, "220 250 250 250 503" },
        { "NOOP\r\nNOOP x\r\nRSET\r\nVRFY x\r\nQUIT\r\n", "220 250 250 250 252 221" },
        { HELLO FROM FROM, "220 250 250 503" },
        { HELLO TO, "220 250 503" },
        { HELLO "DATA\r\n", "220 250 503" },
        { HELLO FROM "DATA\r\n", "220 250 250 554" },
        { FROM, "220 503" },
        { "DATA\r\n", "220 503" },
        { "EHLO\r\nEHLO a b\r\nEHLO a/b\r\nHELO\r\n", "220 501 501 501 501" },
        { "HELP\r\nBDAT 5\r\nEXPN x\r\nMAILFROM\r\n\r\n", "220 500 500 500 500 500" },
        { HELLO "DATA x\r\nRSET x\r\nQUIT x\r\nSTARTTLS x\r\n", "220 250 501 501 501 501" },
        { HELLO "MAIL FROM: <ada@example.com>\r\nMAIL FROM:ada@example.com\r\nMAIL <ada@example.com>\r\n"
          "MAIL FROM:<ada@example.com\r\nMAIL FROM:<ada@example.com>x\r\n", "220 250 501 501 501 501 501" },
        { HELLO "MAIL FROM:<>\r\nMAIL FROM:<ada>\r\nMAIL FROM:<a b@example.com>\r\n",
          "220 250 501 501 501" },
        { HELLO "MAIL FROM:<ada@example.com> SIZE=100 BODY=8BITMIME SMTPUTF8 AUTH=<>\r\n", "220 250 250" },
        { HELLO "MAIL FROM:<ada@example.com> size=100 body=7bit\r\n", "220 250 250" },
        { HELLO "MAIL FROM:<ada@example.com> SIZE=10485761\r\n", "220 250 552" },
        { HELLO "MAIL FROM:<ada@example.com> SIZE=x\r\n", "220 250 501" },
        { HELLO "MAIL FROM:<ada@example.com> SIZE=\r\n", "220 250 501" },
        { HELLO "MAIL FROM:<ada@example.com> BODY=BINARYMIME\r\n", "220 250 501" },
        { HELLO "MAIL FROM:<ada@example.com> SMTPUTF8=1\r\n", "220 250 501" },
        { HELLO "MAIL FROM:<ada@example.com> RET=FULL\r\n", "220 250 555" },
        { HELLO "MAIL FROM:<\xC3\xA4@example.com>\r\n", "220 250 553" },
        { HELLO "MAIL FROM:<\xC3\xA4@example.com> SMTPUTF8\r\n", "220 250 250" },
        { HELLO FROM "RCPT TO:grace@example.com\r\nRCPT TO: <grace@example.com>\r\nRCPT <g@example.com>"
          "\r\n", "220 250 250 501 501 501" },
        { HELLO FROM "RCPT TO:<grace>\r\nRCPT TO:<>\r\nRCPT TO:<g@example.com> NOTIFY=NEVER\r\n",
          "220 250 250 553 553 555" },
        { HELLO FROM "RCPT TO:<\xC3\xA4@example.com>\r\n", "220 250 250 553" },
        { HELLO "AUTH PLAIN AHVzZXIAcGFzcw==\r\n", "220 250 503" },
        { "\x01\r\nNO\x7FOP\r\n", "220 500 500" },
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        expect_talk(&open_settings, rows[i].said, rows[i].answers);
}
END_TEST

START_TEST(what_the_server_can_do_is_told_by_ehlo)
{
    static const char *const words[] = { "PIPELINING", "SIZE 10485760", "8BITMIME", "SMTPUTF8",
                                         "STARTTLS", "ENHANCEDSTATUSCODES" };
    struct talk t = { .settings = open_settings };

    begin(&t);
    say(&t, HELLO);
    for (size_t i = 0; i < COUNT(words); i++)
        ck_assert_msg(strstr(buf_str(&t.words), words[i]) != NULL, "%s", words[i]);
    ck_assert_ptr_null(strstr(buf_str(&t.words), "AUTH"));
    end(&t);
}
END_TEST

START_TEST(a_login_is_asked_for_where_there_is_a_user)
{
    static const struct {
        const char *said, *answers;
    } rows[] = {
        { HELLO FROM, "220 250 530" },
        { "AUTH PLAIN AHVzZXIAcGFzcw==\r\n", "220 503" },
        { HELLO "AUTH PLAIN AHVzZXIAcGFzcw==\r\n" FROM, "220 250 235 250" },
        { HELLO "auth plain AHVzZXIAcGFzcw==\r\n", "220 250 235" },
        { HELLO "AUTH PLAIN\r\nAHVzZXIAcGFzcw==\r\n" FROM, "220 250 334 235 250" },
        { HELLO "AUTH PLAIN dXNlcgB1c2VyAHBhc3M=\r\n", "220 250 235" }, /* user user pass */
        { HELLO "AUTH LOGIN\r\ndXNlcg==\r\ncGFzcw==\r\n" FROM, "220 250 334 334 235 250" },
        { HELLO "AUTH LOGIN dXNlcg==\r\ncGFzcw==\r\n", "220 250 334 235" },
        { HELLO "AUTH LOGIN\r\ndXNlcg==\r\nd3Jvbmc=\r\n" FROM, "220 250 334 334 535 530" },
        { HELLO "AUTH LOGIN\r\n*\r\n" FROM, "220 250 334 501 530" },
        { HELLO "AUTH LOGIN\r\n!\r\nNOOP\r\n", "220 250 334 501 250" },
        { HELLO "AUTH PLAIN AHVzZXIAd3Jvbmc=\r\n", "220 250 535" },     /* wrong */
        { HELLO "AUTH PLAIN AHVzZQBwYXNz\r\n", "220 250 535" },         /* use */
        { HELLO "AUTH PLAIN AHVzZXJ4AHBhc3M=\r\n", "220 250 535" },     /* userx */
        { HELLO "AUTH PLAIN AHVzZXIrNTM1MABwYXNz\r\n", "220 250 535" }, /* user+5350 */
        { HELLO "AUTH PLAIN AHVzZXIrNDU0MABwYXNz\r\n", "220 250 454" }, /* user+4540 */
        { HELLO "AUTH PLAIN AHVzZXIrNDU0MAB3cm9uZw==\r\n", "220 250 535" },
        { HELLO "AUTH PLAIN AHVzZXIrMTIzNABwYXNz\r\n", "220 250 535" }, /* user+1234 */
        { HELLO "AUTH PLAIN AHVzZXI=\r\n", "220 250 501" },
        { HELLO "AUTH PLAIN AHVzZXIAcGFzcwB4\r\n", "220 250 501" },
        { HELLO "AUTH PLAIN =\r\n", "220 250 501" },
        { HELLO "AUTH PLAIN x\r\n", "220 250 501" },
        { HELLO "AUTH CRAM-MD5\r\n", "220 250 504" },
        { HELLO "AUTH\r\n", "220 250 504" },
        { HELLO "AUTH PLAIN AHVzZXIAcGFzcw==\r\nAUTH PLAIN AHVzZXIAcGFzcw==\r\n", "220 250 235 503" },
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        expect_talk(&login_settings, rows[i].said, rows[i].answers);
}
END_TEST

START_TEST(tls_can_be_required)
{
    struct settings s = login_settings;
    struct talk t = { .settings = login_settings };

    s.smtp.tls = SMTP_TLS_REQUIRED;
    expect_talk(&s, HELLO FROM, "220 250 530");
    expect_talk(&s, HELLO "AUTH PLAIN AHVzZXIAcGFzcw==\r\n", "220 250 538");
    expect_talk(&s, HELLO "STARTTLS\r\n" HELLO "AUTH PLAIN AHVzZXIAcGFzcw==\r\n" FROM,
                "220 250 220 250 235 250");
    /* Nothing that was said in the clear counts. */
    expect_talk(&s, HELLO "STARTTLS\r\n" FROM, "220 250 220 503");
    expect_talk(&s, HELLO "STARTTLS\r\n" HELLO "STARTTLS\r\n", "220 250 220 250 503");
    expect_talk(&s, "STARTTLS\r\n", "220 503");
    s.smtp.user = NULL;
    expect_talk(&s, HELLO FROM "STARTTLS\r\n" HELLO FROM, "220 250 530 220 250 250");
    s.smtp.tls = SMTP_TLS_OFF;
    expect_talk(&s, HELLO "STARTTLS\r\n", "220 250 503");
    begin(&t);
    say(&t, HELLO "STARTTLS\r\nNOOP\r\n");
    ck_assert_str_eq(buf_str(&t.answers), "220 250 501 250");
    end(&t);
}
END_TEST

START_TEST(a_login_does_not_outlive_the_start_of_tls)
{
    expect_talk(&login_settings, HELLO "AUTH PLAIN AHVzZXIAcGFzcw==\r\nSTARTTLS\r\n" HELLO FROM,
                "220 250 235 220 250 530");
}
END_TEST

START_TEST(commands_may_come_together)
{
    struct talk t = { .settings = open_settings };

    begin(&t);
    say(&t, HELLO);
    say(&t, FROM TO "DATA\r\n");
    say(&t, MAIL("hi") FROM TO "DATA\r\n");
    say(&t, MAIL("hi") "QUIT\r\n");
    ck_assert_str_eq(buf_str(&t.answers), "220 250 250 250 354 250 250 250 354 250 221");
    ck_assert_int_eq(t.stored, 2);
    end(&t);
}
END_TEST

START_TEST(a_mail_does_not_come_before_it_is_asked_for)
{
    struct talk t = { .settings = open_settings };

    begin(&t);
    say(&t, HELLO FROM TO "DATA\r\n" MAIL("hi"));
    ck_assert_str_eq(buf_str(&t.answers), "220 250 250 250 503");
    ck_assert_int_eq(t.last.wish, SMTP_CLOSE);
    ck_assert_int_eq(t.stored, 0);
    end(&t);
}
END_TEST

START_TEST(bytes_may_come_one_by_one)
{
    static const char text[] = HELLO FROM TO "DATA\r\n" MAIL("hi");
    struct talk t = { .settings = open_settings };

    begin(&t);
    for (size_t i = 0; i < sizeof text - 1; i++)
        say(&t, (char[]){ text[i], '\0' });
    ck_assert_str_eq(buf_str(&t.answers), "220 250 250 250 354 250");
    end(&t);
}
END_TEST

START_TEST(a_line_ends_with_crlf_and_in_no_other_way)
{
    static const char *const rows[] = { "NOOP\n", "NOOP\nNOOP\r\n", "NO\rOP\r\n", "NOOP\r\r\n" };

    for (size_t i = 0; i < COUNT(rows); i++)
        expect_talk(&open_settings, rows[i], "220 500");
}
END_TEST

/* What would end it elsewhere is refused as what it is: a line end that is none. */
START_TEST(only_a_dot_between_two_crlf_ends_a_mail)
{
    static const char *const rows[] = { "\n.\n", "\r.\r", "\n.\r\n", "\r\n.\n" };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct talk t = { .settings = open_settings };

        begin(&t);
        say_lines(&t, HELLO FROM TO "DATA\r\n");
        say(&t, "Subject: x\r\n\r\nhi");
        say(&t, rows[i]);
        ck_assert_str_eq(buf_str(&t.answers), "220 250 250 250 354");
        say(&t, "\r\n.\r\n");
        ck_assert_str_eq(buf_str(&t.answers), "220 250 250 250 354 554");
        ck_assert_ptr_nonnull(strstr(buf_str(&t.words), "does not end with CRLF"));
        end(&t);
    }
}
END_TEST

START_TEST(a_dot_that_was_doubled_is_one)
{
    struct talk t = { .settings = open_settings };

    begin(&t);
    say_lines(&t, HELLO FROM TO "DATA\r\n");
    say(&t, MAIL("..\r\n...\r\n..a\r\n.b"));
    ck_assert_str_eq(t.line.message.text, ".\n..\n.a\nb");
    ck_assert_ptr_nonnull(strstr(t.mail, "\r\n\r\n.\r\n..\r\n.a\r\nb\r\n"));
    end(&t);
}
END_TEST

START_TEST(a_taken_mail_is_stored_and_logged_and_has_an_id)
{
    struct talk t = { .settings = open_settings };

    begin(&t);
    say_lines(&t, HELLO FROM TO "RCPT TO:<other@example.com>\r\nDATA\r\n");
    ck_assert_int_eq(t.logged, 0);
    say(&t, MAIL("hi"));
    ck_assert_int_eq(t.logged, 1);
    ck_assert_int_eq(t.stored, 1);
    ck_assert(t.line.ok);
    ck_assert_int_eq(t.line.answer.status, 250);
    ck_assert_ptr_null(t.line.answer.problem);
    ck_assert_str_eq(t.line.request.method, "DATA");
    ck_assert_str_eq(t.line.message.from, "ada@example.com");
    ck_assert_str_eq(t.line.message.to, "grace@example.com");
    ck_assert_uint_eq(t.line.other_count, 1);
    ck_assert_str_eq(t.line.message.subject, "Hello");
    ck_assert_str_eq(t.line.message.text, "hi");
    ck_assert_str_eq(t.line.message.recipient_id, "m.0");
    ck_assert_str_eq(t.line.behaviour->name, "delivered");
    ck_assert_str_eq(t.line.ends, "sent");
    ck_assert_int_eq(strlen(t.line.id), 12);
    ck_assert_ptr_nonnull(strstr(buf_str(&t.words), arena_printf(&t.mem, "queued as %s\r\n", t.line.id)));
    end(&t);
}
END_TEST

START_TEST(a_mail_that_breaks_a_rule_is_refused_and_logged)
{
    struct talk t = { .settings = open_settings };

    begin(&t);
    say_lines(&t, HELLO FROM TO "DATA\r\n");
    say(&t, "Subject: x\r\n\r\nhi\r\n.\r\n");
    ck_assert_str_eq(buf_str(&t.answers), "220 250 250 250 354 554");
    ck_assert(!t.line.ok);
    ck_assert_ptr_null(t.line.behaviour);
    ck_assert_ptr_null(t.line.id);
    ck_assert_int_eq(t.stored, 0);
    say_lines(&t, FROM TO "DATA\r\n");
    say(&t, MAIL("hi"));
    ck_assert_int_eq(t.stored, 1);
    end(&t);
}
END_TEST

START_TEST(what_can_not_be_kept_is_not_taken)
{
    struct talk t = { .settings = open_settings, .log_fails = true };

    begin(&t);
    say_lines(&t, HELLO FROM TO "DATA\r\n");
    say(&t, MAIL("hi"));
    t.log_fails = false;
    t.store_fails = true;
    say_lines(&t, FROM TO "DATA\r\n");
    say(&t, MAIL("hi"));
    ck_assert_str_eq(buf_str(&t.answers), "220 250 250 250 354 451 250 250 354 452");
    end(&t);
}
END_TEST

START_TEST(a_mail_has_a_largest_size)
{
    struct talk t = { .settings = open_settings };
    char *line = arena_alloc(&t.mem, 1003);

    memset(line, 'a', 998);
    memcpy(line + 998, "\r\n", 3);
    begin(&t);
    say_lines(&t, HELLO FROM TO "DATA\r\n");
    for (size_t i = 0; i < SMTP_SIZE_MAX / 1000 + 1; i++)
        say(&t, line);
    say(&t, ".\r\n");
    ck_assert_str_eq(buf_str(&t.answers), "220 250 250 250 354 552");
    end(&t);
}
END_TEST

START_TEST(there_are_at_most_a_hundred_recipients)
{
    struct talk t = { .settings = open_settings };

    begin(&t);
    say(&t, HELLO FROM);
    for (int i = 0; i < 100; i++)
        say(&t, TO);
    ck_assert_ptr_null(strstr(buf_str(&t.answers), "452"));
    say(&t, TO);
    ck_assert_str_eq(buf_str(&t.answers) + t.answers.len - 3, "452");
    end(&t);
}
END_TEST

START_TEST(who_makes_many_errors_is_sent_away)
{
    struct talk t = { .settings = open_settings };

    begin(&t);
    for (int i = 0; i < 19; i++)
        say(&t, "WHAT\r\n");
    ck_assert_int_eq(t.last.wish, SMTP_GO_ON);
    say(&t, "WHAT\r\n");
    ck_assert_int_eq(t.last.wish, SMTP_CLOSE);
    ck_assert_str_eq(buf_str(&t.answers) + t.answers.len - 3, "421");
    end(&t);
}
END_TEST

START_TEST(a_line_that_never_ends_is_not_waited_for)
{
    struct talk t = { .settings = open_settings };
    char *line = arena_zero(&t.mem, 2000);

    memset(line, 'a', 1999);
    begin(&t);
    say(&t, line);
    ck_assert_str_eq(buf_str(&t.answers), "220 500");
    ck_assert_int_eq(t.last.wish, SMTP_CLOSE);
    end(&t);
}
END_TEST

/* A transaction with the recipient of this number; "354" and what follows are there if it comes so far. */
static void submit(struct talk *t, int number)
{
    buf_clear(&t->answers);
    buf_clear(&t->words);
    say(t, FROM);
    say(t, arena_printf(&t->mem, "RCPT TO:<grace+%04d@example.com>\r\n", number));
    if (t->last.wish != SMTP_CLOSE && strcmp(buf_str(&t->answers), "250 250") == 0)
        say(t, "DATA\r\n");
    if (strcmp(buf_str(&t->answers), "250 250 354") == 0)
        say(t, MAIL("hi"));
}

START_TEST(the_last_digits_choose_the_behaviour)
{
    static const struct {
        int number;
        const char *name, *answers;
        enum smtp_wish wish;
        bool accepted, again;
        const char *then; /* the same once more, on a connection of its own */
    } rows[] = {
        { 1234, "delivered", "250 250 354 250", SMTP_GO_ON, true, false, "250 250 354 250" },
        { 4290, "limited_once", "250 450", SMTP_GO_ON, false, true, "250 250 354 250" },
        { 4291, "limited_always", "250 450", SMTP_GO_ON, false, true, "250 450" },
        { 4000, "bad_address", "250 550", SMTP_GO_ON, false, false, "250 550" },
        { 4010, "bad_credentials", "250 530", SMTP_GO_ON, false, true, "250 530" },
        { 4100, "unsubscribed", "250 550", SMTP_GO_ON, false, false, "250 550" },
        { 4500, "busy_once", "250 450", SMTP_GO_ON, false, true, "250 250 354 250" },
        { 4501, "busy_always", "250 450", SMTP_GO_ON, false, true, "250 450" },
        { 4520, "storage_full_once", "250 452", SMTP_GO_ON, false, true, "250 250 354 250" },
        { 5520, "mailbox_full", "250 552", SMTP_GO_ON, false, false, "250 552" },
        { 5030, "unavailable_once", "250 421", SMTP_CLOSE, false, true, "250 250 354 250" },
        { 5541, "data_refused", "250 250 554", SMTP_GO_ON, false, false, "250 250 554" },
        { 5540, "refused", "250 250 354 554", SMTP_GO_ON, false, false, "250 250 354 554" },
        { 5000, "server_error_once", "250 250 354 451", SMTP_GO_ON, false, true, "250 250 354 250" },
        { 5001, "server_error_always", "250 250 354 451", SMTP_GO_ON, false, true, "250 250 354 451" },
        { 4080, "hang_always", "250 250 354", SMTP_HANG, false, true, "250 250 354" },
        { 4081, "hang_once", "250 250 354", SMTP_HANG, false, true, "250 250 354 250" },
        { 4990, "reset_always", "250 250 354", SMTP_RESET, false, true, "250 250 354" },
        { 4991, "reset_once", "250 250 354", SMTP_RESET, false, true, "250 250 354 250" },
        { 4992, "cut_once", "250 250 354", SMTP_CLOSE, true, true, "250 250 354 250" },
        { 4995, "close_after_answer", "250 250 354 250", SMTP_CLOSE, true, false, "250 250 354 250" },
        { 4996, "close_once", "250 250 354", SMTP_CLOSE, false, true, "250 250 354 250" },
        { 6000, "broken_reply", "250 250 354 2x0", SMTP_GO_ON, true, true, "250 250 354 2x0" },
        { 6002, "drip", "250 250 354 250", SMTP_DRIP, true, true, "250 250 354 250" },
        { 6003, "huge_reply", "250 250 354 250", SMTP_GO_ON, true, true, "250 250 354 250" },
        { 8050, "late", "250 250 354 250", SMTP_GO_ON, true, true, "250 250 354 250" },
        /* There are no callbacks that it could differ by. */
        { 7000, "delivered", "250 250 354 250", SMTP_GO_ON, true, false, "250 250 354 250" },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct talk t = { .settings = open_settings }, again = { .settings = open_settings };

        begin(&t);
        say(&t, HELLO);
        submit(&t, rows[i].number);
        ck_assert_msg(strcmp(buf_str(&t.answers), rows[i].answers) == 0, "%d: %s", rows[i].number,
                      buf_str(&t.words));
        ck_assert_msg(t.last.wish == rows[i].wish, "%d: %d", rows[i].number, t.last.wish);
        ck_assert_msg(t.logged == 1 && t.line.ok, "%d: %d lines", rows[i].number, t.logged);
        ck_assert_str_eq(t.line.behaviour->name, rows[i].name);
        ck_assert_msg((t.line.id != NULL) == rows[i].accepted, "%d", rows[i].number);
        ck_assert_msg(t.stored == rows[i].accepted, "%d", rows[i].number);
        ck_assert_msg(t.line.behaviour->again == rows[i].again, "%d", rows[i].number);
        ck_assert_str_eq(t.line.message.to,
                         arena_printf(&t.mem, "grace+%04d@example.com", rows[i].number));
        begin(&again);
        say(&again, HELLO);
        submit(&again, rows[i].number);
        ck_assert_msg(strcmp(buf_str(&again.answers), rows[i].then) == 0, "%d again: %s",
                      rows[i].number, buf_str(&again.words));
        end(&t);
        end(&again);
    }
}
END_TEST

START_TEST(a_used_connection_can_end_without_an_answer)
{
    struct talk t = { .settings = open_settings };

    begin(&t);
    say(&t, HELLO);
    submit(&t, 1234);
    submit(&t, 4993);
    ck_assert_str_eq(buf_str(&t.answers), "250");
    ck_assert_int_eq(t.last.wish, SMTP_CLOSE);
    ck_assert_str_eq(t.line.behaviour->name, "close_reused_once");
    ck_assert_int_eq(t.line.answer.status, 0);
    end(&t);
}
END_TEST

START_TEST(a_late_answer_is_as_late_as_the_digits_say)
{
    struct talk t = { .settings = open_settings };

    begin(&t);
    say(&t, HELLO);
    submit(&t, 8123);
    ck_assert_int_eq(t.last.delay_ms, 1230);
    end(&t);
}
END_TEST

START_TEST(a_cut_answer_is_half_of_one)
{
    struct talk t = { .settings = open_settings };
    const char *half;

    begin(&t);
    say(&t, HELLO);
    submit(&t, 4992);
    half = strstr(buf_str(&t.words), "354 ");
    ck_assert_str_eq(strstr(half, "\r\n") + 2, "250 2.0.0 Ok: queu");
    end(&t);
}
END_TEST

START_TEST(a_share_of_the_ordinary_recipients_fails)
{
    struct talk t = { .settings = open_settings };

    t.settings.draw = (struct draw){ .share = 10000, .ways = "busy_always" };
    begin(&t);
    say_lines(&t, HELLO FROM TO);
    ck_assert_str_eq(buf_str(&t.answers), "220 250 250 450");
    end(&t);
}
END_TEST

START_TEST(refused_commands_are_logged)
{
    static const struct {
        const char *said, *method;
        int status;
        const char *to;
    } rows[] = {
        { "WHAT\r\n", NULL, 500, NULL },
        { HELLO "MAIL FROM:<ada>\r\n", "MAIL", 501, NULL },
        { HELLO FROM "RCPT TO:<grace>\r\n", "RCPT", 553, "grace" },
        { HELLO FROM TO "RCPT TO:<a@b>\r\n", "RCPT", 553, "a@b" },
        { HELLO "AUTH PLAIN x\r\n", "AUTH", 503, NULL },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct talk t = { .settings = open_settings };

        begin(&t);
        say_lines(&t, rows[i].said);
        ck_assert_int_eq(t.logged, 1);
        ck_assert(!t.line.ok);
        ck_assert_pstr_eq(t.line.request.method, rows[i].method);
        ck_assert_int_eq(t.line.answer.status, rows[i].status);
        ck_assert_pstr_eq(t.line.message.to, rows[i].to);
        end(&t);
    }
}
END_TEST

START_TEST(the_documentation_names_each_behaviour)
{
    sample_expect_documented(&smtp_provider);
}
END_TEST

SUITE("simulator_smtp", each_command_is_answered_in_its_turn,
      what_the_server_can_do_is_told_by_ehlo, a_login_is_asked_for_where_there_is_a_user,
      tls_can_be_required, a_login_does_not_outlive_the_start_of_tls, commands_may_come_together,
      a_mail_does_not_come_before_it_is_asked_for, bytes_may_come_one_by_one,
      a_line_ends_with_crlf_and_in_no_other_way, only_a_dot_between_two_crlf_ends_a_mail,
      a_dot_that_was_doubled_is_one, a_taken_mail_is_stored_and_logged_and_has_an_id,
      a_mail_that_breaks_a_rule_is_refused_and_logged, what_can_not_be_kept_is_not_taken,
      a_mail_has_a_largest_size, there_are_at_most_a_hundred_recipients,
      who_makes_many_errors_is_sent_away, a_line_that_never_ends_is_not_waited_for,
      the_last_digits_choose_the_behaviour, a_used_connection_can_end_without_an_answer,
      a_late_answer_is_as_late_as_the_digits_say, a_cut_answer_is_half_of_one,
      a_share_of_the_ordinary_recipients_fails, refused_commands_are_logged,
      the_documentation_names_each_behaviour)
