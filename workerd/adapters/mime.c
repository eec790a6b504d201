/* mime - headers that fold, bodies in the shorter of the two transfer encodings. */
#include "workerd/adapters/mime.h"

#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "common/base/utf8.h"
#include "common/crypto/digest.h"

#define MAIL_LINE 76  /* without CRLF: RFC 2045 section 6.7, RFC 2047 section 2 */
#define PLAIN_WORD 60 /* a longer word would leave a header's first line empty */

/* ---- headers ---- */

/* Adds a word to the line of *column bytes; after a fold, where that makes it fit. */
static void add_word(struct buf *out, size_t *column, const char *text, size_t len)
{
    if (*column + 1 + len > MAIL_LINE && 1 + len <= MAIL_LINE) {
        buf_adds(out, "\r\n");
        *column = 0;
    }
    buf_addc(out, ' ');
    buf_add(out, text, len);
    *column += 1 + len;
}

/*
 * RFC 2047: words of at most 75 bytes, no character cut, lines of at most 76.  Blanks between
 * encoded words vanish when they are read, so the text's own are all inside.
 */
static void add_encoded(struct buf *out, size_t *column, const char *text)
{
    static const char head[] = "=?UTF-8?B?", tail[] = "?=";
    const size_t frame = strlen(head) + strlen(tail);

    while (*text != '\0') {
        size_t room = MAIL_LINE - 1 - frame - (*column < MAIL_LINE / 2 ? *column : 0);
        size_t len = utf8_cut(text, strlen(text), room / 4 * 3);
        char word[MAIL_LINE + 1] = "";
        char *at = word + strlen(head);

        memcpy(word, head, strlen(head));
        base64_encode(text, len, at);
        memcpy(at + strlen(at), tail, sizeof tail);
        add_word(out, column, word, strlen(word));
        text += len;
    }
}

static bool is_printable(const char *text)
{
    for (; *text != '\0'; text++)
        if (*text < ' ' || *text > '~')
            return false;
    return true;
}

/* Unstructured ASCII may stay as it is: it folds at blanks, and each blank is kept. */
static bool is_plain(const char *text)
{
    if (!is_printable(text) || *text == ' ' || strstr(text, "  ") != NULL ||
        strstr(text, "=?") != NULL)
        return false;
    for (size_t len; *text != '\0'; text += len + (text[len] == ' ')) {
        len = strcspn(text, " ");
        if (len > PLAIN_WORD || strcmp(text + len, " ") == 0)
            return false;
    }
    return true;
}

static void add_plain(struct buf *out, size_t *column, const char *text)
{
    while (*text != '\0') {
        size_t len = strcspn(text, " ");

        add_word(out, column, text, len);
        text += len + (text[len] == ' ');
    }
}

static void add_text_header(struct buf *out, const char *name, const char *text)
{
    size_t column = strlen(name) + 1;

    buf_addf(out, "%s:", name);
    if (is_plain(text))
        add_plain(out, &column, text);
    else
        add_encoded(out, &column, text);
    buf_adds(out, "\r\n");
}

/* RFC 5322 section 3.2.4. */
static const char *quoted(struct arena *mem, const char *text)
{
    char *out = arena_alloc(mem, 2 * strlen(text) + 3), *to = out;

    *to++ = '"';
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            *to++ = '\\';
        *to++ = *text;
    }
    *to++ = '"';
    *to = '\0';
    return out;
}

/* A name of ASCII that fits a line is quoted; quotes are right around any such name. */
static void add_from_header(struct buf *out, const struct mime_mail *mail, struct arena *mem)
{
    const char *addr = arena_printf(mem, "<%s>", mail->from_addr);
    size_t column = strlen("From:");

    buf_adds(out, "From:");
    if (*mail->from_name == '\0') {
        addr = mail->from_addr;
    } else if (is_printable(mail->from_name) && strlen(mail->from_name) < MAIL_LINE / 2 &&
               strstr(mail->from_name, "=?") == NULL) {
        const char *name = quoted(mem, mail->from_name);

        add_word(out, &column, name, strlen(name));
    } else {
        add_encoded(out, &column, mail->from_name);
    }
    add_word(out, &column, addr, strlen(addr));
    buf_adds(out, "\r\n");
}

static void add_unsubscribe_headers(struct buf *out, const struct mime_mail *mail)
{
    size_t column = strlen("List-Unsubscribe:");

    if (mail->unsubscribe == NULL)
        return;
    buf_adds(out, "List-Unsubscribe:");
    add_plain(out, &column, mail->unsubscribe);
    buf_adds(out, "\r\n");
    if (mail->one_click)
        buf_adds(out, "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n");
}

