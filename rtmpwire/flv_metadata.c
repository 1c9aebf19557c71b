/* SPDX-License-Identifier: MIT */
#include <rtmpwire/amf0.h>
#include <rtmpwire/flv.h>

/* What is missing at the end of a message is more than the end of its values. */
static int read_next(struct rtmp_amf_reader *reader, struct rtmp_value **value)
{
    int error = rtmp_amf0_read(reader, value);
    return error == RTMP_E_MORE ? RTMP_E_TRUNCATED : error;
}

int rtmp_flv_metadata_read(const uint8_t *body, size_t length, struct rtmp_arena *arena,
                           const struct rtmp_value_limits *limits, struct rtmp_value **value)
{
    struct rtmp_amf_reader reader;
    struct rtmp_value *name = NULL, *found = NULL;
    rtmp_amf_reader_init(&reader, body, length, arena, limits);
    int error = read_next(&reader, &name);
    if (!error && rtmp_text_is(rtmp_value_text(name), "@setDataFrame"))
        error = read_next(&reader, &name);
    if (error)
        return error;
    if (!rtmp_text_is(rtmp_value_text(name), "onMetaData"))
        return RTMP_E_UNSUPPORTED;
    error = read_next(&reader, &found);
    if (error)
        return error;
    if (rtmp_value_type(found) != RTMP_OBJECT && rtmp_value_type(found) != RTMP_ARRAY)
        return RTMP_E_MALFORMED;
    *value = found;
    return 0;
}

int rtmp_flv_metadata_write(struct rtmp_buffer *buffer, const struct rtmp_value *value)
{
    size_t before = buffer->length;
    int error = rtmp_amf0_write_text(buffer, "onMetaData");
    if (!error)
        error = rtmp_amf0_write(buffer, value);
    if (error)
        buffer->length = before;
    return error;
}
