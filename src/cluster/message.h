/* SPDX-License-Identifier: MIT */
/**
 * @file  Messages about seats: what a client of one server and an application on another say to each other.
 *
 * They are the letters of app/letter.h, each as a packed array (app/pack.h) that begins with its kind; the seats it is
 * for stand beside it (link.h). Texts that were not said are undefined, numbers of 64 bits are texts.
 *
 * Owner   Values live in the caller's arena; what is read is lent from there.
 * Thread  Any.
 */
#ifndef PH_CLUSTER_MESSAGE_H
#define PH_CLUSTER_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include <rtmpwire/arena.h>
#include <rtmpwire/buffer.h>
#include <rtmpwire/value.h>

#include "app/letter.h"
#include "app/seat.h"
#include "base/attr.h"

enum message_kind {
    /* from the client's server; REF names the letter that is answered */
    MESSAGE_JOIN,    /**< application, path, query, protocol, address, properties, arguments, token, sequence, password,
                        ticket, options */
    MESSAGE_CALL,    /**< REF, name, arguments */
    MESSAGE_REPLY,   /**< id, value, refusal */
    MESSAGE_ASK,     /**< REF, verb, name, query */
    MESSAGE_OVER,    /**< verb, name */
    MESSAGE_DATA,    /**< name, handler, arguments */
    MESSAGE_CHANGE,  /**< REF, object, persistent, version, then kind, name, value, if_version of each */
    MESSAGE_RELEASE, /**< object */
    MESSAGE_LEAVE,   /**< reason */

    /* from the application's */
    MESSAGE_WELCOME, /**< a welcome */
    MESSAGE_REFUSED, /**< a refusal */
    MESSAGE_RESULT,  /**< REF, value, refusal */
    MESSAGE_DECIDED, /**< REF, name, refusal */
    MESSAGE_INVOKE,  /**< id, name, arguments */
    MESSAGE_DELIVER, /**< name, arguments, sequence, kind */
    MESSAGE_NEWS,    /**< object, persistent, version, then news, name, value, version of each */
    MESSAGE_MOVED,   /**< a welcome */
    MESSAGE_STOP,    /**< name, description */
    MESSAGE_KICK,    /**< a refusal */
    MESSAGE_KINDS,
};

/** A message being made. */
struct message {
    struct rtmp_arena *arena;
    struct rtmp_value *array;
    bool failed; /**< there was no memory */
};

void message_begin(struct message *message, struct rtmp_arena *arena, enum message_kind kind);
void message_text(struct message *message, const char *text); /**< NULL: it was not said */
void message_bytes(struct message *message, struct rtmp_text text);
void message_number(struct message *message, double number);
void message_u64(struct message *message, uint64_t number);
void message_value(struct message *message, const struct rtmp_value *value);     /**< lent; NULL: it was not said */
void message_refusal(struct message *message, const struct ph_refusal *refusal); /**< NULL: none */
void message_welcome(struct message *message, const struct ph_welcome *welcome);
void message_report(struct message *message, const struct ph_shared_report *report);

/** Append it. Returns 0; an error of the library. */
PH_MUST_USE int message_pack(const struct message *message, struct rtmp_buffer *buffer);

/** A message being read, one thing after the other. What is missing, or of another type, reads as nothing. */
struct message_reader {
    const struct rtmp_value *array;
    size_t at;
};

/** False: these bytes are no message. */
bool message_unpack(const uint8_t *bytes, size_t length, struct rtmp_arena *arena, struct message_reader *reader,
                    enum message_kind *kind);
const char *message_read_text(struct message_reader *reader);              /**< NULL: it was not said */
const char *message_read_name(struct message_reader *reader);              /**< the same, but "" */
uint32_t message_read_number(struct message_reader *reader, uint32_t max); /**< what is none, or more, is `max` */
uint64_t message_read_u64(struct message_reader *reader);
const struct rtmp_value *message_read_value(struct message_reader *reader);
bool message_read_refusal(struct message_reader *reader, struct ph_refusal *refusal); /**< false: there is none */
void message_read_welcome(struct message_reader *reader, struct ph_welcome *welcome);

/** NULL: no memory. */
struct ph_shared_report *message_read_report(struct message_reader *reader, struct rtmp_arena *arena);
struct ph_shared_change *message_read_changes(struct message_reader *reader, struct rtmp_arena *arena, size_t *n);

#endif
