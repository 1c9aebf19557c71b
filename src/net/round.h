/* SPDX-License-Identifier: MIT */
/**
 * @file  A round: one letter that visits every loop of a set in turn, and comes home.
 *
 * What it collects on the way needs no lock: only one loop has it at a time. It comes home also when the loops stop
 * meanwhile, maybe without having visited all.
 *
 * Owner   Who starts it, from the start until `done`; it lies in what it is about.
 * Thread  `visit` on the loop that is visited, `done` on the home loop.
 */
#ifndef PH_NET_ROUND_H
#define PH_NET_ROUND_H

#include "net/loop.h"

struct ph_round {
    void (*visit)(struct ph_round *round, struct ph_loop *loop);
    void (*done)(struct ph_round *round);
    struct ph_loops *loops;
    struct ph_loop *home;
    unsigned next; /**< private */
    struct ph_mail mail;
};

/** The fields before `next` are set. */
void ph_round_start(struct ph_round *round);

#endif
