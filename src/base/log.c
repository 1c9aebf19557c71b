/* SPDX-License-Identifier: MIT */
/*
 * A line is formatted on the stack and leaves in one write, without a lock but that of the tail. The count of each
 * class lies in a small table of atomics, found by the addresses of event and format; two classes that meet in one slot
 * share its budget. Counts may be off by a line or two when threads cross the end of a second together, which costs
 * nobody anything.
 */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/tail.h"
#include "base/text.h"

enum { N_CLASSES = 256, TAIL = 8 /* bytes kept for `..."}`, line feed and NUL */ };

struct class
{
    _Atomic uint64_t second; /* the one that is being counted */
    atomic_uint n;           /* events in it */
    atomic_uint suppressed;  /* events left out since that was last told */
    _Atomic(const char *) format;
};

struct ph_log {
    atomic_int level;
    bool json;
    const struct ph_clock *clock;
    ph_log_sink_fn sink;
    void *user;
    int descriptor;
    struct ph_tail *tail;
    struct class classes[N_CLASSES];
};

static const char *const level_names[] = {"error", "warning", "info", "debug"};

const char *ph_log_level_name(enum ph_log_level level) { return level_names[level]; }

static void write_descriptor(void *user, const char *line, size_t length)
{
    const struct ph_log *log = user;
    ssize_t n;
    do
        n = write(log->descriptor, line, length);
    while (n < 0 && errno == EINTR); /* a full pipe or disk loses the line: the media must go on */
}

int ph_log_create(const struct ph_log_options *options, struct ph_log **log)
{
    struct ph_log *made = calloc(1, sizeof *made);
    if (!made)
        return -ENOMEM;
    atomic_init(&made->level, (int)options->level);
    made->json = options->json;
    made->clock = options->clock ? options->clock : &ph_clock_system;
    made->sink = options->sink ? options->sink : write_descriptor;
    made->user = options->sink ? options->user : made;
    made->descriptor = options->descriptor;
    made->tail = options->tail;
    *log = made;
    return 0;
}

void ph_log_set_level(struct ph_log *log, enum ph_log_level level)
{
    atomic_store_explicit(&log->level, (int)level, memory_order_relaxed);
}

bool ph_log_wants(const struct ph_log *log, enum ph_log_level level)
{
    return log && (int)level <= atomic_load_explicit(&log->level, memory_order_relaxed);
}

static void begin_line(const struct ph_log *log, struct ph_text *line, enum ph_log_level level, const char *event,
                       const char *path)
{
    size_t path_length = path ? strlen(path) : 0;
    if (path_length > PH_LIMIT_LOG_LINE / 2) /* so that there is room for what happened */
        path_length = PH_LIMIT_LOG_LINE / 2;
    if (log->json) {
        ph_text_add(line, "{\"time\":\"");
        ph_text_add_time(line, ph_clock_wall_us(log->clock));
        ph_text_add(line, "\",\"level\":\"%s\",", level_names[level]);
        if (event)
            ph_text_add(line, "\"event\":\"%s\",", event);
        if (path) {
            ph_text_add(line, "\"path\":\"");
            ph_text_add_json(line, path, path_length);
            ph_text_add(line, "\",");
        }
        ph_text_add(line, "\"text\":\"");
        return;
    }
    ph_text_add_time(line, ph_clock_wall_us(log->clock));
    ph_text_add(line, " %s %s%s", level_names[level], event ? event : "", event ? " " : "");
    if (path) {
        ph_text_add_escaped(line, path, path_length);
        ph_text_add(line, ": ");
    }
}

static void write_line(struct ph_log *log, enum ph_log_level level, const char *event, const char *path,
                       const char *text, size_t length)
{
    char bytes[PH_LIMIT_LOG_LINE + 1]; /* the NUL does not leave */
    struct ph_text line;
    ph_text_init(&line, bytes, sizeof bytes - TAIL);
    begin_line(log, &line, level, event, path);
    if (log->json)
        ph_text_add_json(&line, text, length);
    else
        ph_text_add_escaped(&line, text, length);
    bool cut = line.cut;
    line.cap = sizeof bytes;
    ph_text_add(&line, "%s%s\n", cut ? "..." : "", log->json ? "\"}" : "");
    log->sink(log->user, line.bytes, line.length);
    if (log->tail)
        ph_tail_add(log->tail, line.bytes, line.length);
}

static void tell_suppressed(struct ph_log *log, struct class *class)
{
    unsigned n = atomic_exchange_explicit(&class->suppressed, 0, memory_order_relaxed);
    if (n == 0)
        return;
    char bytes[256];
    struct ph_text text;
    ph_text_init(&text, bytes, sizeof bytes);
    ph_text_add(&text, "%u lines suppressed, all like: ", n);
    const char *format = atomic_load_explicit(&class->format, memory_order_relaxed);
    ph_text_add_bytes(&text, format, strlen(format));
    write_line(log, PH_LOG_WARNING, NULL, "log", bytes, text.length);
}

static struct class *class_of(struct ph_log *log, const char *event, const char *format)
{
    uint64_t both = (uintptr_t)format + 3 * (uint64_t)(uintptr_t)event;
    uint64_t spread = both * 0x9E3779B97F4A7C15u; /* 2^64 divided by the golden ratio */
    return &log->classes[spread >> 56];
}

/* Count an event; false when its class has had its lines of this second. */
static bool may_write(struct ph_log *log, struct class *class, const char *format)
{
    uint64_t second = ph_clock_us(log->clock) / 1000000;
    uint64_t counted = atomic_load_explicit(&class->second, memory_order_relaxed);
    if (counted != second && atomic_compare_exchange_strong_explicit(&class->second, &counted, second,
                                                                     memory_order_relaxed, memory_order_relaxed)) {
        atomic_store_explicit(&class->n, 0, memory_order_relaxed);
        tell_suppressed(log, class);
    }
    if (atomic_fetch_add_explicit(&class->n, 1, memory_order_relaxed) < PH_LIMIT_LOG_PER_SECOND)
        return true;
    atomic_store_explicit(&class->format, format, memory_order_relaxed);
    atomic_fetch_add_explicit(&class->suppressed, 1, memory_order_relaxed);
    return false;
}

void ph_log_write(struct ph_log *log, enum ph_log_level level, const char *event, const char *path, const char *format,
                  ...)
{
    if (!ph_log_wants(log, level) || !may_write(log, class_of(log, event, format), format))
        return;
    char bytes[PH_LIMIT_LOG_LINE];
    struct ph_text text;
    ph_text_init(&text, bytes, sizeof bytes);
    va_list values;
    va_start(values, format);
    ph_text_add_v(&text, format, values);
    va_end(values);
    write_line(log, level, event, path, bytes, text.length);
}

void ph_log_flush(struct ph_log *log)
{
    uint64_t second = ph_clock_us(log->clock) / 1000000;
    for (size_t i = 0; i < N_CLASSES; i++)
        if (atomic_load_explicit(&log->classes[i].second, memory_order_relaxed) != second)
            tell_suppressed(log, &log->classes[i]);
}

void ph_log_destroy(struct ph_log *log)
{
    if (!log)
        return;
    for (size_t i = 0; i < N_CLASSES; i++)
        tell_suppressed(log, &log->classes[i]);
    free(log);
}
