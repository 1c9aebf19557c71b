/* SPDX-License-Identifier: MIT */
#include "gate/hls/segmenter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rtmpwire/amf0.h>
#include <rtmpwire/arena.h>
#include <rtmpwire/value.h>

#include "app/json.h"
#include "app/letter.h"
#include "base/limits.h"
#include "mux/emsg.h"

enum {
    LANE_BYTES = 16 * 1024 * 1024,
    TEXT_BYTES = 1024 * 1024,
    JUMP_MS = 10000, /* a frame so far from the last one begins an epoch */
    METADATA_ARENA = 64 * 1024,
    EVENTS_BYTES = 64 * 1024, /* of one part */
};

/* Blobs */

struct ph_blob *ph_blob_create(const void *bytes, size_t length)
{
    struct ph_blob *blob = malloc(sizeof *blob + length);
    if (!blob)
        return NULL;
    ph_ref_init(&blob->ref);
    blob->length = length;
    if (length)
        memcpy(blob->bytes, bytes, length);
    return blob;
}

void ph_blob_ref(struct ph_blob *blob) { ph_ref_take(&blob->ref); }

void ph_blob_unref(struct ph_blob *blob)
{
    if (blob && ph_ref_drop(&blob->ref))
        free(blob);
}

/* Lanes */

static void empty_lane(struct ph_lane *lane)
{
    lane->n = 0;
    rtmp_buffer_clear(&lane->bytes);
}

/* One that is made for a further picture is nothing without it. */
static const struct ph_lane *leading(const struct ph_segmenter *segmenter)
{
    bool has_picture = segmenter->video.track.fourcc || segmenter->video.number > 0;
    return has_picture ? &segmenter->video : &segmenter->audio;
}

static int add_sample(struct ph_lane *lane, const struct rtmp_tag *tag, int64_t time_ms)
{
    if (lane->n == lane->cap) {
        size_t cap = lane->cap ? 2 * lane->cap : 64;
        struct ph_mux_sample *samples = realloc(lane->samples, cap * sizeof *samples);
        if (!samples)
            return -ENOMEM;
        lane->samples = samples;
        lane->cap = cap;
    }
    int rc = rtmp_buffer_append(&lane->bytes, tag->payload, tag->length);
    if (rc)
        return -ENOMEM;
    if (lane->n) {
        lane->step_ms = (uint32_t)(time_ms - lane->last_ms);
        lane->samples[lane->n - 1].duration_ms = lane->step_ms;
    } else {
        lane->first_ms = time_ms;
    }
    lane->samples[lane->n++] = (struct ph_mux_sample){.length = (uint32_t)tag->length,
                                                      .composition_ms = tag->composition_ms,
                                                      .is_key = tag->kind == RTMP_TAG_AUDIO || tag->key,
                                                      .duration_ms = lane->step_ms};
    lane->last_ms = time_ms;
    return 0;
}

/* The first `n` samples have gone out. */
static void drop_samples(struct ph_lane *lane, size_t n)
{
    size_t length = 0;
    if (n == 0)
        return;
    for (size_t i = 0; i < n; i++) {
        length += lane->samples[i].length;
        lane->first_ms += lane->samples[i].duration_ms;
    }
    lane->n -= n;
    memmove(lane->samples, lane->samples + n, lane->n * sizeof *lane->samples);
    lane->bytes.length -= length;
    if (lane->bytes.length)
        memmove(lane->bytes.data, lane->bytes.data + length, lane->bytes.length);
}

static struct ph_mux_run run_of(const struct ph_lane *lane, uint32_t track, size_t n)
{
    struct ph_mux_run run = {.track = track,
                             .time_ms = (uint64_t)lane->first_ms,
                             .samples = lane->samples,
                             .n = n,
                             .bytes = lane->bytes.data};
    for (size_t i = 0; i < n; i++)
        run.length += lane->samples[i].length;
    return run;
}

/* Segments */

static void free_segment(struct ph_segmenter *segmenter, struct ph_segment *segment)
{
    for (size_t i = 0; i < segment->is.n_parts; i++)
        ph_blob_unref(segment->slices[i].blob);
    segmenter->bytes -= segment->length;
    free(segment);
}

