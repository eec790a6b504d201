/* Sending from a shell, and looking at messages, through notifyctl on the real system. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/integration/client.h"
#include "tests/integration/program.h"
#include "tests/integration/stack.h"
#include "tests/integration/witness.h"

static const char *const settings[] = { "rate_limit.unlimited=0", "worker.max_attempts=1",
                                        "scheduler.interval_ms=100", "redis.timeout_ms=500", NULL };

/* ---- notifyctl ---- */

static struct outcome run(const char *const words[])
{
    const char *argv[28] = { "-c", stack_env("NOTIFY_CONFIG") };

    for (size_t i = 0; words[i] != NULL && i < 24; i++)
        argv[i + 2] = words[i];
    return program_run("notifyctl", argv, NULL);
}

/* What it prints with --json, whatever its status: that must be this one. */
static json_t *document(int status, const char *const words[])
{
    const char *all[28] = { "--json" };
    struct outcome o;
    json_t *doc;

    for (size_t i = 0; words[i] != NULL && i < 24; i++)
        all[i + 1] = words[i];
    o = run(all);
    ck_assert_msg(o.status == status, "%s %s: status %d: %s%s", words[0], words[1], o.status,
                  buf_str(&o.out), buf_str(&o.err));
    doc = json_read(buf_str(&o.out), o.out.len, NULL);
    ck_assert_msg(doc != NULL, "%s%s", buf_str(&o.out), buf_str(&o.err));
    outcome_free(&o);
    return doc;
}
#define DOCUMENT(status, ...) document(status, HEADERS(__VA_ARGS__))

/* All of these words are in what it says to people. */
static void expect_words(int status, const char *const wanted[], const char *const words[])
{
    struct outcome o = run(words);

    ck_assert_msg(o.status == status, "status %d: %s", o.status, buf_str(&o.err));
    for (size_t i = 0; wanted[i] != NULL; i++)
        ck_assert_msg(strstr(buf_str(&o.out), wanted[i]) != NULL ||
                          strstr(buf_str(&o.err), wanted[i]) != NULL,
                      "no \"%s\" in %s%s", wanted[i], buf_str(&o.out), buf_str(&o.err));
    outcome_free(&o);
}
#define SAYS(...) HEADERS(__VA_ARGS__)
#define EXPECT(status, wanted, ...) expect_words(status, wanted, HEADERS(__VA_ARGS__))

static const char *write_file(const char *name, const char *content, size_t len)
{
    const char *path = stack_file(name);
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(content, 1, len, file), len);
    ck_assert_int_eq(fclose(file), 0);
    return path;
}

static const char *write_text(const char *name, const char *content)
{
    return write_file(name, content, strlen(content));
}

/* n numbers that follow each other. */
static const char *write_numbers(const char *name, long long first, int n)
{
    const char *path = stack_file(name);
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    for (int i = 0; i < n; i++)
        fprintf(file, "+%lld\n", first + i);
    ck_assert_int_eq(fclose(file), 0);
    return path;
}

/* From here on, of this test and of what it starts. */
static void use_stdin(const char *content, size_t len)
{
    int fd = open(write_file("stdin-of-test", content, len), O_RDONLY | O_CLOEXEC);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_ge(dup2(fd, STDIN_FILENO), 0);
    close(fd);
}

static int64_t messages_of(const struct user *u)
{
    return sql_number("SELECT count(*) FROM messages WHERE user_id = '%s'", u->id);
}

static int64_t recipients_of(const struct user *u)
{
    return sql_number("SELECT coalesce(sum(recipient_count), 0) FROM messages WHERE user_id = '%s'", u->id);
}

/* What stands in the tables is of one piece: as many recipients, and as many timers for those that wait. */
static void expect_whole(const struct user *u, int64_t waiting)
{
    ck_assert_int_eq(sql_number("SELECT count(*) FROM message_recipients r JOIN messages m"
                                " ON m.id = r.message_id WHERE m.user_id = '%s'", u->id), recipients_of(u));
    ck_assert_int_eq(sql_number("SELECT coalesce(sum(t.span), 0) FROM messages m JOIN ("
                                "  SELECT message_id, 1 AS span FROM dispatch UNION ALL"
                                "  SELECT message_id, span FROM dispatch_runs) t ON t.message_id = m.id"
                                " WHERE m.user_id = '%s'", u->id), waiting);
}

/* ---- sending ---- */

START_TEST(a_message_from_the_shell_is_delivered_and_waited_for)
{
    struct user u = user_new("unlimited");
    json_t *doc = DOCUMENT(0, "send", "--platform", "sms", "--to", "+15552220001", "--to", "+15552220002",
                           "--platform", "email", "--to", "ada@example.com", "--subject", "Hello",
                           "--content", "From a shell", "--as", u.email, "--wait", "20");
    const char *id = text_at(doc, "id");

    ck_assert_str_eq(text_at(doc, "user"), u.email);
    ck_assert_uint_eq(json_array_size(at(doc, "recipients")), 3);
    ck_assert_int_eq(number_at(doc, "summary/sent") + number_at(doc, "summary/delivered"), 3);
    ck_assert_str_eq(text_at(doc, "recipients/1/recipient"), "+15552220002");
    ck_assert_str_eq(text_at(doc, "recipients/2/platform"), "email");
    WAIT_UNTIL(count_in(id, "delivered") >= 2, 5000);
    expect_each_once(id, 2); /* the mail is no request of the simulator's */
    ck_assert_ptr_nonnull(find_mail("From a shell"));
    EXPECT(0, SAYS("ID ", "RECIPIENT", "+15552220003", "twilio"), "send", "--platform", "sms", "--to",
           "+15552220003", "--content", "x", "--as", u.email, "--wait", "20");
}
END_TEST

