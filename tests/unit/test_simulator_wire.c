/* test_simulator_wire - the simulator as a program: what it puts on the wire and into its log. */
#include "tests/unit/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/crypto/digest.h"
#include "tests/simulator/ecdsa.h"
#include "tests/simulator/whatsapp.h"
#include "tests/unit/simulator.h"
#include "tests/unit/suite.h"

#define OPTIONS(...) (const char *const[]){ __VA_ARGS__, NULL }
#define TWILIO_PATH "/2010-04-01/Accounts/AC00000000000000000000000000000000/Messages.json"
#define TWILIO_HEADERS                                                                       \
    "Authorization: Basic QUMwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDpzaW11bGF0b3I=\r\n" \
    "Content-Type: application/x-www-form-urlencoded\r\n"
#define WHATSAPP_PATH "/v23.0/100000000000001/messages"
#define WHATSAPP_HEADERS \
    "Authorization: Bearer simulator\r\nContent-Type: application/json\r\n"

/* A request to Twilio for +1555000NNNN. */
static const char *twilio(const char *number)
{
    return wire_request(TWILIO_PATH, TWILIO_HEADERS,
                        wire_text("To=%%2B1555000%s&From=%%2B15005550006&Body=hi", number));
}

/* Its line in the log. */
static json_t *twilio_line(const char *number)
{
    return wire_log("request", wire_text("+1555000%s", number), 1);
}

static int send_twilio(const char *number)
{
    int fd = wire_connect(wire_port());

    wire_send(fd, twilio(number));
    return fd;
}

static const char *ask_whatsapp(const char *to)
{
    return wire_ask(WHATSAPP_PATH, WHATSAPP_HEADERS,
                    wire_text("{\"messaging_product\":\"whatsapp\",\"to\":\"%s\",\"text\":{\"body\":"
                              "\"hi\"},\"biz_opaque_callback_data\":\"m.0\"}",
                              to));
}

START_TEST(the_log_has_what_was_asked_and_answered)
{
    char hash[SHA256_HEX_BYTES];
    const char *answer;

    wire_start(NULL);
    answer = wire_answer(send_twilio("1234"));
    SCOPED(json_t) body = json_read(wire_body(answer), strlen(wire_body(answer)), NULL);
    SCOPED(json_t) lines = twilio_line("1234");
    ck_assert_int_eq(wire_status(answer), 201);
    ck_assert_str_eq(sample_text(lines, "0/provider"), "twilio");
    ck_assert_str_eq(sample_text(lines, "0/sid"), sample_text(body, "sid"));
    ck_assert_str_eq(sample_text(lines, "0/behaviour"), "delivered");
    ck_assert_str_eq(sample_text(lines, "0/body"), "hi");
    ck_assert_str_eq(sample_text(lines, "0/body_sha256"), sha256_hex("hi", 2, hash));
    ck_assert_int_eq(sample_number(lines, "0/status"), 201);
    wire_stop();
}
END_TEST

START_TEST(a_path_of_nobody_is_not_found)
{
    wire_start(NULL);
    ck_assert_int_eq(wire_status(wire_ask("/nothing", "", "")), 404);
    wire_stop();
}
END_TEST

START_TEST(a_reset_comes_when_the_request_was_read)
{
    char byte[2];
    int fd;

    wire_start(NULL);
    fd = send_twilio("4990");
    ck_assert_int_eq(wire_receive(fd, byte, sizeof byte, WIRE_MS), -1);
    ck_assert_int_eq(errno, ECONNRESET);
    SCOPED(json_t) lines = twilio_line("4990");
    ck_assert(json_is_null(sample_at(lines, "0/status")));
    ck_assert(json_is_null(sample_at(lines, "0/sid")));
    close(fd);
    wire_stop();
}
END_TEST

START_TEST(a_cut_answer_ends_in_its_middle)
{
    wire_start(NULL);
    ck_assert_ptr_null(wire_answer(send_twilio("4992")));
    SCOPED(json_t) lines = twilio_line("4992");
    ck_assert_ptr_nonnull(sample_text(lines, "0/sid"));
    ck_assert_int_eq(wire_status(wire_answer(send_twilio("4992"))), 201);
    wire_stop();
}
END_TEST

