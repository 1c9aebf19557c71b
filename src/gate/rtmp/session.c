/* SPDX-License-Identifier: MIT */
#include "gate/rtmp/session.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rtmpwire/chunk.h>

#include "app/app.h"
#include "app/letter.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/text.h"
#include "gate/rtmp/nonce.h"
#include "media/publisher.h"

enum {
    HANDSHAKE_BYTES = 1 + 1536 + 1536, /* C0, C1, C2 */
    ENDING_MS = 5000,                  /* for the last words of a connection that does not read */
    BURST_SECONDS = 4,                 /* verbs and controls: an encoder sends a handful at once */
    SECOND_US = 1000000,
};

static uint64_t ms(uint32_t n) { return (uint64_t)n * 1000; }

static uint64_t now_of(const struct session *session) { return ph_loop_now(session->home->loop); }

struct ph_log *session_log(const struct session *session) { return session->gate->options.log; }

void session_peer(const struct session *session, char text[SESSION_PEER])
{
    char address[PH_ADDRESS_TEXT];
    struct ph_text out;
    ph_address_text(ph_conn_peer(session->conn), address);
    ph_text_init(&out, text, SESSION_PEER);
    ph_text_add(&out, "%s%s%s", address, session->client[0] ? ", " : "", session->client);
}

/* Streams */

struct stream *session_stream(struct session *session, uint32_t id)
{
    ph_list_for_each(node, &session->streams)
    {
        struct stream *stream = ph_list_entry(node, struct stream, link);
        if (stream->id == id)
            return stream;
    }
    return NULL;
}

/* Streams that only hold what was said before play are forgotten first: ids grow for ever. */
static void drop_quiet_streams(struct session *session)
{
    ph_list_for_each_safe(node, &session->streams)
    {
        struct stream *stream = ph_list_entry(node, struct stream, link);
        if (!stream->publishing && !stream->viewer)
            session_stream_drop(stream, "");
    }
}

struct stream *session_stream_make(struct session *session, uint32_t id)
{
    struct stream *stream = session_stream(session, id);
    session->said_bye = false;
    if (stream)
        return stream;
    size_t n = 0;
    ph_list_for_each(node, &session->streams) n++;
    if (n >= PH_LIMIT_MESSAGE_STREAMS)
        drop_quiet_streams(session);
    stream = calloc(1, sizeof *stream);
    if (!stream)
        return NULL;
    stream->session = session;
    stream->id = id;
    stream->since_us = now_of(session);
    ph_list_append(&session->streams, &stream->link);
    return stream;
}

void session_stream_drop(struct stream *stream, const char *why)
{
    if (stream->publishing)
        publish_close(stream, why);
    if (stream->viewer)
        play_close(stream, why);
    if (stream->session->denied == stream)
        stream->session->denied = NULL;
    ph_list_remove(&stream->link);
    free(stream);
}

void stream_granted(struct stream *stream, const char *name)
{
    struct session *session = stream->session;
    const char *why;
    struct ph_path path;
    if (ph_path_join(session->app_path, strlen(session->app_path), name, strlen(name), &path, &why) == 0)
        stream->path = path;
    if (stream->asked == PH_SEAT_PUBLISH)
        publish_granted(stream);
    else
        play_granted(stream);
}

void session_end_streams(struct session *session, const char *why)
{
    for (struct ph_list *node; (node = ph_list_first(&session->streams));)
        session_stream_drop(ph_list_entry(node, struct stream, link), why);
}

/* The way out */

static void lose_peer(struct session *session, int err)
{
    if (err == -ENOBUFS)
        session_end(session, PH_CLOSE_STALLED, "the peer does not read");
    else if (err == -ENOMEM)
        session_end(session, PH_CLOSE_MEMORY, "out of memory");
    /* else the connection is lost, and on_close comes when all that came in was read */
}

void session_collect(struct session *session)
{
    size_t length;
    const uint8_t *bytes = rtmp_server_output(session->rtmp, &length);
    if (length == 0)
        return;
    int err = ph_outlet_put(&session->outlet, bytes, length);
    rtmp_server_sent(session->rtmp, length);
    if (err)
        lose_peer(session, err);
}

void session_put(struct session *session, const uint8_t *bytes, size_t length)
{
    int err = ph_outlet_put(&session->outlet, bytes, length);
    if (err)
        lose_peer(session, err);
}

static void close_when_said(struct session *session)
{
    if (ph_outlet_idle(&session->outlet) || session->outlet.error)
        ph_conn_close(session->conn, PH_CLOSE_DONE);
}

