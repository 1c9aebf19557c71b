/* SPDX-License-Identifier: MIT */
/**
 * @file  The log: one event, one line, what it is about first.
 *
 *     2026-08-01T12:00:00.123Z info publishing live/cam: h264 1280x720 (10.0.0.7:53122, OBS 31)
 *     {"time":"2026-08-01T12:00:00.123Z","level":"info","event":"publishing","path":"live/cam","text":"h264 ..."}
 *
 * What strangers sent is safe to print with %s: control bytes are escaped. Secrets must never come here.
 * Lines with the same event and format string are one class: at most PH_LIMIT_LOG_PER_SECOND lines a second, then one
 * line tells how many were left out.
 *
 * Owner   Made in main, passed down as a pointer; NULL is a log that nobody reads.
 * Thread  Any: a line is one call of the sink.
 * Limits  A line has at most PH_LIMIT_LOG_LINE bytes.
 * Since   0.1
 */
#ifndef PH_BASE_LOG_H
#define PH_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/clock.h"

enum ph_log_level { PH_LOG_ERROR, PH_LOG_WARNING, PH_LOG_INFO, PH_LOG_DEBUG };

/** Takes one line with its line feed; called on any thread, must not block for long. */
typedef void (*ph_log_sink_fn)(void *user, const char *line, size_t length);

struct ph_log;
struct ph_tail;

struct ph_log_options {
    enum ph_log_level level; /**< this level and graver ones are written */
    bool json;
    const struct ph_clock *clock; /**< lent; NULL is ph_clock_system */
    ph_log_sink_fn sink;          /**< NULL writes to `descriptor` with one write(2) per line */
    void *user;                   /**< of the sink */
    int descriptor;               /**< not owned */
    struct ph_tail *tail;         /**< lent; gets every line too; NULL: none */
};

PH_MUST_USE int ph_log_create(const struct ph_log_options *options, struct ph_log **log);

/** Tells what was left out, then frees the log; no thread may use it any more. */
void ph_log_destroy(struct ph_log *log);

/** Change the level; any thread. */
void ph_log_set_level(struct ph_log *log, enum ph_log_level level);

bool ph_log_wants(const struct ph_log *log, enum ph_log_level level);

/** Tell what was left out in seconds that are over: once a second or so, from one thread. */
void ph_log_flush(struct ph_log *log);

/**
 * Write one line.
 *
 * event   a word for what happens in the life of something: "publishing", "closed"; NULL: none
 * path    what it is about: "live/cam", "listen media"; NULL: the server as a whole
 * format  a literal: it is remembered
 */
void ph_log_write(struct ph_log *log, enum ph_log_level level, const char *event, const char *path, const char *format,
                  ...) PH_PRINTF(5, 6);

#define ph_log_event(log, event, path, ...) ph_log_write(log, PH_LOG_INFO, event, path, __VA_ARGS__)
#define ph_log_error(log, path, ...)        ph_log_write(log, PH_LOG_ERROR, NULL, path, __VA_ARGS__)
#define ph_log_warning(log, path, ...)      ph_log_write(log, PH_LOG_WARNING, NULL, path, __VA_ARGS__)
#define ph_log_info(log, path, ...)         ph_log_write(log, PH_LOG_INFO, NULL, path, __VA_ARGS__)
#define ph_log_debug(log, path, ...)        ph_log_write(log, PH_LOG_DEBUG, NULL, path, __VA_ARGS__)

/** "info" */
const char *ph_log_level_name(enum ph_log_level level);

#endif
