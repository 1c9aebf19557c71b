/* SPDX-License-Identifier: MIT */
/*
 * Parts of the input: file header, gap, then (head, body, gap)*. A gap is what nobody needs: the rest of a longer file
 * header, and back pointers. A tag is handed over with its last byte, so a file may end without the back pointer.
 */
#include <rtmpwire/flv.h>

#include "bytes.h"

enum { FILE_HEADER = 9 };
enum part { PART_FILE_HEADER, PART_GAP, PART_HEAD, PART_BODY };

struct input {
    const uint8_t *at;
    size_t left;
};

static void take(struct input *in, size_t n)
{
    if (n > 0)
        in->at += n;
    in->left -= n;
}

void rtmp_flv_reader_init(struct rtmp_flv_reader *reader, const struct rtmp_allocator *allocator, uint32_t body_max)
{
    *reader = (struct rtmp_flv_reader){.part = PART_FILE_HEADER};
    rtmp_buffer_init(&reader->body, allocator, body_max);
}

void rtmp_flv_reader_finish(struct rtmp_flv_reader *reader) { rtmp_buffer_finish(&reader->body); }

bool rtmp_flv_reader_may_end(const struct rtmp_flv_reader *reader)
{
    bool is_in_back_pointer = reader->part == PART_GAP && reader->skip <= RTMP_FLV_TAG_TAIL_SIZE;
    return reader->error == 0 && (is_in_back_pointer || (reader->part == PART_HEAD && reader->n_head == 0));
}

/* Collect `size` bytes in `head`; true when they are there. */
static bool fill_head(struct rtmp_flv_reader *reader, struct input *in, size_t size)
{
    size_t n = size - reader->n_head;
    if (n > in->left)
        n = in->left;
    put_bytes(reader->head + reader->n_head, in->at, n);
    reader->n_head += (uint32_t)n;
    take(in, n);
    return reader->n_head == size;
}

static int read_file_header(struct rtmp_flv_reader *reader, struct input *in)
{
    enum { AUDIO = 4, VIDEO = 1 };
    if (!fill_head(reader, in, FILE_HEADER))
        return RTMP_E_MORE;
    const uint8_t *head = reader->head;
    uint32_t offset = get_u32(head + 5);
    if (memcmp(head, "FLV\1", 4) != 0 || offset < FILE_HEADER || offset > RTMP_FLV_OFFSET_MAX)
        return RTMP_E_MALFORMED;
    reader->has_audio = (head[4] & AUDIO) != 0;
    reader->has_video = (head[4] & VIDEO) != 0;
    reader->skip = offset - FILE_HEADER + RTMP_FLV_TAG_TAIL_SIZE;
    reader->part = PART_GAP;
    return 0;
}

static int read_gap(struct rtmp_flv_reader *reader, struct input *in)
{
    uint32_t n = reader->skip < in->left ? reader->skip : (uint32_t)in->left;
    take(in, n);
    reader->skip -= n;
    if (reader->skip > 0)
        return RTMP_E_MORE;
    reader->n_head = 0;
    reader->part = PART_HEAD;
    return 0;
}

static int read_head(struct rtmp_flv_reader *reader, struct input *in, uint64_t offset)
{
    enum { RESERVED = 0xC0, FILTER = 0x20, TYPE = 0x1F };
    if (reader->n_head == 0)
        reader->tag.offset = offset;
    if (!fill_head(reader, in, RTMP_FLV_TAG_HEAD_SIZE))
        return RTMP_E_MORE;
    const uint8_t *head = reader->head;
    if (head[0] & RESERVED)
        return RTMP_E_MALFORMED;
    uint32_t length = get_u24(head + 1);
    if (length > reader->body.max)
        return RTMP_E_MESSAGE_SIZE;
    reader->tag.type = head[0] & TYPE;
    reader->tag.filtered = (head[0] & FILTER) != 0;
    reader->tag.length = length;
    reader->tag.time_ms = (uint32_t)head[7] << 24 | get_u24(head + 4);
    rtmp_buffer_clear(&reader->body);
    reader->part = PART_BODY;
    return 0;
}

/* 0: `reader->tag` is complete. */
static int read_body(struct rtmp_flv_reader *reader, struct input *in)
{
    size_t had = reader->body.length, n = reader->tag.length - had;
    if (n > in->left)
        n = in->left;
    bool is_whole = had + n == reader->tag.length;
    reader->tag.body = in->at;
    if (had > 0 || !is_whole) { /* not in one piece */
        int error = n > 0 ? rtmp_buffer_append(&reader->body, in->at, n) : 0;
        if (error)
            return error;
        reader->tag.body = reader->body.data;
    }
    take(in, n);
    if (!is_whole)
        return RTMP_E_MORE;
    reader->skip = RTMP_FLV_TAG_TAIL_SIZE;
    reader->part = PART_GAP;
    return 0;
}

int rtmp_flv_read(struct rtmp_flv_reader *reader, const uint8_t *data, size_t length, size_t *used,
                  struct rtmp_flv_tag *tag)
{
    struct input in = {data, length};
    bool is_complete = false;
    int error = reader->error;
    while (!error && !is_complete) {
        switch ((enum part)reader->part) {
        case PART_FILE_HEADER:
            error = read_file_header(reader, &in);
            break;
        case PART_GAP:
            error = read_gap(reader, &in);
            break;
        case PART_HEAD:
            error = read_head(reader, &in, reader->bytes_received + (length - in.left));
            break;
        case PART_BODY:
            error = read_body(reader, &in);
            is_complete = error == 0;
            break;
        }
    }
    if (error && error != RTMP_E_MORE) {
        reader->error = error;
        return error;
    }
    *used = length - in.left;
    reader->bytes_received += *used;
    if (is_complete)
        *tag = reader->tag;
    return error;
}
