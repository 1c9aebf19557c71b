/* SPDX-License-Identifier: MIT */
/**
 * @file  FLV: files and HTTP streams of audio, video and script tags.
 *
 * The reader takes pieces of any size, and what it returns does not depend on how its input was cut. A tag that lies
 * in one piece is lent straight from the input, without a copy. Back pointers are skipped, never trusted. What the body
 * of an audio or video tag says: tag.h.
 *
 * Source  FLV 10.1, E.2 to E.4; docs/wire.md 7.
 * Owner   The writer allocates nothing. The reader owns what it allocates until rtmp_flv_reader_finish().
 * Thread  The writer is stateless: any thread. A reader belongs to one thread at a time.
 * Since   0.1
 */
#ifndef RTMPWIRE_FLV_H
#define RTMPWIRE_FLV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rtmpwire/buffer.h>
#include <rtmpwire/error.h>
#include <rtmpwire/value.h>

#ifdef __cplusplus
extern "C" {
#endif

enum rtmp_flv_type {
    RTMP_FLV_AUDIO = 8,
    RTMP_FLV_VIDEO = 9,
    RTMP_FLV_SCRIPT_AMF3 = 15,
    RTMP_FLV_SCRIPT = 18,
};

enum {
    RTMP_FLV_HEADER_SIZE = 13,    /**< file header and the back pointer of a tag that is not there */
    RTMP_FLV_TAG_HEAD_SIZE = 11,  /**< in front of a body */
    RTMP_FLV_TAG_TAIL_SIZE = 4,   /**< behind it: the back pointer */
    RTMP_FLV_BODY_MAX = 0xFFFFFF, /**< the length field has 24 bits */
    RTMP_FLV_OFFSET_MAX = 1024,   /**< a longer file header is refused */
};

struct rtmp_flv_tag {
    const uint8_t *body; /**< `length` bytes, lent; may be NULL when that is 0 */
    uint32_t length;
    uint32_t time_ms; /**< modulo 2^32 as in RTMP; files count from -2^31 to 2^31 - 1 */
    uint64_t offset;  /**< read: where the tag begins, counted from the start of the file; not written */
    uint8_t type;     /**< enum rtmp_flv_type, others are handed over too; 0..31 */
    bool filtered;    /**< the body is encrypted */
};

/** Fields are the reader's own, except where they say otherwise. */
struct rtmp_flv_reader {
    uint64_t bytes_received; /**< readable: bytes taken so far */
    bool has_audio;          /**< readable, from the file header; many writers do not tell the truth */
    bool has_video;          /**< readable, as above */

    struct rtmp_buffer body; /* a body that does not lie in one piece */
    uint32_t skip;           /* bytes of no interest in front of the next head */
    uint32_t n_head;
    struct rtmp_flv_tag tag;
    int error;
    uint8_t part;
    uint8_t head[RTMP_FLV_TAG_HEAD_SIZE];
};

/**
 * Start a reader before the file header. Allocates nothing yet.
 *
 * allocator  copied
 * body_max   bytes of a tag's body; more is an error
 */
RTMP_API void rtmp_flv_reader_init(struct rtmp_flv_reader *reader, const struct rtmp_allocator *allocator,
                                   uint32_t body_max);

/** Free everything, also what was lent. */
RTMP_API void rtmp_flv_reader_finish(struct rtmp_flv_reader *reader);

/**
 * Take bytes until a tag is complete. Call again with what is left until RTMP_E_MORE comes.
 *
 * data, length  lent for this call and as long as `tag` is used; may be NULL when 0
 * used          out: bytes taken, on 0 and on RTMP_E_MORE
 * tag           out: one tag, on 0; its body points into `data` or into the reader, until the next call
 *
 * Returns 0; RTMP_E_MORE everything was taken and no tag is complete; or an error after which every further call
 * returns the same: RTMP_E_MALFORMED not FLV, or no tag where one must be; RTMP_E_MESSAGE_SIZE; RTMP_E_MEMORY.
 */
RTMP_API RTMP_MUST_USE int rtmp_flv_read(struct rtmp_flv_reader *reader, const uint8_t *data, size_t length,
                                         size_t *used, struct rtmp_flv_tag *tag);

/** Whether a file may end after the bytes taken so far: the header is complete and no tag is cut. */
RTMP_API bool rtmp_flv_reader_may_end(const struct rtmp_flv_reader *reader);

/**
 * Write what a file begins with: RTMP_FLV_HEADER_SIZE bytes.
 *
 * Returns 0; RTMP_E_SPACE.
 */
RTMP_API RTMP_MUST_USE int rtmp_flv_header_write(bool has_audio, bool has_video, uint8_t *out, size_t cap,
                                                 size_t *written);

/** Bytes that rtmp_flv_tag_write() needs for a body of `length` bytes. */
RTMP_API size_t rtmp_flv_tag_span(uint32_t length);

/**
 * Write one whole tag with its back pointer.
 *
 * tag      lent
 * written  out: bytes written, equal to rtmp_flv_tag_span()
 *
 * Returns 0; RTMP_E_RANGE type or length; RTMP_E_SPACE.
 */
RTMP_API RTMP_MUST_USE int rtmp_flv_tag_write(const struct rtmp_flv_tag *tag, uint8_t *out, size_t cap,
                                              size_t *written);

/**
 * Read the metadata in the body of a script tag or data message, with or without "@setDataFrame" in front.
 *
 * body, length  lent for this call
 * arena, limits as rtmp_amf_reader_init() takes them
 * value         out: an object or array, in the arena
 *
 * Returns 0; RTMP_E_UNSUPPORTED another script than onMetaData; RTMP_E_MALFORMED its value has no members, or as
 * rtmp_amf0_read() returns; RTMP_E_TRUNCATED it has no value.
 */
RTMP_API RTMP_MUST_USE int rtmp_flv_metadata_read(const uint8_t *body, size_t length, struct rtmp_arena *arena,
                                                  const struct rtmp_value_limits *limits, struct rtmp_value **value);

/**
 * Append the body of a script tag that says `value`, which should be an ECMA array: some players take nothing else.
 *
 * Returns 0, or as rtmp_amf0_write() returns; the buffer is then as before.
 */
RTMP_API RTMP_MUST_USE int rtmp_flv_metadata_write(struct rtmp_buffer *buffer, const struct rtmp_value *value);

#ifdef __cplusplus
}
#endif
#endif
