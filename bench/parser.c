/* SPDX-License-Identifier: MIT */
/*
 * parser: how fast the protocol library reads, without sockets. Prints one line per figure, name and value separated
 * by a tab: the median of several rounds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rtmpwire/amf3.h>
#include <rtmpwire/chunk.h>
#include <rtmpwire/handshake.h>

#include "stamp.h"

enum { ROUNDS = 9, MESSAGE = 50000, READ = 65536 };

static volatile uint64_t sink;

static void *resize(void *user, void *block, size_t old_size, size_t new_size)
{
    (void)user, (void)old_size;
    if (new_size > 0)
        return realloc(block, new_size);
    free(block);
    return NULL;
}

static const struct rtmp_allocator allocator = {resize, NULL};

static void fill(void *user, uint8_t *out, size_t length)
{
    (void)user;
    memset(out, 0x5A, length);
}

static const struct rtmp_random constant = {fill, NULL};

static void must(int rc)
{
    if (rc != 0) {
        fprintf(stderr, "parser: %s\n", rtmp_error_text(rc));
        exit(1);
    }
}

/* Units of work and seconds of one round; the best half is not cherry-picked: the median is told. */
static double median_rate(double (*round)(size_t *units))
{
    double rates[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        size_t units = 0;
        double seconds = round(&units), rate = (double)units / seconds;
        int place = i;
        for (; place > 0 && rates[place - 1] > rate; place--)
            rates[place] = rates[place - 1];
        rates[place] = rate;
    }
    return rates[ROUNDS / 2];
}

static uint32_t chunk_size;

/* 32 MB of video messages in chunks of `chunk_size`, read in pieces as a socket gives them. */
static double round_chunks(size_t *bytes)
{
    static uint8_t payload[MESSAGE];
    struct rtmp_message_info info = {.csid = 6, .length = MESSAGE, .stream_id = 1, .type = 9};
    size_t span = rtmp_chunk_span(&info, chunk_size), n = 32000000 / span, written;
    uint8_t *wire = malloc(n * span);
    for (size_t i = 0; i < n; i++, info.time_ms += 33)
        must(rtmp_chunk_write(&info, payload, chunk_size, wire + i * span, span, &written));
    struct rtmp_chunk_reader reader;
    rtmp_chunk_reader_init(&reader, &allocator, &rtmp_limits_connected);
    reader.chunk_size = chunk_size;
    uint64_t begin = clock_ns();
    for (size_t at = 0; at < n * span; at += READ) {
        size_t left = n * span - at < READ ? n * span - at : READ, used;
        const uint8_t *piece = wire + at;
        struct rtmp_message message;
        int rc;
        while ((rc = rtmp_chunk_read(&reader, piece, left, &used, &message)) == 0) {
            sink += message.info.length;
            piece += used;
            left -= used;
        }
        if (rc != RTMP_E_MORE)
            must(rc);
    }
    double seconds = (double)(clock_ns() - begin) / 1e9;
    rtmp_chunk_reader_finish(&reader);
    free(wire);
    *bytes = n * span;
    return seconds;
}

typedef int (*read_fn)(struct rtmp_amf_reader *reader, struct rtmp_value **value);
typedef int (*write_fn)(struct rtmp_buffer *buffer, const struct rtmp_value *value);

static read_fn amf_read;
static write_fn amf_write;

/* A list of players as a game sends it. */
static struct rtmp_value *game_state(struct rtmp_arena *arena)
{
    struct rtmp_value *list = rtmp_value_new_array(arena);
    for (int i = 0; i < 20; i++) {
        struct rtmp_value *player = rtmp_value_new_object(arena);
        must(rtmp_value_set(arena, player, "name", rtmp_value_new_string(arena, "player of the game", 18)));
        must(rtmp_value_set(arena, player, "score", rtmp_value_new_number(arena, 1234.5 * i)));
        must(rtmp_value_set(arena, player, "alive", rtmp_value_new_boolean(i % 3 != 0)));
        must(rtmp_value_set(arena, player, "x", rtmp_value_new_number(arena, i)));
        must(rtmp_value_push(arena, list, player));
    }
    return list;
}

static double round_amf(size_t *bytes)
{
    struct rtmp_arena arena;
    struct rtmp_buffer wire;
    rtmp_arena_init(&arena, &allocator, 1 << 20);
    rtmp_buffer_init(&wire, &allocator, 1 << 20);
    must(amf_write(&wire, game_state(&arena)));
    uint64_t begin = clock_ns();
    for (int i = 0; i < 20000; i++) {
        struct rtmp_amf_reader reader;
        struct rtmp_value *value;
        rtmp_arena_reset(&arena);
        rtmp_amf_reader_init(&reader, wire.data, wire.length, &arena, NULL);
        must(amf_read(&reader, &value));
        sink += rtmp_value_count(value);
        *bytes += wire.length;
    }
    double seconds = (double)(clock_ns() - begin) / 1e9;
    rtmp_arena_finish(&arena);
    rtmp_buffer_finish(&wire);
    return seconds;
}

static enum rtmp_handshake_mode mode;

/* Both roles, so a server alone does about twice as many. */
static double round_handshakes(size_t *n)
{
    uint64_t begin = clock_ns();
    for (*n = 0; *n < 2000; ++*n) {
        struct rtmp_handshake *client, *server;
        must(rtmp_handshake_create_client(&allocator, &constant, 1, mode, &client));
        must(rtmp_handshake_create_server(&allocator, &constant, 2, &server));
        struct rtmp_handshake *ends[] = {client, server};
        for (int turn = 0; turn < 3; turn++) {
            size_t length, used = 0;
            const uint8_t *bytes = rtmp_handshake_output(ends[turn & 1], &length);
            int rc = rtmp_handshake_read(ends[!(turn & 1)], bytes, length, &used);
            if (rc != 0 && rc != RTMP_E_MORE)
                must(rc);
            rtmp_handshake_sent(ends[turn & 1], length);
        }
        rtmp_handshake_destroy(client);
        rtmp_handshake_destroy(server);
    }
    return (double)(clock_ns() - begin) / 1e9;
}

int main(void)
{
    static const uint32_t sizes[] = {128, 4096, 60000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        chunk_size = sizes[i];
        printf("chunk reader, chunks of %u bytes\t%.2f GB/s\n", chunk_size, median_rate(round_chunks) / 1e9);
    }
    amf_read = rtmp_amf0_read;
    amf_write = rtmp_amf0_write;
    printf("AMF0 reader, list of objects\t%.0f MB/s\n", median_rate(round_amf) / 1e6);
    amf_read = rtmp_amf3_read;
    amf_write = rtmp_amf3_write;
    printf("AMF3 reader, the same list\t%.0f MB/s\n", median_rate(round_amf) / 1e6);
    mode = RTMP_HANDSHAKE_SIMPLE;
    printf("simple handshakes, both roles\t%.0f /s\n", median_rate(round_handshakes));
    mode = RTMP_HANDSHAKE_DIGEST;
    printf("digest handshakes, both roles\t%.0f /s\n", median_rate(round_handshakes));
    return 0;
}
