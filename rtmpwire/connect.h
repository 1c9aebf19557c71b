/* SPDX-License-Identifier: MIT */
/* The objects of connect, its reply and of statuses, as both roles read and write them. */
#ifndef RTMPWIRE_CONNECT_H
#define RTMPWIRE_CONNECT_H

#include <rtmpwire/command.h>
#include <rtmpwire/event.h>
#include <rtmpwire/value.h>

static inline struct rtmp_text rtmp_text_from(const char *text)
{
    return (struct rtmp_text){.data = text, .length = strlen(text)};
}

/* Split at the first '?'. */
int rtmp_split_name(struct rtmp_arena *arena, struct rtmp_text whole, struct rtmp_text *name, struct rtmp_text *query);

int rtmp_read_connect(struct rtmp_arena *arena, const struct rtmp_command *command, struct rtmp_event_connect *connect);
void rtmp_read_status(const struct rtmp_value *info, struct rtmp_event_status *status);
void rtmp_read_capabilities(const struct rtmp_value *object, struct rtmp_capabilities *capabilities);

/* Members inside an object that is being written; NULL adds nothing. n_complex: as rtmp_amf0_write_next() has it. */
int rtmp_put_text_member(struct rtmp_buffer *buffer, const char *name, const char *text);
int rtmp_put_number_member(struct rtmp_buffer *buffer, const char *name, double number);
int rtmp_put_members(struct rtmp_buffer *buffer, const struct rtmp_value *object, uint32_t *n_complex);
int rtmp_put_capabilities(struct rtmp_buffer *buffer, const struct rtmp_capabilities *capabilities,
                          uint32_t *n_complex);

/* The items of an array, one after the other; NULL adds nothing. */
int rtmp_put_items(struct rtmp_buffer *buffer, const struct rtmp_value *array, uint32_t *n_complex);

#endif
