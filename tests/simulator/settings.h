#ifndef SIMULATOR_SETTINGS_H
#define SIMULATOR_SETTINGS_H
#include <stdbool.h>
#include <stdint.h>

#include "tests/simulator/behaviour.h"
/*
 * settings - what the command line says.  Constant once read, and shared by all threads.
 */
struct twilio_account {
    const char *sid, *token;
    const char *from; /* the one sender that belongs to the account; NULL: any */
};

struct whatsapp_account {
    const char *token, *phone_id, *number, *business_id;
    const char *app_secret; /* signs callbacks */
    const char *templates;  /* "NAME/LANGUAGE/PARAMETERS,..."; NULL: any is known */
    const char *webhook;    /* where callbacks go; NULL: there are none */
};

struct sendgrid_account {
    const char *key;
    const char *from;    /* the one verified sender; NULL: any */
    const char *webhook; /* where callbacks go; NULL: there are none */
    const char *private_key, *public_key_file; /* PEM to sign with, and where to write the other */
    const struct ecdsa *signer;                /* made from them at start */
};

/* Whether mail may come in the clear. */
enum smtp_tls { SMTP_TLS_OPTIONAL, SMTP_TLS_OFF, SMTP_TLS_REQUIRED };

struct listen_at {
    char host[64]; /* "": not at all */
    uint16_t port; /* 0: any free one */
    const char *port_file; /* NULL: none */
};

struct smtp_settings {
    struct listen_at plain, secure; /* secure: TLS from the first byte */
    const char *user, *password;    /* user NULL: nobody logs in */
    enum smtp_tls tls;
    const char *certificate, *key; /* PEM files; NULL: made at start */
    const char *certificate_file;  /* where to write the certificate, for clients to trust */
    const char *maildir;           /* where to keep mails; NULL: nowhere */
};

struct telegram_bot {
    const char *token; /* "NUMBER:SECRET" */
};

struct settings {
    struct listen_at http;
    const char *log;       /* the oracle; NULL: none is kept */
    int latency_ms;        /* before each answer */
    int callback_delay_ms; /* from the answer to the first callback */
    int callback_gap_ms;   /* from one callback of a message to the next */
    int batch_ms;          /* how long an event waits to share a callback with others */
    bool no_callbacks;
    struct draw draw; /* which ordinary recipients fail */
    int threads;
    struct twilio_account twilio;
    struct whatsapp_account whatsapp;
    struct telegram_bot telegram;
    struct sendgrid_account sendgrid;
    struct smtp_settings smtp;
};

enum settings_outcome { SETTINGS_RUN, SETTINGS_DONE, SETTINGS_WRONG };
/* DONE: --help or --version has been answered.  WRONG: stderr says what. */
enum settings_outcome settings_read(struct settings *out, int argc, char **argv);
#endif
