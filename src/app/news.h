/* SPDX-License-Identifier: MIT */
/**
 * @file  News of a shared object: what one batch means to who asked for it, and to the others.
 *
 * Owner   The caller, from begin to send.
 * Thread  The instance's loop.
 */
#ifndef PH_APP_NEWS_H
#define PH_APP_NEWS_H

#include <stdbool.h>
#include <stddef.h>

#include <rtmpwire/arena.h>

#include "app/seat.h"

struct ph_member;
struct ph_object;

enum ph_news_to { PH_NEWS_TO_ASKER = 1, PH_NEWS_TO_OTHERS = 2, PH_NEWS_TO_ALL = 3 };

struct ph_news_item {
    struct ph_news_item *next;
    enum ph_news_to to;
    struct ph_shared_event event;
};

struct ph_news {
    struct ph_object *object;
    struct rtmp_arena arena;
    uint32_t version; /* of the object, when what they tell has been done */
    struct ph_news_item *first, **end;
    bool failed; /* no memory: who should hear is told to begin anew */
};

void ph_news_begin(struct ph_news *news, struct ph_object *object);

/** Names and values are copied; both may be NULL. */
void ph_news_add(struct ph_news *news, enum ph_news_to to, enum ph_shared_news kind, const char *name,
                 const struct rtmp_value *value, uint32_t version);

/** Take back what was added since `end` was `mark`; then nothing has failed. */
void ph_news_take_back(struct ph_news *news, struct ph_news_item **mark);

/** Tell every user; `asker` is NULL when it was the application. */
void ph_news_send(struct ph_news *news, struct ph_member *asker);

/** Tell one member alone. */
void ph_news_send_to(struct ph_news *news, struct ph_member *member);

#endif
