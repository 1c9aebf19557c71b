/* SPDX-License-Identifier: MIT */
#include "gate/hls/guest.h"

#include <stdlib.h>

static void on_home(struct ph_mail *mail) { ph_hls_back(ph_container_of(mail, struct ph_hls_ask, mail)); }

static void give_back(struct ph_hls_ask *ask)
{
    ask->mail.deliver = on_home;
    ph_loop_post(ask->home, &ask->mail);
}

void ph_hls_give(struct ph_hls_ask *ask, struct ph_slice slice)
{
    ask->status = 200;
    ask->slice = slice;
    give_back(ask);
}

void ph_hls_refuse(struct ph_hls_ask *ask, unsigned status, const char *why)
{
    ask->status = status;
    ask->why = why;
    give_back(ask);
}

static void on_fetch(struct ph_mail *mail)
{
    struct ph_hls_ask *ask = ph_container_of(mail, struct ph_hls_ask, mail);
    struct ph_packager *packager = ph_map_get(&ask->shelf->packagers[ask->container], ask->path.text, ask->path.length);
    bool begins = ask->kind == PH_HLS_MASTER || ask->kind == PH_HLS_MEDIA;
    if (!packager && begins)
        packager = ph_packager_create(ask->shelf, &ask->path, ask->container);
    ask->since_us = ph_loop_now(ask->shelf->loop);
    if (packager)
        ph_packager_take(packager, ask);
    else if (begins)
        ph_hls_refuse(ask, 503, "the server is out of memory");
    else
        ph_hls_refuse(ask, 404, "this segment is not there any more");
}

static void on_ask(struct ph_mail *mail)
{
    struct ph_hls_ask *ask = ph_container_of(mail, struct ph_hls_ask, mail);
    if (!ask->token[0])
        ph_hls_guest_open(ask);
    else if (ph_hls_guest_admit(ask))
        ph_hls_fetch(ask);
}

static void post(struct ph_hls_ask *ask, void (*deliver)(struct ph_mail *mail))
{
    const struct ph_hls_gate *gate = ask->shelf->gate;
    size_t worker = ph_siphash(&gate->seed, ask->path.text, ask->path.length) % gate->options.workers->n;
    ask->shelf = &gate->shelves[worker];
    ask->mail.deliver = deliver;
    ph_loop_post(ask->shelf->loop, &ask->mail);
}

void ph_hls_fetch(struct ph_hls_ask *ask) { post(ask, on_fetch); }

void ph_hls_ask(struct ph_hls_ask *ask) { post(ask, ask->app ? on_ask : on_fetch); }
