/* Whom the transport talks to, and what it lets nobody talk it into. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/integration/authority.h"
#include "tests/integration/calls.h"

static char folder[] = "/tmp/test_trust-XXXXXX";
static char bundle[64];
static struct authority *authority;

static void setup(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(bundle, sizeof bundle, "%s/authority.pem", folder);
    authority = authority_new(bundle);
    calls_open(4);
}

static void done(void)
{
    calls_close();
    authority_free(authority);
    unlink(bundle);
    rmdir(folder);
}

/* ---- certificates ---- */

static const struct {
    const char *name;
    enum certificate certificate;
    int version; /* the highest that the server speaks */
    bool has_bundle, is_trusted;
} servers[] = {
    { "the right one, TLS 1.3", CERT_RIGHT, TLS1_3_VERSION, true, true },
    { "the right one, TLS 1.2", CERT_RIGHT, TLS1_2_VERSION, true, true },
    { "the right one, TLS 1.1", CERT_RIGHT, TLS1_1_VERSION, true, false },
    { "the right one, TLS 1.0", CERT_RIGHT, TLS1_VERSION, true, false },
    { "of an authority that the system does not know", CERT_RIGHT, TLS1_3_VERSION, false, false },
    { "self-signed", CERT_SELF_SIGNED, TLS1_3_VERSION, true, false },
    { "expired", CERT_EXPIRED, TLS1_3_VERSION, true, false },
    { "of another host", CERT_OTHER_HOST, TLS1_3_VERSION, true, false },
};

static SSL_CTX *context_of(size_t i)
{
    SSL_CTX *ctx = authority_context(authority, HOST, servers[i].certificate);

    SSL_CTX_set_max_proto_version(ctx, servers[i].version);
    if (servers[i].version < TLS1_2_VERSION) { /* OpenSSL itself refuses these by default */
        SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION);
        SSL_CTX_set_security_level(ctx, 0);
    }
    return ctx;
}

START_TEST(only_a_valid_certificate_of_a_trusted_authority_is_sent_to)
{
    setup();
    for (size_t i = 0; i < sizeof servers / sizeof *servers; i++) {
        SSL_CTX *ctx = context_of(i);
        struct peer *p = peer_start(visit_serve, ctx);
        struct call c = call_url("https://" HOST, p->port, 1);

        if (servers[i].has_bundle)
            c.limits.ca_bundle = bundle;
        call_carry(&c);
        ck_assert_msg(c.reply.reach == (servers[i].is_trusted ? REACH_ANSWERED : REACH_NOT_SENT),
                      "%s: %s", servers[i].name, reach_name((int)c.reply.reach));
        ck_assert_int_eq(atomic_load(&p->seen[1]), servers[i].is_trusted);
        call_done(&c);
        peer_stop(p);
        SSL_CTX_free(ctx);
    }
    done();
}
END_TEST

START_TEST(a_mail_server_is_held_to_the_same)
{
    setup();
    for (int kind = CERT_EXPIRED; kind <= CERT_SELF_SIGNED; kind++) {
        SSL_CTX *ctx = authority_context(authority, HOST, (enum certificate)kind);
        struct peer *p = peer_start(visit_serve, ctx);
        struct call c = call_mail(p, 1, 100);

        snprintf(c.url, sizeof c.url, "smtps://" HOST ":%d", p->port);
        c.limits.ca_bundle = bundle;
        ck_assert_reach(call_carry(&c), REACH_NOT_SENT);
        ck_assert_int_eq(atomic_load(&p->connections), 1);
        call_done(&c);
        peer_stop(p);
        SSL_CTX_free(ctx);
    }
    done();
}
END_TEST

/* One provider's trust is not another's, though their connections are kept side by side. */
START_TEST(a_kept_connection_serves_only_those_with_the_same_trust)
{
    SSL_CTX *ctx;
    struct peer *p;

    setup();
    ctx = authority_context(authority, HOST, CERT_RIGHT);
    p = peer_start(visit_serve, ctx);
    for (int i = 0; i < 4; i++) {
        struct call c = call_url("https://" HOST, p->port, i);

        c.limits.ca_bundle = i % 2 == 0 ? bundle : "";
        ck_assert_reach(call_carry(&c), i % 2 == 0 ? REACH_ANSWERED : REACH_NOT_SENT);
        ck_assert_int_eq(atomic_load(&p->seen[i]), i % 2 == 0);
        call_done(&c);
    }
    peer_stop(p);
    SSL_CTX_free(ctx);
    done();
}
END_TEST

/* ---- protocols ---- */

