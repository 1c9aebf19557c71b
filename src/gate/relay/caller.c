/* SPDX-License-Identifier: MIT */
#include "gate/relay/caller.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <rtmpwire/arena.h>
#include <rtmpwire/value.h>

#include "app/letter.h"
#include "base/limits.h"
#include "base/text.h"
#include "gate/rtmp/nonce.h"
#include "gate/rtmp/via.h"
#include "net/conn.h"
#include "net/lookup.h"
#include "net/tls.h"

enum {
    TURNS_MAX = 4, /* connections that one call may take: two for a password, two to be sent on */
    FAULT = 320,
    QUERY = 1024,
    PROPERTIES_MAX = 4096,
};

struct caller {
    struct ph_loop *loop;
    struct ph_tls_trust *trust;
    const struct caller_handler *handler; /* NULL: nobody wants to hear of it any more */
    void *user;
    struct rtmp_url url;
    char via[PH_VIA_MAX];
    char query[QUERY]; /* what was asked for: "?authmod=…" */
    bool is_guarded;
    const void *secret;
    size_t secret_length;

    struct ph_lookup *lookup;
    struct ph_address addresses[PH_LOOKUP_MAX];
    size_t n_addresses, next;
    struct ph_conn *conn;
    struct rtmp_client *client;
    struct ph_outlet outlet;
    struct ph_timer watch; /* until it is ready its deadline, then pings */
    struct ph_deferred step;
    uint64_t heard;
    unsigned n_turns;
    bool is_ready, is_paused, is_pinged, takes_tracks;
    bool is_turning; /* the connection ends, another one follows */
    char why[FAULT]; /* "": it goes well */
};

static void dial_next(struct caller *caller);

/* The end */

static void drop_talk(struct caller *caller)
{
    rtmp_client_destroy(caller->client);
    caller->client = NULL;
    if (caller->conn)
        ph_outlet_finish(&caller->outlet);
    caller->conn = NULL;
    caller->is_ready = caller->is_pinged = false;
    caller->heard = 0;
}

static void destroy(struct caller *caller)
{
    ph_lookup_cancel(caller->lookup);
    ph_timer_stop(caller->loop, &caller->watch);
    ph_deferred_cancel(&caller->step);
    drop_talk(caller);
    explicit_bzero(&caller->url, sizeof caller->url);
    explicit_bzero(caller->query, sizeof caller->query);
    free(caller);
}

static void tell_over(struct caller *caller)
{
    if (caller->handler)
        caller->handler->over(caller->user, caller->why);
    destroy(caller);
}

void caller_fail(struct caller *caller, const char *format, ...)
{
    va_list values;
    struct ph_text text;
    if (caller->why[0])
        return;
    ph_text_init(&text, caller->why, sizeof caller->why);
    va_start(values, format);
    ph_text_add_v(&text, format, values);
    va_end(values);
    if (caller->conn)
        ph_conn_close(caller->conn, PH_CLOSE_DONE);
    else
        ph_loop_defer(caller->loop, &caller->step);
}

void caller_close(struct caller *caller)
{
    if (!caller)
        return;
    caller->handler = NULL;
    caller_collect(caller);
    if (caller->conn) {
        (void)ph_outlet_pump(&caller->outlet);
        caller_fail(caller, "not needed any more");
    } else {
        destroy(caller);
    }
}

/* Talking */

struct rtmp_client *caller_client(struct caller *caller) { return caller->client; }
const struct rtmp_url *caller_url(const struct caller *caller) { return &caller->url; }
struct ph_outlet *caller_outlet(struct caller *caller) { return &caller->outlet; }
bool caller_takes_tracks(const struct caller *caller) { return caller->takes_tracks; }

void caller_collect(struct caller *caller)
{
    size_t length;
    if (!caller->client)
        return;
    const uint8_t *bytes = rtmp_client_output(caller->client, &length);
    if (!length)
        return;
    int err = ph_outlet_put(&caller->outlet, bytes, length);
    rtmp_client_sent(caller->client, length);
    if (err)
        caller_fail(caller, err == -ENOMEM ? "out of memory" : "the server does not read");
}

