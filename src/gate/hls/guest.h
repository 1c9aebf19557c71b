/* SPDX-License-Identifier: MIT */
/**
 * @file  Guests: who watches a stream over HLS where an application decides.
 *
 * The first request, for the master playlist, opens a guest and waits until the application has decided; the playlist
 * then leads below a token of its own, STREAM.hls/TOKEN/, and whoever shows it is the guest. It leaves when it has
 * asked for nothing for a while.
 *
 *     asked -> (granted | refused: gone) -> ended by the application, or idle: gone
 *
 * Owner   The shelf of the path that was asked for.
 * Thread  The shelf's worker.
 * Limits  PH_LIMIT_HLS_GUESTS of one worker, PH_LIMIT_HLS_GUEST_MS.
 */
#ifndef PH_GATE_HLS_GUEST_H
#define PH_GATE_HLS_GUEST_H

#include "gate/hls/shelf.h"

/** A request for the master playlist of a stream that is not free for all: it goes on, or is refused, later. */
void ph_hls_guest_open(struct ph_hls_ask *ask);

/** A request with a token: its path is what the guest was granted. False: it has been refused. */
bool ph_hls_guest_admit(struct ph_hls_ask *ask);

/** All leave. */
void ph_hls_guests_end(struct ph_hls_shelf *shelf);

#endif
