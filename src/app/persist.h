/* SPDX-License-Identifier: MIT */
/**
 * @file  Persistent shared objects and the store.
 *
 * An object is locked until its slots have been read. Each batch is one write: the slots that it named, and the
 * object's version. Keys: "v" the version, "s" and its name a slot.
 *
 * Thread  The instance's loop.
 */
#ifndef PH_APP_PERSIST_H
#define PH_APP_PERSIST_H

#include <stdbool.h>
#include <stddef.h>

#include <playhouse/shared.h>

struct ph_object;

/** Read a new object; without a store it begins empty. False: no memory. */
bool ph_object_load(struct ph_object *object);

/** Write what a batch has changed. */
void ph_object_save(const struct ph_object *object, const struct ph_shared_change *changes, size_t n_changes);

/** Remove these slots from the disk, although the object still has them. */
void ph_object_forget(const struct ph_object *object, const struct ph_shared_change *removals, size_t n);

#endif
