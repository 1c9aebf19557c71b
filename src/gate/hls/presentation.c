/* SPDX-License-Identifier: MIT */
#include "gate/hls/presentation.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { NONE = -1 };

static void name_rendition(struct ph_rendition *rendition, bool is_video, int track)
{
    struct ph_text text;
    ph_text_init(&text, rendition->name, sizeof rendition->name);
    if (track || !is_video)
        ph_text_add(&text, "%c%d", is_video ? 'v' : 'a', track);
}

static int add_rendition(struct ph_presentation *presentation, bool is_video, int track, uint64_t first_number)
{
    struct ph_rendition *rendition = calloc(1, sizeof *rendition);
    if (!rendition)
        return -ENOMEM;
    const struct ph_segmenter_options options = {
        .container = presentation->container,
        .video = is_video ? track : NONE,
        .audio = is_video ? (presentation->is_split ? NONE : 0) : track,
        .lead = presentation->n ? &presentation->renditions[0]->segmenter : NULL,
        .first_number = first_number,
    };
    name_rendition(rendition, is_video, track);
    ph_segmenter_init(&rendition->segmenter, &options);
    presentation->renditions[presentation->n++] = rendition;
    for (size_t i = 0; i < presentation->n; i++)
        presentation->renditions[i]->segmenter.max_bytes = PH_LIMIT_HLS_BYTES / presentation->n;
    return 0;
}

int ph_presentation_init(struct ph_presentation *presentation, enum ph_hls_container container, uint64_t first_number)
{
    *presentation = (struct ph_presentation){.container = container};
    return add_rendition(presentation, true, 0, first_number);
}

void ph_presentation_finish(struct ph_presentation *presentation)
{
    while (presentation->n) {
        struct ph_rendition *rendition = presentation->renditions[--presentation->n];
        ph_segmenter_finish(&rendition->segmenter);
        free(rendition);
    }
}

/* The stream */

static bool is_known(const struct ph_presentation *presentation, bool is_video, int track)
{
    for (size_t i = 0; i < presentation->n; i++) {
        const struct ph_segmenter *segmenter = &presentation->renditions[i]->segmenter;
        if (is_video ? segmenter->video.number == track : i > 0 && segmenter->audio.number == track)
            return true;
    }
    return track == 0;
}

/* A track that has not been heard of is one more rendition. */
static int make_way(struct ph_presentation *presentation, const struct rtmp_flv_tag *tag)
{
    struct rtmp_tag media;
    bool is_video = tag->type == RTMP_FLV_VIDEO;
    int rc = is_video                      ? rtmp_tag_parse_video(tag->body, tag->length, &media)
             : tag->type == RTMP_FLV_AUDIO ? rtmp_tag_parse_audio(tag->body, tag->length, &media)
                                           : RTMP_E_UNSUPPORTED;
    if (rc || !media.known || is_known(presentation, is_video, media.track) ||
        presentation->n == PH_COUNT(presentation->renditions))
        return 0;
    return add_rendition(presentation, is_video, media.track, 0);
}

static bool has_choice_of_sound(const struct ph_presentation *presentation)
{
    for (size_t i = 0; i < presentation->n; i++)
        if (presentation->renditions[i]->segmenter.audio.number > 0)
            return presentation->renditions[0]->segmenter.video.track.fourcc != 0;
    return false;
}

static int split(struct ph_presentation *presentation)
{
    struct ph_mux_track track = presentation->renditions[0]->segmenter.audio.track;
    if (presentation->n == PH_COUNT(presentation->renditions))
        return 0;
    presentation->is_split = true;
    for (size_t i = 0; i < presentation->n; i++)
        if (presentation->renditions[i]->name[0] != 'a')
            ph_segmenter_silence(&presentation->renditions[i]->segmenter);
    int err = add_rendition(presentation, false, 0, 0);
    if (!err)
        presentation->renditions[presentation->n - 1]->segmenter.audio.track = track; /* its header has gone by */
    return err;
}

int ph_presentation_take(struct ph_presentation *presentation, const struct rtmp_flv_tag *tag)
{
    int err = make_way(presentation, tag);
    if (!err && !presentation->is_split && has_choice_of_sound(presentation))
        err = split(presentation);
    for (size_t i = 0; !err && i < presentation->n; i++)
        err = ph_segmenter_take(&presentation->renditions[i]->segmenter, tag);
    return err;
}

