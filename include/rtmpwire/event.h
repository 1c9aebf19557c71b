/* SPDX-License-Identifier: MIT */
/**
 * @file  What a session tells its caller: one event type for the server and the client role.
 *
 * A read call fills one event at a time. All that an event points at is lent: it lives until the next read call on
 * the same session. A text is never NULL and has a NUL behind its last byte, which `length` does not count; it may
 * hold any bytes the peer sent, NUL and invalid UTF-8 among them.
 *
 * Source  RTMP 1.0, 7; Enhanced RTMP v2 (docs/wire.md 3, 5, 8.6).
 * Owner   The session owns what an event points at, until the next read call.
 * Thread  Plain data.
 * Since   0.1
 */
#ifndef RTMPWIRE_EVENT_H
#define RTMPWIRE_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rtmpwire/error.h>
#include <rtmpwire/text.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rtmp_value;

enum rtmp_event_type {
    RTMP_EVENT_NONE,

    /* Both roles. */
    RTMP_EVENT_AUDIO,         /**< media: an FLV audio body; length 0 means silence */
    RTMP_EVENT_VIDEO,         /**< media: an FLV video body */
    RTMP_EVENT_DATA,          /**< data: onMetaData, cue points, `send` of the application */
    RTMP_EVENT_CALL,          /**< call: a command that the session does not know */
    RTMP_EVENT_RESULT,        /**< result: the reply to a call made with rtmp_*_call() */
    RTMP_EVENT_SHARED_OBJECT, /**< shared_object: a message of type 19 or 16 */
    RTMP_EVENT_PONG,          /**< pong: the reply to rtmp_*_ping() */
    RTMP_EVENT_ACK,           /**< ack: the peer has received so many bytes */
    RTMP_EVENT_CLOSE,         /**< the peer sent `close`: finish output, then close the connection */

    /* Server role. */
    RTMP_EVENT_CONNECT,       /**< connect: answer with accept_connect or refuse_connect */
    RTMP_EVENT_RELEASE,       /**< release: informative, already answered */
    RTMP_EVENT_STREAM_LENGTH, /**< release: getStreamLength for this name; answer with reply_result */
    RTMP_EVENT_PUBLISH,       /**< publish: answer with accept_publish or a status of level "error" */
    RTMP_EVENT_PLAY,          /**< play: answer with accept_play or a status of level "error" */
    RTMP_EVENT_PAUSE,         /**< pause */
    RTMP_EVENT_SEEK,          /**< seek */
    RTMP_EVENT_RECEIVE_AUDIO, /**< receive: the player wants audio, or no longer */
    RTMP_EVENT_RECEIVE_VIDEO, /**< receive: the player wants video, or no longer */
    RTMP_EVENT_STOP,          /**< stop: publishing or playing has ended on this stream */
    RTMP_EVENT_BUFFER_LENGTH, /**< buffer_length */

    /* Client role. */
    RTMP_EVENT_CONNECTED,         /**< connected */
    RTMP_EVENT_REFUSED,           /**< refused: the server will close; rtmp_client_next_query() may know how to go on */
    RTMP_EVENT_STREAM_READY,      /**< stream_ready: publish or play was sent on stream_id, await its STATUS */
    RTMP_EVENT_STATUS,            /**< status: an onStatus */
    RTMP_EVENT_BEGIN,             /**< user control 0 for stream_id */
    RTMP_EVENT_EOF,               /**< user control 1 for stream_id */
    RTMP_EVENT_RECONNECT_REQUEST, /**< reconnect: move to another server at the next boundary */
};

/** What a peer can do with a codec (docs/wire.md 8.6). */
enum rtmp_can {
    RTMP_CAN_DECODE = 1,
    RTMP_CAN_ENCODE = 2,
    RTMP_CAN_FORWARD = 4,
};

/** Bits of capsEx. */
enum rtmp_caps_ex {
    RTMP_CAPS_RECONNECT = 1,
    RTMP_CAPS_MULTITRACK = 2,
    RTMP_CAPS_MODEX = 4,
    RTMP_CAPS_NANO_OFFSET = 8,
};

/** Where a codec was announced. */
enum rtmp_codec_list {
    RTMP_CODEC_LISTED, /**< fourCcList: audio or video, counts as RTMP_CAN_DECODE */
    RTMP_CODEC_VIDEO,  /**< videoFourCcInfoMap */
    RTMP_CODEC_AUDIO,  /**< audioFourCcInfoMap */
};

