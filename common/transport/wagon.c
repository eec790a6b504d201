/* wagon - one transfer on one libcurl handle. */
#include "common/transport/wagon.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "common/base/clock.h"
#include "common/crypto/digest.h"
#include "common/transport/transport.h"

/* Load balancers commonly close what was idle for 60 seconds: a request must not meet that. */
#define CONNECTION_IDLE_SECONDS 50
#define CONNECTION_LIFE_SECONDS 300 /* then the addresses of a name are looked at again */
#define RECEIVE_BYTES 4096          /* of 16384, for each call in flight: answers are short */
#define UPLOAD_BYTES 16384          /* of libcurl's default 65536, once for each call over TLS */

void wagon_init(struct wagon *w)
{
    *w = (struct wagon){ .answer = BUF_INIT(TRANSPORT_ANSWER_MAX) };
    for (int i = 0; i < REPLY_HEADERS; i++)
        w->wanted[i].limit = REPLY_HEADER_MAX;
}

static void forget_headers(struct wagon *w)
{
    for (int i = 0; i < REPLY_HEADERS; i++)
        buf_clear(&w->wanted[i]);
}

static void free_lists(struct wagon *w)
{
    curl_slist_free_all(w->headers);
    curl_slist_free_all(w->rcpt);
    curl_slist_free_all(w->resolve);
    w->headers = w->rcpt = w->resolve = NULL;
}

void wagon_done(struct wagon *w)
{
    curl_easy_cleanup(w->own_easy);
    curl_url_cleanup(w->url);
    free(w->url_text);
    free_lists(w);
    buf_free(&w->answer);
    for (int i = 0; i < REPLY_HEADERS; i++)
        buf_free(&w->wanted[i]);
}

bool wagon_begin(struct wagon *w, const struct transfer *what, void *owner, int64_t now_ms)
{
    bool is_mail = transfer_is_mail(what);
    struct wagon empty = { .what = what,
                           .owner = owner,
                           .started_ms = now_ms,
                           .own_easy = w->own_easy,
                           .url = w->url,
                           .url_text = w->url_text,
                           .retry_after_ms = -1 };

    buf_clear(&w->answer);
    forget_headers(w);
    empty.answer = w->answer; /* they keep their memory */
    memcpy(empty.wanted, w->wanted, sizeof empty.wanted);
    *w = empty;
    if (what->kind == TRANSFER_NONE) {
        buf_add(&w->answer, what->body, what->body_len);
        w->status = 200;
        return true;
    }
    assert(what->limits != NULL);
    if (origin_of(what->url, &w->origin) && w->origin.is_mail == is_mail)
        return true;
    wagon_fail(w, CURLE_UNSUPPORTED_PROTOCOL);
    return false;
}

/* ---- callbacks of libcurl ---- */

static int admit_request(void *arg, char *to_ip, char *from_ip, int to_port, int from_port)
{
    struct wagon *w = arg;

    w->was_held = w->has_begun;
    w->has_begun = true;
    return w->was_held ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
    struct wagon *w = arg;
    int fd;

    w->was_held = w->has_begun;
    if (w->was_held)
        return CURL_SOCKET_BAD;
    fd = socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
    if (fd >= 0 && w->sockets != NULL)
        sockets_opened(w->sockets, fd);
    return fd;
}

static size_t give_mail(char *out, size_t size, size_t n, void *arg)
{
    struct wagon *w = arg;
    size_t left = w->what->body_len - w->sent, some = size * n < left ? size * n : left;

    memcpy(out, w->what->body + w->sent, some);
    w->sent += some;
    return some;
}

