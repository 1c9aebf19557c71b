/* SPDX-License-Identifier: MIT */
/**
 * @file  The server's side of one RTMP connection: feed bytes, receive events, pull bytes.
 *
 *     while ((rc = rtmp_server_read(s, now_ms, p, n, &used, &event)) == 0) {
 *         p += used, n -= used;
 *         ... handle event, answer with rtmp_server_accept_connect() and friends ...
 *     }
 *     send what rtmp_server_output() holds, tell rtmp_server_sent() how much went out
 *     if (rc != RTMP_E_MORE) close after the output has been sent
 *
 * The session does the handshake, chunks, acknowledgements, pings, createStream and the harmless commands of old
 * encoders by itself. Three events want an answer: CONNECT, PUBLISH and PLAY, at once or at any later time; a CALL with
 * a transaction id wants one too. Until a CONNECT is answered the session takes no further message from its input: it
 * holds the bytes (rtmp_session_limits.hold) and delivers them by the reads after the answer; so after a late answer
 * call read once more, with 0 bytes if none came. Media on a stream whose PUBLISH is not accepted is dropped and
 * counted.
 *
 * Functions that write return 0, RTMP_E_MEMORY, RTMP_E_OUTPUT (the peer does not read), or RTMP_E_STATE where the call
 * does not fit; nothing is written then. Each appends whole messages to the output.
 *
 * Source  docs/wire.md 2.5, 3, 5.
 * Owner   create gives the session to the caller; all arguments are lent for the call unless said otherwise.
 * Thread  One thread at a time.
 * Since   0.1
 */
#ifndef RTMPWIRE_SERVER_H
#define RTMPWIRE_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rtmpwire/alloc.h>
#include <rtmpwire/command.h>
#include <rtmpwire/error.h>
#include <rtmpwire/event.h>
#include <rtmpwire/handshake.h>
#include <rtmpwire/session.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rtmp_server;
struct rtmp_value;

struct rtmp_server_config {
    const struct rtmp_allocator *allocator; /**< needed; copied, its user pointer lent for the life of the session */
    const struct rtmp_random *random;       /**< needed; copied, its user pointer lent for the life of the session */
    struct rtmp_session_limits limits;      /**< 0 in a field: its default */
    uint32_t chunk_size;                    /**< announced and used after accept_connect; 0: 60000 */
    uint32_t window;                        /**< acknowledgement window asked of the peer; 0: 2,500,000 */
};

/** Returns 0; RTMP_E_RANGE no allocator or random, or a chunk size above 0xFFFFFF; RTMP_E_MEMORY. */
RTMP_API RTMP_MUST_USE int rtmp_server_create(const struct rtmp_server_config *config, struct rtmp_server **server);

/** NULL is fine. */
RTMP_API void rtmp_server_destroy(struct rtmp_server *server);

/**
 * Take input up to the next event. Call again with the rest, even if that is empty, until it returns RTMP_E_MORE.
 *
 * now_ms  a clock of the caller that never goes back; modulo 2^32
 * data    lent until a read returns RTMP_E_MORE or an error: messages are handed out without a copy; NULL if empty
 * used    out: bytes consumed; set on every return
 * event   out: filled when 0 is returned; what it points at lives until the next read
 *
 * Returns 0 one event; RTMP_E_MORE all bytes are consumed and there is no event; else the session is over:
 * see rtmp_server_failure(), send the output, close. Further reads return the same code.
 */
RTMP_API RTMP_MUST_USE int rtmp_server_read(struct rtmp_server *server, uint32_t now_ms, const uint8_t *data,
                                            size_t length, size_t *used, struct rtmp_event *event);

/** Bytes for the peer, NULL and 0 if there are none; valid until the next call that writes, reads or sends. */
RTMP_API const uint8_t *rtmp_server_output(const struct rtmp_server *server, size_t *length);

/** The first `length` bytes of the output have been sent or copied; at most as many as there are. */
RTMP_API void rtmp_server_sent(struct rtmp_server *server, size_t length);

RTMP_API void rtmp_server_failure(const struct rtmp_server *server, struct rtmp_failure *failure);
RTMP_API void rtmp_server_stats(const struct rtmp_server *server, struct rtmp_session_stats *stats);

/** The size of the chunks written now; shared bytes cut to another size must not be sent on this connection. */
RTMP_API uint32_t rtmp_server_chunk_size(const struct rtmp_server *server);

/** What a client had to answer in "proof": RTMP_CHALLENGE_SIZE bytes, see proof.h; after the handshake. */
RTMP_API const uint8_t *rtmp_server_challenge(const struct rtmp_server *server);

struct rtmp_connect_reply {
    const char *description;                      /**< NULL: "Connection succeeded." */
    const char *fms_version;                      /**< NULL: "FMS/3,5,7,7009" */
    const struct rtmp_capabilities *capabilities; /**< Enhanced RTMP of this server, in both objects; NULL: none */
    const struct rtmp_value *properties;          /**< object: members added to the first object; NULL: none */
    const struct rtmp_value *info;                /**< object: members added to the info object; NULL: none */
};

