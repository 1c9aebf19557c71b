/* SPDX-License-Identifier: MIT */
/**
 * @file  Envelopes of AMF remoting: several calls in the body of one POST, and their answers in one reply.
 *
 * Source  AMF 0 (2013) 4, "AMF packet"; what Flash's and Ruffle's NetConnection.call over HTTP send.
 * Owner   What is read lives in the arena.
 * Thread  Stateless: any thread.
 * Limits  PH_LIMIT_REMOTING_CALLS, PH_LIMIT_REMOTING_HEADERS; values as of a message over RTMP.
 */
#ifndef PH_GATE_REMOTING_ENVELOPE_H
#define PH_GATE_REMOTING_ENVELOPE_H

#include <rtmpwire/arena.h>
#include <rtmpwire/buffer.h>
#include <rtmpwire/value.h>

#include "base/attr.h"
#include "base/limits.h"

struct ph_amf_call {
    struct rtmp_text method;            /**< "say", "shop.buy" */
    struct rtmp_text response;          /**< "/1": where the answer goes */
    const struct rtmp_value *arguments; /**< an array */
};

struct ph_amf_envelope {
    unsigned version;           /**< 0 or 3: in which answers are written */
    struct rtmp_value *headers; /**< an object; nobody understands those that must be understood */
    struct ph_amf_call call[PH_LIMIT_REMOTING_CALLS];
    size_t n; /**< of calls */
};

/** Returns 0; an error of rtmpwire: RTMP_E_TRUNCATED, RTMP_E_MALFORMED, RTMP_E_RANGE too many … */
PH_MUST_USE int ph_amf_envelope_read(const uint8_t *data, size_t length, struct rtmp_arena *arena,
                                     struct ph_amf_envelope *envelope);

/** Append the beginning of the reply to `n` calls. Returns 0; the buffer's error. */
PH_MUST_USE int ph_amf_reply_begin(struct rtmp_buffer *buffer, const struct ph_amf_envelope *envelope);

/** Append one answer: "/1/onResult", or with `failed` "/1/onStatus". Returns 0; an error of rtmpwire, and nothing is
 *  appended. */
PH_MUST_USE int ph_amf_reply_add(struct rtmp_buffer *buffer, const struct ph_amf_envelope *envelope,
                                 const struct ph_amf_call *call, bool failed, const struct rtmp_value *value);

#endif
