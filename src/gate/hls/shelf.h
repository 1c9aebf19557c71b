/* SPDX-License-Identifier: MIT */
/**
 * @file  Shelves: the packagers of one worker, by their streams; and the letters that ask them for something.
 *
 * Each path has one worker, chosen by its hash. A request becomes a letter that goes there, is answered at once or when
 * what it asks for is there, and comes back.
 *
 * Owner   The gate owns shelves; a shelf its packagers; an ask belongs to who has it.
 * Thread  A shelf: its worker. An ask: where it is.
 */
#ifndef PH_GATE_HLS_SHELF_H
#define PH_GATE_HLS_SHELF_H

#include "app/member.h"
#include "app/onlooker.h"
#include "base/list.h"
#include "base/map.h"
#include "gate/hls/hls.h"
#include "gate/hls/presentation.h"
#include "media/path.h"
#include "net/address.h"
#include "net/loop.h"

struct ph_application;
struct ph_packager;

enum ph_hls_kind { PH_HLS_MASTER, PH_HLS_MEDIA, PH_HLS_HEADER, PH_HLS_SEGMENT, PH_HLS_PART };

struct ph_hls_shelf {
    struct ph_hls_gate *gate;
    struct ph_loop *loop;
    struct ph_map packagers[PH_HLS_CONTAINERS]; /**< by path */
    struct ph_map guests;                       /**< by token: guest.h */
};

struct ph_hls_gate {
    struct ph_hls_options options;
    struct ph_hash_seed seed;
    struct ph_hls_shelf *shelves; /**< one for each worker */
};

struct ph_hls_ask {
    struct ph_mail mail;
    struct ph_list link; /**< in its packager's, while it waits */
    struct ph_hls_shelf *shelf;
    struct ph_loop *home;
    struct ph_exchange *exchange; /**< home's; NULL: the client has left */
    struct ph_path path;
    char name[PH_PATH_MAX]; /**< the last part of the path that was asked for */
    enum ph_hls_kind kind;
    enum ph_hls_container container;
    char rendition[PH_RENDITION_NAME]; /**< "" is the first */
    uint64_t number;                   /**< of the epoch or segment; of a playlist: that must be there */
    uint32_t part;
    bool has_number, has_part, is_delta;
    uint64_t since_us; /**< when it came to the packager */

    /* Where an application decides: guest.h. */
    const struct ph_application *app; /**< NULL: everybody may watch */
    char token[PH_TOKEN_TEXT];        /**< "": none */
    char *query;                      /**< of the address; owned */
    char address[PH_ADDRESS_TEXT];
    char words[PH_ONLOOKER_WORDS]; /**< of a refusal */

    unsigned status; /**< 200, or a refusal with `why` */
    const char *why; /**< `words`, or static storage */
    struct ph_slice slice;
};

/** Post it to where its stream is packaged; `exchange` hears of it on its own worker. */
void ph_hls_ask(struct ph_hls_ask *ask);

/** Post it to the worker of its path: whoever asks may have it. */
void ph_hls_fetch(struct ph_hls_ask *ask);

/** Post it back, with bytes (a reference passes over) or a refusal. */
void ph_hls_give(struct ph_hls_ask *ask, struct ph_slice slice);
void ph_hls_refuse(struct ph_hls_ask *ask, unsigned status, const char *why);

/** [hls.c] It is back: answer, and free it. */
void ph_hls_back(struct ph_hls_ask *ask);

/* packager.c */

/** Begin to package a stream. NULL: out of memory. */
struct ph_packager *ph_packager_create(struct ph_hls_shelf *shelf, const struct ph_path *path,
                                       enum ph_hls_container container);
void ph_packager_destroy(struct ph_packager *packager);
void ph_packager_take(struct ph_packager *packager, struct ph_hls_ask *ask);

#endif
