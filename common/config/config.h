#ifndef COMMON_CONFIG_CONFIG_H
#define COMMON_CONFIG_CONFIG_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/base/log.h"
#include "common/model/platform.h"
/*
 * config - the configuration file and environment, read once at start into one struct.
 *
 * The table of every key is options.c; CONTRACT section 2 lists them.  After config_load() the
 * struct is constant and shared by all threads.  Every string lives in config.mem.
 */
struct config_server {
    int threads;
    int64_t max_body_bytes;
    int request_timeout_ms;
    const char *cors_origins; /* "" is off */
    const char *public_url;   /* "" or without a trailing slash */
    const char *trusted_proxies;
};
struct config_database {
    const char *host, *port, *name, *user, *password, *sslmode;
    const char *url; /* "" or a postgresql:// URL that replaces the others */
    int pool_size;   /* 0: one connection for each thread that needs one */
};
struct config_redis {
    const char *host;
    int port;
    const char *socket; /* "" or a unix socket that replaces host and port */
    const char *password;
    int db;
    bool tls;
    int timeout_ms;
};
struct config_rabbitmq {
    const char *url;
    const char *url_file; /* that url was read from; "": it was given as it stands, or not at all */
    int prefetch;
    const char *queue_type; /* "quorum" or "classic" */
    int confirm_timeout_ms;
    int recipients_per_event;
};
struct config_tier {
    const char *name;
    int per_minute; /* 0: unlimited */
};
struct config_rate_limit {
    bool enabled;
    struct config_tier *tiers; /* free, basic, premium first; then further ones by name */
    size_t n_tiers;
};
struct config_worker {
    int threads, max_in_flight, max_attempts;
    int64_t retry_base_ms, retry_max_ms;
    int lease_seconds, drain_seconds;
    const char *metrics_listen;
};
struct config_scheduler {
    bool enabled;
    int interval_ms, batch_size;
};
struct config_platform {
    bool enabled;
    const char **providers; /* names of [provider.NAME], in order */
    size_t n_providers;
    int rate_limit;
    const char *from;
};

enum on_unclear { UNCLEAR_RESEND, UNCLEAR_HOLD };
enum starttls { STARTTLS_REQUIRED, STARTTLS_OPTIONAL, STARTTLS_OFF };
enum verify { VERIFY_ON, VERIFY_OFF };

/* [provider.NAME]: what every kind has, and every key of every kind ("" where not given). */
struct provider_config {
    const char *name, *kind;
    const char *base_url; /* "" is the kind's own; no trailing slash */
    int timeout_ms, connect_timeout_ms, low_speed_bytes, low_speed_seconds;
    const char *ca_bundle; /* "" is the system's */
    int rate_limit, rate_limit_per_recipient;
    enum on_unclear on_unclear;
    enum verify verify_callbacks; /* off: whoever knows the URL is believed */
    /* twilio */
    const char *account_sid, *auth_token /* comma-separated; the first signs in */, *messaging_service_sid;
    /* sendgrid */
    const char *api_key, *webhook_public_key /* comma-separated */;
    const char *list_unsubscribe; /* of smtp too: "<https://…>, <mailto:…>" */
    /* smtp */
    const char *url, *username, *password; /* of http too */
    enum starttls starttls;
    int connections; /* of each thread */
    /* whatsapp_cloud */
    const char *access_token, *phone_number_id, *api_version, *app_secret, *verify_token;
    const char *template_name, *template_language;
    /* telegram */
    const char *bot_token, *secret_token;
    const char *parse_mode; /* "none", "HTML", "MarkdownV2" */
    /* http: its address, a template as the body is, is `url`, above */
    const char *method, *headers, *body_template;
    const char *accept_status, *retry_status, *deny_status, *refuse_status; /* "200-299,304" */
    const char *result_path; /* where an answer names its outcome; "": the status alone counts */
    const char *result_accepted, *result_throttled; /* values there, comma-separated; */
    const char *result_retry, *result_denied;       /* one in none of them: refused */
    const char *id_path;     /* names joined by dots: where the id stands in an answer; "": none */
    const char *error_path;  /* where an answer tells why; "": nowhere */
    /* its callbacks: gateway_callback.h */
    const char *callback_signature, *callback_secret; /* comma-separated */
    const char *callback_status_path;
    const char *callback_sent, *callback_delivered, *callback_read, *callback_failed;
    const char *callback_id_path, *callback_recipient_path, *callback_event_path;
    const char *callback_code_path, *callback_error_path;
};

struct config {
    struct arena mem;
    const char *path; /* the file it came from */
    struct config_server server;
    struct config_database database;
    struct config_redis redis;
    struct config_rabbitmq rabbitmq;
    struct config_rate_limit rate_limit;
    struct config_worker worker;
    struct config_scheduler scheduler;
    struct config_platform platform[PF_COUNT];
    struct provider_config *providers;
    size_t n_providers;
    enum log_level log_level;
    enum log_format log_format;
};

/* Every fault found, in the order of the file; each line names file, line, section and key. */
struct config_faults {
    struct arena mem;
    const char **lines;
    size_t count, cap;
};

/*
 * Reads path (NULL or "": no file, defaults and environment only), then the environment `env`
 * (as environ(7); NULL: the process's own), then X_file keys.  All faults at once: ST_INVALID and
 * *faults filled.  The caller frees both with config_free() and config_faults_free() either way.
 */
enum status config_load(const char *path, char *const env[], struct config *out,
                        struct config_faults *faults);
/*
 * The same before there is a broker's account: where the file of [rabbitmq] url_file is not there yet, that
 * is no fault, and url has its default.
 */
enum status config_load_early(const char *path, char *const env[], struct config *out,
                              struct config_faults *faults);
/* As config_load() from memory; name stands for the file in faults. */
enum status config_load_text(const char *name, const char *text, size_t len, char *const env[],
                             struct config *out, struct config_faults *faults);
void config_free(struct config *c);
void config_faults_free(struct config_faults *f);

const struct provider_config *config_find_provider(const struct config *c, const char *name);
bool config_uses_provider(const struct config *c, const char *name); /* some platform that is on */
/* Calls a second that a platform may begin by its own limit and its first provider's; 0: no limit. */
int config_rate_of(const struct config *c, enum platform platform);
int64_t config_lease_ms(const struct config *c);
/* Requests a minute for a tier; the tier `free`'s for a name that is not configured; 0 unlimited. */
const char *config_tier_name(const struct config *c, const char *tier); /* whose limit that is */
int config_tier_limit(const struct config *c, const char *tier);
#endif
