/* transport - the curl multi handle; the only file that knows libcurl. */
#include "workerd/transport.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/log.h"

#define CONNECT_MS 5000
#define CONNECTION_LIFE_SECONDS 300
#define CONNECTION_IDLE_SECONDS 60

/* One easy handle and what it carries; re-used. */
struct wagon {
    CURL *easy;
    const struct transfer *what;
    void *owner;
    size_t sent;          /* bytes of the body that libcurl has taken */
    struct buf answer;    /* HTTP body, or the last SMTP reply */
    struct buf wanted[REPLY_HEADERS]; /* values of what->want_headers */
    bool reply_goes_on;   /* more lines of the SMTP reply are to come */
    struct curl_slist *headers, *rcpt;
    CURLcode result;
    struct wagon *next;   /* in the list of free or of finished ones */
};

struct transport {
    CURLM *multi;
    struct wagon *wagons; /* all, an array */
    int most;
    struct wagon *idle, *finished, **last_finished;
    size_t in_flight;
};

bool transport_library_init(void)
{
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

struct transport *transport_new(int most)
{
    struct transport *t = calloc(1, sizeof *t);

    if (t == NULL || (t->wagons = calloc((size_t)most, sizeof *t->wagons)) == NULL ||
        (t->multi = curl_multi_init()) == NULL)
        abort();
    t->most = most;
    t->last_finished = &t->finished;
    curl_multi_setopt(t->multi, CURLMOPT_MAXCONNECTS, (long)most);
    for (int i = most; i-- > 0;) {
        t->wagons[i].answer.limit = TRANSPORT_ANSWER_MAX;
        for (int k = 0; k < REPLY_HEADERS; k++)
            t->wagons[i].wanted[k].limit = REPLY_HEADER_MAX;
        t->wagons[i].next = t->idle;
        t->idle = &t->wagons[i];
    }
    return t;
}

void transport_free(struct transport *t)
{
    if (t == NULL)
        return;
    for (int i = 0; i < t->most; i++) {
        struct wagon *w = &t->wagons[i];

        if (w->easy != NULL) {
            curl_multi_remove_handle(t->multi, w->easy);
            curl_easy_cleanup(w->easy);
        }
        curl_slist_free_all(w->headers);
        curl_slist_free_all(w->rcpt);
        buf_free(&w->answer);
        for (int k = 0; k < REPLY_HEADERS; k++)
            buf_free(&w->wanted[k]);
    }
    curl_multi_cleanup(t->multi);
    free(t->wagons);
    free(t);
}

size_t transport_in_flight(const struct transport *t)
{
    return t->in_flight;
}

/* ---- callbacks of libcurl ---- */

static size_t give_body(char *out, size_t size, size_t n, void *arg)
{
    struct wagon *w = arg;
    size_t left = w->what->body_len - w->sent, some = size * n < left ? size * n : left;

    memcpy(out, w->what->body + w->sent, some);
    w->sent += some;
    return some;
}

/* No seeking: a request whose connection died is not sent a second time behind our back. */
static int refuse_seek(void *arg, curl_off_t offset, int origin)
{
    return CURL_SEEKFUNC_FAIL;
}

/* Past the ceiling the transfer ends; what came is judged. */
static size_t take_answer(char *data, size_t size, size_t n, void *arg)
{
    struct wagon *w = arg;
    size_t room = TRANSPORT_ANSWER_MAX - w->answer.len;

    buf_add(&w->answer, data, size * n < room ? size * n : room);
    return size * n <= room ? size * n : 0;
}

static void forget_headers(struct wagon *w)
{
    for (int i = 0; i < REPLY_HEADERS; i++)
        buf_clear(&w->wanted[i]);
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
static size_t take_http_line(char *data, size_t size, size_t n, void *arg)
{
    struct wagon *w = arg;
    const char *const *names = w->what->want_headers;
    size_t len = size * n;

    if (len >= 5 && memcmp(data, "HTTP/", 5) == 0)
        forget_headers(w);
    for (int i = 0; i < REPLY_HEADERS && names[i] != NULL; i++)
        if (w->wanted[i].len == 0 && is_header(data, len, names[i]))
            keep_value(&w->wanted[i], data + strlen(names[i]) + 1, data + len);
    return len;
}

/* SMTP replies come as headers: all lines of the last one are the answer ("250-" is not its end). */
static size_t take_smtp_line(char *data, size_t size, size_t n, void *arg)
{
    struct wagon *w = arg;
    size_t len = size * n;

    if (!w->reply_goes_on)
        buf_clear(&w->answer);
    buf_add(&w->answer, data, len);
    w->reply_goes_on = len >= 4 && data[3] == '-';
    return len;
}

static size_t ignore_body(char *data, size_t size, size_t n, void *arg)
{
    return size * n;
}

/* ---- starting ---- */

static void set_common(struct wagon *w, const struct transfer *what)
{
    CURL *e = w->easy;

    curl_easy_setopt(e, CURLOPT_PRIVATE, w);
    curl_easy_setopt(e, CURLOPT_URL, what->url);
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_PROXY, "");
    curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)what->timeout_ms);
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS,
                     (long)(what->timeout_ms < CONNECT_MS ? what->timeout_ms : CONNECT_MS));
    curl_easy_setopt(e, CURLOPT_MAXLIFETIME_CONN, (long)CONNECTION_LIFE_SECONDS);
    curl_easy_setopt(e, CURLOPT_MAXAGE_CONN, (long)CONNECTION_IDLE_SECONDS);
    curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(e, CURLOPT_READFUNCTION, give_body);
    curl_easy_setopt(e, CURLOPT_READDATA, w);
    curl_easy_setopt(e, CURLOPT_SEEKFUNCTION, refuse_seek);
    if (what->username != NULL) {
        curl_easy_setopt(e, CURLOPT_USERNAME, what->username);
        curl_easy_setopt(e, CURLOPT_PASSWORD, what->password == NULL ? "" : what->password);
    }
}