START_TEST(waiting_fails_where_a_recipient_does_or_where_time_is_up)
{
    struct user u = user_new("unlimited");
    json_t *doc = DOCUMENT(1, "send", "--platform", "sms", "--to", "+15552220004", "--to", "+15550004000",
                           "--content", "x", "--as", u.email, "--wait", "20");

    ck_assert_int_eq(number_at(doc, "summary/failed"), 1);
    EXPECT(1, SAYS("1 of 2 recipients ended without being sent to", "21211"), "send", "--platform", "sms",
           "--to", "+15552220004", "--to", "+15550004000", "--content", "x", "--as", u.email, "--wait", "20");
    EXPECT(1, SAYS("after 1 s 1 of 1 recipients have not left yet"), "send", "--platform", "sms", "--to",
           "+15552220004", "--content", "x", "--at", "1h", "--as", u.email, "--wait", "1");
}
END_TEST

START_TEST(each_option_arrives_in_the_message)
{
    struct user u = user_new("unlimited");
    const char *html = write_text("page.html", "<p>Hi</p>\n"), *id;
    json_t *doc = DOCUMENT(0, "send", "--platform", "email", "--to", "ada@example.com", "--content=Hi",
                           "--subject", "S", "--html", html, "--from", "email=Me <me@example.com>",
                           "--priority", "low", "--at", "1h", "--expires", "2h", "--metadata",
                           "{\"order\":4711}", "--as", u.email);

    id = text_at(doc, "id");
    ck_assert_str_eq(text_at(doc, "status"), "scheduled");
    ck_assert_int_eq(number_at(doc, "recipient_count"), 1);
    doc = DOCUMENT(0, "message", "show", id);
    ck_assert_str_eq(text_at(doc, "content"), "Hi");
    ck_assert_str_eq(text_at(doc, "subject"), "S");
    ck_assert_str_eq(text_at(doc, "html"), "<p>Hi</p>\n");
    ck_assert_str_eq(text_at(doc, "priority"), "low");
    ck_assert_int_eq(number_at(doc, "metadata/order"), 4711);
    ck_assert_str_eq(sql_text("SELECT senders->>'email' FROM messages WHERE id = '%s'", id),
                     "Me <me@example.com>");
    ck_assert_int_eq(sql_number("SELECT extract(epoch FROM scheduled_at - created_at)::int FROM messages"
                                " WHERE id = '%s'", id), 3600);
    ck_assert_int_eq(sql_number("SELECT extract(epoch FROM expires_at - created_at)::int FROM messages"
                                " WHERE id = '%s'", id), 7200);
    ck_assert_int_eq(sql_number("SELECT count(*) FROM dispatch d JOIN messages m ON m.id = d.message_id"
                                " WHERE m.id = '%s' AND d.due_at = m.scheduled_at", id), 1);
    doc = DOCUMENT(0, "send", "--platform", "sms", "--to", "+15552220005", "--content", "x", "--at",
                   "2026-01-01T00:00:00Z", "--as", u.email); /* long past: now */
    ck_assert_str_eq(text_at(doc, "status"), "pending");
}
END_TEST

#define TO_ME(u) "--platform", "sms", "--to", "+15552220006", "--as", (u).email

START_TEST(the_content_is_read_from_the_standard_input_up_to_its_ceiling)
{
    struct user u = user_new("unlimited");
    char *big = calloc(1, 65540);

    memset(big, 'x', 65538);
    use_stdin("Two\nlines\r\n", 11);
    ck_assert_str_eq(text_at(DOCUMENT(0, "message", "show", text_at(DOCUMENT(0, "send", "-", TO_ME(u)), "id")),
                             "content"), "Two\nlines");
    use_stdin("One\n\n", 5);
    ck_assert_str_eq(text_at(DOCUMENT(0, "message", "show",
                                      text_at(DOCUMENT(0, "send", "--content", "-", TO_ME(u)), "id")),
                             "content"), "One\n");
    memcpy(big + 65536, "\r\n", 3);
    use_stdin(big, 65538);
    ck_assert_int_eq((int)strlen(text_at(DOCUMENT(0, "message", "show",
                                                  text_at(DOCUMENT(0, "send", "-", TO_ME(u)), "id")),
                                         "content")), 65536);
    big[65536] = 'x';
    use_stdin(big, 65538);
    EXPECT(2, SAYS("--content: must be a string of 1 to 65,536 bytes"), "send", "-", TO_ME(u));
    use_stdin("a\0b", 3);
    EXPECT(2, SAYS("--content: holds a NUL byte"), "send", "-", TO_ME(u));
    use_stdin("\xff", 1);
    EXPECT(2, SAYS("--content: is not valid UTF-8"), "send", "-", TO_ME(u));
    use_stdin("\n", 1);
    EXPECT(2, SAYS("--content: must be a string of 1"), "send", "-", TO_ME(u));
    ck_assert_int_eq(messages_of(&u), 3);
}
END_TEST

