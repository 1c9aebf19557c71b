/* SPDX-License-Identifier: MIT */
#include "app/timers.h"

#include <stdlib.h>

#include "app/instance.h"
#include "app/room.h"
#include "app/theatre.h"
#include "base/clock.h"
#include "base/limits.h"
#include "net/timer.h"

struct app_timer {
    struct ph_list link;
    struct ph_instance *instance;
    const struct ph_room *room; /* NULL: of the instance */
    ph_timer_id id;
    uint64_t every_us; /* 0: once */
    ph_timer_fn fire;
    void *user;
    struct ph_timer timer;
};

static void drop(struct app_timer *timer)
{
    struct ph_instance *instance = timer->instance;
    ph_timer_stop(instance->loop, &timer->timer);
    (void)ph_idtable_remove(&instance->timer_ids, timer->id);
    ph_list_remove(&timer->link);
    instance->n_timers--;
    free(timer);
}

static void on_fire(struct ph_timer *fired)
{
    struct app_timer *timer = ph_container_of(fired, struct app_timer, timer);
    struct ph_instance *instance = timer->instance;
    struct app_timer now = *timer; /* it may be stopped while it fires */
    if (timer->every_us)
        ph_timer_start(instance->loop, &timer->timer, timer->every_us);
    else
        drop(timer);
    ph_instance_begin(instance);
    instance->is_inside = true;
    now.fire(&instance->app, now.id, now.user);
    instance->is_inside = false;
    ph_instance_end(instance);
}

static size_t count(const struct ph_instance *instance, const struct ph_room *room)
{
    size_t n = 0;
    ph_list_for_each(node, &instance->timers) n += ph_list_entry(node, struct app_timer, link)->room == room;
    return n;
}

static int start(struct ph_app *app, ph_room_id room_id, uint32_t after_ms, uint32_t every_ms, ph_timer_fn fire,
                 void *user, ph_timer_id *id)
{
    struct ph_instance *instance = ph_instance_of(app);
    const struct ph_room *room = room_id ? ph_room_get(instance, room_id) : NULL;
    if (room_id && !room)
        return PH_E_GONE;
    if (instance->n_timers >= PH_LIMIT_APP_TIMERS || (room && count(instance, room) >= PH_LIMIT_ROOM_TIMERS))
        return PH_E_LIMIT;
    struct app_timer *timer = calloc(1, sizeof *timer);
    if (!timer)
        return PH_E_MEMORY;
    *timer = (struct app_timer){
        .instance = instance, .room = room, .every_us = (uint64_t)every_ms * 1000, .fire = fire, .user = user};
    if (ph_idtable_add(&instance->timer_ids, timer, &timer->id)) {
        free(timer);
        return PH_E_MEMORY;
    }
    ph_timer_init(&timer->timer, on_fire);
    ph_timer_start(instance->loop, &timer->timer, (uint64_t)after_ms * 1000);
    ph_list_append(&instance->timers, &timer->link);
    instance->n_timers++;
    if (id)
        *id = timer->id;
    return 0;
}

static int stop(struct ph_app *app, ph_timer_id id)
{
    struct app_timer *timer = ph_idtable_get(&ph_instance_of(app)->timer_ids, id);
    if (!timer)
        return PH_E_GONE;
    drop(timer);
    return 0;
}

static uint64_t now_ms(struct ph_app *app) { return ph_loop_now(ph_instance_of(app)->loop) / 1000; }

static uint64_t wall_ms(struct ph_app *app) { return ph_theatre_wall_ms(ph_instance_of(app)->theatre); }

const struct ph_timers_service ph_host_timers = {
    .version = 1, .size = sizeof ph_host_timers, .start = start, .stop = stop, .now_ms = now_ms, .wall_ms = wall_ms};

void ph_timers_end(struct ph_instance *instance, const struct ph_room *room)
{
    ph_list_for_each_safe(node, &instance->timers)
    {
        struct app_timer *timer = ph_list_entry(node, struct app_timer, link);
        if (!room || timer->room == room)
            drop(timer);
    }
}
