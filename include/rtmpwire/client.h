/* SPDX-License-Identifier: MIT */
/**
 * @file  The client's side of one RTMP connection: feed bytes, receive events, pull bytes.
 *
 * Used as the server's (see server.h): read until RTMP_E_MORE, send the output. It is there from the start: C0 and C1,
 * then by itself Set Chunk Size and connect. After CONNECTED call publish or play; after STREAM_READY and the STATUS
 * NetStream.Publish.Start send media on that stream. Acknowledgements and pings are handled inside.
 *
 * Functions that write return 0, RTMP_E_MEMORY, RTMP_E_OUTPUT (the peer does not read), or RTMP_E_STATE where the call
 * does not fit; nothing is written then.
 *
 * Source  docs/wire.md 2.5, 3, 5.
 * Owner   create gives the session to the caller; all arguments are lent for the call unless said otherwise.
 * Thread  One thread at a time.
 * Since   0.1
 */
#ifndef RTMPWIRE_CLIENT_H
#define RTMPWIRE_CLIENT_H

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

struct rtmp_client;
struct rtmp_value;

enum { RTMP_CLIENT_SECRET_MAX = 64 };

struct rtmp_client_config {
    const struct rtmp_allocator *allocator; /**< needed; copied, its user pointer lent for the life of the session */
    const struct rtmp_random *random;       /**< needed; as the allocator */
    struct rtmp_session_limits limits;      /**< 0 in a field: its default */
    enum rtmp_handshake_mode handshake;
    uint32_t chunk_size; /**< of what we send; 0: 4096 */
    uint32_t window;     /**< acknowledgement window asked of the server; 0: 2,500,000 */

    const char *app;    /**< needed: "live" */
    const char *tc_url; /**< needed: "rtmp://host/live" */
    const char *type;   /**< "nonprivate" from encoders; NULL leaves it out, as the next ones */
    const char *flash_ver;
    const char *swf_url;
    const char *page_url;
    double object_encoding;                       /**< 0, or 3 to announce that AMF3 is read */
    const struct rtmp_capabilities *capabilities; /**< Enhanced RTMP of this client; NULL: none */
    const struct rtmp_value *properties;          /**< object: members added to the connect object; NULL: none */
    const struct rtmp_value *arguments;           /**< strict array: arguments behind it; NULL: none */
    const void *secret;                           /**< to be proved as in proof.h; NULL: none */
    size_t secret_length;                         /**< at most RTMP_CLIENT_SECRET_MAX */
};

/** The whole config is lent for this call. Returns 0; RTMP_E_RANGE something needed is missing, or the secret is
 * too long; RTMP_E_MEMORY. */
RTMP_API RTMP_MUST_USE int rtmp_client_create(const struct rtmp_client_config *config, struct rtmp_client **client);

/** NULL is fine. */
RTMP_API void rtmp_client_destroy(struct rtmp_client *client);

/** As rtmp_server_read(). */
RTMP_API RTMP_MUST_USE int rtmp_client_read(struct rtmp_client *client, uint32_t now_ms, const uint8_t *data,
                                            size_t length, size_t *used, struct rtmp_event *event);

/** As rtmp_server_output() and rtmp_server_sent(). */
RTMP_API const uint8_t *rtmp_client_output(const struct rtmp_client *client, size_t *length);
RTMP_API void rtmp_client_sent(struct rtmp_client *client, size_t length);

RTMP_API void rtmp_client_failure(const struct rtmp_client *client, struct rtmp_failure *failure);
RTMP_API void rtmp_client_stats(const struct rtmp_client *client, struct rtmp_session_stats *stats);

/**
 * After REFUSED: what to append to app and tcUrl of the next connection, made of user and password ("authmod=adobe").
 *
 * description  of the refusal
 * out, cap     lent; gets "?authmod=adobe&user=…", terminated; not touched on failure
 *
 * Returns 0; RTMP_E_STATE the refusal asks for nothing that user and password could answer, or they were wrong;
 * RTMP_E_RANGE the user name cannot be written; RTMP_E_SPACE.
 */
