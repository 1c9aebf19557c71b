/* SPDX-License-Identifier: MIT */
/**
 * @file  Looking into an application, for operators: its rooms, who is in them, what they share.
 *
 * An inspection is a letter: it goes to the loop of the application, sees everything in one moment, and comes back.
 *
 * Owner   Who sends it, from the start until `done`; it lies in what it is about. `told` is whose who hears it.
 * Thread  `done` on the home loop.
 */
#ifndef PH_APP_INSPECT_H
#define PH_APP_INSPECT_H

#include <jansson.h>
#include <stdbool.h>

#include "base/limits.h"
#include "net/loop.h"

struct ph_instance;

struct ph_inspection {
    struct ph_mail mail; /**< private */
    struct ph_instance *instance;
    struct ph_loop *home;
    char room[PH_LIMIT_NAME_BYTES + 1]; /**< "" is the hall */
    bool all;                           /**< of every room a row, instead of one room whole */
    bool ends;                          /**< close the room */
    bool is_found;                      /**< out: there is such a room */
    json_t *told;                       /**< out: a reference; NULL: not found, closed, or out of memory */
    void (*done)(struct ph_inspection *inspection);
};

/** The fields up to `ends`, and `done`, are set. */
void ph_inspect(struct ph_inspection *inspection);

#endif