static bool is_too_much(const struct ph_segmenter *segmenter)
{
    enum { LEAST = 3 };
    const struct ph_segment *const *segments = (const struct ph_segment *const *)segmenter->segments;
    if (segmenter->n <= LEAST)
        return false;
    return segmenter->n == PH_SEGMENTS_MAX || segmenter->bytes > segmenter->max_bytes ||
           segments[segmenter->n - 1]->time_ms - segments[0]->time_ms > PH_LIMIT_HLS_MS;
}

/* Of the segment that is open at this time. It may have no part yet. */
static uint64_t number_at(const struct ph_segmenter *segmenter, int64_t time_ms)
{
    const struct ph_segment *last = segmenter->n ? segmenter->segments[segmenter->n - 1] : NULL;
    return last && !last->is.is_whole && time_ms >= last->time_ms ? last->is.number : segmenter->next_number;
}

static struct ph_segment *open_segment(struct ph_segmenter *segmenter)
{
    struct ph_segment *last = segmenter->n ? segmenter->segments[segmenter->n - 1] : NULL;
    if (last && !last->is.is_whole)
        return last;
    while (is_too_much(segmenter)) {
        free_segment(segmenter, segmenter->segments[0]);
        segmenter->n--;
        memmove(segmenter->segments, segmenter->segments + 1, segmenter->n * sizeof *segmenter->segments);
    }
    struct ph_segment *segment = calloc(1, sizeof *segment);
    if (!segment)
        return NULL;
    segment->time_ms = segmenter->part_ms;
    if (segmenter->lead && !segmenter->n)
        segmenter->next_number = number_at(segmenter->lead, segmenter->part_ms);
    segment->is.number = segmenter->next_number++;
    segment->is.epoch = segmenter->epoch;
    segment->is.parts = segment->parts;
    segmenter->segments[segmenter->n++] = segment;
    return segment;
}

/* Its parts become slices of one blob, so that they are not kept twice. */
static void close_segment(struct ph_segmenter *segmenter)
{
    struct ph_segment *segment = segmenter->n ? segmenter->segments[segmenter->n - 1] : NULL;
    if (!segment || segment->is.is_whole)
        return;
    struct ph_blob *blob = malloc(sizeof *blob + segment->length);
    segment->is.is_whole = true;
    if (segment->is.duration_ms) {
        uint64_t bit_s = (uint64_t)segment->length * 8000 / segment->is.duration_ms;
        segmenter->peak_bit_s = bit_s > segmenter->peak_bit_s ? bit_s : segmenter->peak_bit_s;
    }
    if (!blob)
        return; /* it is served as parts alone */
    ph_ref_init(&blob->ref);
    blob->length = 0;
    for (size_t i = 0; i < segment->is.n_parts; i++) {
        struct ph_slice *slice = &segment->slices[i];
        memcpy(blob->bytes + blob->length, slice->blob->bytes + slice->offset, slice->length);
        ph_blob_unref(slice->blob);
        ph_blob_ref(blob);
        *slice = (struct ph_slice){blob, blob->length, slice->length};
        blob->length += slice->length;
    }
    ph_blob_unref(blob);
}

/* Parts */

static size_t tracks_of(const struct ph_segmenter *segmenter, const struct ph_mux_track *tracks[PH_HLS_TRACKS])
{
    size_t n = 0;
    if (segmenter->video.track.fourcc)
        tracks[n++] = &segmenter->video.track;
    if (segmenter->audio.track.fourcc)
        tracks[n++] = &segmenter->audio.track;
    return n;
}

/* A transport stream has none: it is empty, and says that the epoch has begun. */
static int make_header(struct ph_segmenter *segmenter)
{
    const struct ph_mux_track *tracks[PH_HLS_TRACKS];
    struct rtmp_buffer bytes;
    size_t n = tracks_of(segmenter, tracks), at = segmenter->epoch % PH_COUNT(segmenter->init);
    segmenter->video.is_new = segmenter->audio.is_new = false;
    rtmp_buffer_init(&bytes, &ph_app_allocator, TEXT_BYTES);
    int rc = segmenter->container == PH_HLS_FMP4 ? ph_fmp4_init(tracks, n, &bytes) : 0;
    struct ph_blob *blob = rc ? NULL : ph_blob_create(bytes.data, bytes.length);
    rtmp_buffer_finish(&bytes);
    if (!blob)
        return -ENOMEM;
    ph_blob_unref(segmenter->init[at]);
    segmenter->init[at] = blob;
    segmenter->init_epoch[at] = segmenter->epoch;
    return 0;
}

