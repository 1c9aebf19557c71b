/* SPDX-License-Identifier: MIT */
#include "app/http_client.h"

#include <ctype.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <rtmpwire/arena.h>
#include <rtmpwire/buffer.h>

#include "app/errand.h"
#include "app/host.h"
#include "app/instance.h"
#include "app/letter.h"
#include "app/theatre.h"
#include "base/limits.h"
#include "base/log.h"

enum {
    IDLE_S = 4,
    TIMEOUT_MS = 5000,
    REPLY_BYTES = 64 * 1024,
    HEADERS_MAX = 100,
    HEADER_MAX = 8192,
    METHOD_MAX = 16,
    COMPLAINT_US = 1000000, /* between lines of the log about what fails */
    CONNECTIONS = 256,      /* that are kept for the next request */
    SPARES = 64,            /* handles that are */
};

struct ph_http_client {
    struct ph_instance *instance;
    CURLM *multi;
    struct ph_timer timer;
    struct ph_list transfers; /* list of struct transfer::link */
    unsigned n;
    struct watch **watches; /* by socket, `n_watches` of them; NULL: none */
    size_t n_watches;
    CURL *spare[SPARES]; /* `n_spares` of them */
    unsigned n_spares;
    uint64_t complained_us;
};

struct transfer {
    struct ph_errand errand;
    struct ph_list link;
    struct ph_http_client *client;
    CURL *easy;
    struct curl_slist *headers;
    char *body; /* of the request, `length` bytes */
    size_t length;
    bool was_begun; /* it may have been heard: not once more */
    struct rtmp_buffer reply;
    struct rtmp_arena arena; /* of the reply's fields */
    struct rtmp_value *fields;
    unsigned n_fields;
    bool is_too_long;
    char why[CURL_ERROR_SIZE];
};

/* A socket of libcurl's. It is watched from its first request to its end: between two requests what libcurl wants to
 * hear of is kept, for the next request will want the same. */
struct watch {
    uv_poll_t poll;
    struct ph_http_client *client;
    curl_socket_t socket;
    int events;
    bool is_idle;
};

/* The end of a transfer */

/* Handles are used again: a new one costs more than the request. */
static void give_back(struct ph_http_client *client, CURL *easy)
{
    if (!easy || client->n_spares == SPARES) {
        curl_easy_cleanup(easy);
        return;
    }
    curl_easy_reset(easy);
    client->spare[client->n_spares++] = easy;
}

static CURL *take_handle(struct ph_http_client *client)
{
    return client->n_spares ? client->spare[--client->n_spares] : curl_easy_init();
}

static void free_transfer(struct transfer *transfer)
{
    ph_list_remove(&transfer->link);
    transfer->client->n--;
    if (transfer->easy)
        (void)curl_multi_remove_handle(transfer->client->multi, transfer->easy);
    give_back(transfer->client, transfer->easy);
    curl_slist_free_all(transfer->headers);
    rtmp_buffer_finish(&transfer->reply);
    rtmp_arena_finish(&transfer->arena);
    free(transfer->body);
    free(transfer);
}

static const struct rtmp_value *value_of(const struct transfer *transfer, struct rtmp_arena *arena)
{
    long status = 0;
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    struct rtmp_value *value = rtmp_value_new_object(arena);
    if (!value || rtmp_value_set(arena, value, "status", rtmp_value_new_number(arena, (double)status)) ||
        rtmp_value_set(arena, value, "headers", transfer->fields) ||
        rtmp_value_set(arena, value, "body", rtmp_value_new_bytes(arena, transfer->reply.data, transfer->reply.length)))
        return NULL;
    return value;
}

/* Of one that failed: whoever asked may have to know whether it was heard. */
static const struct rtmp_value *failure_of(const struct transfer *transfer, CURLcode code, struct rtmp_arena *arena)
{
    long head = 0;
    const char *words = transfer->why[0] ? transfer->why : curl_easy_strerror(code);
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_REQUEST_SIZE, &head);
    struct rtmp_value *value = rtmp_value_new_object(arena);
    bool was_sent = head > 0 || code == CURLE_ABORTED_BY_CALLBACK;
    if (!value || rtmp_value_set(arena, value, "sent", rtmp_value_new_boolean(was_sent)) ||
        rtmp_value_set(arena, value, "description", rtmp_value_new_string(arena, words, strlen(words))))
        return NULL;
    return value;
}

static int error_of(const struct transfer *transfer, CURLcode code)
{
    if (transfer->is_too_long)
        return PH_E_LIMIT;
    return code == CURLE_OK                   ? 0
           : code == CURLE_OPERATION_TIMEDOUT ? PH_E_TIMEOUT
           : code == CURLE_OUT_OF_MEMORY      ? PH_E_MEMORY
                                              : PH_E_IO;
}

