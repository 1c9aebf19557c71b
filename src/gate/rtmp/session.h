/* SPDX-License-Identifier: MIT */
/**
 * @file  One RTMP connection: its life, and what the files of this folder share.
 *
 *     new -> connected -> ending -> (on_close) gone
 *      |  handshake and connect have absolute deadlines; then pings watch over it
 *      `-> ending: what is to be said is being sent, nothing is read any more
 *
 * session.c  reading, writing, timers, the end        events.c   what the client says, and its price
 * connect.c  the connect command, who may             login.c    user and password
 * publish.c  a stream that comes in                   play.c     a stream that goes out
 * ingest.c   its messages become units of the log     form.c     how the stream's log is written
 * tracks.c   what a publisher sends, for the log      via.c      the servers it has come through
 * nonce.c    what handshakes are filled with
 * shared.c   shared objects on the wire
 * seating.c  its seat in an application
 *
 * Owner   A session belongs to its connection: made in ph_rtmp_open(), freed in on_close.
 * Thread  The worker of the connection.
 */
#ifndef PH_GATE_RTMP_SESSION_H
#define PH_GATE_RTMP_SESSION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rtmpwire/server.h>

#include "app/access.h"
#include "app/newest.h"
#include "app/seat.h"
#include "base/list.h"
#include "base/rate.h"
#include "gate/rtmp/login.h"
#include "gate/rtmp/rtmp.h"
#include "media/outlet.h"
#include "media/path.h"
#include "net/conn.h"
#include "net/loop.h"
#include "net/timer.h"

struct ph_application;
struct ph_log;
struct ph_theatre;
struct ph_publisher;
struct ph_viewer;
struct publishing; /* publish.c */

enum { CLIENT_NAME = 64 };

/* The sessions of one worker. */
struct home {
    struct ph_rtmp *gate;
    struct ph_loop *loop;
    struct ph_list sessions;   /* list of struct session::link */
    struct ph_list unsent;     /* list of struct session::unsent */
    struct ph_deferred flush;  /* sends what these have to say, at the end of the turn */
    struct rtmp_arena scratch; /* for one event */
    struct ph_mail drain;
    bool draining;
};

struct ph_rtmp {
    struct ph_rtmp_options options;
    struct login_desk *desk;
    atomic_uint n_sessions;
    unsigned n_homes;
    struct home homes[];
};

/* One message stream that does something, or for which the client has said what it will want. */
struct stream {
    struct ph_list link;
    struct session *session;
    uint32_t id;
    uint64_t since_us;
    struct ph_path path;
    uint32_t ticket;         /* the application thinks about it; 0: nobody does */
    enum ph_seat_verb asked; /* what it thinks about */

    struct publishing *publishing; /* NULL: does not publish */

    struct ph_viewer *viewer; /* NULL: does not play */
    bool was_joined, is_absent, is_paused;
    bool no_audio, no_video;
};

struct session {
    struct ph_rtmp *gate;
    struct home *home;
    struct ph_conn *conn;
    struct rtmp_server *rtmp;
    struct ph_outlet outlet;
    struct ph_newest newest; /* calls that wait until there is room */
    struct ph_list link;
    struct ph_list streams; /* list of struct stream::link */
    struct ph_list unsent;  /* in home->unsent while it has something to say */

    struct ph_timer watch;       /* before connect its deadlines, then pings, while ending the last moment */
    struct ph_timer pause;       /* reading goes on when it fires */
    struct ph_deferred teardown; /* of the streams of a session that ends: whoever ended it may be using one */
    struct ph_rate *lacking;     /* what it lacks a token of meanwhile, or NULL */
    struct ph_rate verbs, calls, controls;
    bool is_paused;
    bool is_held;   /* its seat is full: nothing is read until it is not */
    bool is_probed; /* somebody waits for one of our streams: any byte is a sign of life */
    bool is_pinged; /* and has not said anything since */
    bool is_ending;
    bool said_bye;     /* it ended its last stream: the connection may go as it likes */
    bool takes_tracks; /* the client knows multitrack */
    uint64_t heard;    /* bytes received when the watch looked last */

    const char *reason;               /* for the log; static storage, or `words` */
    const struct ph_application *app; /* NULL before connect */

    struct ph_seat *seat;                /* NULL: its application is media alone */
    const struct ph_application *wanted; /* the seat's */
    enum ph_parcel_form form;
    uint32_t last_ticket;
    bool is_enhanced; /* the client speaks Enhanced RTMP */
    bool is_kin;      /* a server that works together with this one: it only plays */

