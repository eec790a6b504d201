/* Fuzz target of addresses, mailboxes and recipient ids: nothing valid can break a header line. */
#include "common/model/recipient.h"
#include "tests/fuzz/fuzz.h"

static void expect_no_control_bytes(const char *text)
{
    for (; *text != '\0'; text++)
        FUZZ_EXPECT((unsigned char)*text >= ' ' && *text != 0x7F);
}

static void check_addresses(const char *text)
{
    for (enum platform p = 0; p < PF_COUNT; p++) {
        if (recipient_fault(p, text) != NULL)
            continue;
        expect_no_control_bytes(text);
        FUZZ_EXPECT(strlen(text) <= 254 && strpbrk(text, " <>,;\"()") == NULL);
    }
}

static void check_mailbox(const char *text)
{
    char name[300], addr[300], short_name[4], short_addr[4];

    if (mailbox_fault(text) != NULL)
        return;
    mailbox_split(text, name, sizeof name, addr, sizeof addr);
    expect_no_control_bytes(name);
    FUZZ_EXPECT(recipient_fault(PF_EMAIL, addr) == NULL);
    mailbox_split(text, short_name, sizeof short_name, short_addr, sizeof short_addr);
    FUZZ_EXPECT(strncmp(short_name, name, strlen(short_name)) == 0);
}

static void check_id(const char *text)
{
    char message[37], again[RECIPIENT_ID_BYTES];
    int n;

    if (recipient_id_parse(text, message, &n))
        FUZZ_EXPECT(strcmp(recipient_id_format(message, n, again), text) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);

    check_addresses(text);
    check_mailbox(text);
    check_id(text);
    free(text);
    return 0;
}