static int prefer_http2(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                        const unsigned char *in, unsigned in_len, void *arg)
{
    static const unsigned char ours[] = "\x02h2\x08http/1.1";

    return SSL_select_next_proto((unsigned char **)out, out_len, ours, sizeof ours - 1, in,
                                 in_len) == OPENSSL_NPN_NEGOTIATED
               ? SSL_TLSEXT_ERR_OK
               : SSL_TLSEXT_ERR_NOACK;
}

START_TEST(http_1_1_is_spoken_even_to_those_who_prefer_http_2)
{
    struct call c;
    struct peer *p;
    SSL_CTX *ctx;

    setup();
    ctx = authority_context(authority, HOST, CERT_RIGHT);
    SSL_CTX_set_alpn_select_cb(ctx, prefer_http2, NULL);
    p = peer_start(visit_serve, ctx);
    c = call_url("https://" HOST, p->port, 1);
    c.limits.ca_bundle = bundle;
    ck_assert_reach(call_carry(&c), REACH_ANSWERED);
    call_done(&c);
    peer_stop(p);
    SSL_CTX_free(ctx);
    done();
}
END_TEST

/* Each stands for HTTP, but the last for SMTP. */
static const char *const wrong_schemes[] = { "ftp://" HOST, "file://" HOST,   "gopher://" HOST,
                                             HOST,          "smtp://" HOST,   "dict://" HOST,
                                             "ws://" HOST,  "telnet://" HOST, "http://" HOST };

START_TEST(a_url_of_another_protocol_reaches_nobody)
{
    size_t n = sizeof wrong_schemes / sizeof *wrong_schemes;

    setup();
    for (size_t i = 0; i < n; i++) {
        struct peer *p = peer_start(visit_serve, NULL);
        struct call c = i < n - 1 ? call_to(p, 1) : call_mail(p, 1, 100);

        snprintf(c.url, sizeof c.url, "%s:%d/1", wrong_schemes[i], p->port);
        ck_assert_reach(call_carry(&c), REACH_NOT_SENT);
        ck_assert_int_eq(atomic_load(&p->connections), 0);
        call_done(&c);
        peer_stop(p);
    }
    ck_assert_int_eq(atomic_load(&resolver_asked), 0);
    done();
}
END_TEST

/* ---- what the surroundings would have it do ---- */

static char last_head[8192];

static void keep_the_head(struct visit *v)
{
    while (visit_request(v)) {
        memcpy(last_head, v->head, sizeof last_head);
        visit_say(v, "HTTP/1.1 200 OK\r\nSet-Cookie: session=1; Path=/\r\n"
                     "Strict-Transport-Security: max-age=1000\r\n"
                     "Alt-Svc: h2=\":1\"\r\nContent-Length: 2\r\n\r\nok");
    }
}

static void write_netrc(void)
{
    char path[64];
    FILE *f;

    snprintf(path, sizeof path, "%s/.netrc", folder);
    f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    fputs("machine " HOST " login someone password secret\ndefault login x password y\n", f);
    fclose(f);
    setenv("HOME", folder, 1);
}

START_TEST(no_proxy_no_netrc_and_no_cookie_has_a_say)
{
    static const char *const variables[] = { "http_proxy", "https_proxy", "HTTPS_PROXY",
                                             "all_proxy",  "ALL_PROXY",   "smtp_proxy" };
    struct peer *p, *proxy;
    char url[64], netrc[64];

    setup();
    p = peer_start(keep_the_head, NULL);
    proxy = peer_start(visit_serve, NULL);
    snprintf(url, sizeof url, "http://127.0.0.1:%d", proxy->port);
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        setenv(variables[i], url, 1);
    write_netrc();
    for (int i = 0; i < 2; i++) { /* what the first answer says is forgotten */
        struct call c = call_to(p, i);

        ck_assert_reach(call_carry(&c), REACH_ANSWERED);
        ck_assert_ptr_null(strcasestr(last_head, "\r\nCookie:"));
        ck_assert_ptr_null(strcasestr(last_head, "\r\nAuthorization:"));
        ck_assert_ptr_null(strcasestr(last_head, "\r\nAccept-Encoding:"));
        call_done(&c);
    }
    ck_assert_int_eq(atomic_load(&p->requests), 2);
    ck_assert_int_eq(atomic_load(&proxy->connections), 0);
    peer_stop(p);
    peer_stop(proxy);
    snprintf(netrc, sizeof netrc, "%s/.netrc", folder);
    unlink(netrc);
    done();
}
END_TEST

/* ---- what is sent ---- */

static char last_body[1024];

