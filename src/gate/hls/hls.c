/* SPDX-License-Identifier: MIT */
#include "gate/hls/hls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "app/query.h"
#include "app/theatre.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/random.h"
#include "base/text.h"
#include "gate/hls/guest.h"
#include "media/observer.h"
#include "net/conn.h"

enum { FIELDS_TEXT = 256, PACKAGERS_MAX = 1000 };

/* Addresses */

static bool ends_with(struct rtmp_text text, const char *ending, size_t *rest)
{
    size_t length = strlen(ending);
    if (text.length <= length || memcmp(text.data + text.length - length, ending, length) != 0)
        return false;
    *rest = text.length - length;
    return true;
}

/* A number of digits alone from `at` on; where it ends, or 0. */
static size_t read_number(struct rtmp_text text, size_t at, uint64_t *number)
{
    size_t n = 0;
    while (at + n < text.length && text.data[at + n] >= '0' && text.data[at + n] <= '9')
        n++;
    return n && ph_text_u64_of(text.data + at, n, number) == 0 ? at + n : 0;
}

static bool is_rest(struct rtmp_text text, size_t at, const char *wanted)
{
    return at && text.length - at == strlen(wanted) && memcmp(text.data + at, wanted, text.length - at) == 0;
}

/* "ts/", "v1/", "a12/": its length; 0: there is none. */
static size_t read_folder(struct rtmp_text name, struct ph_hls_ask *ask)
{
    const char *slash = name.length ? memchr(name.data, '/', name.length) : NULL;
    size_t length = slash ? (size_t)(slash - name.data) : 0;
    uint64_t track;
    if (length == 2 && memcmp(name.data, "ts", 2) == 0 && !ask->rendition[0] && ask->container != PH_HLS_TS) {
        ask->container = PH_HLS_TS;
        return length + 1;
    }
    bool is_rendition = length && length < sizeof ask->rendition && (name.data[0] == 'v' || name.data[0] == 'a') &&
                        read_number((struct rtmp_text){name.data, length}, 1, &track) == length;
    if (!is_rendition || ask->rendition[0])
        return 0;
    memcpy(ask->rendition, name.data, length);
    return length + 1;
}

/* The name of a file below "STREAM.hls/". */
static bool read_name(struct rtmp_text name, struct ph_hls_ask *ask)
{
    uint64_t part = 0;
    bool is_ts = ask->container == PH_HLS_TS;
    if (rtmp_text_is(name, "live.m3u8")) {
        ask->kind = PH_HLS_MEDIA;
        return true;
    }
    if (!name.length)
        return false;
    size_t at = read_number(name, 1, &ask->number);
    ask->kind = name.data[0] == 'i' ? PH_HLS_HEADER : name.data[0] == 's' ? PH_HLS_SEGMENT : PH_HLS_PART;
    if (is_ts)
        return ask->kind == PH_HLS_SEGMENT && is_rest(name, at, ".ts");
    if (ask->kind == PH_HLS_HEADER)
        return is_rest(name, at, ".mp4");
    if (ask->kind == PH_HLS_SEGMENT)
        return is_rest(name, at, ".m4s");
    if (name.data[0] != 'p' || !at || at >= name.length || name.data[at] != '.')
        return false;
    at = read_number(name, at + 1, &part);
    ask->part = (uint32_t)part;
    return part < PH_PARTS_MAX && is_rest(name, at, ".m4s");
}

static bool read_format(struct rtmp_text format, struct ph_hls_ask *ask)
{
    bool is_ts = rtmp_text_is(format, "ts");
    ask->container = is_ts ? PH_HLS_TS : PH_HLS_FMP4;
    return is_ts || !format.length || rtmp_text_is(format, "fmp4");
}

static bool read_directives(struct rtmp_text query, struct ph_hls_ask *ask)
{
    struct rtmp_text msn = ph_query_find(query, "_HLS_msn"), part = ph_query_find(query, "_HLS_part");
    struct rtmp_text skip = ph_query_find(query, "_HLS_skip");
    uint64_t number = 0;
    ask->is_delta = rtmp_text_is(skip, "YES") || rtmp_text_is(skip, "v2");
    ask->has_number = msn.length > 0;
    ask->has_part = part.length > 0;
    if (ask->has_number && read_number(msn, 0, &ask->number) != msn.length)
        return false;
    if (ask->has_part && (!ask->has_number || read_number(part, 0, &number) != part.length || number > PH_PARTS_MAX))
        return false;
    ask->part = (uint32_t)number;
    return true;
}

