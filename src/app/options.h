/* SPDX-License-Identifier: MIT */
/**
 * @file  Options of an application, as its code reads them.
 *
 * Thread  The instance's loop; ph_options_fault() any.
 */
#ifndef PH_APP_OPTIONS_H
#define PH_APP_OPTIONS_H

#include <playhouse/app.h>

#include "base/attr.h"

struct ph_app_settings;

extern const struct ph_app_options_service ph_host_options;

enum { PH_OWN_OPTIONS_ERROR = 512 };

/** What is wrong with the application's own options, as a line for people. Returns 0; -EINVAL and `error`. */
PH_MUST_USE int ph_own_options_check(const struct ph_app_settings *settings, const struct ph_app_type *type,
                                     char error[PH_OWN_OPTIONS_ERROR]);

#endif
