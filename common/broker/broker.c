/* broker - the connection to RabbitMQ; the only file that knows rabbitmq-c. */
#include "common/broker/broker.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#if __has_include(<rabbitmq-c/amqp.h>)
#include <rabbitmq-c/amqp.h>
#include <rabbitmq-c/ssl_socket.h>
#include <rabbitmq-c/tcp_socket.h>
#else
#include <amqp.h>
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#endif

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/random.h"
#include "common/broker/topology.h"
#include "common/broker/watchdog.h"

#define CHANNEL 1 /* for all but consuming */
/*
 * Each subscription has a channel of its own: tags count by channel, so an event that waits long in
 * one lane does not hold back the acknowledgements of another.
 */
#define CHANNEL_OF(subscription) ((amqp_channel_t)(CHANNEL + 1 + (subscription)))
#define FRAME_MAX 131072 /* RabbitMQ's own default; from 4.1 on it refuses less than 8192 */
#define HEARTBEAT_SECONDS 20
#define CONNECT_SECONDS 2
#define CALL_MS 5000
#define BACKOFF_FIRST_MS 200
#define BACKOFF_MOST_MS 1500

struct broker {
    const struct config_rabbitmq *config;
    const char *name;
    amqp_connection_state_t conn; /* NULL: not connected */
    struct watch watch;
    uint64_t last_tag; /* published on this channel */
    amqp_message_t held; /* the body that broker_get() lent */
    bool holds;
    bool blocked;
    int64_t next_try_ms, backoff_ms;
    bool announced_down;
};

struct broker *broker_new(const struct config_rabbitmq *config, const char *name)
{
    struct broker *b = calloc(1, sizeof *b);

    if (b == NULL)
        abort();
    b->config = config;
    b->name = name;
    watch_init(&b->watch);
    return b;
}

static void release_held(struct broker *b)
{
    if (b->holds)
        amqp_destroy_message(&b->held);
    b->holds = false;
}

static void drop(struct broker *b)
{
    watch_end(&b->watch);
    release_held(b); /* before the pools that it lies in */
    if (b->conn != NULL)
        amqp_destroy_connection(b->conn);
    b->conn = NULL;
    b->blocked = false;
}

void broker_free(struct broker *b)
{
    if (b == NULL)
        return;
    broker_close(b);
    watch_done(&b->watch);
    free(b);
}

/* A broker with an alarm does not read what a blocked connection says. */
void broker_close(struct broker *b)
{
    if (b->conn == NULL)
        return;
    if (b->blocked) {
        drop(b);
        return;
    }
    watch_begin(&b->watch, amqp_get_sockfd(b->conn), CALL_MS);
    amqp_connection_close(b->conn, AMQP_REPLY_SUCCESS);
    drop(b);
}

bool broker_is_connected(const struct broker *b)
{
    return b->conn != NULL;
}

int broker_fd(const struct broker *b)
{
    return b->conn == NULL ? -1 : amqp_get_sockfd(b->conn);
}

bool broker_has_input(const struct broker *b)
{
    return b->conn != NULL && (amqp_frames_enqueued(b->conn) || amqp_data_in_buffer(b->conn));
}

bool broker_is_blocked(const struct broker *b)
{
    return b->blocked;
}

/* ---- failures ---- */

static void note_failure(struct broker *b, const struct error *why)
{
    b->backoff_ms = b->backoff_ms == 0 ? BACKOFF_FIRST_MS : b->backoff_ms * 2;
    if (b->backoff_ms > BACKOFF_MOST_MS)
        b->backoff_ms = BACKOFF_MOST_MS;
    b->next_try_ms =
        clock_mono_ms() + b->backoff_ms / 2 + (int64_t)random_below((uint64_t)b->backoff_ms / 2 + 1);
    if (!b->announced_down)
        log_warn("broker.away", STR("connection", b->name), ERR(why));
    b->announced_down = true;
}

/* Every failure ends the connection: what it carried is repeated from Postgres. */
static enum status lost(struct broker *b, const char *what, int code, struct error *err)
{
    struct error why;

    drop(b);
    error_set(&why, ST_UNAVAILABLE, "broker: %s: %s", what, amqp_error_string2(code));
    note_failure(b, &why);
    return error_set(err, why.kind, "%s", why.text);
}

