/* settings - the options, as a table that also writes the help. */
#include "tests/simulator/settings.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/simulator/callback_url.h"
#include "tests/simulator/provider.h"

enum kind {
    KIND_TEXT,
    KIND_URL,
    KIND_NUMBER,
    KIND_SHARE,
    KIND_SEED,
    KIND_WAYS,
    KIND_TLS,
    KIND_FLAG,
    KIND_LISTEN,
    KIND_HELP,
    KIND_VERSION
};

#define AT(member) offsetof(struct settings, member)
static const struct option_row {
    const char *name, *value, *help;
    enum kind kind;
    size_t at;
    int min, max;
} rows[] = {
    { "listen", "HOST:PORT", "where to listen (127.0.0.1:0); port 0: any free one", KIND_LISTEN,
      AT(http) },
    { "port-file", "FILE", "write the port there once it is open", KIND_TEXT,
      AT(http.port_file) },
    { "log", "FILE", "append a JSON line for each request and callback", KIND_TEXT, AT(log) },
    { "latency-ms", "N", "wait before each answer (0)", KIND_NUMBER, AT(latency_ms), 0, 600000 },
    { "callback-delay-ms", "N", "from the answer to the first callback (50)", KIND_NUMBER,
      AT(callback_delay_ms), 0, 86400000 },
    { "callback-gap-ms", "N", "from one callback of a message to the next (20)", KIND_NUMBER,
      AT(callback_gap_ms), 0, 86400000 },
    { "batch-ms", "N", "how long an event waits to share a callback with others (200)", KIND_NUMBER,
      AT(batch_ms), 0, 86400000 },
    { "no-callbacks", NULL, "post none", KIND_FLAG, AT(no_callbacks) },
    { "fail-share", "PERCENT", "how many of the ordinary recipients fail (0)", KIND_SHARE,
      AT(draw.share) },
    { "fail-seed", "N", "which of them, and how (0)", KIND_SEED, AT(draw.seed) },
    { "fail-ways", "LIST", "behaviours they are drawn from (all); -NAME removes one", KIND_WAYS,
      AT(draw.ways) },
    { "threads", "N", "threads that serve requests (2)", KIND_NUMBER, AT(threads), 1, 64 },
    { "twilio-account", "SID", "the account", KIND_TEXT, AT(twilio.sid) },
    { "twilio-token", "TOKEN", "its token, which also signs callbacks", KIND_TEXT,
      AT(twilio.token) },
    { "twilio-from", "NUMBER", "the account's only sender (any)", KIND_TEXT, AT(twilio.from) },
    { "whatsapp-token", "TOKEN", "the access token", KIND_TEXT, AT(whatsapp.token) },
    { "whatsapp-phone-id", "ID", "the sender's id", KIND_TEXT, AT(whatsapp.phone_id) },
    { "whatsapp-number", "NUMBER", "the sender's number", KIND_TEXT, AT(whatsapp.number) },
    { "whatsapp-app-secret", "SECRET", "signs callbacks", KIND_TEXT, AT(whatsapp.app_secret) },
    { "whatsapp-templates", "LIST", "the only templates, NAME/LANGUAGE/PARAMETERS,... (any)",
      KIND_TEXT, AT(whatsapp.templates) },
    { "whatsapp-webhook", "URL", "where its callbacks go (none)", KIND_URL,
      AT(whatsapp.webhook) },
    { "telegram-token", "TOKEN", "the bot's token, NUMBER:SECRET", KIND_TEXT,
      AT(telegram.token) },
    { "sendgrid-key", "KEY", "the API key", KIND_TEXT, AT(sendgrid.key) },
    { "sendgrid-from", "ADDRESS", "the only verified sender (any)", KIND_TEXT,
      AT(sendgrid.from) },
    { "sendgrid-webhook", "URL", "where its callbacks go (none)", KIND_URL,
      AT(sendgrid.webhook) },
    { "sendgrid-private-key", "FILE", "P-256 key in PEM that signs them (a new one)", KIND_TEXT,
      AT(sendgrid.private_key) },
    { "sendgrid-public-key-file", "FILE", "write the public key there", KIND_TEXT,
      AT(sendgrid.public_key_file) },
    { "smtp-listen", "HOST:PORT", "where to take mail (nowhere)", KIND_LISTEN, AT(smtp.plain) },
    { "smtp-port-file", "FILE", "write its port there", KIND_TEXT, AT(smtp.plain.port_file) },
    { "smtps-listen", "HOST:PORT", "where to take it over TLS from the start (nowhere)",
      KIND_LISTEN, AT(smtp.secure) },
    { "smtps-port-file", "FILE", "write its port there", KIND_TEXT, AT(smtp.secure.port_file) },
    { "smtp-user", "NAME", "who must log in (nobody)", KIND_TEXT, AT(smtp.user) },
    { "smtp-password", "PASSWORD", "with which password", KIND_TEXT, AT(smtp.password) },
    { "smtp-starttls", "MODE", "required, optional or off (optional)", KIND_TLS, AT(smtp.tls) },
    { "smtp-certificate", "FILE", "certificate in PEM (a new one)", KIND_TEXT,
      AT(smtp.certificate) },
    { "smtp-key", "FILE", "its key in PEM", KIND_TEXT, AT(smtp.key) },
    { "smtp-certificate-file", "FILE", "write the certificate there", KIND_TEXT,
      AT(smtp.certificate_file) },
    { "maildir", "DIR", "keep the mails there", KIND_TEXT, AT(smtp.maildir) },
    { "help", NULL, "show this", KIND_HELP },
    { "version", NULL, "show the version", KIND_VERSION },
};
#define ROWS (sizeof rows / sizeof *rows)

