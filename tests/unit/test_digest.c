/* The promises of common/crypto/digest.h. */
#include "common/crypto/digest.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/suite.h"

START_TEST(sha256_gives_the_digests_of_fips_180)
{
    static const struct {
        const char *text, *digest;
    } rows[] = {
        { "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
        { "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
        { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
    };
    char hex[SHA256_HEX_BYTES];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_str_eq(sha256_hex(rows[i].text, strlen(rows[i].text), hex), rows[i].digest);
}
END_TEST

START_TEST(hex_is_lower_case_and_keeps_zeros)
{
    static const uint8_t bytes[] = { 0x00, 0x0f, 0xab, 0xff };
    char hex[9];

    hex_encode(bytes, sizeof bytes, hex);
    ck_assert_str_eq(hex, "000fabff");
    hex_encode(bytes, 0, hex);
    ck_assert_str_eq(hex, "");
}
END_TEST

START_TEST(base64_is_as_in_rfc_4648_section_10)
{
    static const char *const rows[][2] = {
        { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg==" },
        { "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" }, { "\xfb\xff\xfe", "+//+" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t bytes[8];
        char text[BASE64_BYTES(6)];
        size_t len = 99;

        base64_encode(rows[i][0], strlen(rows[i][0]), text);
        ck_assert_str_eq(text, rows[i][1]);
        ck_assert(base64_decode(rows[i][1], strlen(rows[i][1]), bytes, &len));
        ck_assert_uint_eq(len, strlen(rows[i][0]));
        ck_assert_int_eq(memcmp(bytes, rows[i][0], len), 0);
    }
}
END_TEST

START_TEST(every_length_comes_back)
{
    for (size_t len = 0; len < 300; len++) {
        /* Allocated to the byte, so that a sanitizer sees one too many. */
        uint8_t *in = malloc(len + 1), *out = malloc(BASE64_BYTES(len));
        char *text = malloc(BASE64_BYTES(len));
        size_t back;

        for (size_t i = 0; i < len; i++)
            in[i] = (uint8_t)(i * 7 + len);
        base64_encode(in, len, text);
        ck_assert_uint_eq(strlen(text), BASE64_BYTES(len) - 1);
        ck_assert(base64_decode(text, strlen(text), out, &back));
        ck_assert_uint_eq(back, len);
        ck_assert_int_eq(memcmp(in, out, len), 0);
        free(in);
        free(out);
        free(text);
    }
}
END_TEST

START_TEST(what_is_not_strict_base64_is_refused)
{
    static const char *const rows[] = {
        "Z", "Zg", "Zg=", "Zg===", "=", "==", "====", "===A", "Zm=v", "Zg==Zg==", "Zm9v\n", " Zm9v",
        "Zm9-", "Zm9_", "Zm9*", "Z===", "Zm9v====", "Zh==", "Zm9=",
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t bytes[16];
        size_t len = 99;

        ck_assert_msg(!base64_decode(rows[i], strlen(rows[i]), bytes, &len), "%s", rows[i]);
        ck_assert_uint_eq(len, 99);
    }
}
END_TEST

START_TEST(a_nul_byte_or_half_a_group_is_not_base64)
{
    uint8_t bytes[8];
    size_t len;

    ck_assert(!base64_decode("Zm9vYmFy", 6, bytes, &len));
    ck_assert(!base64_decode("Zm\0v", 4, bytes, &len));
}
END_TEST

SUITE("digest", sha256_gives_the_digests_of_fips_180, hex_is_lower_case_and_keeps_zeros,
      base64_is_as_in_rfc_4648_section_10, every_length_comes_back,
      what_is_not_strict_base64_is_refused, a_nul_byte_or_half_a_group_is_not_base64)