/* The broker's own words name exchanges and queues only. */
static enum status replied(struct broker *b, amqp_rpc_reply_t r, const char *what, struct error *err)
{
    const amqp_channel_close_t *channel = r.reply.decoded;
    const amqp_connection_close_t *connection = r.reply.decoded;
    struct error why;

    if (r.reply_type == AMQP_RESPONSE_NORMAL)
        return ST_OK;
    if (r.reply_type != AMQP_RESPONSE_SERVER_EXCEPTION)
        return lost(b, what, r.library_error, err);
    if (r.reply.id == AMQP_CHANNEL_CLOSE_METHOD)
        error_set(&why, channel->reply_code == AMQP_PRECONDITION_FAILED ? ST_CONFLICT : ST_UNAVAILABLE,
                  "broker: %s: %.*s", what, (int)channel->reply_text.len,
                  (const char *)channel->reply_text.bytes);
    else
        error_set(&why, ST_UNAVAILABLE, "broker: %s: %.*s", what, (int)connection->reply_text.len,
                  (const char *)connection->reply_text.bytes);
    drop(b);
    note_failure(b, &why);
    return error_set(err, why.kind, "%s", why.text);
}

/* ---- connecting ---- */

enum status broker_read_address(const char *url, struct arena *mem, struct broker_address *out,
                                struct error *err)
{
    struct amqp_connection_info at;

    amqp_default_connection_info(&at);
    if (amqp_parse_url(arena_strdup(mem, url), &at) != AMQP_STATUS_OK) /* it cuts the copy to pieces */
        return error_set(err, ST_INVALID, "broker: [rabbitmq] url cannot be read");
    /* "amqp://host/" names an empty virtual host to the letter; nobody means that. */
    if (at.vhost[0] == '\0')
        at.vhost = AMQP_DEFAULT_VHOST;
    *out = (struct broker_address){ .user = arena_strdup(mem, at.user),
                                    .password = arena_strdup(mem, at.password),
                                    .host = arena_strdup(mem, at.host),
                                    .vhost = arena_strdup(mem, at.vhost),
                                    .port = at.port, .tls = at.ssl };
    return ST_OK;
}

static enum status open_socket(struct broker *b, const struct broker_address *at,
                               struct error *err)
{
    static const char *const bundles[] = { "/etc/ssl/certs/ca-certificates.crt",
                                           "/etc/pki/tls/certs/ca-bundle.crt" };
    struct timeval limit = { .tv_sec = CONNECT_SECONDS };
    amqp_socket_t *socket = at->tls ? amqp_ssl_socket_new(b->conn) : amqp_tcp_socket_new(b->conn);
    int code;

    if (socket == NULL)
        return lost(b, "socket", AMQP_STATUS_NO_MEMORY, err);
    if (at->tls) {
        for (size_t i = 0; i < sizeof bundles / sizeof *bundles; i++) {
            if (access(bundles[i], R_OK) == 0 && amqp_ssl_socket_set_cacert(socket, bundles[i]) == 0)
                break;
        }
        amqp_ssl_socket_set_verify_peer(socket, 1);
        amqp_ssl_socket_set_verify_hostname(socket, 1);
        amqp_ssl_socket_set_ssl_versions(socket, AMQP_TLSv1_2, AMQP_TLSvLATEST);
    }
    code = amqp_socket_open_noblock(socket, at->host, at->port, &limit);
    return code == AMQP_STATUS_OK ? ST_OK : lost(b, "connect", code, err);
}

static amqp_table_entry_t entry_bool(const char *key)
{
    amqp_table_entry_t e = { .key = amqp_cstring_bytes(key) };

    e.value.kind = AMQP_FIELD_KIND_BOOLEAN;
    e.value.value.boolean = 1;
    return e;
}

static amqp_table_entry_t entry_text(const char *key, const char *value)
{
    amqp_table_entry_t e = { .key = amqp_cstring_bytes(key) };

    e.value.kind = AMQP_FIELD_KIND_UTF8;
    e.value.value.bytes = amqp_cstring_bytes(value);
    return e;
}

static enum status log_in(struct broker *b, const struct broker_address *at, struct error *err)
{
    amqp_table_entry_t abilities[] = { entry_bool("connection.blocked"),
                                       entry_bool("consumer_cancel_notify"),
                                       entry_bool("publisher_confirms"), entry_bool("basic.nack"),
                                       entry_bool("authentication_failure_close") };
    amqp_table_entry_t properties[] = { { .key = amqp_cstring_bytes("capabilities") },
                                        entry_text("connection_name", b->name) };
    amqp_table_t table = { 2, properties };
    struct timeval limit = { .tv_sec = CONNECT_SECONDS };
    enum status s;

