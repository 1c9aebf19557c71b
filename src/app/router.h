/* SPDX-License-Identifier: MIT */
/**
 * @file  The router: where an application is, when several servers work together. Without one everything is here.
 *
 * It gets the letters of every seat until the seat is welcomed by an application here; those of seats whose application
 * is elsewhere it keeps getting.
 *
 * Owner   Lent for the life of the theatre, set before seats are opened.
 * Thread  Its loop.
 */
#ifndef PH_APP_ROUTER_H
#define PH_APP_ROUTER_H

#include <stddef.h>
#include <stdint.h>

struct ph_instance;
struct ph_letter;
struct ph_loop;
struct ph_theatre;

struct ph_router {
    struct ph_loop *loop;
    /** A letter of a seat; it has to be passed on by ph_letter_send(), with is_here, or returned. */
    void (*take)(void *user, struct ph_letter *letter);
    /** [any] The instance has saved what the next host is to have: `bytes` as ph_keep_bundle() made them, lent. */
    void (*saved)(void *user, struct ph_instance *instance, const uint8_t *bytes, size_t length);
    void *user;
};

void ph_theatre_set_router(struct ph_theatre *theatre, const struct ph_router *router);

#endif
