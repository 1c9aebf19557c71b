/* SPDX-License-Identifier: MIT */
/**
 * @file  How a stream's log is written as FLV: each unit is one tag with its back pointer.
 *
 * Thread  Stateless: any thread.
 */
#ifndef PH_GATE_FLV_FORM_H
#define PH_GATE_FLV_FORM_H

#include "media/form.h"

extern const struct ph_form ph_flv_form;

#endif
