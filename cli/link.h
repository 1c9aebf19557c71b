/* SPDX-License-Identifier: MIT */
/**
 * @file  One RTMP connection of a command: the client role of librtmpwire on a socket and poll(2).
 *
 * Owner   The command, on its stack; cli_link_run() opens and closes it.
 * Thread  One.
 */
#ifndef CLI_LINK_H
#define CLI_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include <rtmpwire/client.h>

enum { CLI_TIMEOUT_S = 10, CLI_URL = 1024, CLI_FAULT = 512 };

struct cli_link {
    const char *url; /**< "rtmp://HOST[:PORT]/APP[/ROOM][?QUERY]" */
    void (*event)(struct cli_link *link, const struct rtmp_event *event); /**< of the session, but REFUSED and CLOSE */
    void *user;
    struct rtmp_client *client;
    bool is_over;          /**< set by `event`: send what there is, then end */
    bool is_patient;       /**< set by `event`: wait without end */
    char fault[CLI_FAULT]; /**< why it failed; "" */
};

extern const struct rtmp_allocator cli_allocator;

/** Note a failure; the first one counts. */
void cli_fail(struct cli_link *link, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Note an error of the library, unless `rc` is 0. */
void cli_check(struct cli_link *link, int rc, const char *what);

/** Connect, hand events over until it is over or fails. `name`: of the command, for what is printed on failure. Returns
 *  the status of the process. */
int cli_link_run(struct cli_link *link, const char *name);

#endif