    char *app_path;            /* "live/room" */
    char *key;                 /* shown at connect; NULL: none */
    char *via;                 /* servers it stands for; NULL: none */
    struct shown_login *login; /* shown at connect; NULL: none */
    struct stream *denied;     /* is told so when `pause` fires */
    char client[CLIENT_NAME];  /* what it calls itself */
};

/* session.c */

struct ph_log *session_log(const struct session *session);

/* "10.0.0.7:53122, OBS 31" */
enum { SESSION_PEER = PH_ADDRESS_TEXT + 4 * CLIENT_NAME + 4 };
void session_peer(const struct session *session, char text[SESSION_PEER]);

/* Move what the protocol has to say into the outlet; it goes out with the next flush. */
void session_collect(struct session *session);

/* Collect and send. */
void session_flush(struct session *session);

/* home->flush */
void session_flush_all(struct ph_deferred *deferred);

/* The same at the end of this turn, once for all that is said until then. */
void session_flush_soon(struct session *session);

/* Whole messages, behind what was collected. */
void session_put(struct session *session, const uint8_t *bytes, size_t length);

/* A function of rtmp_server_*() has written, or has not: then the session ends. */
void session_wrote(struct session *session, int rc);

/* Send what is to be said, then close. The first reason counts. `why` is static. */
void session_end(struct session *session, enum ph_close close, const char *why);

/* Stop reading for so long. */
void session_pause(struct session *session, uint64_t us);

/* Read on, unless something else speaks against it. */
void session_go_on(struct session *session);

/* End all streams; `why` for the log. */
void session_end_streams(struct session *session, const char *why);

/* The stream with this id, NULL: none; session_stream_make() makes it then, and is NULL out of memory only. */
struct stream *session_stream(struct session *session, uint32_t id);
struct stream *session_stream_make(struct session *session, uint32_t id);

/* End what it does, tell the log, free it. `why` for the log. */
void session_stream_drop(struct stream *stream, const char *why);

/* A status on a stream; it goes out with the next flush. */
void session_status(struct session *session, uint32_t stream_id, const char *level, const char *code,
                    const char *description, const char *details);

/* events.c */

void events_handle(struct session *session, const struct rtmp_event *event);

/* connect.c */

void session_on_connect(struct session *session, const struct rtmp_event_connect *connect);

/* Connect is granted; `info`: an object for the client, or NULL. */
void session_welcome(struct session *session, const struct rtmp_value *info);

/* May it publish this? `query` is that of the stream's name. */
enum ph_access_verdict session_may_publish(const struct session *session, const char *path, struct rtmp_text query);

/* seating.c */

/* Ask the application for a seat; welcome or refusal follow. Returns 0; -ENOMEM. */
int seating_open(struct session *session, const struct ph_application *app, const struct rtmp_event_connect *connect);

void seating_call(struct session *session, const struct rtmp_event_call *call);
void seating_reply(struct session *session, const struct rtmp_event_result *result);

/* shared.c: shared objects; seating.c tells of reports */
void shared_on_message(struct session *session, const struct rtmp_event_shared_object *message);
void shared_on_report(struct session *session, const struct ph_shared_report *report);

/* Whether a method or stream may be called so. */
bool seating_is_name(struct rtmp_text name);

/* May the stream publish or play? publish_granted() or play_granted() follow, or a refusal is said. */
void seating_ask(struct stream *stream, enum ph_seat_verb verb, struct rtmp_text query);
void stream_granted(struct stream *stream, const char *name);

/* Its publisher sent a data message. */
void seating_data(struct stream *stream, const struct rtmp_event_data *data);

/* What was granted is over. */
void seating_over(struct stream *stream, enum ph_seat_verb verb);

/* publish.c */

void publish_granted(struct stream *stream);

void publish_on_publish(struct session *session, uint32_t stream_id, const struct rtmp_event_publish *publish);
void publish_on_media(struct stream *stream, const struct rtmp_event *event);
void publish_deny(struct stream *stream);
void publish_show_life(struct stream *stream);

/* Close it; `why` for the log. */
void publish_close(struct stream *stream, const char *why);

/* play.c */

void play_granted(struct stream *stream);
void play_on_play(struct session *session, uint32_t stream_id, const struct rtmp_event_play *play);
void play_on_pause(struct stream *stream, enum rtmp_pause pause);
void play_on_seek(struct stream *stream);
void play_on_receive(struct stream *stream, bool video, bool on);
void play_close(struct stream *stream, const char *why);

#endif
