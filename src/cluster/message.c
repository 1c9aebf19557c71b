/* SPDX-License-Identifier: MIT */
#include "cluster/message.h"

#include <string.h>

#include "app/instance.h"
#include "app/pack.h"
#include "base/text.h"

enum { CHANGE_FIELDS = 4 };

/* Making */

static void add(struct message *message, struct rtmp_value *value)
{
    message->failed = message->failed || !value || rtmp_value_push(message->arena, message->array, value);
}

void message_begin(struct message *message, struct rtmp_arena *arena, enum message_kind kind)
{
    *message = (struct message){.arena = arena, .array = rtmp_value_new_array(arena)};
    message->failed = !message->array;
    message_number(message, kind);
}

void message_bytes(struct message *message, struct rtmp_text text)
{
    add(message, rtmp_value_new_string(message->arena, text.data, text.length));
}

void message_text(struct message *message, const char *text)
{
    add(message, text ? rtmp_value_new_string(message->arena, text, strlen(text)) : rtmp_value_new_undefined());
}

void message_number(struct message *message, double number)
{
    add(message, rtmp_value_new_number(message->arena, number));
}

void message_u64(struct message *message, uint64_t number)
{
    char digits[24];
    struct ph_text text;
    ph_text_init(&text, digits, sizeof digits);
    ph_text_add(&text, "%llu", (unsigned long long)number);
    message_text(message, digits);
}

/* Packing only reads it. */
void message_value(struct message *message, const struct rtmp_value *value)
{
    add(message, value ? (struct rtmp_value *)(uintptr_t)value : rtmp_value_new_undefined());
}

void message_refusal(struct message *message, const struct ph_refusal *refusal)
{
    static const struct ph_refusal none;
    const struct ph_refusal *it = refusal ? refusal : &none;
    message_number(message, refusal != NULL);
    message_number(message, -it->error);
    message_text(message, it->code);
    message_text(message, it->description);
    message_text(message, it->redirect);
    message_value(message, it->application);
}

void message_welcome(struct message *message, const struct ph_welcome *welcome)
{
    message_u64(message, welcome->member);
    message_text(message, welcome->room);
    message_text(message, welcome->user);
    message_value(message, welcome->data);
    message_text(message, welcome->token);
    message_u64(message, welcome->sequence);
    message_number(message, welcome->is_resumed);
    message_number(message, welcome->is_complete);
}

void message_report(struct message *message, const struct ph_shared_report *report)
{
    message_text(message, report->object);
    message_number(message, report->persistent);
    message_number(message, report->version);
    for (size_t i = 0; i < report->n; i++) {
        const struct ph_shared_event *event = &report->events[i];
        message_number(message, event->news);
        message_text(message, event->name);
        message_value(message, event->value);
        message_number(message, event->version);
    }
}

int message_pack(const struct message *message, struct rtmp_buffer *buffer)
{
    return message->failed ? RTMP_E_MEMORY : ph_pack(message->array, buffer);
}

/* Reading */

static const struct rtmp_value *next(struct message_reader *reader)
{
    return rtmp_value_at(reader->array, reader->at++);
}

bool message_unpack(const uint8_t *bytes, size_t length, struct rtmp_arena *arena, struct message_reader *reader,
                    enum message_kind *kind)
{
    *reader = (struct message_reader){.array = ph_unpack(bytes, length, arena)};
    if (!reader->array || rtmp_value_type(reader->array) != RTMP_ARRAY)
        return false;
    *kind = (enum message_kind)message_read_number(reader, MESSAGE_KINDS);
    return *kind != MESSAGE_KINDS;
}

const char *message_read_text(struct message_reader *reader)
{
    const struct rtmp_value *value = next(reader);
    return rtmp_value_type(value) == RTMP_STRING ? rtmp_value_text(value).data : NULL;
}

const char *message_read_name(struct message_reader *reader)
{
    const char *text = message_read_text(reader);
    return text ? text : "";
}

uint32_t message_read_number(struct message_reader *reader, uint32_t max)
{
    double number = rtmp_value_number(next(reader), -1);
    return number >= 0 && number <= max ? (uint32_t)number : max;
}

uint64_t message_read_u64(struct message_reader *reader)
{
    const char *digits = message_read_text(reader);
    uint64_t number;
    return digits && ph_text_u64(digits, &number) == 0 ? number : 0;
}

const struct rtmp_value *message_read_value(struct message_reader *reader)
{
    const struct rtmp_value *value = next(reader);
    return rtmp_value_type(value) == RTMP_UNDEFINED ? NULL : value;
}

bool message_read_refusal(struct message_reader *reader, struct ph_refusal *refusal)
{
    bool is_there = message_read_number(reader, UINT8_MAX) == 1;
    refusal->error = -(int)message_read_number(reader, UINT8_MAX);
    refusal->code = message_read_text(reader);
    refusal->description = message_read_text(reader);
    refusal->redirect = message_read_text(reader);
    refusal->application = message_read_value(reader);
    return is_there;
}

void message_read_welcome(struct message_reader *reader, struct ph_welcome *welcome)
{
    welcome->member = message_read_u64(reader);
    welcome->room = message_read_name(reader);
    welcome->user = message_read_name(reader);
    welcome->data = message_read_value(reader);
    welcome->token = message_read_name(reader);
    welcome->sequence = message_read_u64(reader);
    welcome->is_resumed = message_read_number(reader, UINT8_MAX) == 1;
    welcome->is_complete = message_read_number(reader, UINT8_MAX) == 1;
}

static size_t n_rows(const struct message_reader *reader)
{
    size_t n = rtmp_value_count(reader->array);
    return n > reader->at ? (n - reader->at) / CHANGE_FIELDS : 0;
}

struct ph_shared_report *message_read_report(struct message_reader *reader, struct rtmp_arena *arena)
{
    struct ph_shared_report *report = rtmp_arena_take(arena, sizeof *report);
    if (!report)
        return NULL;
    *report = (struct ph_shared_report){.object = message_read_name(reader)};
    report->persistent = message_read_number(reader, UINT8_MAX) == 1;
    report->version = message_read_number(reader, UINT32_MAX);
    report->n = n_rows(reader);
    struct ph_shared_event *events = rtmp_arena_take(arena, (report->n + 1) * sizeof *events);
    if (!events)
        return NULL;
    for (size_t i = 0; i < report->n; i++) {
        events[i].news = (enum ph_shared_news)message_read_number(reader, PH_NEWS_STATUS);
        events[i].name = message_read_name(reader);
        events[i].value = message_read_value(reader);
        events[i].version = message_read_number(reader, UINT32_MAX);
    }
    report->events = events;
    return report;
}

struct ph_shared_change *message_read_changes(struct message_reader *reader, struct rtmp_arena *arena, size_t *n)
{
    *n = n_rows(reader);
    struct ph_shared_change *changes = rtmp_arena_take(arena, (*n + 1) * sizeof *changes);
    for (size_t i = 0; i < *n && changes; i++) {
        changes[i].kind = (enum ph_shared_kind)message_read_number(reader, PH_SHARED_USE);
        changes[i].name = message_read_text(reader);
        if (!changes[i].name && changes[i].kind != PH_SHARED_USE && changes[i].kind != PH_SHARED_CLEAR)
            changes[i].name = "";
        changes[i].value = ph_value_out(message_read_value(reader));
        changes[i].if_version = message_read_number(reader, UINT32_MAX);
    }
    return changes;
}
