/* SPDX-License-Identifier: MIT */
/**
 * @file  Control: a command that comes from outside, on its way to the loop of the application and back.
 *
 * Owner   Who sends it, from the start until `done`; it lies in what it is about.
 * Thread  `done` on the home loop.
 * Limits  A key of at most PH_CONTROL_KEY bytes.
 */
#ifndef PH_APP_CONTROL_H
#define PH_APP_CONTROL_H

#include <stddef.h>

#include "net/loop.h"

struct ph_instance;

enum { PH_CONTROL_KEY = 255 };

struct ph_control {
    struct ph_mail mail; /**< private */
    struct ph_list link; /**< private: in the instance, while it is being done */
    struct ph_instance *instance;
    struct ph_loop *home;
    const char *method; /**< lent until `done` */
    const char *params; /**< JSON, `length` bytes; lent as well */
    size_t length;
    const char *key; /**< of the ledger; NULL: none */

    int error;    /**< out: 0, or an enum ph_error */
    char *answer; /**< out: the result as JSON, or of an error a JSON text that says what is wrong; who hears it frees
                   *   it; NULL: out of memory */
    size_t answer_length;
    void (*done)(struct ph_control *control);
};

/** All but the private and the out fields are set. */
void ph_control_send(struct ph_control *control);

/** Before the application is unloaded: those under way are told that it has gone. */
void ph_control_end_all(struct ph_instance *instance);

#endif