    properties[0].value.kind = AMQP_FIELD_KIND_TABLE;
    properties[0].value.value.table = (amqp_table_t){ 5, abilities };
    amqp_set_handshake_timeout(b->conn, &limit);
    amqp_set_rpc_timeout(b->conn, &(struct timeval){ .tv_sec = CALL_MS / 1000 });
    s = replied(b,
                amqp_login_with_properties(b->conn, at->vhost, 0, FRAME_MAX, HEARTBEAT_SECONDS, &table,
                                           AMQP_SASL_METHOD_PLAIN, at->user, at->password),
                "log in", err);
    if (s != ST_OK)
        return s;
    amqp_channel_open(b->conn, CHANNEL);
    return replied(b, amqp_get_rpc_reply(b->conn), "open channel", err);
}

/* What came of it is for amqp_get_rpc_reply() to tell. */
static void send_declaration(struct broker *b, const char *name, bool dead_letters)
{
    amqp_table_entry_t arguments[] = {
        entry_text("x-queue-type", b->config->queue_type),
        entry_text("x-dead-letter-exchange", EXCHANGE_DEAD),
        { .key = amqp_cstring_bytes("x-delivery-limit") },
    };
    bool quorum = strcmp(b->config->queue_type, "quorum") == 0;
    amqp_table_t table = { !dead_letters ? 1 : quorum ? 3 : 2, arguments };

    arguments[2].value.kind = AMQP_FIELD_KIND_I32;
    arguments[2].value.value.i32 = QUEUE_DELIVERY_LIMIT;
    amqp_queue_declare(b->conn, CHANNEL, amqp_cstring_bytes(name), 0, 1, 0, 0, table);
}

static enum status declare_queue(struct broker *b, const char *name, const char *exchange,
                                 const char *key, bool dead_letters, struct error *err)
{
    enum status s;

    send_declaration(b, name, dead_letters);
    s = replied(b, amqp_get_rpc_reply(b->conn), name, err);
    if (s != ST_OK)
        return s;
    amqp_queue_bind(b->conn, CHANNEL, amqp_cstring_bytes(name), amqp_cstring_bytes(exchange),
                    amqp_cstring_bytes(key), amqp_empty_table);
    return replied(b, amqp_get_rpc_reply(b->conn), name, err);
}

static enum status declare_exchange(struct broker *b, const char *name, const char *type,
                                    struct error *err)
{
    amqp_exchange_declare(b->conn, CHANNEL, amqp_cstring_bytes(name), amqp_cstring_bytes(type), 0, 1,
                          0, 0, amqp_empty_table);
    return replied(b, amqp_get_rpc_reply(b->conn), name, err);
}

static enum status declare_topology(struct broker *b, struct error *err)
{
    enum status s = declare_exchange(b, EXCHANGE_WORK, "direct", err);

    if (s == ST_OK)
        s = declare_exchange(b, EXCHANGE_DEAD, "fanout", err);
    if (s == ST_OK)
        s = declare_queue(b, QUEUE_DEAD, EXCHANGE_DEAD, "", false, err);
    for (int lane = 0; lane < LANE_COUNT && s == ST_OK; lane++)
        s = declare_queue(b, lane_queues[lane].queue, EXCHANGE_WORK, lane_queues[lane].key, true, err);
    return s;
}

static enum status connect_to(struct broker *b, const struct broker_address *at, bool declares,
                              struct error *err)
{
    enum status s;

    b->conn = amqp_new_connection();
    if (b->conn == NULL)
        abort();
    s = open_socket(b, at, err);
    if (s == ST_OK) {
        /* Longer than one call: the topology is some forty of them. */
        watch_begin(&b->watch, amqp_get_sockfd(b->conn), 6 * CALL_MS);
        s = log_in(b, at, err);
    }
    if (s == ST_OK && declares)
        s = declare_topology(b, err);
    watch_end(&b->watch);
    return s;
}

static enum status connect_now(struct broker *b, bool declares, struct error *err)
{
    struct arena mem = ARENA_INIT;
    struct broker_address at;
    enum status s = broker_read_address(b->config->url, &mem, &at, err);

