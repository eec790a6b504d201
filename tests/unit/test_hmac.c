/* The promises of common/crypto/hmac.h. */
#include "common/crypto/hmac.h"

#include <pthread.h>
#include <string.h>

#include "common/crypto/digest.h"
#include "tests/unit/suite.h"

/* RFC 2202 section 3 and RFC 4231 section 4; the empty key and text are of no RFC. */
static const struct vector {
    const char *key, *data, *sha1, *sha256;
} vectors[] = {
    { "Jefe", "what do ya want for nothing?", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
    { "\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b", "Hi There",
      "b617318655057264e28bc0b6fb378c8ef146be00",
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
    { "", "", "fbdb1d1b18aa6c08324b7d64b71fb76370690e1d",
      "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad" },
};

static void check(const struct vector *v)
{
    uint8_t sha1[HMAC_SHA1_BYTES], sha256[HMAC_SHA256_BYTES];
    char hex[2 * HMAC_SHA256_BYTES + 1];

    hmac_sha1(v->key, strlen(v->key), v->data, strlen(v->data), sha1);
    hex_encode(sha1, sizeof sha1, hex);
    ck_assert_str_eq(hex, v->sha1);
    hmac_sha256(v->key, strlen(v->key), v->data, strlen(v->data), sha256);
    hex_encode(sha256, sizeof sha256, hex);
    ck_assert_str_eq(hex, v->sha256);
}

START_TEST(the_digests_are_those_of_the_rfcs)
{
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++)
        check(&vectors[i]);
}
END_TEST

START_TEST(a_key_may_be_longer_than_a_block)
{
    static const char data[] = "Test Using Larger Than Block-Size Key - Hash Key First";
    uint8_t key[131], digest[HMAC_SHA256_BYTES];
    char hex[2 * HMAC_SHA256_BYTES + 1];

    memset(key, 0xaa, sizeof key);
    hmac_sha256(key, sizeof key, data, strlen(data), digest);
    hex_encode(digest, sizeof digest, hex);
    ck_assert_str_eq(hex, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    hmac_sha1(key, 80, data, strlen(data), digest);
    hex_encode(digest, HMAC_SHA1_BYTES, hex);
    ck_assert_str_eq(hex, "aa4ae5e15272d00e95705637ce8a3b55ed402112");
}
END_TEST

START_TEST(no_key_and_no_data_may_be_null)
{
    uint8_t digest[HMAC_SHA256_BYTES];
    char hex[2 * HMAC_SHA256_BYTES + 1];

    hmac_sha256("Jefe", 4, "x", 1, digest); /* its key must not be used again */
    hmac_sha256(NULL, 0, NULL, 0, digest);
    hex_encode(digest, sizeof digest, hex);
    ck_assert_str_eq(hex, vectors[2].sha256);
}
END_TEST

static void *check_often(void *unused)
{
    for (int i = 0; i < 300; i++)
        for (size_t v = 0; v < sizeof vectors / sizeof *vectors; v++)
            check(&vectors[v]);
    return NULL;
}

START_TEST(any_thread_may_ask_at_any_time)
{
    pthread_t threads[4];

    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, check_often, NULL), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
}
END_TEST

START_TEST(secrets_are_equal_only_as_a_whole)
{
    ck_assert(secret_equal("abc", 3, "abc", 3));
    ck_assert(secret_equal("", 0, "", 0));
    ck_assert(!secret_equal("abc", 3, "abd", 3));
    ck_assert(!secret_equal("abc", 3, "xbc", 3));
    ck_assert(!secret_equal("abc", 3, "ab", 2));
    ck_assert(!secret_equal("abc", 3, "", 0));
    ck_assert(!secret_equal("abc", 3, "abcd", 4));
    ck_assert(secret_equal("a\0b", 3, "a\0b", 3));
    ck_assert(!secret_equal("a\0b", 3, "a\0c", 3));
}
END_TEST

SUITE("hmac", the_digests_are_those_of_the_rfcs, a_key_may_be_longer_than_a_block,
      no_key_and_no_data_may_be_null, any_thread_may_ask_at_any_time,
      secrets_are_equal_only_as_a_whole)
