/* message_body - reading and judging the members of a message. */
#include "common/model/message_body.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/model/recipient.h"

#define MS_A_DAY (24LL * 3600 * 1000)
#define FROM_MAX 320

struct reader {
    const char *prefix;
    const struct message_rules *rules;
    struct arena *mem;
    struct message_draft *out;
    struct faults *faults;
};

static void fault(struct reader *r, const char *member, const char *detail)
{
    faults_add(r->faults, detail, "%s/%s", r->prefix, member);
}

/* ---- texts ---- */

/* NULL with a fault where it is not a string of min to max bytes. */
static const char *read_text(struct reader *r, const char *member, const json_t *value, size_t min,
                             size_t max, const char *detail)
{
    if (!json_is_string(value) || json_string_length(value) < min ||
        json_string_length(value) > max) {
        fault(r, member, detail);
        return NULL;
    }
    return arena_strndup(r->mem, json_string_value(value), json_string_length(value));
}

static bool has_control(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return true;
    }
    return false;
}

static void read_content(struct reader *r, const json_t *value)
{
    r->out->content = read_text(r, "content", value, 1, MESSAGE_CONTENT_MAX,
                                "must be a string of 1 to 65,536 bytes");
}

static void read_subject(struct reader *r, const json_t *value)
{
    r->out->subject = read_text(r, "subject", value, 0, MESSAGE_SUBJECT_MAX,
                                "must be a string of at most 998 bytes");
    if (r->out->subject != NULL && has_control(r->out->subject))
        fault(r, "subject", "must not hold a line break or another control character");
}

static void read_html(struct reader *r, const json_t *value)
{
    r->out->html =
        read_text(r, "html", value, 1, MESSAGE_HTML_MAX, "must be a string of 1 to 262,144 bytes");
}

/* ---- small members ---- */

static void read_priority(struct reader *r, const json_t *value)
{
    if (!json_is_string(value) || !priority_parse(json_string_value(value), &r->out->priority))
        fault(r, "priority", "must be high, normal or low");
}

static void read_scheduled(struct reader *r, const json_t *value)
{
    int64_t at;

    if (!json_is_string(value) || !clock_parse(json_string_value(value), &at))
        fault(r, "scheduled_at", "must be a date and time as in 2026-12-01T09:00:00Z (RFC 3339)");
    else if (at > r->rules->now_ms + MESSAGE_SCHEDULE_MAX_DAYS * MS_A_DAY)
        fault(r, "scheduled_at", "must be at most 366 days ahead");
    else if (at > r->rules->now_ms) /* a time that has passed means now */
        r->out->scheduled_ms = at;
}

static void read_expires(struct reader *r, const json_t *value)
{
    int64_t at;

    if (!json_is_string(value) || !clock_parse(json_string_value(value), &at))
        fault(r, "expires_at", "must be a date and time as in 2026-12-01T09:05:00Z (RFC 3339)");
    else if (at <= r->rules->now_ms)
        fault(r, "expires_at", "must lie in the future");
    else
        r->out->expires_ms = at;
}

/*
 * JSON of a value, its numbers as short as they can be: 9.99 stays 9.99.  17 digits are written
 * only where 15 would be another number.
 */
static char *write_json(const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(15));
    SCOPED(json_t) again = text == NULL ? NULL : json_read(text, strlen(text), NULL);

    if (again != NULL && json_equal(again, value))
        return text;
    free(text);
    return json_dumps(value, JSON_COMPACT);
}

/* An object of at most 4 KiB, kept as JSON. */
static const char *read_metadata(struct reader *r, const char *pointer, const json_t *value)
{
    char *text;
    const char *kept;

    if (!json_is_object(value)) {
        fault(r, pointer, "must be an object");
        return NULL;
    }
    text = write_json(value);
    if (text == NULL || strlen(text) > MESSAGE_METADATA_MAX) {
        fault(r, pointer, "must be at most 4,096 bytes as JSON");
        free(text);
        return NULL;
    }
    kept = arena_strdup(r->mem, text);
    free(text);
    return kept;
}

static void read_message_metadata(struct reader *r, const json_t *value)
{
    r->out->metadata = read_metadata(r, "metadata", value);
}

