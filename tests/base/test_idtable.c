/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "base/idtable.h"
#include "base/list.h"
#include "base/ref.h"

static void a_stale_id_finds_nothing(void **state)
{
    (void)state;
    struct ph_idtable table;
    int a, b;
    uint64_t first, second;
    ph_idtable_init(&table, 4);
    assert_int_equal(ph_idtable_add(&table, &a, &first), 0);
    assert_true(first != 0);
    assert_ptr_equal(ph_idtable_get(&table, first), &a);
    assert_ptr_equal(ph_idtable_remove(&table, first), &a);
    assert_null(ph_idtable_remove(&table, first));
    assert_int_equal(ph_idtable_add(&table, &b, &second), 0);
    assert_int_equal((uint32_t)first, (uint32_t)second); /* the same slot */
    assert_null(ph_idtable_get(&table, first));
    assert_ptr_equal(ph_idtable_get(&table, second), &b);
    assert_null(ph_idtable_get(&table, 0));
    assert_null(ph_idtable_get(&table, UINT64_MAX));
    ph_idtable_finish(&table);
}

static void the_maximum_holds(void **state)
{
    (void)state;
    enum { MAX = 21 };
    struct ph_idtable table;
    int objects[MAX];
    uint64_t ids[MAX], none = 7;
    ph_idtable_init(&table, MAX);
    for (int i = 0; i < MAX; i++)
        assert_int_equal(ph_idtable_add(&table, &objects[i], &ids[i]), 0);
    assert_int_equal(ph_idtable_add(&table, objects, &none), -ENOSPC);
    assert_true(none == 7);
    for (int i = 0; i < MAX; i++)
        assert_ptr_equal(ph_idtable_get(&table, ids[i]), &objects[i]);
    ph_idtable_finish(&table);
}

struct node {
    int number;
    struct ph_list link;
};

static void lists_keep_order(void **state)
{
    (void)state;
    struct ph_list head, other; /* lists of struct node::link */
    struct node nodes[4];
    ph_list_init(&head);
    ph_list_init(&other);
    assert_null(ph_list_pop(&head));
    for (int i = 0; i < 4; i++) {
        nodes[i].number = i;
        ph_list_append(i < 2 ? &head : &other, &nodes[i].link);
    }
    ph_list_move_all(&head, &other);
    ph_list_move_all(&head, &other);
    assert_true(ph_list_is_empty(&other));
    int expected = 0;
    ph_list_for_each_safe(link, &head)
    {
        struct node *node = ph_list_entry(link, struct node, link);
        assert_int_equal(node->number, expected++);
        if (node->number == 1)
            ph_list_remove(link);
    }
    assert_int_equal(expected, 4);
    ph_list_remove(&nodes[1].link); /* twice is harmless */
    assert_ptr_equal(ph_list_pop(&head), &nodes[0].link);
    assert_ptr_equal(ph_list_pop(&head), &nodes[2].link);
}

static void the_last_reference_tells(void **state)
{
    (void)state;
    struct ph_ref ref;
    ph_ref_init(&ref);
    ph_ref_take(&ref);
    assert_false(ph_ref_drop(&ref));
    assert_true(ph_ref_drop(&ref));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stale_id_finds_nothing),
        cmocka_unit_test(the_maximum_holds),
        cmocka_unit_test(lists_keep_order),
        cmocka_unit_test(the_last_reference_tells),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