START_TEST(all_faults_come_at_once_each_with_its_option)
{
    struct user u = user_new("unlimited");
    json_t *doc;
    struct outcome o;

    EXPECT(2, SAYS("--to +12: a phone number has 7 to 15 digits", "--to ada: an address is written as",
                   "--platform fax: must be sms, email, whatsapp or telegram",
                   "--subject: must not hold a line break", "--priority: must be high, normal or low",
                   "--at: must be a date and time", "--expires: must lie in the future",
                   "--metadata: line 1, column", "--from fax: is not a platform",
                   "--from: is written as PLATFORM=SENDER", "--html: cannot open", "\nusage: notifyctl send "),
           "send", "--platform=sms", "--to=+12", "--platform=email", "--to=ada", "--platform=fax", "--to=1",
           "--to=2", "--content=x", "--subject=a\nb", "--priority=urgent", "--at=soon", "--expires=0s",
           "--metadata={", "--from=fax=1", "--from=me", "--html=/nonexistent", "--as", u.email);
    o = run(HEADERS("--json", "send", "--content", "", TO_ME(u), "--at", "soon"));
    ck_assert_int_eq(o.status, 2);
    doc = json_read(buf_str(&o.err), o.err.len, NULL);
    ck_assert_str_eq(text_at(doc, "error/code"), "usage");
    ck_assert_ptr_nonnull(strstr(text_at(doc, "error/message"), "--content: must be"));
    ck_assert_ptr_nonnull(strstr(text_at(doc, "error/message"), "\n--at: must be"));
    ck_assert_uint_eq(o.out.len, 0);
    EXPECT(2, SAYS("--expires: must lie after scheduled_at"), "send", "--content", "x", TO_ME(u), "--at", "2h",
           "--expires", "1h");
    ck_assert_int_eq(messages_of(&u), 0);
}
END_TEST

START_TEST(whose_message_it_is_surprises_nobody)
{
    struct user u = user_new("unlimited");
    json_t *doc;

    EXPECT(2, SAYS("--as is missing: there are", "active users"), "send", "--platform", "sms", "--to",
           "+15552220007", "--content", "x");
    EXPECT(1, SAYS("--as: no user has this address"), "send", "--platform", "sms", "--to", "+15552220007",
           "--content", "x", "--as", "nobody@example.com");
    notifyctl(HEADERS("user", "disable", u.email));
    EXPECT(1, SAYS("--as: the account is disabled"), "send", "--platform", "sms", "--to", "+15552220007",
           "--content", "x", "--as", u.email);
    notifyctl(HEADERS("user", "enable", u.email));
    sql_text("CREATE TABLE active_before AS SELECT id FROM users WHERE active");
    sql_text("UPDATE users SET active = false WHERE id <> '%s'", u.id);
    doc = DOCUMENT(0, "send", "--platform", "sms", "--to", "+15552220007", "--content", "x");
    EXPECT(0, SAYS(text("sending as %s, the only active user\n", u.email)), "send", "--platform", "sms",
           "--to", "+15552220007", "--content", "x");
    sql_text("UPDATE users SET active = false");
    EXPECT(1, SAYS("there is no active user to send as"), "send", "--platform", "sms", "--to", "+15552220007",
           "--content", "x");
    sql_text("UPDATE users SET active = true WHERE id IN (SELECT id FROM active_before)");
    sql_text("DROP TABLE active_before");
    ck_assert_str_eq(text_at(doc, "user"), u.email);
    ck_assert_int_eq(messages_of(&u), 2);
}
END_TEST

START_TEST(the_same_line_with_the_same_key_sends_once)
{
    struct user u = user_new("unlimited");
    const char *id = text_at(DOCUMENT(0, "send", "--content", "x", TO_ME(u), "--idempotency-key", "k",
                                      "--at", "1h"), "id");

    clock_sleep_ms(5); /* "1h" is another time by now, and the same line */
    ck_assert_str_eq(text_at(DOCUMENT(0, "send", "--content", "x", TO_ME(u), "--idempotency-key", "k",
                                      "--at", "1h"), "id"), id);
    EXPECT(0, SAYS(id), "send", "--content", "x", TO_ME(u), "--idempotency-key", "k", "--at", "1h");
    EXPECT(1, SAYS("--idempotency-key was used with another message"), "send", "--content", "y", TO_ME(u),
           "--idempotency-key", "k", "--at", "1h");
    ck_assert_int_eq(messages_of(&u), 1);
    expect_whole(&u, 1);
}
END_TEST

START_TEST(neither_the_broker_nor_the_web_server_is_needed)
{
    struct user u = user_new("unlimited");
    json_t *doc;

    service_down("rabbitmq");
    service_down("front");
    doc = DOCUMENT(0, "send", "--content", "x", TO_ME(u), "--wait", "25");
    expect_each_once(text_at(doc, "id"), 1);
}
END_TEST

/* ---- a file ---- */

static const char mixed[] = "\xef\xbb\xbfsms,+15552230001\r\n"
                            "# a comment\r\n"
                            "\r\n"
                            "  email , ada@example.com \r\n"
                            "sms,+15552230001\r\n"
                            "sms,12\r\n"
                            "fax,12\r\n"
                            "+15552230002\r\n"
                            "sms,+15552230003";

