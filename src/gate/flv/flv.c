/* SPDX-License-Identifier: MIT */
/*
 * A viewer's life:
 *
 *     seated   its application decides (only where it is more than media)
 *     waiting  for the stream to be there, as long as it said
 *     playing  the exchange is over, if it had one: the connection is ours
 */
#include "gate/flv/flv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rtmpwire/arena.h>
#include <rtmpwire/flv.h>

#include "app/app.h"
#include "app/letter.h"
#include "app/onlooker.h"
#include "app/query.h"
#include "app/theatre.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/text.h"
#include "gate/flv/form.h"
#include "media/outlet.h"
#include "media/viewer.h"
#include "net/conn.h"

enum { ENDING = 4, QUERY_BYTES = 16 * 1024, HEAD_TEXT = 1024 };

static const char type[] = "video/x-flv";

struct watcher {
    const struct ph_flv_gate *gate;
    const struct ph_application *app;
    struct ph_conn *conn;
    struct ph_exchange *exchange; /* NULL: nothing is to be answered any more, or it is a WebSocket */
    struct ph_onlooker onlooker;  /* open where an application decides */
    struct ph_viewer *viewer;
    struct ph_outlet outlet;
    struct ph_timer patience; /* how long it waits for a publisher */
    struct ph_deferred step;  /* what an event of the viewer leads to: it may not be freed inside one */
    struct ph_path path;
    const char *reason; /* for the log */
    uint64_t since_us;
    uint32_t wait_s;
    bool no_audio, no_video, all_tracks;
    bool is_there, is_absent; /* the stream, before it plays */
    bool is_playing, is_ending;
};

/* The end */

static void describe(const struct watcher *watcher, char text[PH_ADDRESS_TEXT + 16])
{
    struct ph_text out;
    char peer[PH_ADDRESS_TEXT];
    bool is_socket = strcmp(ph_conn_carrier(watcher->conn), "websocket") == 0;
    ph_address_text(ph_conn_peer(watcher->conn), peer);
    ph_text_init(&out, text, PH_ADDRESS_TEXT + 16);
    ph_text_add(&out, "%s, %s", peer, is_socket ? "ws-flv" : "http-flv");
}

static void log_end(const struct watcher *watcher)
{
    char words[256], peer[PH_ADDRESS_TEXT + 16];
    struct ph_text text;
    ph_text_init(&text, words, sizeof words);
    ph_text_add(&text, "%s after ", watcher->reason ? watcher->reason : "player left");
    ph_text_add_duration(&text, ph_loop_now(ph_conn_loop(watcher->conn)) - watcher->since_us);
    ph_text_add(&text, ", ");
    ph_viewer_say_totals(watcher->viewer, &text);
    describe(watcher, peer);
    ph_log_event(watcher->gate->log, "closed", watcher->path.text, "%s (%s)", words, peer);
}

/* Everything but the connection. */
static void discard(struct watcher *watcher)
{
    if (watcher->is_playing)
        log_end(watcher);
    ph_timer_stop(ph_conn_loop(watcher->conn), &watcher->patience);
    ph_deferred_cancel(&watcher->step);
    ph_viewer_close(watcher->viewer);
    ph_onlooker_close(&watcher->onlooker);
    ph_outlet_finish(&watcher->outlet);
    free(watcher);
}

/* No before it plays: an answer, or the end of the WebSocket. */
static void refuse(struct watcher *watcher, unsigned status, const char *why)
{
    struct ph_exchange *exchange = watcher->exchange;
    if (!exchange) {
        watcher->reason = why;
        ph_conn_close(watcher->conn, PH_CLOSE_REFUSED); /* on_close discards */
        return;
    }
    discard(watcher);
    ph_exchange_refuse(exchange, status, why);
}

/* Send what is under way, then close. */
static void end_soon(struct watcher *watcher, const char *reason)
{
    if (watcher->is_ending)
        return;
    watcher->is_ending = true;
    watcher->reason = reason;
    ph_timer_stop(ph_conn_loop(watcher->conn), &watcher->patience);
    ph_timer_start(ph_conn_loop(watcher->conn), &watcher->patience, PH_LIMIT_HTTP_SEND_MS * UINT64_C(1000));
    ph_loop_defer(ph_conn_loop(watcher->conn), &watcher->step);
}

