/* SPDX-License-Identifier: MIT */
#include "app/onlooker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "app/letter.h"
#include "app/query.h"
#include "base/text.h"

enum { QUERY_BYTES = 64 * 1024 };

static const struct ph_refusal failed = {.error = PH_E_MEMORY, .description = "The server is out of memory."};

/* A stream's name in its application: what stands behind the first slash. */
static const char *name_of(const struct ph_onlooker *onlooker) { return strchr(onlooker->path.text, '/') + 1; }

static void on_refused(void *user, const struct ph_refusal *why)
{
    struct ph_onlooker *onlooker = user;
    onlooker->events->ended(onlooker->user, why);
}

static void on_welcome(void *user, const struct ph_welcome *welcome)
{
    struct ph_onlooker *onlooker = user;
    struct rtmp_arena arena;
    (void)welcome;
    rtmp_arena_init(&arena, &ph_app_allocator, QUERY_BYTES);
    const struct rtmp_text query = {onlooker->query, strlen(onlooker->query)};
    int err = ph_seat_ask(onlooker->seat, PH_SEAT_PLAY, 1, name_of(onlooker), ph_query_object(query, &arena));
    rtmp_arena_finish(&arena);
    if (err)
        onlooker->events->ended(onlooker->user, &failed);
}

static void on_decided(void *user, uint32_t ticket, const char *name, const struct ph_refusal *refusal)
{
    struct ph_onlooker *onlooker = user;
    const char *app = onlooker->app->name, *why = "refused";
    (void)ticket;
    if (!refusal && ph_path_join(app, strlen(app), name, strlen(name), &onlooker->path, &why)) {
        onlooker->events->ended(onlooker->user, &(struct ph_refusal){.description = why});
        return;
    }
    if (refusal) {
        onlooker->events->ended(onlooker->user, refusal);
        return;
    }
    onlooker->is_granted = true;
    onlooker->events->granted(onlooker->user);
}

static void on_stop_stream(void *user, const char *name, const char *description)
{
    struct ph_onlooker *onlooker = user;
    if (onlooker->is_granted && strcmp(name_of(onlooker), name) == 0)
        onlooker->events->ended(onlooker->user, &(struct ph_refusal){.description = description});
}

static const struct ph_seat_events events = {.welcome = on_welcome,
                                             .refused = on_refused,
                                             .decided = on_decided,
                                             .stop_stream = on_stop_stream,
                                             .kicked = on_refused};

static char *shown_query(struct rtmp_text query)
{
    struct rtmp_arena arena;
    rtmp_arena_init(&arena, &ph_app_allocator, QUERY_BYTES);
    const char *shown = ph_query_without_key(query, &arena);
    char *copy = shown ? strdup(shown) : NULL;
    rtmp_arena_finish(&arena);
    return copy;
}

int ph_onlooker_open(struct ph_onlooker *onlooker, const struct ph_onlooker_request *request)
{
    *onlooker = (struct ph_onlooker){.path = *request->path,
                                     .app = request->app,
                                     .query = shown_query(request->query),
                                     .events = request->events,
                                     .user = request->user};
    const struct ph_seat_request wanted = {.app = request->app,
                                           .path = request->app->name,
                                           .query = onlooker->query,
                                           .protocol = request->protocol,
                                           .address = request->address,
                                           .form = PH_PARCEL_AMF0,
                                           .events = &events,
                                           .user = onlooker};
    int err = onlooker->query ? ph_seat_open(request->theatre, request->worker, &wanted, &onlooker->seat) : -ENOMEM;
    if (err) {
        free(onlooker->query);
        *onlooker = (struct ph_onlooker){0};
    }
    return err;
}

void ph_onlooker_close(struct ph_onlooker *onlooker)
{
    if (onlooker->is_granted)
        ph_seat_over(onlooker->seat, PH_SEAT_PLAY, name_of(onlooker));
    ph_seat_close(onlooker->seat, PH_REASON_LEFT);
    free(onlooker->query);
    *onlooker = (struct ph_onlooker){0};
}

unsigned ph_onlooker_refusal(const struct ph_refusal *why, char words[PH_ONLOOKER_WORDS])
{
    size_t length = why->description ? strlen(why->description) : 0;
    struct ph_text text;
    if (length && why->description[length - 1] == '.')
        length--;
    ph_text_init(&text, words, PH_ONLOOKER_WORDS);
    ph_text_add_escaped(&text, length ? why->description : "refused", length ? length : strlen("refused"));
    return why->error ? 503 : 403;
}