static void print_help(void)
{
    char left[64];

    puts("Usage: simulator [OPTION]...\n"
         "Plays a messaging provider for tests: checks requests as strictly as the real one,\n"
         "answers, fails on purpose by recipient, and posts signed callbacks.\n");
    for (size_t i = 0; i < ROWS; i++) {
        snprintf(left, sizeof left, "--%s%s%s", rows[i].name, rows[i].value != NULL ? " " : "",
                 rows[i].value != NULL ? rows[i].value : "");
        printf("  %-32s %s\n", left, rows[i].help);
    }
    puts("\ndocs/simulator.md has the table of behaviours.");
}

static bool wrong(const struct option_row *row, const char *value)
{
    fprintf(stderr, "simulator: --%s: '%s' is no good value\n", row->name, value);
    return false;
}

static bool read_number(const struct option_row *row, const char *text, long min, long max,
                        int *out)
{
    char *end;
    long n;

    errno = 0;
    n = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || n < min || n > max)
        return wrong(row, text);
    *out = (int)n;
    return true;
}

/* "2.25" percent is 225 of 10,000. */
static bool read_share(const struct option_row *row, const char *text, int *out)
{
    size_t whole = strspn(text, "0123456789");
    const char *point = text + whole;
    size_t after = *point == '.' ? strspn(point + 1, "0123456789") : 0;
    int share;

    if (whole < 1 || whole > 3 || after > 2 || (*point == '.' ? point[1 + after] : *point) != '\0')
        return wrong(row, text);
    share = atoi(text) * 100;
    if (after > 0)
        share += (point[1] - '0') * 10 + (after > 1 ? point[2] - '0' : 0);
    if (share > 10000)
        return wrong(row, text);
    *out = share;
    return true;
}

static bool read_tls(const struct option_row *row, const char *text, enum smtp_tls *out)
{
    static const char *const names[] = {
        [SMTP_TLS_OPTIONAL] = "optional",
        [SMTP_TLS_OFF] = "off",
        [SMTP_TLS_REQUIRED] = "required",
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], text) == 0) {
            *out = (enum smtp_tls)i;
            return true;
        }
    return wrong(row, text);
}

static bool read_seed(const struct option_row *row, const char *text, uint64_t *out)
{
    char *end;

    errno = 0;
    *out = strtoull(text, &end, 10);
    return (errno == 0 && end != text && *end == '\0' && *text != '-') || wrong(row, text);
}

