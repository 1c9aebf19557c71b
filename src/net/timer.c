/* SPDX-License-Identifier: MIT */
#include "net/timer.h"

#include <stddef.h>

void ph_timer_init(struct ph_timer *timer, void (*fire)(struct ph_timer *timer))
{
    *timer = (struct ph_timer){.fire = fire};
}

/* One heap of two; the earlier root wins, and stays first when both are due at once. */
static struct ph_timer *meld(struct ph_timer *a, struct ph_timer *b)
{
    if (!a || !b)
        return a ? a : b;
    if (b->due_us < a->due_us) {
        struct ph_timer *earlier = b;
        b = a;
        a = earlier;
    }
    b->prev = a;
    b->next = a->child;
    if (a->child)
        a->child->prev = b;
    a->child = b;
    a->next = a->prev = NULL;
    return a;
}

/* One heap of a list of siblings: melded in pairs from the left, then all from the right. */
static struct ph_timer *meld_siblings(struct ph_timer *first)
{
    struct ph_timer *pairs = NULL; /* linked by next, the last pair first */
    while (first) {
        struct ph_timer *a = first, *b = a->next;
        first = b ? b->next : NULL;
        a->next = a->prev = NULL;
        if (b)
            b->next = b->prev = NULL;
        struct ph_timer *pair = meld(a, b);
        pair->next = pairs;
        pairs = pair;
    }
    struct ph_timer *root = NULL;
    while (pairs) {
        struct ph_timer *pair = pairs;
        pairs = pair->next;
        pair->next = NULL;
        root = meld(pair, root);
    }
    return root;
}

void ph_timers_add(struct ph_timers *timers, struct ph_timer *timer, uint64_t due_us)
{
    timer->due_us = due_us ? due_us : 1;
    timer->child = timer->next = timer->prev = NULL;
    timers->root = meld(timers->root, timer);
}

static void unlink_child(struct ph_timer *timer)
{
    if (timer->prev->child == timer)
        timer->prev->child = timer->next;
    else
        timer->prev->next = timer->next;
    if (timer->next)
        timer->next->prev = timer->prev;
}

void ph_timers_remove(struct ph_timers *timers, struct ph_timer *timer)
{
    if (!ph_timer_is_running(timer))
        return;
    struct ph_timer *rest = meld_siblings(timer->child);
    if (timer == timers->root) {
        timers->root = rest;
    } else {
        unlink_child(timer);
        timers->root = meld(timers->root, rest);
    }
    timer->child = timer->next = timer->prev = NULL;
    timer->due_us = 0;
}

struct ph_timer *ph_timers_take_due(struct ph_timers *timers, uint64_t now_us)
{
    struct ph_timer *first = timers->root;
    if (!first || first->due_us > now_us)
        return NULL;
    ph_timers_remove(timers, first);
    return first;
}