/* ---- from ---- */

static bool is_sender_id(const char *text)
{
    size_t len = strlen(text);

    if (text[0] == '+')
        return recipient_fault(PF_SMS, text) == NULL;
    return len >= 1 && len <= 11 &&
           strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 ._-") == len;
}

static const char *from_fault(enum platform platform, const char *text)
{
    switch (platform) {
    case PF_SMS:
        return is_sender_id(text) ? NULL : "must be a number as in +15550001111 or 1 to 11 letters and digits";
    case PF_WHATSAPP:
        return recipient_fault(PF_WHATSAPP, text);
    case PF_EMAIL:
        return mailbox_fault(text);
    case PF_TELEGRAM:
    case PF_COUNT:
        break;
    }
    return "a telegram message is always from the bot";
}

static void read_from(struct reader *r, const json_t *value)
{
    enum platform platform;
    const char *name, *wrong;
    json_t *sender;

    if (!json_is_object(value)) {
        fault(r, "from", "must be an object with a sender for each platform, as in {\"sms\": \"+15550001111\"}");
        return;
    }
    json_object_foreach ((json_t *)(uintptr_t)value, name, sender) {
        const char *at = arena_printf(r->mem, "from/%s", faults_token(r->faults, name));

        if (!platform_parse(name, &platform)) {
            fault(r, at, "is not a platform: sms, email, whatsapp or telegram");
        } else if (!json_is_string(sender) || json_string_length(sender) > FROM_MAX) {
            fault(r, at, "must be a string of at most 320 bytes");
        } else if ((wrong = from_fault(platform, json_string_value(sender))) != NULL) {
            fault(r, at, wrong);
        } else {
            r->out->from[platform] = arena_strdup(r->mem, json_string_value(sender));
        }
    }
}

/* ---- recipients ---- */

/* Pairs of platform and address seen so far: an open table of indexes + 1, twice as large. */
struct seen {
    size_t size;
    int *places;
};

static bool seen_before(struct seen *s, const struct message_recipient *all, int index)
{
    const struct message_recipient *r = &all[index];
    uint32_t hash = 2166136261u ^ (uint32_t)r->platform; /* FNV-1a */
    size_t at;

    for (const char *p = r->address; *p != '\0'; p++)
        hash = (hash ^ (uint8_t)*p) * 16777619u;
    for (at = hash % s->size; s->places[at] != 0; at = (at + 1) % s->size) {
        const struct message_recipient *other = &all[s->places[at] - 1];

        if (other->platform == r->platform && strcmp(other->address, r->address) == 0)
            return true;
    }
    s->places[at] = index + 1;
    return false;
}

static void read_address(struct reader *r, const json_t *value, const char *at, bool known,
                         struct message_recipient *out)
{
    const char *wrong;

    if (!json_is_string(value)) {
        faults_add(r->faults, value == NULL ? "is required" : "must be a string", "%s/%s/recipient",
                   r->prefix, at);
        return;
    }
    wrong = known ? recipient_fault(out->platform, json_string_value(value)) : NULL;
    if (wrong != NULL)
        faults_add(r->faults, wrong, "%s/%s/recipient", r->prefix, at);
    out->address = arena_strndup(r->mem, json_string_value(value), json_string_length(value));
}

const char *message_platform_fault(const struct message_rules *rules, const char *name,
                                   enum platform *out)
{
    if (name == NULL || !platform_parse(name, out))
        return "must be sms, email, whatsapp or telegram";
    return rules->enabled[*out] ? NULL : "is not set up on this server";
}

static bool read_platform(struct reader *r, const json_t *value, const char *at, enum platform *out)
{
    const char *wrong = value == NULL ? "is required"
                                      : message_platform_fault(r->rules, json_string_value(value), out);

    if (wrong != NULL)
        faults_add(r->faults, wrong, "%s/%s/platform", r->prefix, at);
    return wrong == NULL;
}

static void read_recipient(struct reader *r, const json_t *value, const char *at,
                           struct message_recipient *out)
{
    const char *name;
    json_t *member;
    bool known;

