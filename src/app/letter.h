/* SPDX-License-Identifier: MIT */
/**
 * @file  Letters: what seats and application instances say to each other, and nothing else is said.
 *
 * A letter from a seat goes to the instance and comes back to the seat, with its answer if it asked for one: that is
 * what a seat counts to know how much it may still ask. A letter of the instance goes to the seat and ends there. So
 * every letter ends on a worker, in the order in which it was posted, and the one that comes back from LEAVE is the
 * last: then nobody knows the seat any more.
 *
 * Owner   Who has it; posting gives it away. A letter owns all it points at: its arena.
 * Thread  Whose loop it has been posted to.
 */
#ifndef PH_APP_LETTER_H
#define PH_APP_LETTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <playhouse/base.h>
#include <playhouse/rooms.h>
#include <rtmpwire/arena.h>
#include <rtmpwire/value.h>

#include "app/seat.h"
#include "base/attr.h"
#include "base/list.h"
#include "net/mailbox.h"

struct ph_instance;
struct ph_loop;

enum ph_letter_kind {
    /* from a seat, and back */
    PH_LETTER_JOIN,    /**< request; back: welcome, or refusal */
    PH_LETTER_CALL,    /**< id, name, value; back: value, or refusal */
    PH_LETTER_REPLY,   /**< id, value, or refusal */
    PH_LETTER_ASK,     /**< verb, id (a ticket), name, text (query); back: name, or refusal */
    PH_LETTER_OVER,    /**< verb, name */
    PH_LETTER_DATA,    /**< name (of the stream), text (handler), value */
    PH_LETTER_CHANGE,  /**< name, persistent, version, changes: of a shared object */
    PH_LETTER_RELEASE, /**< name: of a shared object */
    PH_LETTER_LEAVE,   /**< reason; back: the seat may be freed */

    /* from the instance */
    PH_LETTER_INVOKE,  /**< id, name, value */
    PH_LETTER_DELIVER, /**< name, value, seats, sequence: a call to many */
    PH_LETTER_NEWS,    /**< news: of a shared object, to one or many */
    PH_LETTER_MOVED,   /**< welcome */
    PH_LETTER_STOP,    /**< name, text: end this stream */
    PH_LETTER_KICK,    /**< refusal */
};

struct ph_letter {
    struct ph_mail mail;
    struct ph_list link; /**< in a queue of who has it */
    enum ph_letter_kind kind;
    enum ph_seat_verb verb;
    enum ph_reason reason;
    struct ph_instance *instance;
    struct ph_seat *seat; /**< NULL: of DELIVER and NEWS */
    uint32_t ref;         /**< for whoever has it */
    struct rtmp_arena arena;

    double id;
    const char *name;
    const char *text;
    const struct rtmp_value *value;
    bool is_refused;
    bool is_here; /**< JOIN: the router has sent it to an application here */
    struct ph_refusal refusal;

    union {
        struct ph_seat_request *request;
        struct ph_welcome *welcome;
        struct {
            const struct ph_shared_change *changes;
            size_t n_changes;
            uint32_t version;
            bool persistent;
        } shared;
        struct {
            struct ph_seat **seats;
            size_t n_seats;
            uint64_t sequence;
            enum ph_delivery_kind kind;
        } parcel;
        struct {
            struct ph_shared_report *report;
            struct ph_seat **seats;
            size_t n_seats;
        } news;
    };
};

/** The allocator behind every arena of the application host: libc's. */
extern const struct rtmp_allocator ph_app_allocator;

/** NULL: out of memory. */
struct ph_letter *ph_letter_create(enum ph_letter_kind kind);

/** NULL is fine. */
void ph_letter_free(struct ph_letter *letter);

/** A copy of a text that lives as long as the letter; NULL of NULL. Sets *failed when there is no memory. */
const char *ph_letter_text(struct ph_letter *letter, const char *text, bool *failed);

/** The same for a value. */
const struct rtmp_value *ph_letter_value(struct ph_letter *letter, const struct rtmp_value *value, bool *failed);

/** Mark the letter as refused, with copies; without memory the texts of the refusal are left out. */
void ph_letter_refuse(struct ph_letter *letter, const struct ph_refusal *refusal);

/** Post it to the instance. */
void ph_letter_send(struct ph_letter *letter);

/** Post it to the router. */
void ph_letter_route(struct ph_letter *letter);

/** Post it to the worker of its seat; without a seat: to `worker`. */
void ph_letter_return(struct ph_letter *letter, struct ph_loop *worker);

/** Post it to the worker of the seat that it came from, or is for. */
void ph_letter_give_back(struct ph_letter *letter);

/* Who receives; each has the letter then. */
void ph_instance_receive(struct ph_letter *letter); /**< instance.c */
void ph_seat_receive(struct ph_letter *letter);     /**< seat.c */

#endif
