/*
 * rabbitmq - the floor of publishing: a loop that does nothing but publish events with confirms.
 *
 *   rabbitmq URL SECONDS WINDOW
 *
 * WINDOW persistent messages of an event's size go to a quorum queue of its own, then their confirms are
 * waited for; the queue is deleted at the end.  Prints a line of JSON.
 */
#if __has_include(<rabbitmq-c/amqp.h>)
#include <rabbitmq-c/amqp.h>
#include <rabbitmq-c/tcp_socket.h>
#else
#include <amqp.h>
#include <amqp_tcp_socket.h>
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"

#define QUEUE "bench.floor"

static void must(int good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "rabbitmq: %s failed\n", what);
    exit(1);
}

static void must_answer(amqp_connection_state_t c, const char *what)
{
    must(amqp_get_rpc_reply(c).reply_type == AMQP_RESPONSE_NORMAL, what);
}

static amqp_connection_state_t open_channel(char *url)
{
    struct amqp_connection_info info;
    amqp_connection_state_t c = amqp_new_connection();
    amqp_socket_t *socket = amqp_tcp_socket_new(c);

    must(amqp_parse_url(url, &info) == AMQP_STATUS_OK, "reading the URL");
    must(amqp_socket_open(socket, info.host, info.port) == AMQP_STATUS_OK, "connecting");
    must(amqp_login(c, info.vhost[0] == '\0' ? "/" : info.vhost, 0, 131072, 0, AMQP_SASL_METHOD_PLAIN, info.user, info.password)
             .reply_type == AMQP_RESPONSE_NORMAL, "logging in");
    amqp_channel_open(c, 1);
    must_answer(c, "opening a channel");
    return c;
}

static void declare(amqp_connection_state_t c)
{
    amqp_table_entry_t type = { .key = amqp_cstring_bytes("x-queue-type"),
                                .value = { .kind = AMQP_FIELD_KIND_UTF8,
                                           .value.bytes = amqp_cstring_bytes("quorum") } };
    amqp_table_t table = { .num_entries = 1, .entries = &type };

    amqp_queue_declare(c, 1, amqp_cstring_bytes(QUEUE), 0, 1, 0, 0, table);
    must_answer(c, "declaring the queue");
    amqp_confirm_select(c, 1);
    must_answer(c, "asking for confirms");
}

static void publish(amqp_connection_state_t c)
{
    static const char event[] = "{\"v\":1,\"id\":\"01900000-0000-7000-8000-000000000000\",\"n\":0,\"fence\":0,"
                                "\"attempt\":0,\"at\":\"2026-01-01T00:00:00.000Z\"}";
    amqp_basic_properties_t p = { ._flags = AMQP_BASIC_DELIVERY_MODE_FLAG, .delivery_mode = 2 };

    must(amqp_basic_publish(c, 1, amqp_empty_bytes, amqp_cstring_bytes(QUEUE), 0, 0, &p,
                            amqp_cstring_bytes(event)) == AMQP_STATUS_OK, "publishing");
}

/* Until the confirm of `last`, which may speak for those before it. */
static void await(amqp_connection_state_t c, uint64_t last)
{
    uint64_t confirmed = 0;

    while (confirmed < last) {
        amqp_frame_t frame;
        amqp_basic_ack_t *ack;

        must(amqp_simple_wait_frame(c, &frame) == AMQP_STATUS_OK, "waiting for a confirm");
        must(frame.frame_type == AMQP_FRAME_METHOD && frame.payload.method.id == AMQP_BASIC_ACK_METHOD,
             "a confirm");
        ack = frame.payload.method.decoded;
        if (ack->delivery_tag > confirmed)
            confirmed = ack->delivery_tag;
        amqp_maybe_release_buffers(c);
    }
}

int main(int argc, char *argv[])
{
    int window = argc == 4 ? atoi(argv[3]) : 0;
    amqp_connection_state_t c;
    uint64_t published = 0;
    int64_t begun_us;

    if (window < 1) {
        fprintf(stderr, "usage: rabbitmq URL SECONDS WINDOW\n");
        return 2;
    }
    c = open_channel(argv[1]);
    declare(c);
    begun_us = clock_mono_us();
    while (clock_mono_us() < begun_us + atol(argv[2]) * 1000000) {
        for (int i = 0; i < window; i++, published++)
            publish(c);
        await(c, published);
    }
    printf("{\"events_per_s\": %.0f}\n", (double)published * 1e6 / (double)(clock_mono_us() - begun_us));
    amqp_queue_delete(c, 1, amqp_cstring_bytes(QUEUE), 0, 0);
    amqp_destroy_connection(c);
    return 0;
}
