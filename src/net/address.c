/* SPDX-License-Identifier: MIT */
#include "net/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "base/text.h"

int ph_endpoint_parse(const char *text, struct ph_endpoint *host)
{
    const char *name = text, *end;
    if (*text == '[') {
        name = text + 1;
        end = strchr(name, ']');
        if (!end || end == name || end[1] != ':')
            return -EINVAL;
    } else {
        end = strchr(text, ':');
        if (!end)
            return -EINVAL;
    }
    const char *port_text = *end == ']' ? end + 2 : end + 1;
    size_t length = (size_t)(end - name);
    uint64_t port;
    if (length >= sizeof host->name || ph_text_u64(port_text, &port) || port > UINT16_MAX)
        return -EINVAL;
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)name[i] <= ' ' || (unsigned char)name[i] >= 0x7f)
            return -EINVAL;
    memcpy(host->name, name, length);
    host->name[length] = '\0';
    host->port = (uint16_t)port;
    return 0;
}

int ph_address_parse(const char *text, struct ph_address *address)
{
    struct ph_endpoint host;
    int err = ph_endpoint_parse(text, &host);
    if (err)
        return err;
    const char *name = strcmp(host.name, "localhost") == 0 ? "127.0.0.1" : host.name[0] ? host.name : "::";
    struct ph_address parsed;
    memset(&parsed, 0, sizeof parsed);
    if (inet_pton(AF_INET, name, &parsed.as.v4.sin_addr) == 1) {
        if (*text == '[')
            return -EINVAL;
        parsed.as.v4.sin_family = AF_INET;
        parsed.as.v4.sin_port = htons(host.port);
    } else if (inet_pton(AF_INET6, name, &parsed.as.v6.sin6_addr) == 1) {
        parsed.as.v6.sin6_family = AF_INET6;
        parsed.as.v6.sin6_port = htons(host.port);
    } else {
        return *text == '[' ? -EINVAL : -ENOENT;
    }
    *address = parsed;
    return 0;
}

/* The IPv4 address in network order, also of its mapped form; false for the rest. */
static bool get_v4(const struct ph_address *address, struct in_addr *v4)
{
    if (address->as.any.sa_family == AF_INET) {
        *v4 = address->as.v4.sin_addr;
        return true;
    }
    if (address->as.any.sa_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&address->as.v6.sin6_addr))
        return false;
    memcpy(v4, &address->as.v6.sin6_addr.s6_addr[12], sizeof *v4);
    return true;
}

void ph_address_text(const struct ph_address *address, char text[PH_ADDRESS_TEXT])
{
    char name[INET6_ADDRSTRLEN];
    struct in_addr v4;
    unsigned port = ph_address_port(address);
    if (get_v4(address, &v4) && inet_ntop(AF_INET, &v4, name, sizeof name))
        snprintf(text, PH_ADDRESS_TEXT, "%s:%u", name, port);
    else if (address->as.any.sa_family == AF_INET6 && inet_ntop(AF_INET6, &address->as.v6.sin6_addr, name, sizeof name))
        snprintf(text, PH_ADDRESS_TEXT, "[%s]:%u", name, port);
    else
        snprintf(text, PH_ADDRESS_TEXT, "local");
}

socklen_t ph_address_length(const struct ph_address *address)
{
    return address->as.any.sa_family == AF_INET ? sizeof address->as.v4 : sizeof address->as.v6;
}

uint16_t ph_address_port(const struct ph_address *address)
{
    return ntohs(address->as.any.sa_family == AF_INET ? address->as.v4.sin_port : address->as.v6.sin6_port);
}

bool ph_address_is_loopback(const struct ph_address *address)
{
    struct in_addr v4;
    if (get_v4(address, &v4))
        return (ntohl(v4.s_addr) >> 24) == 127;
    return address->as.any.sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&address->as.v6.sin6_addr);
}

struct ph_source ph_address_source(const struct ph_address *address)
{
    struct ph_source source = {{0}};
    struct in_addr v4;
    if (get_v4(address, &v4)) {
        source.bytes[10] = source.bytes[11] = 0xff;
        memcpy(source.bytes + 12, &v4, sizeof v4);
    } else if (address->as.any.sa_family == AF_INET6) {
        memcpy(source.bytes, &address->as.v6.sin6_addr, 8);
    }
    return source;
}

const char *ph_address_fault(const char *text)
{
    struct ph_address address;
    if (*text == '\0' || ph_address_parse(text, &address) == 0)
        return NULL;
    return "not an address; use numbers such as 127.0.0.1:1935, [::1]:1935, or :1935 for all";
}

/* IANA's special-purpose registries (RFC 6890), and multicast. */
static bool is_public_v4(uint32_t address)
{
    static const struct {
        uint32_t network;
        unsigned bits;
    } special[] = {
        {0x00000000, 8},  {0x0A000000, 8},  {0x64400000, 10}, {0x7F000000, 8},  {0xA9FE0000, 16},
        {0xAC100000, 12}, {0xC0000000, 24}, {0xC0000200, 24}, {0xC0A80000, 16}, {0xC6120000, 15},
        {0xC6336400, 24}, {0xCB007100, 24}, {0xE0000000, 3},
    };
    for (size_t i = 0; i < PH_COUNT(special); i++)
        if (address >> (32 - special[i].bits) == special[i].network >> (32 - special[i].bits))
            return false;
    return true;
}

static uint32_t v4_at(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static bool is_public_v6(const uint8_t bytes[16])
{
    static const uint8_t mapped[12] = {[10] = 0xFF, [11] = 0xFF}, nat64[12] = {0, 0x64, 0xFF, 0x9B};
    if (memcmp(bytes, mapped, sizeof mapped) == 0 || memcmp(bytes, nat64, sizeof nat64) == 0)
        return is_public_v4(v4_at(bytes + 12));
    if (bytes[0] == 0x20 && bytes[1] == 0x02) /* 6to4 */
        return is_public_v4(v4_at(bytes + 2));
    bool is_special = bytes[0] == 0x20 && bytes[1] == 0x01 && bytes[2] < 2; /* Teredo and its neighbours */
    bool is_example = bytes[0] == 0x20 && bytes[1] == 0x01 && bytes[2] == 0x0D && bytes[3] == 0xB8;
    return bytes[0] >> 5 == 1 && !is_special && !is_example; /* 2000::/3: all that is given out */
}

bool ph_address_is_public(const struct ph_address *address)
{
    if (address->as.any.sa_family == AF_INET)
        return is_public_v4(ntohl(address->as.v4.sin_addr.s_addr));
    return address->as.any.sa_family == AF_INET6 && is_public_v6(address->as.v6.sin6_addr.s6_addr);
}