static bool has_header(const struct ph_segmenter *segmenter)
{
    size_t at = segmenter->epoch % PH_COUNT(segmenter->init);
    return segmenter->init[at] && segmenter->init_epoch[at] == segmenter->epoch;
}

static int write_piece(struct ph_segmenter *segmenter, const struct ph_mux_run *runs, size_t n, struct rtmp_buffer *out)
{
    const struct ph_mux_track *tracks[PH_HLS_TRACKS];
    if (segmenter->container == PH_HLS_TS)
        return ph_ts_piece(&segmenter->ts, tracks, tracks_of(segmenter, tracks), runs, n, out);
    int rc = rtmp_buffer_append(out, segmenter->events.data, segmenter->events.length);
    return rc ? rc : ph_fmp4_fragment(segmenter->sequence, runs, n, out);
}

static int add_part(struct ph_segmenter *segmenter, const struct ph_mux_run *runs, size_t n, int64_t end_ms,
                    bool is_independent)
{
    struct rtmp_buffer bytes;
    struct ph_segment *segment = open_segment(segmenter);
    rtmp_buffer_init(&bytes, &ph_app_allocator, 2 * LANE_BYTES + TEXT_BYTES);
    segmenter->sequence++;
    int rc = write_piece(segmenter, runs, n, &bytes);
    struct ph_blob *blob = segment && !rc ? ph_blob_create(bytes.data, bytes.length) : NULL;
    rtmp_buffer_finish(&segmenter->events);
    rtmp_buffer_finish(&bytes);
    if (!blob)
        return -ENOMEM;
    size_t i = segment->is.n_parts++;
    segment->parts[i] = (struct ph_hls_part){(uint32_t)(end_ms - segmenter->part_ms), is_independent};
    segment->slices[i] = (struct ph_slice){blob, 0, blob->length};
    segment->is.duration_ms += segment->parts[i].duration_ms;
    segment->length += blob->length;
    segmenter->bytes += blob->length;
    return 0;
}

/* What has gathered is a part, up to `end_ms`. Of the lane that follows, the newest sample's length is not known yet.
 */
static int close_part(struct ph_segmenter *segmenter, int64_t end_ms, bool is_last)
{
    struct ph_lane *lanes[] = {&segmenter->video, &segmenter->audio};
    struct ph_lane *lead = lanes[leading(segmenter) == &segmenter->audio];
    struct ph_mux_run runs[2];
    size_t n = 0, counts[2] = {0, 0};
    uint32_t number = 0;
    int err = has_header(segmenter) ? 0 : make_header(segmenter);
    lead->samples[lead->n - 1].duration_ms = (uint32_t)(end_ms - lead->last_ms);
    for (size_t i = 0; i < PH_COUNT(lanes); i++) {
        number += lanes[i]->track.fourcc != 0;
        counts[i] = lanes[i]->n && lanes[i] != lead && !is_last ? lanes[i]->n - 1 : lanes[i]->n;
        if (counts[i])
            runs[n++] = run_of(lanes[i], number, counts[i]);
    }
    if (!err)
        err = add_part(segmenter, runs, n, end_ms, lead->samples[0].is_key);
    for (size_t i = 0; i < PH_COUNT(lanes); i++)
        drop_samples(lanes[i], counts[i]);
    segmenter->part_ms = end_ms;
    return err;
}

static int finish_part(struct ph_segmenter *segmenter)
{
    const struct ph_lane *lead = leading(segmenter);
    int err = segmenter->is_begun && lead->n
                  ? close_part(segmenter, lead->last_ms + (lead->step_ms ? lead->step_ms : 1), true)
                  : 0;
    close_segment(segmenter);
    empty_lane(&segmenter->video);
    empty_lane(&segmenter->audio);
    segmenter->is_begun = false;
    return err;
}

