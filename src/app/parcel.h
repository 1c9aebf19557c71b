/* SPDX-License-Identifier: MIT */
/**
 * @file  A parcel: one call to many clients, encoded once per wire form however many receive it.
 *
 * Each worker that has receivers gets a letter of its own with the values; the first receiver of a form encodes it, the
 * others send the same bytes.
 *
 * Owner   Who delivers it (seat.c).
 * Thread  The worker.
 */
#ifndef PH_APP_PARCEL_H
#define PH_APP_PARCEL_H

#include <stddef.h>
#include <stdint.h>

#include <playhouse/rooms.h>
#include <rtmpwire/buffer.h>
#include <rtmpwire/value.h>

#include "base/attr.h"

struct ph_shared_report;

enum ph_parcel_form {
    PH_PARCEL_AMF0, /**< an RTMP message of type 20, as chunks */
    PH_PARCEL_AMF3, /**< type 17 */
    PH_PARCEL_JSON, /**< a JSON-RPC notification */
    PH_PARCEL_NODE, /**< for another server */
    PH_PARCEL_FORMS,
};

struct ph_parcel {
    const char *name;                   /**< of the method */
    const struct rtmp_value *arguments; /**< an array, or NULL */
    uint64_t sequence;                  /**< of the room */
    enum ph_delivery_kind kind;

    struct rtmp_buffer encoded[PH_PARCEL_FORMS]; /* private; empty: not encoded yet */
};

void ph_parcel_init(struct ph_parcel *parcel, const char *name, const struct rtmp_value *arguments, uint64_t sequence);

/** Free what was encoded. */
void ph_parcel_finish(struct ph_parcel *parcel);

/** Append the encoded call to `buffer`. Returns 0; an error of the library. */
typedef int (*ph_parcel_encode_fn)(const struct ph_parcel *parcel, enum ph_parcel_form form,
                                   struct rtmp_buffer *buffer);

/**
 * The bytes of a form, made by `encode` if they have not been made yet; lent until the event returns.
 *
 * Returns 0; an error of the library.
 */
PH_MUST_USE int ph_parcel_bytes(struct ph_parcel *parcel, enum ph_parcel_form form, ph_parcel_encode_fn encode,
                                const uint8_t **bytes, size_t *length);

/** The same for the report of a shared object (seat.h), which many may get alike. */
typedef int (*ph_report_encode_fn)(const struct ph_shared_report *report, enum ph_parcel_form form,
                                   struct rtmp_buffer *buffer);
PH_MUST_USE int ph_report_bytes(const struct ph_shared_report *report, enum ph_parcel_form form,
                                ph_report_encode_fn encode, const uint8_t **bytes, size_t *length);

#endif
