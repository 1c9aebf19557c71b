/* SPDX-License-Identifier: MIT */
/* Published vectors, each hashed at once and in pieces of every size. */
#include "harness.h"

#include "base64.h"
#include "md5.h"
#include "sha256.h"

static const struct {
    const char *text, *digest;
} sha256_rows[] = {
    /* FIPS 180-4 examples */
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
     "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
};

static void sha256_of_published_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(sha256_rows); i++) {
        size_t length = strlen(sha256_rows[i].text);
        for (size_t step = 1; step <= length + 1; step++) {
            struct rtmp_sha256 hash;
            uint8_t digest[SHA256_SIZE];
            rtmp_sha256_init(&hash);
            for (size_t at = 0; at < length; at += step)
                rtmp_sha256_add(&hash, sha256_rows[i].text + at, length - at < step ? length - at : step);
            rtmp_sha256_finish(&hash, digest);
            assert_hex(digest, sizeof digest, sha256_rows[i].digest);
        }
    }
}

static void sha256_of_a_million_letters(void **state)
{
    (void)state;
    struct rtmp_sha256 hash;
    uint8_t digest[SHA256_SIZE], letters[1000];
    memset(letters, 'a', sizeof letters);
    rtmp_sha256_init(&hash);
    for (int i = 0; i < 1000; i++)
        rtmp_sha256_add(&hash, letters, sizeof letters);
    rtmp_sha256_finish(&hash, digest);
    assert_hex(digest, sizeof digest, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static const struct {
    const char *key, *message, *digest; /* key and message in hexadecimal */
} hmac_rows[] = {
    /* RFC 4231, cases 1, 2 and 4, and 6 cut to what matters: a key longer than a block */
    {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265",
     "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
    {"4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
    {"0102030405060708090a0b0c0d0e0f10111213141516171819",
     "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd",
     "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
};

static void hmac_of_published_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(hmac_rows); i++) {
        size_t key_length, length;
        uint8_t *key = unhex(hmac_rows[i].key, &key_length), *message = unhex(hmac_rows[i].message, &length);
        uint8_t digest[SHA256_SIZE];
        struct rtmp_hmac hmac;
        rtmp_hmac_init(&hmac, key, key_length);
        rtmp_hmac_add(&hmac, message, length / 2);
        rtmp_hmac_add(&hmac, message + length / 2, length - length / 2);
        rtmp_hmac_finish(&hmac, digest);
        assert_hex(digest, sizeof digest, hmac_rows[i].digest);
        free(key);
        free(message);
    }
}

static void hmac_with_a_key_longer_than_a_block(void **state)
{
    (void)state;
    static const char message[] = "Test Using Larger Than Block-Size Key - Hash Key First";
    uint8_t key[131], digest[SHA256_SIZE];
    struct rtmp_hmac hmac;
    memset(key, 0xAA, sizeof key);
    rtmp_hmac_init(&hmac, key, sizeof key);
    rtmp_hmac_add(&hmac, message, sizeof message - 1);
    rtmp_hmac_finish(&hmac, digest);
    assert_hex(digest, sizeof digest, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static const struct {
    const char *text, *digest;
} md5_rows[] = {
    /* RFC 1321, A.5 */
    {"", "d41d8cd98f00b204e9800998ecf8427e"},
    {"a", "0cc175b9c0f1b6a831c399e269772661"},
    {"abc", "900150983cd24fb0d6963f7d28e17f72"},
    {"message digest", "f96b697d7cb7938d525a2f31aaf161d0"},
    {"abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"},
    {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", "d174ab98d277d9f5a5611c2c9f419d9f"},
    {"12345678901234567890123456789012345678901234567890123456789012345678901234567890",
     "57edf4a22be3c955ac49da2e2107b67a"},
};

static void md5_of_published_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(md5_rows); i++) {
        size_t length = strlen(md5_rows[i].text);
        for (size_t step = 1; step <= length + 1; step++) {
            struct rtmp_md5 hash;
            uint8_t digest[MD5_SIZE];
            rtmp_md5_init(&hash);
            for (size_t at = 0; at < length; at += step)
                rtmp_md5_add(&hash, md5_rows[i].text + at, length - at < step ? length - at : step);
            rtmp_md5_finish(&hash, digest);
            assert_hex(digest, sizeof digest, md5_rows[i].digest);
        }
    }
}

static void base64_of_published_vectors(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        /* RFC 4648, 10 */
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"\xff\xff\xfe", "///+"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char out[16];
        size_t length = strlen(rows[i][0]);
        memset(out, '!', sizeof out);
        rtmp_base64_write((const uint8_t *)rows[i][0], length, out);
        assert_int_equal(strlen(rows[i][1]), BASE64_SIZE(length));
        assert_memory_equal(out, rows[i][1], BASE64_SIZE(length));
        assert_int_equal(out[BASE64_SIZE(length)], '!');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_of_published_vectors), cmocka_unit_test(sha256_of_a_million_letters),
        cmocka_unit_test(hmac_of_published_vectors),   cmocka_unit_test(hmac_with_a_key_longer_than_a_block),
        cmocka_unit_test(md5_of_published_vectors),    cmocka_unit_test(base64_of_published_vectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
