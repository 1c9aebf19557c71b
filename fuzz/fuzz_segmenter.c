/* SPDX-License-Identifier: MIT */
/*
 * Streams as a presentation sees them: each record of the input is a tag: kind, two bytes of time since the last one,
 * two of length, body; bit 6 of the first kind asks for transport streams. Whatever comes, segments of each rendition
 * follow each other, their parts make them up, and playlists can be told.
 */
#include "app/letter.h"
#include "fuzz.h"
#include "gate/hls/presentation.h"

enum { RECORD = 5, TEXT_MAX = 1024 * 1024 };

static void check_segments(struct ph_segmenter *segmenter)
{
    size_t bytes = 0;
    for (size_t i = 0; i < segmenter->n; i++) {
        const struct ph_segment *segment = segmenter->segments[i];
        size_t length = 0;
        uint64_t ms = 0;
        CHECK(ph_segmenter_find(segmenter, segment->is.number) == segment);
        CHECK(segment->is.is_whole || i + 1 == segmenter->n);
        CHECK(segment->is.n_parts > 0 && segment->is.n_parts <= PH_PARTS_MAX);
        for (size_t k = 0; k < segment->is.n_parts; k++) {
            const struct ph_slice *slice = &segment->slices[k];
            CHECK(slice->offset + slice->length <= slice->blob->length);
            fuzz_hash(0, slice->blob->bytes + slice->offset, slice->length);
            length += slice->length;
            ms += segment->parts[k].duration_ms;
        }
        CHECK(length == segment->length && ms == segment->is.duration_ms);
        bytes += length;
    }
    CHECK(bytes == segmenter->bytes);
}

static void check(struct ph_presentation *presentation)
{
    struct rtmp_buffer text;
    rtmp_buffer_init(&text, &ph_app_allocator, TEXT_MAX);
    for (size_t i = 0; i < presentation->n; i++) {
        struct ph_rendition *rendition = presentation->renditions[i];
        bool has_any = rendition->segmenter.n > 0;
        check_segments(&rendition->segmenter);
        CHECK(ph_presentation_find(presentation, rendition->name) == rendition);
        for (int is_delta = 0; is_delta < 2; is_delta++)
            CHECK((ph_presentation_playlist(presentation, rendition, 1000000000000, is_delta, &text) == 0) == has_any);
    }
    (void)!ph_presentation_master(presentation, "x.hls/", &text);
    fuzz_hash(0, text.data, text.length);
    rtmp_buffer_finish(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ph_presentation presentation;
    uint32_t time_ms = 0;
    CHECK(ph_presentation_init(&presentation, size && data[0] & 0x40 ? PH_HLS_TS : PH_HLS_FMP4, 1) == 0);
    while (size >= RECORD) {
        size_t length = (size_t)data[3] << 8 | data[4];
        length = length < size - RECORD ? length : size - RECORD;
        time_ms += (uint32_t)data[1] << 8 | data[2];
        const struct rtmp_flv_tag tag = {
            .type = data[0] & 31, .time_ms = time_ms, .body = data + RECORD, .length = (uint32_t)length};
        if (data[0] & 0x80)
            ph_presentation_cut(&presentation);
        CHECK(ph_presentation_take(&presentation, &tag) == 0);
        data += RECORD + length;
        size -= RECORD + length;
    }
    check(&presentation);
    ph_presentation_end(&presentation);
    check(&presentation);
    ph_presentation_finish(&presentation);
    return 0;
}
