/* What kind = smtp tells a mail server in the clear, and what only over TLS that it trusts. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/arena.h"
#include "common/transport/transport.h"
#include "tests/integration/tap.h"
#include "tests/unit/simulator.h"
#include "tests/unit/suite.h"
#include "tests/unit/wire.h"
#include "workerd/adapters/adapter.h"

#define USER "notices"
#define PASSWORD "correct horse"
#define HELLO "EHLO notify.example.com\r\n"
#define TLS_HANDSHAKE '\x16' /* the first byte of a ClientHello's record */

/* ---- the server: the simulator, seen through a tap ---- */

static struct tap *tap;
static const char *scheme;

static int port_of(const char *file)
{
    return atoi(wire_read_file(file));
}

/* What an earlier one has left: its ports would be taken for those of the next. */
static void forget_files(void)
{
    static const char *const names[] = { "port", "smtp", "smtps", "certificate", "log" };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlink(wire_file(names[i]));
}

/* address: where the client finds it; the certificate is for 127.0.0.1. */
static void server_start(const char *with_scheme, const char *starttls, const char *address)
{
    scheme = with_scheme;
    forget_files();
    wire_start((const char *const[]){
        "--smtp-listen", "127.0.0.1:0", "--smtp-port-file", wire_file("smtp"), "--smtps-listen",
        "127.0.0.1:0", "--smtps-port-file", wire_file("smtps"), "--smtp-user", USER,
        "--smtp-password", PASSWORD, "--smtp-starttls", starttls, "--smtp-certificate-file",
        wire_file("certificate"), NULL });
    tap = tap_start(address, port_of(scheme));
}

/* ---- the client under test ---- */

static const struct delivery mail = {
    .recipient_id = "019a2b3c-4d5e-7f60-8123-456789abcdef.7",
    .platform = PF_EMAIL,
    .address = "ada@example.com",
    .content = "A private text",
    .subject = "A subject",
    .from = "notices@example.org",
    .expires_ms = -1,
    .now_ms = 1796115600000,
    .attempt = 1,
};

static struct arena mem;

static struct arena *memory_of(void *owner)
{
    return &mem;
}

static struct provider *open_provider(const char *address, enum starttls starttls,
                                      const char *password)
{
    struct provider_config cfg = { .name = "mail",
                                   .kind = "smtp",
                                   .base_url = "",
                                   .url = wire_text("%s://%s:%d", scheme, address, tap->port),
                                   .username = USER,
                                   .password = password,
                                   .list_unsubscribe = "",
                                   .timeout_ms = WIRE_MS,
                                   .starttls = starttls };
    struct provider *p;
    struct error err;

    ck_assert_int_eq(adapter_find("smtp")->open(&p, &cfg, "https://notify.example.com", &err), ST_OK);
    return p;
}

/* All of it, up to the end of its connections. */
static struct verdict submit(const char *address, enum starttls starttls, const char *password,
                             const char *ca_bundle)
{
    struct transfer_limits limits = { .connect_ms = WIRE_MS,
                                      .low_speed_bytes = 1,
                                      .ca_bundle = ca_bundle,
                                      .connections = 1 };
    struct provider *p = open_provider(address, starttls, password);
    struct transport *transport;
    struct transfer what;
    struct verdict v;
    struct reply reply;
    struct error err;
    void *owner;

    signal(SIGPIPE, SIG_IGN);
    ck_assert(transport_library_init());
    transport = transport_new(1);
    ck_assert_int_eq(adapter_find("smtp")->build(p, &mail, &mem, &what, &err), ST_OK);
    what.limits = &limits;
    transport_start(transport, &what, &what);
    while (!transport_next(transport, &owner, memory_of, &reply))
        transport_run(transport, -1, 100);
    v = adapter_find("smtp")->judge(p, &reply, &mem);
    transport_free(transport);
    adapter_find("smtp")->close(p);
    tap_stop(tap);
    return v;
}

static void end(void)
{
    tap_free(tap);
    wire_stop();
    arena_done(&mem);
}

/* ---- what it said ---- */

static bool was_said(const char *text)
{
    return memmem(tap->said, tap->len, text, strlen(text)) != NULL;
}

/* Just this in the clear, and then TLS, in which nobody can read; or nothing more. */
static void expect_in_the_clear(const char *text, bool has_tls)
{
    static const char *const secrets[] = {
        PASSWORD, "AUTH", "MAIL", "RCPT", "ada@", "notices@", "private",
        "AG5vdGljZXMAY29ycmVjdCBob3JzZQ==", /* of AUTH PLAIN */
        "Y29ycmVjdCBob3JzZQ==",             /* of AUTH LOGIN */
    };
    size_t len = strlen(text);

    ck_assert_int_eq(tap->connections, 1);
    ck_assert_msg(tap->len >= len && memcmp(tap->said, text, len) == 0, "%.*s", (int)tap->len,
                  tap->said);
    ck_assert_msg(has_tls ? tap->len > len && tap->said[len] == TLS_HANDSHAKE : tap->len == len,
                  "%.*s", (int)tap->len, tap->said);
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
        ck_assert_msg(!was_said(secrets[i]), "%s", secrets[i]);
}

