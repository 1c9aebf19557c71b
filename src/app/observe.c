/* SPDX-License-Identifier: MIT */
#include "app/observe.h"

#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "app/host.h"
#include "app/instance.h"
#include "app/theatre.h"
#include "base/limits.h"
#include "base/text.h"
#include "media/observer.h"
#include "media/path.h"
#include "net/conn.h"

enum { CLIENT = 128, PROTOCOL = 16 };

struct sight {
    struct ph_mail mail;
    struct ph_instance *instance;
    bool is_publisher, is_end;
    uint64_t session, us, bytes, viewers;
    uint64_t wall_ms;
    char path[PH_PATH_MAX], address[PH_ADDRESS_TEXT], protocol[PROTOCOL], client[CLIENT];
};

static const char *name_of(const struct sight *sight)
{
    if (sight->is_publisher)
        return sight->is_end ? "stream.unpublished" : "stream.published";
    return sight->is_end ? "stream.stopped" : "stream.played";
}

static void set_text(struct rtmp_arena *arena, struct rtmp_value *object, const char *name, const char *text)
{
    if (text[0])
        (void)!rtmp_value_set(arena, object, name, rtmp_value_new_string(arena, text, strlen(text)));
}

static void set_number(struct rtmp_arena *arena, struct rtmp_value *object, const char *name, double number)
{
    (void)!rtmp_value_set(arena, object, name, rtmp_value_new_number(arena, number));
}

/* What there is no memory for is left out. */
static struct rtmp_value *describe(const struct sight *sight, struct rtmp_arena *arena)
{
    struct rtmp_value *object = rtmp_value_new_object(arena);
    set_text(arena, object, "path", sight->path);
    set_number(arena, object, "wall_ms", (double)sight->wall_ms);
    if (sight->session)
        set_number(arena, object, "session", (double)sight->session);
    set_text(arena, object, "address", sight->address);
    set_text(arena, object, "protocol", sight->protocol);
    set_text(arena, object, "client", sight->client);
    if (sight->is_end) {
        set_number(arena, object, "seconds", (double)sight->us / 1e6);
        set_number(arena, object, "bytes", (double)sight->bytes);
    }
    if (sight->is_end && sight->is_publisher)
        set_number(arena, object, "viewers", (double)sight->viewers);
    return object;
}

static void on_sight(struct ph_mail *mail)
{
    struct sight *sight = ph_container_of(mail, struct sight, mail);
    struct ph_instance *instance = sight->instance;
    atomic_fetch_sub(&instance->n_observed, 1);
    if (instance->state == PH_INSTANCE_RUNNING) {
        ph_instance_begin(instance);
        unsigned dropped = atomic_exchange(&instance->n_unobserved, 0);
        if (dropped)
            ph_host_metrics.add(&instance->app, "observed_dropped", dropped);
        const struct ph_event event = {
            .size = sizeof event, .name = name_of(sight), .value = ph_value_out(describe(sight, &instance->scratch))};
        ph_instance_tell(instance, instance->type->observe, &event);
        ph_instance_end(instance);
    }
    free(sight);
}

static void tell(struct ph_theatre *theatre, struct ph_instance *instance, const struct ph_stream_event *event)
{
    struct sight *sight = atomic_fetch_add(&instance->n_observed, 1) < PH_LIMIT_OBSERVED ? calloc(1, sizeof *sight)
                                                                                         : NULL;
    if (!sight) {
        atomic_fetch_sub(&instance->n_observed, 1);
        atomic_fetch_add(&instance->n_unobserved, 1);
        return;
    }
    sight->mail.deliver = on_sight;
    sight->instance = instance;
    sight->is_publisher = event->is_publisher;
    sight->is_end = event->is_end;
    sight->us = event->us;
    sight->bytes = event->bytes;
    sight->viewers = event->viewers;
    sight->wall_ms = ph_theatre_wall_ms(theatre);
    ph_text_copy(sight->path, sizeof sight->path, event->path);
    if (event->conn) {
        sight->session = ph_conn_id(event->conn);
        ph_address_text(ph_conn_peer(event->conn), sight->address);
    }
    if (event->conn && !event->is_end) {
        struct ph_conn_about about;
        struct ph_text client;
        ph_conn_about(event->conn, &about);
        ph_text_copy(sight->protocol, sizeof sight->protocol, about.protocol);
        ph_text_init(&client, sight->client, sizeof sight->client);
        if (about.client)
            ph_text_add_escaped(&client, about.client, strlen(about.client));
    }
    ph_loop_post(instance->loop, &sight->mail);
}

void ph_theatre_observe(void *user, const struct ph_stream_event *event)
{
    struct ph_theatre *theatre = user;
    for (size_t i = 0; i < theatre->n; i++)
        if (theatre->instances[i]->type && theatre->instances[i]->type->observe)
            tell(theatre, theatre->instances[i], event);
}
