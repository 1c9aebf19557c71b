/* SPDX-License-Identifier: MIT */
/**
 * @file  A text as this library hands it out: bytes with a NUL behind them.
 *
 * `length` does not count the NUL. The bytes are what a peer sent: they may hold NUL and invalid UTF-8.
 *
 * Thread  Plain data.
 * Since   0.1
 */
#ifndef RTMPWIRE_TEXT_H
#define RTMPWIRE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include <rtmpwire/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rtmp_text {
    const char *data; /**< never NULL in a text that this library hands out */
    size_t length;
};

/** Whether `text` has exactly the bytes of the C string `other`. */
RTMP_API bool rtmp_text_is(struct rtmp_text text, const char *other);

#ifdef __cplusplus
}
#endif
#endif