/* "TOKEN/": its length; 0: there is none. */
static size_t read_token(struct rtmp_text name, struct ph_hls_ask *ask)
{
    size_t length = PH_TOKEN_TEXT - 1;
    if (name.length <= length + 1 || name.data[length] != '/')
        return 0;
    memcpy(ask->token, name.data, length);
    return length + 1;
}

/* What to say instead; 0: the ask is filled. */
static unsigned read_request(const struct ph_hls_gate *gate, const struct ph_http_head *head, struct ph_hls_ask *ask,
                             const char **why)
{
    static const char folder[] = ".hls/";
    struct rtmp_text path = {head->path.data + 1, head->path.length - 1};
    const char *slash = memchr(path.data, '/', path.length), *last = NULL;
    size_t stream = 0, app = slash ? (size_t)(slash - path.data) : 0;
    for (size_t i = 0; i + sizeof folder - 1 < path.length; i++)
        if (memcmp(path.data + i, folder, sizeof folder - 1) == 0)
            last = path.data + i;
    *why = "a stream's address is /APP/STREAM.m3u8";
    if (last) {
        stream = (size_t)(last - path.data);
        size_t cut = stream + sizeof folder - 1;
        cut += read_token((struct rtmp_text){path.data + cut, path.length - cut}, ask);
        for (size_t more = 1; more; cut += more)
            more = read_folder((struct rtmp_text){path.data + cut, path.length - cut}, ask);
        if (!read_name((struct rtmp_text){path.data + cut, path.length - cut}, ask))
            return 404;
    } else {
        ask->kind = PH_HLS_MASTER;
        if (!ends_with(path, ".m3u8", &stream))
            return 404;
        *why = "format is ts or fmp4";
        if (!read_format(ph_query_find(head->query, "format"), ask))
            return 400;
    }
    if (!slash || stream <= app + 1 || ph_path_join(path.data, app, slash + 1, stream - app - 1, &ask->path, why))
        return 404;
    const char *name = strrchr(ask->path.text, '/') + 1;
    memcpy(ask->name, name, strlen(name) + 1);
    const struct ph_application *found = ph_apps_find(gate->options.apps, path.data, stream);
    *why = "there is no such application here";
    if (!found)
        return 404;
    *why = "HLS is off for this application";
    if (!found->settings.hls)
        return 403;
    bool is_asked = gate->options.theatre && ph_theatre_find(gate->options.theatre, found);
    ask->app = is_asked ? found : NULL;
    *why = is_asked ? "load the stream's .m3u8 first" : "there is nothing here";
    if (ask->kind == PH_HLS_MASTER ? false : is_asked != (ask->token[0] != '\0'))
        return is_asked ? 403 : 404;
    *why = "_HLS_msn and _HLS_part are numbers, the second only beside the first";
    return ask->kind == PH_HLS_MEDIA && !read_directives(head->query, ask) ? 400 : 0;
}

/* Answers */

static void release(void *owner) { ph_blob_unref(owner); }

static void say(struct ph_hls_ask *ask)
{
    static const char *const types[] = {[PH_HLS_MASTER] = "application/vnd.apple.mpegurl",
                                        [PH_HLS_MEDIA] = "application/vnd.apple.mpegurl",
                                        [PH_HLS_HEADER] = "video/mp4",
                                        [PH_HLS_SEGMENT] = "video/mp4",
                                        [PH_HLS_PART] = "video/mp4"};
    bool is_ts = ask->container == PH_HLS_TS && ask->kind == PH_HLS_SEGMENT;
    bool is_list = ask->kind == PH_HLS_MASTER || ask->kind == PH_HLS_MEDIA;
    ph_conn_authorise(ph_exchange_conn(ask->exchange)); /* it watches, as others play */
    const char *cors = ask->shelf->gate->options.cors;
    char fields[FIELDS_TEXT];
    struct ph_text text;
    ph_text_init(&text, fields, sizeof fields);
    ph_text_add(&text, "Cache-Control: %s\r\n", is_list ? "no-cache" : "max-age=60");
    if (cors[0])
        ph_text_add(&text, "Access-Control-Allow-Origin: %s\r\n", cors);
    ph_exchange_answer(ask->exchange, &(struct ph_http_answer){.status = 200,
                                                               .type = is_ts ? "video/mp2t" : types[ask->kind],
                                                               .fields = fields,
                                                               .body = ask->slice.blob->bytes + ask->slice.offset,
                                                               .length = ask->slice.length,
                                                               .release = release,
                                                               .owner = ask->slice.blob});
    ask->slice.blob = NULL; /* it is the answer's now */
}

