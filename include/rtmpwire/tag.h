/* SPDX-License-Identifier: MIT */
/**
 * @file  Tags: what the body of an audio or video message says, in the forms of FLV and of Enhanced RTMP 1 and 2.
 *
 * Every form is read into one plain struct, so that callers need not know which form a sender chose. A message of
 * several tracks is read as its first track; rtmp_tag_track_next() goes on to the others:
 *
 *     struct rtmp_tag tag;
 *     int error = rtmp_tag_parse_video(body, length, &tag);
 *     if (!error)
 *         do {
 *             ... tag.track, tag.payload ...
 *         } while (rtmp_tag_track_next(&tag));
 *
 * rtmp_tag_write() makes a message of one track of it again, which splits a message of several. A sender's odd bytes
 * are a reason to drop the message, not the link: DJI sends bodies that only look enhanced.
 *
 * Source  FLV 10.1, E.4; Enhanced RTMP v2-2026-01-31-r2; where practice differs docs/wire.md 7 and 8.
 * Owner   Everything is lent; nothing is allocated.
 * Thread  Stateless: any thread.
 * Since   0.1
 */
#ifndef RTMPWIRE_TAG_H
#define RTMPWIRE_TAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rtmpwire/error.h>

#ifdef __cplusplus
extern "C" {
#endif

enum rtmp_tag_kind {
    RTMP_TAG_AUDIO = 8, /**< the type of its messages and of its FLV tags */
    RTMP_TAG_VIDEO = 9,
};

/** Codecs by FourCC; a legacy codec that has one is given it too. */
enum rtmp_fourcc {
    RTMP_FOURCC_NONE = 0,          /**< a legacy codec without one: see rtmp_tag.codec; or a command */
    RTMP_FOURCC_AVC1 = 0x61766331, /**< H.264 */
    RTMP_FOURCC_HVC1 = 0x68766331, /**< H.265 */
    RTMP_FOURCC_VVC1 = 0x76766331, /**< H.266 */
    RTMP_FOURCC_AV01 = 0x61763031, /**< AV1 */
    RTMP_FOURCC_VP08 = 0x76703038, /**< VP8 */
    RTMP_FOURCC_VP09 = 0x76703039, /**< VP9 */
    RTMP_FOURCC_MP4A = 0x6D703461, /**< AAC */
    RTMP_FOURCC_MP3 = 0x2E6D7033,  /**< MP3 */
    RTMP_FOURCC_OPUS = 0x4F707573, /**< Opus */
    RTMP_FOURCC_FLAC = 0x664C6143, /**< FLAC */
    RTMP_FOURCC_AC3 = 0x61632D33,  /**< AC-3 */
    RTMP_FOURCC_EAC3 = 0x65632D33, /**< E-AC-3 */
};

/** Codec numbers of the legacy forms: the low bits of a video body, the high bits of an audio body. */
enum rtmp_legacy_codec {
    RTMP_VIDEO_SORENSON = 2,
    RTMP_VIDEO_SCREEN = 3,
    RTMP_VIDEO_VP6 = 4,
    RTMP_VIDEO_VP6_ALPHA = 5,
    RTMP_VIDEO_SCREEN2 = 6,
    RTMP_VIDEO_AVC = 7,
    RTMP_VIDEO_HEVC = 12, /**< from here on by private agreement */
    RTMP_VIDEO_AV1 = 13,
    RTMP_VIDEO_VP8 = 14,
    RTMP_VIDEO_VP9 = 15,

    RTMP_AUDIO_PCM = 0, /**< in the byte order of the sender */
    RTMP_AUDIO_ADPCM = 1,
    RTMP_AUDIO_MP3 = 2,
    RTMP_AUDIO_PCM_LE = 3,
    RTMP_AUDIO_NELLYMOSER_16K = 4,
    RTMP_AUDIO_NELLYMOSER_8K = 5,
    RTMP_AUDIO_NELLYMOSER = 6,
    RTMP_AUDIO_G711A = 7,
    RTMP_AUDIO_G711U = 8,
    RTMP_AUDIO_ENHANCED = 9, /**< not a codec: the enhanced form */
    RTMP_AUDIO_AAC = 10,
    RTMP_AUDIO_SPEEX = 11,
    RTMP_AUDIO_OPUS = 13, /**< by private agreement */
    RTMP_AUDIO_MP3_8K = 14,
    RTMP_AUDIO_DEVICE = 15, /**< whatever the sender's device makes */
};

enum rtmp_tag_packet {
    RTMP_TAG_SEQUENCE_START, /**< payload: the codec's configuration; may be empty for ac-3, ec-3 and Opus */
    RTMP_TAG_CODED,          /**< payload: frames; the only packet of legacy codecs other than AVC's and AAC's form */
    RTMP_TAG_CODED_X,        /**< as CODED; the wire leaves out the composition time, which is 0 */
    RTMP_TAG_SEQUENCE_END,   /**< no payload */
    RTMP_TAG_METADATA,       /**< video; payload: AMF name and value, "colorInfo" the only one known */
    RTMP_TAG_MPEG2TS_START,  /**< video; payload: an AV1 video descriptor */
    RTMP_TAG_MULTICHANNEL,   /**< audio; payload: channel order, count, mask or mapping */
    RTMP_TAG_COMMAND,        /**< video; no payload: see rtmp_tag.command */
    RTMP_TAG_SILENCE,        /**< audio; an empty message */
    RTMP_TAG_RESERVED,       /**< a number without a meaning yet */
};

/** What a video frame is; numbers as on the wire. */
enum rtmp_tag_frame {
    RTMP_FRAME_KEY = 1,
    RTMP_FRAME_INTER = 2,
    RTMP_FRAME_DISPOSABLE = 3,
    RTMP_FRAME_GENERATED_KEY = 4,
    RTMP_FRAME_COMMAND = 5,
};

enum {
    RTMP_TAG_MODEX_MAX = 8,   /**< extensions in front of one message */
    RTMP_TAG_TRACKS_MAX = 16, /**< tracks in one message */
    RTMP_TAG_HEAD_MAX = 15,   /**< bytes that rtmp_tag_write() may write */
    RTMP_TAG_NANO_MAX = 999999,
};

/** One track's share of an audio or video message. */
struct rtmp_tag {
    const uint8_t *payload; /**< the codec's own bytes, lent; not NULL unless `length` is 0 */
    size_t length;
    uint32_t fourcc;        /**< enum rtmp_fourcc, or whatever an enhanced message says */
    int32_t composition_ms; /**< presentation minus decoding time, -0x800000..0x7FFFFF */
    uint32_t nano;          /**< to be added to the presentation time, 0..RTMP_TAG_NANO_MAX ns */
    uint8_t kind;           /**< enum rtmp_tag_kind */
    uint8_t packet;         /**< enum rtmp_tag_packet */
    uint8_t frame;          /**< video: enum rtmp_tag_frame as the wire has it; no use in METADATA; audio: 0 */
    uint8_t codec;          /**< legacy: enum rtmp_legacy_codec */
    uint8_t sound;          /**< legacy audio: low four bits of the first byte: rate (2), 16 bits (1), stereo (1) */
    uint8_t command;        /**< COMMAND: 0 seek begins, 1 seek ends */
    uint8_t track;          /**< 0 is the default track */
    bool enhanced;          /**< the form of Enhanced RTMP, FourCC and all */
    bool multitrack;        /**< one of the multitrack forms, even if it holds track 0 alone */
    bool known;             /**< the codec is one of ours; if not, drop the message */
    bool key;               /**< a decoder may start with this frame: key frames, and every audio frame */
    bool header;            /**< what a late joiner needs before any frame: configurations and colour metadata */
    bool disposable;        /**< no other frame depends on this one */

    const uint8_t *more; /**< rtmp_tag_track_next()'s own: tracks that follow, lent */
    size_t more_length;
    bool more_codecs; /**< ...each of them begins with a FourCC */
};

/**
 * Read the body of a video message.
 *
 * body, length  lent for as long as the tag's payload is used
 * tag           out: the first track
 *
 * Returns 0; RTMP_E_TRUNCATED the body is empty, or ends within its header or a track; RTMP_E_MALFORMED more than
 * RTMP_TAG_MODEX_MAX extensions or RTMP_TAG_TRACKS_MAX tracks, or a multitrack form within another.
 */
RTMP_API RTMP_MUST_USE int rtmp_tag_parse_video(const uint8_t *body, size_t length, struct rtmp_tag *tag);

/** Read the body of an audio message, as rtmp_tag_parse_video() does; an empty one is RTMP_TAG_SILENCE. */
RTMP_API RTMP_MUST_USE int rtmp_tag_parse_audio(const uint8_t *body, size_t length, struct rtmp_tag *tag);

/** Turn `tag`, which a parse function has filled, into the next track of its message; false and unchanged if none. */
RTMP_API bool rtmp_tag_track_next(struct rtmp_tag *tag);

/**
 * Write what stands in front of the payload when `tag` is a message by itself: head and payload together are the body.
 *
 * An enhanced tag of track 0 is written without multitrack form, of another track as OneTrack; `nano` as an extension
 * where it is not 0, extensions of other kinds are not kept. Fields that tell what follows from others (multitrack,
 * known, key, header, disposable) are not looked at. To make one form of the other, set `enhanced`, `codec` and
 * `fourcc`.
 *
 * out, cap  lent; RTMP_TAG_HEAD_MAX bytes are always enough; not touched on failure
 * written   out
 *
 * Returns 0; RTMP_E_RANGE a field is out of its range, or the form has no place for it; RTMP_E_SPACE.
 */
RTMP_API RTMP_MUST_USE int rtmp_tag_write(const struct rtmp_tag *tag, uint8_t *out, size_t cap, size_t *written);

/** "h264", "aac"…; "unknown" if it is not. Static storage. */
RTMP_API const char *rtmp_tag_codec_name(const struct rtmp_tag *tag);

/** The same for a codec known by its FourCC alone. Static storage. */
RTMP_API const char *rtmp_fourcc_name(uint32_t fourcc);

/**
 * Size of the picture, cropping applied, that the first sequence parameter set of an H.264 configuration tells.
 *
 * config  lent: avcC, the payload of a SEQUENCE_START
 *
 * Returns 0; RTMP_E_TRUNCATED; RTMP_E_MALFORMED; RTMP_E_UNSUPPORTED it holds no parameter set.
 */
RTMP_API RTMP_MUST_USE int rtmp_avc_dimensions(const uint8_t *config, size_t length, uint32_t *width, uint32_t *height);

/** The same for an H.265 configuration, hvcC. */
RTMP_API RTMP_MUST_USE int rtmp_hevc_dimensions(const uint8_t *config, size_t length, uint32_t *width,
                                                uint32_t *height);

/**
 * What an AudioSpecificConfig tells.
 *
 * config      lent: the payload of a SEQUENCE_START
 * rate_hz     out: of the sound that comes out, where the configuration says in front that it extends another rate
 * n_channels  out: 0 if a program config element tells them
 *
 * Returns 0; RTMP_E_TRUNCATED; RTMP_E_MALFORMED a rate or a number of channels that does not exist.
 */
RTMP_API RTMP_MUST_USE int rtmp_aac_config(const uint8_t *config, size_t length, uint32_t *rate_hz,
                                           uint32_t *n_channels);

#ifdef __cplusplus
}
#endif
#endif
