/* SPDX-License-Identifier: MIT */
#include "stage.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

uint64_t stage_now_us, stage_tick_us;
struct ph_loops *stage_loops;
struct ph_media *stage_media;

static struct ph_loop *loop_list[16];

/* ---- forms ---- */

enum { PLAIN_HEADER = 16, WIDE_HEADER = 24 };

static void put_header(uint32_t variant, const struct ph_unit *unit, uint8_t *out)
{
    uint32_t length = (uint32_t)unit->length;
    out[0] = (uint8_t)variant;
    out[1] = unit->kind;
    out[2] = unit->track;
    out[3] = unit->flags;
    memcpy(out + 4, &length, 4);
    memcpy(out + 8, &unit->time_us, 8);
}

static size_t plain_span(uint32_t variant, const struct ph_unit *unit)
{
    (void)variant;
    return PLAIN_HEADER + unit->length;
}

static void plain_write(uint32_t variant, const struct ph_unit *unit, uint8_t *out)
{
    put_header(variant, unit, out);
    if (unit->length)
        memcpy(out + PLAIN_HEADER, unit->body, unit->length);
}

static size_t plain_read(uint32_t variant, const uint8_t *bytes, size_t length, uint8_t *body)
{
    (void)variant;
    memcpy(body, bytes + PLAIN_HEADER, length - PLAIN_HEADER);
    return length - PLAIN_HEADER;
}

const struct ph_form plain_form = {"plain", plain_span, plain_write, plain_read};

static size_t wide_span(uint32_t variant, const struct ph_unit *unit)
{
    (void)variant;
    return unit->kind == PH_DATA ? 0 : WIDE_HEADER + unit->length;
}

static void wide_write(uint32_t variant, const struct ph_unit *unit, uint8_t *out)
{
    put_header(variant, unit, out);
    memset(out + PLAIN_HEADER, 'w', WIDE_HEADER - PLAIN_HEADER);
    if (unit->length)
        memcpy(out + WIDE_HEADER, unit->body, unit->length);
}

static size_t wide_read(uint32_t variant, const uint8_t *bytes, size_t length, uint8_t *body)
{
    (void)variant;
    memcpy(body, bytes + WIDE_HEADER, length - WIDE_HEADER);
    return length - WIDE_HEADER;
}

const struct ph_form wide_form = {"wide", wide_span, wide_write, wide_read};

/* ---- loops ---- */

static uint64_t read_now(void *user)
{
    (void)user;
    return stage_now_us += stage_tick_us;
}

static const struct ph_clock stage_clock = {read_now, NULL, NULL};

void stage_open(unsigned n_workers, const struct ph_media_config *times, bool threads)
{
    stage_now_us = 5000000;
    stage_tick_us = 0;
    struct ph_loops_options options = {.n = n_workers, .name = "worker", .clock = threads ? NULL : &stage_clock};
    assert_int_equal(ph_loops_create(&options, &stage_loops), 0);
    for (unsigned i = 0; i < n_workers; i++)
        loop_list[i] = &stage_loops->loop[i];
    struct ph_media_config config = times ? *times : (struct ph_media_config){0};
    config.workers = loop_list;
    config.n_workers = n_workers;
    assert_int_equal(ph_media_create(&config, &stage_media), 0);
    if (threads)
        assert_int_equal(ph_loops_start(stage_loops), 0);
}

void stage_close(void)
{
    ph_loops_stop(stage_loops);
    ph_media_destroy(stage_media);
    ph_loops_destroy(stage_loops);
}

void stage_settle(void)
{
    for (int round = 0; round < 24; round++)
        for (unsigned i = 0; i < stage_loops->n; i++)
            ph_loop_turn(&stage_loops->loop[i], false);
}

void stage_wait_ms(unsigned ms)
{
    for (unsigned passed = 0; passed < ms; passed += 10) {
        stage_now_us += 10000;
        stage_settle();
    }
}

struct ph_path stage_path(const char *text)
{
    struct ph_path path = {.length = strlen(text)};
    memcpy(path.text, text, path.length + 1);
    return path;
}

static void note(char *events, char what)
{
    size_t n = strlen(events);
    assert_true(n + 1 < EVENTS_MAX);
    events[n] = what;
    events[n + 1] = '\0';
}

/* ---- publishers ---- */

static void on_granted(void *user) { note(((struct actor *)user)->events, 'g'); }
static void on_denied(void *user) { note(((struct actor *)user)->events, 'd'); }
static void on_probed(void *user) { note(((struct actor *)user)->events, 'p'); }
static void on_evicted(void *user) { note(((struct actor *)user)->events, 'e'); }

