/* SPDX-License-Identifier: MIT */
/**
 * @file  A form: how one gate writes a stream's units as bytes that every viewer of that form shares.
 *
 * A gate declares each of its forms once, as constant data. A form's bytes mean the same to every reader and may be
 * entered at any unit. Two subscribers share one framing when they name the same form and the same variant.
 *
 * Owner   Static storage of the gate.
 * Thread  Its functions are pure: any thread.
 */
#ifndef PH_MEDIA_FORM_H
#define PH_MEDIA_FORM_H

#include "media/unit.h"

struct ph_form {
    const char *name; /**< for logs and metrics: "rtmp", "flv" */

    /** Bytes that `unit` takes; 0 leaves the unit out. `variant`: what else tells framings of a form apart (RTMP: the
     *  message stream id). */
    size_t (*span)(uint32_t variant, const struct ph_unit *unit);

    /** Write `unit` into `out`, which has exactly span() bytes. */
    void (*write)(uint32_t variant, const struct ph_unit *unit, uint8_t *out);

    /** The opposite, so that a new framing can be filled from another: `unit` has its fields but the body set from the
     *  index; put the body of `bytes` into `body` (at least `length` bytes) and return its length. */
    size_t (*read)(uint32_t variant, const uint8_t *bytes, size_t length, uint8_t *body);
};

#endif
