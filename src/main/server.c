/* SPDX-License-Identifier: MIT */
#include "main/server.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "app/access.h"
#include "app/app.h"
#include "app/observe.h"
#include "app/theatre.h"
#include "apps/bundled.h"
#include "base/random.h"
#include "base/tail.h"
#include "base/text.h"
#include "cluster/cluster.h"
#include "gate/api/api.h"
#include "gate/file/file.h"
#include "gate/flv/flv.h"
#include "gate/hls/hls.h"
#include "gate/http/http.h"
#include "gate/relay/relay.h"
#include "gate/remoting/remoting.h"
#include "gate/rtmp/rtmp.h"
#include "gate/rtmp/via.h"
#include "gate/ws/rpc.h"
#include "gate/ws/tunnel.h"
#include "main/certificates.h"
#include "media/media.h"
#include "media/observer.h"
#include "net/admission.h"
#include "net/detect.h"
#include "net/listener.h"
#include "net/loop.h"
#include "net/tls.h"
#include "ops/memory.h"

enum { N_LOCAL_ROUTES = 5, N_MEDIA_ROUTES = 10 };

/* What a listener lets in. */
struct door {
    struct ph_http_gate http;
    struct ph_protocol protocol[3];
    struct ph_protocols plain, offered, required; /* enum ph_listen_tls; `plain` is also what may be spoken inside */
    struct ph_tls_door tls;
};

struct server {
    const struct ph_settings *settings;
    struct ph_log *log;
    struct ph_loops *workers;
    struct ph_loop **worker_list; /* the same, as media wants them */
    struct ph_media *media;
    struct ph_apps apps;
    struct ph_access access;
    struct ph_theatre *theatre;
    char store[PATH_MAX + 16]; /* its file */
    char node[PH_VIA_NODE];    /* its name among servers */
    struct ph_rtmp *rtmp;
    struct ph_rpc *rpc;
    struct ph_tls_trust *trust;
    struct ph_relay *relay;
    struct ph_cluster *cluster; /* NULL: it works alone */
    struct ph_flv_gate flv;
    struct ph_remoting_gate remoting;
    struct ph_hls_gate *hls;
    struct ph_files *files;
    struct ph_api api;
    struct ph_tail tail;
    struct ph_route routes[N_LOCAL_ROUTES + N_MEDIA_ROUTES]; /* the operator's first */
    struct door media_door, local;
    struct ph_certificates *certificates;
    struct ph_admission admission;
    bool has_admission;
    uint64_t memory; /* bytes that may be used */
    struct ph_listener *listeners[PH_SETTINGS_LISTENS];
    const char *names[PH_SETTINGS_LISTENS];
    size_t n_listeners;
    struct ph_mail close_doors;
};

static int fail(char *error, int err, const char *what)
{
    struct ph_text text;
    ph_text_init(&text, error, PH_SETTINGS_ERROR);
    ph_text_add(&text, "%s: %s", what, strerror(-err));
    return err;
}

static int make_log(struct server *server)
{
    const struct ph_server_settings *settings = &server->settings->server;
    struct ph_log_options options = {.level = (enum ph_log_level)settings->log_level,
                                     .json = settings->log_format == PH_LOG_JSON,
                                     .descriptor = STDERR_FILENO,
                                     .tail = &server->tail};
    return ph_log_create(&options, &server->log);
}

static int make_workers(struct server *server)
{
    int64_t n = server->settings->server.workers;
    struct ph_loops_options options = {
        .n = n ? (unsigned)n : uv_available_parallelism(), .name = "worker", .log = server->log};
    int err = ph_loops_create(&options, &server->workers);
    if (err)
        return err;
    server->worker_list = calloc(server->workers->n, sizeof(struct ph_loop *));
    if (!server->worker_list)
        return -ENOMEM;
    for (unsigned i = 0; i < server->workers->n; i++)
        server->worker_list[i] = &server->workers->loop[i];
    struct ph_media_config media = {
        .workers = server->worker_list, .n_workers = server->workers->n, .log = server->log};
    return ph_media_create(&media, &server->media);
}