START_TEST(bad_lines_are_told_and_the_others_sent)
{
    struct user u = user_new("unlimited");
    const char *file = write_text("mixed.txt", mixed), *id;
    json_t *doc;

    doc = DOCUMENT(1, "send", "--to-file", file, "--content", "x", "--as", u.email);
    ck_assert_int_eq(number_at(doc, "lines"), 9);
    ck_assert_int_eq(number_at(doc, "recipients"), 3);
    ck_assert_int_eq(number_at(doc, "messages"), 1);
    ck_assert_int_eq(number_at(doc, "duplicates"), 1);
    ck_assert_int_eq(number_at(doc, "bad_lines"), 3);
    ck_assert_int_eq(number_at(doc, "errors/0/line"), 6);
    ck_assert_int_eq(number_at(doc, "errors/1/line"), 7);
    ck_assert_int_eq(number_at(doc, "errors/2/line"), 8);
    ck_assert_uint_eq(json_array_size(at(doc, "errors")), 3);
    id = text_at(doc, "results/0/id");
    ck_assert_int_eq(number_at(doc, "results/0/first_line"), 1);
    ck_assert_int_eq(number_at(doc, "results/0/last_line"), 9);
    WAIT_UNTIL(count_in(id, "sent,delivered") == 3, 10000);
    expect_each_once(id, 2);
    EXPECT(1, SAYS(text("%s:6: a phone number is written", file), text("%s:7: the platform must be", file),
                   text("%s:8: is not PLATFORM,ADDRESS", file), "3 bad lines; the rest was accepted", "9 lines read: 3 recipients accepted in 1 message, 1 duplicate, 3 bad lines"),
           "send", "--to-file", file, "--content", "x", "--as", u.email);
    ck_assert_int_eq(messages_of(&u), 2);
}
END_TEST

START_TEST(of_many_bad_lines_twenty_are_shown_and_the_rest_counted)
{
    struct user u = user_new("unlimited");
    struct buf lines = BUF_INIT(1 << 20);
    const char *told;
    struct outcome o;
    int shown = 0;

    for (int i = 0; i < 1500; i++)
        buf_addf(&lines, "bad %d\n", i);
    write_text("bad.txt", buf_str(&lines));
    o = run(HEADERS("send", "--platform", "sms", "--to-file", stack_file("bad.txt"), "--content", "x", "--as",
                    u.email));
    ck_assert_int_eq(o.status, 1);
    for (told = buf_str(&o.err); (told = strstr(told, "bad.txt:")) != NULL; told++)
        shown++;
    ck_assert_int_eq(shown, 20);
    ck_assert_ptr_nonnull(strstr(buf_str(&o.err), "and 1480 more\n"));
    ck_assert_ptr_null(strstr(buf_str(&o.err), "bad 7")); /* what stands in the line is not repeated */
    ck_assert_uint_eq(json_array_size(at(DOCUMENT(1, "send", "--platform", "sms", "--to-file",
                                                  stack_file("bad.txt"), "--content", "x", "--as", u.email),
                                         "errors")), 1000);
    ck_assert_int_eq(messages_of(&u), 0);
}
END_TEST

/* The bad line is the last of several calls' worth. */
START_TEST(all_or_nothing_sends_nothing_where_a_line_is_bad)
{
    struct user u = user_new("unlimited");
    const char *file = write_numbers("many.txt", 15552240000, 12500);
    FILE *more = fopen(file, "a");
    json_t *doc;

    fputs("bad\n", more);
    ck_assert_int_eq(fclose(more), 0);
    EXPECT(1, SAYS(":12501: a phone number", "1 bad line among 12501 of ", ": nothing was sent"), "send",
           "--platform", "sms", "--to-file", file, "--content", "x", "--as", u.email, "--all-or-nothing");
    doc = DOCUMENT(1, "send", "--platform", "sms", "--to-file", file, "--content", "x", "--as", u.email,
                   "--all-or-nothing");
    ck_assert_uint_eq(json_array_size(at(doc, "results")), 0);
    ck_assert_int_eq(number_at(doc, "errors/0/line"), 12501);
    ck_assert_int_eq(messages_of(&u), 0);
    ck_assert_int_eq(truncate(file, 12500 * 13), 0);
    doc = DOCUMENT(0, "send", "--platform", "sms", "--to-file", file, "--content", "x", "--as", u.email,
                   "--all-or-nothing", "--at", "1h");
    ck_assert_int_eq(number_at(doc, "messages"), 13);
    ck_assert_int_eq(recipients_of(&u), 12500);
    ck_assert_int_eq(sql_number("SELECT count(DISTINCT xmin::text) FROM messages WHERE user_id = '%s'", u.id),
                     1); /* one transaction */
    expect_whole(&u, 12500);
}
END_TEST

START_TEST(all_or_nothing_reads_a_standard_input_that_it_can_read_only_once)
{
    struct user u = user_new("unlimited");
    int ends[2];

    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_gt(dprintf(ends[1], "+15552250001\n\n+15552250002\n"), 0);
    close(ends[1]);
    ck_assert_int_ge(dup2(ends[0], STDIN_FILENO), 0);
    EXPECT(0, SAYS("3 lines read: 2 recipients accepted in 1 message\n"), "send", "--platform", "sms",
           "--to-file", "-", "--content", "x", "--as", u.email, "--all-or-nothing");
    ck_assert_int_eq(recipients_of(&u), 2);
}
END_TEST

START_TEST(a_rerun_with_the_same_key_doubles_nothing)
{
    struct user u = user_new("unlimited");
    const char *file = write_numbers("rerun.txt", 15552260000, 2500);
    const char *const line[] = { "send", "--platform", "sms", "--to-file", file, "--content", "x", "--at", "1h",
                                 "--idempotency-key", "run", "--as", u.email, NULL, NULL };
    const char *whole[16];
    FILE *more;
    json_t *doc;

    memcpy(whole, line, sizeof line);
    whole[13] = "--all-or-nothing";
    doc = document(0, line);
    ck_assert_int_eq(number_at(doc, "messages"), 3);
    for (int again = 0; again < 2; again++) {
        json_t *next = document(0, again == 0 ? line : whole);

        ck_assert_int_eq(number_at(next, "messages"), 0);
        ck_assert_int_eq(number_at(next, "replayed_messages"), 3);
        ck_assert_int_eq(number_at(next, "replayed_recipients"), 2500);
        ck_assert_str_eq(text_at(next, "results/2/id"), text_at(doc, "results/2/id"));
    }
    more = fopen(file, "a"); /* the last message's lines are others now, and a fourth one's are new */
    for (int i = 0; i < 600; i++)
        fprintf(more, "+%lld\n", 15552270000LL + i);
    ck_assert_int_eq(fclose(more), 0);
    document(1, whole);
    ck_assert_int_eq(recipients_of(&u), 2500); /* nothing at all */
    EXPECT(1, SAYS(":2001-3000: the key was used with other lines", "1 message refused"), "send", "--platform",
           "sms", "--to-file", file, "--content", "x", "--at", "1h", "--idempotency-key", "run", "--as",
           u.email);
    ck_assert_int_eq(recipients_of(&u), 2600);
    expect_whole(&u, 2600);
}
END_TEST

