/* SPDX-License-Identifier: MIT */
#include "gate/rtmp/ingest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rtmpwire/clock.h>
#include <rtmpwire/tag.h>
#include <rtmpwire/value.h>

#include "base/log.h"
#include "base/text.h"
#include "media/publisher.h"
#include "net/loop.h"

enum {
    SECOND_US = 1000000,
    KEY_INTERVAL_MAX_S = 4, /* viewers wait for key frames, and caches grow with their distance */
    ASTRAY_MS = 10000,      /* a header or data message further from the media's clock gets the clock's time */
};

/* Slots of headers: a track has one of each. */
enum { SLOT_CONFIGURATION, SLOT_EXTRA };

/* Telling the log */

void ph_ingest_tell(struct ph_ingest *ingest, const char *who)
{
    char words[512];
    struct ph_text text;
    ingest->is_told = true;
    ph_text_init(&text, words, sizeof words);
    ph_tracks_tell(&ingest->tracks, &text);
    ph_log_event(ingest->log, "publishing", ingest->path, "%s (%s)", words, who);
}

void ph_ingest_tell_end(const struct ph_ingest *ingest, const char *why, uint64_t since_us)
{
    struct ph_publisher_totals totals;
    char words[256];
    struct ph_text text;
    ph_publisher_totals(ingest->publisher, &totals);
    ph_text_init(&text, words, sizeof words);
    ph_text_add(&text, "%s after ", why);
    ph_text_add_duration(&text, ph_loop_now(ingest->loop) - since_us);
    ph_text_add(&text, ", ");
    ph_text_add_amount(&text, totals.bytes);
    ph_text_add(&text, " in, %llu viewer%s, %llu skip%s", (unsigned long long)totals.viewers,
                totals.viewers == 1 ? "" : "s", (unsigned long long)totals.skips, totals.skips == 1 ? "" : "s");
    if (ingest->n_dropped)
        ph_text_add(&text, ", %llu messages not understood", (unsigned long long)ingest->n_dropped);
    ph_log_event(ingest->log, "closed", ingest->path, "%s", words);
}

static void note_key_frame(struct ph_ingest *ingest)
{
    uint64_t now_us = ph_loop_now(ingest->loop), before_us = ingest->key_us;
    ingest->key_us = now_us;
    if (ingest->is_key_warned || !before_us || now_us - before_us <= (uint64_t)KEY_INTERVAL_MAX_S * SECOND_US)
        return;
    ingest->is_key_warned = true;
    ph_log_warning(ingest->log, ingest->path,
                   "key frames are %.1f s apart: viewers wait for them; set the encoder's key frame interval to 2 s",
                   (double)(now_us - before_us) / SECOND_US);
}

/* Messages */

/* What the publisher cannot take for another reason than memory, nobody misses: it is over. */
static int write_unit(struct ph_ingest *ingest, const struct ph_unit *unit)
{
    return ph_publisher_write(ingest->publisher, unit) == -ENOMEM ? -ENOMEM : 0;
}

/* The clock follows frames; what headers and data say is believed only near it. */
static int64_t time_of(struct ph_ingest *ingest, uint32_t time_ms, bool is_frame)
{
    int64_t unwrapped_ms = rtmp_clock_unwrap(ingest->clock_ms, time_ms);
    int64_t away_ms = unwrapped_ms - ingest->clock_ms;
    if (!ingest->has_clock)
        ingest->clock_ms = time_ms;
    else if (is_frame)
        ingest->clock_ms = unwrapped_ms;
    else if (away_ms >= -ASTRAY_MS && away_ms <= ASTRAY_MS)
        return unwrapped_ms * 1000;
    ingest->has_clock |= is_frame;
    return ingest->clock_ms * 1000;
}