static int fill_access(struct ph_access *access, const struct ph_settings *settings, const char *server_key)
{
    int err = ph_access_set_server_key(access, server_key);
    for (size_t i = 0; i < settings->n_keys && !err; i++)
        err = ph_access_set_key(access, settings->keys[i].name, settings->keys[i].secret);
    return err;
}

static int make_apps(struct server *server, const char *server_key)
{
    const struct ph_settings *settings = server->settings;
    int err = fill_access(&server->access, settings, server_key);
    for (size_t i = 0; i < settings->n_apps && !err; i++)
        err = ph_apps_add(&server->apps, settings->apps[i].name, &settings->apps[i].settings);
    return err;
}

/* Streams that begin and end, and who watches. */
static void observe(void *user, const struct ph_stream_event *event)
{
    struct server *server = user;
    ph_theatre_observe(server->theatre, event);
    if (server->hls)
        ph_hls_observe(server->hls, event);
}

static int make_theatre(struct server *server, const struct ph_state *state)
{
    struct ph_theatre_options options = {
        .apps = &server->apps,
        .types = ph_bundled_types,
        .n_types = PH_BUNDLED_TYPES,
        .n_loops = (unsigned)server->settings->server.app_loops,
        .workers = server->workers,
        .media = server->media,
        .log = server->log,
        .drain_ms = (uint32_t)server->settings->server.drain_ms,
        .store = server->store,
        .folder = server->settings->folder,
    };
    struct ph_text text;
    ph_text_init(&text, server->store, sizeof server->store);
    ph_text_add(&text, "%s/store.db", state->directory);
    int err = ph_theatre_create(&options, &server->theatre);
    if (!err)
        ph_media_observe(server->media, &(struct ph_stream_observer){observe, server});
    return err;
}

static int make_gate(struct server *server, const struct ph_state *state)
{
    const struct ph_server_settings *settings = &server->settings->server;
    static const enum ph_rtmp_login logins[] = {[PH_LOGIN_URL] = PH_RTMP_LOGIN_URL,
                                                [PH_LOGIN_ALWAYS] = PH_RTMP_LOGIN_ALWAYS,
                                                [PH_LOGIN_OFF] = PH_RTMP_LOGIN_OFF};
    struct ph_rtmp_options options = {
        .workers = server->workers,
        .media = server->media,
        .apps = &server->apps,
        .theatre = server->theatre,
        .access = &server->access,
        .log = server->log,
        .node = server->node,
        .secret = server->settings->server.cluster_url[0] ? state->relay_secret : NULL,
        .secret_length = strlen(state->relay_secret),
        .login = logins[settings->login],
        .handshake_ms = (uint32_t)settings->handshake_ms,
        .connect_ms = (uint32_t)settings->connect_ms,
        .ping_ms = (uint32_t)settings->ping_ms,
        .pong_ms = (uint32_t)settings->pong_ms,
        .first_media_ms = (uint32_t)settings->first_media_ms,
        .publisher_idle_ms = (uint32_t)settings->publisher_idle_ms,
        .message_bytes = (uint32_t)settings->message_bytes,
    };
    int err = ph_via_name(server->node);
    return err ? err : ph_rtmp_create(&options, &server->rtmp);
}

/* What the configuration says of `entry`, in the words of settings. */
static int add_relay(struct server *server, const struct ph_relay_entry *entry, char *error)
{
    char fault[PH_RELAY_FAULT] = "out of memory";
    struct ph_text text;
    int err = ph_relay_add(server->relay, entry->name, entry->kind, &entry->settings, fault);
    if (err) {
        ph_text_init(&text, error, PH_SETTINGS_ERROR);
        ph_text_add(&text, "%s.%s.%s", entry->kind == PH_RELAY_PUSH ? "push" : "pull", entry->name, fault);
    }
    return err;
}

