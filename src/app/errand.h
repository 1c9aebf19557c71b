/* SPDX-License-Identifier: MIT */
/**
 * @file  Errands: something that an application has asked for and that ends later. Whoever asked hears of it once,
 * unless the instance has been loaded anew meanwhile.
 *
 * Owner   Who runs it; an errand lies in what keeps the state of the work.
 * Thread  The instance's loop.
 */
#ifndef PH_APP_ERRAND_H
#define PH_APP_ERRAND_H

#include <playhouse/base.h>
#include <rtmpwire/value.h>

#include "base/attr.h"

struct ph_instance;

struct ph_errand {
    struct ph_instance *instance;
    unsigned life;   /**< of the instance, when it was begun */
    ph_done_fn done; /**< may be NULL */
    void *user;
};

struct ph_errand ph_errand_begin(struct ph_app *app, ph_done_fn done, void *user);

/** From a fresh stack: tell who asked. */
void ph_errand_end(const struct ph_errand *errand, int error, const struct rtmp_value *value);

/** The end of what was done at once, told when the present callback has returned. `value` is copied. Returns 0;
 *  PH_E_MEMORY. */
PH_MUST_USE int ph_errand_end_soon(struct ph_app *app, ph_done_fn done, void *user, int error,
                                   const struct rtmp_value *value);

#endif