START_TEST(silence_lasts_until_the_client_goes)
{
    char byte[2];
    int fd;

    wire_start(NULL);
    fd = send_twilio("4080");
    SCOPED(json_t) lines = twilio_line("4080");
    ck_assert_str_eq(sample_text(lines, "0/behaviour"), "hang_always");
    ck_assert_int_eq(wire_receive(fd, byte, sizeof byte, 200), -2);
    close(fd);
    wire_stop();
}
END_TEST

START_TEST(a_dripping_answer_comes_in_pieces)
{
    char text[4096];
    size_t len = 0;
    ssize_t n;
    int fd;

    wire_start(NULL);
    fd = send_twilio("6002");
    while (len == 0 || strstr(text, "\r\n\r\n{") == NULL) {
        n = wire_receive(fd, text + len, sizeof text - len, WIRE_MS);
        ck_assert_int_gt(n, 0);
        len += (size_t)n;
    }
    /* All of it would take more than a minute. */
    ck_assert_ptr_null(strstr(text, "subresource_uris"));
    close(fd);
    wire_stop();
}
END_TEST

START_TEST(a_huge_answer_is_json_and_blanks)
{
    const char *answer, *body;

    wire_start(NULL);
    answer = wire_answer(send_twilio("6003"));
    body = wire_body(answer);
    ck_assert_uint_eq(strlen(body), 10 * 1024 * 1024);
    SCOPED(json_t) json = json_read(body, strlen(body), NULL);
    ck_assert_ptr_nonnull(sample_text(json, "sid"));
    wire_stop();
}
END_TEST

START_TEST(a_huge_answer_can_be_a_hundred_megabytes)
{
    char head[4096];
    int fd;

    wire_start(NULL);
    fd = send_twilio("6004");
    ck_assert_int_gt(wire_receive(fd, head, sizeof head, WIRE_MS), 0);
    ck_assert_ptr_nonnull(strstr(head, "\r\nContent-Length: 104857600\r\n"));
    close(fd);
    wire_stop();
}
END_TEST

/* The end of the connection without a byte before it. */
static void expect_end(int fd)
{
    char byte[2];

    ck_assert_int_eq(wire_receive(fd, byte, sizeof byte, WIRE_MS), 0);
    close(fd);
}

START_TEST(a_connection_can_end_without_an_answer)
{
    wire_start(NULL);
    expect_end(send_twilio("4996"));
    SCOPED(json_t) lines = twilio_line("4996");
    ck_assert(json_is_null(sample_at(lines, "0/status")));
    ck_assert(json_is_true(sample_at(lines, "0/again")));
    ck_assert_int_eq(wire_status(wire_answer(send_twilio("4996"))), 201);
    wire_stop();
}
END_TEST

START_TEST(a_request_on_a_used_connection_can_be_left_without_an_answer)
{
    int fd;

    wire_start(NULL);
    ck_assert_int_eq(wire_status(wire_answer(send_twilio("4994"))), 201);
    fd = send_twilio("1234");
    ck_assert_int_eq(wire_status(wire_answer(fd)), 201);
    wire_send(fd, twilio("4993"));
    expect_end(fd);
    SCOPED(json_t) lines = twilio_line("4993");
    ck_assert_str_eq(sample_text(lines, "0/behaviour"), "close_reused_once");
    ck_assert(json_is_null(sample_at(lines, "0/sid")));
    wire_stop();
}
END_TEST

START_TEST(a_connection_that_is_promised_to_be_kept_can_end)
{
    const char *answer;
    int fd;

    wire_start(NULL);
    fd = send_twilio("4995");
    answer = wire_answer(fd);
    ck_assert_int_eq(wire_status(answer), 201);
    ck_assert_ptr_nonnull(strcasestr(answer, "\r\nConnection: Keep-Alive\r\n"));
    expect_end(fd);
    wire_stop();
}
END_TEST

