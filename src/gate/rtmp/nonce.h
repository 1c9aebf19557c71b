/* SPDX-License-Identifier: MIT */
/**
 * @file  What handshakes are filled with, in either role: it only has to differ from one to the next.
 *
 * Thread  Any.
 */
#ifndef PH_GATE_RTMP_NONCE_H
#define PH_GATE_RTMP_NONCE_H

#include <rtmpwire/handshake.h>

extern const struct rtmp_random ph_rtmp_nonce;

#endif
