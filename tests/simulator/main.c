/* simulator - wires a pretended messaging provider together, and runs until a signal. */
#include <curl/curl.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/json.h"
#include "tests/simulator/callbacks.h"
#include "tests/simulator/ecdsa.h"
#include "tests/simulator/oracle.h"
#include "tests/simulator/server.h"
#include "tests/simulator/settings.h"
#include "tests/simulator/smtp_server.h"
#include "tests/simulator/stream.h"

struct parts {
    struct ecdsa *signer;
    struct oracle *oracle;
    struct callbacks *callbacks;
    struct server *server;
    struct tls *tls;
    struct smtp_server *smtp;
};

/* Under another name first, so that whoever waits for the file reads all of it. */
static enum status write_file(const char *path, const char *text, struct error *err)
{
    char draft[4096];
    bool written;
    FILE *f;

    if (path == NULL)
        return ST_OK;
    if (snprintf(draft, sizeof draft, "%s.new", path) >= (int)sizeof draft)
        return error_set(err, ST_INVALID, "the name of a file is too long");
    f = fopen(draft, "we");
    if (f == NULL)
        return error_set(err, ST_UNAVAILABLE, "%s: %s", draft, strerror(errno));
    written = fprintf(f, "%s\n", text) > 0;
    if (fclose(f) != 0 || !written || rename(draft, path) != 0)
        return error_set(err, ST_UNAVAILABLE, "%s: %s", path, strerror(errno));
    return ST_OK;
}

static enum status open_signer(struct parts *p, struct settings *s, struct error *err)
{
    enum status st = ecdsa_open(&p->signer, s->sendgrid.private_key, err);

    s->sendgrid.signer = p->signer;
    if (st == ST_OK)
        st = write_file(s->sendgrid.public_key_file, ecdsa_public(p->signer), err);
    return st;
}

static enum status open_tls(struct parts *p, const struct settings *s, struct error *err)
{
    enum status st = tls_open(&p->tls, s->smtp.certificate, s->smtp.key, err);

    if (st == ST_OK)
        st = write_file(s->smtp.certificate_file, tls_certificate(p->tls), err);
    return st;
}

static enum status open_parts(struct parts *p, struct settings *s, struct error *err)
{
    enum status st = open_signer(p, s, err);

    if (st == ST_OK)
        st = oracle_open(&p->oracle, s->log, err);
    if (st == ST_OK)
        st = callbacks_open(&p->callbacks, s, p->oracle, err);
    if (st == ST_OK)
        st = server_open(&p->server, s, p->oracle, p->callbacks, err);
    if (st == ST_OK)
        st = open_tls(p, s, err);
    if (st == ST_OK)
        st = smtp_server_open(&p->smtp, s, p->oracle, p->tls, err);
    return st;
}

static void close_parts(struct parts *p)
{
    smtp_server_close(p->smtp);
    tls_close(p->tls);
    server_close(p->server);
    callbacks_close(p->callbacks);
    oracle_close(p->oracle);
    ecdsa_close(p->signer);
}

static enum status announce(const struct listen_at *at, const char *what, uint16_t port,
                            struct error *err)
{
    char text[8];

    if (port == 0)
        return ST_OK;
    printf("listening on %s port %u for %s\n", at->host, port, what);
    snprintf(text, sizeof text, "%u", port);
    return write_file(at->port_file, text, err);
}

static enum status run(struct settings *s, const sigset_t *stop, struct error *err)
{
    struct parts parts = { 0 };
    enum status st = open_parts(&parts, s, err);
    int signal_number;

    if (st == ST_OK)
        st = announce(&s->smtp.plain, "mail", smtp_server_port(parts.smtp, false), err);
    if (st == ST_OK)
        st = announce(&s->smtp.secure, "mail over TLS", smtp_server_port(parts.smtp, true), err);
    if (st == ST_OK)
        st = announce(&s->http, "HTTP", server_port(parts.server), err);
    if (st == ST_OK) {
        fflush(stdout);
        sigwait(stop, &signal_number);
    }
    close_parts(&parts);
    return st;
}

int main(int argc, char **argv)
{
    struct settings settings;
    struct error err;
    enum status st;
    sigset_t stop;

    switch (settings_read(&settings, argc, argv)) {
    case SETTINGS_RUN:
        break;
    case SETTINGS_DONE:
        return 0;
    case SETTINGS_WRONG:
        return 2;
    }
    /* Blocked before any thread starts, so that only sigwait() takes them. */
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    sigprocmask(SIG_BLOCK, &stop, NULL);
    signal(SIGPIPE, SIG_IGN);
    curl_global_init(CURL_GLOBAL_ALL);
    json_object_seed(0);
    st = run(&settings, &stop, &err);
    if (st != ST_OK)
        fprintf(stderr, "simulator: %s\n", err.text);
    curl_global_cleanup();
    return st == ST_OK ? 0 : 1;
}
