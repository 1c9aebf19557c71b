/* SPDX-License-Identifier: MIT */
#include "cluster/booking.h"

#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "app/instance.h"
#include "app/letter.h"
#include "base/log.h"
#include "base/text.h"
#include "cluster/far.h"
#include "cluster/home.h"
#include "cluster/link.h"

enum { BEAT_SOON_MS = 100, ASK_AGAIN_MS = 200, SAVING_MS = 3000 };

static void claim(struct booking *booking);

/* Its request is under way. */
static bool is_busy(const struct booking *booking)
{
    return booking->state == BOOKING_ASKED || booking->state == BOOKING_RECALLING || booking->state == BOOKING_KEEPING;
}

/* Letters */

static void refuse(struct ph_letter *letter, int error, const char *why)
{
    ph_letter_refuse(
        letter, &(struct ph_refusal){.error = error, .code = "NetConnection.Connect.Rejected", .description = why});
    ph_letter_give_back(letter);
}

static void send_on(struct booking *booking, struct ph_letter *join)
{
    struct link *link = booking->state == BOOKING_THEIRS ? link_get(booking->cluster, booking->holder) : NULL;
    if (booking->state == BOOKING_OURS) {
        join->is_here = true;
        ph_letter_send(join);
    } else if (link) {
        far_join(link, join);
    } else {
        refuse(join, PH_E_MEMORY, "The server is out of memory.");
    }
}

static void send_waiting(struct booking *booking)
{
    for (struct ph_list *node; (node = ph_list_pop(&booking->waiting));)
        send_on(booking, ph_list_entry(node, struct ph_letter, link));
}

static void refuse_waiting(struct booking *booking, int error, const char *why)
{
    for (struct ph_list *node; (node = ph_list_pop(&booking->waiting));)
        refuse(ph_list_entry(node, struct ph_letter, link), error, why);
}

/* Claiming */

static void pause_for(struct booking *booking, uint32_t ms)
{
    booking->state = BOOKING_PAUSED;
    ph_timer_start(booking->cluster->home, &booking->again, ms * UINT64_C(1000));
}

static void set_epoch(struct booking *booking, uint64_t epoch)
{
    struct ph_cluster *cluster = booking->cluster;
    cluster->n_claims = cluster->n_claims + (epoch != 0) - (booking->epoch != 0);
    booking->epoch = epoch;
    if (epoch > booking->newest)
        booking->newest = epoch;
}

/* Another server has it: members here go there. */
static void lose(struct booking *booking, const char *holder)
{
    bool was_ours = booking->epoch;
    set_epoch(booking, 0);
    booking->state = BOOKING_THEIRS;
    ph_text_copy(booking->holder, sizeof booking->holder, holder);
    if (!was_ours)
        return;
    ph_log_warning(booking->cluster->log, booking->instance->app.name,
                   "another server of the cluster has this application now: its members go there");
    ph_instance_yield(booking->instance);
}

static void is_ours(struct booking *booking, uint64_t epoch)
{
    if (!booking->epoch)
        ph_log_event(booking->cluster->log, "hosting", booking->instance->app.name, "for all servers of the cluster");
    set_epoch(booking, epoch);
    booking->state = BOOKING_OURS;
    booking->holder[0] = '\0';
}

static void on_recalled(struct ph_engine_request *request)
{
    struct booking *booking = ph_container_of(request, struct booking, request);
    bool is_there = request->answer == PH_ENGINE_DONE && request->kept;
    if (ph_instance_succeed(booking->instance, is_there ? request->kept : NULL, is_there ? request->kept_length : 0))
        ph_log_error(booking->cluster->log, booking->instance->app.name, "out of memory: it begins with nothing");
    booking->state = BOOKING_OURS;
    send_waiting(booking);
}

/* A new host begins with what the last one has saved. */
static void recall(struct booking *booking)
{
    struct ph_cluster *cluster = booking->cluster;
    booking->state = BOOKING_RECALLING;
    booking->is_saved = false;
    booking->request = (struct ph_engine_request){.verb = PH_ENGINE_RECALL, .path = booking->path, .done = on_recalled};
    cluster->engine->ask(cluster->engine, &booking->request);
}

