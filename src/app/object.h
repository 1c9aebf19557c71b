/* SPDX-License-Identifier: MIT */
/**
 * @file  Shared objects: keyed maps of a room that members and the application see alike.
 *
 * Every change comes as a batch that is done whole or not at all, and raises the object's version by one. The client
 * that asked hears SUCCESS for what it set, the others what has changed; where somebody else had changed a slot that
 * the client did not know of yet, it is told the value too, for its own copy may have been overwritten meanwhile.
 *
 * Source  docs/wire.md 6; what Flash clients expect.
 * Owner   The room. An object goes with its last user; a persistent one goes with its room, and is kept by the store.
 * Thread  The instance's loop.
 * Limits  PH_LIMIT_OBJECTS of a room, PH_LIMIT_SLOTS, PH_LIMIT_SLOT_BYTES, PH_LIMIT_OBJECT_BYTES.
 */
#ifndef PH_APP_OBJECT_H
#define PH_APP_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <playhouse/shared.h>
#include <rtmpwire/arena.h>
#include <rtmpwire/value.h>

#include "app/instance.h"
#include "base/attr.h"
#include "base/limits.h"
#include "base/list.h"
#include "base/map.h"

struct ph_letter;
struct ph_member;
struct ph_room;

struct ph_slot {
    struct ph_list link;
    struct rtmp_arena arena; /* of the value */
    const struct rtmp_value *value;
    uint32_t version; /* of the object when it was changed last */
    char name[];
};

/* A member that uses an object. */
struct ph_object_use {
    struct ph_list in_object, in_member;
    struct ph_object *object;
    struct ph_member *member;
};

/* The application that uses it. */
struct ph_object_watch {
    struct ph_list in_object;
    struct ph_object *object;
    ph_shared_id id;
    ph_shared_fn changed;
    ph_done_fn opened; /* NULL: it has been called */
    void *user;
};

struct ph_object {
    struct ph_list link; /* in the room */
    struct ph_room *room;
    bool is_persistent;
    uint32_t version;
    struct ph_map slots;
    struct ph_list slot_list; /* list of struct ph_slot::link, in the order in which they were made */
    size_t bytes;
    struct ph_list uses;    /* list of struct ph_object_use::in_object */
    struct ph_list watches; /* list of struct ph_object_watch::in_object */
    unsigned n_locks;       /* while it is being read, too */
    bool is_loading;
    bool is_unlocking;      /* who has waited is let in: it must not go meanwhile */
    struct ph_list waiting; /* CHANGE letters that came while it was locked */
    struct ph_task unlock;  /* they are let in */
    char name[PH_LIMIT_OBJECT_NAME + 1];
};

/** NULL: the room has none of this name. */
struct ph_object *ph_object_find(const struct ph_room *room, const char *name);

/** The object, made if it is not there. Returns 0; PH_E_CONFLICT it has the other persistence; PH_E_ARGUMENT a name
 * that may not be; PH_E_LIMIT; PH_E_MEMORY. */
PH_MUST_USE int ph_object_open(struct ph_room *room, const char *name, bool persistent, struct ph_object **object);

/** The slot, or NULL. */
struct ph_slot *ph_object_slot(const struct ph_object *object, const char *name);

/**
 * Do a batch, and tell the users.
 *
 * member  who asked; NULL: the application
 * known   the version that it knew
 *
 * Returns 0; PH_E_CONFLICT an if_version; PH_E_LIMIT; PH_E_ARGUMENT; PH_E_MEMORY: nothing was done.
 */
PH_MUST_USE int ph_object_change(struct ph_object *object, struct ph_member *member, uint32_t known,
                                 const struct ph_shared_change *changes, size_t n_changes);

/** It may be unlocked: do what has waited. */
void ph_object_unlock(struct ph_object *object);

/** A slot as the store had it. Returns 0; PH_E_LIMIT, PH_E_MEMORY. */
PH_MUST_USE int ph_object_restore(struct ph_object *object, const char *name, const struct rtmp_value *value,
                                  uint32_t version);

/** All slots have been restored: it is unlocked, and who waited for it is told. */
void ph_object_loaded(struct ph_object *object);

/** Nobody uses it: it goes, unless it is persistent. */
void ph_object_settle(struct ph_object *object);

/** All of a room go with it. */
void ph_objects_end(struct ph_room *room);

/* Members */

/** A CHANGE letter has come; it is returned, now or when the object is unlocked. */
void ph_member_take_change(struct ph_member *member, struct ph_letter *letter);

/** A RELEASE letter has come. */
void ph_member_take_release(struct ph_member *member, struct ph_letter *letter);

/** It uses nothing any more. */
void ph_member_release_all(struct ph_member *member);

#endif
