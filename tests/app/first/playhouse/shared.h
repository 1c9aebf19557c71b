/* SPDX-License-Identifier: MIT */
/**
 * @file  Shared objects: keyed maps that clients and the application see alike.
 *
 * Every change is a batch that is seen whole or not at all; each batch raises the version of the object by one, and a
 * slot remembers the version that changed it last. A temporary object ends with its last user, the application
 * counted; a persistent one stays on disk, beyond its room.
 *
 * Thread  The instance's loop.
 * Since   0.2
 */
#ifndef PLAYHOUSE_SHARED_H
#define PLAYHOUSE_SHARED_H

#include <playhouse/base.h>

#ifdef __cplusplus
extern "C" {
#endif

enum ph_shared_kind {
    PH_SHARED_SET,     /**< name, value; NULL deletes, as Flash has it */
    PH_SHARED_REMOVE,  /**< name */
    PH_SHARED_CLEAR,   /**< every slot */
    PH_SHARED_MESSAGE, /**< name of a handler, value an array of arguments: to every user, nothing is stored */
    PH_SHARED_USE,     /**< in the hook: somebody wants to use the object */
};

struct ph_shared_change {
    enum ph_shared_kind kind;
    const char *name;
    const struct ph_value *value;
    uint32_t if_version; /**< of the slot; the whole batch is refused when it has another. 0: do not ask */
};

/** One slot, while walking. */
struct ph_shared_slot {
    const char *name; /**< NULL before the first */
    const struct ph_value *value;
    uint32_t version;
};

/** Somebody changed the object, the application itself too. `member` 0: the application. */
typedef void (*ph_shared_fn)(struct ph_app *app, ph_shared_id shared, ph_member_id member,
                             const struct ph_shared_change *changes, size_t n_changes, void *user);

struct ph_shared {
    uint32_t version, size;

    /**
     * Use an object of a room; made if it is not there. `done` gets PH_E_CONFLICT when it is there with the other
     * persistence; PH_E_LIMIT; PH_E_IO. The handle works when `done` has been called with 0.
     *
     * changed  NULL: do not tell
     */
    int (*open)(struct ph_app *app, ph_room_id room, const char *name, bool persistent, ph_shared_fn changed,
                ph_done_fn done, void *user, ph_shared_id *shared);
    int (*close)(struct ph_app *app, ph_shared_id shared);

    const struct ph_value *(*get)(struct ph_app *app, ph_shared_id shared, const char *name, uint32_t *version);
    bool (*next)(struct ph_app *app, ph_shared_id shared, struct ph_shared_slot *slot); /**< false: was the last */
    size_t (*count)(struct ph_app *app, ph_shared_id shared);
    uint32_t (*object_version)(struct ph_app *app, ph_shared_id shared);

    /** One batch. PH_E_GONE; PH_E_CONFLICT an if_version; PH_E_LIMIT a quota; PH_E_MEMORY. */
    int (*change)(struct ph_app *app, ph_shared_id shared, const struct ph_shared_change *changes, size_t n_changes);

    /** Between lock and unlock changes of the application are gathered into one batch; those of clients wait. */
    int (*lock)(struct ph_app *app, ph_shared_id shared);
    int (*unlock)(struct ph_app *app, ph_shared_id shared);
};

#ifdef __cplusplus
}
#endif
#endif
