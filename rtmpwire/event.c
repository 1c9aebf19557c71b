/* SPDX-License-Identifier: MIT */
#include <rtmpwire/event.h>

const char *rtmp_event_name(enum rtmp_event_type type)
{
    static const char *const names[] = {
        [RTMP_EVENT_NONE] = "none",
        [RTMP_EVENT_AUDIO] = "audio",
        [RTMP_EVENT_VIDEO] = "video",
        [RTMP_EVENT_DATA] = "data",
        [RTMP_EVENT_CALL] = "call",
        [RTMP_EVENT_RESULT] = "result",
        [RTMP_EVENT_SHARED_OBJECT] = "shared-object",
        [RTMP_EVENT_PONG] = "pong",
        [RTMP_EVENT_ACK] = "ack",
        [RTMP_EVENT_CLOSE] = "close",
        [RTMP_EVENT_CONNECT] = "connect",
        [RTMP_EVENT_RELEASE] = "release",
        [RTMP_EVENT_STREAM_LENGTH] = "stream-length",
        [RTMP_EVENT_PUBLISH] = "publish",
        [RTMP_EVENT_PLAY] = "play",
        [RTMP_EVENT_PAUSE] = "pause",
        [RTMP_EVENT_SEEK] = "seek",
        [RTMP_EVENT_RECEIVE_AUDIO] = "receive-audio",
        [RTMP_EVENT_RECEIVE_VIDEO] = "receive-video",
        [RTMP_EVENT_STOP] = "stop",
        [RTMP_EVENT_BUFFER_LENGTH] = "buffer-length",
        [RTMP_EVENT_CONNECTED] = "connected",
        [RTMP_EVENT_REFUSED] = "refused",
        [RTMP_EVENT_STREAM_READY] = "stream-ready",
        [RTMP_EVENT_STATUS] = "status",
        [RTMP_EVENT_BEGIN] = "begin",
        [RTMP_EVENT_EOF] = "eof",
        [RTMP_EVENT_RECONNECT_REQUEST] = "reconnect-request",
    };
    return (size_t)type < sizeof names / sizeof *names ? names[type] : "unknown";
}

unsigned rtmp_capabilities_can(const struct rtmp_capabilities *capabilities, enum rtmp_codec_list list,
                               uint32_t four_cc)
{
    unsigned can = 0;
    for (uint32_t i = 0; i < capabilities->n_codecs; i++) {
        const struct rtmp_codec *codec = &capabilities->codecs[i];
        bool fits = codec->list == list || codec->list == RTMP_CODEC_LISTED;
        if (fits && (codec->four_cc == four_cc || codec->four_cc == RTMP_FOURCC_ANY))
            can |= codec->list == RTMP_CODEC_LISTED ? RTMP_CAN_DECODE : codec->can;
    }
    return can;
}