static void complain(struct ph_http_client *client, const struct transfer *transfer, CURLcode code)
{
    uint64_t now_us = ph_loop_now(client->instance->loop);
    if (client->complained_us && now_us - client->complained_us < COMPLAINT_US)
        return;
    client->complained_us = now_us;
    ph_log_warning(client->instance->theatre->log, client->instance->app.name, "a request over HTTP failed: %s",
                   transfer->why[0] ? transfer->why : curl_easy_strerror(code));
}

static void end(struct transfer *transfer, CURLcode code)
{
    struct ph_instance *instance = transfer->client->instance;
    int error = error_of(transfer, code);
    if (error == PH_E_IO)
        complain(transfer->client, transfer, code);
    ph_instance_begin(instance);
    const struct rtmp_value *value = error ? failure_of(transfer, code, &instance->scratch)
                                           : value_of(transfer, &instance->scratch);
    const struct ph_errand errand = transfer->errand;
    ph_errand_end(&errand, !error && !value ? PH_E_MEMORY : error, value);
    ph_instance_end(instance);
    free_transfer(transfer);
}

static void end_those_done(struct ph_http_client *client)
{
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(client->multi, &left));) {
        char *transfer;
        if (message->msg == CURLMSG_DONE &&
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer) == CURLE_OK)
            end((struct transfer *)transfer, message->data.result);
    }
}

/* libcurl on the loop */

static void act(struct ph_http_client *client, curl_socket_t socket, int events)
{
    int running;
    (void)curl_multi_socket_action(client->multi, socket, events, &running);
    end_those_done(client);
}

/* The end of a connection that nobody uses is seen when it is to be used. */
static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct watch *watch = ph_container_of(poll, struct watch, poll);
    if (watch->is_idle) {
        (void)uv_poll_stop(poll);
        watch->events = 0;
        return;
    }
    act(watch->client, watch->socket,
        status < 0 ? CURL_CSELECT_ERR
                   : (events & UV_READABLE ? CURL_CSELECT_IN : 0) | (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0));
}

static void on_time(struct ph_timer *timer)
{
    act(ph_container_of(timer, struct ph_http_client, timer), CURL_SOCKET_TIMEOUT, 0);
}

static int want_time(CURLM *multi, long ms, void *user)
{
    struct ph_http_client *client = user;
    (void)multi;
    if (ms < 0)
        ph_timer_stop(client->instance->loop, &client->timer);
    else
        ph_timer_start(client->instance->loop, &client->timer, (uint64_t)ms * 1000);
    return 0;
}

static void free_watch(uv_handle_t *handle) { free(ph_container_of(handle, struct watch, poll)); }

static void end_watch(struct watch *watch)
{
    watch->client->watches[watch->socket] = NULL;
    uv_close((uv_handle_t *)&watch->poll, free_watch);
}

static struct watch *find_watch(struct ph_http_client *client, curl_socket_t socket)
{
    return (size_t)socket < client->n_watches ? client->watches[socket] : NULL;
}

static int close_socket(void *user, curl_socket_t socket)
{
    struct watch *watch = find_watch(user, socket);
    if (watch)
        end_watch(watch);
    return close(socket);
}

static bool make_room(struct ph_http_client *client, curl_socket_t socket)
{
    size_t n = client->n_watches ? client->n_watches : 64;
    while (n <= (size_t)socket)
        n *= 2;
    struct watch **longer = n > client->n_watches ? realloc(client->watches, n * sizeof(struct watch *)) : NULL;
    if (n > client->n_watches && !longer)
        return false;
    if (longer) {
        memset(longer + client->n_watches, 0, (n - client->n_watches) * sizeof(struct watch *));
        client->watches = longer;
        client->n_watches = n;
    }
    return true;
}

static struct watch *begin_watch(struct ph_http_client *client, curl_socket_t socket)
{
    struct watch *watch = make_room(client, socket) ? calloc(1, sizeof *watch) : NULL;
    if (!watch || uv_poll_init_socket(&client->instance->loop->uv, &watch->poll, socket)) {
        free(watch);
        return NULL;
    }
    watch->client = client;
    watch->socket = socket;
    client->watches[socket] = watch;
    return watch;
}

static int want_socket(CURL *easy, curl_socket_t socket, int what, void *user, void *known)
{
    struct watch *watch = known;
    struct ph_http_client *client = user;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (watch)
            watch->is_idle = true;
        return 0;
    }
    if (!watch) {
        watch = find_watch(client, socket);
        watch = watch ? watch : begin_watch(client, socket);
        if (!watch || curl_multi_assign(client->multi, socket, watch))
            return -1;
    }
    int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    watch->is_idle = false;
    if (events == watch->events)
        return 0;
    watch->events = events;
    return uv_poll_start(&watch->poll, events, on_ready) ? -1 : 0;
}