START_TEST(skipped_lines_are_not_sent_and_count_as_seen)
{
    struct user u = user_new("unlimited");
    const char *file = write_text("skip.txt", "+15552280001\nbad\n+15552280002\n+15552280001\n+15552280003\n");
    json_t *doc = DOCUMENT(0, "send", "--platform", "sms", "--to-file", file, "--content", "x", "--as", u.email,
                           "--skip-lines", "2", "--at", "1h");

    ck_assert_int_eq(number_at(doc, "recipients"), 2);
    ck_assert_int_eq(number_at(doc, "duplicates"), 1);
    ck_assert_int_eq(number_at(doc, "bad_lines"), 0);
    ck_assert_int_eq(number_at(doc, "results/0/first_line"), 3);
    EXPECT(1, SAYS("--skip-lines 6: ", "has only 5 lines"), "send", "--platform", "sms", "--to-file", file,
           "--content", "x", "--as", u.email, "--skip-lines", "6");
    write_text("empty.txt", "# nobody\n");
    EXPECT(1, SAYS("names no recipient"), "send", "--platform", "sms", "--to-file", stack_file("empty.txt"),
           "--content", "x", "--as", u.email);
    ck_assert_int_eq(messages_of(&u), 1);
}
END_TEST

/* Of all children so far, in KiB. */
static long memory_of_children(void)
{
    struct rusage usage;

    ck_assert_int_eq(getrusage(RUSAGE_CHILDREN, &usage), 0);
    return usage.ru_maxrss;
}

START_TEST(a_hundred_thousand_lines_take_the_memory_of_ten_thousand)
{
    struct user u = user_new("unlimited");
    const char *few = write_numbers("few.txt", 15553000000, 10000);
    const char *many = write_numbers("crowd.txt", 15554000000, 100000);
    long before, after;

    EXPECT(0, SAYS("10000 recipients accepted in 10 messages"), "send", "--platform", "sms", "--to-file", few,
           "--content", "x", "--at", "30d", "--idempotency-key", "few", "--as", u.email);
    before = memory_of_children();
    EXPECT(0, SAYS("100000 recipients accepted in 100 messages"), "send", "--platform", "sms", "--to-file",
           many, "--content", "x", "--at", "30d", "--idempotency-key", "many", "--as", u.email);
    after = memory_of_children();
    fprintf(stderr, "# %ld KiB, then %ld\n", before, after);
    ck_assert_int_lt(after - before, 8 * 1024); /* 4 of them are the prints of who has been seen */
    ck_assert_int_eq(recipients_of(&u), 110000);
    sql_text("DELETE FROM dispatch WHERE message_id IN (SELECT id FROM messages WHERE user_id = '%s')", u.id);
    sql_text("DELETE FROM dispatch_runs WHERE message_id IN (SELECT id FROM messages WHERE user_id = '%s')", u.id);
}
END_TEST

/* ---- a run that is cut off ---- */

struct fed {
    pid_t pid;
    int to; /* its standard input */
    const char *log;
};

static struct fed feed_start(const struct user *u, const char *log, const char *option)
{
    const char *const words[] = { "-c", stack_env("NOTIFY_CONFIG"), "send", "--platform", "sms", "--to-file",
                                  "-", "--content", "x", "--at", "30d", "--as", u->email, option, NULL };
    struct fed f = { .log = log };
    int ends[2];

    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_ge(fcntl(ends[1], F_SETFD, FD_CLOEXEC), 0);
    ck_assert_int_ge(dup2(ends[0], STDIN_FILENO), 0);
    close(ends[0]);
    f.to = ends[1];
    f.pid = process_start("notifyctl", words, NULL, log);
    return f;
}

static void feed(const struct fed *f, long long first, int n)
{
    for (int i = 0; i < n; i++)
        ck_assert_int_gt(dprintf(f->to, "+%lld\n", first + i), 0);
}

static const char *told_by(const struct fed *f)
{
    return witness_read(stack_file(text("log/%s.log", f->log)));
}

START_TEST(a_run_that_is_interrupted_says_how_to_go_on_and_that_doubles_nothing)
{
    struct user u = user_new("unlimited");
    struct fed f = feed_start(&u, "interrupted", NULL);

    feed(&f, 15555000000, 10500);
    WAIT_UNTIL(recipients_of(&u) == 10000, 10000);
    kill(f.pid, SIGINT);
    close(f.to);
    ck_assert_int_eq(process_wait(f.pid, 10000), 1);
    ck_assert_int_eq(recipients_of(&u), 10000);
    ck_assert_msg(strstr(told_by(&f), "interrupted: lines 1 to 10000 are done, nothing behind them was"
                                      " accepted; go on with --skip-lines 10000") != NULL, "%s", told_by(&f));
    EXPECT(0, SAYS("500 recipients accepted in 1 message"), "send", "--platform", "sms", "--to-file",
           write_numbers("go-on.txt", 15555000000, 10500), "--content", "x", "--at", "30d", "--as", u.email,
           "--skip-lines", "10000");
    ck_assert_int_eq(sql_number("SELECT count(DISTINCT r.recipient) FROM message_recipients r JOIN messages m"
                                " ON m.id = r.message_id WHERE m.user_id = '%s'", u.id), 10500);
    expect_whole(&u, 10500);
}
END_TEST