static bool is_header(const char *line, size_t len, const char *name)
{
    size_t n = strlen(name);

    return len > n && line[n] == ':' && strncasecmp(line, name, n) == 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void keep_value(struct buf *out, const char *value, const char *end)
{
    while (value < end && is_blank(*value))
        value++;
    while (value < end && is_blank(end[-1]))
        end--;
    buf_add(out, value, (size_t)(end - value));
}

/* The first header of a name counts; those of interim answers (1xx) are forgotten. */
static void keep_wanted(struct wagon *w, const char *line, size_t len)
{
    const char *const *names = w->what->want_headers;

    if (names == NULL)
        return;
    if (len >= 5 && memcmp(line, "HTTP/", 5) == 0)
        forget_headers(w);
    for (int i = 0; i < REPLY_HEADERS && names[i] != NULL; i++)
        if (w->wanted[i].len == 0 && is_header(line, len, names[i]))
            keep_value(&w->wanted[i], line + strlen(names[i]) + 1, line + len);
}

/* Headers that never end are cut as well; an informational answer (1xx) is not the answer. */
static size_t take_head_line(char *line, size_t size, size_t n, void *arg)
{
    struct wagon *w = arg;
    long status = 0;

    w->head_bytes += size * n;
    if (w->head_bytes > TRANSPORT_ANSWER_MAX)
        return 0;
    keep_wanted(w, line, size * n);
    if (line[0] == '\r' || line[0] == '\n') {
        curl_easy_getinfo(w->easy, CURLINFO_RESPONSE_CODE, &status);
        w->has_head = status >= 200;
    }
    return size * n;
}

/* Past the ceiling the transfer ends; what came is judged. */
static size_t take_answer(char *data, size_t size, size_t n, void *arg)
{
    struct wagon *w = arg;
    size_t room = TRANSPORT_ANSWER_MAX - w->answer.len;

    w->is_cut = size * n > room;
    buf_add(&w->answer, data, w->is_cut ? room : size * n);
    return w->is_cut ? 0 : size * n;
}

/* libcurl says QUIT after a refusal, and 221 answers nothing else (RFC 5321 section 4.3.2). */
static bool is_farewell(const char *line, size_t len)
{
    return len >= 3 && memcmp(line, "221", 3) == 0;
}

/* SMTP replies come as headers: all lines of the last one are the answer ("250-" is not its end). */
static size_t take_smtp_line(char *data, size_t size, size_t n, void *arg)
{
    struct wagon *w = arg;
    size_t len = size * n;

    if (is_farewell(data, len))
        return len;
    if (!w->reply_goes_on && w->what->kind == TRANSFER_SMTP)
        buf_clear(&w->answer);
    buf_add(&w->answer, data, len);
    w->reply_goes_on = len >= 4 && data[3] == '-';
    return len;
}

static size_t ignore_body(char *data, size_t size, size_t n, void *arg)
{
    return size * n;
}

/* ---- before ---- */

/* libcurl copies each line of a list. */
static void append(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*list, line);

    if (longer == NULL)
        abort();
    *list = longer;
}

void wagon_resolve(struct wagon *w, const char *addresses)
{
    struct buf line = BUF_INIT(4096);

    buf_addf(&line, "%s:%d:%s", w->origin.host, w->origin.port, addresses);
    append(&w->resolve, buf_str(&line));
    buf_free(&line);
}

/* 0 would be libcurl's default. */
static long time_left(int limit_ms, int64_t passed_ms)
{
    return passed_ms < limit_ms ? (long)(limit_ms - passed_ms) : 1;
}

static void set_limits(struct wagon *w, int64_t now_ms)
{
    const struct transfer_limits *l = w->what->limits;
    int timeout_ms = w->what->timeout_ms;
    int connect_ms = l->connect_ms < timeout_ms ? l->connect_ms : timeout_ms;
    CURL *e = w->easy;

    curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, time_left(timeout_ms, now_ms - w->started_ms));
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, time_left(connect_ms, now_ms - w->started_ms));
    if (l->low_speed_seconds > 0) {
        curl_easy_setopt(e, CURLOPT_LOW_SPEED_LIMIT, (long)l->low_speed_bytes);
        curl_easy_setopt(e, CURLOPT_LOW_SPEED_TIME, (long)l->low_speed_seconds);
    }
}