    if (!json_is_object(value)) {
        fault(r, at, "must be an object with platform and recipient");
        return;
    }
    known = read_platform(r, json_object_get(value, "platform"), at, &out->platform);
    read_address(r, json_object_get(value, "recipient"), at, known, out);
    member = json_object_get(value, "metadata");
    if (member != NULL && !json_is_null(member))
        out->metadata = read_metadata(r, arena_printf(r->mem, "%s/metadata", at), member);
    json_object_foreach ((json_t *)(uintptr_t)value, name, member) {
        if (strcmp(name, "platform") != 0 && strcmp(name, "recipient") != 0 &&
            strcmp(name, "metadata") != 0)
            faults_add(r->faults, "is not a member of a recipient", "%s/%s/%s", r->prefix, at,
                       faults_token(r->faults, name));
    }
}

static void read_recipients(struct reader *r, const json_t *value)
{
    size_t given = json_array_size(value), faults_before = r->faults->count;
    struct message_recipient *list;
    struct seen seen;

    if (!json_is_array(value) || given < 1 || given > MESSAGE_RECIPIENTS_MAX) {
        fault(r, "recipients", "must be an array of 1 to 1,000 recipients");
        return;
    }
    list = ARENA_ARRAY(r->mem, struct message_recipient, given);
    seen.size = 2 * given + 1;
    seen.places = ARENA_ARRAY(r->mem, int, seen.size);
    r->out->recipients = list;
    for (size_t i = 0; i < given; i++) {
        struct message_recipient *one = &list[r->out->n_recipients];

        *one = (struct message_recipient){ 0 };
        read_recipient(r, json_array_get(value, i), arena_printf(r->mem, "recipients/%zu", i), one);
        if (r->faults->count > faults_before)
            continue; /* the message is refused; go on for the other faults only */
        if (!seen_before(&seen, list, (int)r->out->n_recipients))
            r->out->n_recipients++;
    }
}

/* ---- the whole ---- */

static const struct member {
    const char *name;
    bool required;
    void (*read)(struct reader *r, const json_t *value);
    bool may_follow; /* where message_rules say so, it is no member */
} members[] = {
    { "content", true, read_content },
    { "recipients", true, read_recipients, .may_follow = true },
    { "subject", false, read_subject },
    { "html", false, read_html },
    { "from", false, read_from },
    { "priority", false, read_priority },
    { "scheduled_at", false, read_scheduled },
    { "expires_at", false, read_expires },
    { "metadata", false, read_message_metadata },
};

static bool is_left_out(const struct reader *r, const struct member *m)
{
    return m->may_follow && r->rules->recipients_follow;
}

static bool is_member(const struct reader *r, const char *name)
{
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        if (strcmp(members[i].name, name) == 0)
            return !is_left_out(r, &members[i]);
    }
    return false;
}

static void check_unknown(struct reader *r, const json_t *body)
{
    const char *name;
    json_t *value;

    json_object_foreach ((json_t *)(uintptr_t)body, name, value) {
        if (!is_member(r, name))
            fault(r, faults_token(r->faults, name), "is not a member of a message");
    }
}

void message_body_read(const json_t *body, const char *prefix, const struct message_rules *rules,
                       struct arena *mem, struct message_draft *out, struct faults *faults)
{
    struct reader r = { prefix, rules, mem, out, faults };

    *out = (struct message_draft){ .priority = PRIO_NORMAL,
                                   .created_ms = rules->now_ms,
                                   .scheduled_ms = -1,
                                   .expires_ms = -1 };
    if (!json_is_object(body)) {
        faults_add(faults, "must be an object", "%s", prefix);
        return;
    }
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        const json_t *value = json_object_get(body, members[i].name);

        if (is_left_out(&r, &members[i]))
            continue;
        if (value == NULL && members[i].required)
            fault(&r, members[i].name, "is required");
        else if (value != NULL && (members[i].required || !json_is_null(value)))
            members[i].read(&r, value);
    }
    check_unknown(&r, body);
    if (out->expires_ms >= 0 && out->scheduled_ms >= 0 && out->expires_ms <= out->scheduled_ms)
        fault(&r, "expires_at", "must lie after scheduled_at");
}
