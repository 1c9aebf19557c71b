/* SPDX-License-Identifier: MIT */
/**
 * @file  Shared objects: keyed maps of a room that members and the application see alike.
 *
 * Every change comes as a batch that is done whole or not at all, and raises the object's version by one. The client
 * that asked hears SUCCESS for what it set, the others what has changed; where somebody else had changed a slot that
 * the client did not know of yet, it is told the value too, for its own copy may have been overwritten meanwhile. While
 * the application has locked an object, its own changes are done but not told yet, and whatever clients want waits.
 *
 * object.c         objects and their end    object_batch.c  batches
 * object_member.c  what members ask for     object_watch.c  the application: watching, locking
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
struct ph_news;
struct ph_room;

/* What a slot holds. */
struct ph_content {
    uint32_t version; /* of the object when it was changed last */
    size_t bytes;     /* that it takes */
    const struct rtmp_value *value;
    struct rtmp_value scalar; /* the value, if it has no parts */
    struct rtmp_arena arena;  /* else its memory */
};

struct ph_slot {
    struct ph_list link;
    struct ph_content *content; /* NULL: removed, only while a batch is being done */
    char name[];
};

/* A member that uses an object. */
struct ph_object_use {
    struct ph_list in_object, in_member;
    struct ph_object *object;
    struct ph_member *member;
    uint32_t repaired; /* version at which its copy was last told what nobody had changed */
};

/* The application that uses it. */
struct ph_object_watch {
    struct ph_list in_object;
    struct ph_object *object;
    ph_shared_id id;
    unsigned n_locks;
    unsigned life; /* of the instance, when it was opened: a later one has not asked to be told */
    ph_shared_fn changed;
    ph_done_fn opened; /* NULL: it has been called */
    void *user;
};

struct ph_object {
    struct ph_list link; /* in the room */
    struct ph_room *room;
    bool is_persistent;
    bool is_loading; /* whoever wants something waits */
    uint32_t version;
    struct ph_map slots;
    struct ph_list slot_list; /* list of struct ph_slot::link, in the order in which they were made */
    size_t bytes;
    struct ph_list uses;    /* list of struct ph_object_use::in_object */
    struct ph_list watches; /* list of struct ph_object_watch::in_object */
    unsigned n_locks;
    struct ph_news *gathered; /* while it is locked: what is to be told */
    struct ph_list waiting;   /* CHANGE and RELEASE letters that came while it was locked */
    struct ph_task unlock;    /* they are let in */
    bool is_unlocking;        /* they are being let in: it does not go meanwhile */
    struct ph_list untold;    /* changes of the application that its watches are to hear of */
    struct ph_task tell;
    char name[PH_LIMIT_OBJECT_NAME + 1];
};

/** NULL: the room has none of this name. */
struct ph_object *ph_object_find(const struct ph_room *room, const char *name);

/** The object, made if it is not there. Returns 0; PH_E_CONFLICT it has the other persistence; PH_E_ARGUMENT a name
 * that may not be; PH_E_LIMIT; PH_E_MEMORY. */
PH_MUST_USE int ph_object_open(struct ph_room *room, const char *name, bool persistent, struct ph_object **object);

/** The slot with its content, or NULL. */
struct ph_slot *ph_object_slot(const struct ph_object *object, const char *name);

/**
 * Do a batch, and tell the users.
 *
 * use    of who asked; NULL: the application
 * known  the version that it knew
 *
 * Returns 0; PH_E_CONFLICT an if_version; PH_E_LIMIT; PH_E_ARGUMENT; PH_E_MEMORY: nothing was done.
 */
PH_MUST_USE int ph_object_change(struct ph_object *object, struct ph_object_use *use, uint32_t known,
                                 const struct ph_shared_change *changes, size_t n_changes);

/** Whether what clients want has to wait. */
static inline bool ph_object_is_closed(const struct ph_object *object)
{
    return object->n_locks || object->is_loading || !ph_list_is_empty(&object->waiting);
}

/** A slot as the store had it. Returns 0; PH_E_LIMIT; PH_E_MEMORY. */
PH_MUST_USE int ph_object_restore(struct ph_object *object, const char *name, const struct rtmp_value *value,
                                  uint32_t version);

/** From a fresh stack: all slots have been restored, or it cannot be read and goes. Who waited for it is told. */
void ph_object_loaded(struct ph_object *object, int error);

/** Nobody uses it: it goes, unless nothing else would keep it. */
void ph_object_settle(struct ph_object *object);

/** All of a room go with it. */
void ph_objects_end(struct ph_room *room);

/** The same for those that nobody uses. */
void ph_objects_settle(struct ph_room *room);

void ph_content_free(struct ph_content *content); /**< NULL is fine */

/* The application */

/** For who makes and ends an object. */
void ph_object_init_watches(struct ph_object *object);
void ph_object_finish_watches(struct ph_object *object);

/** Watch it; `opened` is told when it has been loaded, NULL: nobody is. Returns 0; PH_E_MEMORY. */
PH_MUST_USE int ph_object_watch(struct ph_object *object, ph_shared_fn changed, ph_done_fn opened, void *user,
                                ph_shared_id *id);

/** From a fresh stack: it has been loaded. */
void ph_object_tell_opened(struct ph_object *object, int error);

/** From a fresh stack: let in who waits, if it is not closed. */
void ph_object_let_in(struct ph_object *object);

/** NULL: it was closed, or has gone with its object. */
struct ph_object_watch *ph_object_watch_get(const struct ph_instance *instance, ph_shared_id id);

/** Watch it no longer: locks are taken off. The object may go. */
void ph_object_unwatch(struct ph_object_watch *watch);

/** The application begins anew: it watches nothing in this room, and yet all objects stay. */
void ph_objects_unwatch(struct ph_room *room);

/** A batch of the application itself; what watches the object hears of it later. Returns as ph_object_change();
 *  PH_E_STATE it has not been opened yet. */
PH_MUST_USE int ph_object_change_own(struct ph_object *object, const struct ph_shared_change *changes,
                                     size_t n_changes);

/** From a fresh stack: tell the application what a member has done. */
void ph_object_tell(struct ph_object *object, ph_member_id member, const struct ph_shared_change *changes,
                    size_t n_changes);

/** Returns 0; PH_E_MEMORY. */
PH_MUST_USE int ph_object_lock(struct ph_object_watch *watch);

/** Returns 0; PH_E_STATE it is not locked. */
PH_MUST_USE int ph_object_unlock(struct ph_object_watch *watch);

/* Members */

/** A CHANGE or RELEASE letter has come; it is returned, now or when the object is unlocked. */
void ph_member_take_shared(struct ph_member *member, struct ph_letter *letter);

/** The same, whether the object is locked or not. */
void ph_member_do_shared(struct ph_member *member, struct ph_letter *letter);

/** For who makes a member. */
void ph_member_init_updates(struct ph_member *member);

/** It uses nothing any more. */
void ph_member_release_all(struct ph_member *member);

#endif