    if (s == ST_OK)
        s = connect_to(b, &at, declares, err);
    arena_done(&mem);
    return s;
}

static enum status connect_if_due(struct broker *b, bool declares, struct error *err)
{
    enum status s;

    if (b->conn != NULL)
        return ST_OK;
    if (clock_mono_ms() < b->next_try_ms)
        return error_set(err, ST_UNAVAILABLE, "broker: not connected, next try follows");
    s = connect_now(b, declares, err);
    if (s != ST_OK)
        return s;
    b->last_tag = 0;
    b->backoff_ms = 0;
    if (b->announced_down)
        log_info("broker.back", STR("connection", b->name));
    b->announced_down = false;
    return ST_OK;
}

enum status broker_connect(struct broker *b, struct error *err)
{
    return connect_if_due(b, true, err);
}

enum status broker_open(struct broker *b, struct error *err)
{
    return connect_if_due(b, false, err);
}

/* ---- frames that come unasked ---- */

/* Handles what is neither a confirm nor a delivery; ST_OK where the connection lives on. */
static enum status on_frame(struct broker *b, const amqp_frame_t *frame, struct error *err)
{
    if (frame->frame_type != AMQP_FRAME_METHOD)
        return ST_OK;
    switch (frame->payload.method.id) {
    case AMQP_CONNECTION_BLOCKED_METHOD:
        b->blocked = true;
        log_warn("broker.blocked", STR("connection", b->name));
        return ST_OK;
    case AMQP_CONNECTION_UNBLOCKED_METHOD:
        b->blocked = false;
        log_info("broker.unblocked", STR("connection", b->name));
        return ST_OK;
    case AMQP_BASIC_CANCEL_METHOD: /* a queue was deleted under us: declare and subscribe anew */
    case AMQP_CHANNEL_CLOSE_METHOD:
    case AMQP_CONNECTION_CLOSE_METHOD:
        return lost(b, "closed by the broker", AMQP_STATUS_CONNECTION_CLOSED, err);
    default:
        return ST_OK;
    }
}

/* ST_NOT_FOUND: no frame within wait_ms. */
static enum status read_frame(struct broker *b, int wait_ms, amqp_frame_t *frame, struct error *err)
{
    struct timeval limit = { .tv_sec = wait_ms / 1000, .tv_usec = wait_ms % 1000 * 1000 };
    int code = amqp_simple_wait_frame_noblock(b->conn, frame, &limit);

    if (code == AMQP_STATUS_OK)
        return ST_OK;
    if (code == AMQP_STATUS_TIMEOUT)
        return ST_NOT_FOUND;
    return lost(b, "read", code, err);
}

/* ---- publishing ---- */

enum status broker_confirm_mode(struct broker *b, struct error *err)
{
    amqp_confirm_select(b->conn, CHANNEL);
    return replied(b, amqp_get_rpc_reply(b->conn), "confirm mode", err);
}

enum status broker_publish(struct broker *b, const char *key, const void *body, size_t len,
                           uint64_t *tag, struct error *err)
{
    char id[24];
    amqp_basic_properties_t properties = {
        ._flags = AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_CONTENT_TYPE_FLAG |
                  AMQP_BASIC_MESSAGE_ID_FLAG,
        .delivery_mode = AMQP_DELIVERY_PERSISTENT,
        .content_type = amqp_cstring_bytes("application/json"),
    };
    int code;

    if (b->conn == NULL)
        return error_set(err, ST_UNAVAILABLE, "broker: not connected");
    /* A return names the message by this id, which is its tag. */
    snprintf(id, sizeof id, "%llu", (unsigned long long)b->last_tag + 1);
    properties.message_id = amqp_cstring_bytes(id);
    watch_begin(&b->watch, amqp_get_sockfd(b->conn), CALL_MS);
    code = amqp_basic_publish(b->conn, CHANNEL, amqp_cstring_bytes(EXCHANGE_WORK),
                              amqp_cstring_bytes(key), 1, 0, &properties,
                              (amqp_bytes_t){ len, (void *)(uintptr_t)body });
    watch_end(&b->watch);
    if (code != AMQP_STATUS_OK)
        return lost(b, "publish", code, err);
    *tag = ++b->last_tag;
    return ST_OK;
}

/* TCP_CORK of tcp(7).  Where it is refused, each event leaves by itself, as without it. */
static void set_cork(const struct broker *b, int on)
{
    if (b->conn != NULL)
        setsockopt(amqp_get_sockfd(b->conn), IPPROTO_TCP, TCP_CORK, &on, sizeof on);
}

