/* SPDX-License-Identifier: MIT */
/**
 * @file  A rule: which streams are pushed to, or pulled from, which server.
 *
 * Owner   Counted: the relay's worker parts share it. It does not change.
 * Thread  Any.
 */
#ifndef PH_GATE_RELAY_RULE_H
#define PH_GATE_RELAY_RULE_H

#include <stdbool.h>
#include <stddef.h>

#include <rtmpwire/url.h>

#include "base/attr.h"
#include "base/ref.h"
#include "gate/relay/relay.h"
#include "media/path.h"

/** Who has made it. */
enum rule_origin {
    RULE_OF_CONFIG,  /**< may lead anywhere */
    RULE_BY_REQUEST, /**< the same, since the configuration says so */
    RULE_GUARDED,    /**< by request: only to public addresses */
    RULE_OF_CLUSTER, /**< made by the relay itself, to a server that this one works together with */
};

struct rule {
    struct ph_ref ref;
    char name[PH_RELAY_NAME];
    enum ph_relay_kind kind;
    bool is_always; /* a pull: whether somebody watches or not */
    enum rule_origin origin;
    uint32_t idle_ms;
    char *stream; /* "live/cam", "live/" and what is below it, or "" for all */
    bool is_tree;
    size_t n_urls;
    char *urls[PH_RELAY_URLS]; /* "{stream}" stands for what `*` matched, or the stream's name */
};

/** Copy the settings. Returns 0; -EINVAL, with `fault`, PH_RELAY_FAULT bytes; -ENOMEM. */
PH_MUST_USE int rule_create(const char *name, enum ph_relay_kind kind, const struct ph_relay_settings *settings,
                            enum rule_origin origin, struct rule **rule, char *fault);

void rule_unref(struct rule *rule);

bool rule_is_for(const struct rule *rule, const struct ph_path *path);

/** The path of a rule that names one stream. False: it is a pattern. */
bool rule_path(const struct rule *rule, struct ph_path *path);

/** URL number `i` for `path`, taken apart. Returns 0; -EINVAL. */
PH_MUST_USE int rule_url(const struct rule *rule, size_t i, const struct ph_path *path, struct rtmp_url *url);

#endif
