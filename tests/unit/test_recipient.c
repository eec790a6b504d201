/* The promises of common/model/recipient.h. */
#include "common/model/recipient.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/suite.h"

#define X10 "xxxxxxxxxx"
#define X60 X10 X10 X10 X10 X10 X10
#define LABEL63 X60 "xxx"

static void check_all(enum platform platform, const char *const *rows, bool valid)
{
    for (; *rows != NULL; rows++) {
        const char *fault = recipient_fault(platform, *rows);

        ck_assert_msg((fault == NULL) == valid, "%s: %s", *rows, fault != NULL ? fault : "valid");
        if (fault != NULL && strlen(*rows) > 3)
            ck_assert_ptr_null(strstr(fault, *rows));
    }
}

START_TEST(a_phone_number_is_e164)
{
    static const char *const good[] = { "+1234567", "+15551234567", "+123456789012345", NULL };
    static const char *const bad[] = {
        "", "+", "15551234567", "+123456", "+1234567890123456", "+05551234567", "+1 5551234567",
        "+1555-1234567", "+1555123456a", "++15551234567", "+15551234567 ", " +15551234567",
        "0015551234567", "+1555123456\xd9\xa3", NULL,
    };

    check_all(PF_SMS, good, true);
    check_all(PF_SMS, bad, false);
    check_all(PF_WHATSAPP, good, true);
    check_all(PF_WHATSAPP, bad, false);
}
END_TEST

START_TEST(an_email_address_is_an_addr_spec)
{
    static const char *const good[] = {
        "ada@example.com", "a@b.c", "ada.lovelace@example.co.uk", "ada+tag@example.com",
        "!#$%&'*+-/=?^_`{|}~@example.com", "j\xc3\xb6rg@example.com", "ada@xn--bcher-kva.example",
        "ada@a-b.example", "ada@1.2.example", X60 "1234@example.com", "ada@" LABEL63 ".com",
        X60 "@" LABEL63 "." LABEL63 "." X60 ".x", NULL,
    };
    static const char *const bad[] = {
        "", "@", "ada", "ada@", "@example.com", "ada@example", "ada@@example.com",
        "ada@b@example.com", ".ada@example.com", "ada.@example.com", "a..da@example.com",
        "ad a@example.com", "\"ada\"@example.com", "ada(x)@example.com", "ada@example.com.",
        "ada@.example.com", "ada@example..com", "ada@-example.com", "ada@example-.com",
        "ada@exa_mple.com", "ada@[127.0.0.1]", "ada@b\xc3\xbc" "cher.example", "ada@example.com ",
        " ada@example.com", "ada@example.com\r\nBcc: x@example.com", "a\nda@example.com",
        "ada@exa\tmple.com", "ada,bob@example.com", "<ada@example.com>", "ada\x7f@example.com",
        "\xff@example.com", "\xc3@example.com", X60 "12345@example.com",
        "ada@" LABEL63 "x.com", X60 "@" LABEL63 "." LABEL63 "." LABEL63 ".xyz", NULL,
    };

    check_all(PF_EMAIL, good, true);
    check_all(PF_EMAIL, bad, false);
}
END_TEST

START_TEST(an_email_address_has_at_most_254_bytes)
{
    static char address[300];

    /* name@ + 3 labels of 63 with dots + the rest */
    strcpy(address, X60 "@" LABEL63 "." LABEL63 "." LABEL63 ".");
    while (strlen(address) < 254)
        strcat(address, "x");
    ck_assert_uint_eq(strlen(address), 254);
    ck_assert_ptr_null(recipient_fault(PF_EMAIL, address));
    strcpy(strchr(address, '@') - 1, "xx@" LABEL63 "." LABEL63 "." LABEL63 ".x");
    ck_assert_uint_eq(strlen(address), 255);
    ck_assert_ptr_nonnull(recipient_fault(PF_EMAIL, address));
}
END_TEST

START_TEST(a_chat_is_an_id_or_a_channel)
{
    static const char *const good[] = {
        "1", "-1", "123456789", "-1001234567890", "4503599627370495", "-4503599627370495",
        "@abcde", "@Abc_12", "@abcdefghijklmnopqrstuvwxyz123456", NULL,
    };
    static const char *const bad[] = {
        "", "-", "+1", "0", "-0", "01", "--1", "1a", "1.5", " 1", "1 ", "4503599627370496",
        "-4503599627370496", "99999999999999999999999999", "@", "@abcd", "@1abcd", "@_abcd",
        "@abc-de", "@abcdefghijklmnopqrstuvwxyz1234567", "@abcde ", "@abcd\xc3\xa9", "abcde", NULL,
    };

    check_all(PF_TELEGRAM, good, true);
    check_all(PF_TELEGRAM, bad, false);
}
END_TEST

