/* test_simulator_text - addresses, numbers and counters of the simulator. */
#include "tests/simulator/text.h"

#include <stdio.h>

#include "tests/simulator/hash.h"
#include "tests/unit/suite.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

START_TEST(a_number_is_read_from_each_kind_of_address)
{
    ck_assert_int_eq(text_phone_number("15550004291"), 4291);
    ck_assert_int_eq(text_phone_number("15550000000"), 0);
    ck_assert_int_eq(text_phone_number("+15550004291"), -1);
    ck_assert_int_eq(text_phone_number("155500042911"), -1);
    ck_assert_int_eq(text_phone_number("1555000429"), -1);
    ck_assert_int_eq(text_phone_number("15551234291"), -1);
    ck_assert_int_eq(text_mail_number("ada+4291@example.com"), 4291);
    ck_assert_int_eq(text_mail_number("ada+x+0000@example.com"), 0);
    ck_assert_int_eq(text_mail_number("+4291@example.com"), -1);
    ck_assert_int_eq(text_mail_number("ada+42910@example.com"), -1);
    ck_assert_int_eq(text_mail_number("ada4291@example.com"), -1);
    ck_assert_int_eq(text_mail_number("ada+429@example.com"), -1);
    ck_assert_int_eq(text_mail_number("ada@example.com"), -1);
    ck_assert_int_eq(text_mail_number("@example.com"), -1);
    ck_assert_int_eq(text_mail_number(""), -1);
    ck_assert_int_eq(text_chat_number("5550004291"), 4291);
    ck_assert_int_eq(text_chat_number("-1005550004291"), 4291);
    ck_assert_int_eq(text_chat_number("-5550004291"), -1);
    ck_assert_int_eq(text_chat_number("55500042911"), -1);
    ck_assert_int_eq(text_chat_number("@channel4291"), -1);
}
END_TEST

START_TEST(a_mail_address_is_read_strictly)
{
    static const char *const good[] = {
        "a@example.com", "Ada.Lovelace+x@mail.example-host.com", "zoë@example.com",
        "!#$%&'*+-/=?^_`{|}~@example.com",
        "1234567890123456789012345678901234567890123456789012345678901234@example.com",
    };
    static const char *const bad[] = {
        "", "a", "@example.com", "a@", "a@localhost", "a@example..com", "a@.example.com",
        "a@example.com.", "a@-example.com", "a@example-.com", "a@exa_mple.com", "a b@example.com",
        ".a@example.com", "a.@example.com", "a..b@example.com", "a@b@example.com", "<a@example.com>",
        "\"a\"@example.com", "a@example.com\r\nX: y", "a,b@example.com", "a@ex\xC3\xA4mple.com",
        "a\xFF@example.com",
        "12345678901234567890123456789012345678901234567890123456789012345@example.com",
    };

    for (size_t i = 0; i < COUNT(good); i++)
        ck_assert_msg(text_is_mail_address(good[i]), "%s", good[i]);
    for (size_t i = 0; i < COUNT(bad); i++)
        ck_assert_msg(!text_is_mail_address(bad[i]), "%s", bad[i]);
}
END_TEST

START_TEST(characters_are_not_bytes)
{
    ck_assert_int_eq(text_characters(""), 0);
    ck_assert_int_eq(text_characters("a\xC3\xB6\xE2\x82\xAC\xF0\x9F\x98\x80"), 4);
    ck_assert_int_eq(text_characters("a\xC3"), -1);
    ck_assert_int_eq(text_characters("\xED\xA0\x80"), -1);
}
END_TEST

START_TEST(only_crlf_is_the_end_of_a_line)
{
    static const char text[] = "a\rb\n\r\r\nc\r";

    ck_assert_ptr_eq(text_crlf(text, text + sizeof text - 1), text + 5);
    ck_assert_ptr_null(text_crlf(text, text + 6));
    ck_assert_ptr_null(text_crlf(text + 6, text + sizeof text - 1));
    ck_assert_ptr_null(text_crlf(text, text));
}
END_TEST

START_TEST(credentials_are_compared_whole)
{
    ck_assert(text_is_bearer("Bearer abc", "abc"));
    ck_assert(text_is_bearer("bearer abc", "abc"));
    ck_assert(!text_is_bearer(NULL, "abc"));
    ck_assert(!text_is_bearer("Bearer abcd", "abc"));
    ck_assert(!text_is_bearer("Bearer ab", "abc"));
    ck_assert(!text_is_bearer("Bearer  abc", "abc"));
    ck_assert(!text_is_bearer("Basic abc", "abc"));
    ck_assert(text_is_basic("Basic dXNlcjpwYXNz", "user", "pass"));
    ck_assert(!text_is_basic("Basic dXNlcjpwYXNz", "user", "passs"));
    ck_assert(!text_is_basic("Basic dXNlcjpwYXNz", "use", "r:pass"));
    ck_assert(!text_is_basic("Basic dXNlcjpwYXNz", "user:", "pass"));
    ck_assert(!text_is_basic("Basic dXNlcjpwYXN", "user", "pass"));
    ck_assert(!text_is_basic("Basic ", "", ""));
}
END_TEST

/* The numbers that choose by hash must be the same in every run and on every machine. */
START_TEST(a_hash_is_the_same_everywhere)
{
    ck_assert_uint_eq(hash_text(1, "+15551234567"), hash_text(1, "+15551234567"));
    ck_assert_uint_ne(hash_text(1, "+15551234567"), hash_text(2, "+15551234567"));
    ck_assert_uint_ne(hash_text(1, "+15551234567"), hash_text(1, "+15551234568"));
    ck_assert_uint_eq(hash_text(7, "ada@example.com"), UINT64_C(0xF5DEA3DE37627668));
}
END_TEST

START_TEST(what_has_been_seen_is_counted_by_text)
{
    struct seen s = SEEN_INIT;
    char name[32];

    for (unsigned round = 0; round < 3; round++)
        for (int i = 0; i < 5000; i++) {
            snprintf(name, sizeof name, "ada+%d@example.com", i);
            ck_assert_uint_eq(seen_count(&s, name), round);
        }
    seen_forget(&s);
    ck_assert_uint_eq(seen_count(&s, name), 0);
    seen_forget(&s);
}
END_TEST

SUITE("simulator_text", a_number_is_read_from_each_kind_of_address, a_mail_address_is_read_strictly,
      characters_are_not_bytes, only_crlf_is_the_end_of_a_line, credentials_are_compared_whole, a_hash_is_the_same_everywhere,
      what_has_been_seen_is_counted_by_text)