void session_flush(struct session *session)
{
    session_collect(session);
    (void)ph_outlet_pump(&session->outlet); /* a lost connection says so itself, by on_close */
    if (session->is_ending)
        close_when_said(session);
}

void session_flush_soon(struct session *session)
{
    struct home *home = session->home;
    if (!ph_list_is_empty(&session->unsent))
        return;
    ph_list_append(&home->unsent, &session->unsent);
    ph_loop_defer(home->loop, &home->flush);
}

void session_flush_all(struct ph_deferred *deferred)
{
    struct home *home = ph_container_of(deferred, struct home, flush);
    for (struct ph_list *node; (node = ph_list_pop(&home->unsent));)
        session_flush(ph_list_entry(node, struct session, unsent));
}

void session_end(struct session *session, enum ph_close close, const char *why)
{
    if (session->is_ending)
        return;
    session->is_ending = true;
    session->reason = why;
    ph_loop_defer(session->home->loop, &session->teardown);
    ph_timer_stop(session->home->loop, &session->pause);
    ph_timer_start(session->home->loop, &session->watch, ms(ENDING_MS));
    if (close == PH_CLOSE_STALLED || close == PH_CLOSE_MEMORY)
        ph_conn_close(session->conn, close);
    else
        session_flush(session);
}

void session_wrote(struct session *session, int rc)
{
    if (rc == 0)
        return;
    if (rc == RTMP_E_OUTPUT)
        session_end(session, PH_CLOSE_STALLED, "the peer does not read");
    else if (rc == RTMP_E_MEMORY)
        session_end(session, PH_CLOSE_MEMORY, "out of memory");
    else
        assert(rc == RTMP_E_STATE); /* the client has gone on meanwhile */
}

void session_status(struct session *session, uint32_t stream_id, const char *level, const char *code,
                    const char *description, const char *details)
{
    struct rtmp_status status = {.level = level, .code = code, .description = description, .details = details};
    session_wrote(session, rtmp_server_status(session->rtmp, stream_id, &status));
}

/* The way in */

void session_pause(struct session *session, uint64_t us)
{
    session->is_paused = true;
    ph_timer_start(session->home->loop, &session->pause, us);
}

static void fail(struct session *session, int rc)
{
    struct rtmp_failure failure;
    char peer[SESSION_PEER];
    rtmp_server_failure(session->rtmp, &failure);
    session_peer(session, peer);
    ph_log_warning(session_log(session), session->app_path, "protocol broken at byte %llu: %s (%s)",
                   (unsigned long long)failure.offset, failure.rule, peer);
    session_end(session, rc == RTMP_E_MEMORY ? PH_CLOSE_MEMORY : PH_CLOSE_PROTOCOL,
                rc == RTMP_E_MEMORY ? "out of memory" : "the peer broke the protocol");
}

/* Returns how many of the bytes were used. */
static size_t read_events(struct session *session, const uint8_t *data, size_t length)
{
    uint32_t now_ms = (uint32_t)(now_of(session) / 1000);
    size_t done = 0;
    while (!session->is_ending && !session->is_paused && !session->is_held) {
        struct rtmp_event event;
        size_t used;
        int rc = rtmp_server_read(session->rtmp, now_ms, length ? data + done : NULL, length - done, &used, &event);
        done += used;
        if (rc == RTMP_E_MORE)
            break;
        if (rc) {
            fail(session, rc);
            break;
        }
        events_handle(session, &event);
    }
    return session->is_ending ? length : done;
}

void session_go_on(struct session *session)
{
    session->is_held = session->seat && ph_seat_is_full(session->seat);
    if (session->is_ending || session->is_paused || session->is_held)
        return;
    (void)read_events(session, NULL, 0); /* what the protocol has taken in already */
    session_flush(session);
    if (!session->is_ending)
        ph_conn_resume(session->conn);
}

static void show_life(struct session *session)
{
    session->is_probed = false;
    ph_list_for_each(node, &session->streams) publish_show_life(ph_list_entry(node, struct stream, link));
}

static size_t on_read(void *user, const uint8_t *data, size_t length)
{
    struct session *session = user;
    if (session->is_probed)
        show_life(session);
    if ((session->is_paused || session->is_held) && !session->is_ending)
        return 0;
    size_t used = read_events(session, data, length);
    session_flush(session);
    return used;
}

static void put_newest(void *user, const uint8_t *bytes, size_t length)
{
    session_put(user, bytes, length);
    session_flush_soon(user);
}

static void on_writable(void *user)
{
    struct session *session = user;
    session_flush(session);
    if (!ph_conn_is_blocked(session->conn) && !session->is_ending)
        ph_newest_give(&session->newest, put_newest, session);
}

