/* SPDX-License-Identifier: MIT */
/**
 * @file  A parcel: one call to many clients, encoded once per wire form however many receive it.
 *
 * Made on the loop of an application and sent to each worker that has receivers. The first receiver of a form on a
 * worker encodes it, the others send the same bytes.
 *
 * Owner   Counted; a worker holds one reference while it delivers.
 * Thread  The values are constant; encoded forms are made under the parcel's own lock-free rule: each worker has its
 * own. Since   0.2
 */
#ifndef PH_APP_PARCEL_H
#define PH_APP_PARCEL_H

#include <stddef.h>
#include <stdint.h>

#include <rtmpwire/value.h>

#include "base/attr.h"

enum ph_parcel_form {
    PH_PARCEL_AMF0, /**< an RTMP message of type 20, as chunks */
    PH_PARCEL_AMF3, /**< type 17 */
    PH_PARCEL_JSON, /**< a JSON-RPC notification */
    PH_PARCEL_FORMS,
};

struct ph_parcel;

const char *ph_parcel_name(const struct ph_parcel *parcel);
const struct rtmp_value *ph_parcel_arguments(const struct ph_parcel *parcel);

/** Append the encoded call to `buffer`. Returns 0; an error of the library. */
typedef int (*ph_parcel_encode_fn)(const char *name, const struct rtmp_value *arguments, struct rtmp_buffer *buffer);

/**
 * The bytes of a form, made by `encode` if this worker has not got them yet; lent until the event returns.
 *
 * Returns 0; an error of the library.
 */
PH_MUST_USE int ph_parcel_bytes(struct ph_parcel *parcel, enum ph_parcel_form form, ph_parcel_encode_fn encode,
                                const uint8_t **bytes, size_t *length);

#endif