START_TEST(a_run_that_loses_the_database_says_what_is_done)
{
    struct user u = user_new("unlimited");
    struct fed f = feed_start(&u, "lost", NULL);

    feed(&f, 15556000000, 10500);
    WAIT_UNTIL(recipients_of(&u) == 10000, 10000);
    service_down("postgres");
    feed(&f, 15556010500, 100);
    close(f.to);
    ck_assert_int_eq(process_wait(f.pid, 20000), 1);
    service_up("postgres");
    WAIT_UNTIL(postgres_answers(), 20000);
    ck_assert_int_eq(recipients_of(&u), 10000);
    ck_assert_msg(strstr(told_by(&f), "lines 1 to 10000 are done") != NULL, "%s", told_by(&f));
    ck_assert_msg(strstr(told_by(&f), "--skip-lines 10000") != NULL, "%s", told_by(&f));
}
END_TEST

/* It has read all, and is in the middle of its transaction. */
START_TEST(all_or_nothing_that_is_cut_off_leaves_nothing)
{
    struct user u = user_new("unlimited");
    struct fed f;

    sql_text("CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS"
             " $$ BEGIN PERFORM pg_sleep(1); RETURN NULL; END $$");
    sql_text("CREATE TRIGGER dawdle AFTER INSERT ON messages FOR EACH STATEMENT EXECUTE FUNCTION dawdle()");
    f = feed_start(&u, "taken-back", "--all-or-nothing");
    feed(&f, 15557000000, 30000);
    close(f.to);
    WAIT_UNTIL(sql_number("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'notifyctl'"
                          " AND wait_event = 'PgSleep'") == 1, 10000);
    kill(f.pid, SIGTERM);
    ck_assert_int_eq(process_wait(f.pid, 20000), 1);
    sql_text("DROP TRIGGER dawdle ON messages");
    sql_text("DROP FUNCTION dawdle()");
    ck_assert_msg(strstr(told_by(&f), "interrupted: nothing was sent") != NULL, "%s", told_by(&f));
    ck_assert_int_eq(messages_of(&u), 0);
}
END_TEST

/* ---- looking ---- */

START_TEST(a_message_is_shown_with_its_recipients_and_its_timeline)
{
    struct user u = user_new("unlimited");
    const char *id = send_range(&u, 15558000000, 150, ""), *failed = send_to(&u, "sms", "+15550004000");
    json_t *doc, *answer;

    WAIT_UNTIL(count_in(id, "delivered") == 150 && is_in(failed, "failed"), 20000);
    clock_sleep_ms(600); /* the last events may be late */
    doc = DOCUMENT(0, "message", "show", id);
    answer = http("GET", text("/api/v1/messages/%s", id), u.key, NULL, NULL).json;
    ck_assert_uint_eq(json_array_size(at(doc, "recipients")), 150); /* the API shows the first 100 */
    ck_assert(json_equal(at(doc, "recipients/99"), at(answer, "recipients/99")));
    ck_assert_int_eq(number_at(doc, "summary/delivered"), 150);
    ck_assert_str_eq(text_at(doc, "events/0/event"), "accepted");
    ck_assert_uint_eq(json_array_size(at(doc, "events")),
                      (size_t)sql_number("SELECT 1 + count(*) FROM message_events WHERE message_id = '%s'", id));
    json_object_del(doc, "events");
    json_object_del(doc, "recipients");
    json_object_del(answer, "recipients");
    ck_assert(json_equal(doc, answer));
    EXPECT(0, SAYS(u.email, "recipients  150 delivered", "+15558000099", "and 50 more recipients",
                   "more events"), "message", "show", id);
    EXPECT(0, SAYS("failed", "+15550004000", "21211", "A private text"), "message", "show", failed);
    EXPECT(1, SAYS("no such message"), "message", "show", "01890a5d-ac96-774b-bcce-b302099a8057");
}
END_TEST