enum {
    RTMP_FOURCC_ANY = 0x2A000000, /**< "*", as rtmp_codec.four_cc */
    RTMP_CODECS_MAX = 32,         /**< further entries are ignored; there are about 15 in the specification */
};

struct rtmp_codec {
    uint32_t four_cc; /**< big-endian: 'a' << 24 | 'v' << 16 | 'c' << 8 | '1'; or RTMP_FOURCC_ANY */
    uint8_t list;     /**< enum rtmp_codec_list */
    uint8_t can;      /**< bits of enum rtmp_can; 0 in a list entry read from the wire is read as RTMP_CAN_DECODE */
};

/** Enhanced RTMP as announced in connect or in its reply; all zero for a legacy peer. */
struct rtmp_capabilities {
    bool announced;   /**< at least one Enhanced RTMP key was there */
    uint32_t caps_ex; /**< bits of enum rtmp_caps_ex */
    uint32_t n_codecs;
    struct rtmp_codec codecs[RTMP_CODECS_MAX];
};

/** Bits of enum rtmp_can announced for a FourCC in `list` (VIDEO or AUDIO), "*" and fourCcList included. */
RTMP_API unsigned rtmp_capabilities_can(const struct rtmp_capabilities *capabilities, enum rtmp_codec_list list,
                                        uint32_t four_cc);

struct rtmp_event_connect {
    struct rtmp_text app;       /**< without query, trailing '/' and "/_definst_": "live", "game/room" */
    struct rtmp_text app_query; /**< behind the '?' of the app, "" without one */
    struct rtmp_text app_raw;   /**< as sent */
    struct rtmp_text tc_url, flash_ver, page_url, swf_url;
    double object_encoding;                /**< 0, or 3 for a peer that reads AMF3 */
    struct rtmp_capabilities capabilities; /**< from the connect object only */
    const struct rtmp_value *properties;   /**< the whole command object */
    const struct rtmp_value *arguments;    /**< strict array of the further arguments, maybe empty */
};

struct rtmp_event_release {
    struct rtmp_text command; /**< "releaseStream", "FCPublish", "FCSubscribe" or "getStreamLength" */
    struct rtmp_text name, query;
    double transaction_id;
};

enum rtmp_publish_mode { RTMP_PUBLISH_LIVE, RTMP_PUBLISH_RECORD, RTMP_PUBLISH_APPEND, RTMP_PUBLISH_APPEND_WITH_GAP };

struct rtmp_event_publish {
    struct rtmp_text name, query; /**< split at the first '?' */
    enum rtmp_publish_mode mode;  /**< live when the peer names none or one that does not exist */
};

enum rtmp_play_start {
    RTMP_PLAY_ANY,  /**< live, else recorded */
    RTMP_PLAY_LIVE, /**< live only */
    RTMP_PLAY_AT,   /**< recorded, from start_ms */
};

struct rtmp_event_play {
    struct rtmp_text name, query;
    enum rtmp_play_start start;
    double start_ms;            /**< meant with RTMP_PLAY_AT, else 0 */
    double duration_ms;         /**< −1: to the end */
    bool reset;                 /**< drop what is playing; false adds to the playlist */
    bool transition;            /**< play2: switch from old_name */
    struct rtmp_text old_name;  /**< play2 only, else "" */
    struct rtmp_text operation; /**< play2's transition: "switch", "swap" …, else "" */
};

enum rtmp_pause { RTMP_PAUSE_OFF, RTMP_PAUSE_ON, RTMP_PAUSE_TOGGLE };

struct rtmp_event_pause {
    enum rtmp_pause pause;
    double time_ms; /**< the player's position */
};

enum rtmp_stop_cause { RTMP_STOP_CLOSE_STREAM, RTMP_STOP_DELETE_STREAM, RTMP_STOP_PUBLISH_FALSE, RTMP_STOP_UNPUBLISH };

struct rtmp_event_stop {
    enum rtmp_stop_cause cause;
    bool published; /**< it was a publisher (or wanted to be); false: a player */
    bool pending;   /**< its publish or play was not answered yet; do not answer it any more */
};

struct rtmp_event_media {
    uint32_t time_ms; /**< absolute, modulo 2^32 */
    uint32_t length;
    const uint8_t *body;
};

