/* SPDX-License-Identifier: MIT */
#include "mux/playlist.h"

#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "base/text.h"

enum { LINE = 384, PARTS_TARGETS = 3 /* target durations from the edge in which parts are told */ };

struct writer {
    struct rtmp_buffer *out;
    int error;
};

static void add(struct writer *writer, const char *format, ...) PH_PRINTF(2, 3);

static void add(struct writer *writer, const char *format, ...)
{
    char line[LINE];
    struct ph_text text;
    va_list values;
    ph_text_init(&text, line, sizeof line);
    va_start(values, format);
    ph_text_add_v(&text, format, values);
    va_end(values);
    if (!writer->error)
        writer->error = rtmp_buffer_append(writer->out, line, strlen(line));
}

#define SECONDS(ms) (unsigned)((ms) / 1000), (unsigned)((ms) % 1000)

static uint64_t span_ms(const struct ph_hls_playlist *playlist, size_t from)
{
    uint64_t ms = 0;
    for (size_t i = from; i < playlist->n; i++)
        ms += playlist->segments[i]->duration_ms;
    return ms;
}

/* Those that end longer than the skip boundary before the edge. */
static size_t n_skipped(const struct ph_hls_playlist *playlist)
{
    size_t n = 0;
    while (playlist->is_delta && n < playlist->n && span_ms(playlist, n + 1) >= ph_hls_skip_until_ms(playlist))
        n++;
    return n;
}

static void add_head(struct writer *writer, const struct ph_hls_playlist *playlist)
{
    const struct ph_hls_segment *first = playlist->segments[0];
    uint32_t hold_ms = 3 * playlist->part_ms, skip_ms = ph_hls_skip_until_ms(playlist);
    add(writer, "#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:%u\n", playlist->target_s);
    add(writer, "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=%u.%03u,CAN-SKIP-UNTIL=%u.%03u\n",
        SECONDS(hold_ms), SECONDS(skip_ms));
    add(writer, "#EXT-X-PART-INF:PART-TARGET=%u.%03u\n", SECONDS(playlist->part_ms));
    add(writer, "#EXT-X-MEDIA-SEQUENCE:%llu\n", (unsigned long long)first->number);
    if (first->epoch != playlist->first_epoch)
        add(writer, "#EXT-X-DISCONTINUITY-SEQUENCE:%llu\n", (unsigned long long)(first->epoch - playlist->first_epoch));
}

static void add_date(struct writer *writer, int64_t wall_ms)
{
    char date[32];
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm tm;
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", gmtime_r(&seconds, &tm));
    add(writer, "#EXT-X-PROGRAM-DATE-TIME:%s.%03uZ\n", date, (unsigned)(wall_ms % 1000));
}

static void add_parts(struct writer *writer, const struct ph_hls_segment *segment)
{
    for (size_t i = 0; i < segment->n_parts; i++)
        add(writer, "#EXT-X-PART:DURATION=%u.%03u,URI=\"p%llu.%zu.m4s\"%s\n", SECONDS(segment->parts[i].duration_ms),
            (unsigned long long)segment->number, i, segment->parts[i].is_independent ? ",INDEPENDENT=YES" : "");
}

static void add_segment(struct writer *writer, const struct ph_hls_playlist *playlist, size_t i)
{
    const struct ph_hls_segment *segment = playlist->segments[i];
    bool is_other = i > 0 && playlist->segments[i - 1]->epoch != segment->epoch;
    if (is_other)
        add(writer, "#EXT-X-DISCONTINUITY\n");
    if (i == 0 || is_other)
        add(writer, "#EXT-X-MAP:URI=\"i%u.mp4\"\n", segment->epoch);
    if (segment->is_whole || segment->n_parts)
        add_date(writer, segment->wall_ms);
    if (span_ms(playlist, i) <= PARTS_TARGETS * 1000u * playlist->target_s)
        add_parts(writer, segment);
    if (segment->is_whole)
        add(writer, "#EXTINF:%u.%03u,\ns%llu.m4s\n", SECONDS(segment->duration_ms),
            (unsigned long long)segment->number);
}

int ph_hls_media_playlist(const struct ph_hls_playlist *playlist, struct rtmp_buffer *out)
{
    struct writer writer = {.out = out};
    size_t skipped = n_skipped(playlist);
    const struct ph_hls_segment *last = playlist->segments[playlist->n - 1];
    add_head(&writer, playlist);
    if (skipped)
        add(&writer, "#EXT-X-SKIP:SKIPPED-SEGMENTS=%zu\n", skipped);
    for (size_t i = skipped; i < playlist->n; i++)
        add_segment(&writer, playlist, i);
    if (playlist->has_ended)
        add(&writer, "#EXT-X-ENDLIST\n");
    else
        add(&writer, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"p%llu.%zu.m4s\"\n",
            (unsigned long long)(last->number + last->is_whole), last->is_whole ? 0 : last->n_parts);
    return writer.error;
}

int ph_hls_master_playlist(const char *uri, const struct ph_mux_track *const *tracks, size_t n, uint64_t peak_bit_s,
                           uint64_t mean_bit_s, struct rtmp_buffer *out)
{
    struct writer writer = {.out = out};
    char codecs[128];
    struct ph_text text;
    ph_text_init(&text, codecs, sizeof codecs);
    add(&writer, "#EXTM3U\n#EXT-X-VERSION:9\n");
    for (size_t i = 0; i < n; i++) {
        ph_text_add(&text, "%s", i ? "," : "");
        ph_mux_track_codec(tracks[i], &text);
    }
    add(&writer, "#EXT-X-STREAM-INF:BANDWIDTH=%llu,AVERAGE-BANDWIDTH=%llu,CODECS=\"%s\"",
        (unsigned long long)peak_bit_s, (unsigned long long)mean_bit_s, codecs);
    for (size_t i = 0; i < n; i++)
        if (tracks[i]->is_video && tracks[i]->width && tracks[i]->height)
            add(&writer, ",RESOLUTION=%ux%u", tracks[i]->width, tracks[i]->height);
    add(&writer, "\n%s\n", uri);
    return writer.error;
}
