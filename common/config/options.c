/* The table of every configuration key, in the order in which the example file shows them. */
#include "common/config/options.h"

#include <string.h>

#include "common/config/config.h"

#define IN_CONFIG(member) offsetof(struct config, member)
#define IN_PLATFORM(member) offsetof(struct config_platform, member)
#define IN_PROVIDER(member) offsetof(struct provider_config, member)

#define DAY_MS (24 * 3600 * 1000)
#define KINDS "twilio|sendgrid|smtp|whatsapp_cloud|telegram|http|mock"

const struct option options[] = {
    { "server", "threads", OPT_INT, IN_CONFIG(server.threads), "2", 1, 256,
      .comment = "Threads of each notify.fcgi process." },
    { "server", "max_body_bytes", OPT_INT64, IN_CONFIG(server.max_body_bytes), "8388608", 1024,
      268435456, .comment = "A longer request body is refused with 413." },
    { "server", "request_timeout_ms", OPT_INT, IN_CONFIG(server.request_timeout_ms), "15000", 100,
      600000, .comment = "How long a request may take before it is given up." },
    { "server", "cors_origins", OPT_TEXT, IN_CONFIG(server.cors_origins), "",
      .comment =
          "Origins that browsers may call from, comma-separated, or *; empty turns CORS off." },
    { "server", "public_url", OPT_TEXT, IN_CONFIG(server.public_url), "",
      .comment = "Where providers reach this server, the base of their callback URLs." },
    { "server", "trusted_proxies", OPT_TEXT, IN_CONFIG(server.trusted_proxies), "",
      .comment = "Addresses of proxies whose X-Forwarded-For is believed, comma-separated." },

    { "database", "host", OPT_TEXT, IN_CONFIG(database.host), "",
      .comment = "Host or socket folder of Postgres; empty is libpq's own default." },
    { "database", "port", OPT_TEXT, IN_CONFIG(database.port), "",
      .comment = "Port of Postgres; empty is libpq's own default, 5432." },
    { "database", "name", OPT_TEXT, IN_CONFIG(database.name), "notification",
      .comment = "Name of the database." },
    { "database", "user", OPT_TEXT, IN_CONFIG(database.user), "",
      .comment = "Role to connect as; empty is the name of the account that runs the program." },
    { "database", "password", OPT_SECRET, IN_CONFIG(database.password), "",
      .comment = "Password of the role." },
    { "database", "sslmode", OPT_CHOICE, IN_CONFIG(database.sslmode), "prefer",
      .choices = "disable|allow|prefer|require|verify-ca|verify-full",
      .comment = "How far TLS to Postgres is insisted on, in libpq's words." },
    { "database", "url", OPT_SECRET, IN_CONFIG(database.url), "",
      .comment = "A postgresql:// URL that replaces all the keys above." },
    { "database", "pool_size", OPT_INT, IN_CONFIG(database.pool_size), "0", 0, 1000,
      .comment = "Most connections of a process; 0 is one for each thread that needs one." },

    { "redis", "host", OPT_TEXT, IN_CONFIG(redis.host), "127.0.0.1",
      .comment = "Host of Redis." },
    { "redis", "port", OPT_INT, IN_CONFIG(redis.port), "6379", 1, 65535,
      .comment = "Port of Redis." },
    { "redis", "socket", OPT_TEXT, IN_CONFIG(redis.socket), "",
      .comment = "Path of a Unix socket that replaces host and port." },
    { "redis", "password", OPT_SECRET, IN_CONFIG(redis.password), "",
      .comment = "Password for Redis." },
    { "redis", "db", OPT_INT, IN_CONFIG(redis.db), "0", 0, 65535,
      .comment = "Number of the Redis database." },
    { "redis", "tls", OPT_BOOL, IN_CONFIG(redis.tls), "false",
      .comment = "Whether to speak TLS to Redis; not there yet, so true is refused." },
    { "redis", "timeout_ms", OPT_INT, IN_CONFIG(redis.timeout_ms), "50", 1, 60000,
      .comment = "How long Redis is waited for before a call goes on without it." },

    { "rabbitmq", "url", OPT_SECRET, IN_CONFIG(rabbitmq.url), "amqp://guest:guest@127.0.0.1:5672/",
      .comment =
          "Address of RabbitMQ, amqp:// or amqps://, with user, password and virtual host." },
    { "rabbitmq", "prefetch", OPT_INT, IN_CONFIG(rabbitmq.prefetch), "500", 1, 65535,
      .comment = "Most unacknowledged events that a consumer holds." },
    { "rabbitmq", "queue_type", OPT_CHOICE, IN_CONFIG(rabbitmq.queue_type), "quorum",
      .choices = "quorum|classic", .comment = "Type of the queues where they are declared anew." },
    { "rabbitmq", "confirm_timeout_ms", OPT_INT, IN_CONFIG(rabbitmq.confirm_timeout_ms), "5000",
      100, 600000, .comment = "How long a publisher waits for the broker's confirms." },
    { "rabbitmq", "recipients_per_event", OPT_INT, IN_CONFIG(rabbitmq.recipients_per_event), "1",
      1, 500, .comment = "Most recipients of one message that one event names." },

    { "rate_limit", "enabled", OPT_BOOL, IN_CONFIG(rate_limit.enabled), "true",
      .reloads = true,
      .comment = "Whether users are held to the limits below." },
    { "rate_limit", "free", OPT_INT, OPTION_TIER, "60", 0, 1000000000,
      .reloads = true,
      .comment = "Requests a minute of each user of the tier free; 0 is unlimited." },
    { "rate_limit", "basic", OPT_INT, OPTION_TIER, "300", 0, 1000000000,
      .reloads = true,
      .comment = "Requests a minute of each user of the tier basic; 0 is unlimited." },
    { "rate_limit", "premium", OPT_INT, OPTION_TIER, "1000", 0, 1000000000,
      .reloads = true,
      .comment = "Requests a minute of each user of the tier premium; 0 is unlimited." },

    { "worker", "threads", OPT_INT, IN_CONFIG(worker.threads), "2", 1, 256,
      .comment = "Threads of workerd, each with a loop and connections of its own." },
    { "worker", "max_in_flight", OPT_INT, IN_CONFIG(worker.max_in_flight), "2000", 1, 10000,
      .comment =
          "Most provider calls that a thread has open at once; a quarter is kept for high priority." },
    { "worker", "max_attempts", OPT_INT, IN_CONFIG(worker.max_attempts), "6", 1, 100,
      .comment = "Attempts after which a recipient has failed." },
    { "worker", "retry_base_ms", OPT_INT64, IN_CONFIG(worker.retry_base_ms), "1000", 1, DAY_MS,
      .comment =
          "The first retry comes within this time, and each further one within twice that." },
    { "worker", "retry_max_ms", OPT_INT64, IN_CONFIG(worker.retry_max_ms), "3600000", 1,
      7 * DAY_MS, .comment = "No retry is put off longer than this." },
    { "worker", "lease_seconds", OPT_INT, IN_CONFIG(worker.lease_seconds), "60", 1, 3600,
      .comment =
          "After this a claim lapses, as if its worker had died; above every timeout_ms, alike in all workers." },
    { "worker", "drain_seconds", OPT_INT, IN_CONFIG(worker.drain_seconds), "30", 0, 3600,
      .comment = "How long what is in flight may take to finish after SIGTERM." },
    { "worker", "metrics_listen", OPT_TEXT, IN_CONFIG(worker.metrics_listen), "127.0.0.1:9464",
      .comment =
          "HOST:PORT where workerd answers /metrics, /health and /ready; empty is nowhere." },

    { "scheduler", "enabled", OPT_BOOL, IN_CONFIG(scheduler.enabled), "true",
      .comment = "Whether this workerd puts due recipients onto the queues." },
    { "scheduler", "interval_ms", OPT_INT, IN_CONFIG(scheduler.interval_ms), "500", 10, 60000,
      .comment = "Time between two looks for what is due." },
    { "scheduler", "batch_size", OPT_INT, IN_CONFIG(scheduler.batch_size), "1000", 1, 10000,
      .comment = "Most recipients taken up by one look at a lane." },

    { "platform.*", "enabled", OPT_BOOL, IN_PLATFORM(enabled), "true",
      .comment =
          "Whether the platform is used; one without providers is off whatever stands here." },
    { "platform.*", "providers", OPT_LIST, IN_PLATFORM(providers), "",
      .comment =
          "Names of [provider.NAME], in order: the first is used, the next are the fail-over." },
    { "platform.*", "rate_limit", OPT_INT, IN_PLATFORM(rate_limit), "0", 0, 1000000,
      .reloads = true,
      .comment = "Calls a second on this platform; 0 is unlimited." },
    { "platform.*", "from", OPT_TEXT, IN_PLATFORM(from), "",
      .comment = "Sender where a message names none." },

    { "provider.*", "kind", OPT_CHOICE, IN_PROVIDER(kind), "NAME", .choices = KINDS,
      .comment =
          "What speaks to the provider; by default the kind that the section is named after." },
    { "provider.*", "base_url", OPT_TEXT, IN_PROVIDER(base_url), "",
      .comment =
          "Replaces the provider's own host and keeps its paths; not for smtp, http and mock." },
    { "provider.*", "timeout_ms", OPT_INT, IN_PROVIDER(timeout_ms), "10000", 10, 600000,
      .comment = "How long one call may take." },
    { "provider.*", "connect_timeout_ms", OPT_INT, IN_PROVIDER(connect_timeout_ms), "5000", 10,
      600000, .comment = "How long looking up the name, connecting and TLS may take of that." },
    { "provider.*", "low_speed_bytes", OPT_INT, IN_PROVIDER(low_speed_bytes), "16", 1, 1000000,
      .comment = "Fewer bytes a second than this, for low_speed_seconds, end a call." },
    { "provider.*", "low_speed_seconds", OPT_INT, IN_PROVIDER(low_speed_seconds), "0", 0, 600,
      .comment = "How long a call may be slower than low_speed_bytes; 0 is for ever." },
    { "provider.*", "ca_bundle", OPT_TEXT, IN_PROVIDER(ca_bundle), "",
      .comment = "PEM file of the authorities trusted for TLS; empty is the system's." },
    { "provider.*", "rate_limit", OPT_INT, IN_PROVIDER(rate_limit), "0", 0, 1000000,
      .reloads = true,
      .comment = "Calls a second to this provider; 0 is unlimited." },
    { "provider.*", "rate_limit_per_recipient", OPT_INT, IN_PROVIDER(rate_limit_per_recipient),
      "0", 0, 1000000,
      .reloads = true,
      .comment = "Calls a second for one and the same recipient; 0 is unlimited; telegram has 1 by default." },
    { "provider.*", "on_unclear", OPT_CHOICE_INDEX, IN_PROVIDER(on_unclear), "resend",
      .choices = "resend|hold",
      .comment =
          "After an outcome nobody can know: send again, or hold for a callback and then fail." },

    { "provider.*", "verify", OPT_CHOICE_INDEX, IN_PROVIDER(verify_callbacks), "on",
      .choices = "on|off", .kinds = "twilio sendgrid whatsapp_cloud telegram http",
      .comment = "Whether callbacks must prove who sent them; with off anybody can forge one." },

    { "provider.*", "account_sid", OPT_TEXT, IN_PROVIDER(account_sid), "", .kinds = "twilio",
      .reloads = true,
      .comment = "The account's SID (AC...)." },
    { "provider.*", "auth_token", OPT_SECRET, IN_PROVIDER(auth_token), "", .kinds = "twilio",
      .reloads = true,
      .comment =
          "The account's token, or several, comma-separated, while rotating: the first signs in." },
    { "provider.*", "messaging_service_sid", OPT_TEXT, IN_PROVIDER(messaging_service_sid), "",
      .kinds = "twilio", .reloads = true,
      .comment = "A messaging service (MG...) that picks the sender." },

    { "provider.*", "api_key", OPT_SECRET, IN_PROVIDER(api_key), "", .kinds = "sendgrid",
      .reloads = true,
      .comment = "An API key that may send mail." },
    { "provider.*", "webhook_public_key", OPT_TEXT, IN_PROVIDER(webhook_public_key), "",
      .kinds = "sendgrid",
      .reloads = true,
      .comment = "The key that verifies event webhooks, in base64, or several, comma-separated, while rotating." },
    { "provider.*", "list_unsubscribe", OPT_TEXT, IN_PROVIDER(list_unsubscribe), "",
      .kinds = "sendgrid smtp",
      .comment = "List-Unsubscribe of each mail, as <https://...>; {id} is the recipient's id." },

    { "provider.*", "url", OPT_SECRET, IN_PROVIDER(url), "", .kinds = "smtp http",
      .comment =
          "For smtp smtp://host:port or smtps://host:port; for http the gateway's, a template." },
    { "provider.*", "username", OPT_TEXT, IN_PROVIDER(username), "", .kinds = "smtp http",
      .reloads = true,
      .comment = "User to sign in as; empty is no sign-in." },
    { "provider.*", "password", OPT_SECRET, IN_PROVIDER(password), "", .kinds = "smtp http",
      .reloads = true,
      .comment = "The user's password." },
    { "provider.*", "starttls", OPT_CHOICE_INDEX, IN_PROVIDER(starttls), "required",
      .choices = "required|optional|off", .kinds = "smtp",
      .comment = "Whether an smtp:// connection must become, may become or stays without TLS." },
    { "provider.*", "connections", OPT_INT, IN_PROVIDER(connections), "24", 1, 500,
      .kinds = "smtp",
      .comment =
          "Mails under way at once in a thread, a connection each; many servers let a client have 50." },

    { "provider.*", "access_token", OPT_SECRET, IN_PROVIDER(access_token), "",
      .kinds = "whatsapp_cloud", .reloads = true,
      .comment = "A system user's token." },
    { "provider.*", "phone_number_id", OPT_TEXT, IN_PROVIDER(phone_number_id), "",
      .kinds = "whatsapp_cloud",
      .reloads = true,
      .comment = "Id of the number that sends (not the number itself)." },
    { "provider.*", "api_version", OPT_TEXT, IN_PROVIDER(api_version), "v23.0",
      .kinds = "whatsapp_cloud", .comment = "Version of the Graph API, as in its paths." },
    { "provider.*", "app_secret", OPT_SECRET, IN_PROVIDER(app_secret), "",
      .kinds = "whatsapp_cloud",
      .reloads = true,
      .comment =
          "The app's secret, which signs webhooks, or several, comma-separated, while rotating." },
    { "provider.*", "verify_token", OPT_SECRET, IN_PROVIDER(verify_token), "",
      .kinds = "whatsapp_cloud",
      .reloads = true,
      .comment = "The token that the webhook's verification must bring." },
    { "provider.*", "template_name", OPT_TEXT, IN_PROVIDER(template_name), "",
      .kinds = "whatsapp_cloud",
      .comment = "Template that texts are sent with, as its only parameter; empty is none." },
    { "provider.*", "template_language", OPT_TEXT, IN_PROVIDER(template_language), "en_US",
      .kinds = "whatsapp_cloud", .comment = "Language of that template." },

    { "provider.*", "bot_token", OPT_SECRET, IN_PROVIDER(bot_token), "", .kinds = "telegram",
      .reloads = true,
      .comment = "The bot's token." },
    { "provider.*", "secret_token", OPT_SECRET, IN_PROVIDER(secret_token), "",
      .kinds = "telegram",
      .reloads = true,
      .comment =
          "The token that webhooks must bring in their header, or several, comma-separated." },
    { "provider.*", "parse_mode", OPT_CHOICE, IN_PROVIDER(parse_mode), "none",
      .choices = "none|HTML|MarkdownV2", .kinds = "telegram",
      .comment = "How the bot's texts are marked up; none sends them as they are." },

    { "provider.*", "method", OPT_CHOICE, IN_PROVIDER(method), "POST",
      .choices = "POST|PUT|PATCH|GET", .kinds = "http", .comment = "Method of the request." },
    { "provider.*", "headers", OPT_SECRET, IN_PROVIDER(headers), "", .kinds = "http",
      .reloads = true,
      .comment = "Headers of the request, as Name: value, with a vertical bar between two." },
    { "provider.*", "body", OPT_SECRET, IN_PROVIDER(body_template), "", .kinds = "http",
      .comment = "Body of the request, a template: {to}, {from}, {text} and others are filled in." },
    { "provider.*", "accepted", OPT_TEXT, IN_PROVIDER(accept_status), "200-299", .kinds = "http",
      .comment = "Statuses that mean accepted." },
    { "provider.*", "retry", OPT_TEXT, IN_PROVIDER(retry_status), "425,429", .kinds = "http",
      .comment =
          "Statuses that mean certainly not taken and worth a retry; 429 slows all calls down." },
    { "provider.*", "denied", OPT_TEXT, IN_PROVIDER(deny_status), "401-403", .kinds = "http",
      .comment = "Statuses that mean that our account or configuration is refused." },
    { "provider.*", "refused", OPT_TEXT, IN_PROVIDER(refuse_status), "400,404,405,410,413-415,422",
      .kinds = "http", .comment = "Statuses that mean refused for good." },
    { "provider.*", "result_path", OPT_TEXT, IN_PROVIDER(result_path), "", .kinds = "http",
      .comment =
          "Where an accepting answer tells its outcome, as in messages.0.status; empty is nowhere." },
    { "provider.*", "result_accepted", OPT_TEXT, IN_PROVIDER(result_accepted), "", .kinds = "http",
      .comment = "Values there that mean accepted, comma-separated; any in no list means refused." },
    { "provider.*", "result_throttled", OPT_TEXT, IN_PROVIDER(result_throttled), "",
      .kinds = "http", .comment = "Values there that mean too fast, which slows all calls down." },
    { "provider.*", "result_retry", OPT_TEXT, IN_PROVIDER(result_retry), "", .kinds = "http",
      .comment = "Values there that mean certainly not taken and worth a retry." },
    { "provider.*", "result_denied", OPT_TEXT, IN_PROVIDER(result_denied), "", .kinds = "http",
      .comment = "Values there that mean that our account or configuration is refused." },
    { "provider.*", "id_path", OPT_TEXT, IN_PROVIDER(id_path), "", .kinds = "http",
      .comment =
          "Where an accepting answer names the message's id, as in data.id; empty is nowhere." },
    { "provider.*", "error_path", OPT_TEXT, IN_PROVIDER(error_path), "", .kinds = "http",
      .comment =
          "Where another answer tells why, as in errors.0.detail; empty is nowhere." },
    { "provider.*", "callback_signature", OPT_TEXT, IN_PROVIDER(callback_signature), "",
      .kinds = "http",
      .comment =
          "What proves a callback, as in hmac-sha256-hex:X-Signature, token:X-Token or standard." },
    { "provider.*", "callback_secret", OPT_SECRET, IN_PROVIDER(callback_secret), "",
      .kinds = "http",
      .reloads = true,
      .comment =
          "The secret of that, or several, comma-separated, while rotating." },
    { "provider.*", "callback_status_path", OPT_TEXT, IN_PROVIDER(callback_status_path), "",
      .kinds = "http",
      .comment =
          "Where a callback tells what became of the message, as in data.status; empty is nowhere." },
    { "provider.*", "callback_sent", OPT_TEXT, IN_PROVIDER(callback_sent), "",
      .kinds = "http",
      .comment =
          "Values there that mean sent, comma-separated; one in no list changes nothing." },
    { "provider.*", "callback_delivered", OPT_TEXT, IN_PROVIDER(callback_delivered), "",
      .kinds = "http",
      .comment =
          "Values there that mean delivered." },
    { "provider.*", "callback_read", OPT_TEXT, IN_PROVIDER(callback_read), "",
      .kinds = "http",
      .comment =
          "Values there that mean read." },
    { "provider.*", "callback_failed", OPT_TEXT, IN_PROVIDER(callback_failed), "",
      .kinds = "http",
      .comment =
          "Values there that mean failed." },
    { "provider.*", "callback_id_path", OPT_TEXT, IN_PROVIDER(callback_id_path), "",
      .kinds = "http",
      .comment =
          "Where a callback names the message's id, the one that id_path found; empty is nowhere." },
    { "provider.*", "callback_recipient_path", OPT_TEXT, IN_PROVIDER(callback_recipient_path), "",
      .kinds = "http",
      .comment =
          "Where a callback names the recipient's id, {id}; empty is as ?id= in its URL." },
    { "provider.*", "callback_event_path", OPT_TEXT, IN_PROVIDER(callback_event_path), "",
      .kinds = "http",
      .comment =
          "Where a callback has an id of its own; empty makes one of id and value." },
    { "provider.*", "callback_code_path", OPT_TEXT, IN_PROVIDER(callback_code_path), "",
      .kinds = "http",
      .comment =
          "Where a callback tells a failure's code; empty is nowhere." },
    { "provider.*", "callback_error_path", OPT_TEXT, IN_PROVIDER(callback_error_path), "",
      .kinds = "http",
      .comment =
          "Where a callback tells why, in words; empty is nowhere." },

    { "log", "level", OPT_CHOICE_INDEX, IN_CONFIG(log_level), "info",
      .choices = "debug|info|warn|error",
      .reloads = true,
      .comment = "The least weight of a line that is written." },
    { "log", "format", OPT_CHOICE_INDEX, IN_CONFIG(log_format), "json", .choices = "json|text",
      .comment = "One JSON object a line for programs, or text for people." },
};
const size_t n_options = sizeof options / sizeof *options;

const struct option option_tier = {
    "rate_limit", "NAME", OPT_INT, OPTION_TIER, "60", 0, 1000000000,
    .comment = "Requests a minute of each user of a further tier; 0 is unlimited."
};

const struct option *options_find(const char *section, const char *key)
{
    for (size_t i = 0; i < n_options; i++)
        if (strcmp(options[i].section, section) == 0 && strcmp(options[i].key, key) == 0)
            return &options[i];
    return NULL;
}
