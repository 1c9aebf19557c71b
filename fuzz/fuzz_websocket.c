/* SPDX-License-Identifier: MIT */
/* Frames: what is heard does not depend on how the bytes are cut; the first byte of the input tells the cut. */
#include "fuzz.h"
#include "gate/ws/socket.h"

enum { MOST = 4096 };

struct heard {
    size_t n, bytes;
    uint32_t sum;
};

static void on_message(void *user, enum ph_ws_kind kind, const uint8_t *bytes, size_t length)
{
    struct heard *heard = user;
    CHECK(kind == PH_WS_TEXT || kind == PH_WS_BINARY);
    CHECK(length <= MOST);
    heard->n++;
    heard->bytes += length;
    for (size_t i = 0; i < length; i++)
        heard->sum = heard->sum * 31 + bytes[i];
}

static struct heard listen_to(const uint8_t *data, size_t size, size_t cut, size_t max)
{
    static const struct ph_ws_events events = {.message = on_message};
    struct heard heard = {0};
    struct ph_ws *ws;
    CHECK(ph_ws_create(max, &events, &heard, &ws) == 0);
    for (size_t at = 0; at < size; at += cut) {
        if (ph_ws_feed(ws, data + at, size - at < cut ? size - at : cut))
            break;
        ph_buf_consume(ph_ws_control(ws), ph_buf_length(ph_ws_control(ws)));
    }
    ph_ws_destroy(ws);
    return heard;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    size_t cut = data[0] % 17 + 1;
    struct heard whole = listen_to(data + 1, size - 1, size, MOST), cut_up = listen_to(data + 1, size - 1, cut, MOST);
    CHECK(whole.n == cut_up.n && whole.bytes == cut_up.bytes && whole.sum == cut_up.sum);
    return 0;
}
