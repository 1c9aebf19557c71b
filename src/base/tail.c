/* SPDX-License-Identifier: MIT */
#include "base/tail.h"

#include <string.h>

#include "base/attr.h"

void ph_tail_init(struct ph_tail *tail)
{
    tail->n = 0;
    pthread_mutex_init(&tail->lock, NULL);
}

void ph_tail_finish(struct ph_tail *tail) { pthread_mutex_destroy(&tail->lock); }

void ph_tail_add(struct ph_tail *tail, const char *line, size_t length)
{
    length -= length > 0 && line[length - 1] == '\n';
    length = length < PH_LIMIT_LOG_LINE ? length : PH_LIMIT_LOG_LINE;
    pthread_mutex_lock(&tail->lock);
    size_t at = tail->n++ % PH_LIMIT_LOG_TAIL;
    memcpy(tail->lines[at].bytes, line, length);
    tail->lines[at].length = length;
    pthread_mutex_unlock(&tail->lock);
}

uint64_t ph_tail_read(struct ph_tail *tail, uint64_t after,
                      void (*take)(void *user, uint64_t number, const char *line, size_t length), void *user)
{
    pthread_mutex_lock(&tail->lock);
    uint64_t n = tail->n, oldest = n > PH_LIMIT_LOG_TAIL ? n - PH_LIMIT_LOG_TAIL : 0;
    for (uint64_t i = after > oldest ? after : oldest; i < n; i++) {
        size_t at = i % PH_LIMIT_LOG_TAIL;
        take(user, i + 1, tail->lines[at].bytes, tail->lines[at].length);
    }
    pthread_mutex_unlock(&tail->lock);
    return n;
}
