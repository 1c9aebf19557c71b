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

struct ph_letter;
struct ph_loop;
struct ph_theatre;

struct ph_router {
    struct ph_loop *loop;
    /** A letter of a seat; it has to be passed on by ph_letter_send(), with is_here, or returned. */
    void (*take)(void *user, struct ph_letter *letter);
    void *user;
};

void ph_theatre_set_router(struct ph_theatre *theatre, const struct ph_router *router);

#endif