static const struct ph_publisher_events actor_events = {on_granted, on_denied, on_probed, on_evicted};

struct ph_publish_request actor_request(struct actor *actor, const char *path)
{
    return (struct ph_publish_request){
        .path = stage_path(path),
        .linger_ms = 1000,
        .latency_ms = 0,
        .lag_ms = 3000,
        .cache_form = &plain_form,
        .cache_variant = 1,
        .events = &actor_events,
        .user = actor,
    };
}

void actor_open(struct actor *actor, unsigned worker, const struct ph_publish_request *request)
{
    assert_int_equal(ph_publisher_open(stage_media, &stage_loops->loop[worker], request, &actor->publisher), 0);
}

void actor_start(struct actor *actor, unsigned worker, const char *path)
{
    struct ph_publish_request request = actor_request(actor, path);
    actor_open(actor, worker, &request);
    stage_settle();
    assert_string_equal(actor->events, "g");
}

static void fill_body(uint8_t *body, uint32_t number, size_t length)
{
    memcpy(body, &number, 4);
    for (size_t i = 4; i < length; i++)
        body[i] = (uint8_t)(number * 7 + i);
}

int actor_try(struct actor *actor, uint8_t kind, uint8_t flags, uint8_t track, int64_t time_ms, size_t length)
{
    assert_true(length >= 4);
    uint8_t *body = malloc(length);
    assert_non_null(body);
    fill_body(body, actor->n_written, length);
    struct ph_unit unit = {
        .kind = kind, .track = track, .flags = flags, .time_us = time_ms * 1000, .body = body, .length = length};
    int result = ph_publisher_write(actor->publisher, &unit);
    actor->n_written += result == 0;
    free(body);
    return result;
}

void actor_write(struct actor *actor, uint8_t kind, uint8_t flags, int64_t time_ms, size_t length)
{
    assert_int_equal(actor_try(actor, kind, flags, 0, time_ms, length), 0);
}

void actor_write_second(struct actor *actor, int64_t from_ms, bool key, size_t length)
{
    for (int i = 0; i < 20; i++) {
        actor_write(actor, PH_VIDEO, key && i == 0 ? PH_UNIT_KEY : 0, from_ms + i * 50, length);
        actor_write(actor, PH_AUDIO, PH_UNIT_KEY, from_ms + i * 50, length);
    }
}

void actor_close(struct actor *actor)
{
    ph_publisher_close(actor->publisher);
    actor->publisher = NULL;
}

/* ---- viewers ---- */

void seat_status(struct seat *seat)
{
    uint8_t body[8], message[WIDE_HEADER + sizeof body];
    const struct ph_form *form = seat->wide ? &wide_form : &plain_form;
    fill_body(body, STATUS_NUMBER, sizeof body);
    struct ph_unit unit = {.kind = PH_AUDIO, .track = 99, .body = body, .length = sizeof body};
    form->write(0, &unit, message);
    assert_int_equal(ph_outlet_put(&seat->outlet, message, form->span(0, &unit)), 0);
}

static void on_joined(void *user, bool again)
{
    struct seat *seat = user;
    note(seat->events, again ? 'J' : 'j');
    if (seat->say_at_join)
        seat_status(seat);
    if (seat->close_at_join) {
        ph_viewer_close(seat->viewer);
        seat->viewer = NULL;
    }
}

static void on_absent(void *user) { note(((struct seat *)user)->events, 'a'); }

static void on_lost(void *user, enum ph_viewer_lost why)
{
    struct seat *seat = user;
    note(seat->events, why == PH_LOST_STALLED ? 'S' : why == PH_LOST_MEMORY ? 'M' : 'K');
    if (seat->close_at_lost) {
        ph_viewer_close(seat->viewer);
        seat->viewer = NULL;
    }
}

static const struct ph_viewer_events seat_events = {on_joined, on_absent, on_lost};

static size_t conn_read(void *user, const uint8_t *data, size_t length)
{
    (void)user;
    (void)data;
    return length;
}

static void conn_writable(void *user)
{
    struct seat *seat = user;
    int result = ph_outlet_pump(&seat->outlet); /* the connection tells its own end */
    (void)result;
}

static void conn_closed(void *user, enum ph_close reason)
{
    struct seat *seat = user;
    (void)reason;
    ph_viewer_close(seat->viewer);
    seat->viewer = NULL;
    ph_outlet_finish(&seat->outlet);
    seat->closed = true;
}

static const struct ph_conn_handler seat_handler = {
    .on_read = conn_read, .on_writable = conn_writable, .on_close = conn_closed};

void seat_connect(struct seat *seat, unsigned worker, int sndbuf)
{
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    seat_adopt(seat, worker, pair, sndbuf);
}

