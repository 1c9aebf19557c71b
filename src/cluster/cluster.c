/* SPDX-License-Identifier: MIT */
#include "cluster/cluster.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/instance.h"
#include "app/letter.h"
#include "app/theatre.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/random.h"
#include "base/secret.h"
#include "base/text.h"
#include "cluster/booking.h"
#include "cluster/far.h"
#include "cluster/home.h"
#include "cluster/link.h"
#include "cluster/redis.h"

enum { SPOTS_MAX = 1 << 20 };

/* ---- at the desks ---- */

static struct spot *find(const struct desk *desk, const struct ph_path *path)
{
    return ph_map_get(&desk->spots, path->text, path->length);
}

static void on_changed(void *user, struct ph_loop *loop, const struct ph_stream_need *need)
{
    struct ph_cluster *cluster = user;
    struct desk *desk = &cluster->desks[loop->index];
    bool is_needed = need->is_asked_for || need->is_live || need->is_wanted;
    struct spot *spot = find(desk, need->path);
    if (!spot && is_needed)
        spot = spot_create(desk, need->path);
    if (spot)
        spot_need(spot, need);
}

static const char *on_where(void *user, struct ph_loop *loop, const struct ph_path *path)
{
    struct ph_cluster *cluster = user;
    const struct spot *spot = find(&cluster->desks[loop->index], path);
    if (!spot) /* nobody wants it, or there is no memory to remember who does */
        return "";
    return spot->heard.is_known ? spot->heard.where : NULL;
}

/* ---- at home ---- */

static void for_each_spot(struct ph_cluster *cluster, void (*act)(struct spot *spot))
{
    ph_list_for_each_safe(node, &cluster->remembered) act(ph_list_entry(node, struct spot, in_home));
}

static void for_each_booking(struct ph_cluster *cluster, void (*act)(struct booking *booking))
{
    ph_list_for_each_safe(node, &cluster->bookings) act(ph_list_entry(node, struct booking, in_cluster));
}

static void for_each_link(struct ph_cluster *cluster, void (*act)(struct link *link))
{
    ph_list_for_each_safe(node, &cluster->links) act(ph_list_entry(node, struct link, in_cluster));
}

static void break_link(struct link *link) { link_break(link, "the engine was away"); }

static void on_beaten(struct ph_engine_request *request)
{
    struct ph_cluster *cluster = ph_container_of(request, struct ph_cluster, beat);
    cluster->is_beating = false;
    if (request->answer != PH_ENGINE_DONE || request->was_alive)
        return;
    for_each_spot(cluster, spot_doubt);
    for_each_booking(cluster, booking_doubt);
}

void home_beat_now(struct ph_cluster *cluster)
{
    if (cluster->is_beating || cluster->has_left)
        return;
    cluster->is_beating = true;
    cluster->beat = (struct ph_engine_request){.verb = PH_ENGINE_BEAT, .done = on_beaten};
    cluster->engine->ask(cluster->engine, &cluster->beat);
}

static void on_left(struct ph_engine_request *request)
{
    atomic_store(&ph_container_of(request, struct ph_cluster, leave)->is_leaving, false);
}

void home_leave_when_done(struct ph_cluster *cluster)
{
    if (!cluster->is_draining || cluster->has_left || cluster->n_claims)
        return;
    cluster->has_left = true;
    cluster->leave = (struct ph_engine_request){.verb = PH_ENGINE_LEAVE, .done = on_left};
    cluster->engine->ask(cluster->engine, &cluster->leave);
}

static void on_next_beat(struct ph_timer *timer)
{
    struct ph_cluster *cluster = ph_container_of(timer, struct ph_cluster, next_beat);
    home_beat_now(cluster);
    for_each_spot(cluster, spot_refresh);
    for_each_link(cluster, link_check);
    if (!cluster->home->stopping)
        ph_timer_start(cluster->home, timer, PH_LIMIT_BEAT_MS * UINT64_C(1000));
}

static void on_up(void *user)
{
    struct ph_cluster *cluster = user;
    cluster->is_up = true;
    ph_log_event(cluster->log, "joined", "cluster", "as %s, reached at %s (redis %s:%u)", cluster->id, cluster->where,
                 cluster->url.host, cluster->url.port);
    home_beat_now(cluster);
    for_each_spot(cluster, spot_doubt);
    for_each_booking(cluster, booking_doubt);
    for_each_link(cluster, break_link); /* nobody knows what was said meanwhile */
}

