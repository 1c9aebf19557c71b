/* SPDX-License-Identifier: MIT */
/**
 * @file  Queries: "a=b&c=d", as they stand behind the '?' of an address or a stream's name.
 *
 * Thread  Stateless: any thread.
 */
#ifndef PH_APP_QUERY_H
#define PH_APP_QUERY_H

#include <stdbool.h>
#include <stddef.h>

#include <rtmpwire/arena.h>
#include <rtmpwire/text.h>
#include <rtmpwire/value.h>

/** The value of `name` as it stands there; its data is NULL when it is not there. */
struct rtmp_text ph_query_find(struct rtmp_text query, const char *name);

/** What stands behind the last '?' of `text`: encoders append the query of their login to whatever was there. */
struct rtmp_text ph_query_behind(struct rtmp_text text);

/** For applications: an object of decoded texts, without what is secret ("key"). NULL: out of memory. */
struct rtmp_value *ph_query_object(struct rtmp_text query, struct rtmp_arena *arena);

/** For applications: the query without what is secret. NULL: out of memory. */
const char *ph_query_without_key(struct rtmp_text query, struct rtmp_arena *arena);

#endif
