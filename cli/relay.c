/* SPDX-License-Identifier: MIT */
/*
 * playhouse relay: a stream from one server to another, by the server's own relay: a pull and a push on a log without
 * viewers. A slow target skips, a lost one is called again; the first failure of all ends it, for then the command is
 * wrong.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "cli/tool.h"
#include "gate/relay/relay.h"
#include "gate/rtmp/via.h"
#include "media/media.h"
#include "net/loop.h"
#include "net/tls.h"

enum { FIRST_MEDIA_MS = 15000, TICK_US = 250000, GOODBYE_TURNS = 20 };

#define STREAM "relay/stream" /* its name here: nobody sees it */

/* Everything that carries a stream, and nothing else of a server. */
struct node {
    struct ph_log *log;
    struct ph_loops *loops;
    struct ph_loop *worker;
    struct ph_media *media;
    struct ph_tls_trust *trust;
    struct ph_relay *relay;
    char name[PH_VIA_NODE];
};

static void close_node(struct node *node)
{
    if (node->loops)
        ph_loops_stop(node->loops);
    ph_relay_destroy(node->relay);
    ph_media_destroy(node->media);
    ph_loops_destroy(node->loops);
    ph_tls_trust_destroy(node->trust);
    ph_log_destroy(node->log);
}

static int make_node(struct node *node)
{
    const struct ph_log_options log = {.level = PH_LOG_INFO, .descriptor = 2};
    int err = ph_log_create(&log, &node->log);
    const struct ph_loops_options loops = {.n = 1, .name = "relay", .log = node->log};
    err = err ? err : ph_via_name(node->name);
    err = err ? err : ph_tls_trust_create("", &node->trust);
    err = err ? err : ph_loops_create(&loops, &node->loops);
    if (err)
        return err;
    node->worker = &node->loops->loop[0];
    const struct ph_media_config media = {.workers = &node->worker, .n_workers = 1, .log = node->log};
    err = ph_media_create(&media, &node->media);
    const struct ph_relay_options relay = {.workers = node->loops,
                                           .media = node->media,
                                           .trust = node->trust,
                                           .log = node->log,
                                           .node = node->name,
                                           .first_media_ms = FIRST_MEDIA_MS};
    return err ? err : ph_relay_create(&relay, &node->relay);
}

static int add(struct node *node, const char *name, enum ph_relay_kind kind, char *url)
{
    char fault[PH_RELAY_FAULT] = "out of memory", stream[] = STREAM;
    const struct ph_relay_settings settings = {.stream = stream, .url = url, .enabled = true, .always = true};
    int err = ph_relay_add(node->relay, name, kind, &settings, fault);
    if (err)
        fprintf(stderr, "playhouse relay: %s: %s\n", url, fault);
    return err ? 2 : 0;
}

/* Watching it */

struct relay {
    struct node node;
    struct ph_timer tick;
    struct ph_relay_request request;
    bool is_asking, has_failed;
    bool carries[2], has_carried[2]; /* from, to */
    uint64_t bytes;
    char error[PH_RELAY_FAULT];
};

static volatile sig_atomic_t is_interrupted;

static void interrupt(int which)
{
    (void)which;
    is_interrupted = 1;
}

static void on_leg(struct ph_relay_request *request, const struct ph_relay_leg_row *row)
{
    struct relay *relay = ph_container_of(request, struct relay, request);
    bool is_push = strcmp(row->rule, "to") == 0;
    relay->carries[is_push] = strcmp(row->state, "carrying") == 0;
    relay->has_carried[is_push] |= relay->carries[is_push];
    if (is_push)
        relay->bytes = row->bytes;
    if (relay->has_carried[is_push] || !row->error[0] || relay->has_failed)
        return;
    relay->has_failed = true;
    ph_text_copy(relay->error, sizeof relay->error, row->error);
}

static void on_looked(struct ph_relay_request *request)
{
    struct relay *relay = ph_container_of(request, struct relay, request);
    relay->is_asking = false;
}

static void on_tick(struct ph_timer *timer)
{
    struct relay *relay = ph_container_of(timer, struct relay, tick);
    ph_timer_start(relay->node.worker, timer, TICK_US);
    if (relay->is_asking)
        return;
    relay->is_asking = true;
    relay->request = (struct ph_relay_request){
        .order = PH_RELAY_LOOK, .home = relay->node.worker, .leg = on_leg, .done = on_looked};
    ph_relay_ask(relay->node.relay, &relay->request);
}

/* Until somebody asks for the end, or it fails before it ever stood. */
static void run(struct relay *relay)
{
    struct ph_loop *loop = relay->node.worker;
    ph_timer_init(&relay->tick, on_tick);
    ph_timer_start(loop, &relay->tick, TICK_US);
    while (!is_interrupted && !relay->has_failed)
        ph_loop_turn(loop, true);
    while (relay->is_asking)
        ph_loop_turn(loop, true);
    ph_timer_stop(loop, &relay->tick);
    ph_relay_drain(relay->node.relay);
    for (int i = 0; i < GOODBYE_TURNS; i++)
        ph_loop_turn(loop, false);
}

static int tell(const struct relay *relay)
{
    char words[64];
    struct ph_text text;
    if (relay->has_failed) {
        fprintf(stderr, "playhouse relay: %s\n", relay->error);
        return 1;
    }
    ph_text_init(&text, words, sizeof words);
    ph_text_add_amount(&text, relay->bytes);
    fprintf(stderr, "playhouse relay: %s were carried\n", words);
    return 0;
}

int cli_relay(int argc, char **argv)
{
    const struct sigaction stop = {.sa_handler = interrupt}, ignore = {.sa_handler = SIG_IGN};
    if (argc != 2) {
        fputs("usage: playhouse relay rtmp://HOST[:PORT]/APP/STREAM rtmp://HOST[:PORT]/APP/STREAM[?key=KEY]\n", stderr);
        return 2;
    }
    struct relay *relay = calloc(1, sizeof *relay);
    if (!relay || make_node(&relay->node)) {
        fputs("playhouse relay: out of memory\n", stderr);
        if (relay)
            close_node(&relay->node);
        free(relay);
        return 1;
    }
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
    int status = add(&relay->node, "from", PH_RELAY_PULL, argv[0]);
    status = status ? status : add(&relay->node, "to", PH_RELAY_PUSH, argv[1]);
    if (!status) {
        run(relay);
        status = tell(relay);
    }
    close_node(&relay->node);
    free(relay);
    return status;
}
