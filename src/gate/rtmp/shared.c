/* SPDX-License-Identifier: MIT */
/* Shared objects on the wire: batches of the client to its seat, reports of the application to the client. */
#include <errno.h>
#include <string.h>

#include <rtmpwire/amf0.h>
#include <rtmpwire/chunk.h>
#include <rtmpwire/message.h>
#include <rtmpwire/shared_object.h>

#include "app/letter.h"
#include "base/limits.h"
#include "gate/rtmp/session.h"

enum { CHANGES_MAX = 1024 }; /* of one message: each slot once */

/* One message being read. */
struct batch {
    struct session *session;
    struct rtmp_arena *arena;
    const char *object;
    const struct rtmp_shared_head *head;
    struct ph_shared_change *changes;
    size_t n;
    bool has_use, has_release;
};

/* NULL: out of memory, or it cannot be a name here. */
static const char *name_of(struct rtmp_arena *arena, const char *name, size_t length)
{
    if (length == 0 || length > PH_LIMIT_OBJECT_NAME || memchr(name, '\0', length))
        return NULL;
    return rtmp_arena_copy(arena, name, length);
}

static bool add(struct batch *batch, enum ph_shared_kind kind, const char *name, const struct rtmp_value *value)
{
    if (batch->n == CHANGES_MAX)
        return false;
    batch->changes[batch->n++] = (struct ph_shared_change){
        .kind = kind, .name = name, .value = (const struct ph_value *)value};
    return true;
}

/* Name, value; name, value ... */
static bool take_pairs(struct batch *batch, struct rtmp_shared_event *event)
{
    while (event->length) {
        const char *name;
        size_t length;
        struct rtmp_value *value;
        struct rtmp_amf_reader reader;
        if (rtmp_shared_take_name(event, &name, &length))
            return false;
        rtmp_amf_reader_init(&reader, event->data, event->length, batch->arena, NULL);
        name = name_of(batch->arena, name, length);
        if (!name || rtmp_amf0_read(&reader, &value) || !add(batch, PH_SHARED_SET, name, value))
            return false;
        event->data += reader.at;
        event->length -= reader.at;
    }
    return true;
}

static bool take_remove(struct batch *batch, struct rtmp_shared_event *event)
{
    const char *name;
    size_t length;
    if (rtmp_shared_take_name(event, &name, &length))
        return false;
    name = name_of(batch->arena, name, length);
    return name && add(batch, PH_SHARED_REMOVE, name, NULL);
}

/* The handler's name is a value, its arguments follow. */
static bool take_message(struct batch *batch, const struct rtmp_shared_event *event)
{
    struct rtmp_value *handler, *value, *arguments = rtmp_value_new_array(batch->arena);
    struct rtmp_amf_reader reader;
    int rc;
    rtmp_amf_reader_init(&reader, event->data, event->length, batch->arena, NULL);
    if (rtmp_amf0_read(&reader, &handler))
        return false;
    struct rtmp_text text = rtmp_value_text(handler);
    const char *name = name_of(batch->arena, text.data, text.length);
    while ((rc = rtmp_amf0_read(&reader, &value)) == 0)
        if (rtmp_value_push(batch->arena, arguments, value))
            return false;
    return rc == RTMP_E_MORE && name && add(batch, PH_SHARED_MESSAGE, name, arguments);
}

static bool take_event(struct batch *batch, struct rtmp_shared_event *event)
{
    switch (event->type) {
    case RTMP_SHARED_USE:
        batch->has_use = true;
        return true;
    case RTMP_SHARED_RELEASE:
        batch->has_release = true;
        return true;
    case RTMP_SHARED_REQUEST_CHANGE:
        return take_pairs(batch, event);
    case RTMP_SHARED_REQUEST_REMOVE:
        return take_remove(batch, event);
    case RTMP_SHARED_SEND:
        return take_message(batch, event);
    case RTMP_SHARED_REQUEST_CLEAR:
        return add(batch, PH_SHARED_CLEAR, NULL, NULL);
    default: /* 12, 13 and whatever else was seen: nobody knows what they ask for */
        return true;
    }
}

static void ask(struct batch *batch, const struct ph_shared_change *changes, size_t n)
{
    int err = ph_seat_shared(batch->session->seat, 0, batch->object, batch->head->persistent, batch->head->version,
                             changes, n);
    if (err)
        session_end(batch->session, err == -ENOMEM ? PH_CLOSE_MEMORY : PH_CLOSE_PROTOCOL,
                    err == -ENOMEM ? "out of memory" : "too much was asked at once");
}

static void pass_on(struct batch *batch)
{
    static const struct ph_shared_change use = {.kind = PH_SHARED_USE};
    if (batch->has_use)
        ask(batch, &use, 1);
    if (batch->n && !batch->session->is_ending)
        ask(batch, batch->changes, batch->n);
    if (batch->has_release)
        ph_seat_shared_release(batch->session->seat, batch->object);
}

