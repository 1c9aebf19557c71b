/* SPDX-License-Identifier: MIT */
/**
 * @file  An instance of an application: its rooms and members, and every callback into its code.
 *
 * An instance lives on one application loop. What comes in (a letter, a timer, an end of something asynchronous) comes
 * from a fresh stack; functions of the host that an application calls never call it back: what follows from them is a
 * task, done when the callback has returned. So no callback ever runs inside another, and membership does not change
 * during one.
 *
 * Owner   The theatre; the instance owns its rooms, members and questions.
 * Thread  Its loop.
 */
#ifndef PH_APP_INSTANCE_H
#define PH_APP_INSTANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <playhouse/app.h>
#include <rtmpwire/arena.h>
#include <rtmpwire/value.h>

#include "app/ledger.h"
#include "app/lobby.h"
#include "app/metric.h"
#include "base/attr.h"
#include "base/idtable.h"
#include "base/list.h"
#include "base/map.h"
#include "net/loop.h"

struct ph_application;
struct ph_http_client;
struct ph_letter;
struct ph_member;
struct ph_object_watch;
struct ph_question;
struct ph_room;

/** Something to do when the present callback has returned; lies in what it is about. */
struct ph_task {
    struct ph_list link; /**< private */
    void (*run)(struct ph_task *task);
};

enum ph_instance_state {
    PH_INSTANCE_NEW,     /**< not loaded yet */
    PH_INSTANCE_RUNNING, /**< takes members */
    PH_INSTANCE_FAILED,  /**< load refused: nobody may connect */
    PH_INSTANCE_ENDED,   /**< unloaded */
};

struct ph_instance {
    struct ph_app app; /**< what the application sees */
    const struct ph_app_type *type;
    const struct ph_application *application; /**< name and settings */
    struct ph_theatre *theatre;
    struct ph_loop *loop;
    enum ph_instance_state state;
    bool is_inside; /**< a callback runs */
    unsigned life;  /**< counts loads: what an earlier one has begun ends unheard */

    struct rtmp_arena scratch; /**< what is built in a callback */
    struct ph_map methods;     /**< struct method by name */
    struct ph_list tasks;      /**< list of struct ph_task::link */
    struct ph_deferred work;   /**< runs the tasks */
    struct ph_idtable member_ids, room_ids, question_ids, timer_ids, watch_ids;
    struct ph_list members; /**< list of struct ph_member::link */
    size_t n_members;
    struct ph_map tokens;     /**< members by their tokens */
    struct ph_map tickets;    /**< reservations by theirs */
    struct ph_map rooms;      /**< named ones, by name */
    struct ph_list room_list; /**< list of struct ph_room::link, the hall first */
    struct ph_room *hall;
    struct ph_lobby lobby;
    struct ph_question *spare; /**< for the next question */
    struct ph_list timers;     /**< list of struct ph_app_timer::link */
    struct ph_list visits;     /**< command_shared.c: commands that hold a shared object */
    struct ph_list controls;   /**< list of struct ph_control::link: commands from outside */
    struct ph_ledger ledger;   /**< of their keys */
    size_t n_timers;
    unsigned n_jobs;             /**< that other threads do */
    struct ph_http_client *http; /**< NULL before the first request */
    struct ph_metrics metrics;
    atomic_uint n_observed, n_unobserved; /**< observe.h: on their way; dropped since the last one */
    bool has_odd_metric;                  /**< the log has told of one that is not kept */

    /* life.c */
    struct ph_mail load_mail, drain_mail, save_mail, yield_mail;
    atomic_bool is_yielding; /**< the letter is under way */
    bool is_draining;        /**< rooms that end now are wanted by the next server */
    struct ph_map kept;      /**< keep.c: by room, what was saved */
    struct ph_task reload_task, fail_task;
    char *failure;           /**< what fail said */
    struct rtmp_arena saved; /**< what save gave, during a reload */
    uint64_t failed_us;      /**< begin of the minute in which failures are counted */
    unsigned n_failures;
};

static inline struct ph_instance *ph_instance_of(struct ph_app *app)
{
    return ph_container_of(app, struct ph_instance, app);
}

/** Make an instance that is not loaded. Returns 0; -ENOMEM. */
PH_MUST_USE int ph_instance_create(struct ph_theatre *theatre, const struct ph_application *application,
                                   const struct ph_app_type *type, struct ph_loop *loop, struct ph_instance **instance);

/** After its loop has stopped: unload it if that has not been done, free it. NULL is fine. */
void ph_instance_destroy(struct ph_instance *instance);

/** The method, with the limits that apply; NULL: the hook `call` takes it, or there is none. */
const struct ph_method *ph_instance_method(const struct ph_instance *instance, const char *name, size_t *index);

/** As ph_host.method. */
int ph_instance_add_method(struct ph_instance *instance, const struct ph_method *method);

void ph_instance_drop_methods(struct ph_instance *instance);

/** Around everything that comes from a fresh stack: values built in between live until the end. */
void ph_instance_begin(struct ph_instance *instance);
void ph_instance_end(struct ph_instance *instance);

/** Call a hook; NULL accepts. What it answers is lent until ph_instance_end(). */
int ph_instance_call(struct ph_instance *instance, ph_hook_fn hook, const struct ph_event *event,
                     struct ph_answer *answer);

/** Call a hook that only listens; NULL is fine. */
void ph_instance_tell(struct ph_instance *instance, ph_hook_fn hook, const struct ph_event *event);

/** Call the end of something asynchronous. NULL is fine. */
void ph_instance_done(struct ph_instance *instance, ph_done_fn done, void *user, int error,
                      const struct ph_value *value);

/** Tell the application that a shared object has changed. */
void ph_instance_shared(struct ph_instance *instance, const struct ph_object_watch *watch, ph_member_id member,
                        const struct ph_shared_change *changes, size_t n_changes);

/** Do it when the present callback has returned, once however often it is asked for. */
void ph_instance_defer(struct ph_instance *instance, struct ph_task *task);

/* life.c */

void ph_instance_init_life(struct ph_instance *instance);

/** [any, once each] Load it; tell it that the server will stop; save what the next server is to have. */
void ph_instance_load(struct ph_instance *instance);
void ph_instance_drain(struct ph_instance *instance);
void ph_instance_save(struct ph_instance *instance);

/** [any] Another server has the application: members and rooms here end. */
void ph_instance_yield(struct ph_instance *instance);

/** [any] It has become the host of the application: take over what the last one saved, before anybody comes. The
 *  bytes are copied. Returns 0; -ENOMEM. */
PH_MUST_USE int ph_instance_succeed(struct ph_instance *instance, const void *bytes, size_t length);

/** As ph_host.reload and ph_host.fail. */
void ph_instance_reload(struct ph_instance *instance);
void ph_instance_fail(struct ph_instance *instance, const char *description);

/** End members, rooms and timers, then the application. Its loop does not run. */
void ph_instance_unload(struct ph_instance *instance);

/** Value trees are one thing inside and outside. */
static inline const struct ph_value *ph_value_out(const struct rtmp_value *value)
{
    return (const struct ph_value *)value;
}

static inline const struct rtmp_value *ph_value_in(const struct ph_value *value)
{
    return (const struct rtmp_value *)value;
}

#endif