static int make_cluster(struct server *server, const struct ph_state *state, char *error)
{
    const struct ph_server_settings *settings = &server->settings->server;
    const struct ph_cluster_options options = {.workers = server->workers,
                                               .media = server->media,
                                               .theatre = server->theatre,
                                               .trust = server->trust,
                                               .log = server->log,
                                               .url = settings->cluster_url,
                                               .name = settings->cluster_node,
                                               .address = settings->cluster_address,
                                               .parent = settings->cluster_parent,
                                               .key = state->cluster_key};
    const char *why;
    int err = settings->cluster_url[0] ? ph_cluster_create(&options, &server->cluster, &why) : 0;
    if (err == -EINVAL) {
        struct ph_text text;
        ph_text_init(&text, error, PH_SETTINGS_ERROR);
        ph_text_add(&text, "cluster.url: the URL %s", why);
        return err;
    }
    return err ? fail(error, err, "cannot make the cluster") : 0;
}

static int make_relay(struct server *server, const struct ph_state *state, char *error)
{
    const struct ph_server_settings *settings = &server->settings->server;
    int err = ph_tls_trust_create(settings->authorities, &server->trust);
    if (err == -EINVAL) {
        struct ph_text text;
        ph_text_init(&text, error, PH_SETTINGS_ERROR);
        ph_text_add(&text, "tls.authorities: %s cannot be read as certificates in PEM; name another file",
                    settings->authorities);
        return err;
    }
    const struct ph_relay_options options = {
        .workers = server->workers,
        .media = server->media,
        .apps = &server->apps,
        .trust = server->trust,
        .log = server->log,
        .node = server->node,
        .secret = state->relay_secret,
        .secret_length = strlen(state->relay_secret),
        .may_go_inside = settings->relay_inside,
        .first_media_ms = (uint32_t)settings->publisher_idle_ms,
    };
    err = err ? err : ph_relay_create(&options, &server->relay);
    if (err)
        return fail(error, err, "cannot make the relay");
    for (size_t i = 0; i < server->settings->n_relays && !err; i++)
        err = add_relay(server, &server->settings->relays[i], error);
    return err;
}

static int make_rpc(struct server *server)
{
    const struct ph_server_settings *settings = &server->settings->server;
    struct ph_rpc_options options = {
        .workers = server->workers,
        .apps = &server->apps,
        .theatre = server->theatre,
        .log = server->log,
        .ping_ms = (uint32_t)settings->ping_ms,
        .pong_ms = (uint32_t)settings->pong_ms,
    };
    return ph_rpc_create(&options, &server->rpc);
}

static int make_hls(struct server *server)
{
    const struct ph_hls_options options = {.workers = server->workers,
                                           .media = server->media,
                                           .apps = &server->apps,
                                           .theatre = server->theatre,
                                           .log = server->log,
                                           .cors = server->settings->server.cors};
    return ph_hls_create(&options, &server->hls);
}

/* RTMP inside a WebSocket is RTMP on a connection with a tunnel. */
static int open_rtmp_tunnel(void *user, struct ph_conn *conn, const struct ph_upgrade *upgrade)
{
    (void)upgrade;
    int err = ph_tunnel_push(conn);
    return err ? err : ph_rtmp_open(user, conn);
}

/* And so is FLV. */
static int open_flv_tunnel(void *user, struct ph_conn *conn, const struct ph_upgrade *upgrade)
{
    int err = ph_tunnel_push(conn);
    return err ? err : ph_flv_open(user, conn, upgrade);
}

static uint64_t memory_used(void) { return ph_memory_used(""); }

/* As an operator would at the keyboard: the main thread hears of it. */
static void order(bool is_reload) { (void)kill(getpid(), is_reload ? SIGHUP : SIGTERM); }

/* The server runs without them; who asks for one is told what is missing. */
static int load_pages(struct server *server)
{
    const char *folder = server->settings->server.pages, *missing;
    if (!folder[0])
        folder = access(PLAYHOUSE_DATA "/watch.html", R_OK) == 0 ? PLAYHOUSE_DATA : PLAYHOUSE_PAGES;
    int err = ph_files_load(folder, &server->files, &missing);
    if (!err && missing)
        ph_log_warning(server->log, "http.pages", "%s/%s is missing: the player page does not work", folder, missing);
    return err;
}