void broker_gather(struct broker *b)
{
    set_cork(b, 1);
}

void broker_scatter(struct broker *b)
{
    set_cork(b, 0);
}

/* basic.return is followed by the content; its message id tells which one came back. */
static enum status on_return(struct broker *b, struct confirm *out, struct error *err)
{
    amqp_message_t message;
    char id[24] = "";
    enum status s = replied(b, amqp_read_message(b->conn, CHANNEL, &message, 0), "return", err);

    if (s != ST_OK)
        return s;
    if (message.properties.message_id.len < sizeof id)
        memcpy(id, message.properties.message_id.bytes, message.properties.message_id.len);
    amqp_destroy_message(&message);
    *out = (struct confirm){ .tag = strtoull(id, NULL, 10) };
    return ST_OK;
}

static enum status on_confirm_frame(struct broker *b, const amqp_frame_t *frame,
                                    struct confirm out[], size_t *n, struct error *err)
{
    const amqp_basic_ack_t *ack = frame->payload.method.decoded;
    const amqp_basic_nack_t *nack = frame->payload.method.decoded;

    if (frame->frame_type != AMQP_FRAME_METHOD || frame->channel != CHANNEL)
        return on_frame(b, frame, err);
    switch (frame->payload.method.id) {
    case AMQP_BASIC_ACK_METHOD:
        out[(*n)++] = (struct confirm){ ack->delivery_tag, ack->multiple, true };
        return ST_OK;
    case AMQP_BASIC_NACK_METHOD:
        out[(*n)++] = (struct confirm){ nack->delivery_tag, nack->multiple, false };
        return ST_OK;
    case AMQP_BASIC_RETURN_METHOD:
        return on_return(b, &out[(*n)++], err);
    default:
        return on_frame(b, frame, err);
    }
}

enum status broker_confirms(struct broker *b, int wait_ms, struct confirm out[], size_t room,
                            size_t *n, struct error *err)
{
    enum status s = ST_OK;
    amqp_frame_t frame;

    *n = 0;
    if (b->conn == NULL)
        return error_set(err, ST_UNAVAILABLE, "broker: not connected");
    watch_begin(&b->watch, amqp_get_sockfd(b->conn), wait_ms + CALL_MS);
    while (s == ST_OK && *n < room) {
        s = read_frame(b, *n == 0 ? wait_ms : 0, &frame, err);
        if (s == ST_OK)
            s = on_confirm_frame(b, &frame, out, n, err);
    }
    watch_end(&b->watch);
    if (b->conn != NULL)
        amqp_maybe_release_buffers(b->conn);
    return s == ST_NOT_FOUND ? ST_OK : s;
}

enum status broker_count(struct broker *b, const char *queue, struct queue_counts *out,
                         struct error *err)
{
    const amqp_queue_declare_ok_t *ok;
    enum status s;

    if (b->conn == NULL)
        return error_set(err, ST_UNAVAILABLE, "broker: not connected");
    watch_begin(&b->watch, amqp_get_sockfd(b->conn), CALL_MS);
    ok = amqp_queue_declare(b->conn, CHANNEL, amqp_cstring_bytes(queue), 1, 1, 0, 0, amqp_empty_table);
    s = replied(b, amqp_get_rpc_reply(b->conn), "depth", err);
    watch_end(&b->watch);
    if (s == ST_OK)
        *out = (struct queue_counts){ ok->message_count, ok->consumer_count };
    return s;
}

enum status broker_depth(struct broker *b, const char *queue, uint32_t *ready, struct error *err)
{
    struct queue_counts counts;
    enum status s = broker_count(b, queue, &counts, err);

    if (s == ST_OK)
        *ready = counts.ready;
    return s;
}

/* ---- consuming ---- */

enum status broker_subscribe(struct broker *b, const char *queue, int subscription, int prefetch,
                             struct error *err)
{
    char name[12];
    enum status s;

