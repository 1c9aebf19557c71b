/* SPDX-License-Identifier: MIT */
#include "house.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "media/media.h"
#include "net/conn.h"
#include "net/loop.h"

struct ph_rtmp *house_gate;
char house_log[64 * 1024];

static uint64_t now_us;
static struct ph_log *log_book;
static struct ph_loops *loops;
static struct ph_loop *loop_list[1];
static struct ph_media *media;
static struct ph_apps apps;
static struct ph_app_settings app_settings[2];
static struct ph_access access_rules;
static struct guest *guests;

static uint64_t read_now(void *user)
{
    (void)user;
    return now_us;
}

static int64_t read_wall(void *user)
{
    (void)user;
    return 0;
}

static const struct ph_clock hand_clock = {read_now, read_wall, NULL};

static void keep_line(void *user, const char *line, size_t length)
{
    (void)user;
    static const size_t stamp = sizeof "1970-01-01T00:00:00.000Z"; /* and its blank */
    size_t used = strlen(house_log);
    if (used + length < sizeof house_log) {
        memcpy(house_log + used, line + stamp, length - stamp);
        house_log[used + length - stamp] = '\0';
    }
}

static void add_app(const char *name, bool enabled)
{
    struct ph_app_settings *settings = &app_settings[apps.n];
    assert_int_equal(ph_app_settings_init(settings), 0);
    settings->enabled = enabled;
    settings->latency_ms = 0;
    settings->linger_ms = 1000;
    assert_int_equal(ph_apps_add(&apps, name, settings), 0);
}

void house_open(enum ph_rtmp_login login)
{
    now_us = 5000000;
    house_log[0] = '\0';
    guests = NULL;
    struct ph_log_options log_options = {.level = PH_LOG_DEBUG, .clock = &hand_clock, .sink = keep_line};
    assert_int_equal(ph_log_create(&log_options, &log_book), 0);
    struct ph_loops_options options = {.n = 1, .name = "worker", .clock = &hand_clock, .log = log_book};
    assert_int_equal(ph_loops_create(&options, &loops), 0);
    loop_list[0] = &loops->loop[0];
    struct ph_media_config config = {.workers = loop_list, .n_workers = 1, .log = log_book};
    assert_int_equal(ph_media_create(&config, &media), 0);
    ph_apps_init(&apps);
    add_app("live", true);
    add_app("shut", false);
    ph_access_init(&access_rules, PH_ACCESS_KEY);
    assert_int_equal(ph_access_set_server_key(&access_rules, SERVER_KEY), 0);
    assert_int_equal(ph_access_set_key(&access_rules, "cam", CAM_KEY), 0);
    struct ph_rtmp_options gate = {
        .node = "house",
        .secret = HOUSE_SECRET,
        .secret_length = sizeof HOUSE_SECRET - 1,
        .workers = loops,
        .media = media,
        .apps = &apps,
        .access = &access_rules,
        .log = log_book,
        .login = login,
        .handshake_ms = 5000,
        .connect_ms = 10000,
        .ping_ms = 30000,
        .pong_ms = 30000,
        .first_media_ms = 20000,
        .publisher_idle_ms = 15000,
        .message_bytes = 1 << 20,
    };
    assert_int_equal(ph_rtmp_create(&gate, &house_gate), 0);
}

void house_close(void)
{
    while (guests)
        guest_leave(guests);
    house_settle();
    ph_loops_stop(loops);
    assert_int_equal(ph_rtmp_n_sessions(house_gate), 0);
    ph_rtmp_destroy(house_gate);
    ph_media_destroy(media);
    ph_loops_destroy(loops);
    ph_apps_finish(&apps);
    for (size_t i = 0; i < PH_COUNT(app_settings); i++)
        ph_app_settings_finish(&app_settings[i]);
    ph_access_finish(&access_rules);
    ph_log_destroy(log_book);
}