static int write_tag(struct ph_ingest *ingest, const struct rtmp_tag *tag, uint32_t time_ms, const uint8_t *body,
                     size_t length)
{
    bool is_frame = tag->packet == RTMP_TAG_CODED || tag->packet == RTMP_TAG_CODED_X;
    bool is_extra = tag->packet == RTMP_TAG_METADATA || tag->packet == RTMP_TAG_MULTICHANNEL;
    struct ph_unit unit = {
        .kind = tag->kind == RTMP_TAG_AUDIO ? PH_AUDIO : PH_VIDEO,
        .track = tag->track,
        .flags = (uint8_t)((tag->key && is_frame ? PH_UNIT_KEY : 0) | (tag->header ? PH_UNIT_HEADER : 0) |
                           (tag->disposable ? PH_UNIT_DISPOSABLE : 0)),
        .slot = is_extra ? SLOT_EXTRA : SLOT_CONFIGURATION,
        .time_us = time_of(ingest, time_ms, is_frame),
        .body = body,
        .length = length,
    };
    if (unit.flags & PH_UNIT_KEY && unit.kind == PH_VIDEO && unit.track == 0)
        note_key_frame(ingest);
    return write_unit(ingest, &unit);
}

/* A message of its own for one track of several; track 0 in the plain form, which every player understands. */
static int write_alone(struct ph_ingest *ingest, const struct rtmp_tag *tag, uint32_t time_ms)
{
    size_t head;
    int err = 0;
    uint8_t *body = malloc(RTMP_TAG_HEAD_MAX + tag->length);
    if (!body)
        return -ENOMEM;
    if (rtmp_tag_write(tag, body, RTMP_TAG_HEAD_MAX, &head)) {
        ingest->n_dropped++;
    } else {
        if (tag->length)
            memcpy(body + head, tag->payload, tag->length);
        err = write_tag(ingest, tag, time_ms, body, head + tag->length);
    }
    free(body);
    return err;
}

static bool is_worth_keeping(const struct rtmp_tag *tag)
{
    return tag->known && tag->packet != RTMP_TAG_COMMAND && tag->packet != RTMP_TAG_SILENCE &&
           tag->packet != RTMP_TAG_RESERVED;
}

int ph_ingest_media(struct ph_ingest *ingest, const struct rtmp_event *event)
{
    const struct rtmp_event_media *media = &event->media;
    struct rtmp_tag tag;
    int err = 0;
    ingest->heard_us = ph_loop_now(ingest->loop);
    if (!ingest->first_us)
        ingest->first_us = ingest->heard_us;
    int rc = event->type == RTMP_EVENT_AUDIO ? rtmp_tag_parse_audio(media->body, media->length, &tag)
                                             : rtmp_tag_parse_video(media->body, media->length, &tag);
    if (rc) {
        ingest->n_dropped++;
        return 0;
    }
    bool is_alone = !tag.multitrack || (tag.track != 0 && tag.more_length == 0);
    do {
        if (!is_worth_keeping(&tag)) {
            ingest->n_dropped += !tag.known;
            continue;
        }
        if (!ingest->is_told)
            ph_tracks_note(&ingest->tracks, &tag);
        err = is_alone ? write_tag(ingest, &tag, media->time_ms, media->body, media->length)
                       : write_alone(ingest, &tag, media->time_ms);
    } while (!err && rtmp_tag_track_next(&tag));
    return err;
}

int ph_ingest_data(struct ph_ingest *ingest, const struct rtmp_event_data *data)
{
    bool is_metadata = data->kind == RTMP_DATA_SET_FRAME || rtmp_text_is(data->name, "onMetaData");
    bool is_clear = data->kind == RTMP_DATA_CLEAR_FRAME;
    if (is_metadata && data->arguments)
        ph_tracks_note_metadata(&ingest->tracks, rtmp_value_at(data->arguments, 0));
    const struct ph_unit unit = {
        .kind = PH_DATA,
        .flags = is_metadata || is_clear ? PH_UNIT_HEADER : 0,
        .slot = SLOT_CONFIGURATION,
        .time_us = time_of(ingest, data->time_ms, false),
        .body = data->body,
        .length = is_clear ? 0 : data->length,
    };
    return write_unit(ingest, &unit);
}
