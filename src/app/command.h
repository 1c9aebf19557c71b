/* SPDX-License-Identifier: MIT */
/**
 * @file  Commands: what a program outside may order of an application, by name. docs/commands.md lists them.
 *
 * The same methods come over HTTP (control.h) and from applications themselves (ph_host.command). A command is done
 * at once as far as it can be; its result is told later, from a fresh stack.
 *
 * Owner   The instance.
 * Thread  The instance's loop.
 * Limits  PH_LIMIT_LISTED rows of one list.
 */
#ifndef PH_APP_COMMAND_H
#define PH_APP_COMMAND_H

#include <playhouse/app.h>

#include "app/instance.h"
#include "base/attr.h"

/** One that is being done. */
struct ph_command {
    struct ph_app *app;
    struct ph_instance *instance;
    const struct rtmp_value *params;
    ph_done_fn done; /**< may be NULL */
    void *user;
    const struct rtmp_value *result; /**< out: in the scratch; NULL: an empty object */
    const char *fault;               /**< out, of an error: what is wrong */
    bool is_later;                   /**< out: `done` is called by another */
};

/** A row of the table of methods: returns 0 or an enum ph_error. */
struct ph_command_method {
    const char *name;
    int (*run)(struct ph_command *command);
};

/** As ph_host.command. */
int ph_command_run(struct ph_app *app, const char *method, const struct ph_value *params, ph_done_fn done, void *user);

/** Before the application is unloaded: those that wait for a shared object, or hold it, end unheard. */
void ph_command_end_visits(struct ph_instance *instance);

/* For the files that hold methods: command_room.c, command_member.c, command_shared.c. */

extern const struct ph_command_method ph_room_commands[], ph_member_commands[], ph_shared_commands[];

/** A text among the params; "" if it is not there. */
const char *ph_command_text(const struct ph_command *command, const char *name);

/** The value of a param; NULL: not there, or null. */
const struct rtmp_value *ph_command_value(const struct ph_command *command, const char *name);

/** A phrase for an enum ph_error. */
const char *ph_command_words(int error);

/** Returns `error`, and says why. */
int ph_command_fail(struct ph_command *command, int error, const char *fault);

struct ph_room;

/** The room that the param `room` names, open or not; "" or none is the hall. NULL: there is none, and that is said. */
struct ph_room *ph_command_room(struct ph_command *command);

/** Add a member to an object of the scratch; false: out of memory, or the item is NULL. */
bool ph_command_put(const struct ph_command *command, struct rtmp_value *object, const char *name,
                    struct rtmp_value *item);
bool ph_command_put_text(const struct ph_command *command, struct rtmp_value *object, const char *name,
                         const char *text);
bool ph_command_put_number(const struct ph_command *command, struct rtmp_value *object, const char *name,
                           double number);

#endif
