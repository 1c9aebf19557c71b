/* SPDX-License-Identifier: MIT */
/**
 * @file  An application: what a plugin is to the server, and the server to a plugin.
 *
 * A plugin exports one function, playhouse_app(), that returns its type. The host loads an instance of it for each
 * `app NAME { type = … }`, on one of its loops. Everything of an instance happens on its loop, one callback after the
 * other: no locks. A callback must not block (jobs can) and not take long: the other rooms of the loop wait.
 *
 * The life of a member, in the order in which hooks hear of it:
 *
 *     connect -> create_room (a new named room only) -> enter_room -> member … leave_room -> destroy_room (the last
 *     of a named room) -> disconnect, exactly once after an accepted connect
 *
 * connect, create_room, enter_room, publish, play and call decide (enum ph_verdict), at once or later; shared decides
 * at once; the others are told, and what they return does not matter. A hook that is NULL accepts; a `call` that is
 * NULL knows no method.
 *
 * Source  FMSPy's hooks, and what an FMS-class server must do.
 * Owner   The type and everything it points at is static storage of the plugin.
 * Thread  The instance's loop for every callback and every function of the host.
 * Since   0.2
 */
#ifndef PLAYHOUSE_APP_H
#define PLAYHOUSE_APP_H

#include <playhouse/base.h>
#include <playhouse/members.h>
#include <playhouse/rooms.h>
#include <playhouse/services.h>
#include <playhouse/shared.h>
#include <playhouse/values.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a callback hears. Fields that a hook does not name below are 0. */
struct ph_event {
    uint32_t size;
    enum ph_reason reason;
    ph_room_id room;
    ph_member_id member;
    ph_answer_id later;                     /**< for PH_LATER; 0: this event does not take it */
    const char *name;                       /**< of the method, stream, object or room */
    const struct ph_value *value;           /**< arguments (an array); a state; a message */
    const struct ph_shared_change *changes; /**< shared */
    size_t n_changes;
    double seconds; /**< tick: since the last one; drain: that are left */
    bool no_reply;  /**< call: the client waits for no answer. Since interface 0.3 */
};

typedef int (*ph_hook_fn)(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer);

/** A method that clients may call. */
struct ph_method {
    /** "say", "game.move"; case matters unless the application folds it. "*": all that have no row of their own; since
     *  interface 0.3 */
    const char *name;
    ph_hook_fn run;  /**< as `call` below */
    uint16_t rate;   /**< calls per second of one member; 0: as configured (100) */
    uint16_t burst;  /**< 0: twice the rate */
    bool concurrent; /**< the next call of the member does not wait until this one has been answered */
};

enum ph_option_kind { PH_TEXT_OPTION, PH_NUMBER_OPTION, PH_BOOLEAN_OPTION };

/** An option of the section `app NAME { … }` that this type adds. */
struct ph_app_option {
    const char *name;
    enum ph_option_kind kind;
    const char *initial;
    const char *help;
};

enum ph_type_flag {
    PH_TYPE_FRONT_ONLY = 2,   /**< there are no rooms: streaming alone */
    PH_TYPE_FREE_OPTIONS = 4, /**< any option may be set: the application judges itself */
};

/** What an application is; everything but the first four fields may be left out. */
struct ph_app_type {
    uint16_t abi_major, abi_minor; /**< PLAYHOUSE_ABI_MAJOR, PLAYHOUSE_ABI_MINOR */
    uint32_t size;                 /**< sizeof of this */
    const char *name;              /**< "chat": what `type =` says */
    const char *about;             /**< a sentence for the manual */
    uint32_t flags;                /**< enum ph_type_flag */
    const struct ph_app_option *options;
    size_t n_options;
    const struct ph_method *methods; /**< looked up before `call` */
    size_t n_methods;

    /** The instance begins: set app->state. PH_REFUSE (description) or an error: it does not run. `value`: what save
     *  gave before a reload or the end of the last server, or NULL. */
    int (*load)(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer);
    ph_hook_fn unload; /**< the last call; rooms and members are gone */

    ph_hook_fn connect;      /**< decides; member, value: the arguments of connect, name: the room it asks for */
    ph_hook_fn disconnect;   /**< member, reason */
    ph_hook_fn create_room;  /**< decides; room, member, value: what save_room gave before, or NULL */
    ph_hook_fn destroy_room; /**< room, reason */
    ph_hook_fn enter_room;   /**< decides; room, member, value: options of the join request, an object or NULL */
    ph_hook_fn leave_room;   /**< room, member (still in it), reason */
    ph_hook_fn drop;         /**< room, member: its connection is lost, its grace period begins */
    ph_hook_fn resume;       /**< room, member: it is back */

