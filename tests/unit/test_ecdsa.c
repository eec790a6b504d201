/* Tests of common/crypto/ecdsa: only the one spelling of a right signature is right. */
#include "common/crypto/ecdsa.h"

#include <string.h>

#include "common/crypto/digest.h"
#include "tests/unit/suite.h"

/* Published with SendGrid's helper libraries; the signed text is `time` and then `body`. */
#define KEY                                                                                        \
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+" \
    "2fNNRaINXvVpiglSI8eNEc6wEA3F+g=="
#define SIGNATURE                                                                                  \
    "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtE" \
    "ZtM="
#define BODY                                                                                       \
    "[{\"email\":\"hello@world.com\",\"event\":\"dropped\",\"reason\":\"Bounced Address\","        \
    "\"sg_event_id\":\"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA\",\"sg_message_id\":"   \
    "\"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0\",\"smtp-id\":"  \
    "\"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>\",\"timestamp\":1600112492}]\r\n"
#define TIME "1600112502"

static bool is_right(const char *key, const char *signature)
{
    return ecdsa_p256_is_right(key, strlen(key), signature, TIME, strlen(TIME), BODY, strlen(BODY));
}

static const char *encode(const uint8_t *der, size_t len)
{
    static char text[400];

    base64_encode(der, len, text);
    return text;
}

START_TEST(a_published_signature_is_right)
{
    ck_assert(is_right(KEY, SIGNATURE));
    ck_assert(ecdsa_p256_is_key(KEY, strlen(KEY)));
    ck_assert(ecdsa_p256_is_right(KEY, strlen(KEY), SIGNATURE, TIME BODY, strlen(TIME BODY), "", 0));
    ck_assert(ecdsa_p256_is_right(KEY, strlen(KEY), SIGNATURE, "", 0, TIME BODY, strlen(TIME BODY)));
}
END_TEST

/* A key with a bit changed is no point of the curve, or another key. */
START_TEST(a_key_with_any_bit_changed_is_wrong)
{
    uint8_t der[100];
    size_t len;

    ck_assert(base64_decode(KEY, strlen(KEY), der, &len));
    for (size_t bit = 0; bit < 8 * len; bit++) {
        der[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_assert_msg(!is_right(encode(der, len), SIGNATURE), "bit %zu", bit);
        der[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}
END_TEST

START_TEST(a_key_of_another_curve_or_shape_is_none)
{
    static const char *const keys[] = {
        "", "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE",
        /* secp256k1, as long as a key of P-256 but for its name */
        "MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAEeb5mfvncu6xVoGKVzocLBwKb/NstzijZWfKBWxb4F5hIOtp3JqPEZV2k+"
        "/wOEQio/Re0SKaFVBmcR9CP+xDUuA==",
        /* P-256, the point compressed */
        "MDkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDIgACaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY=",
        /* an RSA key's beginning */
        "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC7",
        " " KEY, KEY " ", KEY "=", KEY "AAAA", "-----BEGIN PUBLIC KEY-----" KEY,
    };

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        ck_assert_msg(!is_right(keys[i], SIGNATURE), "%s", keys[i]);
        ck_assert_msg(!ecdsa_p256_is_key(keys[i], strlen(keys[i])), "%s", keys[i]);
    }
}
END_TEST

START_TEST(base64_has_one_spelling)
{
    static const char *const signatures[] = {
        "", "=", "====", SIGNATURE "=", " " SIGNATURE, SIGNATURE "\n", SIGNATURE "," SIGNATURE,
        /* without its padding, with bits that belong to no byte, with URL's alphabet */
        "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15Tl"
        "uLtEZtM",
        "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15Tl"
        "uLtEZtN=",
        "MEUCIGHQVtGj-Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM-uOe5W0JuG-luQAbPIqHh89M15Tl"
        "uLtEZtM=",
    };

    for (size_t i = 0; i < sizeof signatures / sizeof *signatures; i++)
        ck_assert_msg(!is_right(KEY, signatures[i]), "%s", signatures[i]);
}
END_TEST

/* The same two numbers, which a lenient reader would take: each is another spelling of the DER. */
START_TEST(der_has_one_spelling)
{
    uint8_t der[100], other[100];
    size_t len;

    ck_assert(base64_decode(SIGNATURE, strlen(SIGNATURE), der, &len));
    ck_assert_uint_eq(len, 71);
    ck_assert(is_right(KEY, encode(der, len)));

    memcpy(other, der, len); /* a byte behind the end */
    other[len] = 0;
    ck_assert(!is_right(KEY, encode(other, len + 1)));

    other[0] = 0x30, other[1] = 0x81, other[2] = der[1]; /* the length in the long form */
    memcpy(other + 3, der + 2, len - 2);
    ck_assert(!is_right(KEY, encode(other, len + 1)));

    memcpy(other, der, 4); /* a zero before r that no sign asks for */
    other[1]++, other[3]++, other[4] = 0;
    memcpy(other + 5, der + 4, len - 4);
    ck_assert(!is_right(KEY, encode(other, len + 1)));

    memcpy(other, der, len); /* s without the zero that keeps it positive */
    other[1]--, other[37]--;
    memmove(other + 38, other + 39, len - 39);
    ck_assert(!is_right(KEY, encode(other, len - 1)));

    other[0] = 0x30, other[1] = 0x80; /* an indefinite length */
    memcpy(other + 2, der + 2, len - 2);
    other[len] = other[len + 1] = 0;
    ck_assert(!is_right(KEY, encode(other, len + 2)));
}
END_TEST

/* Zero, one, and the order of the curve: what careless arithmetic takes for everything. */
START_TEST(numbers_out_of_range_are_wrong)
{
    static const uint8_t zeros[] = { 0x30, 6, 2, 1, 0, 2, 1, 0 };
    static const uint8_t ones[] = { 0x30, 6, 2, 1, 1, 2, 1, 1 };
    static const uint8_t order[] = {
        0x30, 0x26, 2,    0x21, 0,    0xFF, 0xFF, 0xFF, 0xFF, 0,    0,    0,    0,    0xFF,
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17, 0x9E,
        0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51, 2,    1,    1
    };

    ck_assert(!is_right(KEY, encode(zeros, sizeof zeros)));
    ck_assert(!is_right(KEY, encode(ones, sizeof ones)));
    ck_assert(!is_right(KEY, encode(order, sizeof order)));
    ck_assert(!is_right(KEY, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
                             "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
}
END_TEST

SUITE("ecdsa", a_published_signature_is_right, a_key_with_any_bit_changed_is_wrong,
      a_key_of_another_curve_or_shape_is_none, base64_has_one_spelling, der_has_one_spelling,
      numbers_out_of_range_are_wrong)
