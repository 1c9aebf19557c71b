/* SPDX-License-Identifier: MIT */
/**
 * @file  Command bodies: read one (types 20 and 17), write one (type 20).
 *
 * A body is a name, a transaction id, a command object and arguments. Usable without a session.
 *
 * Source  RTMP 1.0, 7.2; docs/wire.md 5.
 * Owner   The caller owns arena and buffer; what a command points at lives as long as the arena and the body.
 * Thread  Stateless: any thread.
 * Since   0.1
 */
#ifndef RTMPWIRE_COMMAND_H
#define RTMPWIRE_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rtmpwire/error.h>
#include <rtmpwire/event.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rtmp_arena;
struct rtmp_buffer;
struct rtmp_session_limits;
struct rtmp_value;

struct rtmp_command {
    struct rtmp_text name;
    double transaction_id;
    const struct rtmp_value *object;    /**< null when the body ends early */
    const struct rtmp_value *arguments; /**< strict array, maybe empty */
};

/**
 * Read the name and the transaction id only: they are there even if the values behind them cannot be read.
 *
 * message_type    20, or 17: then a leading format byte 0 is skipped, and tolerated when missing
 * arena           lent; takes the copy of the name
 * name            out
 * transaction_id  out; 0 when the body ends behind the name
 * used            out: bytes up to the command object
 *
 * Returns 0; RTMP_E_TRUNCATED, RTMP_E_MALFORMED there is no name; RTMP_E_MEMORY.
 */
RTMP_API RTMP_MUST_USE int rtmp_command_read_head(const uint8_t *body, size_t length, uint8_t message_type,
                                                  struct rtmp_arena *arena, struct rtmp_text *name,
                                                  double *transaction_id, size_t *used);

/**
 * Read a whole body.
 *
 * limits   lent; amf_* are used; NULL means the defaults
 * command  out; lives as long as `arena` and `body`
 *
 * Returns 0; an error of the AMF readers (RTMP_E_MALFORMED, TRUNCATED, REFERENCE, UNSUPPORTED, DEPTH, NODES, BYTES);
 * RTMP_E_MEMORY.
 */
RTMP_API RTMP_MUST_USE int rtmp_command_read(const uint8_t *body, size_t length, uint8_t message_type,
                                             const struct rtmp_session_limits *limits, struct rtmp_arena *arena,
                                             struct rtmp_command *command);

/** What an onStatus, or the info object of a reply, says; NULL leaves a text out. */
struct rtmp_status {
    const char *level; /**< "status", "warning" or "error" */
    const char *code;
    const char *description;
    const char *details;
    const struct rtmp_value *more; /**< object whose members are added, or NULL */
};

/**
 * Append name, transaction id and null for the command object; the arguments are appended by the caller with the AMF0
 * writers.
 *
 * Returns 0, or the buffer's error (RTMP_E_MEMORY, RTMP_E_SPACE); then the buffer is unchanged.
 */
RTMP_API RTMP_MUST_USE int rtmp_command_write(struct rtmp_buffer *buffer, const char *name, double transaction_id);

/**
 * Append a whole body: name, transaction id, command object, then the elements of `arguments`. Values may contain
 * themselves.
 *
 * object     lent: the command object, or NULL for null
 * arguments  lent: a strict array, or NULL for none
 */
RTMP_API RTMP_MUST_USE int rtmp_command_write_call(struct rtmp_buffer *buffer, const char *name, double transaction_id,
                                                   const struct rtmp_value *object, const struct rtmp_value *arguments);

/** Append the first object of a body, {level, code, description, details, more…}: Wirecast needs `level` first. */
RTMP_API RTMP_MUST_USE int rtmp_status_write(struct rtmp_buffer *buffer, const struct rtmp_status *status);

/** Append a whole body `name`, transaction id, null, status object: onStatus, onFCPublish, _error. */
RTMP_API RTMP_MUST_USE int rtmp_command_write_status(struct rtmp_buffer *buffer, const char *name,
                                                     double transaction_id, const struct rtmp_status *status);

#ifdef __cplusplus
}
#endif
#endif