    ph_hook_fn call;      /**< decides; room, member, name, value: the arguments */
    ph_hook_fn publish;   /**< decides; room, member, name: of the stream, value: object with the query */
    ph_hook_fn unpublish; /**< room, member, name */
    ph_hook_fn play;      /**< decides; as publish */
    ph_hook_fn stop;      /**< room, member, name: it no longer plays */
    ph_hook_fn data;      /**< room, member, name: of the handler, value: array: a publisher sent data */
    ph_hook_fn shared;    /**< decides; room, member, name: of the object, changes: USE, or a batch */

    ph_hook_fn tick; /**< room, seconds */
    /* Before a reload, and before the server ends: then it is kept in the state directory for the next one. */
    ph_hook_fn save_room; /**< room; answer->value, at most 1 MiB, is given to the next create_room of this name */
    ph_hook_fn save;      /**< answer->value is given to the next load */
    ph_hook_fn drain;     /**< the server is about to stop: seconds are left */

    /* Since interface 0.4. */
    /** What happened to a stream of the server, whichever application has it. name: "stream.published",
     *  "stream.unpublished", "stream.played", "stream.stopped"; value: {path, wall_ms, session, address, protocol,
     * client}, and of an end {seconds, bytes, viewers}; what is not known is left out. */
    ph_hook_fn observe;
};

/** What the server offers; a table or function that this version does not have is NULL. Tables only grow: look at
 * `size` before using what a later version added. */
struct ph_host {
    uint16_t abi_major, abi_minor;
    uint32_t size;
    const struct ph_values *values;
    const struct ph_members *members;
    const struct ph_rooms *rooms;
    const struct ph_shared *shared;
    const struct ph_timers_service *timers;
    const struct ph_streams *streams;
    const struct ph_store_service *store;
    const struct ph_http *http;
    const struct ph_jobs *jobs;
    const struct ph_app_log *log;
    const struct ph_app_metrics *metrics;
    const struct ph_app_options_service *options;

    /** Answer a question that was deferred, once. PH_E_GONE: it was answered, its deadline is over, or who asked has
     *  left. PH_LATER is PH_E_ARGUMENT. */
    int (*answer)(struct ph_app *app, ph_answer_id later, int verdict, const struct ph_answer *answer);

    /** In load: one more method, beyond those of the type; its name is copied. `run` NULL: the hook `call`, with the
     *  limits given here. PH_E_ARGUMENT a name that may not be; PH_E_CONFLICT; PH_E_LIMIT 1,000; PH_E_MEMORY. */
    int (*method)(struct ph_app *app, const struct ph_method *method);

    /** Run `run` when the present callback has returned. Not called when the instance ends before: `user` is best
     *  something that `unload` frees. PH_E_MEMORY. */
    int (*soon)(struct ph_app *app, void (*run)(struct ph_app *app, void *user), void *user);

    /**
     * Begin anew without losing anybody: save and save_room, then unload; load with what was saved, create_room for
     * each room and enter_room for each member, with PH_REASON_STOP; what they decide does not count. Handles of rooms,
     * members and shared objects stay, data pointers, timers and unanswered questions do not. When load refuses, the
     * members stay, every call fails, and reload may be asked for again by `soon`.
     */
    void (*reload)(struct ph_app *app);

    /** The instance cannot go on: its members are told, it is loaded anew. */
    void (*fail)(struct ph_app *app, const char *description);

    /** Do what a program outside may order: a method and its params of docs/commands.md. `done` gets the result, or an
     *  error with a text that says what is wrong, and may be NULL. PH_E_MEMORY. Since interface 0.3. */
    int (*command)(struct ph_app *app, const char *method, const struct ph_value *params, ph_done_fn done, void *user);
};

/** An instance. The host owns it; `state` is the application's. */
struct ph_app {
    const struct ph_host *host;
    const char *name; /**< as configured: "chat" in rtmp://HOST/chat */
    void *state;
};

/** What a plugin exports; called once. NULL: this host will not do. */
#define PLAYHOUSE_ENTRY "playhouse_app"
typedef const struct ph_app_type *(*ph_entry_fn)(const struct ph_host *host);

#ifdef __cplusplus
}
#endif
#endif
