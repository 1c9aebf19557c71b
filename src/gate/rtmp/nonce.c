/* SPDX-License-Identifier: MIT */
#include "gate/rtmp/nonce.h"

#include <string.h>

#include "base/random.h"

static void fill(void *user, uint8_t *out, size_t length)
{
    (void)user;
    if (ph_random_fill(out, length))
        memset(out, 0, length); /* a handshake keeps no secret */
}

const struct rtmp_random ph_rtmp_nonce = {.fill = fill};
