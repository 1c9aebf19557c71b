/* SPDX-License-Identifier: MIT */
/* playhouse publish: an FLV file, or what a program writes, in real time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rtmpwire/flv.h>

#include "base/text.h"
#include "cli/link.h"
#include "cli/tool.h"

enum {
    PIECE = 64 * 1024,
    UNSENT_MAX = 512 * 1024, /* the server takes no more at present: wait */
    STEP_US = 10000,
    LOOP_GAP_MS = 40, /* between the last message of a round and the first of the next */
    NAME = 16,
};

struct publish {
    struct cli_link link;
    FILE *in;
    bool is_looped;
    struct rtmp_flv_reader reader;
    struct rtmp_flv_tag tag; /* the next to be sent, if has_tag */
    bool has_tag, has_first, at_end;
    uint8_t piece[PIECE];
    size_t at, end;
    uint32_t stream_id;
    uint32_t first_ms, offset_ms, last_ms; /* the file's first time; added to all; sent last */
    uint64_t begun_us, bytes;
    struct ph_timer step;
};

/* The file */

static void begin_again(struct publish *publish)
{
    rtmp_flv_reader_finish(&publish->reader);
    rtmp_flv_reader_init(&publish->reader, &cli_allocator, RTMP_FLV_BODY_MAX);
    publish->offset_ms = publish->last_ms + LOOP_GAP_MS;
    publish->has_first = false;
    rewind(publish->in);
}

/* Have the next tag, unless there is none. */
static void read_tag(struct publish *publish)
{
    while (!publish->has_tag && !publish->at_end) {
        size_t used;
        int rc = rtmp_flv_read(&publish->reader, publish->piece + publish->at, publish->end - publish->at, &used,
                               &publish->tag);
        publish->at += used;
        publish->has_tag = rc == 0;
        if (rc == 0)
            return;
        if (rc != RTMP_E_MORE) {
            cli_fail(&publish->link, "the file is no FLV: %s", rtmp_error_text(rc));
            return;
        }
        publish->at = 0;
        publish->end = fread(publish->piece, 1, sizeof publish->piece, publish->in);
        if (publish->end == 0 && publish->is_looped && publish->bytes > 0)
            begin_again(publish);
        else
            publish->at_end = publish->end == 0;
    }
}

/* Sending */

/* Metadata with @setDataFrame in front, so that the server keeps it for later players. */
static int send_script(struct publish *publish, uint32_t time_ms)
{
    static const uint8_t name[NAME] = {2, 0, 13, '@', 's', 'e', 't', 'D', 'a', 't', 'a', 'F', 'r', 'a', 'm', 'e'};
    const struct rtmp_flv_tag *tag = &publish->tag;
    bool is_named = tag->length >= NAME && memcmp(tag->body, name, NAME) == 0;
    uint8_t *body = malloc(NAME + tag->length);
    if (!body)
        return RTMP_E_MEMORY;
    memcpy(body, name, NAME);
    if (tag->length)
        memcpy(body + NAME, tag->body, tag->length);
    size_t skip = is_named ? NAME : 0;
    int rc = rtmp_client_media(publish->link.client, tag->type, publish->stream_id, time_ms, body + skip,
                               NAME + tag->length - skip);
    free(body);
    return rc;
}

static void send_tag(struct publish *publish, uint32_t time_ms)
{
    const struct rtmp_flv_tag *tag = &publish->tag;
    bool is_known = tag->type == RTMP_FLV_AUDIO || tag->type == RTMP_FLV_VIDEO || tag->type == RTMP_FLV_SCRIPT;
    publish->has_tag = false;
    publish->last_ms = time_ms;
    publish->bytes += tag->length;
    if (!is_known || tag->filtered)
        return;
    int rc = tag->type == RTMP_FLV_SCRIPT ? send_script(publish, time_ms)
                                          : rtmp_client_media(publish->link.client, tag->type, publish->stream_id,
                                                              time_ms, tag->body, tag->length);
    cli_check(&publish->link, rc, "the message");
}