START_TEST(a_share_of_the_ordinary_recipients_fails)
{
    wire_start(OPTIONS("--fail-share", "100", "--fail-seed", "1", "--fail-ways",
                       "server_error_once"));
    ck_assert_int_eq(wire_status(ask_whatsapp("4930123456")), 500);
    ck_assert_int_eq(wire_status(ask_whatsapp("4930123456")), 200);
    ck_assert_int_eq(wire_status(ask_whatsapp("15550001234")), 200);
    SCOPED(json_t) lines = wire_log("request", "4930123456", 2);
    ck_assert_str_eq(sample_text(lines, "0/behaviour"), "server_error_once");
    ck_assert_str_eq(sample_text(lines, "0/ends"), "sent");
    ck_assert(json_is_true(sample_at(lines, "0/again")));
    ck_assert_str_eq(sample_text(lines, "1/behaviour"), "delivered");
    ck_assert(json_is_false(sample_at(lines, "1/again")));
    wire_stop();
}
END_TEST

/* The status i of a post to WhatsApp's webhook, after its signature has been checked. */
static const char *status_of(const struct wire_post *p, size_t i, const char *member)
{
    json_t *body = json_read(p->body, p->body_len, NULL);
    char signature[WHATSAPP_SIGNATURE_BYTES];
    const char *path = wire_text("entry/0/changes/0/value/statuses/%zu/%s", i, member), *value;

    whatsapp_sign("simulator", p->body, p->body_len, signature);
    ck_assert_str_eq(wire_post_header(p, "X-Hub-Signature-256"), signature);
    value = wire_text("%s", sample_text(body, path));
    json_decref(body);
    return value;
}

START_TEST(whatsapps_statuses_reach_the_webhook)
{
    const struct wire_post *posts;

    wire_start(OPTIONS("--whatsapp-webhook", wire_sink("/wa")));
    ck_assert_int_eq(wire_status(ask_whatsapp("15551234567")), 200);
    SCOPED(json_t) asked = wire_log("request", "15551234567", 1);
    SCOPED(json_t) told = wire_log("callback", "15551234567", 2);
    posts = wire_posts(2);
    ck_assert_str_eq(posts[0].path, "/wa");
    ck_assert_str_eq(status_of(&posts[0], 0, "status"), "sent");
    ck_assert_str_eq(status_of(&posts[1], 0, "status"), "delivered");
    ck_assert_str_eq(status_of(&posts[1], 0, "id"), sample_text(asked, "0/sid"));
    ck_assert_str_eq(status_of(&posts[1], 0, "biz_opaque_callback_data"), "m.0");
    ck_assert_str_eq(sample_text(told, "1/event"), "delivered");
    ck_assert_str_eq(sample_text(told, "1/recipient_id"), "m.0");
    ck_assert_int_eq(sample_number(told, "1/status"), 200);
    wire_stop();
}
END_TEST

START_TEST(statuses_that_are_due_together_share_a_post)
{
    const struct wire_post *posts;

    wire_start(OPTIONS("--whatsapp-webhook", wire_sink("/wa"), "--callback-gap-ms", "0"));
    ask_whatsapp("15551234567");
    posts = wire_posts(1);
    ck_assert_str_eq(status_of(&posts[0], 0, "status"), "sent");
    ck_assert_str_eq(status_of(&posts[0], 1, "status"), "delivered");
    wire_stop();
}
END_TEST

START_TEST(a_status_that_is_refused_is_posted_again)
{
    const struct wire_post *posts;

    wire_sink_fails(1, 403);
    wire_start(OPTIONS("--whatsapp-webhook", wire_sink("/wa"), "--callback-gap-ms", "0"));
    ask_whatsapp("15551234567");
    SCOPED(json_t) told = wire_log("callback", "15551234567", 4);
    posts = wire_posts(2);
    ck_assert_str_eq(posts[0].body, posts[1].body);
    ck_assert_int_eq(sample_number(told, "0/attempt"), 1);
    ck_assert_int_eq(sample_number(told, "0/status"), 403);
    ck_assert_int_eq(sample_number(told, "2/attempt"), 2);
    ck_assert_int_eq(sample_number(told, "3/status"), 200);
    wire_stop();
}
END_TEST