START_TEST(messages_are_listed_by_each_filter)
{
    struct user u = user_new("unlimited"), other = user_new("unlimited");
    const char *first = send_to(&u, "sms", "+15558100001"), *mail = send_to(&u, "email", "list@example.com");
    const char *failed = send_to(&u, "sms", "+15550004000");
    json_t *doc;

    send_to(&other, "sms", "+15558100001");
    WAIT_UNTIL(is_in(failed, "failed") && is_in(first, "delivered") && is_in(mail, "sent,delivered"), 10000);
    doc = DOCUMENT(0, "message", "list", "--user", u.email);
    ck_assert_uint_eq(json_array_size(at(doc, "data")), 3);
    ck_assert_str_eq(text_at(doc, "data/0/id"), failed); /* the newest first */
    ck_assert_str_eq(text_at(doc, "data/2/id"), first);
    ck_assert_int_eq(number_at(doc, "data/2/summary/delivered"), 1);
    doc = DOCUMENT(0, "message", "list", "--user", u.email, "--status", "failed");
    ck_assert_uint_eq(json_array_size(at(doc, "data")), 1);
    ck_assert_str_eq(text_at(doc, "data/0/id"), failed);
    doc = DOCUMENT(0, "message", "list", "--user", u.email, "--platform", "email");
    ck_assert_uint_eq(json_array_size(at(doc, "data")), 1);
    ck_assert_str_eq(text_at(doc, "data/0/id"), mail);
    doc = DOCUMENT(0, "message", "list", "--recipient", "+15558100001");
    ck_assert_uint_eq(json_array_size(at(doc, "data")), 2);
    doc = DOCUMENT(0, "message", "list", "--recipient", "+15558100001", "--user", u.email, "--since", "1h");
    ck_assert_uint_eq(json_array_size(at(doc, "data")), 1);
    ck_assert_str_eq(text_at(doc, "data/0/id"), first);
    ck_assert_uint_eq(json_array_size(at(DOCUMENT(0, "message", "list", "--user", u.email, "--until", "1h"),
                                         "data")), 0);
    ck_assert_uint_eq(json_array_size(at(DOCUMENT(0, "message", "list", "--user", u.email, "--limit", "2"),
                                         "data")), 2);
    EXPECT(0, SAYS(mail, "1 failed", u.email, "A private text"), "message", "list", "--user", u.email);
    EXPECT(1, SAYS("no user has this address"), "message", "list", "--user", "nobody@example.com");
}
END_TEST

/* More than one of the pages that the list is gathered from. */
START_TEST(a_list_goes_on_past_a_page)
{
    struct user u = user_new("unlimited");
    struct buf body = BUF_INIT(1 << 20);
    json_t *doc;

    buf_adds(&body, "{\"messages\":[");
    for (int i = 0; i < 130; i++)
        buf_addf(&body, "%s%s", i == 0 ? "" : ",", sms_body(text("+155582%05d", i)));
    buf_adds(&body, "]}");
    ck_assert_int_eq(http("POST", "/api/v1/messages/bulk", u.key, buf_str(&body), NULL).status, 202);
    doc = DOCUMENT(0, "message", "list", "--user", u.email, "--limit", "125");
    ck_assert_uint_eq(json_array_size(at(doc, "data")), 125);
    for (int i = 1; i < 125; i++)
        ck_assert_str_lt(text_at(doc, text("data/%d/id", i)), text_at(doc, text("data/%d/id", i - 1)));
}
END_TEST

START_TEST(only_a_scheduled_message_is_cancelled)
{
    struct user u = user_new("unlimited");
    const char *later = text_at(DOCUMENT(0, "send", "--content", "x", TO_ME(u), "--at", "1h"), "id");
    const char *twice = text_at(DOCUMENT(0, "send", "--content", "x", TO_ME(u), "--at", "1h"), "id");
    const char *sent = text_at(DOCUMENT(0, "send", "--content", "x", TO_ME(u), "--wait", "20"), "id");
    json_t *doc = DOCUMENT(0, "message", "cancel", later);

    ck_assert_str_eq(text_at(doc, "status"), "cancelled");
    ck_assert_int_eq(number_at(doc, "summary/cancelled"), 1);
    ck_assert_ptr_null(at(doc, "events"));
    EXPECT(0, SAYS(text("cancelled %s, which was to go to 1 recipient\n", twice)), "message", "cancel", twice);
    EXPECT(1, SAYS("Only a scheduled message can be cancelled; this one is cancelled."), "message", "cancel",
           twice);
    EXPECT(1, SAYS("this one is completed."), "message", "cancel", sent);
    EXPECT(1, SAYS("no such message"), "message", "cancel", "01890a5d-ac96-774b-bcce-b302099a8057");
    expect_whole(&u, 0);
}
END_TEST

/* ---- wrong usage ---- */

#define OK_SEND "send", "--platform", "sms", "--to", "+15558300001", "--content", "x"

static const char *const wrong_lines[][16] = {
    { "send" },
    { "send", "--content", "x" },
    { "send", "--content", "x", "--to", "+15558300001" },
    { "send", "--platform", "sms", "--to", "+15558300001" },
    { "send", "--platform", "fax", "--to", "+15558300001", "--content", "x" },
    { "send", "--platform", "sms", "--to", "12", "--content", "x" },
    { "send", "--platform", "sms", "--to", "+15558300001", "--content" },
    { OK_SEND, "more" },
    { OK_SEND, "-" },
    { OK_SEND, "--content", "y" },
    { OK_SEND, "--bogus" },
    { OK_SEND, "--at", "tomorrow" },
    { OK_SEND, "--at", "367d" },
    { OK_SEND, "--expires", "2020-01-01T00:00:00Z" },
    { OK_SEND, "--priority", "urgent" },
    { OK_SEND, "--from", "sms" },
    { OK_SEND, "--from", "sms=Much too long a name" },
    { OK_SEND, "--metadata", "[]" },
    { OK_SEND, "--html", "/nonexistent/file" },
    { OK_SEND, "--wait", "soon" },
    { OK_SEND, "--as", "ada" },
    { OK_SEND, "--idempotency-key", "" },
    { OK_SEND, "--all-or-nothing" },
    { OK_SEND, "--skip-lines", "1" },
    { OK_SEND, "--to-file", "/dev/null" },
    { OK_SEND, "--platform", "email" },
    { OK_SEND }, /* there are several active users */
    { "send", "--content", "x", "--as", "demo@example.com", "--to-file", "/nonexistent/file" },
    { "send", "--content", "x", "--as", "demo@example.com", "--to-file", "/" },
    { "send", "--content", "x", "--as", "demo@example.com", "--to-file", "/dev/null", "--platform", "fax" },
    { "send", "--content", "x", "--as", "demo@example.com", "--to-file", "/dev/null", "--skip-lines", "-1" },
    { "message" },
    { "message", "send" },
    { "message", "show" },
    { "message", "show", "17" },
    { "message", "show", "01890a5d-ac96-774b-bcce-b302099a8057", "more" },
    { "message", "show", "01890a5d-ac96-774b-bcce-b302099a8057", "--limit", "1" },
    { "message", "cancel" },
    { "message", "cancel", "17" },
    { "message", "cancel", "01890a5d-ac96-774b-bcce-b302099a8057", "more" },
    { "message", "list", "all" },
    { "message", "list", "--status", "sent" },
    { "message", "list", "--platform", "fax" },
    { "message", "list", "--limit", "0" },
    { "message", "list", "--since" },
    { "message", "list", "--since", "yesterday" },
    { "message", "list", "--user", "ada" },
};

