/* SPDX-License-Identifier: MIT */
#include "gate/hls/guest.h"

#include <stdlib.h>
#include <string.h>

#include "app/onlooker.h"
#include "app/resume.h"
#include "base/limits.h"

struct guest {
    struct ph_hls_shelf *shelf;
    struct ph_onlooker onlooker;
    struct ph_hls_ask *first; /* waits for the decision; NULL: answered */
    struct ph_timer idle;
    char token[PH_TOKEN_TEXT];
};

static void discard(struct guest *guest)
{
    (void)ph_map_remove(&guest->shelf->guests, guest->token, PH_TOKEN_TEXT - 1);
    ph_timer_stop(guest->shelf->loop, &guest->idle);
    ph_onlooker_close(&guest->onlooker);
    free(guest);
}

static void on_idle(struct ph_timer *timer) { discard(ph_container_of(timer, struct guest, idle)); }

static void touch(struct guest *guest)
{
    ph_timer_start(guest->shelf->loop, &guest->idle, PH_LIMIT_HLS_GUEST_MS * UINT64_C(1000));
}

static void on_granted(void *user)
{
    struct guest *guest = user;
    struct ph_hls_ask *ask = guest->first;
    guest->first = NULL;
    touch(guest);
    memcpy(ask->token, guest->token, sizeof ask->token);
    ask->path = guest->onlooker.path;
    ph_hls_fetch(ask);
}

static void on_ended(void *user, const struct ph_refusal *why)
{
    struct guest *guest = user;
    struct ph_hls_ask *ask = guest->first;
    if (ask) {
        unsigned status = ph_onlooker_refusal(why, ask->words);
        ph_hls_refuse(ask, status, ask->words);
    }
    discard(guest);
}

static int open_guest(struct guest *guest, struct ph_hls_ask *ask)
{
    static const struct ph_onlooker_events events = {.granted = on_granted, .ended = on_ended};
    const struct ph_onlooker_request request = {.theatre = guest->shelf->gate->options.theatre,
                                                .worker = guest->shelf->loop,
                                                .app = ask->app,
                                                .path = &ask->path,
                                                .query = {ask->query, strlen(ask->query)},
                                                .protocol = "hls",
                                                .address = ask->address,
                                                .events = &events,
                                                .user = guest};
    int err = ph_map_add(&guest->shelf->guests, guest->token, PH_TOKEN_TEXT - 1, guest);
    err = err ? err : ph_onlooker_open(&guest->onlooker, &request);
    if (err)
        (void)ph_map_remove(&guest->shelf->guests, guest->token, PH_TOKEN_TEXT - 1);
    return err;
}

void ph_hls_guest_open(struct ph_hls_ask *ask)
{
    struct guest *guest = calloc(1, sizeof *guest);
    if (!guest) {
        ph_hls_refuse(ask, 503, "the server is out of memory");
        return;
    }
    guest->shelf = ask->shelf;
    guest->first = ask;
    ph_timer_init(&guest->idle, on_idle);
    if (ph_token_write(guest->token) && open_guest(guest, ask) == 0)
        return;
    free(guest);
    ph_hls_refuse(ask, 503, "there are too many viewers; try again later");
}

bool ph_hls_guest_admit(struct ph_hls_ask *ask)
{
    struct guest *guest = ph_map_get(&ask->shelf->guests, ask->token, PH_TOKEN_TEXT - 1);
    if (!guest) { /* a token is not told before it is good */
        ph_hls_refuse(ask, 403, "this address is no longer good; load the stream's .m3u8 again");
        return false;
    }
    touch(guest);
    ask->path = guest->onlooker.path;
    return true;
}

void ph_hls_guests_end(struct ph_hls_shelf *shelf)
{
    size_t at;
    for (void *guest; at = 0, ph_map_next(&shelf->guests, &at, &guest);) {
        struct guest *it = guest;
        if (it->first)
            ph_hls_refuse(it->first, 503, "the server stops");
        discard(it);
    }
}