static void on_down(void *user, const char *why)
{
    struct ph_cluster *cluster = user;
    cluster->is_up = false;
    if (cluster->has_left || cluster->home->stopping)
        return;
    ph_log_warning(cluster->log, "cluster.url",
                   "redis %s:%u: %s; it will be tried again. Until then streams go on, and those of other servers that "
                   "are not fetched yet are not found",
                   cluster->url.host, cluster->url.port, why);
    for_each_spot(cluster, spot_step);
}

static void on_news(void *user, const struct ph_engine_news *news)
{
    struct ph_cluster *cluster = user;
    struct spot *spot = ph_map_get(&cluster->spots, news->path, strlen(news->path));
    struct booking *booking = spot ? NULL : booking_find(cluster, news->path);
    if (spot)
        spot_take_news(spot, news);
    else if (booking)
        booking_take_news(booking, news);
}

/* A note, or a packet, on its way to the engine. */
struct letter {
    struct ph_list link;
    struct ph_engine_request request;
    char to[PH_NODE_ID];
    uint8_t bytes[];
};

static void drop_letter(struct letter *letter)
{
    ph_list_remove(&letter->link);
    free(letter);
}

static void on_posted(struct ph_engine_request *request)
{
    drop_letter(ph_container_of(request, struct letter, request)); /* who waits for it in vain has a deadline */
}

static struct letter *new_letter(struct ph_cluster *cluster, const char *to, size_t length, bool is_packet)
{
    struct letter *letter = calloc(1, sizeof *letter + length);
    if (!letter)
        return NULL;
    ph_text_copy(letter->to, sizeof letter->to, to);
    letter->request = (struct ph_engine_request){.verb = PH_ENGINE_POST,
                                                 .to = letter->to,
                                                 .text = letter->bytes,
                                                 .length = length,
                                                 .is_packet = is_packet,
                                                 .done = on_posted};
    ph_list_append(&cluster->letters, &letter->link);
    return letter;
}

void home_write(struct ph_cluster *cluster, enum note_verb verb, const char *to, const char *path, uint64_t epoch)
{
    struct letter *letter = new_letter(cluster, to, NOTE_TEXT, false);
    struct note note = {.verb = verb, .epoch = epoch};
    if (!letter)
        return;
    ph_text_copy(note.from, sizeof note.from, cluster->id);
    ph_text_copy(note.to, sizeof note.to, to);
    ph_text_copy(note.path, sizeof note.path, path);
    note_write(&note, cluster->key, (char *)letter->bytes);
    letter->request.length = strlen((char *)letter->bytes);
    cluster->engine->ask(cluster->engine, &letter->request);
}

bool home_post(struct ph_cluster *cluster, const char *to, const char *head, size_t head_length, const uint8_t *body,
               size_t length)
{
    struct letter *letter = new_letter(cluster, to, PH_SECRET_CODE + head_length + length, true);
    if (!letter)
        return false;
    uint8_t *signed_part = letter->bytes + PH_SECRET_CODE;
    memcpy(signed_part, head, head_length);
    if (length)
        memcpy(signed_part + head_length, body, length);
    ph_secret_sign(cluster->key, strlen(cluster->key), signed_part, head_length + length, letter->bytes);
    cluster->engine->ask(cluster->engine, &letter->request);
    return true;
}

static void on_message(void *user, const char *text)
{
    struct ph_cluster *cluster = user;
    struct note note;
    if (!note_read(text, cluster->key, &note) || strcmp(note.to, cluster->id) != 0) {
        ph_log_warning(cluster->log, "cluster.secret_file",
                       "a message was not written by a server of this cluster, and is not heeded; do all have the same "
                       "secret?");
        return;
    }
    struct spot *spot = ph_map_get(&cluster->spots, note.path, strlen(note.path));
    if (spot)
        spot_take_note(spot, &note);
    else if (note.verb == NOTE_ASK)
        home_write(cluster, NOTE_GONE, note.from, note.path, note.epoch);
}

/* ---- applications ---- */

static void on_packet(void *user, const uint8_t *bytes, size_t length) { link_take(user, bytes, length); }

/* A letter of a seat that is not welcomed yet, or whose application is elsewhere. */
static void on_letter(void *user, struct ph_letter *letter)
{
    struct ph_cluster *cluster = user;
    struct far *far = far_find(cluster, letter->seat);
    struct ph_letter *waiting;
    if (far) {
        far_take(far, letter);
    } else if (letter->kind == PH_LETTER_JOIN) {
        booking_take(cluster, letter);
    } else if ((waiting = booking_withdraw(cluster, letter->seat))) { /* it left before it was known where to */
        ph_letter_give_back(waiting);
        ph_letter_give_back(letter);
    } else {
        ph_letter_send(letter);
    }
}