void shared_on_message(struct session *session, const struct rtmp_event_shared_object *message)
{
    struct rtmp_shared_head head;
    struct rtmp_shared_reader reader;
    struct rtmp_shared_event event;
    struct batch batch = {.session = session, .arena = &session->home->scratch, .head = &head};
    int rc = rtmp_shared_parse(message->message_type, message->body, message->length, &head, &reader);
    batch.object = rc ? NULL : name_of(batch.arena, head.name, head.name_length);
    batch.changes = rtmp_arena_take(batch.arena, CHANGES_MAX * sizeof *batch.changes);
    bool is_whole = batch.object && batch.changes;
    while (is_whole && (rc = rtmp_shared_next(&reader, &event)) == 0)
        is_whole = take_event(&batch, &event);
    if (is_whole && rc == RTMP_E_MORE)
        pass_on(&batch);
    else
        session_end(session, PH_CLOSE_PROTOCOL, "a shared object message that cannot be read");
    rtmp_arena_reset(&session->home->scratch);
}

/* Reports */

static int append_value(struct rtmp_buffer *out, uint8_t type, const char *name, const struct rtmp_value *value,
                        struct rtmp_buffer *bytes)
{
    rtmp_buffer_clear(bytes);
    int rc = rtmp_amf0_write(bytes, value);
    return rc ? rc : rtmp_shared_append(out, type, name, strlen(name), bytes->data, bytes->length);
}

static int append_message(struct rtmp_buffer *out, const struct ph_shared_event *event, struct rtmp_buffer *bytes)
{
    rtmp_buffer_clear(bytes);
    int rc = rtmp_amf0_write_text(bytes, event->name);
    for (size_t i = 0; i < rtmp_value_count(event->value) && !rc; i++)
        rc = rtmp_amf0_write(bytes, rtmp_value_at(event->value, i));
    return rc ? rc : rtmp_shared_append(out, RTMP_SHARED_SEND, NULL, 0, bytes->data, bytes->length);
}

static int append(struct rtmp_buffer *out, const struct ph_shared_event *event, struct rtmp_buffer *bytes)
{
    switch (event->news) {
    case PH_NEWS_USED:
        return rtmp_shared_append(out, RTMP_SHARED_USE_SUCCESS, NULL, 0, NULL, 0);
    case PH_NEWS_CLEARED:
        return rtmp_shared_append(out, RTMP_SHARED_CLEAR, NULL, 0, NULL, 0);
    case PH_NEWS_CHANGED:
        return append_value(out, RTMP_SHARED_CHANGE, event->name, event->value, bytes);
    case PH_NEWS_REMOVED:
        return rtmp_shared_append(out, RTMP_SHARED_REMOVE, event->name, strlen(event->name), NULL, 0);
    case PH_NEWS_SUCCESS:
        return rtmp_shared_append(out, RTMP_SHARED_SUCCESS, event->name, strlen(event->name), NULL, 0);
    case PH_NEWS_MESSAGE:
        return append_message(out, event, bytes);
    case PH_NEWS_STATUS:
        return rtmp_shared_append_status(out, event->name, rtmp_value_text(event->value).data);
    }
    return 0;
}

static int write_body(struct rtmp_buffer *body, const struct ph_shared_report *report, uint8_t type)
{
    struct rtmp_shared_head head = {.name = report->object,
                                    .name_length = strlen(report->object),
                                    .version = report->version,
                                    .persistent = report->persistent};
    struct rtmp_buffer bytes;
    rtmp_buffer_init(&bytes, &ph_app_allocator, PH_LIMIT_AMF_BYTES);
    int rc = rtmp_shared_begin(body, type, &head);
    for (size_t i = 0; i < report->n && !rc; i++)
        rc = append(body, &report->events[i], &bytes);
    rtmp_buffer_finish(&bytes);
    return rc;
}

/* As chunks, the same for all clients of a form. */
static int encode(const struct ph_shared_report *report, enum ph_parcel_form form, struct rtmp_buffer *buffer)
{
    uint8_t type = form == PH_PARCEL_AMF3 ? RTMP_TYPE_SHARED_OBJECT_AMF3 : RTMP_TYPE_SHARED_OBJECT_AMF0;
    struct rtmp_buffer body;
    rtmp_buffer_init(&body, &ph_app_allocator, buffer->max);
    int rc = write_body(&body, report, type);
    struct rtmp_message_info info = {.csid = RTMP_CSID_COMMAND, .length = (uint32_t)body.length, .type = type};
    size_t span = rtmp_chunk_span(&info, PH_LIMIT_CHUNK_OUT);
    rc = rc ? rc : rtmp_buffer_reserve(buffer, span);
    rc = rc ? rc : rtmp_chunk_write(&info, body.data, PH_LIMIT_CHUNK_OUT, buffer->data, span, &buffer->length);
    rtmp_buffer_finish(&body);
    return rc;
}

void shared_on_report(struct session *session, const struct ph_shared_report *report)
{
    const uint8_t *bytes;
    size_t length;
    if (session->is_ending)
        return;
    if (ph_report_bytes(report, session->form, encode, &bytes, &length)) {
        session_end(session, PH_CLOSE_MEMORY, "a shared object that cannot be sent");
        return;
    }
    session_collect(session); /* what was said before goes before */
    session_put(session, bytes, length);
}