/* What every door leads to. */
static void add_media_routes(struct server *server, struct ph_route *rows)
{
    rows[0] = (struct ph_route){
        .path = "/rtmp", .help = "RTMP in binary messages", .open = open_rtmp_tunnel, .user = server->rtmp};
    rows[1] = (struct ph_route){
        .path = "/", .help = "the same, for clients that name no path", .open = open_rtmp_tunnel, .user = server->rtmp};
    rows[2] = (struct ph_route){.path = "/ws",
                                .is_tree = true,
                                .subprotocol = PH_RPC_SUBPROTOCOL,
                                .help = "JSON-RPC: /ws/APP/ROOM",
                                .open = ph_rpc_open,
                                .user = server->rpc};
    rows[3] = (struct ph_route){.path = "/",
                                .is_tree = true,
                                .ending = ".flv",
                                .methods = PH_HTTP_GET,
                                .help = "a stream as FLV, by HTTP or in binary messages: /APP/STREAM.flv",
                                .answer = ph_flv_answer,
                                .open = open_flv_tunnel,
                                .user = &server->flv};
    rows[4] = (struct ph_route){.path = "/watch",
                                .is_tree = true,
                                .methods = PH_HTTP_GET,
                                .help = "the player page: /watch/APP/STREAM",
                                .answer = ph_files_watch,
                                .user = server->files};
    rows[5] = (struct ph_route){.path = "/gateway",
                                .is_tree = true,
                                .methods = PH_HTTP_POST,
                                .help = "calls by AMF over HTTP: /gateway/APP",
                                .answer = ph_remoting_answer,
                                .user = &server->remoting};
    static const char *const endings[] = {".m3u8", ".m4s", ".mp4", ".ts"};
    for (size_t i = 0; i < PH_COUNT(endings); i++)
        rows[6 + i] = (struct ph_route){.path = "/",
                                        .is_tree = true,
                                        .ending = endings[i],
                                        .methods = PH_HTTP_GET,
                                        .help = "a stream over HLS: /APP/STREAM.m3u8, and what that leads to",
                                        .answer = ph_hls_answer,
                                        .user = server->hls};
}

/* What the operator's door leads to besides. */
static void add_local_routes(struct server *server, struct ph_route *rows)
{
    rows[0] = (struct ph_route){
        .path = "/", .methods = PH_HTTP_GET, .help = "the console", .answer = ph_files_console, .user = server->files};
    rows[1] = (struct ph_route){.path = "/api/v1",
                                .is_tree = true,
                                .methods = PH_HTTP_GET | PH_HTTP_POST | PH_HTTP_DELETE,
                                .help = "what goes on, and orders: docs/api.md",
                                .answer = ph_api_answer,
                                .user = &server->api};
    rows[2] = (struct ph_route){.path = "/metrics",
                                .methods = PH_HTTP_GET,
                                .help = "for Prometheus",
                                .answer = ph_api_metrics,
                                .user = &server->api};
    rows[3] = (struct ph_route){.path = "/healthz",
                                .methods = PH_HTTP_GET,
                                .help = "200 while the server lives",
                                .answer = ph_api_health,
                                .user = &server->api};
    rows[4] = (struct ph_route){.path = "/readyz",
                                .methods = PH_HTTP_GET,
                                .help = "200 while it takes clients",
                                .answer = ph_api_ready,
                                .user = &server->api};
}

static void wire_door(struct server *server, struct door *door, const struct ph_route *rows, size_t n_rows)
{
    door->http = (struct ph_http_gate){.routes = {.rows = rows, .n_rows = n_rows},
                                       .origins = server->settings->server.origins,
                                       .log = server->log,
                                       .is_logged = server->settings->server.log_http,
                                       .is_local = door == &server->local};
    door->protocol[0] = (struct ph_protocol){
        .name = "tls", .wire = PH_WIRE_TLS, .open = ph_tls_open, .user = &door->tls};
    door->protocol[1] = (struct ph_protocol){
        .name = "rtmp", .wire = PH_WIRE_RTMP, .open = ph_rtmp_open, .user = server->rtmp};
    door->protocol[2] = (struct ph_protocol){
        .name = "http", .wire = PH_WIRE_HTTP, .open = ph_http_open, .user = &door->http};
    size_t n = PH_COUNT(door->protocol);
    door->plain = (struct ph_protocols){.rows = door->protocol + 1, .n_rows = n - 1, .log = server->log};
    door->offered = (struct ph_protocols){.rows = door->protocol, .n_rows = n, .log = server->log};
    door->required = (struct ph_protocols){.rows = door->protocol, .n_rows = 1, .log = server->log};
    door->tls = (struct ph_tls_door){.certificates = server->certificates, .inside = &door->plain};
}

