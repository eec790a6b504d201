/* Fuzz target of messages in bodies: what is taken keeps every rule, what is refused says why. */
#include "common/model/message_body.h"
#include "common/model/recipient.h"
#include "fcgi/problem.h"
#include "tests/fuzz/fuzz.h"

static const struct message_rules rules = { .now_ms = 1796115600000, /* 2026-12-01T09:00:00Z */
                                            .enabled = { true, true, true, false } };

static bool is_text(const char *text, size_t min, size_t max)
{
    return text != NULL && strlen(text) >= min && strlen(text) <= max;
}

static void check_metadata(const char *metadata)
{
    if (metadata == NULL)
        return;
    SCOPED(json_t) doc = json_read(metadata, strlen(metadata), NULL);
    FUZZ_EXPECT(json_is_object(doc) && strlen(metadata) <= MESSAGE_METADATA_MAX);
}

static void check_recipients(const struct message_draft *d)
{
    FUZZ_EXPECT(d->n_recipients >= 1 && d->n_recipients <= MESSAGE_RECIPIENTS_MAX);
    for (size_t i = 0; i < d->n_recipients; i++) {
        const struct message_recipient *r = &d->recipients[i];

        FUZZ_EXPECT(r->platform < PF_COUNT && rules.enabled[r->platform]);
        FUZZ_EXPECT(recipient_fault(r->platform, r->address) == NULL);
        check_metadata(r->metadata);
        for (size_t j = 0; j < i; j++)
            FUZZ_EXPECT(d->recipients[j].platform != r->platform ||
                        strcmp(d->recipients[j].address, r->address) != 0);
    }
}

static void check_draft(const struct message_draft *d)
{
    int64_t last = rules.now_ms + MESSAGE_SCHEDULE_MAX_DAYS * 24LL * 3600 * 1000;

    FUZZ_EXPECT(is_text(d->content, 1, MESSAGE_CONTENT_MAX));
    FUZZ_EXPECT(d->subject == NULL || (is_text(d->subject, 0, MESSAGE_SUBJECT_MAX) &&
                                       strpbrk(d->subject, "\r\n") == NULL));
    FUZZ_EXPECT(d->html == NULL || is_text(d->html, 1, MESSAGE_HTML_MAX));
    FUZZ_EXPECT(d->priority < PRIO_COUNT && d->from[PF_TELEGRAM] == NULL);
    for (int p = 0; p < PF_COUNT; p++)
        FUZZ_EXPECT(d->from[p] == NULL || strpbrk(d->from[p], "\r\n") == NULL);
    FUZZ_EXPECT(d->scheduled_ms == -1 ||
                (d->scheduled_ms > rules.now_ms && d->scheduled_ms <= last));
    FUZZ_EXPECT(d->expires_ms == -1 ||
                (d->expires_ms > rules.now_ms && d->expires_ms > d->scheduled_ms));
    check_metadata(d->metadata);
    check_recipients(d);
}

/* The faults as a caller sees them: a JSON document whose pointers begin at the body. */
static void check_faults(const struct faults *faults)
{
    size_t listed = faults->count < FAULTS_MAX ? faults->count : FAULTS_MAX, i;
    struct call c;
    json_t *errors, *one;

    call_init(&c);
    problem_answer(&c, PROBLEM_VALIDATION_FAILED, NULL, faults);
    SCOPED(json_t) doc = json_read(buf_str(&c.res.body), c.res.body.len, NULL);
    errors = json_object_get(doc, "errors");
    FUZZ_EXPECT(json_array_size(errors) == listed);
    json_array_foreach(errors, i, one)
    {
        const char *pointer = json_string_value(json_object_get(one, "pointer"));

        FUZZ_EXPECT(pointer != NULL && strncmp(pointer, "/messages/7", 11) == 0);
        FUZZ_EXPECT(is_text(json_string_value(json_object_get(one, "detail")), 1, 200));
    }
    call_done(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena mem = ARENA_INIT;
    struct message_draft draft;
    struct faults faults;
    json_t *body = json_read((const char *)data, size, NULL);

    if (body == NULL)
        return 0;
    faults_init(&faults, &mem);
    message_body_read(body, "/messages/7", &rules, &mem, &draft, &faults);
    json_decref(body); /* the draft has all it needs */
    if (faults.count == 0)
        check_draft(&draft);
    else
        check_faults(&faults);
    arena_done(&mem);
    return 0;
}