/* The client said goodbye, or we did; else it may have been lost. */
static void leave_seat(struct session *session)
{
    ph_seat_close(session->seat, session->reason ? PH_REASON_LEFT : PH_REASON_LOST);
    session->seat = NULL;
}

static void on_teardown(struct ph_deferred *deferred)
{
    struct session *session = ph_container_of(deferred, struct session, teardown);
    session_end_streams(session, session->reason);
    leave_seat(session);
}

/* Timers */

static void on_pause_over(struct ph_timer *timer)
{
    struct session *session = ph_container_of(timer, struct session, pause);
    session->is_paused = false;
    if (session->lacking && !ph_rate_take(session->lacking, now_of(session), 1)) {
        session_pause(session, ph_rate_wait_us(session->lacking, now_of(session), 1));
        return;
    }
    session->lacking = NULL;
    if (session->denied)
        publish_deny(session->denied);
    session_go_on(session);
}

/* Before connect: two absolute deadlines, so that drips do not help. */
static void watch_arrival(struct session *session)
{
    const struct ph_rtmp_options *options = &session->gate->options;
    uint64_t age_us = now_of(session) - ph_conn_born_us(session->conn);
    bool is_greeted = ph_conn_bytes_in(session->conn) >= HANDSHAKE_BYTES;
    if (!is_greeted && age_us >= ms(options->handshake_ms)) {
        session_end(session, PH_CLOSE_TIMEOUT, "no handshake in time");
    } else if (age_us >= ms(options->connect_ms)) {
        session_end(session, PH_CLOSE_TIMEOUT, "no connect in time");
    } else {
        bool by_connect = is_greeted || options->connect_ms < options->handshake_ms;
        uint64_t deadline_us = ms(by_connect ? options->connect_ms : options->handshake_ms);
        ph_timer_start(session->home->loop, &session->watch, deadline_us - age_us);
    }
}

static void watch_life(struct session *session)
{
    const struct ph_rtmp_options *options = &session->gate->options;
    uint64_t heard = ph_conn_bytes_in(session->conn);
    bool was_silent = heard == session->heard;
    session->heard = heard;
    if (was_silent && session->is_pinged) {
        session_end(session, PH_CLOSE_TIMEOUT, "no answer to a ping");
        return;
    }
    session->is_pinged = was_silent;
    ph_timer_start(session->home->loop, &session->watch, ms(was_silent ? options->pong_ms : options->ping_ms));
    if (was_silent) {
        session_wrote(session, rtmp_server_ping(session->rtmp, (uint32_t)(now_of(session) / 1000)));
        session_flush(session);
    }
}

static void on_watch(struct ph_timer *timer)
{
    struct session *session = ph_container_of(timer, struct session, watch);
    uint64_t blocked_us = ph_conn_blocked_since_us(session->conn);
    if (session->is_ending)
        ph_conn_close(session->conn, PH_CLOSE_STALLED);
    else if (blocked_us && now_of(session) - blocked_us > ms(PH_LIMIT_WRITE_STALL_MS))
        session_end(session, PH_CLOSE_STALLED, "the peer does not read");
    else if (session->app)
        watch_life(session);
    else
        watch_arrival(session);
}

/* Beginning and end */

_Static_assert((int)RTMP_CHUNK_SIZE_MAX == (int)PH_LIMIT_CHUNK_MAX, "one ceiling for chunk sizes");

static int make_protocol(struct session *session)
{
    struct rtmp_server_config config = {
        .allocator = &ph_app_allocator,
        .random = &ph_rtmp_nonce,
        .chunk_size = PH_LIMIT_CHUNK_OUT,
        .limits = {.chunk_size_min = PH_LIMIT_CHUNK_MIN,
                   .chunk_streams = PH_LIMIT_CHUNK_STREAMS,
                   .message_streams = PH_LIMIT_MESSAGE_STREAMS,
                   .message_before = PH_LIMIT_MESSAGE_FIRST,
                   .message_command = PH_LIMIT_MESSAGE_COMMAND,
                   .message_media = session->gate->options.message_bytes,
                   .partial_before = PH_LIMIT_PARTIAL_FIRST,
                   .partial = PH_LIMIT_PARTIAL,
                   .hold = PH_LIMIT_HOLD_BYTES,
                   .output = PH_LIMIT_EVENT_QUEUE,
                   .amf_depth = PH_LIMIT_AMF_DEPTH,
                   .amf_nodes = PH_LIMIT_AMF_NODES,
                   .amf_bytes = PH_LIMIT_AMF_BYTES,
                   .oddities = PH_LIMIT_ODDITIES},
    };
    return rtmp_server_create(&config, &session->rtmp) ? -ENOMEM : 0;
}