static void keep_the_request(struct visit *v)
{
    while (visit_request(v)) {
        memcpy(last_head, v->head, sizeof last_head);
        memcpy(last_body, v->body, sizeof last_body);
        visit_answer(v, "ok");
    }
}

static const struct {
    const char *method, *line, *length, *body;
} methods[] = {
    { NULL, "POST /1 HTTP/1.1\r\n", "\r\nContent-Length: 5\r\n", "hello" },
    { "POST", "POST /1 HTTP/1.1\r\n", "\r\nContent-Length: 5\r\n", "hello" },
    { "PUT", "PUT /1 HTTP/1.1\r\n", "\r\nContent-Length: 5\r\n", "hello" },
    { "PATCH", "PATCH /1 HTTP/1.1\r\n", "\r\nContent-Length: 5\r\n", "hello" },
    { "GET", "GET /1 HTTP/1.1\r\n", NULL, "" },
};

START_TEST(a_request_is_sent_as_its_transfer_says)
{
    static const char *const headers[] = { "Content-Type: application/json", "X-Own: 1", NULL };
    struct peer *p = peer_start(keep_the_request, NULL);

    setup();
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        struct call c = call_to(p, 1);

        c.what.method = methods[i].method;
        c.what.headers = headers;
        c.what.username = "user";
        c.what.password = "pass";
        ck_assert_reach(call_carry(&c), REACH_ANSWERED);
        ck_assert_msg(strncmp(last_head, methods[i].line, strlen(methods[i].line)) == 0, "%s",
                      last_head);
        ck_assert_ptr_nonnull(strstr(last_head, "\r\nContent-Type: application/json\r\n"));
        ck_assert_ptr_nonnull(strstr(last_head, "\r\nX-Own: 1\r\n"));
        ck_assert_ptr_nonnull(strstr(last_head, "\r\nAuthorization: Basic dXNlcjpwYXNz\r\n"));
        ck_assert_ptr_null(strcasestr(last_head, "\r\nExpect:"));
        ck_assert_str_eq(last_body, methods[i].body);
        if (methods[i].length != NULL)
            ck_assert_ptr_nonnull(strstr(last_head, methods[i].length));
        else
            ck_assert_ptr_null(strcasestr(last_head, "Content-Length"));
        call_done(&c);
    }
    peer_stop(p);
    done();
}
END_TEST

/* A wagon that has carried something else brings nothing of it along. */
START_TEST(nothing_of_one_transfer_is_in_the_next)
{
    static const char *const headers[] = { "X-Own: 1", NULL };
    struct peer *p = peer_start(keep_the_request, NULL);
    struct call first = call_to(p, 1), second = call_to(p, 2);

    setup();
    first.what.headers = headers;
    first.what.method = "PUT";
    first.what.username = "user";
    first.what.password = "pass";
    ck_assert_reach(call_carry(&first), REACH_ANSWERED);
    ck_assert_reach(call_carry(&second), REACH_ANSWERED);
    ck_assert_int_eq(strncmp(last_head, "POST /2 ", 8), 0);
    ck_assert_ptr_null(strstr(last_head, "X-Own"));
    ck_assert_ptr_null(strstr(last_head, "Authorization"));
    call_done(&first);
    call_done(&second);
    peer_stop(p);
    done();
}
END_TEST

/*
 * Debian's OpenSSL refuses old versions by itself.  This one does not, so that it is the transport
 * that does.
 */
static const char permissive[] = "openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\n"
                                 "system_default = any\n[any]\nMinProtocol = TLSv1\n"
                                 "CipherString = DEFAULT@SECLEVEL=0\n";

int main(void)
{
    const TTest *const tests[] = {
        only_a_valid_certificate_of_a_trusted_authority_is_sent_to,
        a_mail_server_is_held_to_the_same,
        a_kept_connection_serves_only_those_with_the_same_trust,
        http_1_1_is_spoken_even_to_those_who_prefer_http_2,
        a_url_of_another_protocol_reaches_nobody,
        no_proxy_no_netrc_and_no_cookie_has_a_say,
        a_request_is_sent_as_its_transfer_says,
        nothing_of_one_transfer_is_in_the_next,
    };
    char path[] = "/tmp/test_trust.cnf-XXXXXX";
    int fd = mkstemp(path), result;

    if (fd < 0 || write(fd, permissive, sizeof permissive - 1) != sizeof permissive - 1)
        return 1;
    close(fd);
    setenv("OPENSSL_CONF", path, 1);
    result = calls_main("trust", tests, sizeof tests / sizeof *tests);
    unlink(path);
    return result;
}