static void on_patience(struct ph_timer *timer)
{
    struct watcher *watcher = ph_container_of(timer, struct watcher, patience);
    if (watcher->is_ending)
        ph_conn_close(watcher->conn, PH_CLOSE_STALLED);
    else
        refuse(watcher, 404, "nobody publishes this stream");
}

/* The connection, once it is ours */

static size_t on_read(void *user, const uint8_t *data, size_t length)
{
    (void)user, (void)data; /* a player has nothing to say */
    return length;
}

static void on_writable(void *user)
{
    struct watcher *watcher = user;
    (void)!ph_outlet_pump(&watcher->outlet); /* the viewer is told of errors */
    if (watcher->is_ending)
        ph_loop_defer(ph_conn_loop(watcher->conn), &watcher->step);
}

static void on_close(void *user, enum ph_close reason)
{
    struct watcher *watcher = user;
    if (!watcher->reason)
        watcher->reason = reason == PH_CLOSE_PEER ? "player left" : ph_close_text(reason);
    discard(watcher);
}

static void about(void *user, struct ph_conn_about *told)
{
    const struct watcher *watcher = user;
    *told = (struct ph_conn_about){.protocol = "flv", .path = watcher->path.text, .n_playing = watcher->is_playing};
}

static void take_connection(struct watcher *watcher)
{
    static const struct ph_conn_handler handler = {
        .on_read = on_read, .on_writable = on_writable, .on_close = on_close, .about = about};
    ph_conn_handle(watcher->conn, &handler, watcher);
}

static void on_gone(void *user) { discard(user); }

/* The stream */

static void add_cors(const struct watcher *watcher, char *fields, size_t size)
{
    struct ph_text text;
    ph_text_init(&text, fields, size);
    if (watcher->gate->cors[0])
        ph_text_add(&text, "Access-Control-Allow-Origin: %s\r\n", watcher->gate->cors);
}

/* Understated flags are mended by the first tag; overstated ones make mpegts.js wait for ever. */
static int put_file_header(struct watcher *watcher)
{
    uint8_t header[RTMP_FLV_HEADER_SIZE];
    size_t written;
    unsigned kinds = ph_viewer_kinds(watcher->viewer);
    bool audio = kinds & 1U << PH_AUDIO, video = kinds & 1U << PH_VIDEO, unknown = !audio && !video;
    int err = rtmp_flv_header_write((audio || unknown) && !watcher->no_audio, (video || unknown) && !watcher->no_video,
                                    header, sizeof header, &written);
    return err ? err : ph_outlet_put(&watcher->outlet, header, written);
}

static int put_head(struct watcher *watcher)
{
    char words[HEAD_TEXT], fields[HEAD_TEXT / 2];
    struct ph_text text;
    if (!watcher->exchange)
        return 0;
    add_cors(watcher, fields, sizeof fields);
    ph_text_init(&text, words, sizeof words);
    ph_http_stream_head(&text, type, fields);
    return ph_outlet_put(&watcher->outlet, words, strlen(words));
}

static void begin(struct watcher *watcher)
{
    char peer[PH_ADDRESS_TEXT + 16];
    bool failed = put_head(watcher) || put_file_header(watcher);
    if (watcher->exchange) {
        (void)ph_exchange_take(watcher->exchange);
        watcher->exchange = NULL;
        take_connection(watcher);
    }
    ph_timer_stop(ph_conn_loop(watcher->conn), &watcher->patience);
    watcher->is_playing = true;
    watcher->since_us = ph_loop_now(ph_conn_loop(watcher->conn));
    ph_conn_authorise(watcher->conn);
    describe(watcher, peer);
    ph_log_event(watcher->gate->log, "playing", watcher->path.text, "%s", peer);
    if (failed)
        ph_conn_close(watcher->conn, PH_CLOSE_MEMORY);
}