/* What an application has saved, on its way home. */
struct saved {
    struct ph_mail mail;
    struct ph_cluster *cluster;
    struct ph_instance *instance;
    size_t length;
    uint8_t *bytes;
};

static void deliver_saved(struct ph_mail *mail)
{
    struct saved *saved = ph_container_of(mail, struct saved, mail);
    if (saved->cluster->engine && !saved->cluster->home->stopping)
        booking_keep(saved->cluster, saved->instance, saved->bytes, saved->length);
    else
        free(saved->bytes);
    free(saved);
}

static void on_saved(void *user, struct ph_instance *instance, const uint8_t *bytes, size_t length)
{
    struct ph_cluster *cluster = user;
    struct saved *saved = malloc(sizeof *saved);
    uint8_t *copy = malloc(length + 1);
    if (!saved || !copy) {
        ph_log_error(cluster->log, instance->app.name, "out of memory: its next host begins with nothing");
        free(saved);
        free(copy);
        return;
    }
    if (length)
        memcpy(copy, bytes, length);
    *saved = (struct saved){
        .mail.deliver = deliver_saved, .cluster = cluster, .instance = instance, .length = length, .bytes = copy};
    ph_loop_post(cluster->home, &saved->mail);
}

static void leave_link(struct link *link) { link_break(link, "this server stops"); }

/* ---- beginning and end ---- */

const struct ph_engine_events home_events = {
    .up = on_up, .down = on_down, .news = on_news, .message = on_message, .packet = on_packet};

void home_begin(struct ph_cluster *cluster, struct ph_engine *engine)
{
    cluster->engine = engine;
    ph_timer_start(cluster->home, &cluster->next_beat, PH_LIMIT_BEAT_MS * UINT64_C(1000));
}

static void on_start(struct ph_mail *mail)
{
    struct ph_cluster *cluster = ph_container_of(mail, struct ph_cluster, start);
    const struct redis_options options = {.loop = cluster->home,
                                          .trust = cluster->trust,
                                          .log = cluster->log,
                                          .url = &cluster->url,
                                          .cluster = cluster->name,
                                          .id = cluster->id,
                                          .where = cluster->where,
                                          .events = &home_events,
                                          .user = cluster};
    struct ph_engine *engine;
    if (redis_open(&options, &engine))
        ph_log_error(cluster->log, "cluster.url", "out of memory; this server works alone");
    else
        home_begin(cluster, engine);
}

static void on_drain(struct ph_mail *mail)
{
    struct ph_cluster *cluster = ph_container_of(mail, struct ph_cluster, drain);
    cluster->is_draining = true;
    if (!cluster->engine) {
        atomic_store(&cluster->is_leaving, false);
        return;
    }
    for_each_booking(cluster, booking_release); /* before clients are told to come back */
    for_each_link(cluster, leave_link);
    for_each_spot(cluster, spot_step);
    home_leave_when_done(cluster);
}

/* "a.9f86d081884c7d65": the machine's name if none was given, without what has no place in a key. */
static int make_id(struct ph_cluster *cluster, const char *name)
{
    char host[64] = "";
    uint64_t number;
    struct ph_text text;
    int err = ph_random_fill(&number, sizeof number);
    if (!name[0] && gethostname(host, sizeof host - 1) == 0)
        name = host;
    ph_text_init(&text, cluster->id, sizeof cluster->id - 18);
    for (; *name; name++)
        ph_text_add(&text, "%c", isalnum((unsigned char)*name) || *name == '-' || *name == '_' ? *name : '-');
    text.cap = sizeof cluster->id;
    ph_text_add(&text, ".%016llx", (unsigned long long)number);
    return err;
}

/* "10.0.0.1:1935" is RTMP; "" stays what it is. */
static void write_url(char url[PH_NODE_WHERE], const char *address)
{
    struct ph_text text;
    ph_text_init(&text, url, PH_NODE_WHERE);
    ph_text_add(&text, "%s%s", !address[0] || strstr(address, "://") ? "" : "rtmp://", address);
}

