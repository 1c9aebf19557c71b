/* SPDX-License-Identifier: MIT */
#include "net/detect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

static const struct {
    const char *bytes;
    enum ph_wire wire;
} beginnings[] = {
    {"\x03", PH_WIRE_RTMP},     {"\x06", PH_WIRE_RTMP},   {"\x16", PH_WIRE_TLS},  {"GET ", PH_WIRE_HTTP},
    {"POST ", PH_WIRE_HTTP},    {"HEAD ", PH_WIRE_HTTP},  {"PUT ", PH_WIRE_HTTP}, {"DELETE ", PH_WIRE_HTTP},
    {"OPTIONS ", PH_WIRE_HTTP}, {"PATCH ", PH_WIRE_HTTP},
};

enum ph_wire ph_wire_detect(const uint8_t *bytes, size_t n)
{
    enum ph_wire wire = n == 0 ? PH_WIRE_MORE : PH_WIRE_UNKNOWN;
    for (size_t i = 0; i < PH_COUNT(beginnings) && n > 0; i++) {
        size_t length = strlen(beginnings[i].bytes);
        if (memcmp(bytes, beginnings[i].bytes, n < length ? n : length) != 0)
            continue;
        if (n >= length)
            return beginnings[i].wire;
        wire = PH_WIRE_MORE;
    }
    return wire;
}

/* A connection that has not said yet what it speaks. */
struct waiting {
    struct ph_conn *conn;
    const struct ph_protocols *protocols;
    struct ph_timer deadline;
};

static void forget(struct waiting *waiting)
{
    ph_timer_stop(ph_conn_loop(waiting->conn), &waiting->deadline);
    free(waiting);
}

static void refuse(struct waiting *waiting, enum ph_close reason, const char *why)
{
    char peer[PH_ADDRESS_TEXT];
    ph_address_text(ph_conn_peer(waiting->conn), peer);
    ph_log_debug(waiting->protocols->log, NULL, "closed %s: %s", peer, why);
    ph_conn_close(waiting->conn, reason);
}

static size_t first_bytes(void *user, const uint8_t *data, size_t length)
{
    struct waiting *waiting = user;
    enum ph_wire wire = ph_wire_detect(data, length);
    if (wire == PH_WIRE_MORE)
        return 0;
    for (size_t i = 0; i < waiting->protocols->n_rows && wire != PH_WIRE_UNKNOWN; i++) {
        const struct ph_protocol *protocol = &waiting->protocols->rows[i];
        if (protocol->wire != wire)
            continue;
        int err = protocol->open(protocol->user, waiting->conn);
        if (err)
            refuse(waiting, err == -ENOMEM ? PH_CLOSE_MEMORY : PH_CLOSE_REFUSED, strerror(-err));
        else
            forget(waiting);
        return 0;
    }
    refuse(waiting, PH_CLOSE_PROTOCOL, "its first bytes are of no protocol spoken here");
    return 0;
}

static void too_late(struct ph_timer *timer)
{
    refuse(ph_container_of(timer, struct waiting, deadline), PH_CLOSE_TIMEOUT, "it sent nothing");
}

static void gone(void *user, enum ph_close reason)
{
    (void)reason;
    forget(user);
}

static const struct ph_conn_handler waiting_handler = {.on_read = first_bytes, .on_close = gone};

static size_t ignore_bytes(void *user, const uint8_t *data, size_t length)
{
    (void)user, (void)data;
    return length;
}

static void ignore_close(void *user, enum ph_close reason) { (void)user, (void)reason; }

static const struct ph_conn_handler nobody = {.on_read = ignore_bytes, .on_close = ignore_close};

void ph_detect_conn(void *protocols, struct ph_conn *conn)
{
    struct waiting *waiting = calloc(1, sizeof *waiting);
    if (!waiting) {
        ph_conn_handle(conn, &nobody, NULL);
        ph_conn_close(conn, PH_CLOSE_MEMORY);
        return;
    }
    waiting->conn = conn;
    waiting->protocols = protocols;
    ph_timer_init(&waiting->deadline, too_late);
    ph_timer_start(ph_conn_loop(conn), &waiting->deadline, PH_LIMIT_FIRST_BYTE_MS * UINT64_C(1000));
    ph_conn_handle(conn, &waiting_handler, waiting);
}
