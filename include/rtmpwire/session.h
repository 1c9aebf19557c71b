/* SPDX-License-Identifier: MIT */
/**
 * @file  What server.h and client.h share: limits, counters, the reason of an end.
 *
 * Source  docs/wire.md 2.5, 4.3; each limit has a default that fits a server on the open internet.
 * Owner   The caller.
 * Thread  Plain data.
 * Since   0.1
 */
#ifndef RTMPWIRE_SESSION_H
#define RTMPWIRE_SESSION_H

#include <stddef.h>
#include <stdint.h>

#include <rtmpwire/alloc.h>
#include <rtmpwire/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Maxima of one session, in bytes unless said otherwise; 0 means the default behind each. */
struct rtmp_session_limits {
    uint32_t chunk_size_min;       /**< smallest chunk size accepted: 1 */
    uint32_t chunk_streams;        /**< chunk stream contexts: 64 */
    uint32_t message_streams;      /**< message streams open at once: 16 */
    uint32_t message_before;       /**< a message before connect: 32 KiB */
    uint32_t message_command;      /**< a command, data or shared object message: 512 KiB */
    uint32_t message_media;        /**< an audio, video or aggregate message: 8 MiB */
    uint32_t partial_before;       /**< unfinished messages together, before connect: 64 KiB */
    uint32_t partial;              /**< and after: 16 MiB */
    uint32_t hold;                 /**< input kept while a connect awaits its decision: 64 KiB */
    uint32_t output;               /**< output not yet taken: 1 MiB */
    uint32_t amf_depth;            /**< levels of nested values: 32 */
    uint32_t amf_nodes;            /**< values in one message: 10,000 */
    uint32_t amf_bytes;            /**< decoded values of one message: 2 MiB */
    uint32_t oddities;             /**< ignored oddities before the session ends: 100 */
    uint32_t acknowledge_restarts; /**< 1: acknowledgement numbers restart at 0xF0000000, as old FMLE needs; 0: plain */
};

/** What a session has counted since its creation. */
struct rtmp_session_stats {
    uint64_t bytes_in;         /**< consumed, handshake included */
    uint64_t bytes_out;        /**< written to the output, handshake included */
    uint64_t messages_in;      /**< whole messages of any type */
    uint64_t messages_ignored; /**< of unknown type, or with a body that says nothing */
    uint64_t media_dropped;    /**< audio, video and data messages on a stream that does not publish */
    uint32_t oddities;         /**< counted against rtmp_session_limits.oddities */
    uint32_t bad_commands;     /**< commands and data whose values broke a limit; the second ends the session */
};

/** Why a session is over. */
struct rtmp_failure {
    int code;         /**< enum rtmp_error; 0 while the session is well */
    uint64_t offset;  /**< input bytes before the message or header that broke the rule */
    const char *rule; /**< what was broken, one sentence in static storage; "" while well */
};

#ifdef __cplusplus
}
#endif
#endif