static void wire(struct server *server, const struct ph_state *state)
{
    server->flv = (struct ph_flv_gate){.apps = &server->apps,
                                       .theatre = server->theatre,
                                       .media = server->media,
                                       .log = server->log,
                                       .cors = server->settings->server.cors};
    server->api.workers = server->workers;
    server->api.media = server->media;
    server->remoting = (struct ph_remoting_gate){
        .apps = &server->apps, .theatre = server->theatre, .cors = server->flv.cors};
    server->api.apps = &server->apps;
    server->api.relay = server->relay;
    server->api.theatre = server->theatre;
    server->api.log = server->log;
    server->api.tokens[PH_API_READ] = state->read_token;
    server->api.tokens[PH_API_OPERATE] = state->operate_token;
    server->api.tokens[PH_API_ADMIN] = state->api_token;
    server->api.version = PLAYHOUSE_VERSION;
    server->api.memory = memory_used;
    server->api.order = order;
    server->api.tail = &server->tail;
    server->api.publish_key = server->settings->server.publish == PH_ACCESS_KEY ? state->publish_key : NULL;
    server->api.began_us = ph_loop_now(&server->workers->loop[0]);
    add_local_routes(server, server->routes);
    add_media_routes(server, server->routes + N_LOCAL_ROUTES);
    wire_door(server, &server->media_door, server->routes + N_LOCAL_ROUTES, N_MEDIA_ROUTES);
    wire_door(server, &server->local, server->routes, N_LOCAL_ROUTES + N_MEDIA_ROUTES);
}

static int make_admission(struct server *server, uint64_t descriptors)
{
    const struct ph_server_settings *settings = &server->settings->server;
    struct ph_hash_seed seed;
    int err = ph_random_fill(&seed, sizeof seed);
    if (err)
        return err;
    struct ph_admission_limits limits = ph_admission_defaults(descriptors);
    if (settings->connections && settings->connections < limits.total)
        limits.total = (uint32_t)settings->connections;
    limits.per_source = (uint32_t)settings->connections_per_source;
    limits.per_source_new = (uint32_t)settings->connections_per_source_new;
    limits.rate = (uint32_t)settings->connection_rate;
    limits.burst = 2 * limits.rate;
    ph_admission_init(&server->admission, &limits, &seed);
    server->has_admission = true;
    uint64_t there_is = ph_memory_limit("");
    server->memory = settings->memory_bytes   ? (uint64_t)settings->memory_bytes
                     : there_is == UINT64_MAX ? UINT64_MAX
                                              : there_is / 100 * PH_LIMIT_MEMORY_PERCENT;
    if (settings->connections > limits.total)
        ph_log_warning(server->log, "limits.connections", "the descriptor limit allows %u connections only",
                       limits.total);
    return 0;
}

static bool is_local(const struct ph_listen_entry *entry) { return strcmp(entry->name, "local") == 0; }

static struct ph_protocols *protocols_of(struct server *server, const struct ph_listen_entry *entry)
{
    struct door *door = is_local(entry) ? &server->local : &server->media_door;
    switch ((enum ph_listen_tls)entry->settings.tls) {
    case PH_TLS_REQUIRED:
        return &door->required;
    case PH_TLS_OFFERED:
        return certificates_are_set(server->settings) ? &door->offered : &door->plain;
    case PH_TLS_OFF:
        break;
    }
    return &door->plain;
}