RTMP_API RTMP_MUST_USE int rtmp_client_next_query(struct rtmp_text description, const char *user, const char *password,
                                                  const struct rtmp_random *random, char *out, size_t cap);

/**
 * Publish: releaseStream, FCPublish, createStream, then publish on the new stream; STREAM_READY names it.
 *
 * name  with its query, if any: "cam?key=1"
 *
 * Returns also RTMP_E_STREAMS: too many streams are open.
 */
RTMP_API RTMP_MUST_USE int rtmp_client_publish(struct rtmp_client *client, const char *name,
                                               enum rtmp_publish_mode mode);

struct rtmp_play_options {
    enum rtmp_play_start start;
    double start_ms;    /**< with RTMP_PLAY_AT */
    double duration_ms; /**< 0 or less: to the end */
    bool append;        /**< do not reset the playlist */
    uint32_t buffer_ms; /**< told to the server; 0: 3000 */
};

/** Play: createStream, then play and SetBufferLength on the new stream. options: NULL for live or recorded, whole. */
RTMP_API RTMP_MUST_USE int rtmp_client_play(struct rtmp_client *client, const char *name,
                                            const struct rtmp_play_options *options);

/** Leave a stream: FCUnpublish for a publisher, deleteStream. */
RTMP_API RTMP_MUST_USE int rtmp_client_stop(struct rtmp_client *client, uint32_t stream_id);

RTMP_API RTMP_MUST_USE int rtmp_client_pause(struct rtmp_client *client, uint32_t stream_id, bool on, double time_ms);
RTMP_API RTMP_MUST_USE int rtmp_client_seek(struct rtmp_client *client, uint32_t stream_id, double time_ms);
RTMP_API RTMP_MUST_USE int rtmp_client_receive_audio(struct rtmp_client *client, uint32_t stream_id, bool on);
RTMP_API RTMP_MUST_USE int rtmp_client_receive_video(struct rtmp_client *client, uint32_t stream_id, bool on);

/** Send one message of type 8, 9, 18, 22 or 15. RTMP_E_RANGE another type, or more than 0xFFFFFF bytes. */
RTMP_API RTMP_MUST_USE int rtmp_client_media(struct rtmp_client *client, uint8_t type, uint32_t stream_id,
                                             uint32_t time_ms, const uint8_t *body, size_t length);

/** Send a data message: a handler name ("@setDataFrame") and the elements of the strict array (NULL: none). */
RTMP_API RTMP_MUST_USE int rtmp_client_data(struct rtmp_client *client, uint32_t stream_id, uint32_t time_ms,
                                            const char *name, const struct rtmp_value *arguments);

/** Send a shared object message, type 19 or 16. */
RTMP_API RTMP_MUST_USE int rtmp_client_shared_object(struct rtmp_client *client, uint8_t type, const uint8_t *body,
                                                     size_t length);

enum { RTMP_CALL_ID_MIN = 1000 }; /**< transaction ids below are the session's own */

/**
 * Call a method of the server.
 *
 * transaction_id  0: no reply is wanted; else at least RTMP_CALL_ID_MIN, comes back in RTMP_EVENT_RESULT
 * arguments       a strict array, or NULL
 *
 * Returns also RTMP_E_RANGE: the id is one of the session's own.
 */
RTMP_API RTMP_MUST_USE int rtmp_client_call(struct rtmp_client *client, const char *name, double transaction_id,
                                            const struct rtmp_value *arguments);

/** Answer a CALL of the server; id 0 writes nothing. value: NULL writes null. */
RTMP_API RTMP_MUST_USE int rtmp_client_reply_result(struct rtmp_client *client, double transaction_id,
                                                    const struct rtmp_value *value);

/** Answer a CALL with _error; id 0 writes nothing. status NULL: NetConnection.Call.Failed. */
RTMP_API RTMP_MUST_USE int rtmp_client_reply_error(struct rtmp_client *client, double transaction_id,
                                                   const struct rtmp_status *status);

/** Send a ping; RTMP_EVENT_PONG tells the round trip. */
RTMP_API RTMP_MUST_USE int rtmp_client_ping(struct rtmp_client *client, uint32_t now_ms);

#ifdef __cplusplus
}
#endif
#endif
