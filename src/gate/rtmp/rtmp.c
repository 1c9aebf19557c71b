/* SPDX-License-Identifier: MIT */
/* The gate as a whole: which sessions there are, on which worker. Their beginning is in session.c. */
#include "gate/rtmp/rtmp.h"

#include <errno.h>
#include <stdlib.h>

#include "app/letter.h"
#include "base/limits.h"
#include "gate/rtmp/session.h"

static void drain_home(struct ph_mail *mail)
{
    struct home *home = ph_container_of(mail, struct home, drain);
    static const struct rtmp_status stops = {.level = "error",
                                             .code = "NetConnection.Connect.AppShutdown",
                                             .description = "The server stops; come back in a moment."};
    home->draining = true;
    ph_list_for_each_safe(node, &home->sessions)
    {
        struct session *session = ph_list_entry(node, struct session, link);
        if (session->is_ending)
            continue;
        if (session->app)
            session_wrote(session, rtmp_server_close(session->rtmp, &stops));
        session_end(session, PH_CLOSE_STOP, "the server stops");
    }
}

int ph_rtmp_create(const struct ph_rtmp_options *options, struct ph_rtmp **gate)
{
    unsigned n = options->workers->n;
    struct ph_rtmp *made = calloc(1, sizeof *made + n * sizeof made->homes[0]);
    if (!made)
        return -ENOMEM;
    int err = login_desk_create(&made->desk);
    if (err) {
        free(made);
        return err;
    }
    made->options = *options;
    made->n_homes = n;
    for (unsigned i = 0; i < n; i++) {
        struct home *home = &made->homes[i];
        home->gate = made;
        home->loop = &options->workers->loop[i];
        home->drain.deliver = drain_home;
        ph_list_init(&home->sessions);
        ph_list_init(&home->unsent);
        ph_deferred_init(&home->flush, session_flush_all);
        rtmp_arena_init(&home->scratch, &ph_app_allocator, PH_LIMIT_AMF_BYTES);
    }
    *gate = made;
    return 0;
}

void ph_rtmp_destroy(struct ph_rtmp *gate)
{
    if (!gate)
        return;
    for (unsigned i = 0; i < gate->n_homes; i++) {
        ph_deferred_cancel(&gate->homes[i].flush);
        rtmp_arena_finish(&gate->homes[i].scratch);
    }
    login_desk_destroy(gate->desk);
    free(gate);
}

void ph_rtmp_drain(struct ph_rtmp *gate)
{
    for (unsigned i = 0; i < gate->n_homes; i++)
        ph_loop_post(gate->homes[i].loop, &gate->homes[i].drain);
}

unsigned ph_rtmp_n_sessions(const struct ph_rtmp *gate) { return atomic_load(&gate->n_sessions); }