    if (b->conn == NULL)
        return error_set(err, ST_UNAVAILABLE, "broker: not connected");
    snprintf(name, sizeof name, "%d", subscription);
    watch_begin(&b->watch, amqp_get_sockfd(b->conn), CALL_MS);
    amqp_channel_open(b->conn, CHANNEL_OF(subscription));
    s = replied(b, amqp_get_rpc_reply(b->conn), "open channel", err);
    if (s == ST_OK) {
        amqp_basic_qos(b->conn, CHANNEL_OF(subscription), 0, (uint16_t)prefetch, 0);
        s = replied(b, amqp_get_rpc_reply(b->conn), "prefetch", err);
    }
    if (s == ST_OK) {
        amqp_basic_consume(b->conn, CHANNEL_OF(subscription), amqp_cstring_bytes(queue),
                           amqp_cstring_bytes(name), 0, 0, 0, amqp_empty_table);
        s = replied(b, amqp_get_rpc_reply(b->conn), "subscribe", err);
    }
    watch_end(&b->watch);
    return s;
}

static void copy_event(struct broker_event *out, const amqp_envelope_t *e, char *body, size_t room)
{
    char name[12] = "";

    memcpy(name, e->consumer_tag.bytes,
           e->consumer_tag.len < sizeof name - 1 ? e->consumer_tag.len : sizeof name - 1);
    out->tag = e->delivery_tag;
    out->subscription = atoi(name);
    out->len = e->message.body.len < room ? e->message.body.len : room;
    memcpy(body, e->message.body.bytes, out->len);
    out->body = body;
}

enum status broker_receive(struct broker *b, int wait_ms, struct broker_event *out,
                           struct error *err)
{
    /* One more than an envelope may hold, so that a longer body is still seen as too long. */
    static _Thread_local char body[16384 + 1];
    struct timeval limit = { .tv_sec = wait_ms / 1000, .tv_usec = wait_ms % 1000 * 1000 };
    amqp_envelope_t envelope;
    amqp_rpc_reply_t r;
    amqp_frame_t frame;
    enum status s = ST_NOT_FOUND;

    if (b->conn == NULL)
        return error_set(err, ST_UNAVAILABLE, "broker: not connected");
    amqp_maybe_release_buffers(b->conn);
    watch_begin(&b->watch, amqp_get_sockfd(b->conn), wait_ms + CALL_MS);
    r = amqp_consume_message(b->conn, &envelope, &limit, 0);
    if (r.reply_type == AMQP_RESPONSE_NORMAL) {
        copy_event(out, &envelope, body, sizeof body);
        amqp_destroy_envelope(&envelope);
        s = ST_OK;
    } else if (r.library_error == AMQP_STATUS_UNEXPECTED_STATE) {
        s = read_frame(b, 0, &frame, err);
        if (s == ST_OK)
            s = on_frame(b, &frame, err);
        if (s == ST_OK)
            s = ST_NOT_FOUND;
    } else if (r.library_error != AMQP_STATUS_TIMEOUT) {
        s = replied(b, r, "receive", err);
    }
    watch_end(&b->watch);
    return s;
}

/* These methods have no answer: a failure shows later, as a closed channel. */
static enum status written(struct broker *b, int code, const char *what, struct error *err)
{
    watch_end(&b->watch);
    return code == AMQP_STATUS_OK ? ST_OK : lost(b, what, code, err);
}

static enum status acknowledge(struct broker *b, amqp_channel_t channel, uint64_t tag, bool upto,
                               struct error *err)
{
    if (b->conn == NULL)
        return error_set(err, ST_UNAVAILABLE, "broker: not connected");
    watch_begin(&b->watch, amqp_get_sockfd(b->conn), CALL_MS);
    return written(b, amqp_basic_ack(b->conn, channel, tag, upto), "acknowledge", err);
}

enum status broker_ack_upto(struct broker *b, int subscription, uint64_t tag, struct error *err)
{
    return acknowledge(b, CHANNEL_OF(subscription), tag, true, err);
}

enum status broker_reject(struct broker *b, int subscription, uint64_t tag, struct error *err)
{
    if (b->conn == NULL)
        return error_set(err, ST_UNAVAILABLE, "broker: not connected");
    watch_begin(&b->watch, amqp_get_sockfd(b->conn), CALL_MS);
    return written(b, amqp_basic_reject(b->conn, CHANNEL_OF(subscription), tag, 0), "reject", err);
}

/* ---- examining ---- */

static const struct {
    const char *name, *type;
} exchange_parts[] = { { EXCHANGE_WORK, "direct" }, { EXCHANGE_DEAD, "fanout" } };
#define EXCHANGES ((int)(sizeof exchange_parts / sizeof *exchange_parts))