/* A transfer's bytes */

/* libcurl would say it again when a connection that was used before breaks: what has been sent may have been heard. */
static int not_twice(void *user, char *remote, char *local, int remote_port, int local_port)
{
    struct transfer *transfer = user;
    (void)remote, (void)local, (void)remote_port, (void)local_port;
    bool may = !transfer->was_begun;
    transfer->was_begun = true;
    return may ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

static size_t take_body(char *bytes, size_t size, size_t n, void *user)
{
    struct transfer *transfer = user;
    int rc = rtmp_buffer_append(&transfer->reply, bytes, size * n);
    transfer->is_too_long |= rc == RTMP_E_SPACE;
    return rc ? 0 : size * n;
}

/* The value of `name` so far, and this one behind it: "a, b". */
static int add_field(struct transfer *transfer, const char *name, const char *value, size_t length)
{
    char line[HEADER_MAX];
    struct rtmp_text before = rtmp_value_text(rtmp_value_get(transfer->fields, name));
    size_t kept = before.length ? before.length + 2 : 0;
    if (kept + length > sizeof line)
        return -1;
    if (kept) {
        memcpy(line, before.data, before.length);
        memcpy(line + before.length, ", ", 2);
    }
    memcpy(line + kept, value, length);
    return rtmp_value_set(&transfer->arena, transfer->fields, name,
                          rtmp_value_new_string(&transfer->arena, line, kept + length));
}

static size_t take_header(char *bytes, size_t size, size_t n, void *user)
{
    struct transfer *transfer = user;
    size_t length = size * n, name_length = 0;
    char name[128];
    if (length > 5 && memcmp(bytes, "HTTP/", 5) == 0) { /* the first line; 100 Continue has one too */
        rtmp_arena_reset(&transfer->arena);
        transfer->n_fields = 0;
        transfer->fields = rtmp_value_new_object(&transfer->arena);
        return transfer->fields ? length : 0;
    }
    while (name_length < length && bytes[name_length] != ':')
        name_length++;
    if (name_length == length || name_length == 0 || name_length >= sizeof name || !transfer->fields)
        return length;
    for (size_t i = 0; i < name_length; i++)
        name[i] = (char)tolower((unsigned char)bytes[i]);
    name[name_length] = '\0';
    size_t from = name_length + 1, to = length;
    while (from < to && (bytes[from] == ' ' || bytes[from] == '\t'))
        from++;
    while (to > from && strchr(" \t\r\n", bytes[to - 1]))
        to--;
    transfer->is_too_long |= ++transfer->n_fields > HEADERS_MAX ||
                             add_field(transfer, name, bytes + from, to - from) != 0;
    return transfer->is_too_long ? 0 : length;
}

/* What is asked for */

static bool is_token(const char *text, size_t length)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)text[i]) && !strchr(others, text[i]))
            return false;
    return length > 0;
}

/* "Name: value" in one line; how long the message is, is libcurl's to say. */
static bool is_header(const char *line)
{
    static const char *const ours[] = {"Content-Length", "Transfer-Encoding", "Expect", "Connection"};
    size_t length = strcspn(line, ":");
    if (line[length] != ':' || !is_token(line, length) || strlen(line) >= HEADER_MAX)
        return false;
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (strlen(ours[i]) == length && strncasecmp(line, ours[i], length) == 0)
            return false;
    for (const char *at = line + length; *at; at++)
        if ((unsigned char)*at < ' ' && *at != '\t')
            return false;
    return true;
}

static bool is_good(const struct ph_http_request *request)
{
    size_t n = 0;
    if (!request->url ||
        (strncasecmp(request->url, "http://", 7) != 0 && strncasecmp(request->url, "https://", 8) != 0))
        return false;
    if (request->method &&
        (strlen(request->method) > METHOD_MAX || !is_token(request->method, strlen(request->method))))
        return false;
    for (; request->headers && request->headers[n]; n++)
        if (!is_header(request->headers[n]))
            return false;
    return n <= HEADERS_MAX && request->reply_max <= PH_LIMIT_APP_REPLY && (request->body || !request->body_length);
}

static int add_header(struct transfer *transfer, const char *line)
{
    struct curl_slist *longer = curl_slist_append(transfer->headers, line);
    if (!longer)
        return PH_E_MEMORY;
    transfer->headers = longer;
    return 0;
}

