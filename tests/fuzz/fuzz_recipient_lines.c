/* Fuzz target of lists of recipients: each line is one kind of thing, and what is taken is valid. */
#include <stdio.h>

#include "common/model/recipient.h"
#include "ctl/recipient_lines.h"
#include "tests/fuzz/fuzz.h"

static const struct message_rules rules = { .enabled = { true, true, false, true } };

static size_t count_lines(const uint8_t *data, size_t size)
{
    size_t n = 0;

    for (size_t i = 0; i < size; i++)
        n += data[i] == '\n';
    return n + (size > 0 && data[size - 1] != '\n');
}

static void check(const struct recipient_lines *l, enum line_kind kind, const struct recipient_line *line)
{
    switch (kind) {
    case LINE_RECIPIENT:
        FUZZ_EXPECT(rules.enabled[line->recipient.platform] || l->one_platform);
        FUZZ_EXPECT(!l->one_platform || line->recipient.platform == l->platform);
        FUZZ_EXPECT(recipient_fault(line->recipient.platform, line->recipient.address) == NULL);
        FUZZ_EXPECT(line->recipient.metadata == NULL);
        break;
    case LINE_BAD:
        FUZZ_EXPECT(line->why != NULL && line->part != NULL && strlen(line->why) > 0);
        break;
    case LINE_NOTHING:
        break;
    case LINE_END:
    case LINE_UNREADABLE:
        abort();
    }
}

/* The first byte says whether the lines have a platform of their own, and which not. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct recipient_lines l = { .rules = &rules };
    struct recipient_line line;
    enum line_kind kind;

    if (size < 2)
        return 0;
    l.one_platform = data[0] % 2 == 1;
    l.platform = (enum platform)(data[0] / 2 % PF_COUNT);
    l.file = fmemopen((void *)(uintptr_t)(data + 1), size - 1, "r");
    FUZZ_EXPECT(l.file != NULL);
    while ((kind = recipient_lines_next(&l, &line)) != LINE_END)
        check(&l, kind, &line);
    FUZZ_EXPECT(l.n == count_lines(data + 1, size - 1));
    fclose(l.file);
    return 0;
}
