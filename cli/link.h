/* SPDX-License-Identifier: MIT */
/**
 * @file  One RTMP connection of a command: the relay's caller on a loop of its own.
 *
 * So commands look up names, speak TLS and answer for a user and password as the server does when it calls another.
 *
 * Owner   The command, on its stack; cli_link_run() opens and closes it.
 * Thread  One.
 */
#ifndef CLI_LINK_H
#define CLI_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include <rtmpwire/client.h>
#include <rtmpwire/url.h>

#include "net/loop.h"

struct caller;

enum { CLI_TIMEOUT_S = 10, CLI_FAULT = 512 };

struct cli_link {
    const char *url;                                                      /**< as the path says */
    enum rtmp_url_path path;                                              /**< of the URL */
    void (*event)(struct cli_link *link, const struct rtmp_event *event); /**< of the session, CONNECTED first */
    void *user;
    bool is_over;     /**< set by the command: send what there is, then end */
    bool is_patient;  /**< set by the command: wait without end */
    const char *late; /**< set by the command: what has not happened in time; NULL: an answer */

    /* readable while it runs */
    struct rtmp_client *client;
    struct rtmp_url address;
    struct ph_loop *loop;

    /* private */
    struct caller *caller; /* NULL: none, or it is over */
    struct ph_timer deadline;
    char fault[CLI_FAULT]; /* why it failed; "" */
};

extern const struct rtmp_allocator cli_allocator;

/** Note a failure; the first one counts. */
void cli_fail(struct cli_link *link, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Note an error of the library, unless `rc` is 0; what was written goes out at the end of the turn. */
void cli_check(struct cli_link *link, int rc, const char *what);

/** Bytes that were written and not sent yet. */
size_t cli_link_unsent(const struct cli_link *link);

/** Connect, hand events over until it is over or fails. `name`: of the command, for what is printed on failure. Returns
 *  the status of the process. */
int cli_link_run(struct cli_link *link, const char *name);

#endif