static int open_door(struct server *server, const struct ph_listen_entry *entry, char *error)
{
    char what[PH_SETTINGS_ERROR / 2];
    if (entry->settings.tls == PH_TLS_REQUIRED && !certificates_are_set(server->settings)) {
        struct ph_text text;
        ph_text_init(&text, error, PH_SETTINGS_ERROR);
        ph_text_add(&text,
                    "listen.%s.tls: required, but there is no certificate; set tls.certificate, or make one with "
                    "playhouse cert",
                    entry->name);
        return -EINVAL;
    }
    struct ph_listener_options options = {
        .name = entry->name,
        .address = entry->settings.address,
        .loop = &server->workers->loop[0],
        .workers = server->workers,
        .admission = &server->admission,
        .log = server->log,
        .on_conn = ph_detect_conn,
        .user = protocols_of(server, entry),
    };
    int err = ph_listener_open(&options, &server->listeners[server->n_listeners], what, sizeof what);
    if (err == -EADDRINUSE && is_local(entry) && strcmp(entry->settings.address, PH_SETTINGS_LOCAL) == 0) {
        ph_log_warning(server->log, "listen.local.address", "%s; console and API stay closed", what);
        return 0; /* nobody has asked for this address: media goes on without it */
    }
    if (err) {
        struct ph_text text;
        ph_text_init(&text, error, PH_SETTINGS_ERROR);
        ph_text_add(&text, "listen.%s.address: %s", entry->name, what);
        return err;
    }
    if (!is_local(entry) && !server->api.port)
        server->api.port = ph_address_port(ph_listener_address(server->listeners[server->n_listeners]));
    server->names[server->n_listeners++] = entry->name;
    return 0;
}

static int open_doors(struct server *server, char *error)
{
    for (size_t i = 0; i < server->settings->n_listens; i++)
        if (server->settings->listens[i].settings.address[0]) {
            int err = open_door(server, &server->settings->listens[i], error);
            if (err)
                return err;
        }
    if (server->n_listeners)
        return 0;
    struct ph_text text;
    ph_text_init(&text, error, PH_SETTINGS_ERROR);
    ph_text_add(&text, "listen: every listener is closed; give one an address");
    return -EINVAL;
}

static int make(struct server *server, const struct ph_state *state, char *error)
{
    uint64_t descriptors = 0;
    int err = make_log(server);
    if (err)
        return fail(error, err, "cannot make the log");
    err = ph_descriptors_raise(&descriptors);
    if (err)
        return fail(error, err, "cannot read the descriptor limit");
    err = make_workers(server);
    if (err)
        return fail(error, err, "cannot make the workers");
    err = make_apps(server, state->publish_key);
    if (err)
        return fail(error, err, "cannot make the applications");
    err = make_theatre(server, state);
    if (err)
        return fail(error, err, "cannot make the loops of applications");
    server->certificates = ph_certificates_create();
    if (!server->certificates)
        return fail(error, -ENOMEM, "cannot make the gates");
    err = certificates_are_set(server->settings)
              ? certificates_read(server->certificates, server->settings, server->log, error)
              : 0;
    if (err)
        return err;
    err = make_gate(server, state);
    if (err)
        return fail(error, err, "cannot make the gates");
    err = make_relay(server, state, error);
    if (!err)
        err = make_cluster(server, state, error);
    if (err)
        return err;
    err = make_rpc(server);
    if (!err)
        err = make_hls(server);
    if (!err)
        err = load_pages(server);
    if (!err)
        wire(server, state);
    if (!err)
        err = make_admission(server, descriptors);
    if (err)
        return fail(error, err, "cannot make the gates");
    err = open_doors(server, error);
    if (err)
        return err;
    ph_cluster_start(server->cluster);
    err = ph_theatre_start(server->theatre);
    if (!err)
        err = ph_loops_start(server->workers);
    return err ? fail(error, err, "cannot start the loops") : 0;
}

void server_watch_memory(struct server *server)
{
    uint64_t used = ph_memory_used("");
    bool is_tight = used > server->memory / 100 * PH_LIMIT_MEMORY_FULL_PERCENT;
    if (atomic_exchange(&server->admission.is_tight, is_tight) == is_tight)
        return;
    char words[64];
    struct ph_text text;
    ph_text_init(&text, words, sizeof words);
    ph_text_add_amount(&text, used);
    ph_text_add(&text, " of ");
    ph_text_add_amount(&text, server->memory);
    if (is_tight)
        ph_log_error(server->log, "limits.memory", "%s are used: nobody is let in until it is less", words);
    else
        ph_log_warning(server->log, "limits.memory", "%s are used: callers are let in again", words);
}

