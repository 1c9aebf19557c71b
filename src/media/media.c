/* SPDX-License-Identifier: MIT */
#include "media/media.h"

#include <errno.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/random.h"
#include "media/epoch.h"
#include "media/tap.h"
#include "media/viewing.h"
#include "media/worker.h"

enum {
    STREAMS_MAX = 1 << 20, /* of one worker: far beyond what its connections can open */
    PROBE_MS = 3000,
    SWEEP_MS = 100,
    FRAMING_KEEP_MS = 10000,
};

static void set_default(uint32_t *value, uint32_t value_default)
{
    if (*value == 0)
        *value = value_default;
}

static void init_worker(struct ph_media *media, uint32_t i)
{
    struct ph_worker *worker = &media->workers[i];
    worker->media = media;
    worker->loop = media->config.workers[i];
    worker->index = i;
    ph_map_init(&worker->entries, &media->seed, STREAMS_MAX);
    ph_map_init(&worker->watches, &media->seed, STREAMS_MAX);
    ph_list_init(&worker->publishers);
    ph_list_init(&worker->epochs);
    ph_list_init(&worker->all_watches);
    ph_list_init(&worker->taps);
    ph_list_init(&worker->blocked);
    ph_timer_init(&worker->sweep, ph_lag_sweep);
}

int ph_media_create(const struct ph_media_config *config, struct ph_media **created)
{
    struct ph_media *media = calloc(1, sizeof *media + config->n_workers * sizeof(struct ph_worker));
    if (!media)
        return -ENOMEM;
    int result = ph_random_fill(&media->seed, sizeof media->seed);
    if (result < 0) {
        free(media);
        return result;
    }
    media->config = *config;
    set_default(&media->config.probe_ms, PROBE_MS);
    set_default(&media->config.stall_ms, PH_LIMIT_WRITE_STALL_MS);
    set_default(&media->config.sweep_ms, SWEEP_MS);
    set_default(&media->config.cache_ms, PH_LIMIT_CACHE_MS);
    set_default(&media->config.framing_keep_ms, FRAMING_KEEP_MS);
    atomic_init(&media->next_epoch, 1); /* 0: none was joined */
    for (uint32_t i = 0; i < config->n_workers; i++)
        init_worker(media, i);
    *created = media;
    return 0;
}

/* What letters that were never delivered have left. */
static void abandon(struct ph_worker *worker)
{
    for (struct ph_list *node; (node = ph_list_first(&worker->taps));)
        ph_tap_abandon(ph_list_entry(node, struct ph_tap, in_worker));
    ph_watches_abandon(worker);
    ph_publishers_abandon(worker);
    ph_directory_abandon(worker);
}

void ph_media_destroy(struct ph_media *media)
{
    if (!media)
        return;
    for (uint32_t i = 0; i < media->config.n_workers; i++)
        abandon(&media->workers[i]);
    for (uint32_t i = 0; i < media->config.n_workers; i++)
        for (struct ph_list *node; (node = ph_list_first(&media->workers[i].epochs));)
            ph_epoch_abandon(ph_list_entry(node, struct ph_epoch, in_worker));
    free(media);
}

void ph_media_observe(struct ph_media *media, const struct ph_stream_observer *observer)
{
    media->observer = *observer;
}

void ph_media_tell(struct ph_media *media, const struct ph_stream_event *event)
{
    if (media->observer.told)
        media->observer.told(media->observer.user, event);
}

struct ph_worker *ph_worker_of(struct ph_media *media, const struct ph_loop *loop)
{
    for (uint32_t i = 0; i < media->config.n_workers; i++)
        if (media->workers[i].loop == loop)
            return &media->workers[i];
    abort(); /* a loop that is no media worker: a mistake of the caller */
}

struct ph_worker *ph_worker_of_path(struct ph_media *media, const struct ph_path *path)
{
    uint64_t hash = ph_siphash(&media->seed, path->text, path->length);
    return &media->workers[hash % media->config.n_workers];
}
