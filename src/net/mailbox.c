/* SPDX-License-Identifier: MIT */
#include "net/mailbox.h"

#include <stddef.h>

void ph_mailbox_init(struct ph_mailbox *box) { atomic_init(&box->newest, NULL); }

bool ph_mailbox_push(struct ph_mailbox *box, struct ph_mail *mail)
{
    struct ph_mail *newest = atomic_load_explicit(&box->newest, memory_order_relaxed);
    do
        mail->next = newest;
    while (!atomic_compare_exchange_weak_explicit(&box->newest, &newest, mail, memory_order_release,
                                                  memory_order_relaxed));
    return newest == NULL;
}

bool ph_mailbox_is_empty(struct ph_mailbox *box)
{
    return atomic_load_explicit(&box->newest, memory_order_relaxed) == NULL;
}

struct ph_mail *ph_mailbox_take(struct ph_mailbox *box)
{
    struct ph_mail *newest = atomic_exchange_explicit(&box->newest, NULL, memory_order_acquire);
    struct ph_mail *oldest = NULL;
    while (newest) {
        struct ph_mail *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    return oldest;
}
