/* SPDX-License-Identifier: MIT */
/*
 * Streams, as applications see their own. Who publishes or plays in an application has its leave, so its members'
 * notes are the whole truth: no worker has to be asked.
 */
#include <stdlib.h>
#include <string.h>

#include "app/errand.h"
#include "app/host.h"
#include "app/letter.h"
#include "app/member.h"
#include "app/room.h"
#include "app/theatre.h"
#include "base/limits.h"
#include "base/text.h"
#include "media/path.h"

/* One live stream. */
struct row {
    char path[PH_PATH_MAX];
    uint64_t since_ms;
    uint32_t n_viewers;
};

struct rows {
    struct ph_map by_path; /* struct row */
    struct row *row;       /* `n` of them, at most PH_LIMIT_LISTED */
    size_t n;
};

static void path_of(const struct ph_member *member, const struct ph_member_stream *stream, char path[PH_PATH_MAX])
{
    const char *room = member->room ? member->room->name : "";
    struct ph_text text;
    ph_text_init(&text, path, PH_PATH_MAX);
    ph_text_add(&text, "%s%s%s/%s", member->instance->app.name, *room ? "/" : "", room, stream->name);
}

/* Calls `visit` for each stream of each member that publishes or plays one; stops when it says false. */
static void for_each(const struct ph_instance *instance, enum ph_seat_verb verb,
                     bool (*visit)(void *user, struct ph_member *member, struct ph_member_stream *stream), void *user)
{
    ph_list_for_each(node, &instance->members)
    {
        struct ph_member *member = ph_list_entry(node, struct ph_member, link);
        ph_list_for_each(in_member, &member->streams)
        {
            struct ph_member_stream *stream = ph_list_entry(in_member, struct ph_member_stream, link);
            if (stream->verb == verb && !visit(user, member, stream))
                return;
        }
    }
}

/* A publisher that is being taken over has the same path: the first one counts. */
static bool add_row(void *user, struct ph_member *member, struct ph_member_stream *stream)
{
    struct rows *rows = user;
    if (rows->n == PH_LIMIT_LISTED)
        return false;
    struct row *row = &rows->row[rows->n];
    *row = (struct row){.since_ms = stream->since_ms};
    path_of(member, stream, row->path);
    rows->n += ph_map_add(&rows->by_path, row->path, strlen(row->path), row) == 0;
    return true;
}

static bool count_viewer(void *user, struct ph_member *member, struct ph_member_stream *stream)
{
    char path[PH_PATH_MAX];
    path_of(member, stream, path);
    struct row *row = ph_map_get(&((struct rows *)user)->by_path, path, strlen(path));
    if (row)
        row->n_viewers++;
    return true;
}

static struct rtmp_value *value_of(struct rtmp_arena *arena, const struct row *row)
{
    struct rtmp_value *value = rtmp_value_new_object(arena);
    if (!value || rtmp_value_set(arena, value, "path", rtmp_value_new_string(arena, row->path, strlen(row->path))) ||
        rtmp_value_set(arena, value, "since_ms", rtmp_value_new_number(arena, (double)row->since_ms)) ||
        rtmp_value_set(arena, value, "viewers", rtmp_value_new_number(arena, row->n_viewers)))
        return NULL;
    return value;
}

static struct rtmp_value *list_of(struct rtmp_arena *arena, const struct rows *rows)
{
    struct rtmp_value *list = rtmp_value_new_array(arena);
    for (size_t i = 0; i < rows->n && list; i++)
        if (rtmp_value_push(arena, list, value_of(arena, &rows->row[i])))
            return NULL;
    return list;
}

static int list(struct ph_app *app, ph_done_fn done, void *user)
{
    struct ph_instance *instance = ph_instance_of(app);
    struct rows rows = {.row = calloc(PH_LIMIT_LISTED, sizeof(struct row))};
    if (!done || !rows.row) {
        free(rows.row);
        return done ? PH_E_MEMORY : PH_E_ARGUMENT;
    }
    ph_map_init(&rows.by_path, &instance->theatre->seed, PH_LIMIT_LISTED);
    for_each(instance, PH_SEAT_PUBLISH, add_row, &rows);
    for_each(instance, PH_SEAT_PLAY, count_viewer, &rows);
    const struct rtmp_value *value = list_of(&instance->scratch, &rows);
    ph_map_finish(&rows.by_path);
    free(rows.row);
    return value ? ph_errand_end_soon(app, done, user, 0, value) : PH_E_MEMORY;
}

struct stopping {
    const char *path, *description;
    int error; /* until one is found */
};

static bool stop_if_meant(void *user, struct ph_member *member, struct ph_member_stream *stream)
{
    struct stopping *stopping = user;
    char path[PH_PATH_MAX];
    path_of(member, stream, path);
    if (strcmp(path, stopping->path) != 0 || !member->seat)
        return true;
    struct ph_letter *letter = ph_letter_create(PH_LETTER_STOP);
    bool failed = !letter;
    if (letter) {
        letter->name = ph_letter_text(letter, stream->name, &failed);
        letter->text = ph_letter_text(letter, stopping->description, &failed);
    }
    stopping->error = failed ? PH_E_MEMORY : 0;
    if (failed)
        ph_letter_free(letter);
    else
        ph_member_post(member, letter);
    return !failed;
}

static int stop(struct ph_app *app, const char *path, const char *description, ph_done_fn done, void *user)
{
    struct stopping stopping = {.path = path, .description = description, .error = PH_E_NOT_FOUND};
    if (!path)
        return PH_E_ARGUMENT;
    for_each(ph_instance_of(app), PH_SEAT_PUBLISH, stop_if_meant, &stopping);
    return stopping.error == PH_E_MEMORY ? PH_E_MEMORY : ph_errand_end_soon(app, done, user, stopping.error, NULL);
}

const struct ph_streams ph_host_streams = {.version = 1, .size = sizeof ph_host_streams, .list = list, .stop = stop};
