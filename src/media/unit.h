/* SPDX-License-Identifier: MIT */
/**
 * @file  One message of a stream as every gate and every form understands it.
 *
 * What the body means only its gate knows; media looks at the other fields alone.
 *
 * Owner   A unit is a value; its body is lent for the call it is handed to.
 */
#ifndef PH_MEDIA_UNIT_H
#define PH_MEDIA_UNIT_H

#include <stddef.h>
#include <stdint.h>

enum ph_unit_kind { PH_AUDIO, PH_VIDEO, PH_DATA, PH_N_KINDS };

enum ph_unit_flag {
    PH_UNIT_KEY = 1,        /**< a decoder may start here (every audio frame has it) */
    PH_UNIT_HEADER = 2,     /**< needed before anything else of its track: kept for late joiners, never skipped */
    PH_UNIT_DISPOSABLE = 4, /**< no other unit depends on it */
};

struct ph_unit {
    uint8_t kind;  /**< enum ph_unit_kind */
    uint8_t track; /**< 0 is the default track */
    uint8_t flags; /**< enum ph_unit_flag */
    /** Which header this is: one with the same kind, track and slot replaces the older; an empty body removes it. */
    uint8_t slot;
    int64_t time_us; /**< stream time */
    const uint8_t *body;
    size_t length;
};

#endif
