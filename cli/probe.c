/* SPDX-License-Identifier: MIT */
/* playhouse probe: what a stream has, measured for some seconds, as one line of JSON. */
#include <stdio.h>
#include <string.h>

#include <rtmpwire/tag.h>
#include <rtmpwire/value.h>

#include "base/text.h"
#include "cli/link.h"
#include "cli/tool.h"
#include "gate/rtmp/tracks.h"

enum { SECONDS = 5, SECONDS_MAX = 3600 };

struct probe {
    struct ph_tracks tracks;
    uint64_t seconds;
    uint64_t connected_us, first_us; /* first media; 0: none yet */
    uint64_t bytes, frames, keys;    /* of what came after the first burst, as it came */
    uint32_t first_key_ms, last_key_ms, longest_gap_ms;
    struct ph_timer end;
    struct cli_link *link;
};

static void on_end(struct ph_timer *timer);

static void note_key(struct probe *probe, uint32_t time_ms)
{
    if (probe->keys++ == 0)
        probe->first_key_ms = time_ms;
    else if (time_ms - probe->last_key_ms > probe->longest_gap_ms)
        probe->longest_gap_ms = time_ms - probe->last_key_ms;
    probe->last_key_ms = time_ms;
}

static void take(struct cli_link *link, const struct rtmp_event *event)
{
    struct probe *probe = link->user;
    const struct rtmp_event_media *media = &event->media;
    struct rtmp_tag tag;
    bool is_audio = event->type == RTMP_EVENT_AUDIO;
    if (!probe->first_us) {
        probe->first_us = ph_loop_now(link->loop);
        link->is_patient = true;
        ph_timer_start(link->loop, &probe->end, probe->seconds * 1000000);
    }
    probe->bytes += media->length;
    if (is_audio ? rtmp_tag_parse_audio(media->body, media->length, &tag)
                 : rtmp_tag_parse_video(media->body, media->length, &tag))
        return;
    do {
        bool is_frame = tag.packet == RTMP_TAG_CODED || tag.packet == RTMP_TAG_CODED_X;
        ph_tracks_note(&probe->tracks, &tag);
        if (is_audio || !is_frame || tag.track != 0)
            continue;
        probe->frames++;
        if (tag.key)
            note_key(probe, media->time_ms);
    } while (rtmp_tag_track_next(&tag));
}

static void on_event(struct cli_link *link, const struct rtmp_event *event)
{
    struct probe *probe = link->user;
    const struct rtmp_play_options live = {.start = RTMP_PLAY_LIVE};
    switch ((int)event->type) {
    case RTMP_EVENT_CONNECTED:
        link->late = "nobody has published this stream";
        ph_timer_init(&probe->end, on_end);
        probe->connected_us = ph_loop_now(link->loop);
        cli_check(link, rtmp_client_play(link->client, link->address.stream, &live), "play");
        break;
    case RTMP_EVENT_STATUS:
        if (rtmp_text_is(event->status.level, "error"))
            cli_fail(link, "%s %s", event->status.code.data, event->status.description.data);
        break;
    case RTMP_EVENT_DATA:
        if (rtmp_text_is(event->data.name, "onMetaData"))
            ph_tracks_note_metadata(&probe->tracks, rtmp_value_at(event->data.arguments, 0));
        break;
    case RTMP_EVENT_AUDIO:
    case RTMP_EVENT_VIDEO:
        take(link, event);
        break;
    default:
        break;
    }
}

/* {"tracks":[{"kind":"video","codec":"h264",...}],"bits_per_second":…} */
static void print(const struct probe *probe)
{
    char words[2048];
    struct ph_text text;
    double seconds = (double)probe->seconds;
    ph_text_init(&text, words, sizeof words);
    ph_text_add(&text, "{\"tracks\":[");
    for (size_t i = 0; i < probe->tracks.n; i++) {
        const struct ph_track *track = &probe->tracks.track[i];
        bool is_video = track->kind == RTMP_TAG_VIDEO;
        ph_text_add(&text, "%s{\"kind\":\"%s\",\"track\":%u,\"codec\":\"%s\"", i ? "," : "",
                    is_video ? "video" : "audio", track->id, track->codec);
        if (is_video && track->width)
            ph_text_add(&text, ",\"width\":%u,\"height\":%u", track->width, track->height);
        if (!is_video && track->rate_hz)
            ph_text_add(&text, ",\"rate_hz\":%u,\"channels\":%u", track->rate_hz, track->n_channels);
        ph_text_add(&text, "}");
    }
    ph_text_add(&text, "],\"seconds\":%.0f,\"bits_per_second\":%.0f", seconds, (double)probe->bytes * 8 / seconds);
    if (probe->frames)
        ph_text_add(&text, ",\"frames_per_second\":%.1f", (double)probe->frames / seconds);
    if (probe->keys > 1)
        ph_text_add(&text, ",\"key_interval_ms\":%u,\"key_interval_max_ms\":%u",
                    (unsigned)((probe->last_key_ms - probe->first_key_ms) / (probe->keys - 1)), probe->longest_gap_ms);
    ph_text_add(&text, ",\"first_media_ms\":%.1f}\n", (double)(probe->first_us - probe->connected_us) / 1000);
    fputs(words, stdout);
    fflush(stdout);
}

static void on_end(struct ph_timer *timer)
{
    struct probe *probe = ph_container_of(timer, struct probe, end);
    probe->link->is_over = true;
}

int cli_probe(int argc, char **argv)
{
    struct probe probe = {.seconds = SECONDS};
    bool has_seconds = argc == 3 && strcmp(argv[1], "--seconds") == 0;
    bool is_wrong = has_seconds &&
                    (ph_text_u64(argv[2], &probe.seconds) || !probe.seconds || probe.seconds > SECONDS_MAX);
    if ((argc != 1 && !has_seconds) || is_wrong) {
        fputs("usage: playhouse probe rtmp://HOST[:PORT]/APP/STREAM [--seconds N], with N from 1 to 3600\n", stderr);
        return 2;
    }
    struct cli_link link = {.url = argv[0], .path = RTMP_URL_OF_STREAM, .event = on_event, .user = &probe};
    probe.link = &link;
    int status = cli_link_run(&link, "probe");
    if (status == 0)
        print(&probe);
    return status;
}
