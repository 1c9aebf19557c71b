/* SPDX-License-Identifier: MIT */
/* Transport streams, packet by packet. That players take them the scenarios show. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "mux/ts.h"

static size_t budget; /* bytes that may still be allocated */

static void *resize(void *user, void *block, size_t old_size, size_t new_size)
{
    (void)user, (void)old_size;
    if (new_size == 0) {
        free(block);
        return NULL;
    }
    return new_size > budget ? NULL : realloc(block, new_size);
}

static const struct rtmp_allocator allocator = {.resize = resize};
static struct rtmp_buffer out;
static struct ph_ts ts;

static const struct ph_mux_track avc = {.fourcc = RTMP_FOURCC_AVC1,
                                        .is_video = true,
                                        .length = 15,
                                        .config = {1, 0x64, 0, 0x1E, 0xFF, 0xE1, 0, 3, 0x67, 1, 2, 1, 0, 1, 0x68}},
                                 hevc = {.fourcc = RTMP_FOURCC_HVC1,
                                         .is_video = true,
                                         .length = 31,
                                         .config = {1, [21] = 0xFF, 1, 0xA0, 0, 1, 0, 3, 0x40, 1, 9}},
                                 aac = {.fourcc = RTMP_FOURCC_MP4A,
                                        .rate_hz = 44100,
                                        .n_channels = 2,
                                        .length = 2,
                                        .config = {0x12, 0x10}},
                                 mp3 = {.fourcc = RTMP_FOURCC_MP3, .rate_hz = 44100, .n_channels = 2};

/* What one track's packets carry, and how they begin. */
struct found {
    uint8_t bytes[65536];
    size_t length, n_packets, n_begins;
    uint64_t clock;
    bool has_clock, is_key;
};

static struct found found[2];

static void look_at_field(struct found *it, const uint8_t *field)
{
    if (field[0] == 0)
        return;
    it->is_key |= (field[1] & 0x40) != 0;
    if (field[1] & 0x10) {
        it->has_clock = true;
        it->clock = (uint64_t)field[2] << 25 | (uint64_t)field[3] << 17 | (uint64_t)field[4] << 9 |
                    (uint64_t)field[5] << 1 | field[6] >> 7;
    }
}

/* Every packet is whole, counters go on, tables come first. */
static void read_packets(size_t from)
{
    memset(found, 0, sizeof found);
    assert_int_equal((out.length - from) % PH_TS_PACKET, 0);
    for (size_t at = from; at < out.length; at += PH_TS_PACKET) {
        const uint8_t *packet = out.data + at;
        unsigned pid = (packet[1] & 31u) << 8 | packet[2];
        assert_int_equal(packet[0], 0x47);
        if (at < from + (size_t)2 * PH_TS_PACKET) {
            assert_int_equal(pid, at == from ? 0 : 0x1000);
            continue;
        }
        assert_in_range(pid, 0x100, 0x101);
        struct found *it = &found[pid - 0x100];
        size_t head = 4;
        if (packet[3] & 0x20) {
            look_at_field(it, packet + 4);
            head += 1u + packet[4];
        }
        assert_true(head < PH_TS_PACKET);
        it->n_begins += packet[1] >> 6 & 1;
        memcpy(it->bytes + it->length, packet + head, PH_TS_PACKET - head);
        it->length += PH_TS_PACKET - head;
        it->n_packets++;
    }
}

static void holds(const struct found *it, size_t at, const void *wanted, size_t length)
{
    assert_true(at + length <= it->length);
    assert_memory_equal(it->bytes + at, wanted, length);
}

static uint64_t time_at(const struct found *it, size_t at)
{
    const uint8_t *t = it->bytes + at;
    return (uint64_t)(t[0] >> 1 & 7) << 30 | (uint64_t)t[1] << 22 | (uint64_t)(t[2] >> 1) << 15 | (uint64_t)t[3] << 7 |
           t[4] >> 1;
}