/* 127.0.0.1:8080 or [::1]:8080. */
static bool read_listen(const struct option_row *row, const char *text, struct listen_at *s)
{
    const char *colon = strrchr(text, ':'), *host = text;
    size_t len = colon != NULL ? (size_t)(colon - text) : 0;
    int port;

    if (len >= 2 && host[0] == '[' && host[len - 1] == ']') {
        host++;
        len -= 2;
    }
    if (len == 0 || len >= sizeof s->host)
        return wrong(row, text);
    if (!read_number(row, colon + 1, 0, 65535, &port))
        return false;
    memcpy(s->host, host, len);
    s->host[len] = '\0';
    s->port = (uint16_t)port;
    return true;
}

static enum settings_outcome take(struct settings *s, const struct option_row *row,
                                  const char *value)
{
    void *at = (char *)s + row->at;

    switch (row->kind) {
    case KIND_TEXT:
        *(const char **)at = value;
        return SETTINGS_RUN;
    case KIND_URL:
        *(const char **)at = value;
        return callback_url_is_web(value) || wrong(row, value) ? SETTINGS_RUN : SETTINGS_WRONG;
    case KIND_NUMBER:
        return read_number(row, value, row->min, row->max, at) ? SETTINGS_RUN : SETTINGS_WRONG;
    case KIND_SHARE:
        return read_share(row, value, at) ? SETTINGS_RUN : SETTINGS_WRONG;
    case KIND_SEED:
        return read_seed(row, value, at) ? SETTINGS_RUN : SETTINGS_WRONG;
    case KIND_WAYS:
        *(const char **)at = value;
        return provider_ways_are_good(value) || wrong(row, value) ? SETTINGS_RUN : SETTINGS_WRONG;
    case KIND_TLS:
        return read_tls(row, value, at) ? SETTINGS_RUN : SETTINGS_WRONG;
    case KIND_FLAG:
        *(bool *)at = true;
        return SETTINGS_RUN;
    case KIND_LISTEN:
        return read_listen(row, value, at) ? SETTINGS_RUN : SETTINGS_WRONG;
    case KIND_HELP:
        print_help();
        return SETTINGS_DONE;
    case KIND_VERSION:
        puts("simulator (" PACKAGE_NAME ") " PACKAGE_VERSION);
        return SETTINGS_DONE;
    }
    return SETTINGS_WRONG;
}

enum settings_outcome settings_read(struct settings *out, int argc, char **argv)
{
    struct settings s = {
        .http = { .host = "127.0.0.1" },
        .callback_delay_ms = 50,
        .callback_gap_ms = 20,
        .batch_ms = 200,
        .draw = { .ways = "all" },
        .threads = 2,
        .sendgrid = { .key = "SG.simulator" },
        .telegram = { .token = "123456789:SIMULATORSIMULATORSIMULATORSIMULATO" },
        .whatsapp = { .token = "simulator",
                      .phone_id = "100000000000001",
                      .number = "15550001111",
                      .business_id = "200000000000002",
                      .app_secret = "simulator" },
        .twilio = { .sid = "AC00000000000000000000000000000000", .token = "simulator" },
    };
    struct option options[ROWS + 1] = { 0 };
    int index = 0, got;

    for (size_t i = 0; i < ROWS; i++)
        options[i] =
            (struct option){ rows[i].name, rows[i].value != NULL ? required_argument : no_argument,
                             NULL, 1 };
    while ((got = getopt_long(argc, argv, "", options, &index)) != -1) {
        enum settings_outcome outcome = got == 1 ? take(&s, &rows[index], optarg) : SETTINGS_WRONG;

        if (outcome != SETTINGS_RUN)
            return outcome;
    }
    if (optind < argc) {
        fprintf(stderr, "simulator: '%s' is no option\n", argv[optind]);
        return SETTINGS_WRONG;
    }
    if ((s.smtp.user == NULL) != (s.smtp.password == NULL) ||
        (s.smtp.certificate == NULL) != (s.smtp.key == NULL)) {
        fputs("simulator: a user and its password, a certificate and its key go together\n", stderr);
        return SETTINGS_WRONG;
    }
    *out = s;
    return SETTINGS_RUN;
}
