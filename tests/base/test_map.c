/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <stdio.h>

#include "base/map.h"
#include "base/siphash.h"

static const struct ph_hash_seed seed = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}};

/* Appendix A of the SipHash paper, and two rows of its authors' table: bytes 0, 1, 2 ... under key 0 ... 15. */
static void siphash_follows_the_paper(void **state)
{
    (void)state;
    static const struct {
        size_t length;
        uint64_t hash;
    } rows[] = {{0, 0x726fdb47dd0e0e31}, {1, 0x74f839c593dc67fd}, {8, 0x93f5f5799a932462}, {15, 0xa129ca6149be45e5}};
    uint8_t bytes[16];
    for (uint8_t i = 0; i < sizeof bytes; i++)
        bytes[i] = i;
    for (size_t i = 0; i < PH_COUNT(rows); i++)
        assert_true(ph_siphash(&seed, bytes, rows[i].length) == rows[i].hash);
}

enum { N = 1000 };

struct thing {
    char name[16];
    bool in;
};

static struct thing things[N];

static void check(const struct ph_map *map)
{
    size_t n = 0, at = 0;
    for (size_t i = 0; i < N; i++) {
        void *found = ph_map_get(map, things[i].name, strlen(things[i].name));
        assert_ptr_equal(found, things[i].in ? &things[i] : NULL);
        n += things[i].in;
    }
    assert_int_equal(map->n, n);
    void *value;
    for (; ph_map_next(map, &at, &value); n--)
        assert_true(((struct thing *)value)->in);
    assert_int_equal(n, 0);
}

static void what_was_added_is_found(void **state)
{
    (void)state;
    struct ph_map map;
    ph_map_init(&map, &seed, N);
    uint32_t random = 1;
    for (size_t i = 0; i < N; i++)
        snprintf(things[i].name, sizeof things[i].name, "room/%zu", i);
    for (int round = 0; round < 20000; round++) {
        random = random * 1664525 + 1013904223;
        struct thing *thing = &things[(random >> 8) % N];
        size_t length = strlen(thing->name);
        if (thing->in) {
            assert_int_equal(ph_map_add(&map, thing->name, length, thing), -EEXIST);
            assert_ptr_equal(ph_map_remove(&map, thing->name, length), thing);
        } else {
            assert_null(ph_map_remove(&map, thing->name, length));
            assert_int_equal(ph_map_add(&map, thing->name, length, thing), 0);
        }
        thing->in = !thing->in;
        if (round % 500 == 0)
            check(&map);
    }
    check(&map);
    ph_map_finish(&map);
}

static void the_maximum_holds(void **state)
{
    (void)state;
    struct ph_map map;
    int value;
    ph_map_init(&map, &seed, 2);
    assert_int_equal(ph_map_add(&map, "a", 1, &value), 0);
    assert_int_equal(ph_map_add(&map, "", 0, &value), 0);
    assert_int_equal(ph_map_add(&map, "b", 1, &value), -ENOSPC);
    assert_ptr_equal(ph_map_get(&map, "", 0), &value);
    ph_map_remove(&map, "a", 1);
    ph_map_remove(&map, "", 0);
    assert_null(map.slots);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(siphash_follows_the_paper),
        cmocka_unit_test(what_was_added_is_found),
        cmocka_unit_test(the_maximum_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