START_TEST(wrong_usage_exits_with_2_and_leaves_nothing)
{
    int64_t before = sql_number("SELECT count(*) FROM messages");

    for (size_t i = 0; i < sizeof wrong_lines / sizeof *wrong_lines; i++) {
        struct outcome o = run(wrong_lines[i]);

        ck_assert_msg(o.status == 2, "row %zu: status %d: %s", i, o.status, buf_str(&o.err));
        ck_assert_msg(o.out.len == 0, "row %zu: %s", i, buf_str(&o.out));
        ck_assert_int_eq(strncmp(buf_str(&o.err), "notifyctl: ", 11), 0);
        ck_assert_msg(strstr(buf_str(&o.err), "\nusage: notifyctl") != NULL, "row %zu", i);
        outcome_free(&o);
    }
    ck_assert_int_eq(sql_number("SELECT count(*) FROM messages"), before);
}
END_TEST

/* ---- what the documents say ---- */

/* Each line of a document that begins so, in a folder with the files that they name. */
static int run_examples(const char *path, const char *begin)
{
    const char *top = getenv("top_srcdir");
    char *rest = strdup(witness_read(text("%s/%s", top ? top : ".", path))), *line;
    int n = 0;

    while ((line = strsep(&rest, "\n")) != NULL) {
        char *to = line;
        int status;

        for (const char *c = line; *c != '\0'; c++) { /* man(7) writes a minus sign as "\-" */
            if (c[0] != '\\' || c[1] != '-')
                *to++ = *c;
        }
        *to = '\0';
        if (strncmp(line, begin, strlen(begin)) != 0)
            continue;
        write_text("example.sh", text("notifyctl() { '%s' -c '%s' \"$@\"; }\ncd '%s' || exit 9\n%s\n",
                                      stack_file("bin/notifyctl"), stack_env("NOTIFY_CONFIG"),
                                      stack_file("examples"), line));
        status = system(text("sh '%s' >'%s' 2>&1", stack_file("example.sh"), stack_file("example.out")));
        ck_assert_msg(status == 0, "%s: %s", line, witness_read(stack_file("example.out")));
        n++;
    }
    return n;
}

START_TEST(the_examples_of_the_documents_work_as_they_stand)
{
    int64_t before = sql_number("SELECT count(*) FROM messages");

    mkdir(stack_file("examples"), 0700);
    write_text("examples/numbers.txt", "+15558400001\n+15558400002\n");
    write_text("examples/members.txt", "one@example.com\ntwo@example.com\n");
    write_text("examples/news.txt", "What is new\n");
    ck_assert_int_eq(run_examples("README.md", "notifyctl send "), 2);
    ck_assert_int_eq(run_examples("README.md", "notifyctl message "), 1);
    ck_assert_int_eq(run_examples("man/notifyctl.1", "notifyctl send "), 2);
    ck_assert_int_eq(run_examples("man/notifyctl.1", "notifyctl message "), 1);
    ck_assert_int_eq(sql_number("SELECT count(*) FROM messages"), before + 4);
}
END_TEST

START_TEST(no_log_holds_an_address_or_a_content)
{
    expect_no_secrets_in_logs();
}
END_TEST

STACK_SUITE("send", settings, a_message_from_the_shell_is_delivered_and_waited_for,
            waiting_fails_where_a_recipient_does_or_where_time_is_up, each_option_arrives_in_the_message,
            the_content_is_read_from_the_standard_input_up_to_its_ceiling,
            all_faults_come_at_once_each_with_its_option, whose_message_it_is_surprises_nobody,
            the_same_line_with_the_same_key_sends_once, neither_the_broker_nor_the_web_server_is_needed,
            bad_lines_are_told_and_the_others_sent,
            of_many_bad_lines_twenty_are_shown_and_the_rest_counted,
            all_or_nothing_sends_nothing_where_a_line_is_bad,
            all_or_nothing_reads_a_standard_input_that_it_can_read_only_once,
            a_rerun_with_the_same_key_doubles_nothing, skipped_lines_are_not_sent_and_count_as_seen,
            a_hundred_thousand_lines_take_the_memory_of_ten_thousand,
            a_run_that_is_interrupted_says_how_to_go_on_and_that_doubles_nothing,
            a_run_that_loses_the_database_says_what_is_done, all_or_nothing_that_is_cut_off_leaves_nothing,
            a_message_is_shown_with_its_recipients_and_its_timeline, messages_are_listed_by_each_filter,
            a_list_goes_on_past_a_page, only_a_scheduled_message_is_cancelled,
            wrong_usage_exits_with_2_and_leaves_nothing, the_examples_of_the_documents_work_as_they_stand,
            no_log_holds_an_address_or_a_content)