void seat_adopt(struct seat *seat, unsigned worker, const int pair[2], int sndbuf)
{
    struct ph_address nobody = {0};
    if (sndbuf)
        assert_int_equal(setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &sndbuf, sizeof sndbuf), 0);
    fcntl(pair[1], F_SETFL, O_NONBLOCK);
    seat->worker = worker;
    seat->peer = pair[1];
    seat->seen = calloc(SEEN_MAX, sizeof *seat->seen);
    assert_non_null(seat->seen);
    struct ph_loop *loop = &stage_loops->loop[worker];
    assert_int_equal(ph_conn_create(loop, pair[0], &nobody, &seat_handler, seat, &seat->conn), 0);
    ph_outlet_init(&seat->outlet, seat->conn, 64 * 1024);
}

struct ph_view_request seat_request(struct seat *seat, const char *path)
{
    return (struct ph_view_request){
        .path = stage_path(path),
        .outlet = &seat->outlet,
        .form = seat->wide ? &wide_form : &plain_form,
        .variant = 1,
        .events = &seat_events,
        .user = seat,
    };
}

void seat_open(struct seat *seat, unsigned worker, const char *path)
{
    if (!seat->conn)
        seat_connect(seat, worker, 0);
    struct ph_view_request request = seat_request(seat, path);
    assert_int_equal(ph_viewer_open(stage_media, &stage_loops->loop[worker], &request, &seat->viewer), 0);
}

static void parse(struct seat *seat)
{
    size_t header = seat->wide ? WIDE_HEADER : PLAIN_HEADER;
    while (seat->n_bytes - seat->n_parsed >= header) {
        const uint8_t *at = seat->bytes + seat->n_parsed;
        struct seen seen = {.variant = at[0], .kind = at[1], .track = at[2], .flags = at[3]};
        int64_t time_us;
        memcpy(&seen.length, at + 4, 4);
        memcpy(&time_us, at + 8, 8);
        seen.time_ms = time_us / 1000;
        assert_in_range(seen.kind, 0, PH_N_KINDS - 1);
        assert_in_range(seen.length, 4, 1 << 24);
        if (seat->wide)
            assert_memory_equal(at + PLAIN_HEADER, "wwwwwwww", 8);
        if (seat->n_bytes - seat->n_parsed < header + seen.length)
            return;
        memcpy(&seen.number, at + header, 4);
        for (size_t i = 4; i < seen.length; i++)
            if (at[header + i] != (uint8_t)(seen.number * 7 + i))
                fail_msg("byte %zu of unit %u is wrong", i, seen.number);
        assert_true(seat->n_seen < SEEN_MAX);
        seat->seen[seat->n_seen++] = seen;
        seat->n_parsed += header + seen.length;
    }
}

size_t seat_read(struct seat *seat, size_t max)
{
    if (seat->cap - seat->n_bytes < max) {
        seat->cap = (seat->n_bytes + max) * 2;
        seat->bytes = realloc(seat->bytes, seat->cap);
        assert_non_null(seat->bytes);
    }
    ssize_t n = recv(seat->peer, seat->bytes + seat->n_bytes, max, 0);
    if (n <= 0)
        return 0;
    seat->n_bytes += (size_t)n;
    parse(seat);
    return (size_t)n;
}

void seat_drain(struct seat *seat)
{
    do
        stage_settle();
    while (seat_read(seat, 65536));
}

void seat_expect_run(const struct seat *seat, size_t from_seen, uint32_t first, size_t n)
{
    size_t k = 0;
    for (size_t i = from_seen; i < seat->n_seen; i++) {
        if (seat->seen[i].number == STATUS_NUMBER)
            continue;
        assert_int_equal(seat->seen[i].number, first + k);
        k++;
    }
    assert_int_equal(k, n);
    assert_int_equal(seat->n_parsed, seat->n_bytes);
}

size_t seat_count(const struct seat *seat, uint8_t kind)
{
    size_t n = 0;
    for (size_t i = 0; i < seat->n_seen; i++)
        n += seat->seen[i].kind == kind && seat->seen[i].number != STATUS_NUMBER;
    return n;
}

void seat_close(struct seat *seat)
{
    if (!seat->closed)
        ph_conn_close(seat->conn, PH_CLOSE_KICKED);
    close(seat->peer);
    seat->peer = -1;
    stage_wait_ms(3000); /* the connection lingers */
    seat_free(seat);
}

void seat_free(struct seat *seat)
{
    assert_true(seat->closed);
    if (seat->peer >= 0)
        close(seat->peer);
    free(seat->bytes);
    free(seat->seen);
}