static void log_end(const struct session *session, enum ph_close reason)
{
    char peer[SESSION_PEER], words[160];
    struct ph_text text;
    session_peer(session, peer);
    ph_text_init(&text, words, sizeof words);
    ph_text_add(&text, "%s after ", session->reason ? session->reason : ph_close_text(reason));
    ph_text_add_duration(&text, now_of(session) - ph_conn_born_us(session->conn));
    ph_text_add(&text, ", ");
    ph_text_add_amount(&text, ph_conn_bytes_in(session->conn));
    ph_text_add(&text, " in, ");
    ph_text_add_amount(&text, ph_conn_bytes_out(session->conn));
    ph_text_add(&text, " out");
    ph_log_event(session_log(session), "closed", session->app_path, "%s (%s)", words, peer);
}

/* Nothing is going on that a broken connection could interrupt. The goodbye of a player that was told of its stream's
 * end may never arrive: its kernel throws it away when it leaves without having read everything. */
static bool is_done(const struct session *session)
{
    bool was_told = session->said_bye;
    ph_list_for_each(node, &session->streams)
    {
        const struct stream *stream = ph_list_entry(node, struct stream, link);
        bool has_ended = stream->viewer && stream->was_joined && stream->is_absent;
        if (stream->publishing || (stream->viewer && !has_ended))
            return false;
        was_told |= has_ended;
    }
    return was_told;
}

static void on_close(void *user, enum ph_close reason)
{
    struct session *session = user;
    if (reason == PH_CLOSE_LOST && is_done(session))
        reason = PH_CLOSE_PEER;
    session_end_streams(session, session->reason ? session->reason : ph_close_text(reason));
    leave_seat(session);
    log_end(session, reason);
    ph_deferred_cancel(&session->teardown);
    ph_timer_stop(session->home->loop, &session->watch);
    ph_timer_stop(session->home->loop, &session->pause);
    ph_outlet_finish(&session->outlet);
    ph_newest_finish(&session->newest);
    rtmp_server_destroy(session->rtmp);
    ph_list_remove(&session->link);
    ph_list_remove(&session->unsent);
    atomic_fetch_sub(&session->gate->n_sessions, 1);
    login_free(session->login);
    if (session->key)
        explicit_bzero(session->key, strlen(session->key));
    free(session->key);
    free(session->via);
    free(session->app_path);
    free(session);
}

static void about(void *user, struct ph_conn_about *told)
{
    const struct session *session = user;
    *told = (struct ph_conn_about){.protocol = "rtmp", .path = session->app_path, .client = session->client};
    ph_list_for_each(node, &session->streams)
    {
        const struct stream *stream = ph_list_entry(node, struct stream, link);
        told->n_publishing += stream->publishing != NULL;
        told->n_playing += stream->viewer != NULL;
    }
}

int ph_rtmp_open(void *user, struct ph_conn *conn)
{
    static const struct ph_conn_handler handler = {
        .on_read = on_read, .on_writable = on_writable, .on_close = on_close, .about = about};
    struct ph_rtmp *gate = user;
    struct home *home = &gate->homes[ph_conn_loop(conn)->index];
    if (home->draining)
        return -ESHUTDOWN;
    struct session *session = calloc(1, sizeof *session);
    if (!session)
        return -ENOMEM;
    session->gate = gate;
    session->home = home;
    session->conn = conn;
    int err = make_protocol(session);
    if (err) {
        free(session);
        return err;
    }
    ph_outlet_init(&session->outlet, conn, PH_LIMIT_EVENT_QUEUE);
    ph_newest_init(&session->newest);
    ph_list_init(&session->streams);
    ph_list_init(&session->unsent);
    ph_list_append(&home->sessions, &session->link);
    ph_deferred_init(&session->teardown, on_teardown);
    ph_timer_init(&session->watch, on_watch);
    ph_timer_init(&session->pause, on_pause_over);
    ph_rate_init(&session->verbs, PH_LIMIT_VERBS_RATE, PH_LIMIT_VERBS_RATE * BURST_SECONDS);
    ph_rate_init(&session->calls, PH_LIMIT_CALLS_RATE, PH_LIMIT_CALLS_BURST);
    ph_rate_init(&session->controls, PH_LIMIT_CONTROLS_RATE, PH_LIMIT_CONTROLS_RATE * BURST_SECONDS);
    atomic_fetch_add(&gate->n_sessions, 1);
    ph_conn_handle(conn, &handler, session);
    watch_arrival(session);
    return 0;
}