/* Found out once: it takes libcurl four thousand instructions to tell its own version. */
static bool has_file_of_authorities(void)
{
    static atomic_int known; /* 0: not yet */
    int answer = atomic_load_explicit(&known, memory_order_relaxed);

    if (answer == 0) {
        answer = curl_version_info(CURLVERSION_NOW)->cainfo != NULL ? 1 : -1;
        atomic_store_explicit(&known, answer, memory_order_relaxed);
    }
    return answer == 1;
}

/*
 * Whom we trust.  Debian's libcurl also has a folder of authorities (CAPATH), beside its file of
 * them.  With the folder set, a bundle of our own would not be the only trust; and libcurl keeps no
 * parsed store (Curl_ssl_setup_x509_store() of lib/vtls/openssl.c), but reads all authorities again
 * for each connection: 25 ms of CPU against 2.
 */
static void set_tls(struct wagon *w)
{
    const char *bundle = w->what->limits->ca_bundle;
    CURL *e = w->easy;

    curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L);
    if (bundle[0] != '\0')
        curl_easy_setopt(e, CURLOPT_CAINFO, bundle);
    if (bundle[0] != '\0' || has_file_of_authorities())
        curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
}

/*
 * A URL that is given parsed is neither parsed nor put together again for each call, which took a tenth of
 * all instructions of a delivery.  Most calls go where the one before went.
 */
static void set_url(struct wagon *w)
{
    const char *url = w->what->url;

    if (w->url_text == NULL || strcmp(w->url_text, url) != 0) {
        curl_url_cleanup(w->url);
        free(w->url_text);
        w->url = curl_url();
        w->url_text = strdup(url);
        if (w->url == NULL || w->url_text == NULL)
            abort();
        if (curl_url_set(w->url, CURLUPART_URL, url, 0) != CURLUE_OK) {
            curl_url_cleanup(w->url);
            w->url = NULL; /* libcurl says by itself what is wrong with it */
        }
    }
    curl_easy_setopt(w->easy, CURLOPT_URL, url);
    curl_easy_setopt(w->easy, CURLOPT_CURLU, w->url);
}

static void set_common(struct wagon *w, int64_t now_ms)
{
    CURL *e = w->easy;

    curl_easy_reset(e); /* keeps connections */
    curl_easy_setopt(e, CURLOPT_PRIVATE, w);
    set_url(w);
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, w->origin.scheme);
    curl_easy_setopt(e, CURLOPT_RESOLVE, w->resolve);
    curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L); /* never joins a resolver thread, were there one */
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_PROXY, ""); /* not even where the environment names one */
    curl_easy_setopt(e, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(e, CURLOPT_MAXLIFETIME_CONN, (long)CONNECTION_LIFE_SECONDS);
    curl_easy_setopt(e, CURLOPT_MAXAGE_CONN, (long)CONNECTION_IDLE_SECONDS);
    curl_easy_setopt(e, CURLOPT_BUFFERSIZE, (long)RECEIVE_BYTES);
    curl_easy_setopt(e, CURLOPT_UPLOAD_BUFFERSIZE, (long)UPLOAD_BYTES);
    curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, admit_request);
    curl_easy_setopt(e, CURLOPT_PREREQDATA, w);
    curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, w);
    set_limits(w, now_ms);
    set_tls(w);
}

static const char *password_of(const struct transfer *t)
{
    return t->password == NULL ? "" : t->password;
}

/* RFC 7617.  libcurl makes the same line, by a printf for each of its characters. */
static void add_login(struct wagon *w)
{
    const char *username = w->what->username, *password = password_of(w->what);
    size_t len = strlen(username) + 1 + strlen(password);
    struct buf login = BUF_INIT(len), line = BUF_INIT(64 + BASE64_BYTES(len));
    char *base64 = malloc(BASE64_BYTES(len));

    if (base64 == NULL)
        abort();
    buf_adds(&login, username);
    buf_addc(&login, ':');
    buf_adds(&login, password);
    base64_encode(buf_str(&login), len, base64);
    buf_adds(&line, "Authorization: Basic ");
    buf_adds(&line, base64);
    append(&w->headers, buf_str(&line));
    free(base64);
    buf_free(&login);
    buf_free(&line);
}