static void on_joined(void *user, bool again)
{
    struct watcher *watcher = user;
    (void)again;
    watcher->is_there = true;
    if (watcher->exchange && ph_exchange_is_head(watcher->exchange)) {
        ph_viewer_close(watcher->viewer); /* that it is there is all that was asked */
        watcher->viewer = NULL;
        ph_loop_defer(ph_conn_loop(watcher->conn), &watcher->step);
    } else if (!watcher->is_playing) {
        begin(watcher);
    }
}

static void on_absent(void *user)
{
    struct watcher *watcher = user;
    if (watcher->is_playing) {
        end_soon(watcher, "the stream has ended");
    } else if (watcher->wait_s == 0) {
        watcher->is_absent = true;
        ph_loop_defer(ph_conn_loop(watcher->conn), &watcher->step);
    } else if (!ph_timer_is_running(&watcher->patience)) {
        ph_timer_start(ph_conn_loop(watcher->conn), &watcher->patience, watcher->wait_s * UINT64_C(1000000));
    }
}

static void answer_head(struct watcher *watcher)
{
    struct ph_exchange *exchange = watcher->exchange;
    char fields[HEAD_TEXT / 2];
    add_cors(watcher, fields, sizeof fields);
    discard(watcher);
    ph_exchange_answer(exchange, &(struct ph_http_answer){.status = 200, .type = type, .fields = fields});
}

static void on_step(struct ph_deferred *deferred)
{
    struct watcher *watcher = ph_container_of(deferred, struct watcher, step);
    if (watcher->is_ending && ph_outlet_idle(&watcher->outlet))
        ph_conn_close(watcher->conn, PH_CLOSE_DONE);
    else if (watcher->is_there && watcher->exchange)
        answer_head(watcher);
    else if (watcher->is_absent && !watcher->is_playing)
        refuse(watcher, 404, "nobody publishes this stream");
}

static void on_lost(void *user, enum ph_viewer_lost why)
{
    struct watcher *watcher = user;
    if (why != PH_LOST_SOCKET)
        ph_conn_close(watcher->conn, why == PH_LOST_STALLED ? PH_CLOSE_STALLED : PH_CLOSE_MEMORY);
}

static void watch(struct watcher *watcher)
{
    static const struct ph_viewer_events events = {.joined = on_joined, .absent = on_absent, .lost = on_lost};
    struct ph_view_request request = {
        .path = watcher->path,
        .outlet = &watcher->outlet,
        .form = &ph_flv_form,
        .start = watcher->app->settings.start == PH_APP_START_NEXT ? PH_START_NEXT : PH_START_CACHED,
        .all_tracks = watcher->all_tracks,
        .lag_ms = (uint32_t)watcher->app->settings.lag_ms,
        .events = &events,
        .user = watcher,
    };
    if (ph_viewer_open(watcher->gate->media, ph_conn_loop(watcher->conn), &request, &watcher->viewer)) {
        refuse(watcher, 503, "the server is out of memory");
        return;
    }
    if (watcher->no_audio)
        ph_viewer_receive(watcher->viewer, PH_AUDIO, false);
    if (watcher->no_video)
        ph_viewer_receive(watcher->viewer, PH_VIDEO, false);
}

/* The application decides */

static void on_ended(void *user, const struct ph_refusal *refusal)
{
    struct watcher *watcher = user;
    char words[PH_ONLOOKER_WORDS];
    if (watcher->is_playing || watcher->is_ending) {
        end_soon(watcher, "ended by the application");
        return;
    }
    unsigned status = ph_onlooker_refusal(refusal, words);
    refuse(watcher, status, watcher->exchange ? words : "refused by the application");
}

static void on_granted(void *user)
{
    struct watcher *watcher = user;
    watcher->path = watcher->onlooker.path;
    watch(watcher);
}