static void close_doors(struct ph_mail *mail)
{
    struct server *server = ph_container_of(mail, struct server, close_doors);
    for (size_t i = 0; i < server->n_listeners; i++)
        ph_listener_close(server->listeners[i]);
    server->n_listeners = 0;
}

int server_start(const struct ph_settings *settings, const struct ph_state *state, struct server **server, char *error)
{
    struct server *made = calloc(1, sizeof *made);
    if (!made)
        return fail(error, -ENOMEM, "cannot start");
    made->settings = settings;
    made->close_doors.deliver = close_doors;
    ph_tail_init(&made->tail);
    ph_apps_init(&made->apps);
    ph_access_init(&made->access, (enum ph_access_mode)settings->server.publish);
    int err = make(made, state, error);
    if (err) {
        server_stop(made);
        return err;
    }
    *server = made;
    return 0;
}

int server_reload(struct server *server, const struct ph_settings *settings, const struct ph_state *state)
{
    struct ph_access fresh;
    ph_access_init(&fresh, (enum ph_access_mode)settings->server.publish);
    int err = fill_access(&fresh, settings, state->publish_key);
    if (!err) {
        ph_access_exchange(&server->access, &fresh);
        ph_log_set_level(server->log, (enum ph_log_level)settings->server.log_level);
    }
    ph_access_finish(&fresh);
    char error[PH_SETTINGS_ERROR];
    if (!err && certificates_are_set(settings) && !certificates_are_set(server->settings))
        ph_log_warning(server->log, "tls.certificate",
                       "TLS begins at the next start: there was no certificate at this one");
    if (!err && certificates_are_set(settings) && certificates_read(server->certificates, settings, server->log, error))
        ph_log_error(server->log, NULL, "%s; the certificates from before stay", error);
    return err;
}

struct ph_log *server_log(struct server *server) { return server->log; }

bool server_door(const struct server *server, size_t i, struct server_door *door)
{
    if (i >= server->n_listeners)
        return false;
    *door = (struct server_door){.name = server->names[i], .address = ph_listener_address(server->listeners[i])};
    for (size_t k = 0; k < server->settings->n_listens; k++)
        if (strcmp(server->settings->listens[k].name, door->name) == 0)
            door->tls = certificates_are_set(server->settings) ? server->settings->listens[k].settings.tls : PH_TLS_OFF;
    return true;
}

void server_drain(struct server *server)
{
    atomic_store(&server->api.is_draining, true);
    ph_loop_post(&server->workers->loop[0], &server->close_doors);
    ph_theatre_drain(server->theatre);
    ph_cluster_drain(server->cluster);
    ph_relay_drain(server->relay);
    ph_rtmp_drain(server->rtmp);
    ph_rpc_drain(server->rpc);
}

unsigned server_n_clients(const struct server *server)
{
    return ph_cluster_is_leaving(server->cluster) + ph_relay_n_legs(server->relay) + ph_rtmp_n_sessions(server->rtmp) +
           ph_rpc_n_sessions(server->rpc);
}

void server_stop(struct server *server)
{
    if (!server)
        return;
    ph_theatre_save(server->theatre);
    if (server->workers)
        ph_loops_stop(server->workers);
    ph_hls_leave(server->hls);
    if (server->media) /* who is left is cut off unobserved */
        ph_media_observe(server->media, &(struct ph_stream_observer){0});
    ph_theatre_destroy(server->theatre);
    close_doors(&server->close_doors); /* those that a failed start, or no drain, has left open */
    ph_cluster_destroy(server->cluster);
    ph_relay_destroy(server->relay);
    ph_tls_trust_destroy(server->trust);
    ph_rtmp_destroy(server->rtmp);
    ph_rpc_destroy(server->rpc);
    ph_hls_destroy(server->hls);
    ph_files_free(server->files);
    ph_media_destroy(server->media);
    if (server->workers)
        ph_loops_destroy(server->workers);
    if (server->has_admission)
        ph_admission_finish(&server->admission);
    ph_apps_finish(&server->apps);
    ph_access_finish(&server->access);
    ph_certificates_destroy(server->certificates);
    ph_log_destroy(server->log);
    ph_tail_finish(&server->tail);
    free(server->worker_list);
    free(server);
}
