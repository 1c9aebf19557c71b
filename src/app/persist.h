/* SPDX-License-Identifier: MIT */
/**
 * @file  Persistent shared objects and the store.
 *
 * An object is closed until its slots have been read. Each batch is one write: the slots that it named, and the
 * object's version. Keys: "v" the version, "s" and its name a slot.
 *
 * Thread  The instance's loop.
 */
#ifndef PH_APP_PERSIST_H
#define PH_APP_PERSIST_H

#include <stdbool.h>
#include <stddef.h>

struct ph_object;
struct ph_slot;

/** Read a new object; without a store it begins empty. False: no memory. */
bool ph_object_load(struct ph_object *object);

/** Write the version, and what these slots hold now; one without content is removed. */
void ph_object_save(const struct ph_object *object, const struct ph_slot *const *slots, size_t n);

#endif
