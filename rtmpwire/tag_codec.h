/* SPDX-License-Identifier: MIT */
/* What reading and writing tags both have to know about codecs and numbers on the wire. */
#ifndef RTMPWIRE_TAG_CODEC_H
#define RTMPWIRE_TAG_CODEC_H

#include <rtmpwire/tag.h>

enum { TAG_MODEX = 7 };                                                  /* the same number in audio and video */
enum { TAG_TIMESTAMP_OFFSET = 0 };                                       /* type of an extension */
enum { TAG_AS_ONE = 0, TAG_AS_MANY, TAG_AS_MANY_CODECS, TAG_NOT_MULTI }; /* forms of several tracks */

struct tag_codec {
    uint8_t kind;
    uint8_t legacy;   /* TAG_NO_LEGACY, or its number in the old form */
    bool composition; /* enhanced CODED carries a composition time */
    uint32_t fourcc;
    const char *name;
};

enum { TAG_NO_LEGACY = 255 };

/* NULL: unknown. */
const struct tag_codec *tag_codec_by_fourcc(unsigned kind, uint32_t fourcc);
const struct tag_codec *tag_codec_by_legacy(unsigned kind, unsigned legacy);

static inline unsigned tag_multitrack(unsigned kind) { return kind == RTMP_TAG_VIDEO ? 6 : 5; }

/* enum rtmp_tag_packet for an enhanced packet number, and back; TAG_NO_NUMBER if there is none. */
uint8_t tag_packet_of(unsigned kind, unsigned number);
unsigned tag_number_of(unsigned kind, unsigned packet);
enum { TAG_NO_NUMBER = 16 };

/* Legacy codecs that say packet type and composition time, as AVC does. */
static inline bool tag_is_avc_form(unsigned codec) { return codec == RTMP_VIDEO_AVC || codec >= RTMP_VIDEO_HEVC; }

#endif