static void discard(struct ph_hls_ask *ask)
{
    free(ask->query);
    free(ask);
}

void ph_hls_back(struct ph_hls_ask *ask)
{
    if (ask->exchange && ask->status == 200)
        say(ask);
    else if (ask->exchange)
        ph_exchange_refuse(ask->exchange, ask->status, ask->why);
    ph_blob_unref(ask->slice.blob);
    discard(ask);
}

static void on_gone(void *user) { ((struct ph_hls_ask *)user)->exchange = NULL; }

void ph_hls_answer(void *user, struct ph_exchange *exchange, const struct ph_request *request)
{
    struct ph_hls_gate *gate = user;
    const char *why = "the server is out of memory";
    struct ph_hls_ask *ask = calloc(1, sizeof *ask);
    unsigned fault = ask ? read_request(gate, request->head, ask, &why) : 503;
    if (!fault && ask->app) {
        ph_address_text(ph_conn_peer(ph_exchange_conn(exchange)), ask->address);
        ask->query = strndup(request->head->query.data ? request->head->query.data : "", request->head->query.length);
        fault = ask->query ? 0 : 503;
        why = "the server is out of memory";
    }
    if (fault) {
        if (ask)
            discard(ask);
        ph_exchange_refuse(exchange, fault, why);
        return;
    }
    ask->shelf = gate->shelves;
    ask->exchange = exchange;
    ask->home = ph_conn_loop(ph_exchange_conn(exchange));
    ph_list_init(&ask->link);
    ph_exchange_wait(exchange, on_gone, ask);
    ph_hls_ask(ask);
}

void ph_hls_observe(struct ph_hls_gate *gate, const struct ph_stream_event *event)
{
    size_t length = strlen(event->path);
    const struct ph_application *app = ph_apps_find(gate->options.apps, event->path, length);
    bool is_wanted = event->is_publisher && !event->is_end && app && app->settings.hls == PH_APP_HLS_ALWAYS;
    struct ph_hls_ask *ask = is_wanted ? calloc(1, sizeof *ask) : NULL;
    if (!ask) /* without memory it begins when somebody asks */
        return;
    memcpy(ask->path.text, event->path, length + 1);
    ask->path.length = length;
    ask->kind = PH_HLS_MASTER;
    ask->shelf = gate->shelves;
    ask->home = gate->shelves[0].loop;
    ph_list_init(&ask->link);
    ph_hls_fetch(ask);
}

/* Life */

int ph_hls_create(const struct ph_hls_options *options, struct ph_hls_gate **gate)
{
    struct ph_hls_gate *made = calloc(1, sizeof *made);
    if (!made)
        return -ENOMEM;
    made->options = *options;
    made->shelves = calloc(options->workers->n, sizeof *made->shelves);
    int err = made->shelves ? ph_random_fill(&made->seed, sizeof made->seed) : -ENOMEM;
    for (unsigned i = 0; !err && i < options->workers->n; i++) {
        made->shelves[i] = (struct ph_hls_shelf){.gate = made, .loop = &options->workers->loop[i]};
        for (int container = 0; container < PH_HLS_CONTAINERS; container++)
            ph_map_init(&made->shelves[i].packagers[container], &made->seed, PACKAGERS_MAX);
        ph_map_init(&made->shelves[i].guests, &made->seed, PH_LIMIT_HLS_GUESTS);
    }
    if (err) {
        free(made->shelves);
        free(made);
        return err;
    }
    *gate = made;
    return 0;
}

void ph_hls_leave(struct ph_hls_gate *gate)
{
    for (unsigned i = 0; gate && i < gate->options.workers->n; i++)
        ph_hls_guests_end(&gate->shelves[i]);
}

static void end_packagers(struct ph_map *packagers)
{
    size_t at;
    for (void *packager; at = 0, ph_map_next(packagers, &at, &packager);)
        ph_packager_destroy(packager);
    ph_map_finish(packagers);
}

void ph_hls_destroy(struct ph_hls_gate *gate)
{
    if (!gate)
        return;
    for (unsigned i = 0; i < gate->options.workers->n; i++) {
        for (int container = 0; container < PH_HLS_CONTAINERS; container++)
            end_packagers(&gate->shelves[i].packagers[container]);
        ph_map_finish(&gate->shelves[i].guests);
    }
    ph_loops_settle(gate->options.workers); /* asks come home */
    free(gate->shelves);
    free(gate);
}
