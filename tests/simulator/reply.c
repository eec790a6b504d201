/* reply - whole, cut, dripping and oversized answers; resets; and silence. */
#include "tests/simulator/reply.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "common/base/clock.h"

#define BLOCK_BYTES ((size_t)16384)

/* An answer that is read in portions: total is announced, and after stop bytes it breaks off. */
struct script {
    struct MHD_Connection *connection;
    struct pause *pause;
    const char *body;
    size_t len, total, stop; /* after len bytes come blanks */
    int drip_ms;             /* between bytes; 0: all at once */
    int64_t next_ms;
};

static int socket_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

    return info != NULL ? info->connect_fd : -1;
}

bool reply_peer_is_gone(struct MHD_Connection *connection)
{
    char byte;
    ssize_t n = recv(socket_of(connection), &byte, 1, MSG_PEEK | MSG_DONTWAIT);

    return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

/* Dissolving the association of a connected socket makes Linux send a reset at once. */
static void reset(struct MHD_Connection *connection)
{
    struct sockaddr nobody = { .sa_family = AF_UNSPEC };

    (void)connect(socket_of(connection), &nobody, sizeof nobody);
}

/* n when it is time for more; else 0, and the connection sleeps until then. */
static ssize_t in_time(struct script *s, size_t n)
{
    int64_t now_ms = clock_mono_ms();
    struct pause_terms terms = { .deadline_ms = s->next_ms };

    if (now_ms >= s->next_ms) {
        s->next_ms = now_ms + s->drip_ms;
        return (ssize_t)n;
    }
    if (!pause_connection(s->pause, s->connection, &terms))
        return MHD_CONTENT_READER_END_WITH_ERROR;
    return 0;
}

static ssize_t read_script(void *cls, uint64_t pos, char *out, size_t max)
{
    struct script *s = cls;
    size_t at = (size_t)pos, n = s->stop - at, real;

    if (n == 0)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (n > max)
        n = max;
    if (s->drip_ms > 0)
        n = 1;
    real = at >= s->len ? 0 : s->len - at < n ? s->len - at : n;
    memcpy(out, s->body + at, real);
    memset(out + real, ' ', n - real);
    return s->drip_ms > 0 ? in_time(s, n) : (ssize_t)n;
}

static struct MHD_Response *scripted(struct MHD_Connection *connection, struct exchange *x,
                                     struct pause *pause, enum manner manner)
{
    struct script *s = ARENA_NEW(&x->mem, struct script);

    *s = (struct script){
        .connection = connection, .pause = pause, .body = x->answer.body, .len = x->answer.body_len
    };
    s->total = manner == MANNER_HUGE ? x->behaviour->total_bytes : s->len;
    s->stop = manner == MANNER_CUT ? s->len / 2 : s->total;
    s->drip_ms = manner == MANNER_DRIP ? REPLY_DRIP_MS : 0;
    return MHD_create_response_from_callback(s->total, BLOCK_BYTES, read_script, s, NULL);
}

static struct MHD_Response *whole(const struct answer *a)
{
    return MHD_create_response_from_buffer(a->body_len, (void *)(uintptr_t)a->body,
                                           MHD_RESPMEM_PERSISTENT);
}

/* That the connection is kept, which HTTP/1.1 would leave unsaid. */
static struct MHD_Response *promising(struct MHD_Response *response)
{
    if (response != NULL)
        MHD_set_response_options(response, MHD_RF_SEND_KEEP_ALIVE_HEADER, MHD_RO_END);
    return response;
}

static enum MHD_Result queue(struct MHD_Connection *connection, const struct answer *a,
                             struct MHD_Response *response)
{
    enum MHD_Result result;

    if (response == NULL)
        return MHD_NO;
    if (a->content_type != NULL)
        MHD_add_response_header(response, "Content-Type", a->content_type);
    for (size_t i = 0; i < ANSWER_HEADERS && a->headers[i].name != NULL; i++)
        MHD_add_response_header(response, a->headers[i].name, a->headers[i].value);
    result = MHD_queue_response(connection, (unsigned)a->status, response);
    MHD_destroy_response(response);
    return result;
}

enum MHD_Result reply_send(struct MHD_Connection *connection, struct exchange *x,
                           struct pause *pause)
{
    enum manner manner = x->behaviour != NULL ? x->behaviour->manner : MANNER_WHOLE;

    switch (manner) {
    case MANNER_WHOLE:
        return queue(connection, &x->answer, whole(&x->answer));
    case MANNER_CLOSE_AFTER:
        return queue(connection, &x->answer, promising(whole(&x->answer)));
    case MANNER_CUT:
    case MANNER_DRIP:
    case MANNER_HUGE:
        return queue(connection, &x->answer, scripted(connection, x, pause, manner));
    case MANNER_RESET:
        reset(connection);
        return MHD_NO;
    case MANNER_HANG:
    case MANNER_CLOSE:
        return MHD_NO;
    }
    return MHD_NO;
}

void reply_done(struct MHD_Connection *connection, const struct exchange *x)
{
    if (x->behaviour != NULL && x->behaviour->manner == MANNER_CLOSE_AFTER)
        (void)shutdown(socket_of(connection), SHUT_RDWR);
}