/* RFC 5322 section 3.3; not by strftime(), whose names follow the locale. */
static void add_date_header(struct buf *out, int64_t wall_ms)
{
    static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
    static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm t;

    gmtime_r(&seconds, &t);
    buf_addf(out, "Date: %s, %02d %s %d %02d:%02d:%02d +0000\r\n", days[t.tm_wday], t.tm_mday,
             months[t.tm_mon], t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
}

/* ---- bodies ---- */

/* RFC 2045 section 6.8: canonical line ends come before the encoding. */
static const char *with_crlf(struct arena *mem, const char *text)
{
    char *out = arena_alloc(mem, 2 * strlen(text) + 3), *to = out;

    for (; *text != '\0'; text++) {
        if (*text != '\r' && *text != '\n') {
            *to++ = *text;
            continue;
        }
        if (text[0] == '\r' && text[1] == '\n')
            text++;
        *to++ = '\r';
        *to++ = '\n';
    }
    if (to == out || to[-1] != '\n') {
        *to++ = '\r';
        *to++ = '\n';
    }
    *to = '\0';
    return out;
}

static bool is_literal(char c)
{
    return c == '\t' || (c >= ' ' && c <= '~' && c != '=');
}

/* Quoted-printable triples what it escapes, base64 adds a third to everything. */
static bool prefers_base64(const char *text)
{
    size_t escaped = 0, len = strlen(text);

    for (const char *at = text; *at != '\0'; at++)
        escaped += !is_literal(*at) && *at != '\r' && *at != '\n';
    return escaped > len / 6;
}

/* text has canonical line ends. */
static void add_quoted_printable(struct buf *out, const char *text)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t column = 0;

    while (*text != '\0') {
        bool blank_at_end = (*text == ' ' || *text == '\t') && text[1] == '\r';
        bool literal = is_literal(*text) && !blank_at_end;
        unsigned char byte = (unsigned char)*text;

        if (*text == '\r') {
            buf_adds(out, "\r\n");
            column = 0;
            text += 2;
            continue;
        }
        /* One byte of each line is kept for the '=' of a soft break. */
        if (column + (literal ? 1 : 3) > MAIL_LINE - 1) {
            buf_adds(out, "=\r\n");
            column = 0;
        }
        if (literal) {
            buf_addc(out, *text);
        } else {
            const char escape[] = { '=', digits[byte >> 4], digits[byte & 15] };

            buf_add(out, escape, sizeof escape);
        }
        column += literal ? 1 : 3;
        text++;
    }
}

static void add_base64(struct buf *out, const char *text)
{
    const size_t whole = MAIL_LINE / 4 * 3;

    for (size_t len = strlen(text), n; len > 0; text += n, len -= n) {
        char line[BASE64_BYTES(MAIL_LINE / 4 * 3)];

        n = len < whole ? len : whole;
        base64_encode(text, n, line);
        buf_adds(out, line);
        buf_adds(out, "\r\n");
    }
}

static void add_part(struct buf *out, const char *type, const char *text, struct arena *mem)
{
    const char *body = with_crlf(mem, text);
    bool base64 = prefers_base64(body);

    buf_addf(out, "Content-Type: %s; charset=utf-8\r\n", type);
    buf_addf(out, "Content-Transfer-Encoding: %s\r\n\r\n", base64 ? "base64" : "quoted-printable");
    if (base64)
        add_base64(out, body);
    else
        add_quoted_printable(out, body);
}

/*
 * RFC 2046 section 5.1.4: the plainest part first.  "=_" cannot occur in either transfer encoding,
 * so no part can hold the boundary.
 */
static void add_alternative(struct buf *out, const struct mime_mail *mail, struct arena *mem)
{
    const char *boundary = arena_printf(mem, "=_%s", mail->id);

    buf_addf(out, "Content-Type: multipart/alternative;\r\n boundary=\"%s\"\r\n\r\n", boundary);
    buf_addf(out, "--%s\r\n", boundary);
    add_part(out, "text/plain", mail->text, mem);
    buf_addf(out, "\r\n--%s\r\n", boundary);
    add_part(out, "text/html", mail->html, mem);
    buf_addf(out, "\r\n--%s--\r\n", boundary);
}

/* ---- the whole ---- */

const char *mime_message_id(struct arena *mem, const struct mime_mail *mail)
{
    const char *at = strrchr(mail->from_addr, '@');

    return arena_printf(mem, "<%s@%s>", mail->id, at != NULL ? at + 1 : "localhost");
}

/* What a header may not hold must stop here: one line break would begin a header of its own. */
static enum status check_headers(const struct mime_mail *mail, struct error *err)
{
    static const char breaks[] = "\r\n";

    if (mail->from_name[strcspn(mail->from_name, breaks)] != '\0')
        return error_set(err, ST_INVALID, "bad_header: a line break in the sender's name");
    if (mail->subject != NULL && mail->subject[strcspn(mail->subject, breaks)] != '\0')
        return error_set(err, ST_INVALID, "bad_header: a line break in the subject");
    if (mail->unsubscribe != NULL && !is_printable(mail->unsubscribe))
        return error_set(err, ST_INVALID, "bad_header: more than ASCII in List-Unsubscribe");
    for (int i = 0; i < 2; i++) {
        const char *addr = i == 0 ? mail->from_addr : mail->to_addr;

        for (; *addr != '\0'; addr++)
            if ((*addr >= 0 && *addr <= ' ') || strchr("<>,;\"\x7F", *addr) != NULL)
                return error_set(err, ST_INVALID, "bad_header: the %s address is none",
                                 i == 0 ? "sender's" : "recipient's");
    }
    return ST_OK;
}

enum status mime_write(struct buf *out, const struct mime_mail *mail, struct arena *mem,
                       struct error *err)
{
    enum status st = check_headers(mail, err);

    if (st != ST_OK)
        return st;
    add_date_header(out, mail->date_ms);
    add_from_header(out, mail, mem);
    buf_addf(out, "To: %s\r\n", mail->to_addr);
    if (mail->subject != NULL)
        add_text_header(out, "Subject", mail->subject);
    buf_addf(out, "Message-ID: %s\r\n", mime_message_id(mem, mail));
    add_unsubscribe_headers(out, mail);
    buf_adds(out, "MIME-Version: 1.0\r\n");
    if (mail->html == NULL)
        add_part(out, "text/plain", mail->text, mem);
    else
        add_alternative(out, mail, mem);
    return ST_OK;
}