/* Frames */

static int begin_epoch(struct ph_segmenter *segmenter)
{
    int err = finish_part(segmenter);
    segmenter->epoch += has_header(segmenter); /* else nothing of it has been seen */
    return err;
}

/* Is a segment long enough to end before this frame of the leading lane? */
static bool may_end(const struct ph_segmenter *segmenter, const struct ph_lane *lane, int64_t segment_ms, bool is_key,
                    int64_t time_ms)
{
    const struct ph_segmenter *lead = segmenter->lead;
    bool is_place = lane == &segmenter->audio || is_key, is_enough = segment_ms >= PH_HLS_SEGMENT_MS;
    if (!lead || !lead->n || !segmenter->n)
        return is_place && is_enough;
    uint64_t mine = number_at(segmenter, time_ms), its = number_at(lead, time_ms);
    return is_place && (mine < its || (is_enough && mine == its && lane == &segmenter->video));
}

/* Close what this frame of the leading lane ends. */
static int make_room(struct ph_segmenter *segmenter, const struct ph_lane *lead, int64_t time_ms, bool is_key)
{
    struct ph_segment *last = segmenter->n ? segmenter->segments[segmenter->n - 1] : NULL;
    bool is_growing = last && !last->is.is_whole;
    int64_t segment_ms = time_ms - (is_growing ? last->time_ms : segmenter->part_ms), next_ms = time_ms + lead->step_ms;
    bool ends_segment = may_end(segmenter, lead, segment_ms, is_key, time_ms) ||
                        segment_ms + lead->step_ms > PH_HLS_TARGET_S * 1000 ||
                        (is_growing && last->is.n_parts + 2 > PH_PARTS_MAX);
    if (lead->n == 0 || (!ends_segment && next_ms - segmenter->part_ms <= PH_HLS_PART_MS))
        return 0;
    int err = close_part(segmenter, time_ms, false);
    if (ends_segment)
        close_segment(segmenter);
    return err;
}

static int take_frame(struct ph_segmenter *segmenter, struct ph_lane *lane, const struct rtmp_tag *tag, int64_t time_ms)
{
    int err = 0;
    bool jumps = lane->n && (time_ms < lane->last_ms || time_ms - lane->last_ms > JUMP_MS);
    if (jumps || (lane->is_new && has_header(segmenter)))
        err = begin_epoch(segmenter);
    const struct ph_lane *lead = leading(segmenter);
    if (!segmenter->is_begun) {
        if (lane != lead || !(tag->key || tag->kind == RTMP_TAG_AUDIO))
            return err;
        segmenter->is_begun = true;
        segmenter->part_ms = time_ms;
    }
    if (!err && lane == lead)
        err = make_room(segmenter, lead, time_ms, tag->key);
    segmenter->has_ended = false;
    return err ? err : add_sample(lane, tag, time_ms);
}

static void take_track(struct ph_segmenter *segmenter, struct ph_lane *lane, const struct rtmp_tag *tag)
{
    struct ph_mux_track track;
    bool is_first = !lane->track.fourcc || tag->packet == RTMP_TAG_SEQUENCE_START;
    if (!is_first || ph_mux_track_read(&track, tag) || (segmenter->container == PH_HLS_TS && !ph_ts_carries(&track)))
        return;
    if (track.is_video && !track.width) {
        track.width = segmenter->width;
        track.height = segmenter->height;
    }
    lane->is_new |= !lane->track.fourcc || !ph_mux_track_equal(&lane->track, &track);
    if (lane->is_new && lane->n) { /* what came before was for the old one */
        (void)finish_part(segmenter);
    }
    lane->track = track;
}

static int take_media(struct ph_segmenter *segmenter, struct ph_lane *lane, const struct rtmp_tag *tag)
{
    if (tag->track != lane->number || !tag->known)
        return 0;
    take_track(segmenter, lane, tag);
    bool is_frame = tag->packet == RTMP_TAG_CODED || tag->packet == RTMP_TAG_CODED_X;
    bool fits = lane->track.fourcc && is_frame && tag->length;
    return fits ? take_frame(segmenter, lane, tag, segmenter->time_ms) : 0;
}

