/* SPDX-License-Identifier: MIT */
#include "mux/playlist.h"

#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "base/text.h"

enum {
    LINE = 512,
    CODEC = 64,
    CODECS = 256,
    PARTS_TARGETS = 3, /* target durations from the edge in which parts are told */
};

static int version_of(enum ph_hls_container container) { return container == PH_HLS_TS ? 3 : 9; }

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

/* What players of low latency may do. */
static void add_control(struct writer *writer, const struct ph_hls_playlist *playlist)
{
    uint32_t hold_ms = 3 * playlist->part_ms, skip_ms = ph_hls_skip_until_ms(playlist);
    add(writer, "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=%u.%03u,CAN-SKIP-UNTIL=%u.%03u\n",
        SECONDS(hold_ms), SECONDS(skip_ms));
    add(writer, "#EXT-X-PART-INF:PART-TARGET=%u.%03u\n", SECONDS(playlist->part_ms));
}

static void add_head(struct writer *writer, const struct ph_hls_playlist *playlist)
{
    const struct ph_hls_segment *first = playlist->segments[0];
    add(writer, "#EXTM3U\n#EXT-X-VERSION:%d\n#EXT-X-TARGETDURATION:%u\n", version_of(playlist->container),
        playlist->target_s);
    if (playlist->container == PH_HLS_FMP4)
        add_control(writer, playlist);
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
    bool has_parts = playlist->container == PH_HLS_FMP4;
    if (!segment->is_whole && !(has_parts && segment->n_parts))
        return; /* nothing of it can be had */
    bool is_other = i > 0 && playlist->segments[i - 1]->epoch != segment->epoch;
    if (is_other)
        add(writer, "#EXT-X-DISCONTINUITY\n");
    if (has_parts && (i == 0 || is_other))
        add(writer, "#EXT-X-MAP:URI=\"i%u.mp4\"\n", segment->epoch);
    add_date(writer, segment->wall_ms);
    if (has_parts && span_ms(playlist, i) <= PARTS_TARGETS * 1000u * playlist->target_s)
        add_parts(writer, segment);
    if (segment->is_whole)
        add(writer, "#EXTINF:%u.%03u,\ns%llu.%s\n", SECONDS(segment->duration_ms), (unsigned long long)segment->number,
            has_parts ? "m4s" : "ts");
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
    for (size_t i = 0; playlist->container == PH_HLS_FMP4 && i < playlist->n_reports; i++)
        add(&writer, "#EXT-X-RENDITION-REPORT:URI=\"%s\",LAST-MSN=%llu,LAST-PART=%zu\n", playlist->reports[i].uri,
            (unsigned long long)playlist->reports[i].number, playlist->reports[i].n_parts - 1);
    if (playlist->has_ended)
        add(&writer, "#EXT-X-ENDLIST\n");
    else if (playlist->container == PH_HLS_FMP4)
        add(&writer, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"p%llu.%zu.m4s\"\n",
            (unsigned long long)(last->number + last->is_whole), last->is_whole ? 0 : last->n_parts);
    return writer.error;
}

/* Master playlists */

static void add_codecs(const struct ph_hls_variant *variant, struct ph_text *text)
{
    for (size_t i = 0; i < variant->n; i++) {
        char codec[CODEC];
        struct ph_text one;
        ph_text_init(&one, codec, sizeof codec);
        ph_mux_track_codec(variant->tracks[i], &one);
        if (strstr(text->bytes, codec))
            continue;
        ph_text_add(text, "%s%s", text->bytes[0] ? "," : "", codec);
    }
}

static void add_alternative(struct writer *writer, const struct ph_hls_variant *variant)
{
    add(writer, "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"%s\",DEFAULT=%s,AUTOSELECT=YES,URI=\"%s\"\n",
        variant->name, variant->is_default ? "YES" : "NO", variant->uri);
}

/* Codecs and rates are those of a player that has chosen the dearest alternative. */
static void add_variant(struct writer *writer, const struct ph_hls_variant *variant, const struct ph_hls_variant *all,
                        size_t n)
{
    char codecs[CODECS];
    struct ph_text text;
    uint64_t peak = 0, mean = 0;
    bool has_group = false;
    ph_text_init(&text, codecs, sizeof codecs);
    add_codecs(variant, &text);
    for (size_t i = 0; i < n; i++) {
        if (!all[i].name)
            continue;
        has_group = true;
        peak = all[i].peak_bit_s > peak ? all[i].peak_bit_s : peak;
        mean = all[i].mean_bit_s > mean ? all[i].mean_bit_s : mean;
        add_codecs(&all[i], &text);
    }
    add(writer, "#EXT-X-STREAM-INF:BANDWIDTH=%llu,AVERAGE-BANDWIDTH=%llu,CODECS=\"%s\"",
        (unsigned long long)(variant->peak_bit_s + peak), (unsigned long long)(variant->mean_bit_s + mean), codecs);
    for (size_t i = 0; i < variant->n; i++)
        if (variant->tracks[i]->is_video && variant->tracks[i]->width && variant->tracks[i]->height)
            add(writer, ",RESOLUTION=%ux%u", variant->tracks[i]->width, variant->tracks[i]->height);
    add(writer, "%s\n%s\n", has_group ? ",AUDIO=\"audio\"" : "", variant->uri);
}

int ph_hls_master_playlist(enum ph_hls_container container, const struct ph_hls_variant *variants, size_t n,
                           struct rtmp_buffer *out)
{
    struct writer writer = {.out = out};
    bool has_group = false, has_default = false;
    for (size_t i = 0; i < n; i++) {
        has_group |= variants[i].name != NULL;
        has_default |= variants[i].is_default;
    }
    add(&writer, "#EXTM3U\n#EXT-X-VERSION:%d\n", version_of(container));
    if (has_group && !has_default) /* what the variants carry themselves */
        add(&writer, "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"Main\",DEFAULT=YES,AUTOSELECT=YES\n");
    for (size_t i = 0; i < n; i++)
        if (variants[i].name)
            add_alternative(&writer, &variants[i]);
    for (size_t i = 0; i < n; i++)
        if (!variants[i].name)
            add_variant(&writer, &variants[i], variants, n);
    return writer.error;
}
