/* SPDX-License-Identifier: MIT */
#include "tag_codec.h"

#define N_OF(array) (sizeof(array) / sizeof *(array))

/* A codec's common name stands first: rtmp_fourcc_name() and FourCC look-ups find that row. */
static const struct tag_codec codecs[] = {
    {RTMP_TAG_VIDEO, RTMP_VIDEO_AVC, true, RTMP_FOURCC_AVC1, "h264"},
    {RTMP_TAG_VIDEO, RTMP_VIDEO_HEVC, true, RTMP_FOURCC_HVC1, "hevc"},
    {RTMP_TAG_VIDEO, TAG_NO_LEGACY, true, RTMP_FOURCC_VVC1, "vvc"},
    {RTMP_TAG_VIDEO, RTMP_VIDEO_AV1, false, RTMP_FOURCC_AV01, "av1"},
    {RTMP_TAG_VIDEO, RTMP_VIDEO_VP8, false, RTMP_FOURCC_VP08, "vp8"},
    {RTMP_TAG_VIDEO, RTMP_VIDEO_VP9, false, RTMP_FOURCC_VP09, "vp9"},
    {RTMP_TAG_VIDEO, RTMP_VIDEO_SORENSON, false, RTMP_FOURCC_NONE, "sorenson"},
    {RTMP_TAG_VIDEO, RTMP_VIDEO_SCREEN, false, RTMP_FOURCC_NONE, "screen"},
    {RTMP_TAG_VIDEO, RTMP_VIDEO_VP6, false, RTMP_FOURCC_NONE, "vp6"},
    {RTMP_TAG_VIDEO, RTMP_VIDEO_VP6_ALPHA, false, RTMP_FOURCC_NONE, "vp6a"},
    {RTMP_TAG_VIDEO, RTMP_VIDEO_SCREEN2, false, RTMP_FOURCC_NONE, "screen2"},
    {RTMP_TAG_AUDIO, RTMP_AUDIO_AAC, false, RTMP_FOURCC_MP4A, "aac"},
    {RTMP_TAG_AUDIO, RTMP_AUDIO_MP3, false, RTMP_FOURCC_MP3, "mp3"},
    {RTMP_TAG_AUDIO, RTMP_AUDIO_MP3_8K, false, RTMP_FOURCC_MP3, "mp3"},
    {RTMP_TAG_AUDIO, RTMP_AUDIO_OPUS, false, RTMP_FOURCC_OPUS, "opus"},
    {RTMP_TAG_AUDIO, TAG_NO_LEGACY, false, RTMP_FOURCC_FLAC, "flac"},
    {RTMP_TAG_AUDIO, TAG_NO_LEGACY, false, RTMP_FOURCC_AC3, "ac3"},
    {RTMP_TAG_AUDIO, TAG_NO_LEGACY, false, RTMP_FOURCC_EAC3, "eac3"},
    {RTMP_TAG_AUDIO, RTMP_AUDIO_PCM, false, RTMP_FOURCC_NONE, "pcm"},
    {RTMP_TAG_AUDIO, RTMP_AUDIO_ADPCM, false, RTMP_FOURCC_NONE, "adpcm"},
    {RTMP_TAG_AUDIO, RTMP_AUDIO_PCM_LE, false, RTMP_FOURCC_NONE, "pcm"},
    {RTMP_TAG_AUDIO, RTMP_AUDIO_NELLYMOSER_16K, false, RTMP_FOURCC_NONE, "nellymoser"},
    {RTMP_TAG_AUDIO, RTMP_AUDIO_NELLYMOSER_8K, false, RTMP_FOURCC_NONE, "nellymoser"},
    {RTMP_TAG_AUDIO, RTMP_AUDIO_NELLYMOSER, false, RTMP_FOURCC_NONE, "nellymoser"},
    {RTMP_TAG_AUDIO, RTMP_AUDIO_G711A, false, RTMP_FOURCC_NONE, "g711a"},
    {RTMP_TAG_AUDIO, RTMP_AUDIO_G711U, false, RTMP_FOURCC_NONE, "g711u"},
    {RTMP_TAG_AUDIO, RTMP_AUDIO_SPEEX, false, RTMP_FOURCC_NONE, "speex"},
};

/* By packet number of the enhanced forms; multitrack and extensions are not packets of their own. */
static const uint8_t video_packets[] = {RTMP_TAG_SEQUENCE_START, RTMP_TAG_CODED,    RTMP_TAG_SEQUENCE_END,
                                        RTMP_TAG_CODED_X,        RTMP_TAG_METADATA, RTMP_TAG_MPEG2TS_START};
static const uint8_t audio_packets[] = {RTMP_TAG_SEQUENCE_START, RTMP_TAG_CODED, RTMP_TAG_SEQUENCE_END,
                                        RTMP_TAG_RESERVED, RTMP_TAG_MULTICHANNEL};

const struct tag_codec *tag_codec_by_fourcc(unsigned kind, uint32_t fourcc)
{
    for (size_t i = 0; i < N_OF(codecs); i++)
        if (codecs[i].fourcc == fourcc && codecs[i].kind == kind && fourcc != RTMP_FOURCC_NONE)
            return &codecs[i];
    return NULL;
}

const struct tag_codec *tag_codec_by_legacy(unsigned kind, unsigned legacy)
{
    for (size_t i = 0; i < N_OF(codecs); i++)
        if (codecs[i].legacy == legacy && codecs[i].kind == kind)
            return &codecs[i];
    return NULL;
}

uint8_t tag_packet_of(unsigned kind, unsigned number)
{
    if (kind == RTMP_TAG_VIDEO)
        return number < N_OF(video_packets) ? video_packets[number] : RTMP_TAG_RESERVED;
    return number < N_OF(audio_packets) ? audio_packets[number] : RTMP_TAG_RESERVED;
}

unsigned tag_number_of(unsigned kind, unsigned packet)
{
    for (unsigned number = 0; number < N_OF(video_packets); number++)
        if (packet != RTMP_TAG_RESERVED && tag_packet_of(kind, number) == packet)
            return number;
    return TAG_NO_NUMBER;
}

const char *rtmp_tag_codec_name(const struct rtmp_tag *tag)
{
    const struct tag_codec *codec = tag->enhanced ? tag_codec_by_fourcc(tag->kind, tag->fourcc)
                                                  : tag_codec_by_legacy(tag->kind, tag->codec);
    return codec ? codec->name : "unknown";
}

const char *rtmp_fourcc_name(uint32_t fourcc)
{
    const struct tag_codec *codec = tag_codec_by_fourcc(RTMP_TAG_VIDEO, fourcc);
    if (!codec)
        codec = tag_codec_by_fourcc(RTMP_TAG_AUDIO, fourcc);
    return codec ? codec->name : "unknown";
}