static void take_metadata(struct ph_segmenter *segmenter, const struct rtmp_value *value)
{
    double width = rtmp_value_number(rtmp_value_get(value, "width"), 0);
    double height = rtmp_value_number(rtmp_value_get(value, "height"), 0);
    segmenter->width = width >= 1 && width <= UINT16_MAX ? (uint32_t)width : 0;
    segmenter->height = height >= 1 && height <= UINT16_MAX ? (uint32_t)height : 0;
}

/* A data message: its name, and what follows as a JSON array. What cannot be said is left out. */
static void take_event(struct ph_segmenter *segmenter, const struct rtmp_flv_tag *tag, struct rtmp_arena *arena)
{
    struct rtmp_amf_reader reader;
    struct rtmp_buffer text;
    struct rtmp_value *name, *value, *list = rtmp_value_new_array(arena);
    rtmp_amf_reader_init(&reader, tag->body, tag->length, arena, NULL);
    bool failed = !segmenter->is_begun || rtmp_amf0_read(&reader, &name) != 0 || rtmp_value_type(name) != RTMP_STRING;
    while (!failed && rtmp_amf0_read(&reader, &value) == 0)
        failed = rtmp_value_push(arena, list, value) != 0;
    rtmp_buffer_init(&text, &ph_app_allocator, EVENTS_BYTES);
    if (!failed && ph_json_write(list, &text) == 0 &&
        !memchr(rtmp_value_text(name).data, 0, rtmp_value_text(name).length))
        (void)!ph_emsg_write((uint64_t)segmenter->time_ms, ++segmenter->n_events, rtmp_value_text(name).data,
                             rtmp_value_text(name).length, (const char *)text.data, text.length, &segmenter->events);
    rtmp_buffer_finish(&text);
}

static void take_data(struct ph_segmenter *segmenter, const struct rtmp_flv_tag *tag)
{
    static const struct rtmp_value_limits limits = {0};
    struct rtmp_arena arena;
    struct rtmp_value *value;
    size_t before = segmenter->events.length;
    rtmp_arena_init(&arena, &ph_app_allocator, METADATA_ARENA);
    int rc = rtmp_flv_metadata_read(tag->body, tag->length, &arena, &limits, &value);
    if (rc == 0)
        take_metadata(segmenter, value);
    else if (rc == RTMP_E_UNSUPPORTED)
        take_event(segmenter, tag, &arena);
    if (segmenter->events.length > EVENTS_BYTES)
        segmenter->events.length = before; /* more than a part may carry */
    rtmp_arena_finish(&arena);
}

int ph_segmenter_take(struct ph_segmenter *segmenter, const struct rtmp_flv_tag *tag)
{
    struct rtmp_tag media;
    if (tag->type == RTMP_FLV_SCRIPT) {
        take_data(segmenter, tag);
        return 0;
    }
    segmenter->time_ms = segmenter->has_time
                             ? segmenter->time_ms + (int32_t)(tag->time_ms - (uint32_t)segmenter->time_ms)
                             : (int64_t)tag->time_ms;
    segmenter->has_time = true;
    if (tag->type == RTMP_FLV_VIDEO && rtmp_tag_parse_video(tag->body, tag->length, &media) == 0)
        return take_media(segmenter, &segmenter->video, &media);
    if (tag->type == RTMP_FLV_AUDIO && rtmp_tag_parse_audio(tag->body, tag->length, &media) == 0)
        return take_media(segmenter, &segmenter->audio, &media);
    return 0; /* a body that nobody understands is left out, as everywhere */
}

/* Beginning and end */

