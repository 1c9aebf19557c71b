/* SPDX-License-Identifier: MIT */
/**
 * @file  A theatre turned by hand, with one application that does what the test says and writes down what it hears.
 *
 * Guests are seats; what they are told is written down too. Both books are read with expect(): hooks first, then what
 * the guests heard, one word each, and are empty afterwards.
 */
#ifndef TESTS_APP_STAGE_H
#define TESTS_APP_STAGE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail /* the host has a function of this name */

#include "app/app.h"
#include "app/instance.h"
#include "app/seat.h"
#include "app/theatre.h"

enum part { CONNECT, CREATE, ENTER, CALL, PUBLISH, PLAY, SHARED, PARTS };

struct guest {
    struct ph_seat *seat;
    const char *name;
    ph_member_id member; /* once it is welcome */
    uint32_t invoke;     /* the last call that wants a reply */
    char token[64];      /* of the last welcome */
    bool is_resumed, is_complete;
};

extern struct ph_app *stage_app;        /* the instance, for functions of the host */
extern ph_answer_id stage_later[PARTS]; /* of the last event of each kind */
extern ph_room_id stage_room;           /* of the last event */
extern unsigned stage_unloads;
extern unsigned stage_n_observed; /* only the first since it was 0 is written down */

int stage_open(void **state);
int stage_close(void **state);

/* What the hook decides from now on. */
void stage_decide(enum part part, int verdict);

/* Another answer than the plain one, and the options that create_room sets. */
extern struct ph_answer stage_answer;
extern struct ph_room_options stage_options;

/* Hears the reports of shared objects; NULL: nobody does. */
extern void (*stage_on_report)(struct guest *guest, const struct ph_shared_report *report);

/* Hears what goes to many, instead of the book; NULL: nobody does. */
extern void (*stage_on_deliver)(struct guest *guest, const char *name, const struct rtmp_value *arguments);

/* Deliver everything that is under way. */
void stage_turn(void);

/* Let time pass. */
void stage_wait(uint64_t ms);

/* The late answer. */
int stage_answer_late(enum part part, int verdict);

struct guest *stage_join(const char *name, const char *path);
struct guest *stage_resume(const char *name, const char *path, const char *token, uint64_t sequence);
struct guest *stage_come(const char *name, const char *path, const char *ticket);
void stage_leave(struct guest *guest, enum ph_reason reason);
void stage_call(struct guest *guest, double id, const char *method);

/* Empty the books. */
void stage_forget(void);

void stage_expect(const char *hooks, const char *heard, const char *file, int line);
#define expect(hooks, heard) stage_expect(hooks, heard, __FILE__, __LINE__)

#endif