START_TEST(a_mailbox_is_taken_apart)
{
    static const struct {
        const char *mailbox, *name, *addr;
    } rows[] = {
        { "ada@example.com", "", "ada@example.com" },
        { "  ada@example.com ", "", "ada@example.com" },
        { "<ada@example.com>", "", "ada@example.com" },
        { "Ada <ada@example.com>", "Ada", "ada@example.com" },
        { "Ada<ada@example.com>", "Ada", "ada@example.com" },
        { " Ada King  <ada@example.com> ", "Ada King", "ada@example.com" },
        { "J. Doe <j@example.com>", "J. Doe", "j@example.com" },
        { "J\xc3\xb6rg <j@example.com>", "J\xc3\xb6rg", "j@example.com" },
        { "\"Acme, Inc.\" <a@example.com>", "Acme, Inc.", "a@example.com" },
        { "\"a \\\"b\\\" \\\\ \\<c\" <a@example.com>", "a \"b\" \\ <c", "a@example.com" },
        { "\"a <b\" <a@example.com>", "a <b", "a@example.com" },
        { "\"\" <a@example.com>", "", "a@example.com" },
        { "\"\\\xc3\xa9\" <a@example.com>", "\xc3\xa9", "a@example.com" },
    };
    char name[300], addr[300];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ck_assert_msg(mailbox_fault(rows[i].mailbox) == NULL, "%s: %s", rows[i].mailbox,
                      mailbox_fault(rows[i].mailbox));
        mailbox_split(rows[i].mailbox, name, sizeof name, addr, sizeof addr);
        ck_assert_str_eq(name, rows[i].name);
        ck_assert_str_eq(addr, rows[i].addr);
    }
}
END_TEST

START_TEST(what_is_not_a_mailbox_is_refused)
{
    static const char *const rows[] = {
        "", " ", "Ada", "Ada <>", "<>", "Ada <ada>", "Ada ada@example.com", "Ada <ada@example.com",
        "Ada ada@example.com>", "Ada <ada@example.com> x", "Ada < ada@example.com>",
        "a@example.com, b@example.com", "Acme, Inc. <a@example.com>", "a@b <a@example.com>",
        "\"a <a@example.com>", "\"a\" b <a@example.com>", "\"a\"b\" <a@example.com>",
        "\"a\\\" <a@example.com>", "Ada\r\nBcc: b@example.com <a@example.com>",
        "\"Ada\\\nBcc: x\" <a@example.com>", "Ada\x7f <a@example.com>", "\xff <a@example.com>",
        "a <b> <a@example.com>", X60 X60 X60 X60 X10 "1234567 <a@example.com>",
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_msg(mailbox_fault(rows[i]) != NULL, "%s", rows[i]);
    ck_assert_ptr_null(mailbox_fault(X60 X60 X60 X60 X10 "123456 <a@example.com>"));
}
END_TEST

START_TEST(the_parts_of_a_mailbox_are_cut_to_their_room)
{
    char name[5], addr[4];

    mailbox_split("abc\xc3\xa9 <ada@example.com>", name, sizeof name, addr, sizeof addr);
    ck_assert_str_eq(name, "abc");
    ck_assert_str_eq(addr, "ada");
}
END_TEST

#define ID "01890a5d-ac96-774b-bcce-b302099a8057"

START_TEST(a_recipient_id_is_the_message_and_a_number)
{
    static const int numbers[] = { 0, 1, 9, 10, 999, INT_MAX };
    char text[RECIPIENT_ID_BYTES], message[37];

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        int n = -1;

        recipient_id_format(ID, numbers[i], text);
        ck_assert_int_eq(strncmp(text, ID ".", 37), 0);
        ck_assert_int_eq(strtol(text + 37, NULL, 10), numbers[i]);
        ck_assert(recipient_id_parse(text, message, &n));
        ck_assert_str_eq(message, ID);
        ck_assert_int_eq(n, numbers[i]);
    }
}
END_TEST

START_TEST(what_is_not_a_recipient_id_is_refused_and_changes_nothing)
{
    static const char *const rows[] = {
        "", ".", "0", ID, ID ".", ID ".-1", ID ".+1", ID ".01", ID ".00", ID ".1x", ID ". 1",
        ID ".1.2", ID ".2147483648", ID ".99999999999", ID ".99999999999999999999999", ID "1.1",
        "01890a5d-ac96-774b-bcce-b302099a805.1", "x1890a5d-ac96-774b-bcce-b302099a8057.1",
        " " ID ".1", ID "/1",
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char message[37] = "untouched";
        int n = -1;

        ck_assert_msg(!recipient_id_parse(rows[i], message, &n), "%s", rows[i]);
        ck_assert_str_eq(message, "untouched");
        ck_assert_int_eq(n, -1);
    }
}
END_TEST

SUITE("recipient", a_phone_number_is_e164, an_email_address_is_an_addr_spec,
      an_email_address_has_at_most_254_bytes, a_chat_is_an_id_or_a_channel,
      a_mailbox_is_taken_apart, what_is_not_a_mailbox_is_refused,
      the_parts_of_a_mailbox_are_cut_to_their_room, a_recipient_id_is_the_message_and_a_number,
      what_is_not_a_recipient_id_is_refused_and_changes_nothing)