static void a_picture_and_sound(void **state)
{
    (void)state;
    static const uint8_t pictures[] = {0, 0, 0, 2, 9, 0xF0, 0, 0, 0, 2, 0x65, 0xAA, 0, 0, 0, 2, 0x41, 0xBB};
    static const uint8_t sounds[] = {1, 2, 3, 4, 5};
    const struct ph_mux_sample video[] = {{12, 40, 80, true}, {6, 40, 0, false}};
    const struct ph_mux_sample audio[] = {{3, 23, 0, true}, {2, 23, 0, true}};
    const struct ph_mux_run runs[] = {{1, 1000, video, 2, pictures, sizeof pictures},
                                      {2, 1000, audio, 2, sounds, sizeof sounds}};
    const struct ph_mux_track *tracks[] = {&avc, &aac};
    assert_int_equal(ph_ts_piece(&ts, tracks, 2, runs, 2, &out), 0);
    read_packets(0);
    assert_int_equal(found[0].n_packets, 2);
    assert_int_equal(found[0].n_begins, 2);
    assert_true(found[0].is_key && found[0].has_clock && !found[1].has_clock);
    assert_int_equal(found[0].clock, 1040 * 90);
    static const uint8_t head[] = {0, 0, 1, 0xE0, 0, 0, 0x84, 0xC0, 10};
    holds(&found[0], 0, head, sizeof head);
    assert_int_equal(time_at(&found[0], 9), 1080 * 90 + PH_TS_DELAY);
    assert_int_equal(time_at(&found[0], 14), 1000 * 90 + PH_TS_DELAY);
    static const uint8_t key[] = {0, 0, 0, 1,    9, 0xF0, 0, 0, 0,    1,    0x67, 1, 2, 0,
                                  0, 0, 1, 0x68, 0, 0,    0, 1, 0x65, 0xAA, 0,    0, 1, 0xE0};
    holds(&found[0], 19, key, sizeof key); /* the sender's own delimiter is not there twice */
    static const uint8_t inter[] = {0, 0, 0, 1, 9, 0xF0, 0, 0, 0, 1, 0x41, 0xBB};
    holds(&found[0], 19 + sizeof key - 4 + 14, inter, sizeof inter);
    assert_int_equal(found[1].n_begins, 1);
    static const uint8_t sound[] = {0, 0, 1, 0xC0, 0, 27, 0x84, 0x80, 5};
    holds(&found[1], 0, sound, sizeof sound);
    assert_int_equal(time_at(&found[1], 9), 1000 * 90 + PH_TS_DELAY);
    static const uint8_t adts[] = {0xFF, 0xF1, 0x50, 0x80, 0x01, 0x5F, 0xFC, 1, 2, 3,
                                   0xFF, 0xF1, 0x50, 0x80, 0x01, 0x3F, 0xFC, 4, 5};
    holds(&found[1], 14, adts, sizeof adts);
    assert_int_equal(found[1].length, 14 + sizeof adts);
}

/* The tables of the next piece go on counting, and so do the tracks. */
static void counters_go_on(void **state)
{
    (void)state;
    static const uint8_t picture[1000] = {0, 0, 3, 0xE4, 0x65};
    const struct ph_mux_sample sample = {sizeof picture, 40, 0, true};
    const struct ph_mux_run run = {1, 0, &sample, 1, picture, sizeof picture};
    const struct ph_mux_track *tracks[] = {&avc};
    unsigned counter = 0;
    for (int i = 0; i < 40; i++)
        assert_int_equal(ph_ts_piece(&ts, tracks, 1, &run, 1, &out), 0);
    for (size_t at = 0; at < out.length; at += PH_TS_PACKET) {
        const uint8_t *packet = out.data + at;
        if (((packet[1] & 31u) << 8 | packet[2]) == 0x100)
            assert_int_equal(packet[3] & 15, counter++ % 16);
    }
    assert_int_equal(counter, 40 * 6);
}

/* Whatever is left for the last packet, it is filled up in front. */
static void every_length_fits(void **state)
{
    (void)state;
    static const uint8_t bytes[800];
    const struct ph_mux_track *tracks[] = {&mp3};
    for (uint32_t length = 1; length <= sizeof bytes; length++) {
        const struct ph_mux_sample sample = {length, 26, 0, true};
        const struct ph_mux_run run = {1, 5, &sample, 1, bytes, length};
        rtmp_buffer_clear(&out);
        assert_int_equal(ph_ts_piece(&ts, tracks, 1, &run, 1, &out), 0);
        read_packets(0);
        assert_int_equal(found[0].length, 14 + length);
        assert_int_equal(found[0].bytes[4] << 8 | found[0].bytes[5], 8 + length);
    }
}