static void on_claimed(struct ph_engine_request *request)
{
    struct booking *booking = ph_container_of(request, struct booking, request);
    bool was_ours = booking->epoch;
    if (request->epoch > booking->newest)
        booking->newest = request->epoch;
    switch (request->answer) {
    case PH_ENGINE_DONE:
        is_ours(booking, request->epoch);
        if (!was_ours)
            recall(booking);
        break;
    case PH_ENGINE_HELD:
        if (request->where[0]) {
            lose(booking, request->holder);
        } else { /* whoever had it meanwhile has gone */
            set_epoch(booking, 0);
            booking->state = BOOKING_UNKNOWN;
            claim(booking);
        }
        break;
    case PH_ENGINE_EARLY:
        pause_for(booking, request->wait_ms);
        break;
    case PH_ENGINE_LAPSED:
        home_beat_now(booking->cluster);
        pause_for(booking, BEAT_SOON_MS);
        break;
    default: /* there shall never be two */
        booking->state = was_ours ? BOOKING_OURS : BOOKING_UNKNOWN;
        refuse_waiting(booking, PH_E_IO, "What the servers share cannot be reached; connect again later.");
    }
    if (booking->state == BOOKING_OURS || booking->state == BOOKING_THEIRS)
        send_waiting(booking);
}

static void claim(struct booking *booking)
{
    struct ph_cluster *cluster = booking->cluster;
    if (is_busy(booking))
        return;
    ph_timer_stop(cluster->home, &booking->again);
    booking->state = BOOKING_ASKED;
    booking->request = (struct ph_engine_request){
        .verb = PH_ENGINE_CLAIM, .path = booking->path, .epoch = booking->epoch, .done = on_claimed};
    cluster->engine->ask(cluster->engine, &booking->request);
}

static void on_again(struct ph_timer *timer) { claim(ph_container_of(timer, struct booking, again)); }

/* Which booking */

struct booking *booking_find(const struct ph_cluster *cluster, const char *path)
{
    ph_list_for_each(node, &cluster->bookings)
    {
        struct booking *booking = ph_list_entry(node, struct booking, in_cluster);
        if (strcmp(booking->path, path) == 0)
            return booking;
    }
    return NULL;
}

static struct booking *get(struct ph_cluster *cluster, const struct ph_instance *instance)
{
    char path[PH_PATH_MAX];
    struct ph_text text;
    ph_text_init(&text, path, sizeof path);
    ph_text_add(&text, "@%s", instance->app.name);
    struct booking *booking = booking_find(cluster, path);
    if (booking)
        return booking;
    booking = calloc(1, sizeof *booking);
    if (!booking)
        return NULL;
    booking->cluster = cluster;
    booking->instance = (struct ph_instance *)(uintptr_t)instance;
    memcpy(booking->path, path, sizeof path);
    ph_timer_init(&booking->again, on_again);
    ph_list_init(&booking->waiting);
    ph_list_append(&cluster->bookings, &booking->in_cluster);
    return booking;
}

void booking_take(struct ph_cluster *cluster, struct ph_letter *join)
{
    struct booking *booking = get(cluster, join->instance);
    if (!booking) {
        refuse(join, PH_E_MEMORY, "The server is out of memory.");
    } else if (cluster->is_draining || !cluster->engine) { /* or did not begin: there was no memory */
        refuse(join, PH_E_GONE, "This server stops.");
    } else if (booking->state == BOOKING_OURS || booking->state == BOOKING_THEIRS) {
        send_on(booking, join);
    } else {
        ph_list_append(&booking->waiting, &join->link);
        if (booking->state == BOOKING_UNKNOWN)
            claim(booking);
    }
}

void booking_take_back(struct ph_cluster *cluster, struct ph_letter *join)
{
    struct booking *booking = get(cluster, join->instance);
    if (booking && booking->state == BOOKING_THEIRS)
        pause_for(booking, ASK_AGAIN_MS);
    booking_take(cluster, join);
}