/* Those of the caller; and two that libcurl would say by itself are left out. */
static int add_headers(struct transfer *transfer, const struct ph_http_request *request)
{
    bool has_type = false;
    int err = add_header(transfer, "Expect:");
    for (size_t i = 0; !err && request->headers && request->headers[i]; i++) {
        has_type |= strncasecmp(request->headers[i], "Content-Type:", 13) == 0;
        err = add_header(transfer, request->headers[i]);
    }
    return err || has_type ? err : add_header(transfer, "Content-Type:");
}

static int take_request(struct transfer *transfer, const struct ph_http_request *request)
{
    transfer->body = malloc(request->body_length + 1);
    if (!transfer->body)
        return PH_E_MEMORY;
    transfer->length = request->body_length;
    if (request->body)
        memcpy(transfer->body, request->body, request->body_length);
    return add_headers(transfer, request);
}

/* Each only fails when there is no memory, and then the URL's does too. */
static int set_up(struct transfer *transfer, const struct ph_http_request *request)
{
    CURL *easy = transfer->easy;
    long timeout_ms = request->timeout_ms ? (long)request->timeout_ms : TIMEOUT_MS;
    if (request->body || (request->method && strcasecmp(request->method, "POST") == 0)) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)transfer->length);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, transfer->body);
    }
    if (request->method && strcmp(request->method, "HEAD") == 0)
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    else if (request->method)
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, not_twice);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, transfer->client);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms);
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)IDLE_S);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->why);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)request->connect_timeout_ms);
    if (curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") ||
        curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, request->unix_socket) ||
        (request->ca && curl_easy_setopt(easy, CURLOPT_CAINFO, request->ca)) ||
        curl_easy_setopt(easy, CURLOPT_SSLCERT, request->certificate) ||
        curl_easy_setopt(easy, CURLOPT_SSLKEY, request->key) || curl_easy_setopt(easy, CURLOPT_URL, request->url))
        return PH_E_MEMORY;
    return 0;
}

static struct ph_http_client *client_of(struct ph_instance *instance)
{
    if (instance->http)
        return instance->http;
    struct ph_http_client *client = calloc(1, sizeof *client);
    CURLM *multi = client ? curl_multi_init() : NULL;
    if (!multi) {
        free(client);
        return NULL;
    }
    client->instance = instance;
    client->multi = multi;
    ph_list_init(&client->transfers);
    ph_timer_init(&client->timer, on_time);
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, want_socket);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, client);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, want_time);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, client);
    instance->http = client;
    return client;
}

static int request(struct ph_app *app, const struct ph_http_request *wanted, ph_done_fn done, void *user)
{
    struct ph_http_request request = {0}; /* an older caller knows less */
    memcpy(&request, wanted, wanted->size < sizeof request ? wanted->size : sizeof request);
    if (!is_good(&request))
        return PH_E_ARGUMENT;
    struct ph_http_client *client = client_of(ph_instance_of(app));
    if (client && client->n >= PH_LIMIT_APP_REQUESTS)
        return PH_E_LIMIT;
    struct transfer *transfer = client ? calloc(1, sizeof *transfer) : NULL;
    if (!transfer)
        return PH_E_MEMORY;
    transfer->client = client;
    transfer->errand = ph_errand_begin(app, done, user);
    rtmp_buffer_init(&transfer->reply, &ph_app_allocator, request.reply_max ? request.reply_max : REPLY_BYTES);
    rtmp_arena_init(&transfer->arena, &ph_app_allocator, PH_LIMIT_AMF_BYTES);
    ph_list_init(&transfer->link);
    ph_list_append(&client->transfers, &transfer->link);
    client->n++;
    transfer->easy = take_handle(client);
    int err = transfer->easy ? take_request(transfer, &request) : PH_E_MEMORY;
    if (!err)
        err = set_up(transfer, &request);
    if (!err && curl_multi_add_handle(client->multi, transfer->easy))
        err = PH_E_MEMORY;
    if (err)
        free_transfer(transfer);
    return err;
}

void ph_http_client_free(struct ph_http_client *client)
{
    if (!client)
        return;
    for (struct ph_list *node; (node = ph_list_first(&client->transfers));)
        free_transfer(ph_list_entry(node, struct transfer, link));
    (void)curl_multi_cleanup(client->multi);
    for (unsigned i = 0; i < client->n_spares; i++)
        curl_easy_cleanup(client->spare[i]);
    for (size_t i = 0; i < client->n_watches; i++)
        if (client->watches[i])
            end_watch(client->watches[i]);
    free(client->watches);
    ph_timer_stop(client->instance->loop, &client->timer);
    free(client);
}

const struct ph_http ph_host_http = {.version = 1, .size = sizeof ph_host_http, .request = request};