/* The lengths in front of a picture's pieces are a stranger's, and so are those in a configuration. */
static void odd_lengths(void **state)
{
    (void)state;
    static const uint8_t picture[] = {0xFF, 0xFF, 0xFF, 0xFF, 0x65, 1, 2};
    static const uint8_t empty[] = {0, 0, 0, 0, 0, 0, 0};
    const struct ph_mux_sample samples[] = {{sizeof picture, 40, -2000000, true}, {sizeof empty, 40, 0, true}};
    uint8_t both[sizeof picture + sizeof empty];
    struct ph_mux_track broken[] = {avc, hevc};
    memcpy(both, picture, sizeof picture);
    memcpy(both + sizeof picture, empty, sizeof empty);
    const struct ph_mux_run run = {1, 0, samples, 2, both, sizeof both};
    for (size_t i = 0; i < PH_COUNT(broken); i++) {
        const struct ph_mux_track *tracks[] = {&broken[i]};
        for (size_t k = broken[i].length; k >= (i ? 23 : 7); k--) {
            broken[i].length = k; /* cut anywhere */
            assert_int_equal(ph_ts_piece(&ts, tracks, 1, &run, 1, &out), 0);
        }
        memset(broken[i].config + 5, 0xFF, 60); /* sets that are longer than all there is */
        broken[i].length = 65;
        assert_int_equal(ph_ts_piece(&ts, tracks, 1, &run, 1, &out), 0);
    }
    const struct ph_mux_run stranger = {3, 0, samples, 2, both, sizeof both};
    const struct ph_mux_track *tracks[] = {&avc};
    assert_int_equal(ph_ts_piece(&ts, tracks, 1, &stranger, 1, &out), RTMP_E_RANGE);
}

static void hevc_has_its_sets(void **state)
{
    (void)state;
    static const uint8_t picture[] = {0, 0, 0, 3, 0x26, 1, 7};
    const struct ph_mux_sample sample = {sizeof picture, 40, 0, true};
    const struct ph_mux_run run = {1, 0, &sample, 1, picture, sizeof picture};
    const struct ph_mux_track *tracks[] = {&hevc};
    assert_int_equal(ph_ts_piece(&ts, tracks, 1, &run, 1, &out), 0);
    read_packets(0);
    static const uint8_t wanted[] = {0, 0, 0, 1, 0x46, 1, 0x50, 0, 0, 0, 1, 0x40, 1, 9, 0, 0, 0, 1, 0x26, 1, 7};
    holds(&found[0], 14, wanted, sizeof wanted);
}

/* A frame of sound that is no frame is left out; its packet stays well-formed. */
static void sound_beyond_measure(void **state)
{
    (void)state;
    static const uint8_t bytes[9000];
    const struct ph_mux_sample samples[] = {{9000 - 10, 23, 0, true}, {10, 23, 0, true}};
    const struct ph_mux_run run = {1, 0, samples, 2, bytes, sizeof bytes};
    const struct ph_mux_track *tracks[] = {&aac};
    assert_int_equal(ph_ts_piece(&ts, tracks, 1, &run, 1, &out), 0);
    read_packets(0);
    assert_int_equal(found[0].length, 14 + 17);
    assert_int_equal(found[0].bytes[4] << 8 | found[0].bytes[5], 8 + 17);
}

static void what_it_carries(void **state)
{
    (void)state;
    struct ph_mux_track odd = aac;
    assert_true(ph_ts_carries(&avc) && ph_ts_carries(&hevc) && ph_ts_carries(&aac) && ph_ts_carries(&mp3));
    assert_false(ph_ts_carries(&(struct ph_mux_track){.fourcc = RTMP_FOURCC_AV01, .is_video = true}));
    assert_false(ph_ts_carries(&(struct ph_mux_track){.fourcc = RTMP_FOURCC_OPUS}));
    odd.config[0] = 0x17; /* a rate without a number */
    odd.config[1] = 0x80;
    assert_false(ph_ts_carries(&odd));
    odd.config[0] = 0xF8; /* a profile without a number of two bits */
    assert_false(ph_ts_carries(&odd));
}

static void no_memory(void **state)
{
    (void)state;
    static const uint8_t picture[1000] = {0, 0, 3, 0xE4, 0x65};
    const struct ph_mux_sample sample = {sizeof picture, 40, 0, true};
    const struct ph_mux_run run = {1, 0, &sample, 1, picture, sizeof picture};
    const struct ph_mux_track *tracks[] = {&avc};
    int rc = RTMP_E_MEMORY;
    for (budget = 0; budget < 8192 && rc; budget += 256) {
        rtmp_buffer_finish(&out);
        rc = ph_ts_piece(&ts, tracks, 1, &run, 1, &out);
        assert_true(rc == 0 || rc == RTMP_E_MEMORY);
    }
    assert_int_equal(rc, 0);
}

static int open_buffer(void **state)
{
    (void)state;
    budget = SIZE_MAX;
    ts = (struct ph_ts){0};
    rtmp_buffer_init(&out, &allocator, 1 << 24);
    return 0;
}

static int close_buffer(void **state)
{
    (void)state;
    rtmp_buffer_finish(&out);
    return 0;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_buffer, close_buffer)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_picture_and_sound), CASE(counters_go_on),       CASE(every_length_fits), CASE(odd_lengths),
        CASE(hevc_has_its_sets),   CASE(sound_beyond_measure), CASE(what_it_carries),   CASE(no_memory),
    };
    return cmocka_run_group_tests_name("ts", tests, NULL, NULL);
}
