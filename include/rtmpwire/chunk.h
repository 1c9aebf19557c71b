/* SPDX-License-Identifier: MIT */
/**
 * @file  Chunks: cuts RTMP messages into chunks, and puts chunks together again.
 *
 * Every message is written with a type-0 header, so a reader may begin at any message and the same bytes serve every
 * player of a stream. The reader takes every form that is in use, in pieces of any size; what it returns does not
 * depend on how its input was cut. A message that lies in one piece is lent straight from the input, without a copy.
 *
 * Source  RTMP 1.0, 5.3 and 5.4; where practice differs docs/wire.md 2.
 * Owner   The writer allocates nothing. The reader owns what it allocates until rtmp_chunk_reader_finish().
 * Thread  The writer is stateless: any thread. A reader belongs to one thread at a time.
 * Since   0.1
 */
#ifndef RTMPWIRE_CHUNK_H
#define RTMPWIRE_CHUNK_H

#include <stddef.h>
#include <stdint.h>

#include <rtmpwire/alloc.h>
#include <rtmpwire/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a message says about itself, apart from its payload. */
struct rtmp_message_info {
    uint32_t csid;      /**< chunk stream, 2..65599 */
    uint32_t time_ms;   /**< absolute, modulo 2^32 */
    uint32_t length;    /**< payload bytes, at most RTMP_MESSAGE_MAX */
    uint32_t stream_id; /**< message stream; 0 is the connection itself */
    uint8_t type;       /**< enum rtmp_message_type */
};

struct rtmp_message {
    struct rtmp_message_info info;
    const uint8_t *payload; /**< info.length bytes, lent; never NULL */
};

enum {
    RTMP_MESSAGE_MAX = 0xFFFFFF,    /**< the length field has 24 bits */
    RTMP_CHUNK_SIZE_DEFAULT = 128,  /**< each way, until a Set Chunk Size */
    RTMP_CHUNK_SIZE_MAX = 0xFFFFFF, /**< no message is longer, so a larger chunk size means nothing */
    RTMP_CSID_MAX = 65599,
};

/** Bytes that rtmp_chunk_write() needs for `info`; `chunk_size` must be in 1..0x7FFFFFFF. */
RTMP_API size_t rtmp_chunk_span(const struct rtmp_message_info *info, uint32_t chunk_size);

/**
 * Write one whole message as chunks.
 *
 * info      lent
 * payload   lent, info->length bytes; may be NULL when that is 0
 * out, cap  lent; not touched on failure
 * written   out: bytes written, equal to rtmp_chunk_span(); not touched on failure
 *
 * Returns 0; RTMP_E_RANGE `chunk_size` or a field of `info` is out of its range; RTMP_E_SPACE `cap` is too small.
 */
RTMP_API RTMP_MUST_USE int rtmp_chunk_write(const struct rtmp_message_info *info, const uint8_t *payload,
                                            uint32_t chunk_size, uint8_t *out, size_t cap, size_t *written);

/** What one peer may ask of a reader. */
struct rtmp_chunk_limits {
    uint32_t message_max;    /**< payload bytes of any message but audio, video and aggregate */
    uint32_t media_max;      /**< payload bytes of an audio, video or aggregate message */
    uint32_t partial_max;    /**< bytes in chunks begun of messages not yet complete, over all chunk streams */
    uint32_t chunk_size_min; /**< a smaller Set Chunk Size is refused; at least 1 */
    uint32_t n_streams_max;  /**< chunk streams remembered at once; at least 1 */
};

RTMP_API extern const struct rtmp_chunk_limits rtmp_limits_before_connect; /**< for a peer nobody knows yet */
RTMP_API extern const struct rtmp_chunk_limits rtmp_limits_connected;      /**< after its connect was accepted */

struct rtmp_chunk_stream; /* what is remembered of one chunk stream; in chunk_reader.c */

/** Fields are the reader's own, except where they say otherwise. */
struct rtmp_chunk_reader {
    uint64_t bytes_received; /**< readable: bytes taken so far, as counted for acknowledgements */
    uint32_t chunk_size;     /**< readable: the peer's */

    int error;
    struct rtmp_allocator allocator;
    struct rtmp_chunk_limits limits;
    struct rtmp_chunk_stream *streams;
    uint32_t n_streams, streams_cap;
    uint32_t current;    /* index of the stream whose chunk is being read */
    uint32_t chunk_left; /* payload bytes of that chunk still to come */
    uint32_t partial_bytes;
    uint32_t lent_cap;
    uint64_t n_chunks;
    uint8_t *lent;    /* holds the message handed out last, if it needed reassembly */
    uint8_t head[18]; /* start of a header that the input cut in two */
    uint8_t n_head;
};

/**
 * Start a reader with a chunk size of 128. Allocates nothing yet.
 *
 * allocator  copied
 * limits     copied
 */
RTMP_API void rtmp_chunk_reader_init(struct rtmp_chunk_reader *reader, const struct rtmp_allocator *allocator,
                                     const struct rtmp_chunk_limits *limits);

/** Free everything, also what was lent. */
RTMP_API void rtmp_chunk_reader_finish(struct rtmp_chunk_reader *reader);

/** Exchange the limits; they hold for every message and chunk stream that begins from now on. `limits` is copied. */
RTMP_API void rtmp_chunk_reader_set_limits(struct rtmp_chunk_reader *reader, const struct rtmp_chunk_limits *limits);

/**
 * Take bytes until a message is complete. Call again with what is left until RTMP_E_MORE comes, also when nothing is
 * left: a message may wait in bytes already taken.
 *
 * Set Chunk Size and Abort are obeyed here, and handed over like every other message.
 *
 * data, length  lent for this call and as long as `message` is used; may be NULL when 0
 * used          out: bytes taken, on 0 and on RTMP_E_MORE
 * message       out: one message, on 0; its payload points into `data` or into the reader, until the next call
 *
 * Returns 0; RTMP_E_MORE everything was taken and no message is complete; or an error after which every further call
 * returns the same: RTMP_E_CHUNK_HEADER, RTMP_E_CHUNK_SIZE, RTMP_E_CHUNK_STREAMS, RTMP_E_MESSAGE_SIZE,
 * RTMP_E_PARTIAL_BYTES, RTMP_E_MEMORY.
 */
RTMP_API RTMP_MUST_USE int rtmp_chunk_read(struct rtmp_chunk_reader *reader, const uint8_t *data, size_t length,
                                           size_t *used, struct rtmp_message *message);

#ifdef __cplusplus
}
#endif
#endif
