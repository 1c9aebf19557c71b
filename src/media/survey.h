/* SPDX-License-Identifier: MIT */
/**
 * @file  What goes on in media, for operators: who publishes, who watches, on one worker.
 *
 * Thread  The loop's.
 */
#ifndef PH_MEDIA_SURVEY_H
#define PH_MEDIA_SURVEY_H

#include <stdint.h>

struct ph_loop;
struct ph_media;
struct ph_worker;

/** A stream that is published on this worker. */
struct ph_stream_row {
    const char *path;
    uint64_t bytes, units; /**< of this epoch */
    uint64_t bytes_per_s;  /**< 0: not known yet */
    uint64_t viewers;      /**< ever joined */
    uint64_t skips;
    int64_t time_us; /**< stream time of its newest unit */
    uint32_t key_interval_ms;
};

/** Viewers of a stream on this worker, wherever it is published. */
struct ph_viewers_row {
    const char *path;
    uint64_t n;
};

struct ph_survey {
    void (*stream)(void *user, const struct ph_stream_row *row); /**< rows are lent */
    void (*viewers)(void *user, const struct ph_viewers_row *row);
    void *user;
};

void ph_media_survey(struct ph_media *media, struct ph_loop *loop, const struct ph_survey *survey);

/* publisher.c: its part */
void ph_publishers_tell(const struct ph_worker *worker, const struct ph_survey *survey);

#endif
