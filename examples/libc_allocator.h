/* SPDX-License-Identifier: MIT */
/* The memory of libc, lent to librtmpwire: three lines. */
#ifndef LIBC_ALLOCATOR_H
#define LIBC_ALLOCATOR_H

#include <stdlib.h>

#include <rtmpwire/alloc.h>

static void *libc_resize(void *user, void *block, size_t old_size, size_t new_size)
{
    (void)user, (void)old_size;
    if (new_size > 0)
        return realloc(block, new_size);
    free(block);
    return NULL;
}

static const struct rtmp_allocator libc_allocator = {libc_resize, NULL};

#endif
