/* recipient - addresses of people: which are valid for a platform, and how a recipient's id reads. */
#include "common/model/recipient.h"

#include <assert.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "common/base/utf8.h"
#include "common/base/uuid.h"

#define LOCAL_PART_MAX 64 /* RFC 5321 section 4.5.3.1 */
#define ADDRESS_MAX 254
#define LABEL_MAX 63
#define NAME_MAX_BYTES 256 /* of a mailbox; ours, so that a header line stays below 998 bytes */
#define UUID_LENGTH (UUID_TEXT_BYTES - 1)

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static size_t count_digits(const char *text)
{
    size_t n = 0;

    while (is_digit(text[n]))
        n++;
    return n;
}

static const char *phone_fault(const char *address)
{
    size_t digits;

    if (address[0] != '+')
        return "a phone number is written as '+', the country code and the number (E.164)";
    digits = count_digits(address + 1);
    if (address[1 + digits] != '\0')
        return "a phone number has only digits after the '+' (E.164)";
    if (digits < 7 || digits > 15)
        return "a phone number has 7 to 15 digits after the '+' (E.164)";
    return address[1] == '0' ? "a country code does not begin with 0 (E.164)" : NULL;
}

/* atext of RFC 5322 section 3.2.3. */
static bool is_atom_char(char c)
{
    return is_alnum(c) || (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

/* A dot-atom of RFC 5322, with the characters that RFC 6531 adds. */
static const char *local_part_fault(const char *local, size_t len)
{
    bool after_dot = true;
    size_t step;

    if (len == 0 || len > LOCAL_PART_MAX)
        return "the part before the '@' of an address has 1 to 64 bytes";
    for (size_t i = 0; i < len; i += step) {
        step = utf8_length(local + i, len - i);
        if (local[i] == '.' && after_dot)
            return "dots before the '@' of an address stand between other characters";
        after_dot = local[i] == '.';
        if (step == 0 || (step == 1 && !after_dot && !is_atom_char(local[i])))
            return "the part before the '@' of an address holds a character that must not stand there";
    }
    return after_dot ? "dots before the '@' of an address stand between other characters" : NULL;
}

static bool is_label(const char *label, size_t len)
{
    if (len == 0 || len > LABEL_MAX || label[0] == '-' || label[len - 1] == '-')
        return false;
    for (size_t i = 0; i < len; i++)
        if (!is_alnum(label[i]) && label[i] != '-')
            return false;
    return true;
}

static const char *domain_fault(const char *domain, const char *end)
{
    int labels = 0;

    for (const char *label = domain; label <= end; labels++) {
        const char *dot = memchr(label, '.', (size_t)(end - label));
        const char *label_end = dot != NULL ? dot : end;

        if (!is_label(label, (size_t)(label_end - label)))
            return "the domain of an address consists of letters, digits and inner hyphens, "
                   "with single dots between (an international one in its xn-- form)";
        label = label_end + 1;
    }
    return labels < 2 ? "the domain of an address has at least one dot" : NULL;
}

static const char *address_fault(const char *address, size_t len)
{
    const char *at = memchr(address, '@', len);
    const char *fault;

    if (at == NULL)
        return "an address is written as name@domain";
    if (len > ADDRESS_MAX)
        return "an address has at most 254 bytes";
    fault = local_part_fault(address, (size_t)(at - address));
    return fault != NULL ? fault : domain_fault(at + 1, address + len);
}

static const char *email_fault(const char *address)
{
    return address_fault(address, strlen(address));
}

static const char *channel_fault(const char *name)
{
    size_t len = strlen(name);

    if (len < 5 || len > 32)
        return "a channel name has 5 to 32 characters after the '@'";
    if (!is_alnum(name[0]) || is_digit(name[0]))
        return "a channel name begins with a letter after the '@'";
    for (size_t i = 0; i < len; i++)
        if (!is_alnum(name[i]) && name[i] != '_')
            return "a channel name has only letters, digits and '_' after the '@'";
    return NULL;
}

static const char *chat_id_fault(const char *text)
{
    static const char fault[] =
        "a chat is named by its id, an integer of at most 52 bits, or by '@' and a channel name";
    int64_t value = 0;

    text += text[0] == '-';
    if (text[0] == '0' || text[0] == '\0' || text[count_digits(text)] != '\0' || strlen(text) > 16)
        return fault;
    for (; *text != '\0'; text++)
        value = value * 10 + (*text - '0');
    return value >= INT64_C(1) << 52 ? fault : NULL;
}

static const char *chat_fault(const char *address)
{
    return address[0] == '@' ? channel_fault(address + 1) : chat_id_fault(address);
}

static const char *(*const checks[PF_COUNT])(const char *address) = {
    [PF_SMS] = phone_fault,
    [PF_EMAIL] = email_fault,
    [PF_WHATSAPP] = phone_fault,
    [PF_TELEGRAM] = chat_fault,
};

const char *recipient_fault(enum platform platform, const char *address)
{
    return checks[platform](address);
}

/* A mailbox taken apart, still as it was written. */
struct parts {
    const char *name, *address;
    size_t name_len, address_len;
    bool quoted; /* the name stood in quotes, which are not counted */
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static void trim(const char **text, size_t *len)
{
    while (*len > 0 && is_blank(**text)) {
        (*text)++;
        (*len)--;
    }
    while (*len > 0 && is_blank((*text)[*len - 1]))
        (*len)--;
}

/* The address is what stands in the last pair of angle brackets; without brackets it is all. */
static struct parts take_apart(const char *mailbox)
{
    struct parts p = { .name = mailbox, .address = mailbox, .address_len = strlen(mailbox) };
    const char *open;

    trim(&p.address, &p.address_len);
    open = memrchr(p.address, '<', p.address_len);
    if (open == NULL || p.address[p.address_len - 1] != '>')
        return p;
    p.name = p.address;
    p.name_len = (size_t)(open - p.name);
    p.address_len -= p.name_len + 2;
    p.address = open + 1;
    trim(&p.name, &p.name_len);
    if (p.name_len >= 2 && p.name[0] == '"' && p.name[p.name_len - 1] == '"') {
        p.quoted = true;
        p.name++;
        p.name_len -= 2;
    }
    return p;
}

/* A phrase of RFC 5322 section 3.2.5 (dots allowed: "J. Doe"), or what a quoted string may hold. */
static const char *name_fault(const struct parts *p)
{
    const char *specials = p->quoted ? "\"" : "()<>[]:;@\\,\"";
    bool escaped = false;
    size_t step;

    if (p->name_len > NAME_MAX_BYTES)
        return "the name before an address has at most 256 bytes";
    for (size_t i = 0; i < p->name_len; i += step) {
        char c = p->name[i];

        step = utf8_length(p->name + i, p->name_len - i);
        if (step == 0 || (unsigned char)c < ' ' || c == 0x7F)
            return "the name before an address is UTF-8 without control characters";
        if (!escaped && strchr(specials, c) != NULL)
            return "the name before an address stands in quotes if it holds any of ()<>[]:;@\\,\"";
        escaped = p->quoted && !escaped && c == '\\';
    }
    return escaped ? "the backslash that ends the name before an address escapes nothing" : NULL;
}

const char *mailbox_fault(const char *mailbox)
{
    struct parts p = take_apart(mailbox);
    const char *fault = name_fault(&p);

    return fault != NULL ? fault : address_fault(p.address, p.address_len);
}

static void copy_cut(const char *text, size_t len, char *out, size_t size)
{
    size_t n = utf8_cut(text, len, size - 1);

    memcpy(out, text, n);
    out[n] = '\0';
}

void mailbox_split(const char *mailbox, char *name, size_t name_size, char *addr, size_t addr_size)
{
    struct parts p = take_apart(mailbox);
    char plain[NAME_MAX_BYTES];
    size_t len = 0;

    assert(p.name_len <= sizeof plain);
    for (size_t i = 0; i < p.name_len; i++) {
        if (p.quoted && p.name[i] == '\\')
            i++;
        plain[len++] = p.name[i];
    }
    copy_cut(plain, len, name, name_size);
    copy_cut(p.address, p.address_len, addr, addr_size);
}

const char *recipient_id_format(const char *message_id, int n, char out[RECIPIENT_ID_BYTES])
{
    char digits[10]; /* of the largest int */
    size_t at = sizeof digits;
    size_t len = strlen(message_id);

    assert(n >= 0 && len <= UUID_LENGTH);
    do {
        digits[--at] = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    memcpy(out, message_id, len);
    out[len++] = '.';
    memcpy(out + len, digits + at, sizeof digits - at);
    out[len + sizeof digits - at] = '\0';
    return out;
}

/* Digits without a leading zero: each recipient has exactly one id. */
static bool parse_n(const char *text, int *n)
{
    size_t len = count_digits(text);
    int64_t value = 0;

    if (len == 0 || len > 10 || text[len] != '\0' || (text[0] == '0' && len > 1))
        return false;
    for (size_t i = 0; i < len; i++)
        value = value * 10 + (text[i] - '0');
    if (value > INT_MAX)
        return false;
    *n = (int)value;
    return true;
}

bool recipient_id_parse(const char *id, char message_id[37], int *n)
{
    char uuid[UUID_TEXT_BYTES];
    int number;

    if (strnlen(id, UUID_LENGTH + 1) <= UUID_LENGTH || id[UUID_LENGTH] != '.')
        return false;
    memcpy(uuid, id, UUID_LENGTH);
    uuid[UUID_LENGTH] = '\0';
    if (!uuid_is_valid(uuid) || !parse_n(id + UUID_LENGTH + 1, &number))
        return false;
    memcpy(message_id, uuid, sizeof uuid);
    *n = number;
    return true;
}