static int take_seat(struct watcher *watcher, struct rtmp_text query)
{
    static const struct ph_onlooker_events events = {.granted = on_granted, .ended = on_ended};
    char address[PH_ADDRESS_TEXT];
    ph_address_text(ph_conn_peer(watcher->conn), address);
    const struct ph_onlooker_request request = {.theatre = watcher->gate->theatre,
                                                .worker = ph_conn_loop(watcher->conn),
                                                .app = watcher->app,
                                                .path = &watcher->path,
                                                .query = query,
                                                .protocol = watcher->exchange ? "http-flv" : "ws-flv",
                                                .address = address,
                                                .events = &events,
                                                .user = watcher};
    return ph_onlooker_open(&watcher->onlooker, &request);
}

/* Requests */

static int read_query(struct watcher *watcher, struct rtmp_text query)
{
    struct rtmp_text wait = ph_query_find(query, "wait");
    uint64_t seconds = 0;
    watcher->no_audio = rtmp_text_is(ph_query_find(query, "audio"), "0");
    watcher->no_video = rtmp_text_is(ph_query_find(query, "video"), "0");
    watcher->all_tracks = rtmp_text_is(ph_query_find(query, "tracks"), "all");
    if (wait.data && (ph_text_u64_of(wait.data, wait.length, &seconds) || seconds > PH_FLV_WAIT_MAX_S))
        return -EINVAL;
    watcher->wait_s = (uint32_t)seconds;
    return 0;
}

/* What to say instead of the stream; 0: nothing, it goes on. */
static unsigned fault_of(struct watcher *watcher, const struct ph_http_head *head, const char **why)
{
    struct rtmp_text path = {head->path.data + 1, head->path.length - 1 - ENDING};
    const char *slash = memchr(path.data, '/', path.length);
    size_t app = slash ? (size_t)(slash - path.data) : 0;
    *why = "a stream's address is /APP/STREAM.flv";
    if (!slash || ph_path_join(path.data, app, slash + 1, path.length - app - 1, &watcher->path, why))
        return 404;
    watcher->app = ph_apps_find(watcher->gate->apps, path.data, path.length);
    *why = "there is no such application here";
    if (!watcher->app)
        return 404;
    int err = read_query(watcher, head->query);
    *why = "wait is a number of seconds, at most 60";
    return err ? 400 : 0;
}

static struct watcher *make(const struct ph_flv_gate *gate, struct ph_conn *conn)
{
    struct watcher *watcher = calloc(1, sizeof *watcher);
    if (!watcher)
        return NULL;
    watcher->gate = gate;
    watcher->conn = conn;
    ph_deferred_init(&watcher->step, on_step);
    ph_timer_init(&watcher->patience, on_patience);
    ph_outlet_init(&watcher->outlet, conn, PH_LIMIT_EVENT_QUEUE);
    return watcher;
}

static void start(struct watcher *watcher, struct rtmp_text query)
{
    struct ph_theatre *theatre = watcher->gate->theatre;
    if (!theatre || !ph_theatre_find(theatre, watcher->app))
        watch(watcher);
    else if (take_seat(watcher, query))
        refuse(watcher, 503, "the server is out of memory");
}

void ph_flv_answer(void *user, struct ph_exchange *exchange, const struct ph_request *request)
{
    const char *why = "the server is out of memory";
    struct watcher *watcher = make(user, ph_exchange_conn(exchange));
    unsigned fault = watcher ? fault_of(watcher, request->head, &why) : 503;
    if (fault) {
        if (watcher)
            discard(watcher);
        ph_exchange_refuse(exchange, fault, why);
        return;
    }
    watcher->exchange = exchange;
    ph_exchange_wait(exchange, on_gone, watcher);
    start(watcher, request->head->query);
}

int ph_flv_open(void *user, struct ph_conn *conn, const struct ph_upgrade *upgrade)
{
    const char *why;
    struct watcher *watcher = make(user, conn);
    unsigned fault = watcher ? fault_of(watcher, upgrade->head, &why) : 503;
    if (fault) {
        if (watcher)
            discard(watcher);
        return fault == 503 ? -ENOMEM : -ENOENT;
    }
    take_connection(watcher);
    start(watcher, upgrade->head->query);
    return 0;
}
