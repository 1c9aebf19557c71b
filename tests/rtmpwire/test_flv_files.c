/* SPDX-License-Identifier: MIT */
/* Files of ffmpeg: what ffprobe says of them must be found, and writing all of it again makes the same file. */
#include "flv_trace.h"

#include <stdio.h>

#include <rtmpwire/tag.h>

static const char *data_folder;

struct file {
    const char *name, *video, *audio;
    bool enhanced;           /* the video is; ffmpeg 7.0 still writes AAC in the old form */
    uint32_t width, height;  /* 0: not told by the configuration, or by one that is not read */
    uint32_t rate, channels; /* 0: as above */
    size_t n_key, n_video, n_audio;
    size_t n_configurations, n_metadata;
    int32_t composition_max; /* 0: frames come in the order of presentation */
};

/* From ffmpeg 5.1.9, the enhanced ones from 7.0. */
static const struct file files[] = {
    {"h264_aac.flv", "h264", "aac", false, 322, 182, 48000, 2, 2, 10, 48, 2, 0, 400},
    {"flv1_mp3.flv", "sorenson", "mp3", false, 0, 0, 0, 0, 1, 5, 40, 0, 0, 0},
    {"hevc_aac.flv", "hevc", "aac", true, 322, 182, 48000, 1, 1, 5, 25, 2, 1, 400},
    {"av1_aac.flv", "av1", "aac", true, 0, 0, 48000, 1, 1, 5, 25, 3, 1, 0}, /* an empty configuration comes first */
    {"vp9_aac.flv", "vp9", "aac", true, 0, 0, 48000, 1, 1, 5, 25, 2, 1, 0},
};

struct found {
    size_t n_key, n_video, n_audio, n_configurations, n_metadata;
    uint32_t width, height, rate, channels;
    int32_t composition_max;
};

static uint8_t *load(const char *name, size_t *length)
{
    char path[4096];
    int n = snprintf(path, sizeof path, "%s/flv/%s", data_folder, name);
    assert_in_range(n, 1, sizeof path - 1);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    uint8_t *bytes = malloc(TRACE_BYTES);
    assert_non_null(bytes);
    *length = fread(bytes, 1, TRACE_BYTES, file);
    assert_in_range(*length, 1, TRACE_BYTES - 1);
    fclose(file);
    return bytes;
}

/* The head written for what was read is the head that ffmpeg wrote. */
static void assert_written_again(const struct rtmp_tag *tag, const struct rtmp_flv_tag *flv)
{
    uint8_t head[RTMP_TAG_HEAD_MAX];
    size_t written;
    assert_int_equal(rtmp_tag_write(tag, head, sizeof head, &written), 0);
    assert_int_equal(written + tag->length, flv->length);
    assert_memory_equal(head, flv->body, written);
    assert_true(tag->length == 0 || tag->payload == flv->body + written);
}

static void take_configuration(const struct rtmp_tag *tag, struct found *found)
{
    found->n_configurations++;
    if (tag->fourcc == RTMP_FOURCC_AVC1)
        assert_int_equal(rtmp_avc_dimensions(tag->payload, tag->length, &found->width, &found->height), 0);
    else if (tag->fourcc == RTMP_FOURCC_HVC1)
        assert_int_equal(rtmp_hevc_dimensions(tag->payload, tag->length, &found->width, &found->height), 0);
    else if (tag->fourcc == RTMP_FOURCC_MP4A)
        assert_int_equal(rtmp_aac_config(tag->payload, tag->length, &found->rate, &found->channels), 0);
}

static void take_tag(const struct file *file, const struct rtmp_flv_tag *flv, struct found *found)
{
    bool is_video = flv->type == RTMP_FLV_VIDEO;
    struct rtmp_tag tag;
    assert_int_equal(is_video ? rtmp_tag_parse_video(flv->body, flv->length, &tag)
                              : rtmp_tag_parse_audio(flv->body, flv->length, &tag),
                     0);
    assert_string_equal(rtmp_tag_codec_name(&tag), is_video ? file->video : file->audio);
    assert_int_equal(tag.enhanced, is_video && file->enhanced);
    assert_true(tag.known);
    assert_written_again(&tag, flv);
    assert_false(rtmp_tag_track_next(&tag));
    if (tag.packet == RTMP_TAG_CODED || tag.packet == RTMP_TAG_CODED_X) {
        found->n_video += is_video;
        found->n_audio += !is_video;
        found->n_key += is_video && tag.key;
        assert_false(tag.header);
    } else if (tag.packet == RTMP_TAG_SEQUENCE_START) {
        assert_true(tag.header);
        take_configuration(&tag, found);
    } else if (tag.packet == RTMP_TAG_METADATA) {
        assert_true(tag.header);
        found->n_metadata++;
    }
    if (tag.composition_ms > found->composition_max)
        found->composition_max = tag.composition_ms;
}

static void check_file(const struct file *file)
{
    size_t length, n_bytes = 0, written, at;
    uint8_t *bytes = load(file->name, &length), *again = malloc(length);
    assert_non_null(again);
    struct heap heap = {0};
    struct found found = {0};
    struct trace *trace = trace_of(bytes, length, 1460, 1460, &heap);
    assert_true(trace->may_end);
    assert_int_equal(trace->result, RTMP_E_MORE);
    assert_int_equal(rtmp_flv_header_write(true, true, again, length, &at), 0);
    for (size_t i = 0; i < trace->n_tags; i++) {
        struct rtmp_flv_tag flv = trace->tags[i];
        flv.body = trace->bytes + n_bytes;
        n_bytes += flv.length;
        assert_int_equal(flv.offset, at);
        assert_int_equal(rtmp_flv_tag_write(&flv, again + at, length - at, &written), 0);
        at += written;
        if (flv.type != RTMP_FLV_SCRIPT)
            take_tag(file, &flv, &found);
    }
    assert_int_equal(at, length);
    assert_memory_equal(again, bytes, length);
    assert_int_equal(found.n_key, file->n_key);
    assert_int_equal(found.n_video, file->n_video);
    assert_int_equal(found.n_audio, file->n_audio);
    assert_int_equal(found.n_configurations, file->n_configurations);
    assert_int_equal(found.n_metadata, file->n_metadata);
    assert_int_equal(found.width, file->width);
    assert_int_equal(found.height, file->height);
    assert_int_equal(found.rate, file->rate);
    assert_int_equal(found.channels, file->channels);
    assert_int_equal(found.composition_max, file->composition_max);
    free(trace);
    free(again);
    free(bytes);
}

static void files_of_ffmpeg_are_read_and_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(files); i++) {
        print_message("%s\n", files[i].name);
        check_file(&files[i]);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(files_of_ffmpeg_are_read_and_written)};
    if (argc != 3) {
        fprintf(stderr, "usage: test_flv_files VECTORS DATA\n");
        return EXIT_FAILURE;
    }
    data_folder = argv[2];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
