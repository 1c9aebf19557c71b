/* SPDX-License-Identifier: MIT */
#include "gate/flv/form.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include <rtmpwire/flv.h>

static struct rtmp_flv_tag tag_of(const struct ph_unit *unit)
{
    static const uint8_t types[] = {
        [PH_AUDIO] = RTMP_FLV_AUDIO, [PH_VIDEO] = RTMP_FLV_VIDEO, [PH_DATA] = RTMP_FLV_SCRIPT};
    bool is_metadata = unit->kind == PH_DATA && unit->flags & PH_UNIT_HEADER;
    return (struct rtmp_flv_tag){.type = types[unit->kind],
                                 .time_ms = is_metadata ? 0 : (uint32_t)(unit->time_us / 1000), /* as over RTMP */
                                 .body = unit->body,
                                 .length = (uint32_t)unit->length};
}

static size_t span(uint32_t variant, const struct ph_unit *unit)
{
    (void)variant;
    if (unit->kind >= PH_N_KINDS || unit->length > RTMP_FLV_BODY_MAX)
        return 0;
    return rtmp_flv_tag_span((uint32_t)unit->length);
}

static void write(uint32_t variant, const struct ph_unit *unit, uint8_t *out)
{
    struct rtmp_flv_tag tag = tag_of(unit);
    size_t written;
    int err = rtmp_flv_tag_write(&tag, out, span(variant, unit), &written);
    assert(!err);
    (void)err;
}

static size_t read(uint32_t variant, const uint8_t *bytes, size_t length, uint8_t *body)
{
    (void)variant;
    size_t n = length - RTMP_FLV_TAG_HEAD_SIZE - RTMP_FLV_TAG_TAIL_SIZE;
    memcpy(body, bytes + RTMP_FLV_TAG_HEAD_SIZE, n);
    return n;
}

const struct ph_form ph_flv_form = {.name = "flv", .span = span, .write = write, .read = read};