const char *broker_part_name(int part)
{
    if (part < EXCHANGES)
        return exchange_parts[part].name;
    return part == EXCHANGES ? QUEUE_DEAD : lane_queues[part - EXCHANGES - 1].queue;
}

/* What the broker refuses ends the channel, not the connection: another channel takes its place. */
static enum status examined(struct broker *b, struct error *err)
{
    amqp_rpc_reply_t r = amqp_get_rpc_reply(b->conn);
    const amqp_channel_close_t *closed = r.reply.decoded;
    struct error why;

    if (r.reply_type != AMQP_RESPONSE_SERVER_EXCEPTION || r.reply.id != AMQP_CHANNEL_CLOSE_METHOD)
        return replied(b, r, "examine", err);
    error_set(&why, closed->reply_code == AMQP_NOT_FOUND             ? ST_NOT_FOUND
                    : closed->reply_code == AMQP_PRECONDITION_FAILED ? ST_CONFLICT
                                                                     : ST_DENIED,
              "%.*s", (int)closed->reply_text.len, (const char *)closed->reply_text.bytes);
    amqp_send_method(b->conn, CHANNEL, AMQP_CHANNEL_CLOSE_OK_METHOD, &(amqp_channel_close_ok_t){ 0 });
    amqp_channel_open(b->conn, CHANNEL);
    if (replied(b, amqp_get_rpc_reply(b->conn), "open channel", err) != ST_OK)
        return ST_UNAVAILABLE;
    return error_set(err, why.kind, "%s", why.text);
}

static enum status examine_exchange(struct broker *b, int part, struct error *err)
{
    amqp_bytes_t name = amqp_cstring_bytes(exchange_parts[part].name);
    amqp_bytes_t type = amqp_cstring_bytes(exchange_parts[part].type);
    enum status s;

    amqp_exchange_declare(b->conn, CHANNEL, name, type, 1, 1, 0, 0, amqp_empty_table);
    s = examined(b, err);
    if (s != ST_OK)
        return s;
    amqp_exchange_declare(b->conn, CHANNEL, name, type, 0, 1, 0, 0, amqp_empty_table);
    return examined(b, err);
}

static enum status examine_queue(struct broker *b, int part, struct queue_counts *out, struct error *err)
{
    const amqp_queue_declare_ok_t *ok = amqp_queue_declare(
        b->conn, CHANNEL, amqp_cstring_bytes(broker_part_name(part)), 1, 1, 0, 0, amqp_empty_table);
    enum status s = examined(b, err);

    if (s != ST_OK)
        return s;
    if (out != NULL)
        *out = (struct queue_counts){ ok->message_count, ok->consumer_count };
    send_declaration(b, broker_part_name(part), part > EXCHANGES);
    return examined(b, err);
}

/* First whether it is there, which makes nothing; then the declaration itself, which compares. */
enum status broker_examine(struct broker *b, int part, struct queue_counts *out, struct error *err)
{
    enum status s;

    if (b->conn == NULL)
        return error_set(err, ST_UNAVAILABLE, "broker: not connected");
    watch_begin(&b->watch, amqp_get_sockfd(b->conn), CALL_MS);
    s = part < EXCHANGES ? examine_exchange(b, part, err) : examine_queue(b, part, out, err);
    watch_end(&b->watch);
    return s;
}

#define ALARM_MS 300 /* how long the broker may take to tell */

enum status broker_ask_alarm(struct broker *b, bool *blocked, struct error *err)
{
    int64_t until_ms = clock_mono_ms() + ALARM_MS;
    amqp_frame_t frame;
    enum status s = ST_NOT_FOUND;
    int code;

    if (b->conn == NULL)
        return error_set(err, ST_UNAVAILABLE, "broker: not connected");
    watch_begin(&b->watch, amqp_get_sockfd(b->conn), CALL_MS);
    code = amqp_basic_publish(b->conn, CHANNEL, amqp_empty_bytes,
                              amqp_cstring_bytes("notification.nowhere"), 0, 0, NULL, amqp_empty_bytes);
    if (code != AMQP_STATUS_OK)
        s = lost(b, "publish", code, err);
    while ((s == ST_NOT_FOUND || s == ST_OK) && !b->blocked && clock_mono_ms() < until_ms) {
        s = read_frame(b, (int)(until_ms - clock_mono_ms()) + 1, &frame, err);
        if (s == ST_OK)
            s = on_frame(b, &frame, err);
    }
    watch_end(&b->watch);
    if (s != ST_OK && s != ST_NOT_FOUND)
        return s;
    *blocked = b->blocked;
    return ST_OK;
}

