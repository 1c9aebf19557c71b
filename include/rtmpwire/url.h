/* SPDX-License-Identifier: MIT */
/**
 * @file  URLs of RTMP: "rtmp[s]://[USER:PASSWORD@]HOST[:PORT]/APP[/STREAM][?QUERY]" taken apart for
 * rtmp_client_create().
 *
 * No specification says where the application ends and the stream begins; here the last part of the path is the stream,
 * as with the URLs that services hand out ("rtmp://host/live2/KEY"), and its query goes with it.
 *
 * Owner   The caller; nothing is lent or allocated.
 * Thread  Stateless: any thread.
 * Since   0.1
 */
#ifndef RTMPWIRE_URL_H
#define RTMPWIRE_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rtmpwire/error.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    RTMP_URL_MAX = 2048,       /**< bytes of a URL, with its NUL */
    RTMP_URL_HOST_MAX = 254,   /**< the longest name of the domain name system, and the NUL */
    RTMP_URL_SECRET_MAX = 256, /**< user or password, with its NUL */
};

enum rtmp_url_path {
    RTMP_URL_OF_APP,    /**< the whole path is the application: "live", "game/room" */
    RTMP_URL_OF_STREAM, /**< its last part is a stream */
};

/** Every text is terminated; "" where the URL has none. */
struct rtmp_url {
    bool is_secure;                                                /**< rtmps: TLS first */
    uint16_t port;                                                 /**< 1935, or 443 with rtmps, unless it is there */
    char host[RTMP_URL_HOST_MAX];                                  /**< without brackets */
    char user[RTMP_URL_SECRET_MAX], password[RTMP_URL_SECRET_MAX]; /**< percent signs are decoded */
    char app[RTMP_URL_MAX];                                        /**< OF_APP: with its query */
    char stream[RTMP_URL_MAX];                                     /**< with its query */
    char tc_url[RTMP_URL_MAX];                                     /**< up to the application; no user, no password */
};

/**
 * Take a URL apart.
 *
 * text  lent, terminated
 * url   out; not touched on failure
 * why   out on failure: what is wrong, to be read behind "the URL"; static storage
 *
 * Returns 0; RTMP_E_MALFORMED.
 */
RTMP_API RTMP_MUST_USE int rtmp_url_parse(const char *text, enum rtmp_url_path path, struct rtmp_url *url,
                                          const char **why);

#ifdef __cplusplus
}
#endif
#endif