static void flush(struct caller *caller)
{
    caller_collect(caller);
    (void)ph_outlet_pump(&caller->outlet); /* a lost connection says so itself */
}

void caller_wrote(struct caller *caller, int rc)
{
    if (rc)
        caller_fail(caller, "%s", rtmp_error_text(rc));
    else
        ph_loop_defer(caller->loop, &caller->step);
}

/* Connect again, to the same place or another, when this connection has ended. */
static void turn(struct caller *caller, const char *why)
{
    if (++caller->n_turns > TURNS_MAX) {
        caller_fail(caller, "%s, again and again", why);
        return;
    }
    caller->is_turning = true;
    ph_conn_close(caller->conn, PH_CLOSE_DONE);
}

/* "rtmp://host/live" of a redirect takes the place of ours; stream, user and password stay. */
static void follow(struct caller *caller, const struct rtmp_event_refused *refused)
{
    struct rtmp_url *to = malloc(sizeof *to);
    const char *why = "";
    if (!to || rtmp_url_parse(refused->redirect.data, RTMP_URL_OF_APP, to, &why)) {
        caller_fail(caller, "the server sends us on, but the URL %s", to ? why : "does not fit into memory");
    } else {
        memcpy(to->user, caller->url.user, sizeof to->user);
        memcpy(to->password, caller->url.password, sizeof to->password);
        memcpy(to->stream, caller->url.stream, sizeof to->stream);
        caller->url = *to;
        caller->query[0] = '\0';
        caller->is_guarded |= ph_address_is_public(
            ph_conn_peer(caller->conn)); /* who is outside shall not say where inside */
        caller->n_addresses = caller->next = 0;
        turn(caller, "the server sends us on");
    }
    free(to);
}

static void take_refusal(struct caller *caller, const struct rtmp_event_refused *refused)
{
    const char *asks = caller->url.user;
    int rc = asks[0] ? rtmp_client_next_query(refused->description, asks, caller->url.password, &ph_rtmp_nonce,
                                              caller->query, sizeof caller->query)
                     : RTMP_E_STATE;
    if (rc == 0) {
        caller->next--; /* the same address */
        turn(caller, "the server asks for user and password");
    } else if (refused->redirect.length) {
        follow(caller, refused);
    } else {
        char words[FAULT - 64];
        struct ph_text text;
        ph_text_init(&text, words, sizeof words);
        ph_text_add_escaped(&text, refused->description.data, refused->description.length);
        caller_fail(caller, "connect was refused: %s %s", refused->code.data, words);
    }
}

static void take_event(struct caller *caller, const struct rtmp_event *event)
{
    switch ((int)event->type) {
    case RTMP_EVENT_CONNECTED:
        caller->is_ready = true;
        caller->takes_tracks = event->connected.capabilities.caps_ex & RTMP_CAPS_MULTITRACK;
        ph_timer_start(caller->loop, &caller->watch, PH_LIMIT_PING_MS * UINT64_C(1000));
        caller->handler->ready(caller->user);
        break;
    case RTMP_EVENT_REFUSED:
        take_refusal(caller, &event->refused);
        break;
    case RTMP_EVENT_CLOSE:
        caller_fail(caller, "the server closed the connection");
        break;
    default:
        if (caller->is_ready)
            caller->handler->event(caller->user, event);
        break;
    }
}

static bool goes_on(const struct caller *caller) { return caller->handler && !caller->why[0] && !caller->is_turning; }

static size_t read_events(struct caller *caller, const uint8_t *data, size_t length)
{
    uint32_t now_ms = (uint32_t)(ph_loop_now(caller->loop) / 1000);
    size_t done = 0;
    while (goes_on(caller) && !caller->is_paused) {
        struct rtmp_event event;
        size_t used;
        int rc = rtmp_client_read(caller->client, now_ms, length ? data + done : NULL, length - done, &used, &event);
        done += used;
        if (rc == RTMP_E_MORE)
            break;
        if (rc) {
            caller_fail(caller, "what the server says cannot be understood: %s", rtmp_error_text(rc));
            break;
        }
        take_event(caller, &event);
    }
    return goes_on(caller) ? done : length;
}

