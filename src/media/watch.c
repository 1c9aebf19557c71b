/* SPDX-License-Identifier: MIT */
#include "media/watch.h"

#include <errno.h>
#include <stdlib.h>

#include "base/text.h"
#include "media/viewing.h"

static struct ph_watch *of_interest(struct ph_interest *interest)
{
    return ph_container_of(interest, struct ph_watch, interest);
}

static void set_epoch(struct ph_watch *watch, struct ph_epoch *epoch)
{
    ph_epoch_unref(watch->epoch);
    watch->epoch = epoch;
}

static void news(struct ph_interest *interest)
{
    struct ph_watch *watch = of_interest(interest);
    set_epoch(watch, interest->epoch);
    interest->epoch = NULL;
    watch->absent = interest->absent;
    ph_list_for_each(node, &watch->viewers) ph_viewing_step_soon(ph_list_entry(node, struct ph_viewer, in_watch));
}

static void destroy(struct ph_watch *watch)
{
    ph_list_remove(&watch->in_worker);
    set_epoch(watch, NULL);
    ph_epoch_unref(watch->interest.epoch); /* news that was never heard */
    free(watch);
}

static void closed(struct ph_interest *interest) { destroy(of_interest(interest)); }

static const struct ph_interest_events interest_events = {news, closed};

struct ph_watch *ph_watch_get(struct ph_worker *worker, const struct ph_path *path, const char *via)
{
    struct ph_watch *watch = ph_map_get(&worker->watches, path->text, path->length);
    if (watch)
        return watch;
    watch = calloc(1, sizeof *watch);
    if (!watch)
        return NULL;
    watch->worker = worker;
    watch->path = *path;
    ph_text_copy(watch->via, sizeof watch->via, via);
    if (ph_map_add(&worker->watches, watch->path.text, path->length, watch) < 0) {
        free(watch);
        return NULL;
    }
    ph_list_init(&watch->viewers);
    ph_list_init(&watch->taps);
    ph_list_append(&worker->all_watches, &watch->in_worker);
    watch->interest = (struct ph_interest){
        .worker = worker, .path = &watch->path, .via = watch->via, .events = &interest_events};
    ph_interest_open(&watch->interest);
    return watch;
}

void ph_watch_put(struct ph_watch *watch)
{
    if (!ph_list_is_empty(&watch->viewers))
        return;
    ph_map_remove(&watch->worker->watches, watch->path.text, watch->path.length);
    set_epoch(watch, NULL);
    ph_interest_close(&watch->interest);
}

int ph_watch_get_tap(struct ph_watch *watch, const struct ph_form *form, uint32_t variant, struct ph_tap **got)
{
    if (!watch->epoch)
        return -ENOENT;
    ph_list_for_each(node, &watch->taps)
    {
        struct ph_tap *tap = ph_list_entry(node, struct ph_tap, in_watch);
        if (tap->epoch == watch->epoch && tap->form == form && tap->variant == variant) {
            tap->n_users++;
            *got = tap;
            return 0;
        }
    }
    struct ph_tap *tap = ph_tap_create(watch->worker, watch->epoch, form, variant);
    if (!tap)
        return -ENOMEM;
    ph_list_append(&watch->taps, &tap->in_watch);
    tap->n_users = 1;
    *got = tap;
    return 0;
}

void ph_watch_put_tap(struct ph_tap *tap)
{
    if (--tap->n_users == 0)
        ph_tap_close(tap);
}

void ph_watch_forget(struct ph_watch *watch, const struct ph_epoch *epoch)
{
    if (watch->epoch == epoch)
        set_epoch(watch, NULL);
}

void ph_watches_abandon(struct ph_worker *worker)
{
    for (struct ph_list *node; (node = ph_list_first(&worker->all_watches));)
        destroy(ph_list_entry(node, struct ph_watch, in_worker));
    ph_map_finish(&worker->watches);
}
