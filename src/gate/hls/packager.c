/* SPDX-License-Identifier: MIT */
/*
 * A packager watches its stream as an HTTP-FLV player does, only that its outlet is a sink: tags become a presentation.
 * It lives from the first request until a while after the last, and keeps who asks for what is not there yet.
 */
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "app/letter.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/text.h"
#include "gate/flv/form.h"
#include "gate/hls/shelf.h"
#include "media/outlet.h"
#include "media/viewer.h"

enum {
    SWEEP_US = 1000000,
    PATIENCE_US = 3 * PH_HLS_TARGET_S * 1000000, /* for what is to come */
    AHEAD_MAX = 2,                               /* segments beyond the newest that may be waited for */
    PLAYLIST_BYTES = 1024 * 1024,
};

struct ph_packager {
    struct ph_hls_shelf *shelf;
    struct ph_path path;
    struct ph_viewer *viewer;
    struct ph_outlet outlet;
    struct rtmp_flv_reader reader;
    struct ph_presentation presentation;
    struct ph_list waiting; /* list of struct ph_hls_ask::link */
    unsigned n_waiting;
    struct ph_timer sweep;
    struct ph_deferred step;               /* what the stream's events lead to */
    uint64_t asked_us;                     /* when the last request came */
    uint32_t seen;                         /* parts, when those who wait were looked at last */
    bool is_absent, has_failed, is_always; /* the last: while the stream lives */
};

static const struct ph_slice nothing = {NULL, 0, 0};

/* Answers: each says whether `ask` has been answered */

static bool refuse(struct ph_hls_ask *ask, unsigned status, const char *why)
{
    ph_hls_refuse(ask, status, why);
    return true;
}

static bool give_slice(struct ph_hls_ask *ask, struct ph_slice slice)
{
    if (!slice.blob)
        return refuse(ask, 503, "the server is out of memory");
    ph_hls_give(ask, slice);
    return true;
}

static struct ph_slice share(struct ph_slice slice)
{
    ph_blob_ref(slice.blob);
    return slice;
}

static bool give_text(struct ph_hls_ask *ask, int err, const struct rtmp_buffer *text)
{
    struct ph_slice slice = nothing;
    if (!err)
        slice.blob = ph_blob_create(text->data, text->length);
    slice.length = text->length;
    return give_slice(ask, slice);
}

static bool has_part(const struct ph_segment *segment, uint32_t part)
{
    return segment->is.n_parts > part || segment->is.is_whole;
}

/* What the client has asked to see in the playlist is there. */
static bool is_there(const struct ph_segmenter *segmenter, const struct ph_hls_ask *ask)
{
    const struct ph_segment *segment = ph_segmenter_find(segmenter, ask->number);
    if (!ask->has_number) /* players that know no parts give up on a playlist without a segment */
        return segmenter->n && segmenter->segments[0]->is.is_whole;
    if (segmenter->n && ask->number < segmenter->segments[0]->is.number)
        return true;
    return segment && (ask->has_part ? has_part(segment, ask->part) : segment->is.is_whole);
}

static bool answer_playlist(struct ph_packager *packager, struct ph_rendition *rendition, struct ph_hls_ask *ask)
{
    const struct ph_segmenter *segmenter = &rendition->segmenter;
    struct rtmp_buffer text;
    if (ask->has_number && ask->number > segmenter->next_number + AHEAD_MAX)
        return refuse(ask, 400, "the segment asked for is too far ahead");
    if (!is_there(segmenter, ask) && !segmenter->has_ended)
        return false;
    rtmp_buffer_init(&text, &ph_app_allocator, PLAYLIST_BYTES);
    int err = ph_presentation_playlist(&packager->presentation, rendition,
                                       ph_clock_wall_us(packager->shelf->loop->clock) / 1000, ask->is_delta, &text);
    bool told = give_text(ask, err, &text);
    rtmp_buffer_finish(&text);
    return told;
}

static bool answer_master(struct ph_packager *packager, struct ph_hls_ask *ask)
{
    char folder[PH_PATH_MAX + PH_TOKEN_TEXT + 16];
    struct ph_text words;
    struct rtmp_buffer text;
    if (!ph_presentation_is_ready(&packager->presentation))
        return false;
    ph_text_init(&words, folder, sizeof folder);
    ph_text_add(&words, "%s.hls/%s%s%s", ask->name, ask->token, ask->token[0] ? "/" : "",
                ask->container == PH_HLS_TS ? "ts/" : "");
    rtmp_buffer_init(&text, &ph_app_allocator, PLAYLIST_BYTES);
    bool told = give_text(ask, ph_presentation_master(&packager->presentation, folder, &text), &text);
    rtmp_buffer_finish(&text);
    return told;
}