START_TEST(a_callback_can_come_before_the_answer)
{
    json_int_t told_at, asked_at;

    wire_sink_waits(200);
    wire_start(OPTIONS("--whatsapp-webhook", wire_sink("/wa")));
    ask_whatsapp("15550007004");
    /* The answer is here, so the callback's line must be too. */
    SCOPED(json_t) told = wire_log("callback", "15550007004", 0);
    SCOPED(json_t) asked = wire_log("request", "15550007004", 1);
    ck_assert_uint_eq(json_array_size(told), 1);
    asked_at = sample_number(asked, "0/seq");
    told_at = sample_number(told, "0/seq");
    ck_assert_int_eq(told_at, asked_at + 1);
    ck_assert_str_eq(status_of(wire_posts(1), 0, "status"), "delivered");
    wire_stop();
}
END_TEST

START_TEST(a_forged_status_comes_first_and_once)
{
    const struct wire_post *posts;
    char signature[WHATSAPP_SIGNATURE_BYTES];

    wire_sink_fails(1, 403);
    wire_start(OPTIONS("--whatsapp-webhook", wire_sink("/wa")));
    ask_whatsapp("15550007006");
    SCOPED(json_t) told = wire_log("callback", "15550007006", 3);
    posts = wire_posts(3);
    whatsapp_sign("simulator", posts[0].body, posts[0].body_len, signature);
    ck_assert_str_ne(wire_post_header(&posts[0], "X-Hub-Signature-256"), signature);
    ck_assert_str_eq(status_of(&posts[1], 0, "status"), "sent");
    ck_assert_str_eq(status_of(&posts[2], 0, "status"), "delivered");
    ck_assert(json_is_true(sample_at(told, "0/forged")));
    ck_assert(json_is_false(sample_at(told, "1/forged")));
    wire_stop();
}
END_TEST

static const char *ask_sendgrid(const char *to, const char *id)
{
    return wire_ask("/v3/mail/send",
                    "Authorization: Bearer SG.simulator\r\nContent-Type: application/json\r\n",
                    wire_text("{\"personalizations\":[{\"to\":[{\"email\":\"%s\"}],\"custom_args\":{"
                              "\"notification_id\":\"%s\"}}],\"from\":{\"email\":"
                              "\"notices@example.com\"},\"subject\":\"s\",\"content\":[{\"type\":"
                              "\"text/plain\",\"value\":\"hi\"}]}",
                              to, id));
}

/* How many of the events say this of this recipient. */
static int count_events(const json_t *events, const char *email, const char *event)
{
    const json_t *e;
    int count = 0;
    size_t i;

    json_array_foreach ((json_t *)(uintptr_t)events, i, e)
        count += strcmp(sample_text(e, "email"), email) == 0 &&
                 strcmp(sample_text(e, "event"), event) == 0 &&
                 strcmp(sample_text(e, "notification_id"), "m.0") == 0;
    return count;
}

START_TEST(sendgrids_events_come_in_signed_batches)
{
    const struct wire_post *post;
    const char *answer, *key;

    wire_start(OPTIONS("--sendgrid-webhook", wire_sink("/sg"), "--sendgrid-public-key-file",
                       wire_file("key"), "--callback-gap-ms", "0", "--batch-ms", "500"));
    answer = ask_sendgrid("ada@example.com\"},{\"email\":\"grace@example.com", "m.0");
    ck_assert_int_eq(wire_status(answer), 202);
    ck_assert_str_eq(wire_body(answer), "");
    ck_assert_ptr_nonnull(strstr(answer, "\r\nX-Message-Id: "));
    SCOPED(json_t) told = wire_log("callback", "grace@example.com", 2);
    SCOPED(json_t) asked = wire_log("request", "ada@example.com", 1);
    post = wire_posts(1);
    SCOPED(json_t) events = json_read(post->body, post->body_len, NULL);
    key = wire_read_file("key");
    ck_assert(ecdsa_verify(wire_text("%.*s", (int)strcspn(key, "\n"), key),
                           wire_post_header(post, "X-Twilio-Email-Event-Webhook-Signature"),
                           wire_post_header(post, "X-Twilio-Email-Event-Webhook-Timestamp"),
                           post->body, post->body_len));
    ck_assert_uint_eq(json_array_size(events), 4);
    ck_assert_int_eq(count_events(events, "ada@example.com", "processed"), 1);
    ck_assert_int_eq(count_events(events, "ada@example.com", "delivered"), 1);
    ck_assert_int_eq(count_events(events, "grace@example.com", "delivered"), 1);
    ck_assert_str_eq(sample_text(told, "1/recipient_id"), "m.0");
    ck_assert_str_eq(sample_text(told, "1/sid"), sample_text(asked, "0/sid"));
    ck_assert_int_eq(sample_number(asked, "0/recipients"), 2);
    ck_assert_str_eq(sample_text(asked, "0/subject"), "s");
    wire_stop();
}
END_TEST

