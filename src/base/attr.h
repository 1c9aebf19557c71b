/* SPDX-License-Identifier: MIT */
/** @file  What the compiler should check for us. Functions that return int give 0 or a negative errno value. */
#ifndef PH_BASE_ATTR_H
#define PH_BASE_ATTR_H

#include <stddef.h>

#define PH_MUST_USE             __attribute__((warn_unused_result))
#define PH_PRINTF(text, values) __attribute__((format(printf, text, values)))

/** The object of `type` whose `member` is at `pointer`. */
#define ph_container_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

#define PH_COUNT(array) (sizeof(array) / sizeof *(array))

#endif
