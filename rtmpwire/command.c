/* SPDX-License-Identifier: MIT */
#include <rtmpwire/command.h>

#include <string.h>

#include <rtmpwire/amf0.h>
#include <rtmpwire/message.h>
#include <rtmpwire/session.h>

#include "connect.h"

enum { AMF0_STRING = 0x02 };

/* Reading */

/* Type 17 starts with a format byte 0, which some senders leave out. */
static size_t skip_format_byte(const uint8_t *body, size_t length, uint8_t message_type)
{
    return message_type == RTMP_TYPE_COMMAND_AMF3 && length > 0 && body[0] != AMF0_STRING;
}

static int begin(struct rtmp_amf_reader *reader, const uint8_t *body, size_t length, uint8_t message_type,
                 struct rtmp_arena *arena, const struct rtmp_session_limits *limits)
{
    struct rtmp_value_limits values = {0};
    if (limits)
        values = (struct rtmp_value_limits){
            .depth = limits->amf_depth, .nodes = limits->amf_nodes, .bytes = limits->amf_bytes};
    size_t skipped = skip_format_byte(body, length, message_type);
    if (skipped && body[0] != 0)
        return RTMP_E_UNSUPPORTED;
    rtmp_amf_reader_init(reader, body, length, arena, &values);
    reader->at = skipped;
    return 0;
}

/* The next value, NULL at the end of the body. */
static int next(struct rtmp_amf_reader *reader, struct rtmp_value **value)
{
    *value = NULL;
    int rc = rtmp_amf0_read(reader, value);
    return rc == RTMP_E_MORE ? 0 : rc;
}

static int read_head(struct rtmp_amf_reader *reader, struct rtmp_text *name, double *transaction_id)
{
    struct rtmp_value *value;
    int rc = rtmp_amf0_read(reader, &value);
    if (rc)
        return rc == RTMP_E_MORE ? RTMP_E_TRUNCATED : rc;
    if (rtmp_value_type(value) != RTMP_STRING)
        return RTMP_E_MALFORMED;
    struct rtmp_text text = rtmp_value_text(value);
    rc = next(reader, &value);
    if (rc)
        return rc;
    *name = text;
    *transaction_id = rtmp_value_number(value, 0);
    return 0;
}

int rtmp_command_read_head(const uint8_t *body, size_t length, uint8_t message_type, struct rtmp_arena *arena,
                           struct rtmp_text *name, double *transaction_id, size_t *used)
{
    struct rtmp_amf_reader reader;
    int rc = begin(&reader, body, length, message_type, arena, NULL);
    rc = rc ? rc : read_head(&reader, name, transaction_id);
    if (rc)
        return rc;
    *used = reader.at;
    return 0;
}

int rtmp_command_read(const uint8_t *body, size_t length, uint8_t message_type,
                      const struct rtmp_session_limits *limits, struct rtmp_arena *arena, struct rtmp_command *command)
{
    struct rtmp_amf_reader reader;
    struct rtmp_command read;
    int rc = begin(&reader, body, length, message_type, arena, limits);
    rc = rc ? rc : read_head(&reader, &read.name, &read.transaction_id);
    if (rc)
        return rc;
    struct rtmp_value *value, *arguments = rtmp_value_new_array(arena);
    if (!arguments)
        return rtmp_arena_error(arena, sizeof *arguments);
    rc = next(&reader, &value);
    read.object = value ? value : rtmp_value_new_null();
    while (rc == 0 && value) {
        rc = next(&reader, &value);
        if (rc == 0 && value)
            rc = rtmp_value_push(arena, arguments, value);
    }
    if (rc)
        return rc;
    read.arguments = arguments;
    *command = read;
    return 0;
}

/* Writing */

static int undo(struct rtmp_buffer *buffer, size_t length, int rc)
{
    if (rc)
        buffer->length = length;
    return rc;
}

static int write_head(struct rtmp_buffer *buffer, const char *name, double transaction_id)
{
    int rc = rtmp_amf0_write_text(buffer, name);
    return rc ? rc : rtmp_amf0_write_number(buffer, transaction_id);
}

int rtmp_command_write(struct rtmp_buffer *buffer, const char *name, double transaction_id)
{
    size_t length = buffer->length;
    int rc = write_head(buffer, name, transaction_id);
    rc = rc ? rc : rtmp_amf0_write_null(buffer);
    return undo(buffer, length, rc);
}

int rtmp_command_write_call(struct rtmp_buffer *buffer, const char *name, double transaction_id,
                            const struct rtmp_value *object, const struct rtmp_value *arguments)
{
    size_t length = buffer->length;
    uint32_t n_complex = 0;
    int rc = write_head(buffer, name, transaction_id);
    rc = rc ? rc : rtmp_amf0_write_next(buffer, object ? object : rtmp_value_new_null(), &n_complex);
    rc = rc ? rc : rtmp_put_items(buffer, arguments, &n_complex);
    return undo(buffer, length, rc);
}

int rtmp_status_write(struct rtmp_buffer *buffer, const struct rtmp_status *status)
{
    size_t length = buffer->length;
    uint32_t n_complex = 1;
    int rc = rtmp_amf0_begin_object(buffer);
    rc = rc ? rc : rtmp_put_text_member(buffer, "level", status->level);
    rc = rc ? rc : rtmp_put_text_member(buffer, "code", status->code);
    rc = rc ? rc : rtmp_put_text_member(buffer, "description", status->description);
    rc = rc ? rc : rtmp_put_text_member(buffer, "details", status->details);
    rc = rc ? rc : rtmp_put_members(buffer, status->more, &n_complex);
    rc = rc ? rc : rtmp_amf0_end_object(buffer);
    return undo(buffer, length, rc);
}

int rtmp_command_write_status(struct rtmp_buffer *buffer, const char *name, double transaction_id,
                              const struct rtmp_status *status)
{
    size_t length = buffer->length;
    int rc = rtmp_command_write(buffer, name, transaction_id);
    rc = rc ? rc : rtmp_status_write(buffer, status);
    return undo(buffer, length, rc);
}