static void finish(struct publish *publish)
{
    cli_check(&publish->link, rtmp_client_stop(publish->link.client, publish->stream_id), "the end");
    publish->link.is_over = true;
}

/* Everything that is due; times count from the file's first. */
static void on_step(struct ph_timer *timer)
{
    struct publish *publish = ph_container_of(timer, struct publish, step);
    struct cli_link *link = &publish->link;
    uint32_t due_ms = (uint32_t)((ph_loop_now(link->loop) - publish->begun_us) / 1000);
    while (link->client && !link->fault[0] && cli_link_unsent(link) < UNSENT_MAX) {
        read_tag(publish);
        if (!publish->has_tag)
            break;
        if (!publish->has_first)
            publish->first_ms = publish->tag.time_ms;
        publish->has_first = true;
        uint32_t time_ms = publish->tag.time_ms - publish->first_ms + publish->offset_ms;
        if ((int32_t)(time_ms - due_ms) > 0)
            break;
        send_tag(publish, time_ms);
    }
    if (publish->at_end && !publish->has_tag && link->client)
        finish(publish);
    else
        ph_timer_start(link->loop, &publish->step, STEP_US);
}

static void on_status(struct publish *publish, const struct rtmp_event_status *status)
{
    struct cli_link *link = &publish->link;
    if (rtmp_text_is(status->level, "error")) {
        cli_fail(link, "%s %s", status->code.data, status->description.data);
    } else if (rtmp_text_is(status->code, "NetStream.Publish.Start") && !publish->begun_us) {
        link->is_patient = true;
        publish->begun_us = ph_loop_now(link->loop);
        ph_timer_start(link->loop, &publish->step, 0);
    }
}

static void on_event(struct cli_link *link, const struct rtmp_event *event)
{
    struct publish *publish = link->user;
    if (event->type == RTMP_EVENT_CONNECTED)
        cli_check(link, rtmp_client_publish(link->client, link->address.stream, RTMP_PUBLISH_LIVE), "publish");
    else if (event->type == RTMP_EVENT_STREAM_READY)
        publish->stream_id = event->stream_id;
    else if (event->type == RTMP_EVENT_STATUS)
        on_status(publish, &event->status);
}

static int run(struct publish *publish)
{
    rtmp_flv_reader_init(&publish->reader, &cli_allocator, RTMP_FLV_BODY_MAX);
    ph_timer_init(&publish->step, on_step);
    int status = cli_link_run(&publish->link, "publish");
    rtmp_flv_reader_finish(&publish->reader);
    if (status == 0)
        fprintf(stderr, "playhouse publish: %.3f s were published\n", publish->last_ms / 1000.0);
    return status;
}

int cli_publish(int argc, char **argv)
{
    bool is_looped = argc == 3 && strcmp(argv[2], "--loop") == 0;
    bool is_pipe = argc > 0 && strcmp(argv[0], "-") == 0;
    if ((argc != 2 && !is_looped) || (is_looped && is_pipe)) {
        fputs(
            "usage: playhouse publish FILE.flv rtmp://HOST[:PORT]/APP/STREAM[?key=KEY] [--loop]; - for FILE reads what "
            "a program writes\n",
            stderr);
        return 2;
    }
    struct publish *publish = calloc(1, sizeof *publish);
    FILE *in = is_pipe ? stdin : fopen(argv[0], "re");
    if (!publish || !in) {
        fprintf(stderr, "playhouse publish: %s cannot be read\n", argv[0]);
        free(publish);
        return 2;
    }
    publish->in = in;
    publish->is_looped = is_looped;
    publish->link = (struct cli_link){.url = argv[1], .path = RTMP_URL_OF_STREAM, .event = on_event, .user = publish};
    int status = run(publish);
    if (!is_pipe)
        fclose(in);
    free(publish);
    return status;
}