/* A body goes in one write with its headers, where a read callback would double the call's CPU. */
static void set_method(struct wagon *w)
{
    const struct transfer *what = w->what;
    const char *method = what->method == NULL ? "POST" : what->method;
    CURL *e = w->easy;

    if (strcmp(method, "GET") == 0) {
        curl_easy_setopt(e, CURLOPT_HTTPGET, 1L);
        return;
    }
    curl_easy_setopt(e, CURLOPT_POST, 1L);
    curl_easy_setopt(e, CURLOPT_POSTFIELDS, what->body == NULL ? "" : what->body);
    curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)what->body_len);
    if (strcmp(method, "POST") != 0)
        curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, method);
}

/*
 * HTTP/1.1 only.  HTTP/2 tells which requests of a connection were never looked at (REFUSED_STREAM,
 * GOAWAY), but libcurl does not pass that on: it sends them again by itself
 * (http2_handle_stream_close() of lib/http2.c), and held back they would all be unclear.  One lost
 * connection would also make a hundred calls unclear at once.  Measured, a call takes no less CPU.
 */
static void set_http(struct wagon *w)
{
    CURL *e = w->easy;

    append(&w->headers, "Expect:"); /* no waiting for 100 Continue */
    for (const char *const *h = w->what->headers; h != NULL && *h != NULL; h++)
        append(&w->headers, *h);
    if (w->what->trace_line != NULL)
        append(&w->headers, w->what->trace_line);
    if (w->what->username != NULL)
        add_login(w);
    set_method(w);
    curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(e, CURLOPT_HTTPHEADER, w->headers);
    curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, take_head_line);
    curl_easy_setopt(e, CURLOPT_HEADERDATA, w);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, take_answer);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, w);
}

static void set_mail(struct wagon *w)
{
    const struct transfer *what = w->what;
    CURL *e = w->easy;

    append(&w->rcpt, what->mail_to);
    curl_easy_setopt(e, CURLOPT_MAIL_FROM, what->mail_from);
    curl_easy_setopt(e, CURLOPT_MAIL_RCPT, w->rcpt);
    curl_easy_setopt(e, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(e, CURLOPT_READFUNCTION, give_mail);
    curl_easy_setopt(e, CURLOPT_READDATA, w);
    curl_easy_setopt(e, CURLOPT_INFILESIZE_LARGE, (curl_off_t)what->body_len);
}

/* Without a recipient libcurl says the command of its own choice in place of a mail. */
static void set_no_mail(struct wagon *w)
{
    curl_easy_setopt(w->easy, CURLOPT_NOBODY, 1L);
    curl_easy_setopt(w->easy, CURLOPT_CUSTOMREQUEST, "NOOP");
}

static void set_smtp(struct wagon *w)
{
    static const long uses[] = { [STARTTLS_REQUIRED] = CURLUSESSL_ALL,
                                 [STARTTLS_OPTIONAL] = CURLUSESSL_TRY,
                                 [STARTTLS_OFF] = CURLUSESSL_NONE };
    const struct transfer *what = w->what;
    CURL *e = w->easy;

    if (what->kind == TRANSFER_LOGIN)
        set_no_mail(w);
    else
        set_mail(w);
    if (what->username != NULL) {
        curl_easy_setopt(e, CURLOPT_USERNAME, what->username);
        curl_easy_setopt(e, CURLOPT_PASSWORD, password_of(what));
    }
    curl_easy_setopt(e, CURLOPT_USE_SSL, uses[what->starttls]);
    curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, take_smtp_line);
    curl_easy_setopt(e, CURLOPT_HEADERDATA, w);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, ignore_body);
}

