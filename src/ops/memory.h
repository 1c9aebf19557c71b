/* SPDX-License-Identifier: MIT */
/**
 * @file  How much memory this process may use, and how much it does.
 *
 * Source  proc(5); the kernel's cgroup-v2 and cgroup-v1 documents: a limit holds for everything below it.
 * Thread  Any.
 * Since   0.1
 */
#ifndef PH_OPS_MEMORY_H
#define PH_OPS_MEMORY_H

#include <stdint.h>

/**
 * What the machine has, or the tightest control group leaves.
 *
 * root  "" for the real files; a folder that holds others in tests
 *
 * Returns bytes; UINT64_MAX when nobody says.
 */
uint64_t ph_memory_limit(const char *root);

/** Resident bytes; 0 when nobody says. */
uint64_t ph_memory_used(const char *root);

#endif