void ph_presentation_cut(struct ph_presentation *presentation)
{
    for (size_t i = 0; i < presentation->n; i++)
        ph_segmenter_cut(&presentation->renditions[i]->segmenter);
}

void ph_presentation_end(struct ph_presentation *presentation)
{
    for (size_t i = 0; i < presentation->n; i++)
        ph_segmenter_end(&presentation->renditions[i]->segmenter);
}

/* What is there */

struct ph_rendition *ph_presentation_find(const struct ph_presentation *presentation, const char *name)
{
    for (size_t i = 0; i < presentation->n; i++)
        if (strcmp(presentation->renditions[i]->name, name) == 0)
            return presentation->renditions[i];
    return NULL;
}

bool ph_presentation_is_empty(const struct ph_presentation *presentation)
{
    return presentation->renditions[0]->segmenter.n == 0;
}

uint32_t ph_presentation_parts(const struct ph_presentation *presentation)
{
    uint32_t n = 0;
    for (size_t i = 0; i < presentation->n; i++)
        n += presentation->renditions[i]->segmenter.sequence;
    return n;
}

bool ph_presentation_is_ready(const struct ph_presentation *presentation)
{
    const struct ph_segmenter *first = &presentation->renditions[0]->segmenter;
    bool waits = first->n == 0;
    for (size_t i = 0; i < presentation->n; i++)
        waits |= ph_segmenter_is_beginning(&presentation->renditions[i]->segmenter) && first->n <= 1;
    return !waits;
}

/* Playlists */

/* The address of one rendition's playlist, as that of another has it. */
static void add_uri(struct ph_text *text, const char *folder, const struct ph_rendition *rendition)
{
    ph_text_add(text, "%s%s%slive.m3u8", folder, rendition->name, rendition->name[0] ? "/" : "");
}

int ph_presentation_playlist(struct ph_presentation *presentation, struct ph_rendition *rendition, int64_t wall_ms,
                             bool is_delta, struct rtmp_buffer *out)
{
    enum { URI = 32 };
    struct ph_hls_report reports[PH_LIMIT_HLS_RENDITIONS];
    char uris[PH_LIMIT_HLS_RENDITIONS][URI];
    const struct ph_segmenter *first = &presentation->renditions[0]->segmenter;
    struct ph_hls_playlist about = {.is_delta = is_delta, .reports = reports};
    if (presentation->offset_epoch != first->epoch) {
        presentation->wall_offset_ms = wall_ms - first->time_ms;
        presentation->offset_epoch = first->epoch;
    }
    for (size_t i = 0; i < presentation->n; i++) {
        const struct ph_rendition *other = presentation->renditions[i];
        const struct ph_segmenter *its = &other->segmenter;
        struct ph_text text;
        if (other == rendition || !its->n)
            continue;
        ph_text_init(&text, uris[i], URI);
        add_uri(&text, rendition->name[0] ? "../" : "", other);
        const struct ph_hls_segment *last = &its->segments[its->n - 1]->is;
        reports[about.n_reports++] = (struct ph_hls_report){uris[i], last->number, last->n_parts};
    }
    return ph_segmenter_playlist(&rendition->segmenter, presentation->wall_offset_ms, about, out);
}

int ph_presentation_master(const struct ph_presentation *presentation, const char *folder, struct rtmp_buffer *out)
{
    enum { URI = 640 };
    struct ph_hls_variant variants[PH_LIMIT_HLS_RENDITIONS] = {0};
    char uris[PH_LIMIT_HLS_RENDITIONS][URI], names[PH_LIMIT_HLS_RENDITIONS][PH_RENDITION_NAME];
    size_t n = 0;
    for (size_t i = 0; i < presentation->n; i++) {
        const struct ph_rendition *rendition = presentation->renditions[i];
        bool is_sound = rendition->name[0] == 'a';
        struct ph_text text;
        if (!ph_segmenter_describe(&rendition->segmenter, &variants[n]))
            continue;
        ph_text_init(&text, uris[n], URI);
        add_uri(&text, folder, rendition);
        variants[n].uri = uris[n];
        ph_text_init(&text, names[n], sizeof names[n]);
        ph_text_add(&text, "%d", rendition->segmenter.audio.number + 1);
        variants[n].name = is_sound ? names[n] : NULL;
        variants[n].is_default = is_sound && rendition->segmenter.audio.number == 0;
        n++;
    }
    if (!n)
        return -ENOENT;
    return ph_hls_master_playlist(presentation->container, variants, n, out) ? -ENOMEM : 0;
}