/* libcurl copies each line of a list. */
static void append(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*list, line);

    if (longer == NULL)
        abort();
    *list = longer;
}

/*
 * What has no body has no callback that can't go back: libcurl would send it again where a kept
 * connection turns out to be dead.  So it gets a connection of its own, and leaves none.
 */
static void set_method(CURL *e, const struct transfer *what)
{
    if (what->method != NULL && strcmp(what->method, "GET") == 0) {
        curl_easy_setopt(e, CURLOPT_HTTPGET, 1L);
    } else {
        curl_easy_setopt(e, CURLOPT_POST, 1L);
        curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)what->body_len);
        curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, what->method);
    }
    curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, (long)(what->body_len == 0));
    curl_easy_setopt(e, CURLOPT_FORBID_REUSE, (long)(what->body_len == 0));
}

static void set_http(struct wagon *w, const struct transfer *what)
{
    CURL *e = w->easy;

    append(&w->headers, "Expect:"); /* no waiting for 100 Continue */
    for (const char *const *h = what->headers; h != NULL && *h != NULL; h++)
        append(&w->headers, *h);
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
    set_method(e, what);
    curl_easy_setopt(e, CURLOPT_HTTPHEADER, w->headers);
    if (what->want_headers != NULL) {
        curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, take_http_line);
        curl_easy_setopt(e, CURLOPT_HEADERDATA, w);
    }
    curl_easy_setopt(e, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, take_answer);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, w);
}

static void set_smtp(struct wagon *w, const struct transfer *what)
{
    static const long uses[] = { [STARTTLS_REQUIRED] = CURLUSESSL_ALL,
                                 [STARTTLS_OPTIONAL] = CURLUSESSL_TRY,
                                 [STARTTLS_OFF] = CURLUSESSL_NONE };
    CURL *e = w->easy;

    append(&w->rcpt, what->mail_to);
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(e, CURLOPT_USE_SSL, uses[what->starttls]);
    curl_easy_setopt(e, CURLOPT_MAIL_FROM, what->mail_from);
    curl_easy_setopt(e, CURLOPT_MAIL_RCPT, w->rcpt);
    curl_easy_setopt(e, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(e, CURLOPT_INFILESIZE_LARGE, (curl_off_t)what->body_len);
    curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, take_smtp_line);
    curl_easy_setopt(e, CURLOPT_HEADERDATA, w);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, ignore_body);
}

static void finish(struct transport *t, struct wagon *w, CURLcode result)
{
    w->result = result;
    w->next = NULL;
    *t->last_finished = w;
    t->last_finished = &w->next;
}

void transport_start(struct transport *t, const struct transfer *what, void *owner)
{
    struct wagon *w = t->idle;

    if (w == NULL)
        abort(); /* the caller keeps to `most` */
    t->idle = w->next;
    t->in_flight++;
    w->what = what;
    w->owner = owner;
    w->sent = 0;
    w->reply_goes_on = false;
    buf_clear(&w->answer);
    forget_headers(w);
    if (what->kind == TRANSFER_NONE) {
        buf_add(&w->answer, what->body, what->body_len);
        finish(t, w, CURLE_OK);
        return;
    }
    if (w->easy == NULL && (w->easy = curl_easy_init()) == NULL)
        abort();
    curl_easy_reset(w->easy); /* keeps connections */
    set_common(w, what);
    if (what->kind == TRANSFER_HTTP)
        set_http(w, what);
    else
        set_smtp(w, what);
    if (curl_multi_add_handle(t->multi, w->easy) != CURLM_OK)
        abort();
}

/* ---- running ---- */

