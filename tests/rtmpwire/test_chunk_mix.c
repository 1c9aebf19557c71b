/* SPDX-License-Identifier: MIT */
/* A sender that uses everything the protocol allows, in random turns, and what it must be understood to say. */
#include "chunk_trace.h"

enum { N_SENDERS = 5 };

struct sender {
    struct rtmp_message_info info;
    uint8_t payload[3000];
    uint32_t sent;
    uint32_t delta_ms, wire_ms;
    bool known, extended;
};

struct mixer {
    uint64_t random;
    uint32_t chunk_size;
    bool repeats_time;
    struct sender senders[N_SENDERS];
    uint8_t *wire;
    size_t length;
    struct trace expected;
};

static const uint32_t sender_csids[N_SENDERS] = {3, 63, 64, 320, 65599};

static void put(struct mixer *mixer, uint64_t value, unsigned n_bytes, bool little)
{
    for (unsigned i = 0; i < n_bytes; i++)
        mixer->wire[mixer->length++] = (uint8_t)(value >> 8 * (little ? i : n_bytes - 1 - i));
}

static void put_basic(struct mixer *mixer, unsigned format, uint32_t csid)
{
    bool wide = csid >= 320 || (csid >= 64 && random_below(&mixer->random, 2));
    put(mixer, format << 6 | (csid < 64 ? csid : wide), 1, false);
    if (csid >= 64)
        put(mixer, csid - 64, wide ? 2 : 1, true);
}

static void put_time(struct mixer *mixer, struct sender *sender, uint32_t time_ms, bool *extended)
{
    *extended = time_ms >= 0xFFFFFF;
    put(mixer, *extended ? 0xFFFFFF : time_ms, 3, false);
    sender->extended = *extended;
    sender->wire_ms = time_ms;
}

static void begin_random_message(struct mixer *mixer, struct sender *sender)
{
    static const uint32_t deltas[] = {0, 20, 0xFFFFFE, 0xFFFFFF, 0x01000000, 0xF0000000};
    static const uint8_t types[] = {8, 9, 18, 20, 22};
    unsigned format = sender->known ? random_below(&mixer->random, 4) : 0;
    uint32_t time_ms = deltas[random_below(&mixer->random, COUNT(deltas))] + random_below(&mixer->random, 3);
    bool extended = false;
    if (format <= 1) {
        sender->info.type = types[random_below(&mixer->random, COUNT(types))];
        sender->info.length = random_below(&mixer->random, 4) ? random_below(&mixer->random, 300)
                                                              : random_below(&mixer->random, 3000);
    }
    if (format < 3)
        sender->delta_ms = time_ms;
    else if (sender->extended)
        sender->delta_ms = sender->wire_ms;
    if (format == 0)
        sender->info.stream_id = random_below(&mixer->random, 3);
    sender->info.time_ms = format == 0 ? time_ms : sender->info.time_ms + sender->delta_ms;
    put_basic(mixer, format, sender->info.csid);
    if (format < 3)
        put_time(mixer, sender, time_ms, &extended);
    if (format <= 1) {
        put(mixer, sender->info.length, 3, false);
        put(mixer, sender->info.type, 1, false);
    }
    if (format == 0)
        put(mixer, sender->info.stream_id, 4, true);
    if (extended || (format == 3 && sender->extended))
        put(mixer, sender->wire_ms, 4, false);
    for (uint32_t i = 0; i < sender->info.length; i++)
        sender->payload[i] = (uint8_t)random_below(&mixer->random, 256);
    sender->known = true;
    sender->sent = 0;
}

static void continue_random_message(struct mixer *mixer, struct sender *sender)
{
    bool extended = false;
    unsigned format = random_below(&mixer->random, 10) ? 3 : 1 + random_below(&mixer->random, 2);
    put_basic(mixer, format, sender->info.csid);
    if (format == 3) {
        if (sender->extended && mixer->repeats_time)
            put(mixer, random_below(&mixer->random, 2) ? sender->wire_ms : sender->info.time_ms, 4, false);
        return;
    }
    put_time(mixer, sender, random_below(&mixer->random, 2) ? 0x01020304 : 5, &extended);
    if (format == 1) {
        put(mixer, sender->info.length, 3, false);
        put(mixer, sender->info.type, 1, false);
    }
    if (extended)
        put(mixer, sender->wire_ms, 4, false);
}

static void put_random_chunk(struct mixer *mixer)
{
    struct sender *sender = &mixer->senders[random_below(&mixer->random, N_SENDERS)];
    if (sender->sent > 0)
        continue_random_message(mixer, sender);
    else
        begin_random_message(mixer, sender);
    uint32_t left = sender->info.length - sender->sent;
    uint32_t n = left < mixer->chunk_size ? left : mixer->chunk_size;
    memcpy(mixer->wire + mixer->length, sender->payload + sender->sent, n);
    mixer->length += n;
    sender->sent += n;
    if (sender->sent == sender->info.length) {
        trace_message(&mixer->expected, &sender->info, sender->payload);
        sender->sent = 0;
    }
}

static void put_random_control(struct mixer *mixer)
{
    struct rtmp_message_info info = {.csid = 2, .length = 4};
    uint8_t payload[4] = {0}, *out = mixer->wire + mixer->length;
    size_t written;
    if (random_below(&mixer->random, 2)) {
        struct sender *sender = &mixer->senders[random_below(&mixer->random, N_SENDERS)];
        info.type = RTMP_TYPE_ABORT;
        for (int i = 0; i < 4; i++)
            payload[i] = (uint8_t)(sender->info.csid >> 8 * (3 - i));
        assert_int_equal(rtmp_chunk_write(&info, payload, mixer->chunk_size, out, 64, &written), 0);
        sender->sent = 0;
    } else {
        uint32_t size = 1 + random_below(&mixer->random, random_below(&mixer->random, 2) ? 8 : 500);
        info.type = RTMP_TYPE_SET_CHUNK_SIZE;
        payload[2] = (uint8_t)(size >> 8), payload[3] = (uint8_t)size;
        assert_int_equal(rtmp_chunk_write(&info, payload, mixer->chunk_size, out, 64, &written), 0);
        mixer->chunk_size = size;
    }
    mixer->length += written;
    trace_message(&mixer->expected, &info, payload);
}

static void everything_at_once_is_understood_however_cut(void **state)
{
    (void)state;
    enum { N_CHUNKS = 2000 };
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct mixer mixer = {.random = seed * 0x9E3779B97F4A7C15, .chunk_size = 128, .repeats_time = seed % 2};
        mixer.expected.result = RTMP_E_MORE;
        mixer.wire = malloc(N_CHUNKS * 520);
        assert_non_null(mixer.wire);
        for (size_t i = 0; i < N_SENDERS; i++)
            mixer.senders[i].info.csid = sender_csids[i];
        for (size_t i = 0; i < N_CHUNKS; i++) {
            if (random_below(&mixer.random, 50) == 0)
                put_random_control(&mixer);
            else
                put_random_chunk(&mixer);
        }
        put(&mixer, 0x02, 1, false); /* a look-ahead still open at the end would hide the last message */
        put(&mixer, 0xFEFEFE, 3, false);
        check_cut(&mixer.expected, mixer.wire, mixer.length, cut_never, NULL);
        check_cut(&mixer.expected, mixer.wire, mixer.length, cut_everywhere, NULL);
        for (int i = 0; i < 5; i++)
            check_cut(&mixer.expected, mixer.wire, mixer.length, cut_at_random, &mixer.random);
        free(mixer.expected.bytes);
        free(mixer.wire);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_at_once_is_understood_however_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
