/* SPDX-License-Identifier: MIT */
#include "gate/rtmp/form.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include <rtmpwire/chunk.h>
#include <rtmpwire/message.h>

#include "base/limits.h"

enum {
    CHUNK = PH_LIMIT_CHUNK_OUT,
    TYPE0_HEADER = 11,
    EXTENDED_TIME = 4,
    STREAMS_APART = 64, /* so many message streams have chunk streams of their own */
};

static struct rtmp_message_info info_of(uint32_t variant, const struct ph_unit *unit)
{
    static const uint8_t types[] = {
        [PH_AUDIO] = RTMP_TYPE_AUDIO, [PH_VIDEO] = RTMP_TYPE_VIDEO, [PH_DATA] = RTMP_TYPE_DATA_AMF0};
    static const uint8_t csids[] = {[PH_AUDIO] = 4, [PH_VIDEO] = 6, [PH_DATA] = 5};
    bool is_metadata = unit->kind == PH_DATA && unit->flags & PH_UNIT_HEADER;
    return (struct rtmp_message_info){
        .csid = csids[unit->kind] + 8 * ((variant - 1) % STREAMS_APART),
        .time_ms = is_metadata ? 0 : (uint32_t)(unit->time_us / 1000), /* ffmpeg takes later ones for subtitles */
        .length = (uint32_t)unit->length,
        .stream_id = variant,
        .type = types[unit->kind],
    };
}

static size_t span(uint32_t variant, const struct ph_unit *unit)
{
    if (unit->kind >= PH_N_KINDS || unit->length > RTMP_MESSAGE_MAX)
        return 0;
    struct rtmp_message_info info = info_of(variant, unit);
    return rtmp_chunk_span(&info, CHUNK);
}

static void write(uint32_t variant, const struct ph_unit *unit, uint8_t *out)
{
    struct rtmp_message_info info = info_of(variant, unit);
    size_t written;
    int err = rtmp_chunk_write(&info, unit->body, CHUNK, out, rtmp_chunk_span(&info, CHUNK), &written);
    assert(!err);
    (void)err;
}

static size_t basic_header_size(uint8_t first)
{
    uint8_t csid = first & 0x3F;
    return csid == 0 ? 2 : csid == 1 ? 3 : 1;
}

static size_t read(uint32_t variant, const uint8_t *bytes, size_t length, uint8_t *body)
{
    (void)variant;
    size_t basic = basic_header_size(bytes[0]);
    const uint8_t *header = bytes + basic;
    bool extended = header[0] == 0xFF && header[1] == 0xFF && header[2] == 0xFF;
    size_t time = extended ? EXTENDED_TIME : 0;
    size_t at = basic + TYPE0_HEADER + time, n = 0;
    while (at < length) {
        size_t part = length - at < CHUNK ? length - at : CHUNK;
        memcpy(body + n, bytes + at, part);
        n += part;
        at += part + basic + time; /* the header of the next chunk, if there is one */
    }
    return n;
}

/* Metadata with a name in front, in `room`; longer ones go as they are: they are kept all the same by most. */
enum { NAME = 16, NAMED_MAX = 4096 };

static bool is_to_name(const struct ph_unit *unit)
{
    return unit->kind == PH_DATA && unit->flags & PH_UNIT_HEADER && unit->length && unit->length <= NAMED_MAX - NAME;
}

static size_t span_named(uint32_t variant, const struct ph_unit *unit)
{
    struct ph_unit named = *unit;
    named.length += is_to_name(unit) ? NAME : 0;
    return span(variant, &named);
}

static void write_named(uint32_t variant, const struct ph_unit *unit, uint8_t *out)
{
    static const uint8_t name[NAME] = {2, 0, 13, '@', 's', 'e', 't', 'D', 'a', 't', 'a', 'F', 'r', 'a', 'm', 'e'};
    uint8_t room[NAMED_MAX];
    struct ph_unit named = *unit;
    if (is_to_name(unit)) {
        memcpy(room, name, NAME);
        memcpy(room + NAME, unit->body, unit->length);
        named.body = room;
        named.length += NAME;
    }
    write(variant, &named, out);
}

const struct ph_form ph_rtmp_push_form = {.name = "rtmp push", .span = span_named, .write = write_named, .read = read};

const struct ph_form ph_rtmp_form = {.name = "rtmp", .span = span, .write = write, .read = read};