/* The connection */

static size_t on_read(void *user, const uint8_t *data, size_t length)
{
    struct caller *caller = user;
    if (!caller->client || (caller->is_paused && goes_on(caller)))
        return caller->client ? 0 : length;
    size_t used = read_events(caller, data, length);
    flush(caller);
    return used;
}

static void on_writable(void *user) { flush(user); }

static void on_close(void *user, enum ph_close reason)
{
    struct caller *caller = user;
    const char *fault = ph_conn_fault(caller->conn);
    bool is_turning = caller->is_turning && caller->handler;
    bool was_talking = caller->client && ph_conn_bytes_in(caller->conn) > 0;
    caller->is_turning = false;
    if (caller->handler && !caller->why[0] &&
        (is_turning || (reason == PH_CLOSE_UNREACHABLE && caller->next < caller->n_addresses))) {
        drop_talk(caller);
        dial_next(caller);
        return;
    }
    if (fault)
        caller_fail(caller, "TLS: %s", fault);
    else if (reason == PH_CLOSE_UNREACHABLE)
        caller_fail(caller, "%s port %u cannot be reached", caller->url.host, caller->url.port);
    else
        caller_fail(caller, "%s%s", ph_close_text(reason), was_talking ? "" : " before it said anything");
    tell_over(caller);
}

static void about(void *user, struct ph_conn_about *told)
{
    const struct caller *caller = user;
    *told = (struct ph_conn_about){.protocol = "relay", .path = caller->url.app};
}

static int make_client(struct caller *caller)
{
    static const struct rtmp_capabilities capabilities = {
        .announced = true,
        .caps_ex = RTMP_CAPS_MULTITRACK | RTMP_CAPS_MODEX | RTMP_CAPS_NANO_OFFSET,
        .n_codecs = 1,
        .codecs = {{.four_cc = RTMP_FOURCC_ANY, .list = RTMP_CODEC_LISTED, .can = RTMP_CAN_DECODE}}};
    char app[RTMP_URL_MAX + QUERY], tc_url[RTMP_URL_MAX + QUERY];
    struct ph_text text;
    struct rtmp_arena arena;
    ph_text_init(&text, app, sizeof app);
    ph_text_add(&text, "%s%s", caller->url.app, caller->query);
    ph_text_init(&text, tc_url, sizeof tc_url);
    ph_text_add(&text, "%s%s", caller->url.tc_url, caller->query);
    rtmp_arena_init(&arena, &ph_app_allocator, PROPERTIES_MAX);
    struct rtmp_value *properties = rtmp_value_new_object(&arena);
    struct rtmp_value *via = rtmp_value_new_string(&arena, caller->via, strlen(caller->via));
    bool made = properties && via && rtmp_value_set(&arena, properties, PH_VIA_PROPERTY, via) == 0;
    const struct rtmp_client_config config = {
        .allocator = &ph_app_allocator,
        .random = &ph_rtmp_nonce,
        .limits = {.message_media = PH_LIMIT_MESSAGE_MEDIA, .output = PH_LIMIT_EVENT_QUEUE},
        .chunk_size = PH_LIMIT_CHUNK_OUT,
        .app = app,
        .tc_url = tc_url,
        .type = "nonprivate",
        .flash_ver = "FMLE/3.0 (compatible; Playhouse)",
        .capabilities = &capabilities,
        .properties = caller->via[0] ? properties : NULL,
        .secret = caller->secret,
        .secret_length = caller->secret_length,
    };
    int rc = made ? rtmp_client_create(&config, &caller->client) : RTMP_E_MEMORY;
    rtmp_arena_finish(&arena);
    explicit_bzero(app, sizeof app);
    explicit_bzero(tc_url, sizeof tc_url);
    return rc;
}

static void on_open(void *user)
{
    struct caller *caller = user;
    if (caller->url.is_secure && (!caller->trust || ph_tls_dial(caller->trust, caller->conn, caller->url.host)))
        caller_fail(caller, caller->trust ? "out of memory" : "this program has no TLS");
    else if (make_client(caller))
        caller_fail(caller, "out of memory");
    else
        flush(caller);
}

