/* SPDX-License-Identifier: MIT */
/*
 * Bodies of audio and video messages: every track is written as a message by itself and must be read back the same.
 * The same bytes are then read as each codec configuration.
 */
#include <rtmpwire/tag.h>

#include "fuzz.h"

typedef int parse_fn(const uint8_t *body, size_t length, struct rtmp_tag *tag);

static void check_fields(const struct rtmp_tag *tag, const uint8_t *data, size_t size)
{
    CHECK(tag->nano <= RTMP_TAG_NANO_MAX);
    CHECK(tag->composition_ms >= -0x800000 && tag->composition_ms <= 0x7FFFFF);
    CHECK(tag->length == 0 || (tag->payload >= data && tag->payload + tag->length <= data + size));
    CHECK(!(tag->key && tag->header) && !(tag->key && tag->disposable));
    CHECK(tag->packet == RTMP_TAG_COMMAND || tag->packet == RTMP_TAG_SILENCE ||
          tag->known == (strcmp(rtmp_tag_codec_name(tag), "unknown") != 0));
}

static void check_round_trip(parse_fn *parse, const struct rtmp_tag *tag)
{
    uint8_t head[RTMP_TAG_HEAD_MAX];
    size_t length;
    int rc = rtmp_tag_write(tag, head, sizeof head, &length);
    CHECK((rc == 0) == (tag->packet != RTMP_TAG_RESERVED));
    if (rc)
        return;
    uint8_t *message = malloc(length + tag->length + 1);
    struct rtmp_tag again;
    CHECK(message);
    memcpy(message, head, length);
    if (tag->length > 0)
        memcpy(message + length, tag->payload, tag->length);
    CHECK(parse(message, length + tag->length, &again) == 0);
    CHECK(again.kind == tag->kind && again.packet == tag->packet && again.frame == tag->frame);
    CHECK(again.codec == tag->codec && again.sound == tag->sound && again.command == tag->command);
    CHECK(again.fourcc == tag->fourcc && again.composition_ms == tag->composition_ms && again.nano == tag->nano);
    CHECK(again.track == tag->track && again.enhanced == tag->enhanced && again.known == tag->known);
    CHECK(again.key == tag->key && again.header == tag->header && again.disposable == tag->disposable);
    CHECK(again.length == tag->length && again.more_length == 0);
    CHECK(again.length == 0 || memcmp(again.payload, tag->payload, tag->length) == 0);
    free(message);
}

static void parse_all(parse_fn *parse, const uint8_t *data, size_t size)
{
    struct rtmp_tag tag;
    unsigned n_tracks = 0;
    if (parse(data, size, &tag) != 0)
        return;
    do {
        check_fields(&tag, data, size);
        check_round_trip(parse, &tag);
        n_tracks++;
    } while (rtmp_tag_track_next(&tag));
    CHECK(n_tracks <= RTMP_TAG_TRACKS_MAX);
    CHECK(tag.more_length == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t a, b;
    parse_all(rtmp_tag_parse_video, data, size);
    parse_all(rtmp_tag_parse_audio, data, size);
    if (rtmp_avc_dimensions(data, size, &a, &b) == 0)
        CHECK(a > 0 && a <= 65535 && b > 0 && b <= 65535);
    if (rtmp_hevc_dimensions(data, size, &a, &b) == 0)
        CHECK(a > 0 && a <= 65535 && b > 0 && b <= 65535);
    if (rtmp_aac_config(data, size, &a, &b) == 0)
        CHECK(a > 0 && a < 1 << 24 && b <= 24);
    return 0;
}