enum rtmp_data_kind {
    RTMP_DATA_PLAIN,
    RTMP_DATA_SET_FRAME,   /**< came as @setDataFrame: keep it for later players */
    RTMP_DATA_CLEAR_FRAME, /**< came as @clearDataFrame: forget `name` */
};

struct rtmp_event_data {
    enum rtmp_data_kind kind;
    uint32_t time_ms;
    uint32_t length;                    /**< of body */
    const uint8_t *body;                /**< AMF0 from the handler name on, as players want it: no @setDataFrame */
    struct rtmp_text name;              /**< the handler: "onMetaData" */
    const struct rtmp_value *arguments; /**< strict array of the values behind the name */
};

struct rtmp_event_call {
    struct rtmp_text name;
    double transaction_id;              /**< 0: the peer wants no reply */
    const struct rtmp_value *object;    /**< the command object, null most of the time */
    const struct rtmp_value *arguments; /**< strict array, maybe empty */
    uint8_t message_type;               /**< 20, or 17 when the peer chose AMF3 */
    uint32_t length;                    /**< of body */
    const uint8_t *body;                /**< the whole message as it came */
};

struct rtmp_event_result {
    double transaction_id;
    bool error;                         /**< `_error` instead of `_result` */
    const struct rtmp_value *object;    /**< the first value, null most of the time */
    const struct rtmp_value *arguments; /**< strict array; the reply is its first element */
};

struct rtmp_event_shared_object {
    uint8_t message_type; /**< 19, or 16 with its format byte in the body */
    uint32_t length;
    const uint8_t *body;
};

struct rtmp_event_pong {
    uint32_t sent_ms; /**< the value given to ping */
    uint32_t rtt_ms;
};

struct rtmp_event_ack {
    uint32_t received; /**< modulo 2^32, some peers restart early: informative */
};

struct rtmp_event_receive {
    bool on;
};

struct rtmp_event_seek {
    double time_ms;
};

struct rtmp_event_buffer_length {
    uint32_t length_ms;
};

struct rtmp_event_connected {
    struct rtmp_text code, description;
    double object_encoding;
    struct rtmp_capabilities capabilities;
    const struct rtmp_value *properties; /**< fmsVer, capabilities … */
    const struct rtmp_value *info;       /**< level, code … */
};

struct rtmp_event_status {
    struct rtmp_text level, code, description, details; /**< "" where the server left one out */
    const struct rtmp_value *info;                      /**< the whole object */
};

struct rtmp_event_refused {
    struct rtmp_text code, description;
    struct rtmp_text redirect;     /**< where to go instead (ex.redirect, code 302), else "" */
    const struct rtmp_value *info; /**< the whole object */
};

enum rtmp_stream_purpose { RTMP_FOR_PUBLISH, RTMP_FOR_PLAY };

struct rtmp_event_stream_ready {
    enum rtmp_stream_purpose purpose;
    struct rtmp_text name;
};

struct rtmp_event_reconnect {
    struct rtmp_text tc_url; /**< "": the same address again */
    struct rtmp_text description;
};

struct rtmp_event {
    enum rtmp_event_type type;
    uint32_t stream_id; /**< message stream; 0 is the connection itself */
    union {
        struct rtmp_event_media media;
        struct rtmp_event_data data;
        struct rtmp_event_call call;
        struct rtmp_event_result result;
        struct rtmp_event_shared_object shared_object;
        struct rtmp_event_pong pong;
        struct rtmp_event_ack ack;
        struct rtmp_event_connect connect;
        struct rtmp_event_release release;
        struct rtmp_event_publish publish;
        struct rtmp_event_play play;
        struct rtmp_event_pause pause;
        struct rtmp_event_seek seek;
        struct rtmp_event_receive receive;
        struct rtmp_event_stop stop;
        struct rtmp_event_buffer_length buffer_length;
        struct rtmp_event_connected connected;
        struct rtmp_event_refused refused;
        struct rtmp_event_stream_ready stream_ready;
        struct rtmp_event_status status;
        struct rtmp_event_reconnect reconnect;
    };
};

/** "connect" for RTMP_EVENT_CONNECT, for logs and traces. Static storage. */
RTMP_API const char *rtmp_event_name(enum rtmp_event_type type);

#ifdef __cplusplus
}
#endif
#endif
