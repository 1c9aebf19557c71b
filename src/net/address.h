/* SPDX-License-Identifier: MIT */
/**
 * @file  Internet addresses as texts and as sockaddr.
 *
 * Thread  Stateless: any.
 * Since   0.1
 */
#ifndef PH_NET_ADDRESS_H
#define PH_NET_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/attr.h"

struct ph_address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6; /**< also IPv4 in its mapped form, as a dual-stack socket tells it */
    } as;
};

enum {
    PH_ADDRESS_TEXT = 56,   /**< "[...]:65535" with an IPv6 address, and the NUL */
    PH_ENDPOINT_NAME = 254, /**< the longest name of the domain name system, and the NUL */
};

/** A host and a port, as a user writes them. */
struct ph_endpoint {
    char name[PH_ENDPOINT_NAME]; /**< without brackets; "" for all addresses */
    uint16_t port;
};

/** Read "[::1]:1935", "127.0.0.1:8080", ":1935" or "example.org:1935". Returns 0; -EINVAL. */
PH_MUST_USE int ph_endpoint_parse(const char *text, struct ph_endpoint *endpoint);

/**
 * Read the same, but numbers only: "" becomes [::], "localhost" 127.0.0.1.
 * Returns 0; -EINVAL it is no such text; -ENOENT the name would have to be looked up.
 */
PH_MUST_USE int ph_address_parse(const char *text, struct ph_address *address);

/** What is wrong with a text that is to be an address, and how to mend it, for people, to be read behind "is"; NULL:
 *  nothing, or it is empty. */
const char *ph_address_fault(const char *text);

/** "10.0.0.7:53122", "[2001:db8::1]:1935"; mapped IPv4 is written as IPv4. */
void ph_address_text(const struct ph_address *address, char text[PH_ADDRESS_TEXT]);

socklen_t ph_address_length(const struct ph_address *address);
uint16_t ph_address_port(const struct ph_address *address);

/** 127/8, ::1 and mapped 127/8. */
bool ph_address_is_loopback(const struct ph_address *address);

/** Everybody on the internet means the same host by it: not private, local, shared, multicast or reserved, nor one of
 * those in an IPv6 address. */
bool ph_address_is_public(const struct ph_address *address);

/** Who a connection is counted for: an IPv4 address (mapped or not), or the /64 of an IPv6 address. */
struct ph_source {
    uint8_t bytes[16];
};

struct ph_source ph_address_source(const struct ph_address *address);

#endif
