/* SPDX-License-Identifier: MIT */
/*
 * A stage for streams: loops turned by hand on a clock held in the hand, publishers, viewers on socket pairs, and a
 * form simple enough to be read back and compared.
 *
 * Every unit's body begins with a number that counts up; the rest follows from it, so a byte out of place is noticed.
 */
#ifndef TESTS_MEDIA_STAGE_H
#define TESTS_MEDIA_STAGE_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "media/media.h"
#include "media/outlet.h"
#include "media/publisher.h"
#include "media/viewer.h"
#include "net/conn.h"
#include "net/loop.h"

enum { EVENTS_MAX = 64, SEEN_MAX = 20000 };

extern uint64_t stage_now_us;
extern uint64_t stage_tick_us; /* what each look at the clock costs */
extern struct ph_loops *stage_loops;
extern struct ph_media *stage_media;

/** 16 bytes before each body; the variant is among them. */
extern const struct ph_form plain_form;
/** 24 bytes before each body, and no data units. */
extern const struct ph_form wide_form;

/** Loops and media; `times` may be NULL. Turned by hand unless `threads`. */
void stage_open(unsigned n_workers, const struct ph_media_config *times, bool threads);
void stage_close(void);

/** Turn all loops until nothing happens any more. */
void stage_settle(void);

/** Let time pass, in steps of 10 ms, and turn the loops. */
void stage_wait_ms(unsigned ms);

struct ph_path stage_path(const char *text);

/* ---- publishers ---- */

struct actor {
    struct ph_publisher *publisher;
    uint32_t n_written;      /* the next body's number */
    char events[EVENTS_MAX]; /* g granted, d denied, p probed, e evicted */
};

struct ph_publish_request actor_request(struct actor *actor, const char *path);
void actor_open(struct actor *actor, unsigned worker, const struct ph_publish_request *request);
/** Open, and be granted. */
void actor_start(struct actor *actor, unsigned worker, const char *path);
int actor_try(struct actor *actor, uint8_t kind, uint8_t flags, uint8_t track, int64_t time_ms, size_t length);
void actor_write(struct actor *actor, uint8_t kind, uint8_t flags, int64_t time_ms, size_t length);
/** A second of stream: 20 videos of which the first is a key frame if `key`, 20 audios; `length` bytes each. */
void actor_write_second(struct actor *actor, int64_t from_ms, bool key, size_t length);
void actor_close(struct actor *actor);

/* ---- viewers ---- */

/** What a viewer got, as its peer reads it. */
struct seen {
    uint8_t kind, track, flags;
    uint32_t number, length, variant;
    int64_t time_ms;
};

struct seat {
    unsigned worker;
    int peer;
    bool closed;
    struct ph_conn *conn;
    struct ph_outlet outlet;
    struct ph_viewer *viewer;
    char events[EVENTS_MAX]; /* j joined, J joined again, a absent, S M K lost (stalled, memory, socket) */
    const char *say_at_join; /* not NULL: put a status at each joined */
    bool close_at_join, close_at_lost;
    bool wide; /* it gets wide_form */
    uint8_t *bytes;
    size_t n_bytes, cap;
    size_t n_parsed;
    struct seen *seen;
    size_t n_seen;
    bool over_tcp; /* for whoever makes the sockets */
};

enum { STATUS_NUMBER = 0xFFFFFF };

/** A connection without a viewer; `sndbuf` 0 leaves the socket as it is. */
void seat_connect(struct seat *seat, unsigned worker, int sndbuf);
/** The same with a connected pair of sockets: the server's end, the peer's end. */
void seat_adopt(struct seat *seat, unsigned worker, const int pair[2], int sndbuf);
struct ph_view_request seat_request(struct seat *seat, const char *path);
void seat_open(struct seat *seat, unsigned worker, const char *path);
/** Put a status: a data unit with STATUS_NUMBER. */
void seat_status(struct seat *seat);
/** Read at most `max` bytes; returns how many there were. */
size_t seat_read(struct seat *seat, size_t max);
/** Turn loops and read until nothing comes. */
void seat_drain(struct seat *seat);
/** Everything but statuses: consecutive numbers from `first`, `n` of them. */
void seat_expect_run(const struct seat *seat, size_t from_seen, uint32_t first, size_t n);
size_t seat_count(const struct seat *seat, uint8_t kind);
void seat_close(struct seat *seat);
/** After the end of its connection. */
void seat_free(struct seat *seat);

#endif