/* ---- looking into a queue ---- */

static const amqp_field_value_t *field(const amqp_table_t *table, const char *key)
{
    for (int i = 0; i < table->num_entries; i++) {
        const amqp_bytes_t *k = &table->entries[i].key;

        if (k->len == strlen(key) && memcmp(k->bytes, key, k->len) == 0)
            return &table->entries[i].value;
    }
    return NULL;
}

static void copy_field(const amqp_table_t *table, const char *key, char *out, size_t room)
{
    const amqp_field_value_t *v = field(table, key);

    if (v != NULL && v->kind == AMQP_FIELD_KIND_UTF8 && v->value.bytes.len < room &&
        memchr(v->value.bytes.bytes, '\0', v->value.bytes.len) == NULL) {
        memcpy(out, v->value.bytes.bytes, v->value.bytes.len);
        out[v->value.bytes.len] = '\0';
    }
}

#define SECONDS_MOST 253402300799 /* the end of the year 9999 */

/* The header x-death: a table for each queue that it died in, the last one first. */
static void read_death(const amqp_basic_properties_t *p, struct broker_letter *out)
{
    const amqp_field_value_t *deaths, *at;
    const amqp_table_t *last;

    if (!(p->_flags & AMQP_BASIC_HEADERS_FLAG))
        return;
    deaths = field(&p->headers, "x-death");
    if (deaths == NULL || deaths->kind != AMQP_FIELD_KIND_ARRAY ||
        deaths->value.array.num_entries == 0 ||
        deaths->value.array.entries[0].kind != AMQP_FIELD_KIND_TABLE)
        return;
    last = &deaths->value.array.entries[0].value.table;
    copy_field(last, "queue", out->queue, sizeof out->queue);
    copy_field(last, "reason", out->reason, sizeof out->reason);
    at = field(last, "time");
    if (at != NULL && at->kind == AMQP_FIELD_KIND_TIMESTAMP && at->value.u64 <= SECONDS_MOST)
        out->died_ms = (int64_t)at->value.u64 * 1000;
}

/* basic.get-ok is followed by the content. */
static enum status read_letter(struct broker *b, const amqp_basic_get_ok_t *ok,
                               struct broker_letter *out, struct error *err)
{
    enum status s;

    *out = (struct broker_letter){ .tag = ok->delivery_tag, .left = ok->message_count, .died_ms = -1 };
    s = replied(b, amqp_read_message(b->conn, CHANNEL, &b->held, 0), "get", err);
    if (s != ST_OK)
        return s;
    b->holds = true;
    out->body = b->held.body.bytes;
    out->len = b->held.body.len;
    read_death(&b->held.properties, out);
    return ST_OK;
}

enum status broker_get(struct broker *b, const char *queue, struct broker_letter *out,
                       struct error *err)
{
    amqp_rpc_reply_t r;
    enum status s;

    if (b->conn == NULL)
        return error_set(err, ST_UNAVAILABLE, "broker: not connected");
    release_held(b);
    amqp_maybe_release_buffers(b->conn);
    watch_begin(&b->watch, amqp_get_sockfd(b->conn), CALL_MS);
    r = amqp_basic_get(b->conn, CHANNEL, amqp_cstring_bytes(queue), 0);
    s = replied(b, r, "get", err);
    if (s == ST_OK)
        s = r.reply.id == AMQP_BASIC_GET_EMPTY_METHOD ? ST_NOT_FOUND
                                                      : read_letter(b, r.reply.decoded, out, err);
    watch_end(&b->watch);
    return s;
}

enum status broker_ack(struct broker *b, uint64_t tag, struct error *err)
{
    return acknowledge(b, CHANNEL, tag, false, err);
}

/* Tag 0 means all, and it is no error if there are none: a tag that is settled would be one. */
enum status broker_put_back(struct broker *b, struct error *err)
{
    if (b->conn == NULL)
        return error_set(err, ST_UNAVAILABLE, "broker: not connected");
    watch_begin(&b->watch, amqp_get_sockfd(b->conn), CALL_MS);
    return written(b, amqp_basic_nack(b->conn, CHANNEL, 0, 1, 1), "put back", err);
}
