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

/* The report for one kind of hearer. */
static bool write_report(const struct ph_news *news, enum ph_news_to who, size_t n, struct ph_letter *letter)
{
    const struct ph_object *object = news->object;
    bool failed = false;
    struct ph_shared_report *report = rtmp_arena_take(&letter->arena, sizeof *report);
    struct ph_shared_event *events = report ? rtmp_arena_take(&letter->arena, n * sizeof *events) : NULL;
    if (!events)
        return false;
    *report = (struct ph_shared_report){.object = ph_letter_text(letter, object->name, &failed),
                                        .persistent = object->is_persistent,
                                        .version = object->version,
                                        .n = n,
                                        .events = events};
    for (const struct ph_news_item *item = news->first; item; item = item->next) {
        if (!is_heard_by(item, who))
            continue;
        *events = item->event;
        events->name = ph_letter_text(letter, item->event.name, &failed);
        events->value = ph_letter_value(letter, item->event.value, &failed);
        events++;
    }
    letter->news.report = report;
    return !failed;
}

static struct ph_letter *write_letter(const struct ph_news *news, enum ph_news_to who, size_t n, size_t n_seats)
{
    struct ph_letter *letter = ph_letter_create(PH_LETTER_NEWS);
    if (!letter)
        return NULL;
    letter->news.seats = rtmp_arena_take(&letter->arena, n_seats * sizeof(struct ph_seat *));
    if (letter->news.seats && write_report(news, who, n, letter))
        return letter;
    ph_letter_free(letter);
    return NULL;
}

/* Who did not hear a change cannot go on from where it is. */
static void lose(struct ph_member *member)
{
    ph_member_kick(member, PH_REASON_LIMIT, NULL, "The server is out of memory.");
}

static size_t count(const struct ph_news *news, enum ph_news_to who)
{
    size_t n = 0;
    for (const struct ph_news_item *item = news->first; item; item = item->next)
        n += is_heard_by(item, who);
    return n;
}

static bool is_there(const struct ph_member *member, const struct ph_member *asker)
{
    return member != asker && member->seat && !member->is_leaving;
}

/* One letter for all on this worker. */
static void post_to_worker(const struct ph_news *news, size_t n, const struct ph_member *asker, struct ph_loop *worker)
{
    size_t n_seats = 0;
    ph_list_for_each(node, &news->object->uses)
    {
        const struct ph_member *member = ph_list_entry(node, struct ph_object_use, in_object)->member;
        n_seats += is_there(member, asker) && member->worker == worker;
    }
    if (n_seats == 0)
        return;
    struct ph_letter *letter = news->failed ? NULL : write_letter(news, PH_NEWS_TO_OTHERS, n, n_seats);
    ph_list_for_each(node, &news->object->uses)
    {
        struct ph_member *member = ph_list_entry(node, struct ph_object_use, in_object)->member;
        if (!is_there(member, asker) || member->worker != worker)
            continue;
        if (letter)
            letter->news.seats[letter->news.n_seats++] = member->seat;
        else
            lose(member);
    }
    if (letter)
        ph_letter_return(letter, worker);
}

static void send_to(const struct ph_news *news, struct ph_member *member)
{
    size_t n = count(news, PH_NEWS_TO_ASKER);
    if (n == 0 || !is_there(member, NULL))
        return;
    struct ph_letter *letter = news->failed ? NULL : write_letter(news, PH_NEWS_TO_ASKER, n, 1);
    if (!letter) {
        lose(member);
        return;
    }
    letter->news.seats[letter->news.n_seats++] = member->seat;
    ph_letter_return(letter, member->worker);
}

void ph_news_send(struct ph_news *news, struct ph_member *asker)
{
    struct ph_loops *workers = news->object->room->instance->theatre->options.workers;
    size_t n = count(news, PH_NEWS_TO_OTHERS);
    if (asker)
        send_to(news, asker);
    for (unsigned i = 0; i < workers->n && n; i++)
        post_to_worker(news, n, asker, &workers->loop[i]);
    rtmp_arena_finish(&news->arena);
}

void ph_news_send_to(struct ph_news *news, struct ph_member *member)
{
    send_to(news, member);
    rtmp_arena_finish(&news->arena);
}