static void dial_next(struct caller *caller)
{
    static const struct ph_conn_handler handler = {
        .on_read = on_read, .on_writable = on_writable, .on_close = on_close, .on_open = on_open, .about = about};
    if (caller->n_addresses == 0) { /* not looked up yet */
        ph_loop_defer(caller->loop, &caller->step);
        return;
    }
    while (caller->next < caller->n_addresses) {
        const struct ph_address *address = &caller->addresses[caller->next++];
        if (caller->is_guarded && !ph_address_is_public(address))
            continue;
        if (ph_conn_dial(caller->loop, address, &handler, caller, &caller->conn))
            continue;
        ph_outlet_init(&caller->outlet, caller->conn, PH_LIMIT_EVENT_QUEUE);
        ph_timer_start(caller->loop, &caller->watch, PH_LIMIT_RELAY_CALL_MS * UINT64_C(1000));
        return;
    }
    caller_fail(caller,
                caller->is_guarded ? "%s port %u cannot be reached, or is no public address: relay.inside allows others"
                                   : "%s port %u cannot be reached",
                caller->url.host, caller->url.port);
}

static void on_found(void *user, const char *fault, const struct ph_address *addresses, size_t n)
{
    struct caller *caller = user;
    caller->lookup = NULL;
    if (fault) {
        caller_fail(caller, "%s cannot be reached: %s", caller->url.host, fault);
        return;
    }
    memcpy(caller->addresses, addresses, n * sizeof *addresses);
    caller->n_addresses = n;
    caller->next = 0;
    dial_next(caller);
}

static void look_up(struct caller *caller)
{
    if (ph_lookup_start(caller->loop, caller->url.host, caller->url.port, on_found, caller, &caller->lookup))
        caller_fail(caller, "out of memory");
}

/* What is due from a fresh stack: the end without a connection, the look-up, what was said or left unread. */
static void on_step(struct ph_deferred *deferred)
{
    struct caller *caller = ph_container_of(deferred, struct caller, step);
    if (caller->conn)
        flush(caller);
    else if (caller->why[0])
        tell_over(caller);
    else if (!caller->lookup && caller->n_addresses == 0)
        look_up(caller);
}

static void on_watch(struct ph_timer *timer)
{
    struct caller *caller = ph_container_of(timer, struct caller, watch);
    if (!caller->is_ready) {
        caller_fail(caller, "the server did not answer within %d s", PH_LIMIT_RELAY_CALL_MS / 1000);
        return;
    }
    bool was_silent = ph_conn_bytes_in(caller->conn) == caller->heard;
    caller->heard = ph_conn_bytes_in(caller->conn);
    if (was_silent && caller->is_pinged) {
        caller_fail(caller, "the server fell silent");
        return;
    }
    caller->is_pinged = was_silent;
    ph_timer_start(caller->loop, &caller->watch, (was_silent ? PH_LIMIT_PONG_MS : PH_LIMIT_PING_MS) * UINT64_C(1000));
    if (was_silent)
        caller_wrote(caller, rtmp_client_ping(caller->client, (uint32_t)(ph_loop_now(caller->loop) / 1000)));
}

void caller_pause(struct caller *caller, bool on)
{
    caller->is_paused = on;
    if (!on && caller->conn && goes_on(caller))
        ph_conn_resume(caller->conn);
}

int caller_open(const struct caller_options *options, struct caller **opened)
{
    struct caller *caller = calloc(1, sizeof *caller);
    if (!caller)
        return -ENOMEM;
    caller->loop = options->loop;
    caller->trust = options->trust;
    caller->handler = options->handler;
    caller->user = options->user;
    caller->url = *options->url;
    caller->is_guarded = options->is_guarded;
    caller->secret = options->secret;
    caller->secret_length = options->secret_length;
    ph_text_copy(caller->via, sizeof caller->via, options->via);
    ph_timer_init(&caller->watch, on_watch);
    ph_deferred_init(&caller->step, on_step);
    ph_loop_defer(caller->loop, &caller->step);
    *opened = caller;
    return 0;
}