static bool answer_header(const struct ph_segmenter *segmenter, struct ph_hls_ask *ask)
{
    size_t at = ask->number % PH_COUNT(segmenter->init);
    if (!segmenter->init[at] || segmenter->init_epoch[at] != ask->number)
        return refuse(ask, 404, "this header is not there");
    return give_slice(ask, share((struct ph_slice){segmenter->init[at], 0, segmenter->init[at]->length}));
}

static bool answer_segment(const struct ph_segmenter *segmenter, struct ph_hls_ask *ask)
{
    const struct ph_segment *segment = ph_segmenter_find(segmenter, ask->number);
    if (!segment)
        return refuse(ask, 404, "this segment is not there, or no more");
    if (!segment->is.is_whole)
        return false;
    const struct ph_slice *first = &segment->slices[0];
    if (first->blob->length != segment->length)
        return refuse(ask, 503, "the server is out of memory");
    return give_slice(ask, share((struct ph_slice){first->blob, 0, segment->length}));
}

/* A part may be asked for before it is there: the playlist says that it will come. */
static bool answer_part(const struct ph_segmenter *segmenter, struct ph_hls_ask *ask)
{
    const struct ph_segment *segment = ph_segmenter_find(segmenter, ask->number);
    bool is_next = segment ? !segment->is.is_whole && ask->part == segment->is.n_parts
                           : ask->number == segmenter->next_number && ask->part == 0 && !segmenter->has_ended;
    if (segment && ask->part < segment->is.n_parts)
        return give_slice(ask, share(segment->slices[ask->part]));
    return is_next ? false : refuse(ask, 404, "this part is not there, or no more");
}

static bool answer(struct ph_packager *packager, struct ph_hls_ask *ask)
{
    struct ph_rendition *rendition = ph_presentation_find(&packager->presentation, ask->rendition);
    bool is_list = ask->kind == PH_HLS_MASTER || ask->kind == PH_HLS_MEDIA;
    bool is_empty = ph_presentation_is_empty(&packager->presentation);
    if (is_list && is_empty && packager->is_absent)
        return refuse(ask, 404, "nobody publishes this stream");
    if (!rendition) /* it may come with the first frames */
        return !(is_list && is_empty) && refuse(ask, 404, "the stream has no such track");
    switch (ask->kind) {
    case PH_HLS_MASTER:
        return answer_master(packager, ask);
    case PH_HLS_MEDIA:
        return answer_playlist(packager, rendition, ask);
    case PH_HLS_HEADER:
        return answer_header(&rendition->segmenter, ask);
    case PH_HLS_SEGMENT:
        return answer_segment(&rendition->segmenter, ask);
    case PH_HLS_PART:
        return answer_part(&rendition->segmenter, ask);
    }
    return refuse(ask, 404, "there is nothing here");
}

/* Who waits */

static void look_again(struct ph_packager *packager, uint64_t now_us)
{
    ph_list_for_each_safe(node, &packager->waiting)
    {
        struct ph_hls_ask *ask = ph_list_entry(node, struct ph_hls_ask, link);
        ph_list_remove(&ask->link);
        packager->n_waiting--;
        if (answer(packager, ask))
            continue;
        if (packager->has_failed || now_us - ask->since_us > PATIENCE_US) {
            ph_hls_refuse(ask, 503, packager->has_failed ? "the server is out of memory" : "the stream does not go on");
            continue;
        }
        ph_list_prepend(&packager->waiting, &ask->link); /* the walk has passed the front */
        packager->n_waiting++;
    }
}

static bool is_idle(const struct ph_packager *packager, uint64_t now_us)
{
    bool is_empty = packager->is_absent && ph_presentation_is_empty(&packager->presentation);
    if (packager->is_always && !packager->is_absent && !packager->has_failed)
        return false;
    return packager->n_waiting == 0 &&
           (is_empty || packager->has_failed || now_us - packager->asked_us > PH_LIMIT_HLS_IDLE_MS * UINT64_C(1000));
}

static void on_step(struct ph_deferred *deferred)
{
    struct ph_packager *packager = ph_container_of(deferred, struct ph_packager, step);
    uint64_t now_us = ph_loop_now(packager->shelf->loop);
    packager->seen = ph_presentation_parts(&packager->presentation);
    look_again(packager, now_us);
    if (is_idle(packager, now_us))
        ph_packager_destroy(packager);
}

static void on_sweep(struct ph_timer *timer)
{
    struct ph_packager *packager = ph_container_of(timer, struct ph_packager, sweep);
    ph_timer_start(packager->shelf->loop, timer, SWEEP_US);
    ph_loop_defer(packager->shelf->loop, &packager->step);
}

void ph_packager_take(struct ph_packager *packager, struct ph_hls_ask *ask)
{
    packager->asked_us = ask->since_us;
    if (answer(packager, ask)) {
        ph_loop_defer(packager->shelf->loop, &packager->step);
        return;
    }
    if (packager->n_waiting >= PH_LIMIT_HLS_WAITING) {
        ph_hls_refuse(ask, 503, "too many wait for this stream");
        return;
    }
    ph_list_append(&packager->waiting, &ask->link);
    packager->n_waiting++;
}