int house_set_up(void **state)
{
    (void)state;
    house_open(PH_RTMP_LOGIN_URL);
    return 0;
}

int house_tear_down(void **state)
{
    (void)state;
    house_close();
    return 0;
}

/* ---- guests ---- */

static void *resize(void *user, void *block, size_t old_size, size_t new_size)
{
    (void)user;
    (void)old_size;
    if (new_size == 0) {
        free(block);
        return NULL;
    }
    return realloc(block, new_size);
}

static void fill(void *user, uint8_t *out, size_t length)
{
    (void)user;
    memset(out, 7, length);
}

static const struct rtmp_allocator allocator = {.resize = resize};
static const struct rtmp_random dice = {.fill = fill};

static void PH_PRINTF(2, 3) saw(struct guest *guest, const char *format, ...)
{
    size_t used = strlen(guest->seen);
    va_list values;
    va_start(values, format);
    int n = vsnprintf(guest->seen + used, sizeof guest->seen - used, format, values);
    va_end(values);
    assert_true(n > 0 && (size_t)n < sizeof guest->seen - used);
    strncat(guest->seen, " | ", sizeof guest->seen - strlen(guest->seen) - 1);
}

static void note(struct guest *guest, const struct rtmp_event *event)
{
    unsigned id = event->stream_id;
    switch (event->type) {
    case RTMP_EVENT_CONNECTED:
        saw(guest, event->connected.capabilities.announced ? "connected, enhanced" : "connected");
        break;
    case RTMP_EVENT_REFUSED:
        snprintf(guest->description, sizeof guest->description, "%s", event->refused.description.data);
        saw(guest, "refused %s", event->refused.code.data);
        break;
    case RTMP_EVENT_STREAM_READY:
        saw(guest, "ready %u", id);
        break;
    case RTMP_EVENT_STATUS:
        snprintf(guest->description, sizeof guest->description, "%s", event->status.description.data);
        saw(guest, "%u %s", id, event->status.code.data);
        break;
    case RTMP_EVENT_BEGIN:
        if (id) /* 0 comes with every connect */
            saw(guest, "begin %u", id);
        break;
    case RTMP_EVENT_EOF:
        saw(guest, "eof %u", id);
        break;
    case RTMP_EVENT_AUDIO:
    case RTMP_EVENT_VIDEO:
        saw(guest, "%u %s %u %u", id, event->type == RTMP_EVENT_AUDIO ? "audio" : "video", event->media.time_ms,
            event->media.length);
        break;
    case RTMP_EVENT_DATA:
        saw(guest, "%u data %s %u", id, event->data.name.data, event->data.time_ms);
        break;
    case RTMP_EVENT_CLOSE:
        saw(guest, "close");
        break;
    case RTMP_EVENT_RESULT:
        saw(guest, event->result.error ? "error %.0f" : "result %.0f", event->result.transaction_id);
        break;
    default:
        break;
    }
}

static bool send_output(struct guest *guest)
{
    size_t length;
    const uint8_t *bytes = rtmp_client_output(guest->client, &length);
    if (length == 0)
        return false;
    ssize_t n = send(guest->descriptor, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n <= 0)
        return false;
    rtmp_client_sent(guest->client, (size_t)n);
    return true;
}

static void read_events(struct guest *guest, const uint8_t *data, size_t length)
{
    for (size_t done = 0;;) {
        struct rtmp_event event;
        size_t used;
        int rc = rtmp_client_read(guest->client, (uint32_t)(now_us / 1000), data + done, length - done, &used, &event);
        done += used;
        if (rc == RTMP_E_MORE)
            return;
        assert_int_equal(rc, 0);
        note(guest, &event);
    }
}

