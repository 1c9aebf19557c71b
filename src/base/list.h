/* SPDX-License-Identifier: MIT */
/**
 * @file  Doubly linked ring of nodes that live inside the objects they link.
 *
 * The head is a node itself. A node that is in no list points at itself, so removing it twice is harmless. Where a
 * head is declared, its comment names what it links: `struct ph_list viewers; // list of struct viewer::link`.
 *
 * Owner   The objects' owner; the list owns nothing.
 * Thread  One.
 * Since   0.1
 */
#ifndef PH_BASE_LIST_H
#define PH_BASE_LIST_H

#include <stdbool.h>

#include "base/attr.h"

struct ph_list {
    struct ph_list *next, *prev;
};

/** Make an empty head, or a node that is in no list. */
static inline void ph_list_init(struct ph_list *node) { node->next = node->prev = node; }

/** True for an empty head, and for a node that is in no list. */
static inline bool ph_list_is_empty(const struct ph_list *head) { return head->next == head; }

/** Put `node`, which must be in no list, before `where`. */
static inline void ph_list_insert_before(struct ph_list *where, struct ph_list *node)
{
    node->prev = where->prev;
    node->next = where;
    where->prev->next = node;
    where->prev = node;
}

static inline void ph_list_append(struct ph_list *head, struct ph_list *node) { ph_list_insert_before(head, node); }

static inline void ph_list_prepend(struct ph_list *head, struct ph_list *node)
{
    ph_list_insert_before(head->next, node);
}

/** Take `node` out of its list, if it is in one. */
static inline void ph_list_remove(struct ph_list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    ph_list_init(node);
}

/** Move all nodes of `from` behind those of `to`; `from` is empty then. */
static inline void ph_list_move_all(struct ph_list *to, struct ph_list *from)
{
    if (ph_list_is_empty(from))
        return;
    from->next->prev = to->prev;
    to->prev->next = from->next;
    from->prev->next = to;
    to->prev = from->prev;
    ph_list_init(from);
}

/** First node, or NULL. */
static inline struct ph_list *ph_list_first(const struct ph_list *head)
{
    return head->next == head ? NULL : head->next;
}

/** Take the first node out; NULL when empty. */
static inline struct ph_list *ph_list_pop(struct ph_list *head)
{
    struct ph_list *node = ph_list_first(head);
    if (node)
        ph_list_remove(node);
    return node;
}

#define ph_list_entry(node, type, member) ph_container_of(node, type, member)

/** Walk; the body must not remove nodes. */
#define ph_list_for_each(node, head) for (struct ph_list *node = (head)->next; node != (head); node = node->next)

/** Walk; the body may remove `node`, and only that one. */
#define ph_list_for_each_safe(node, head)                                                \
    for (struct ph_list *node = (head)->next, *node##_next = node->next; node != (head); \
         node = node##_next, node##_next = node->next)

#endif
