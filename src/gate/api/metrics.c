/* SPDX-License-Identifier: MIT */
/* /metrics: the text format of Prometheus, 0.0.4. */
#include <stdlib.h>
#include <string.h>

#include "app/metric.h"
#include "app/theatre.h"
#include "base/buf.h"
#include "base/text.h"
#include "gate/api/census.h"
#include "net/conn.h"

enum { STREAMS_MAX = 1000, LINE = 512, PAGE_MAX = 4 * 1024 * 1024 };

struct page {
    struct ph_buf text;
    bool failed;
};

static void add(struct page *page, const char *format, ...) PH_PRINTF(2, 3);

static void add(struct page *page, const char *format, ...)
{
    char line[LINE];
    struct ph_text text;
    va_list values;
    ph_text_init(&text, line, sizeof line);
    va_start(values, format);
    ph_text_add_v(&text, format, values);
    va_end(values);
    page->failed |= ph_buf_append(&page->text, line, strlen(line)) != 0;
}

static void head(struct page *page, const char *name, const char *type, const char *help)
{
    add(page, "# HELP playhouse_%s %s\n# TYPE playhouse_%s %s\n", name, help, name, type);
}

static void add_server(struct page *page, struct ph_census *census)
{
    const struct ph_api *api = census->api;
    head(page, "info", "gauge", "Always 1; the version is a label.");
    add(page, "playhouse_info{version=\"%s\"} 1\n", api->version);
    head(page, "uptime_seconds", "gauge", "Since the server was started.");
    add(page, "playhouse_uptime_seconds %.3f\n", (double)(ph_loop_now(census->round.home) - api->began_us) / 1e6);
    head(page, "memory_bytes", "gauge", "Resident memory of the process.");
    add(page, "playhouse_memory_bytes %llu\n", (unsigned long long)api->memory());
}

static void add_workers(struct page *page, struct ph_census *census)
{
    json_t *row;
    size_t i;
    head(page, "worker_busy_ratio", "gauge", "Share of time in which a worker did not sleep.");
    json_array_foreach(census->workers, i, row)
    {
        add(page, "playhouse_worker_busy_ratio{worker=\"%zu\"} %.3f\n", i,
            json_real_value(json_object_get(row, "busy")));
    }
    head(page, "worker_connections", "gauge", "Connections that a worker owns.");
    json_array_foreach(census->workers, i, row)
    {
        add(page, "playhouse_worker_connections{worker=\"%zu\"} %lld\n", i,
            (long long)json_integer_value(json_object_get(row, "connections")));
    }
}

static void add_sessions(struct page *page, struct ph_census *census)
{
    static const char *const protocols[] = {"rtmp", "json", "flv", "http", "relay", "unknown"};
    head(page, "sessions", "gauge", "Connections by what they speak.");
    for (size_t p = 0; p < sizeof protocols / sizeof *protocols; p++) {
        size_t i, n = 0;
        json_t *row;
        json_array_foreach(census->sessions, i, row)
        {
            n += strcmp(json_string_value(json_object_get(row, "protocol")), protocols[p]) == 0;
        }
        add(page, "playhouse_sessions{protocol=\"%s\"} %zu\n", protocols[p], n);
    }
}

/* A label's value needs no escape: paths consist of letters, digits and ._-/ */
static void add_streams(struct page *page, struct ph_census *census)
{
    static const struct {
        const char *field, *name, *type, *help;
    } rows[] = {
        {"viewers", "stream_viewers", "gauge", "Who watches the stream now."},
        {"bytes", "stream_received_bytes_total", "counter", "Of its present publisher."},
        {"messages", "stream_received_messages_total", "counter", "Of its present publisher."},
        {"bytes_per_second", "stream_bitrate_bytes_per_second", "gauge", "Mean of the last seconds."},
        {"skips", "stream_skips_total", "counter", "Times a slow viewer skipped to a key frame."},
        {"key_interval_ms", "stream_key_interval_milliseconds", "gauge", "Longest distance between key frames."},
    };
    head(page, "streams", "gauge", "Streams that are published or waited for.");
    add(page, "playhouse_streams %zu\n", json_object_size(census->streams));
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        const char *path;
        json_t *row;
        size_t n = 0;
        head(page, rows[r].name, rows[r].type, rows[r].help);
        json_object_foreach(census->streams, path, row)
        {
            json_t *value = json_object_get(row, rows[r].field);
            if (value && n++ < STREAMS_MAX)
                add(page, "playhouse_%s{path=\"%s\"} %lld\n", rows[r].name, path, (long long)json_integer_value(value));
        }
    }
}

struct app_page {
    struct page *page;
    bool is_counter;
};

static void add_metric(void *user, const char *app, const struct ph_metric *metric)
{
    const struct app_page *it = user;
    if (metric->is_counter == it->is_counter)
        add(it->page, "playhouse_app_%s{app=\"%s\",name=\"%s\"} %.17g\n",
            metric->is_counter ? "counter_total" : "gauge", app, metric->name,
            atomic_load_explicit(&metric->value, memory_order_relaxed));
}

static void add_apps(struct page *page, struct ph_census *census)
{
    struct app_page counters = {page, true}, gauges = {page, false};
    head(page, "app_counter_total", "counter", "What applications count.");
    ph_theatre_tell_metrics(census->api->theatre, add_metric, &counters);
    head(page, "app_gauge", "gauge", "What applications measure.");
    ph_theatre_tell_metrics(census->api->theatre, add_metric, &gauges);
}

static void tell(struct ph_census *census)
{
    struct page page = {0};
    ph_buf_init(&page.text, PAGE_MAX);
    add_server(&page, census);
    add_workers(&page, census);
    add_sessions(&page, census);
    add_streams(&page, census);
    add_apps(&page, census);
    if (page.failed)
        ph_exchange_refuse(census->exchange, 503, "the server is out of memory");
    else
        ph_exchange_answer(census->exchange,
                           &(struct ph_http_answer){.status = 200,
                                                    .type = "text/plain; version=0.0.4; charset=utf-8",
                                                    .fields = "Cache-Control: no-store\r\n",
                                                    .body = ph_buf_data(&page.text),
                                                    .length = ph_buf_length(&page.text)});
    ph_buf_finish(&page.text);
}

void ph_api_metrics(void *user, struct ph_exchange *exchange, const struct ph_request *request)
{
    const struct ph_api_call call = {.api = user, .exchange = exchange, .request = request};
    const struct ph_census wish = {.told = tell};
    ph_census_start(&call, &wish);
}
