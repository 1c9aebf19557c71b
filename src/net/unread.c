/* SPDX-License-Identifier: MIT */
#include "net/unread.h"

bool ph_unread_is_read(const struct ph_window *before, const struct ph_window *now)
{
    if (now->size >= before->size)
        return true;
    uint64_t taken = now->edge - now->size - (before->edge - before->size);
    uint64_t by_rounding = (uint64_t)(uint32_t)(now->count - before->count) * now->unit / 4 * 3;
    uint64_t by_estimate = taken / 16;
    uint64_t by_chance = by_rounding > by_estimate ? by_rounding : by_estimate;
    return now->edge > before->edge + by_chance;
}

static void ask(struct ph_unread *unread, const struct ph_socket *socket, uint64_t now_us)
{
    struct ph_window window;
    bool is_fresh = now_us - unread->asked_us < UINT64_C(3) * PH_UNREAD_ASK_US;
    unread->asked_us = now_us;
    if (ph_socket_window(socket, &window))
        return;
    if (ph_unread_is_read(&unread->last, &window))
        unread->last = window;
    if (unread->last.size - window.size < PH_UNREAD_BYTES)
        unread->since_us = 0;
    else if (!unread->since_us || !is_fresh)
        unread->since_us = now_us;
}

uint64_t ph_unread_since_us(struct ph_unread *unread, const struct ph_socket *socket, uint64_t now_us)
{
    if (now_us - unread->asked_us >= PH_UNREAD_ASK_US)
        ask(unread, socket, now_us);
    return unread->since_us;
}