/* The stream */

static int read_tags(struct ph_packager *packager, const uint8_t *bytes, size_t length)
{
    struct rtmp_flv_tag tag;
    size_t used;
    int rc;
    while ((rc = rtmp_flv_read(&packager->reader, bytes, length, &used, &tag)) == 0) {
        bytes += used;
        length -= used;
        if (ph_presentation_take(&packager->presentation, &tag))
            return -1;
    }
    return rc == RTMP_E_MORE ? 0 : -1;
}

static void on_bytes(void *user, const struct iovec *pieces, int n)
{
    struct ph_packager *packager = user;
    for (int i = 0; i < n && !packager->has_failed; i++)
        packager->has_failed = read_tags(packager, pieces[i].iov_base, pieces[i].iov_len) != 0;
    if (packager->has_failed || ph_presentation_parts(&packager->presentation) != packager->seen)
        ph_loop_defer(packager->shelf->loop, &packager->step);
}

static void on_joined(void *user, bool again)
{
    struct ph_packager *packager = user;
    packager->is_absent = false;
    if (again)
        ph_presentation_cut(&packager->presentation);
}

static void on_absent(void *user)
{
    struct ph_packager *packager = user;
    packager->is_absent = true;
    ph_presentation_end(&packager->presentation);
    ph_loop_defer(packager->shelf->loop, &packager->step);
}

static void on_lost(void *user, enum ph_viewer_lost why)
{
    struct ph_packager *packager = user;
    (void)why; /* a sink is lost for want of memory alone */
    packager->has_failed = true;
    ph_loop_defer(packager->shelf->loop, &packager->step);
}

static int watch(struct ph_packager *packager)
{
    static const struct ph_viewer_events events = {.joined = on_joined, .absent = on_absent, .lost = on_lost};
    const struct ph_view_request request = {.path = packager->path,
                                            .outlet = &packager->outlet,
                                            .form = &ph_flv_form,
                                            .start = PH_START_CACHED,
                                            .all_tracks = true,
                                            .events = &events,
                                            .user = packager};
    uint8_t header[RTMP_FLV_HEADER_SIZE];
    size_t length;
    if (rtmp_flv_header_write(true, true, header, sizeof header, &length) || read_tags(packager, header, length))
        return -1;
    return ph_viewer_open(packager->shelf->gate->options.media, packager->shelf->loop, &request, &packager->viewer);
}

/* Life. Numbers of segments are never used twice: they begin at the second of the day that it is. */
struct ph_packager *ph_packager_create(struct ph_hls_shelf *shelf, const struct ph_path *path,
                                       enum ph_hls_container container)
{
    struct ph_packager *packager = calloc(1, sizeof *packager);
    if (!packager)
        return NULL;
    packager->shelf = shelf;
    packager->path = *path;
    const struct ph_application *app = ph_apps_find(shelf->gate->options.apps, path->text, path->length);
    packager->is_always = container == PH_HLS_FMP4 && app && app->settings.hls == PH_APP_HLS_ALWAYS;
    ph_list_init(&packager->waiting);
    ph_timer_init(&packager->sweep, on_sweep);
    ph_deferred_init(&packager->step, on_step);
    ph_outlet_init_sink(&packager->outlet, shelf->loop, on_bytes, packager);
    rtmp_flv_reader_init(&packager->reader, &ph_app_allocator, RTMP_FLV_BODY_MAX);
    uint64_t first_number = (uint64_t)(ph_clock_wall_us(shelf->loop->clock) / 1000000);
    if (ph_presentation_init(&packager->presentation, container, first_number) ||
        ph_map_add(&shelf->packagers[container], packager->path.text, packager->path.length, packager) ||
        watch(packager)) {
        ph_packager_destroy(packager);
        return NULL;
    }
    ph_timer_start(shelf->loop, &packager->sweep, SWEEP_US);
    ph_log_debug(shelf->gate->options.log, packager->path.text, "segments are made");
    return packager;
}

void ph_packager_destroy(struct ph_packager *packager)
{
    struct ph_hls_shelf *shelf = packager->shelf;
    struct ph_map *packagers = &shelf->packagers[packager->presentation.container];
    if (ph_map_get(packagers, packager->path.text, packager->path.length) == packager)
        (void)ph_map_remove(packagers, packager->path.text, packager->path.length);
    for (struct ph_list *node; (node = ph_list_pop(&packager->waiting));)
        ph_hls_refuse(ph_list_entry(node, struct ph_hls_ask, link), 503, "the server stops");
    ph_timer_stop(shelf->loop, &packager->sweep);
    ph_deferred_cancel(&packager->step);
    ph_viewer_close(packager->viewer);
    ph_outlet_finish(&packager->outlet);
    rtmp_flv_reader_finish(&packager->reader);
    ph_presentation_finish(&packager->presentation);
    free(packager);
}