static void collect(struct transport *t)
{
    CURLMsg *m;
    int left;

    while ((m = curl_multi_info_read(t->multi, &left)) != NULL) {
        CURLcode result = m->data.result; /* *m is gone once the handle is removed */
        CURL *easy = m->easy_handle;
        char *private = NULL;

        curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private);
        curl_multi_remove_handle(t->multi, easy);
        finish(t, (struct wagon *)(void *)private, result);
    }
}

void transport_run(struct transport *t, int extra_fd, int wait_ms)
{
    struct curl_waitfd extra = { .fd = extra_fd, .events = CURL_WAIT_POLLIN };
    int running;

    curl_multi_perform(t->multi, &running);
    collect(t);
    if (wait_ms > 0 && t->finished == NULL) {
        curl_multi_poll(t->multi, &extra, extra_fd >= 0 ? 1 : 0, wait_ms, NULL);
        curl_multi_perform(t->multi, &running);
        collect(t);
    }
}

/* ---- what an end means ---- */

/* Failures before the first byte of a request, whatever the protocol. */
static bool is_before_request(CURLcode result)
{
    static const CURLcode before[] = {
        CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT,
        CURLE_SSL_CONNECT_ERROR,     CURLE_SSL_CERTPROBLEM,      CURLE_SSL_CIPHER,
        CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR,
        CURLE_USE_SSL_FAILED,        CURLE_UNSUPPORTED_PROTOCOL, CURLE_URL_MALFORMAT,
        CURLE_REMOTE_ACCESS_DENIED,  CURLE_OUT_OF_MEMORY,
    };

    for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
        if (before[i] == result)
            return true;
    }
    return false;
}

static enum reach http_reach(const struct wagon *w)
{
    curl_off_t pretransfer = 0;

    if (w->result == CURLE_OK || w->result == CURLE_WRITE_ERROR) /* the latter: cut at the ceiling */
        return REACH_ANSWERED;
    curl_easy_getinfo(w->easy, CURLINFO_PRETRANSFER_TIME_T, &pretransfer);
    return is_before_request(w->result) || pretransfer == 0 ? REACH_NOT_SENT : REACH_UNCLEAR;
}

/*
 * A message is the server's only after the final dot: what broke before all of the body was taken
 * is certainly not sent.  libcurl's code does not tell temporary from permanent; the reply does.
 */
static enum reach smtp_reach(const struct wagon *w, int status)
{
    if (w->result == CURLE_OK)
        return REACH_ANSWERED;
    if (w->result == CURLE_LOGIN_DENIED)
        return REACH_CREDENTIALS;
    if (is_before_request(w->result))
        return REACH_NOT_SENT;
    /* A greeting that refuses for good speaks of us: no mail has been offered yet. */
    if (status >= 500 && w->result == CURLE_WEIRD_SERVER_REPLY && w->sent == 0)
        return REACH_NOT_SENT;
    if (status >= 400 && (w->result == CURLE_SEND_ERROR || w->result == CURLE_WEIRD_SERVER_REPLY))
        return REACH_REFUSED;
    return w->sent < w->what->body_len ? REACH_NOT_SENT : REACH_UNCLEAR;
}

static void describe(const struct wagon *w, struct arena *mem, struct reply *out)
{
    curl_off_t retry_after = 0;
    long status = 200;

    if (w->what->kind != TRANSFER_NONE) {
        curl_easy_getinfo(w->easy, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_getinfo(w->easy, CURLINFO_RETRY_AFTER, &retry_after);
    }
    *out = (struct reply){
        .reach = w->what->kind == TRANSFER_NONE   ? REACH_ANSWERED
                 : w->what->kind == TRANSFER_HTTP ? http_reach(w)
                                                  : smtp_reach(w, (int)status),
        .status = (int)status,
        .body = arena_strndup(mem, buf_str(&w->answer), w->answer.len),
        .body_len = w->answer.len,
        .retry_after_ms = retry_after > 0 ? (int64_t)retry_after * 1000 : -1,
        .now_ms = clock_wall_ms(),
        .trouble = w->result == CURLE_OK ? NULL : curl_easy_strerror(w->result),
    };
    for (int i = 0; i < REPLY_HEADERS; i++)
        if (w->wanted[i].len > 0)
            out->headers[i] = arena_strndup(mem, buf_str(&w->wanted[i]), w->wanted[i].len);
}

bool transport_next(struct transport *t, void **owner, struct arena *(*mem_of)(void *owner),
                    struct reply *out)
{
    struct wagon *w = t->finished;

    if (w == NULL)
        return false;
    t->finished = w->next;
    if (t->finished == NULL)
        t->last_finished = &t->finished;
    describe(w, mem_of(w->owner), out);
    *owner = w->owner;
    curl_slist_free_all(w->headers);
    curl_slist_free_all(w->rcpt);
    w->headers = w->rcpt = NULL;
    w->next = t->idle;
    t->idle = w;
    t->in_flight--;
    return true;
}
