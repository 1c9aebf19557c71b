/* SPDX-License-Identifier: MIT */
/**
 * @file  The RTMP form: a unit as one whole message in chunks of PH_LIMIT_CHUNK_OUT bytes, each with a type-0 header.
 *
 * The variant is the message stream id. Valid for connections that write chunks of that size.
 */
#ifndef PH_GATE_RTMP_FORM_H
#define PH_GATE_RTMP_FORM_H

#include "media/form.h"

enum { PH_RTMP_FORM_CACHE = 1 }; /**< the variant that publishers keep: the first stream of nearly every player */

extern const struct ph_form ph_rtmp_form;

/** The same as a publisher sends it: metadata with @setDataFrame in front, so that the server keeps it for later
 * players. */
extern const struct ph_form ph_rtmp_push_form;

#endif