static void expect_accepted(const struct verdict *v)
{
    ck_assert_msg(v->class == VERDICT_ACCEPTED, "%s: %s", v->code, v->message);
    SCOPED(json_t) lines = wire_log("request", mail.address, 1);
    ck_assert_str_eq(sample_text(lines, "0/sid"), v->provider_id);
    ck_assert_str_eq(sample_text(lines, "0/recipient_id"), mail.recipient_id);
    ck_assert_str_eq(sample_text(lines, "0/body"), mail.content);
    ck_assert_uint_eq(json_array_size(lines), 1);
}

static void expect_nothing_taken(void)
{
    SCOPED(json_t) lines = wire_log("request", mail.address, 0);

    ck_assert_uint_eq(json_array_size(lines), 0);
}

/* ---- the promises ---- */

START_TEST(a_login_and_a_mail_go_over_the_tls_that_starttls_begins)
{
    static const char *const modes[] = { "required", "optional" };

    for (int i = 0; i < 2; i++) { /* of the server */
        struct verdict v;

        server_start("smtp", modes[i], "127.0.0.1");
        v = submit("127.0.0.1", STARTTLS_REQUIRED, PASSWORD, wire_file("certificate"));
        expect_in_the_clear(HELLO "STARTTLS\r\n", true);
        expect_accepted(&v);
        end();
    }
}
END_TEST

START_TEST(where_starttls_is_optional_what_is_offered_is_used)
{
    struct verdict v;

    server_start("smtp", "optional", "127.0.0.1");
    v = submit("127.0.0.1", STARTTLS_OPTIONAL, PASSWORD, wire_file("certificate"));
    expect_in_the_clear(HELLO "STARTTLS\r\n", true);
    expect_accepted(&v);
    end();
}
END_TEST

START_TEST(smtps_says_nothing_in_the_clear)
{
    struct verdict v;

    server_start("smtps", "off", "127.0.0.1");
    v = submit("127.0.0.1", STARTTLS_REQUIRED, PASSWORD, wire_file("certificate"));
    expect_in_the_clear("", true);
    expect_accepted(&v);
    end();
}
END_TEST

/* As it looks when somebody in between has taken STARTTLS out of the answer. */
START_TEST(where_starttls_is_required_and_not_offered_neither_login_nor_mail_leaves)
{
    struct verdict v;

    server_start("smtp", "off", "127.0.0.1");
    v = submit("127.0.0.1", STARTTLS_REQUIRED, PASSWORD, wire_file("certificate"));
    ck_assert_int_eq(v.class, VERDICT_NOT_SENT);
    expect_in_the_clear(HELLO, false);
    expect_nothing_taken();
    end();
}
END_TEST

START_TEST(nothing_goes_to_a_server_whose_certificate_is_not_right)
{
    static const struct {
        const char *scheme, *address;
        enum starttls starttls;
        bool is_trusted;
        const char *clear;
    } rows[] = {
        { "smtp", "127.0.0.1", STARTTLS_REQUIRED, false, HELLO "STARTTLS\r\n" },
        { "smtp", "127.0.0.1", STARTTLS_OPTIONAL, false, HELLO "STARTTLS\r\n" },
        { "smtp", "127.0.0.2", STARTTLS_REQUIRED, true, HELLO "STARTTLS\r\n" },
        { "smtp", "127.0.0.2", STARTTLS_OPTIONAL, true, HELLO "STARTTLS\r\n" },
        { "smtps", "127.0.0.1", STARTTLS_REQUIRED, false, "" },
        { "smtps", "127.0.0.2", STARTTLS_OFF, true, "" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct verdict v;

        server_start(rows[i].scheme, "optional", rows[i].address);
        v = submit(rows[i].address, rows[i].starttls, PASSWORD,
                   rows[i].is_trusted ? wire_file("certificate") : "");
        ck_assert_msg(v.class == VERDICT_NOT_SENT, "row %zu: %s", i, verdict_name(v.class));
        expect_in_the_clear(rows[i].clear, true);
        expect_nothing_taken();
        end();
    }
}
END_TEST

START_TEST(a_wrong_password_is_the_credentials_fault_and_is_shown_to_nobody_else)
{
    struct verdict v;

    server_start("smtp", "required", "127.0.0.1");
    v = submit("127.0.0.1", STARTTLS_REQUIRED, "battery staple", wire_file("certificate"));
    ck_assert_int_eq(v.class, VERDICT_CREDENTIALS);
    ck_assert_str_eq(v.code, "5.7.8");
    ck_assert(!was_said("battery staple"));
    ck_assert(!was_said("YmF0dGVyeSBzdGFwbGU="));
    expect_in_the_clear(HELLO "STARTTLS\r\n", true);
    expect_nothing_taken();
    end();
}
END_TEST

SUITE_TIMEOUT("mail_tls", 60, a_login_and_a_mail_go_over_the_tls_that_starttls_begins,
              where_starttls_is_optional_what_is_offered_is_used, smtps_says_nothing_in_the_clear,
              where_starttls_is_required_and_not_offered_neither_login_nor_mail_leaves,
              nothing_goes_to_a_server_whose_certificate_is_not_right,
              a_wrong_password_is_the_credentials_fault_and_is_shown_to_nobody_else)