struct ph_letter *booking_withdraw(struct ph_cluster *cluster, const struct ph_seat *seat)
{
    ph_list_for_each(each, &cluster->bookings)
    {
        struct booking *booking = ph_list_entry(each, struct booking, in_cluster);
        ph_list_for_each(node, &booking->waiting)
        {
            struct ph_letter *letter = ph_list_entry(node, struct ph_letter, link);
            if (letter->seat != seat)
                continue;
            ph_list_remove(&letter->link);
            return letter;
        }
    }
    return NULL;
}

bool booking_is_ours(struct ph_cluster *cluster, const struct ph_instance *instance)
{
    const struct booking *booking = get(cluster, instance);
    return booking && booking->epoch && !cluster->is_draining;
}

/* What happens */

void booking_take_news(struct booking *booking, const struct ph_engine_news *news)
{
    if (news->epoch < booking->newest)
        return;
    booking->newest = news->epoch;
    if (strcmp(news->holder, booking->cluster->id) == 0 || is_busy(booking))
        return;
    if (news->holder[0])
        lose(booking, news->holder);
    else if (booking->state == BOOKING_THEIRS)
        booking_lost_holder(booking);
}

void booking_doubt(struct booking *booking)
{
    if (booking->epoch || booking->state == BOOKING_PAUSED)
        claim(booking);
}

void booking_lost_holder(struct booking *booking)
{
    if (booking->state != BOOKING_THEIRS)
        return;
    booking->state = BOOKING_UNKNOWN;
    booking->holder[0] = '\0';
}

static void on_released(struct ph_engine_request *request)
{
    home_leave_when_done(ph_container_of(request, struct booking, request)->cluster);
}

static void release(struct booking *booking)
{
    struct ph_cluster *cluster = booking->cluster;
    uint64_t epoch = booking->epoch;
    if (!epoch || booking->state != BOOKING_OURS)
        return;
    set_epoch(booking, 0);
    booking->state = BOOKING_UNKNOWN;
    booking->request = (struct ph_engine_request){
        .verb = PH_ENGINE_RELEASE, .path = booking->path, .epoch = epoch, .done = on_released};
    cluster->engine->ask(cluster->engine, &booking->request);
}

/* It has waited long enough for the application to save. */
static void on_unsaved(struct ph_timer *timer) { release(ph_container_of(timer, struct booking, again)); }

void booking_release(struct booking *booking)
{
    struct ph_loop *home = booking->cluster->home;
    refuse_waiting(booking, PH_E_GONE, "This server stops.");
    ph_timer_stop(home, &booking->again);
    if (booking->is_saved) {
        release(booking);
    } else if (booking->epoch) {
        ph_timer_init(&booking->again, on_unsaved);
        ph_timer_start(home, &booking->again, SAVING_MS * UINT64_C(1000));
    }
}

static void on_kept(struct ph_engine_request *request)
{
    struct booking *booking = ph_container_of(request, struct booking, request);
    if (request->answer != PH_ENGINE_DONE)
        ph_log_error(booking->cluster->log, booking->instance->app.name,
                     "what it saved did not reach the engine: its next host begins with nothing");
    free(booking->bundle);
    booking->bundle = NULL;
    booking->state = BOOKING_OURS;
    booking->is_saved = true;
    if (booking->cluster->is_draining) {
        ph_timer_stop(booking->cluster->home, &booking->again);
        release(booking);
    }
}

void booking_keep(struct ph_cluster *cluster, const struct ph_instance *instance, uint8_t *bytes, size_t length)
{
    struct booking *booking = get(cluster, instance);
    if (!booking || booking->state != BOOKING_OURS || booking->is_saved) {
        free(bytes);
        return;
    }
    booking->state = BOOKING_KEEPING;
    booking->bundle = bytes;
    booking->request = (struct ph_engine_request){
        .verb = PH_ENGINE_KEEP, .path = booking->path, .text = bytes, .length = length, .done = on_kept};
    cluster->engine->ask(cluster->engine, &booking->request);
}

void booking_free(struct booking *booking)
{
    ph_timer_stop(booking->cluster->home, &booking->again);
    for (struct ph_list *node; (node = ph_list_pop(&booking->waiting));)
        ph_letter_free(ph_list_entry(node, struct ph_letter, link));
    ph_list_remove(&booking->in_cluster);
    free(booking->bundle);
    free(booking);
}