static void init(struct ph_cluster *cluster, const struct ph_cluster_options *options)
{
    cluster->media = options->media;
    cluster->theatre = options->theatre;
    cluster->trust = options->trust;
    cluster->log = options->log;
    cluster->home = &options->workers->loop[0];
    cluster->start.deliver = on_start;
    cluster->drain.deliver = on_drain;
    cluster->n_desks = options->workers->n;
    ph_text_copy(cluster->key, sizeof cluster->key, options->key);
    ph_secret_derive(cluster->key, "name", cluster->name, CLUSTER_NAME);
    write_url(cluster->where, options->address);
    write_url(cluster->parent, options->parent);
    ph_timer_init(&cluster->next_beat, on_next_beat);
    ph_map_init(&cluster->spots, &cluster->seed, SPOTS_MAX);
    ph_list_init(&cluster->remembered);
    ph_list_init(&cluster->letters);
    ph_list_init(&cluster->bookings);
    ph_list_init(&cluster->links);
    ph_map_init(&cluster->fars_by_seat, &cluster->seed, SPOTS_MAX);
    ph_map_init(&cluster->fars_by_id, &cluster->seed, SPOTS_MAX);
    for (unsigned i = 0; i < cluster->n_desks; i++) {
        cluster->desks[i] = (struct desk){.cluster = cluster, .loop = &options->workers->loop[i]};
        ph_map_init(&cluster->desks[i].spots, &cluster->seed, SPOTS_MAX);
    }
}

int ph_cluster_create(const struct ph_cluster_options *options, struct ph_cluster **created, const char **why)
{
    unsigned n = options->workers->n;
    struct ph_cluster *cluster = calloc(1, sizeof *cluster + n * sizeof cluster->desks[0]);
    if (!cluster)
        return -ENOMEM;
    int err = ph_random_fill(&cluster->seed, sizeof cluster->seed);
    err = err ? err : make_id(cluster, options->name);
    err = err ? err : redis_url_parse(options->url, &cluster->url, why);
    if (err) {
        free(cluster);
        return err;
    }
    init(cluster, options);
    const struct ph_locator locator = {.changed = on_changed, .where = on_where, .user = cluster};
    const struct ph_router router = {.loop = cluster->home, .take = on_letter, .saved = on_saved, .user = cluster};
    ph_media_set_locator(options->media, &locator);
    if (options->theatre)
        ph_theatre_set_router(options->theatre, &router);
    *created = cluster;
    return 0;
}

void ph_cluster_start(struct ph_cluster *cluster)
{
    if (cluster)
        ph_loop_post(cluster->home, &cluster->start);
}

void ph_cluster_drain(struct ph_cluster *cluster)
{
    if (!cluster)
        return;
    atomic_store(&cluster->is_leaving, true);
    ph_loop_post(cluster->home, &cluster->drain);
}

bool ph_cluster_is_leaving(const struct ph_cluster *cluster) { return cluster && atomic_load(&cluster->is_leaving); }

static void finish_desk(struct desk *desk)
{
    size_t at = 0;
    void *spot;
    while (ph_map_next(&desk->spots, &at, &spot)) {
        ph_timer_stop(desk->cluster->home, &((struct spot *)spot)->timer);
        free(spot);
    }
    ph_map_finish(&desk->spots);
}

/* The loops have stopped, and the theatre has gone: seats are nobody's any more. */
static void finish_applications(struct ph_cluster *cluster)
{
    size_t at = 0;
    void *far;
    for_each_link(cluster, link_free);
    for_each_booking(cluster, booking_free);
    while (ph_map_next(&cluster->fars_by_id, &at, &far))
        far_free(far);
    ph_map_finish(&cluster->fars_by_id);
    ph_map_finish(&cluster->fars_by_seat);
}

void ph_cluster_destroy(struct ph_cluster *cluster)
{
    if (!cluster)
        return;
    ph_media_set_locator(cluster->media, &(struct ph_locator){0});
    if (cluster->engine)
        cluster->engine->close(cluster->engine);
    ph_timer_stop(cluster->home, &cluster->next_beat);
    for (struct ph_list *node; (node = ph_list_first(&cluster->letters));)
        drop_letter(ph_list_entry(node, struct letter, link));
    finish_applications(cluster);
    for (unsigned i = 0; i < cluster->n_desks; i++)
        finish_desk(&cluster->desks[i]);
    ph_map_finish(&cluster->spots);
    explicit_bzero(cluster->key, sizeof cluster->key);
    explicit_bzero(&cluster->url, sizeof cluster->url);
    free(cluster);
}