START_TEST(sendgrids_empty_answer_can_be_cut)
{
    wire_start(NULL);
    ck_assert_ptr_null(ask_sendgrid("ada+4992@example.com", "m.0"));
    ck_assert_int_eq(wire_status(ask_sendgrid("ada+4992@example.com", "m.0")), 202);
    wire_stop();
}
END_TEST

/* What is more than the common limit, and less than this provider's. */
START_TEST(a_large_mail_is_taken)
{
    struct buf name = BUF_INIT(2 * BODY_MAX + 1);
    const char *body;

    for (size_t i = 0; i < 2 * BODY_MAX; i++)
        buf_addc(&name, 'a');
    body = wire_text("{\"personalizations\":[{\"to\":[{\"email\":\"ada@example.com\",\"name\":\"%s\"}]}"
                     "],\"from\":{\"email\":\"notices@example.com\"},\"subject\":\"s\",\"content\":[{"
                     "\"type\":\"text/plain\",\"value\":\"hi\"}]}", buf_str(&name));
    wire_start(NULL);
    ck_assert_int_eq(wire_status(wire_ask("/v3/mail/send",
                                          "Authorization: Bearer SG.simulator\r\n"
                                          "Content-Type: application/json\r\n", body)), 202);
    ck_assert_int_eq(wire_status(wire_ask(TWILIO_PATH, TWILIO_HEADERS, body)), 413);
    buf_free(&name);
    wire_stop();
}
END_TEST

START_TEST(telegram_is_asked_by_json_and_by_form)
{
    static const char path[] = "/bot123456789:SIMULATORSIMULATORSIMULATORSIMULATO/sendMessage";
    const char *answer;

    wire_start(NULL);
    answer = wire_ask(path, "Content-Type: application/json\r\n",
                      "{\"chat_id\":123456,\"text\":\"hi\"}");
    ck_assert_int_eq(wire_status(answer), 200);
    answer = wire_ask(path, "Content-Type: application/x-www-form-urlencoded\r\n",
                      "chat_id=5550004291&text=hi");
    ck_assert_int_eq(wire_status(answer), 429);
    ck_assert_ptr_nonnull(strstr(answer, "\r\nRetry-After: 1\r\n"));
    SCOPED(json_t) lines = wire_log("request", "123456", 1);
    ck_assert_str_eq(sample_text(lines, "0/provider"), "telegram");
    ck_assert_str_eq(sample_text(lines, "0/path"), "/bot<token>/sendMessage");
    ck_assert_ptr_null(strstr(wire_read_file("log"), "SIMULATORSIMULATOR"));
    wire_stop();
}
END_TEST

SUITE("simulator_wire", telegram_is_asked_by_json_and_by_form,
      sendgrids_events_come_in_signed_batches, sendgrids_empty_answer_can_be_cut,
      a_large_mail_is_taken, the_log_has_what_was_asked_and_answered, a_path_of_nobody_is_not_found,
      a_reset_comes_when_the_request_was_read, a_cut_answer_ends_in_its_middle,
      silence_lasts_until_the_client_goes, a_dripping_answer_comes_in_pieces,
      a_huge_answer_is_json_and_blanks,
      a_huge_answer_can_be_a_hundred_megabytes, a_connection_can_end_without_an_answer,
      a_request_on_a_used_connection_can_be_left_without_an_answer,
      a_connection_that_is_promised_to_be_kept_can_end, a_share_of_the_ordinary_recipients_fails,
      whatsapps_statuses_reach_the_webhook,
      statuses_that_are_due_together_share_a_post, a_status_that_is_refused_is_posted_again,
      a_callback_can_come_before_the_answer, a_forged_status_comes_first_and_once)
