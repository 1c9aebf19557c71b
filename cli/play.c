/* SPDX-License-Identifier: MIT */
/* playhouse play: what a player would get, as FLV. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rtmpwire/flv.h>

#include "base/text.h"
#include "cli/link.h"
#include "cli/tool.h"

struct play {
    FILE *out;
    uint64_t bytes, begun_us, ended_us;
    bool has_begun;
};

static void keep(struct cli_link *link, uint8_t type, uint32_t time_ms, const uint8_t *body, uint32_t length)
{
    struct play *play = link->user;
    const struct rtmp_flv_tag tag = {.type = type, .time_ms = time_ms, .body = body, .length = length};
    uint8_t header[RTMP_FLV_HEADER_SIZE];
    size_t span = rtmp_flv_tag_span(length), written = 0;
    uint8_t *bytes = malloc(span);
    if (!bytes || rtmp_flv_tag_write(&tag, bytes, span, &written)) {
        cli_fail(link, "a message cannot be written as FLV");
        free(bytes);
        return;
    }
    if (!play->has_begun && rtmp_flv_header_write(true, true, header, sizeof header, &span) == 0)
        written = fwrite(header, 1, span, play->out) == span ? written : 0;
    play->has_begun = true;
    if (!written || fwrite(bytes, 1, written, play->out) != written || fflush(play->out))
        cli_fail(link, "the file cannot be written");
    free(bytes);
    play->bytes += written;
    play->ended_us = ph_loop_now(link->loop);
    if (!play->begun_us)
        play->begun_us = play->ended_us;
    link->is_patient = true;
}

static void on_status(struct cli_link *link, const struct rtmp_event_status *status)
{
    if (rtmp_text_is(status->level, "error"))
        cli_fail(link, "%s %s", status->code.data, status->description.data);
    else if (rtmp_text_is(status->code, "NetStream.Play.UnpublishNotify"))
        link->is_over = true;
}

static void on_event(struct cli_link *link, const struct rtmp_event *event)
{
    const struct rtmp_play_options live = {.start = RTMP_PLAY_LIVE};
    switch ((int)event->type) {
    case RTMP_EVENT_CONNECTED:
        link->late = "nobody has published this stream";
        cli_check(link, rtmp_client_play(link->client, link->address.stream, &live), "play");
        break;
    case RTMP_EVENT_STATUS:
        on_status(link, &event->status);
        break;
    case RTMP_EVENT_AUDIO:
        keep(link, RTMP_FLV_AUDIO, event->media.time_ms, event->media.body, event->media.length);
        break;
    case RTMP_EVENT_VIDEO:
        keep(link, RTMP_FLV_VIDEO, event->media.time_ms, event->media.body, event->media.length);
        break;
    case RTMP_EVENT_DATA: /* what begins so is said to players, not part of the stream */
        if (event->data.name.data[0] != '|' && !rtmp_text_is(event->data.name, "onStatus"))
            keep(link, RTMP_FLV_SCRIPT, event->data.time_ms, event->data.body, event->data.length);
        break;
    default:
        break;
    }
}

static void tell(const struct play *play)
{
    char words[128];
    struct ph_text text;
    ph_text_init(&text, words, sizeof words);
    ph_text_add_duration(&text, play->ended_us - play->begun_us);
    ph_text_add(&text, ", ");
    ph_text_add_amount(&text, play->bytes);
    fprintf(stderr, "playhouse play: the stream has ended after %s\n", words);
}

int cli_play(int argc, char **argv)
{
    const char *file = argc == 3 && strcmp(argv[1], "-o") == 0 ? argv[2] : NULL;
    if ((argc != 1 && !file) || (!file && isatty(STDOUT_FILENO))) {
        fputs("usage: playhouse play rtmp://HOST[:PORT]/APP/STREAM -o FILE.flv, or | PROGRAM\n", stderr);
        return 2;
    }
    struct play play = {.out = file ? fopen(file, "we") : stdout};
    if (!play.out) {
        fprintf(stderr, "playhouse play: %s cannot be written\n", file);
        return 2;
    }
    struct cli_link link = {.url = argv[0], .path = RTMP_URL_OF_STREAM, .event = on_event, .user = &play};
    int status = cli_link_run(&link, "play");
    if (file)
        fclose(play.out);
    if (status == 0)
        tell(&play);
    return status;
}