void wagon_load(struct wagon *w, CURL *easy, int64_t now_ms)
{
    w->easy = easy;
    set_common(w, now_ms);
    if (w->what->kind == TRANSFER_HTTP)
        set_http(w);
    else
        set_smtp(w);
}

/* ---- after ---- */

void wagon_unload(struct wagon *w, CURLcode result)
{
    curl_off_t retry_after = 0;
    long status = 0;

    curl_easy_getinfo(w->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(w->easy, CURLINFO_RETRY_AFTER, &retry_after);
    w->status = (int)status;
    w->retry_after_ms = retry_after > 0 ? (int64_t)retry_after * 1000 : -1;
    w->result = result;
    w->easy = NULL;
    free_lists(w);
}

void wagon_fail(struct wagon *w, CURLcode result)
{
    w->result = result;
    free_lists(w);
}

/* What has begun is never "not sent", whatever the error says: it may be that of a repetition. */
static enum reach http_reach(const struct wagon *w)
{
    if (!w->has_begun)
        return REACH_NOT_SENT;
    return w->has_head && (w->result == CURLE_OK || w->is_cut) ? REACH_ANSWERED : REACH_UNCLEAR;
}

/*
 * A message is the server's only after the final dot: what broke before all of the body was taken
 * is certainly not sent.  libcurl's code does not tell temporary from permanent; the reply does.
 */
static enum reach smtp_reach(const struct wagon *w)
{
    if (w->result == CURLE_OK)
        return REACH_ANSWERED;
    if (w->result == CURLE_LOGIN_DENIED)
        return REACH_CREDENTIALS;
    /* A greeting that refuses for good speaks of us; one that refuses for now has its own code. */
    if (!w->has_begun && (w->status >= 500 || w->result != CURLE_WEIRD_SERVER_REPLY))
        return REACH_NOT_SENT;
    if (w->status >= 400 &&
        (w->result == CURLE_SEND_ERROR || w->result == CURLE_WEIRD_SERVER_REPLY))
        return REACH_REFUSED;
    return w->sent < w->what->body_len ? REACH_NOT_SENT : REACH_UNCLEAR;
}

static enum reach login_reach(const struct wagon *w)
{
    if (w->result == CURLE_OK)
        return REACH_ANSWERED;
    if (w->result == CURLE_LOGIN_DENIED)
        return REACH_CREDENTIALS;
    return w->status >= 400 ? REACH_REFUSED : REACH_NOT_SENT;
}

static enum reach reach_of(const struct wagon *w)
{
    switch (w->what->kind) {
    case TRANSFER_HTTP:
        return http_reach(w);
    case TRANSFER_SMTP:
        return smtp_reach(w);
    case TRANSFER_LOGIN:
        return login_reach(w);
    case TRANSFER_NONE:
        break;
    }
    return REACH_ANSWERED;
}

static const char *trouble_of(const struct wagon *w, enum reach reach)
{
    if (reach == REACH_ANSWERED)
        return NULL;
    if (w->was_held)
        return "the connection was closed before an answer came";
    return w->result == CURLE_OK ? "the answer broke off" : curl_easy_strerror(w->result);
}

struct reply wagon_reply(const struct wagon *w, struct arena *mem)
{
    enum reach reach = reach_of(w);
    struct reply r = {
        .reach = reach,
        .status = w->status,
        .body = arena_strndup(mem, buf_str(&w->answer), w->answer.len),
        .body_len = w->answer.len,
        .retry_after_ms = w->retry_after_ms,
        .now_ms = clock_wall_ms(),
        .trouble = trouble_of(w, reach),
    };

    for (int i = 0; i < REPLY_HEADERS; i++)
        if (w->wanted[i].len > 0 && !buf_overflowed(&w->wanted[i]))
            r.headers[i] = arena_strndup(mem, buf_str(&w->wanted[i]), w->wanted[i].len);
    return r;
}
