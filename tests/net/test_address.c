/* SPDX-License-Identifier: MIT */
#include "../base/test.h"

#include "net/address.h"

static void texts_become_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int result;
        const char *back;
        bool loopback;
    } rows[] = {
        {"127.0.0.1:8080", 0, "127.0.0.1:8080", true},
        {"[::]:1935", 0, "[::]:1935", false},
        {":1935", 0, "[::]:1935", false},
        {"localhost:80", 0, "127.0.0.1:80", true},
        {"[::1]:1", 0, "[::1]:1", true},
        {"[::ffff:127.9.9.9]:5", 0, "127.9.9.9:5", true},
        {"[2001:db8::1]:65535", 0, "[2001:db8::1]:65535", false},
        {"10.0.0.7:0", 0, "10.0.0.7:0", false},
        {"example.org:1935", -ENOENT, NULL, false},
        {"1935", -EINVAL, NULL, false},
        {"127.0.0.1", -EINVAL, NULL, false},
        {"127.0.0.1:", -EINVAL, NULL, false},
        {"127.0.0.1:65536", -EINVAL, NULL, false},
        {"::1:1935", -EINVAL, NULL, false},
        {"[::1]1935", -EINVAL, NULL, false},
        {"[127.0.0.1]:1935", -EINVAL, NULL, false},
        {"[]:1935", -EINVAL, NULL, false},
        {"a b:1", -EINVAL, NULL, false},
    };
    for (size_t i = 0; i < PH_COUNT(rows); i++) {
        struct ph_address address;
        char text[PH_ADDRESS_TEXT];
        int result = ph_address_parse(rows[i].text, &address);
        if (result != rows[i].result)
            fail_msg("%s gives %d", rows[i].text, result);
        if (result)
            continue;
        ph_address_text(&address, text);
        assert_string_equal(text, rows[i].back);
        assert_int_equal(ph_address_is_loopback(&address), rows[i].loopback);
    }
    struct ph_endpoint host;
    assert_int_equal(ph_endpoint_parse("example.org:1935", &host), 0);
    assert_string_equal(host.name, "example.org");
    assert_int_equal(host.port, 1935);
}

static bool is_same_source(const char *a, const char *b)
{
    struct ph_address first, second;
    assert_int_equal(ph_address_parse(a, &first), 0);
    assert_int_equal(ph_address_parse(b, &second), 0);
    struct ph_source p = ph_address_source(&first), q = ph_address_source(&second);
    return memcmp(&p, &q, sizeof p) == 0;
}

static void a_source_is_an_address_or_a_64(void **state)
{
    (void)state;
    assert_true(is_same_source("10.0.0.1:1", "[::ffff:10.0.0.1]:2"));
    assert_false(is_same_source("10.0.0.1:1", "10.0.0.2:1"));
    assert_true(is_same_source("[2001:db8:1:2::1]:1", "[2001:db8:1:2:ffff::2]:2"));
    assert_false(is_same_source("[2001:db8:1:2::1]:1", "[2001:db8:1:3::1]:1"));
}

static void what_everybody_means_is_public(void **state)
{
    (void)state;
    static const char *const public[] = {
        "8.8.8.8:1",          "100.63.0.1:1",         "100.128.0.1:1",      "172.15.0.1:1",
        "172.32.0.1:1",       "198.20.0.1:1",         "223.255.255.255:1",  "[2606:4700::1]:1",
        "[::ffff:8.8.8.8]:1", "[64:ff9b::808:808]:1", "[2002:808:808::1]:1"};
    static const char *const private[] = {
        "0.0.0.0:1",     "10.1.2.3:1",          "100.64.0.1:1",      "127.0.0.1:1",
        "127.255.0.1:1", "169.254.1.1:1",       "172.16.0.1:1",      "172.31.255.255:1",
        "192.168.0.1:1", "192.0.2.1:1",         "198.18.0.1:1",      "198.51.100.1:1",
        "203.0.113.9:1", "224.0.0.1:1",         "255.255.255.255:1", "[::]:1",
        "[::1]:1",       "[fe80::1]:1",         "[fc00::1]:1",       "[fd12::1]:1",
        "[ff02::1]:1",   "[::ffff:10.0.0.1]:1", "[::ffff:7f00:1]:1", "[2001:db8::1]:1",
        "[2001::1]:1",   "[64:ff9b::a00:1]:1",  "[2002:7f00:1::]:1", "[::7f00:1]:1"};
    struct ph_address address;
    for (size_t i = 0; i < PH_COUNT(public); i++) {
        assert_int_equal(ph_address_parse(public[i], &address), 0);
        assert_true(ph_address_is_public(&address));
    }
    for (size_t i = 0; i < PH_COUNT(private); i++) {
        assert_int_equal(ph_address_parse(private[i], &address), 0);
        if (ph_address_is_public(&address))
            assert_string_equal(private[i], "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_become_addresses),
        cmocka_unit_test(a_source_is_an_address_or_a_64),
        cmocka_unit_test(what_everybody_means_is_public),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