void ph_segmenter_init(struct ph_segmenter *segmenter, const struct ph_segmenter_options *options)
{
    const struct ph_segmenter *lead = options->lead;
    *segmenter = (struct ph_segmenter){.container = options->container,
                                       .lead = lead,
                                       .max_bytes = PH_LIMIT_HLS_BYTES,
                                       .video.number = options->video,
                                       .audio.number = options->audio,
                                       .next_number = options->first_number,
                                       .epoch = lead ? lead->epoch : 1,
                                       .first_epoch = lead ? lead->first_epoch : 1};
    rtmp_buffer_init(&segmenter->video.bytes, &ph_app_allocator, LANE_BYTES);
    rtmp_buffer_init(&segmenter->audio.bytes, &ph_app_allocator, LANE_BYTES);
    rtmp_buffer_init(&segmenter->events, &ph_app_allocator, 2 * EVENTS_BYTES);
}

void ph_segmenter_finish(struct ph_segmenter *segmenter)
{
    for (size_t i = 0; i < segmenter->n; i++)
        free_segment(segmenter, segmenter->segments[i]);
    for (size_t i = 0; i < PH_COUNT(segmenter->init); i++)
        ph_blob_unref(segmenter->init[i]);
    rtmp_buffer_finish(&segmenter->video.bytes);
    rtmp_buffer_finish(&segmenter->audio.bytes);
    rtmp_buffer_finish(&segmenter->events);
    free(segmenter->video.samples);
    free(segmenter->audio.samples);
}

void ph_segmenter_silence(struct ph_segmenter *segmenter)
{
    if (segmenter->audio.track.fourcc)
        (void)begin_epoch(segmenter); /* as in ph_segmenter_cut() */
    segmenter->audio.number = -1;
    segmenter->audio.track.fourcc = 0;
}

void ph_segmenter_cut(struct ph_segmenter *segmenter)
{
    (void)begin_epoch(segmenter); /* what is lost for want of memory is the end of the old epoch */
    segmenter->video.track.fourcc = segmenter->audio.track.fourcc = 0;
}

void ph_segmenter_end(struct ph_segmenter *segmenter)
{
    ph_segmenter_cut(segmenter);
    segmenter->has_ended = segmenter->n > 0;
}

/* Playlists */

const struct ph_segment *ph_segmenter_find(const struct ph_segmenter *segmenter, uint64_t number)
{
    uint64_t first = segmenter->n ? segmenter->segments[0]->is.number : 0;
    return segmenter->n && number >= first && number - first < segmenter->n ? segmenter->segments[number - first]
                                                                            : NULL;
}

int ph_segmenter_playlist(struct ph_segmenter *segmenter, int64_t wall_offset_ms, struct ph_hls_playlist about,
                          struct rtmp_buffer *out)
{
    const struct ph_hls_segment *segments[PH_SEGMENTS_MAX];
    if (!segmenter->n)
        return -ENOENT;
    for (size_t i = 0; i < segmenter->n; i++) {
        struct ph_segment *segment = segmenter->segments[i];
        if (!segment->is.wall_ms)
            segment->is.wall_ms = segment->time_ms + wall_offset_ms;
        segments[i] = &segment->is;
    }
    about.container = segmenter->container;
    about.target_s = PH_HLS_TARGET_S;
    about.part_ms = PH_HLS_PART_MS;
    about.first_epoch = segmenter->first_epoch;
    about.segments = segments;
    about.n = segmenter->n;
    about.has_ended = segmenter->has_ended;
    return ph_hls_media_playlist(&about, out) ? -ENOMEM : 0;
}

static bool has_begun(const struct ph_segmenter *segmenter) { return leading(segmenter)->track.fourcc != 0; }

bool ph_segmenter_describe(const struct ph_segmenter *segmenter, struct ph_hls_variant *variant)
{
    uint64_t ms = 0;
    for (size_t i = 0; i < segmenter->n; i++)
        ms += segmenter->segments[i]->is.duration_ms;
    variant->n = tracks_of(segmenter, variant->tracks);
    if (!ms || !has_begun(segmenter))
        return false;
    variant->mean_bit_s = segmenter->bytes * 8000 / ms + 1;
    variant->peak_bit_s = segmenter->peak_bit_s > variant->mean_bit_s ? segmenter->peak_bit_s : variant->mean_bit_s;
    return true;
}

bool ph_segmenter_is_beginning(const struct ph_segmenter *segmenter)
{
    return segmenter->n == 0 && has_begun(segmenter);
}