/* True when something happened. */
static bool move(struct guest *guest)
{
    static uint8_t bytes[256 * 1024];
    bool moved = guest->client && send_output(guest);
    if (guest->is_deaf || guest->is_gone)
        return moved;
    ssize_t n = recv(guest->descriptor, bytes, sizeof bytes, MSG_DONTWAIT);
    if (n > 0 && guest->client)
        read_events(guest, bytes, (size_t)n);
    if (n == 0 || (n < 0 && errno != EAGAIN)) {
        guest->is_gone = true;
        saw(guest, "gone");
    }
    return moved || n > 0;
}

void house_settle(void)
{
    for (int quiet = 0; quiet < 6; quiet++) {
        for (int i = 0; i < 4; i++)
            ph_loop_turn(loop_list[0], false);
        for (struct guest *guest = guests; guest; guest = guest->next)
            if (move(guest))
                quiet = 0;
    }
}

void house_wait_ms(unsigned ms)
{
    for (unsigned passed = 0; passed < ms; passed += 50) {
        now_us += 50000;
        house_settle();
    }
}

void guest_come(struct guest *guest)
{
    int pair[2];
    struct ph_address peer = {
        .as.v4 = {.sin_family = AF_INET, .sin_port = htons(5000), .sin_addr.s_addr = htonl(0x0A000007)}};
    static const struct ph_conn_handler none = {0};
    struct ph_conn *conn;
    *guest = (struct guest){.next = guests};
    guests = guest;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    guest->descriptor = pair[0];
    assert_int_equal(ph_conn_create(loop_list[0], pair[1], &peer, &none, NULL, &conn), 0);
    assert_int_equal(ph_rtmp_open(house_gate, conn), 0);
}

static void begin(struct guest *guest, struct rtmp_client_config *config)
{
    char tc_url[512];
    snprintf(tc_url, sizeof tc_url, "rtmp://host/%s", config->app);
    config->allocator = &allocator;
    config->random = &dice;
    config->tc_url = tc_url;
    guest_come(guest);
    assert_int_equal(rtmp_client_create(config, &guest->client), 0);
    house_settle();
}

void guest_connect_as(struct guest *guest, const char *app, const char *flash_ver,
                      const struct rtmp_capabilities *capabilities)
{
    struct rtmp_client_config config = {.app = app, .flash_ver = flash_ver, .capabilities = capabilities};
    begin(guest, &config);
}

void guest_connect_with(struct guest *guest, const char *app, const char *secret)
{
    struct rtmp_client_config config = {.app = app, .secret = secret, .secret_length = strlen(secret)};
    begin(guest, &config);
}

void guest_connect(struct guest *guest, const char *app)
{
    guest_connect_as(guest, app, "FMLE/3.0 (compatible; test)", NULL);
}

void guest_leave(struct guest *guest)
{
    for (struct guest **at = &guests; *at; at = &(*at)->next)
        if (*at == guest) {
            *at = guest->next;
            break;
        }
    close(guest->descriptor);
    rtmp_client_destroy(guest->client);
    guest->client = NULL;
}

void guest_saw(struct guest *guest, const char *expected)
{
    size_t length = strlen(guest->seen);
    if (length >= 3)
        guest->seen[length - 3] = '\0';
    assert_string_equal(guest->seen, expected);
    guest->seen[0] = '\0';
}

void guest_publish(struct guest *guest, const char *name)
{
    assert_int_equal(rtmp_client_publish(guest->client, name, RTMP_PUBLISH_LIVE), 0);
    house_settle();
}

void guest_play(struct guest *guest, const char *name)
{
    assert_int_equal(rtmp_client_play(guest->client, name, NULL), 0);
    house_settle();
}

void guest_send(struct guest *guest, uint8_t type, uint32_t stream_id, uint32_t time_ms, const char *hex)
{
    uint8_t body[512];
    size_t length = strlen(hex) / 2;
    assert_true(length <= sizeof body);
    for (size_t i = 0; i < length; i++) {
        unsigned byte;
        assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
        body[i] = (uint8_t)byte;
    }
    assert_int_equal(rtmp_client_media(guest->client, type, stream_id, time_ms, body, length), 0);
    house_settle();
}
