/* SPDX-License-Identifier: MIT */
#include "app/news.h"

#include <stdlib.h>
#include <string.h>

#include "app/copy.h"
#include "app/instance.h"
#include "app/letter.h"
#include "app/member.h"
#include "app/object.h"
#include "app/room.h"
#include "app/theatre.h"

void ph_news_begin(struct ph_news *news, struct ph_object *object)
{
    *news = (struct ph_news){.object = object, .version = object->version + 1};
    news->end = &news->first;
    rtmp_arena_init(&news->arena, &ph_app_allocator, PH_LIMIT_OBJECT_BYTES + PH_LIMIT_AMF_BYTES);
}

void ph_news_add(struct ph_news *news, enum ph_news_to to, enum ph_shared_news kind, const char *name,
                 const struct rtmp_value *value, uint32_t version)
{
    struct ph_news_item *item = rtmp_arena_take(&news->arena, sizeof *item);
    const char *name_copy = name ? rtmp_arena_copy(&news->arena, name, strlen(name)) : NULL;
    const struct rtmp_value *value_copy = value ? ph_value_copy(value, &news->arena) : NULL;
    if (!item || (name && !name_copy) || (value && !value_copy)) {
        news->failed = true;
        return;
    }
    *item = (struct ph_news_item){.to = to,
                                  .event = {.news = kind, .name = name_copy, .value = value_copy, .version = version}};
    *news->end = item;
    news->end = &item->next;
}

void ph_news_take_back(struct ph_news *news, struct ph_news_item **mark)
{
    *mark = NULL;
    news->end = mark;
    news->failed = false;
}

static bool is_heard_by(const struct ph_news_item *item, enum ph_news_to who) { return item->to & who; }

/* The report for one kind of hearer, in a letter; NULL: there is nothing to say, or no memory. */
static struct ph_letter *write_letter(const struct ph_news *news, enum ph_news_to who, bool *failed)
{
    const struct ph_object *object = news->object;
    size_t n = 0;
    for (const struct ph_news_item *item = news->first; item; item = item->next)
        n += is_heard_by(item, who);
    struct ph_letter *letter = n ? ph_letter_create(PH_LETTER_NEWS) : NULL;
    struct ph_shared_report *report = letter ? rtmp_arena_take(&letter->arena, sizeof *report) : NULL;
    struct ph_shared_event *events = report ? rtmp_arena_take(&letter->arena, n * sizeof *events) : NULL;
    if (!events) {
        *failed |= n > 0;
        ph_letter_free(letter);
        return NULL;
    }
    *report = (struct ph_shared_report){.object = ph_letter_text(letter, object->name, failed),
                                        .persistent = object->is_persistent,
                                        .version = object->version,
                                        .n = n,
                                        .events = events};
    for (const struct ph_news_item *item = news->first; item; item = item->next) {
        if (!is_heard_by(item, who))
            continue;
        *events = item->event;
        events->name = ph_letter_text(letter, item->event.name, failed);
        events->value = ph_letter_value(letter, item->event.value, failed);
        events++;
    }
    letter->report = report;
    return letter;
}

/* Who did not hear a change cannot go on from where it is. */
static void lose(struct ph_member *member)
{
    ph_member_kick(member, PH_REASON_LIMIT, NULL, "The server is out of memory.");
}

static void post(const struct ph_news *news, struct ph_member *member, enum ph_news_to who)
{
    bool failed = news->failed;
    struct ph_letter *letter = write_letter(news, who, &failed);
    if (failed) {
        ph_letter_free(letter);
        lose(member);
    } else {
        ph_member_post(member, letter);
    }
}

void ph_news_send(struct ph_news *news, const struct ph_member *asker)
{
    ph_list_for_each(node, &news->object->uses)
    {
        struct ph_member *member = ph_list_entry(node, struct ph_object_use, in_object)->member;
        if (!member->is_leaving)
            post(news, member, member == asker ? PH_NEWS_TO_ASKER : PH_NEWS_TO_OTHERS);
    }
    rtmp_arena_finish(&news->arena);
}

void ph_news_send_to(struct ph_news *news, struct ph_member *member)
{
    post(news, member, PH_NEWS_TO_ASKER);
    rtmp_arena_finish(&news->arena);
}
