/* SPDX-License-Identifier: MIT */
#include "app/letter.h"

#include <stdlib.h>
#include <string.h>

#include "app/copy.h"
#include "app/instance.h"
#include "app/theatre.h"
#include "base/limits.h"
#include "net/loop.h"

static void *resize(void *user, void *block, size_t old_size, size_t new_size)
{
    (void)user;
    (void)old_size;
    if (new_size == 0) {
        free(block);
        return NULL;
    }
    return realloc(block, new_size);
}

const struct rtmp_allocator ph_app_allocator = {.resize = resize};

struct ph_letter *ph_letter_create(enum ph_letter_kind kind)
{
    struct ph_letter *letter = calloc(1, sizeof *letter);
    if (!letter)
        return NULL;
    letter->kind = kind;
    ph_list_init(&letter->link);
    rtmp_arena_init(&letter->arena, &ph_app_allocator, PH_LIMIT_AMF_BYTES);
    return letter;
}

void ph_letter_free(struct ph_letter *letter)
{
    if (!letter)
        return;
    rtmp_arena_finish(&letter->arena);
    free(letter);
}

const char *ph_letter_text(struct ph_letter *letter, const char *text, bool *failed)
{
    const char *copy = text ? rtmp_arena_copy(&letter->arena, text, strlen(text)) : NULL;
    *failed |= text && !copy;
    return copy;
}

const struct rtmp_value *ph_letter_value(struct ph_letter *letter, const struct rtmp_value *value, bool *failed)
{
    const struct rtmp_value *copy = value ? ph_value_copy(value, &letter->arena) : NULL;
    *failed |= value && !copy;
    return copy;
}

void ph_letter_refuse(struct ph_letter *letter, const struct ph_refusal *refusal)
{
    bool failed = false;
    letter->is_refused = true;
    letter->refusal = (struct ph_refusal){
        .error = refusal->error,
        .code = ph_letter_text(letter, refusal->code, &failed),
        .description = ph_letter_text(letter, refusal->description, &failed),
        .redirect = ph_letter_text(letter, refusal->redirect, &failed),
        .application = ph_letter_value(letter, refusal->application, &failed),
    };
}

static void deliver_to_instance(struct ph_mail *mail)
{
    ph_instance_receive(ph_container_of(mail, struct ph_letter, mail));
}

static void deliver_to_seat(struct ph_mail *mail) { ph_seat_receive(ph_container_of(mail, struct ph_letter, mail)); }

void ph_letter_send(struct ph_letter *letter)
{
    letter->mail.deliver = deliver_to_instance;
    ph_loop_post(letter->instance->loop, &letter->mail);
}

static void deliver_to_router(struct ph_mail *mail)
{
    struct ph_letter *letter = ph_container_of(mail, struct ph_letter, mail);
    const struct ph_router *router = &letter->instance->theatre->router;
    router->take(router->user, letter);
}

void ph_letter_route(struct ph_letter *letter)
{
    letter->mail.deliver = deliver_to_router;
    ph_loop_post(letter->instance->theatre->router.loop, &letter->mail);
}

void ph_letter_return(struct ph_letter *letter, struct ph_loop *worker)
{
    letter->mail.deliver = deliver_to_seat;
    ph_loop_post(worker, &letter->mail);
}

void ph_letter_give_back(struct ph_letter *letter) { ph_letter_return(letter, ph_seat_worker(letter->seat)); }
