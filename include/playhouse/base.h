/* SPDX-License-Identifier: MIT */
/**
 * @file  What every header of the application interface uses: errors, handles, verdicts, answers.
 *
 * Handles are numbers that carry a generation: one whose thing has gone is answered with PH_E_GONE, never followed.
 * 0 is no handle. Texts are UTF-8 with a NUL behind the last byte; what a callback is given lives until it returns,
 * what it gives is copied before it returns.
 *
 * Owner   The host owns everything behind a handle.
 * Thread  Handles are plain numbers; the functions that take them are for the loop of the application instance.
 * Since   0.2
 */
#ifndef PLAYHOUSE_BASE_H
#define PLAYHOUSE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The interface; an application made for another major number is refused. 0.x: it may still change. */
enum { PLAYHOUSE_ABI_MAJOR = 0, PLAYHOUSE_ABI_MINOR = 4 };

struct ph_app;   /**< an instance of an application: app.h */
struct ph_value; /**< a value: values.h */

typedef uint64_t ph_room_id;
typedef uint64_t ph_member_id;
typedef uint64_t ph_answer_id; /**< a question that waits for its answer */
typedef uint64_t ph_timer_id;
typedef uint64_t ph_shared_id; /**< a shared object that the application holds */

/** What functions of the host return when they do not return 0. */
enum ph_error {
    PH_E_GONE = -1,        /**< what the handle stood for is no more */
    PH_E_MEMORY = -2,      /**< out of memory */
    PH_E_LIMIT = -3,       /**< a limit or quota: docs/limits.md */
    PH_E_ARGUMENT = -4,    /**< not allowed as an argument, or not in this place */
    PH_E_STATE = -5,       /**< not now: answered already, locked by somebody else, full */
    PH_E_NOT_FOUND = -6,   /**< there is none of that name */
    PH_E_CONFLICT = -7,    /**< it exists already, or has changed meanwhile */
    PH_E_DENIED = -8,      /**< a hook or an option does not allow it */
    PH_E_TIMEOUT = -9,     /**< no answer came in time */
    PH_E_IO = -10,         /**< the disk or the network failed; the log says how */
    PH_E_UNSUPPORTED = -11 /**< this host does not have it */
};

/** What a hook or a call decides. A negative value of enum ph_error refuses too, as an internal error. */
enum ph_verdict {
    PH_ACCEPT = 0,
    PH_REFUSE = 1,
    PH_LATER = 2, /**< host->answer() will be called once with the event's `later`; a deadline refuses */
};

/** What goes with a verdict. All zero is a good answer; unused fields stay as they are. */
struct ph_answer {
    /* with PH_ACCEPT */
    const struct ph_value *value; /**< call: the result. connect: goes to the client as `data` of its welcome */
    const char *user;             /**< connect: who this is; shown to others, kept for the member's life */
    const char *name;             /**< connect: the room to enter instead. publish, play: the stream to take instead */

    /* with PH_REFUSE */
    const char *code;                   /**< NULL: the usual one, "NetConnection.Connect.Rejected" … */
    const char *description;            /**< a sentence for people; NULL: the usual one */
    const struct ph_value *application; /**< an object for the client's program */
    const char *redirect;               /**< connect: another address to go to */
};

/** Why a member leaves, a room or an instance ends. */
enum ph_reason {
    PH_REASON_LEFT,    /**< the client said so */
    PH_REASON_LOST,    /**< its connection ended without a word */
    PH_REASON_MOVED,   /**< to another room */
    PH_REASON_KICKED,  /**< by the application or the operator */
    PH_REASON_REFUSED, /**< a hook refused it after connect had accepted it */
    PH_REASON_EXPIRED, /**< its grace period is over */
    PH_REASON_LIMIT,   /**< it broke a limit */
    PH_REASON_CLOSED,  /**< its room was closed */
    PH_REASON_EMPTY,   /**< the room: nobody is left */
    PH_REASON_FAILED,  /**< the application failed */
    PH_REASON_STOP,    /**< the server stops, or reloads the application */
};

/**
 * The end of something asynchronous, called exactly once on the instance's loop, from a fresh stack, unless the
 * function that was to start it returned an error, or the instance is unloaded first.
 *
 * error  0, or what went wrong
 * value  what came of it; lent; NULL when there is nothing to say
 */
typedef void (*ph_done_fn)(struct ph_app *app, void *user, int error, const struct ph_value *value);

#ifdef __cplusplus
}
#endif
#endif
