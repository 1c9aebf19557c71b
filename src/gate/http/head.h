/* SPDX-License-Identifier: MIT */
/**
 * @file  The head of an HTTP/1.1 request, read strictly.
 *
 * A head that two programs could read differently is refused: bare CR or LF, folded lines, blanks before colons, two
 * lengths, a length beside chunks, a missing or doubled Host. llhttp does the syntax, a scan before it what llhttp 8
 * lets through.
 *
 * Source  RFC 9110, 9112; docs of llhttp 8.1 and the holes found in it.
 * Owner   Everything points into the bytes that were read.
 * Thread  Stateless: any thread.
 * Limits  PH_LIMIT_HTTP_HEAD bytes, PH_LIMIT_HTTP_FIELDS fields.
 */
#ifndef PH_GATE_HTTP_HEAD_H
#define PH_GATE_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rtmpwire/text.h>

#include "base/attr.h"
#include "base/limits.h"

struct ph_http_field {
    struct rtmp_text name, value;
};

struct ph_http_head {
    struct rtmp_text method;
    struct rtmp_text path;  /**< as sent, "/" first, without query */
    struct rtmp_text query; /**< behind the '?', "" without one */
    bool is_1_0;
    bool keeps_alive;
    uint64_t content_length; /**< of the body; 0 when it comes in chunks */
    bool is_chunked;         /**< the body comes in chunks, or in another coding */
    size_t n_fields;
    struct ph_http_field fields[PH_LIMIT_HTTP_FIELDS];
};

/**
 * Read a head that lies whole in `bytes`.
 *
 * used  out: its length, the empty line included
 * why   out on -EINVAL: a phrase for the answer; static storage
 *
 * Returns 0; -EAGAIN it is not whole yet; -EINVAL answer 400 and close; -E2BIG answer 431 and close.
 */
PH_MUST_USE int ph_http_head_read(const char *bytes, size_t length, struct ph_http_head *head, size_t *used,
                                  const char **why);

/** The value of a field, whatever the case of its name; its data is NULL when it is not there. */
struct rtmp_text ph_http_field(const struct ph_http_head *head, const char *name);

/** Whether a list such as "keep-alive, Upgrade" has `word` in it, whatever the case. */
bool ph_http_list_has(struct rtmp_text list, const char *word);

#endif
