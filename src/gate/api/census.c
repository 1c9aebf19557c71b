/* SPDX-License-Identifier: MIT */
#include "gate/api/census.h"

#include <stdlib.h>
#include <string.h>

#include "media/survey.h"
#include "net/conn.h"

/* Streams */

static json_t *stream_of(struct ph_census *census, const char *path)
{
    json_t *row = json_object_get(census->streams, path);
    if (row)
        return row;
    row = json_pack("{s:s, s:b, s:i}", "path", path, "live", 0, "viewers", 0);
    census->failed |= !row || json_object_set_new(census->streams, path, row);
    return census->failed ? NULL : row;
}

static bool is_wanted(const struct ph_census *census, const char *path)
{
    return !census->path[0] || strcmp(census->path, path) == 0;
}

static void on_stream(void *user, const struct ph_stream_row *row)
{
    struct ph_census *census = user;
    json_t *stream = is_wanted(census, row->path) ? stream_of(census, row->path) : NULL;
    json_t *facts = json_pack("{s:b, s:f, s:I, s:I, s:I, s:I, s:I, s:I}", "live", 1, "seconds",
                              (double)row->time_us / 1e6, "bytes", (json_int_t)row->bytes, "messages",
                              (json_int_t)row->units, "bytes_per_second", (json_int_t)row->bytes_per_s, "joined",
                              (json_int_t)row->viewers, "skips", (json_int_t)row->skips, "key_interval_ms",
                              (json_int_t)row->key_interval_ms);
    if (stream)
        census->failed |= !facts || json_object_update(stream, facts);
    json_decref(facts);
}

static void on_viewers(void *user, const struct ph_viewers_row *row)
{
    struct ph_census *census = user;
    json_t *stream = is_wanted(census, row->path) ? stream_of(census, row->path) : NULL;
    json_int_t n = json_integer_value(json_object_get(stream, "viewers")) + (json_int_t)row->n;
    if (stream)
        census->failed |= json_object_set_new(stream, "viewers", json_integer(n)) != 0;
}

/* Sessions */

/* What a client calls itself or asks for may be anything. */
static json_t *text_of(const char *text)
{
    json_t *value = text ? json_string(text) : json_null();
    return value ? value : json_string("(no text)");
}

static void add_session(struct ph_census *census, struct ph_loop *loop, struct ph_conn *conn)
{
    struct ph_conn_about about;
    char address[PH_ADDRESS_TEXT];
    ph_conn_about(conn, &about);
    ph_address_text(ph_conn_peer(conn), address);
    json_t *row = json_pack(
        "{s:I, s:s, s:s, s:s, s:o, s:o, s:i, s:i, s:f, s:I, s:I}", "id", (json_int_t)ph_conn_id(conn), "address",
        address, "protocol", about.protocol ? about.protocol : "unknown", "carrier", ph_conn_carrier(conn), "path",
        text_of(about.path), "client", text_of(about.client && about.client[0] ? about.client : NULL), "publishing",
        (int)about.n_publishing, "playing", (int)about.n_playing, "seconds",
        (double)(ph_loop_now(loop) - ph_conn_born_us(conn)) / 1e6, "bytes_in", (json_int_t)ph_conn_bytes_in(conn),
        "bytes_out", (json_int_t)ph_conn_bytes_out(conn));
    census->failed |= !row || json_array_append_new(census->sessions, row);
}

static void visit(struct ph_round *round, struct ph_loop *loop)
{
    struct ph_census *census = ph_container_of(round, struct ph_census, round);
    const struct ph_survey survey = {.stream = on_stream, .viewers = on_viewers, .user = census};
    size_t n = 0;
    if (census->failed)
        return;
    ph_media_survey(census->api->media, loop, &survey);
    for (struct ph_conn *conn = ph_conn_next(loop, NULL); conn; conn = ph_conn_next(loop, conn)) {
        if (ph_conn_is_closing(conn))
            continue;
        n++;
        if (ph_conn_id(conn) == census->wanted) {
            census->is_found = true;
            ph_conn_close(conn, PH_CLOSE_KICKED);
        } else if (!census->wanted) {
            add_session(census, loop, conn);
        }
    }
    json_t *row = json_pack("{s:i, s:f, s:I}", "worker", (int)loop->index, "busy", ph_loop_busy_permille(loop) / 1000.0,
                            "connections", (json_int_t)n);
    census->failed |= !row || json_array_append_new(census->workers, row);
}

/* Beginning and end */

static void free_census(struct ph_census *census)
{
    json_decref(census->streams);
    json_decref(census->sessions);
    json_decref(census->workers);
    free(census);
}

static void done(struct ph_round *round)
{
    struct ph_census *census = ph_container_of(round, struct ph_census, round);
    if (census->exchange && census->failed)
        ph_exchange_refuse(census->exchange, 503, "the server is out of memory");
    else if (census->exchange)
        census->told(census);
    free_census(census);
}

/* The round goes on, and frees what it has collected when it is home. */
static void on_gone(void *user)
{
    struct ph_census *census = user;
    census->exchange = NULL;
}

void ph_census_start(const struct ph_api_call *call, const struct ph_census *wish)
{
    struct ph_exchange *exchange = call->exchange;
    struct ph_census *census = malloc(sizeof *census);
    if (!census) {
        ph_exchange_refuse(exchange, 503, "the server is out of memory");
        return;
    }
    *census = *wish;
    census->api = call->api;
    census->exchange = exchange;
    census->page = call->page;
    census->streams = json_object();
    census->sessions = json_array();
    census->workers = json_array();
    census->failed = !census->streams || !census->sessions || !census->workers;
    census->round = (struct ph_round){
        .visit = visit, .done = done, .loops = call->api->workers, .home = ph_conn_loop(ph_exchange_conn(exchange))};
    ph_exchange_wait(exchange, on_gone, census);
    ph_round_start(&census->round);
}