/**
 * Answer CONNECT: window, bandwidth, chunk size, StreamBegin 0, _result. NULL reply: all defaults. All commands after
 * it are of type 17 if the client announced objectEncoding 3, else of type 20. RTMP_E_STATE.
 */
RTMP_API RTMP_MUST_USE int rtmp_server_accept_connect(struct rtmp_server *server,
                                                      const struct rtmp_connect_reply *reply);

struct rtmp_connect_refusal {
    const char *code;                     /**< NULL: "NetConnection.Connect.Rejected" */
    const char *description;              /**< NULL: "Connection refused." */
    const char *redirect;                 /**< another tcUrl: ex {code 302, redirect}; NULL: none */
    const struct rtmp_value *application; /**< the application's own value for the client; NULL: none */
};

/** Answer CONNECT with _error; then send the output and close. Reads consume and ignore what still comes. */
RTMP_API RTMP_MUST_USE int rtmp_server_refuse_connect(struct rtmp_server *server,
                                                      const struct rtmp_connect_refusal *refusal);

/** Answer PUBLISH: StreamBegin, NetStream.Publish.Start. RTMP_E_STATE no publish is waiting on this stream. */
RTMP_API RTMP_MUST_USE int rtmp_server_accept_publish(struct rtmp_server *server, uint32_t stream_id);

/** Answer PLAY: [StreamIsRecorded], StreamBegin, NetStream.Play.Reset if asked for, .Start; `details` is the name. */
RTMP_API RTMP_MUST_USE int rtmp_server_accept_play(struct rtmp_server *server, uint32_t stream_id, bool recorded);

/**
 * Send an onStatus. Level "error" on a stream with a waiting PUBLISH or PLAY is its refusal: the stream is idle again.
 *
 * stream_id  0 for the connection
 */
RTMP_API RTMP_MUST_USE int rtmp_server_status(struct rtmp_server *server, uint32_t stream_id,
                                              const struct rtmp_status *status);

/** Playing or publishing on this stream is over from our side: its state is idle again. Writes nothing. */
RTMP_API void rtmp_server_stream_idle(struct rtmp_server *server, uint32_t stream_id);

RTMP_API RTMP_MUST_USE int rtmp_server_stream_begin(struct rtmp_server *server, uint32_t stream_id);
RTMP_API RTMP_MUST_USE int rtmp_server_stream_eof(struct rtmp_server *server, uint32_t stream_id);

/** Send one message of type 8, 9, 18, 22 or 15. RTMP_E_RANGE another type, or more than 0xFFFFFF bytes. */
RTMP_API RTMP_MUST_USE int rtmp_server_media(struct rtmp_server *server, uint8_t type, uint32_t stream_id,
                                             uint32_t time_ms, const uint8_t *body, size_t length);

/** Send a data message made of a handler name and the elements of the strict array `arguments` (NULL: none). */
RTMP_API RTMP_MUST_USE int rtmp_server_data(struct rtmp_server *server, uint32_t stream_id, uint32_t time_ms,
                                            const char *name, const struct rtmp_value *arguments);

/** Send a shared object message, type 19 or 16. */
RTMP_API RTMP_MUST_USE int rtmp_server_shared_object(struct rtmp_server *server, uint8_t type, const uint8_t *body,
                                                     size_t length);

/**
 * Call a method of the client.
 *
 * transaction_id  0: no reply is wanted; else it comes back in RTMP_EVENT_RESULT
 * arguments       a strict array, or NULL
 */
RTMP_API RTMP_MUST_USE int rtmp_server_call(struct rtmp_server *server, const char *name, double transaction_id,
                                            const struct rtmp_value *arguments);

/** Answer a CALL or STREAM_LENGTH; id 0 writes nothing. value: NULL writes null. */
RTMP_API RTMP_MUST_USE int rtmp_server_reply_result(struct rtmp_server *server, double transaction_id,
                                                    const struct rtmp_value *value);

/** Answer a CALL with _error; id 0 writes nothing. status NULL: NetConnection.Call.Failed. */
RTMP_API RTMP_MUST_USE int rtmp_server_reply_error(struct rtmp_server *server, double transaction_id,
                                                   const struct rtmp_status *status);

/** Send a ping; RTMP_EVENT_PONG tells the round trip. */
RTMP_API RTMP_MUST_USE int rtmp_server_ping(struct rtmp_server *server, uint32_t now_ms);

/** Ask the client to move; only for peers with RTMP_CAPS_RECONNECT. tc_url, description: NULL leaves them out. */
RTMP_API RTMP_MUST_USE int rtmp_server_reconnect(struct rtmp_server *server, const char *tc_url,
                                                 const char *description);

/** Say goodbye: NetConnection.Connect.Closed (or `status`), then `close`; then send the output and close. */
RTMP_API RTMP_MUST_USE int rtmp_server_close(struct rtmp_server *server, const struct rtmp_status *status);

#ifdef __cplusplus
}
#endif
#endif
