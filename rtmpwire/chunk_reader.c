/* SPDX-License-Identifier: MIT */
/*
 * The reader stands either before a chunk header (chunk_left is 0) or inside a chunk's payload.
 *
 * Header bytes that the input cut off wait in head[]. Since a type-3 header may or may not carry an extended time, and
 * only comparing its bytes tells, bytes taken for a header can turn out to be payload: head[] may hold up to three
 * bytes that come before the input, of whatever kind. parse_header() therefore knows nothing of where bytes lie, and
 * take_payload() drains head[] first.
 *
 * Between chunks a stream has a message under way if and only if received > 0, and partial_bytes is the sum of
 * received. Every check depends on chunk boundaries only, never on how the input was cut. A stream has a body only
 * while its message is under way and could not be lent from the input; a finished body becomes `lent`, and serves
 * again for the next message.
 */
#include <rtmpwire/chunk.h>
#include <rtmpwire/message.h>

#include <stdbool.h>

#include "bytes.h"

enum {
    TIME_ESCAPE = 0xFFFFFF, /* in the 24-bit field: the real time follows in 32 bits */
    HEADER_MAX = 3 + 11 + 4,
    STREAMS_FIRST = 4,
    BODY_FIRST = 256,
    BODY_KEPT_MIN = 4096, /* a publisher's frames use their buffer again, a viewer's few commands leave none behind */
    BODY_KEPT_MAX = 65536,
};

struct rtmp_chunk_stream {
    struct rtmp_message_info info; /* of the message under way, or the last one */
    uint32_t delta_ms;             /* what a type 3 that starts a message adds */
    uint32_t wire_ms;              /* the last extended field */
    uint32_t received;             /* bytes of the message under way */
    uint32_t body_cap;
    uint8_t *body;
    uint64_t last_chunk; /* number of the last chunk, to find the stream unused for longest */
    bool extended;       /* the last header of type 0, 1 or 2 had an extended field */
};

struct header {
    size_t size;
    struct rtmp_chunk_stream *stream; /* NULL: not seen before */
    uint32_t csid, time_ms, length, stream_id;
    unsigned format;
    uint8_t type;
    bool has_time, extended;
};

struct input {
    const uint8_t *next;
    size_t left;
};

const struct rtmp_chunk_limits rtmp_limits_before_connect = {
    .message_max = 32 << 10, .media_max = 32 << 10, .partial_max = 64 << 10, .chunk_size_min = 1, .n_streams_max = 64};

const struct rtmp_chunk_limits rtmp_limits_connected = {
    .message_max = 512 << 10, .media_max = 8 << 20, .partial_max = 16 << 20, .chunk_size_min = 1, .n_streams_max = 64};

static const uint8_t nothing[1];

static void *resize(const struct rtmp_chunk_reader *reader, void *block, size_t old_size, size_t new_size)
{
    return reader->allocator.resize(reader->allocator.user, block, old_size, new_size);
}

static void advance(struct input *in, size_t n)
{
    in->left -= n;
    if (n > 0)
        in->next += n;
}

/* Buffers */

static void drop_lent(struct rtmp_chunk_reader *reader)
{
    if (reader->lent)
        (void)resize(reader, reader->lent, reader->lent_cap, 0);
    reader->lent = NULL;
    reader->lent_cap = 0;
}

static void give_up_body(struct rtmp_chunk_reader *reader, struct rtmp_chunk_stream *stream)
{
    drop_lent(reader);
    reader->lent = stream->body;
    reader->lent_cap = stream->body_cap;
    stream->body = NULL;
    stream->body_cap = 0;
}

/* Room for `need` bytes. `arrived` bytes of input are at hand: as many may be reserved at once, whoever they are for.
 */
static int reserve_body(struct rtmp_chunk_reader *reader, struct rtmp_chunk_stream *stream, uint32_t need,
                        size_t arrived)
{
    if (!stream->body && reader->lent) {
        stream->body = reader->lent;
        stream->body_cap = reader->lent_cap;
        reader->lent = NULL;
        reader->lent_cap = 0;
    }
    if (need <= stream->body_cap)
        return 0;
    size_t cap = (size_t)stream->body_cap * 2;
    if (cap < BODY_FIRST)
        cap = BODY_FIRST;
    if (cap < stream->received + arrived)
        cap = stream->received + arrived;
    if (cap > stream->info.length)
        cap = stream->info.length;
    uint8_t *body = resize(reader, stream->body, stream->body_cap, cap);
    if (!body)
        return RTMP_E_MEMORY;
    stream->body = body;
    stream->body_cap = (uint32_t)cap;
    return 0;
}

/* Streams */

static struct rtmp_chunk_stream *find_stream(const struct rtmp_chunk_reader *reader, uint32_t csid)
{
    if (reader->n_streams > 0 && reader->streams[reader->current].info.csid == csid)
        return &reader->streams[reader->current];
    for (uint32_t i = 0; i < reader->n_streams; i++)
        if (reader->streams[i].info.csid == csid)
            return &reader->streams[i];
    return NULL;
}

static struct rtmp_chunk_stream *oldest_idle_stream(const struct rtmp_chunk_reader *reader)
{
    struct rtmp_chunk_stream *oldest = NULL;
    for (uint32_t i = 0; i < reader->n_streams; i++) {
        struct rtmp_chunk_stream *stream = &reader->streams[i];
        if (stream->received == 0 && (!oldest || stream->last_chunk < oldest->last_chunk))
            oldest = stream;
    }
    return oldest;
}

static int add_stream(struct rtmp_chunk_reader *reader, uint32_t csid, struct rtmp_chunk_stream **added)
{
    struct rtmp_chunk_stream *stream;
    if (reader->n_streams >= reader->limits.n_streams_max) {
        stream = oldest_idle_stream(reader);
        if (!stream)
            return RTMP_E_CHUNK_STREAMS;
    } else {
        if (reader->n_streams == reader->streams_cap) {
            uint32_t cap = reader->streams_cap ? reader->streams_cap * 2 : STREAMS_FIRST;
            stream = resize(reader, reader->streams, reader->streams_cap * sizeof *stream, cap * sizeof *stream);
            if (!stream)
                return RTMP_E_MEMORY;
            reader->streams = stream;
            reader->streams_cap = cap;
        }
        stream = &reader->streams[reader->n_streams++];
    }
    *stream = (struct rtmp_chunk_stream){.info.csid = csid};
    *added = stream;
    return 0;
}

/* Headers */

static size_t basic_header_size(const uint8_t *p)
{
    unsigned form = p[0] & 0x3F;
    return form == 0 ? 2 : form == 1 ? 3 : 1;
}

static uint32_t basic_header_csid(const uint8_t *p)
{
    switch (p[0] & 0x3F) {
    case 0:
        return 64 + p[1];
    case 1:
        return 64 + get_u16le(p + 1);
    default:
        return p[0] & 0x3F;
    }
}

static bool begins_with(const uint8_t *p, size_t n, uint32_t value)
{
    uint8_t bytes[4];
    put_u32(bytes, value);
    return n == 0 || memcmp(p, bytes, n) == 0;
}

/* Whether a type 3 inside a message repeats the extended time, as the specification has it since 2012, or leaves it
 * out, as OBS until 30.0 and many mobile encoders do. The first byte that differs settles it. */
static int peek_extended(const struct rtmp_chunk_stream *stream, const uint8_t *p, size_t n, bool *present)
{
    size_t seen = n < 4 ? n : 4;
    if (!begins_with(p, seen, stream->wire_ms) && !begins_with(p, seen, stream->info.time_ms)) {
        *present = false;
        return 0;
    }
    if (seen < 4)
        return RTMP_E_MORE;
    *present = true;
    return 0;
}

static int parse_type3(const uint8_t *p, size_t n, struct header *header)
{
    const struct rtmp_chunk_stream *stream = header->stream;
    if (!stream->extended)
        return 0;
    bool present = true;
    if (stream->received > 0) {
        int rc = peek_extended(stream, p, n, &present);
        if (rc)
            return rc;
    } else if (n < 4) {
        return RTMP_E_MORE;
    }
    if (present) {
        header->time_ms = get_u32(p);
        header->has_time = header->extended = true;
        header->size += 4;
    }
    return 0;
}

/* Reads a header without changing anything. Returns 0, RTMP_E_MORE or an error. */
static int parse_header(const struct rtmp_chunk_reader *reader, const uint8_t *p, size_t n, struct header *header)
{
    static const uint8_t sizes[] = {11, 7, 3, 0};
    if (n == 0 || n < basic_header_size(p))
        return RTMP_E_MORE;
    *header = (struct header){.size = basic_header_size(p), .format = p[0] >> 6, .csid = basic_header_csid(p)};
    header->stream = find_stream(reader, header->csid);
    bool under_way = header->stream && header->stream->received > 0;
    if ((!header->stream && header->format >= 2) || (under_way && header->format == 0))
        return RTMP_E_CHUNK_HEADER;

    p += header->size;
    n -= header->size;
    if (header->format == 3)
        return parse_type3(p, n, header);

    size_t size = sizes[header->format];
    if (n < size)
        return RTMP_E_MORE;
    header->has_time = true;
    header->time_ms = get_u24(p);
    if (header->format <= 1) {
        header->length = get_u24(p + 3);
        header->type = p[6];
    }
    if (header->format == 0)
        header->stream_id = get_u32le(p + 7);
    header->size += size;
    if (header->time_ms == TIME_ESCAPE) {
        if (n < size + 4)
            return RTMP_E_MORE;
        header->extended = true;
        header->time_ms = get_u32(p + size);
        header->size += 4;
    }
    return 0;
}

/* What a header means */

static void note_extended(struct rtmp_chunk_stream *stream, const struct header *header)
{
    stream->extended = header->extended;
    stream->wire_ms = header->time_ms;
}

static void begin_message(struct rtmp_chunk_stream *stream, const struct header *header)
{
    struct rtmp_message_info *info = &stream->info;
    if (header->has_time) {
        stream->delta_ms = header->time_ms; /* after a type 0, its absolute time: so the specification and FMLE */
        note_extended(stream, header);
    }
    if (header->format == 0) {
        info->time_ms = header->time_ms;
        info->stream_id = header->stream_id;
    } else {
        info->time_ms += stream->delta_ms;
    }
    if (header->format <= 1) {
        info->length = header->length;
        info->type = header->type;
    }
}

/* A header of type 1 or 2 inside a message only repeats what is known: some senders write one per chunk. */
static int continue_message(struct rtmp_chunk_stream *stream, const struct header *header)
{
    if (header->format == 1 && header->length != stream->info.length)
        return RTMP_E_CHUNK_HEADER;
    if (header->format < 3)
        note_extended(stream, header);
    return 0;
}

static uint32_t length_limit(const struct rtmp_chunk_limits *limits, uint8_t type)
{
    bool media = type == RTMP_TYPE_AUDIO || type == RTMP_TYPE_VIDEO || type == RTMP_TYPE_AGGREGATE;
    return media ? limits->media_max : limits->message_max;
}

static int begin_chunk(struct rtmp_chunk_reader *reader, const struct header *header)
{
    struct rtmp_chunk_stream *stream = header->stream;
    int rc = 0;
    if (!stream)
        rc = add_stream(reader, header->csid, &stream);
    else if (stream->received > 0)
        rc = continue_message(stream, header);
    if (rc)
        return rc;
    if (stream->received == 0) {
        begin_message(stream, header);
        if (stream->info.length > length_limit(&reader->limits, stream->info.type))
            return RTMP_E_MESSAGE_SIZE;
    }
    uint32_t missing = stream->info.length - stream->received;
    uint32_t size = missing < reader->chunk_size ? missing : reader->chunk_size;
    if (size > reader->limits.partial_max || reader->partial_bytes > reader->limits.partial_max - size)
        return RTMP_E_PARTIAL_BYTES;
    reader->partial_bytes += size;
    reader->chunk_left = size;
    reader->current = (uint32_t)(stream - reader->streams);
    stream->last_chunk = reader->n_chunks++;
    return 0;
}

static int read_header(struct rtmp_chunk_reader *reader, struct input *in)
{
    struct header header;
    if (reader->n_head == 0) {
        int rc = parse_header(reader, in->next, in->left, &header);
        if (rc == RTMP_E_MORE) {
            put_bytes(reader->head, in->next, in->left);
            reader->n_head = (uint8_t)in->left;
            advance(in, in->left);
        }
        if (rc)
            return rc;
        advance(in, header.size);
        return begin_chunk(reader, &header);
    }

    size_t before = reader->n_head;
    size_t added = HEADER_MAX - before < in->left ? HEADER_MAX - before : in->left;
    put_bytes(reader->head + before, in->next, added);
    int rc = parse_header(reader, reader->head, before + added, &header);
    if (rc == RTMP_E_MORE) {
        reader->n_head = (uint8_t)(before + added);
        advance(in, added);
    }
    if (rc)
        return rc;
    if (header.size >= before) {
        reader->n_head = 0;
        advance(in, header.size - before);
    } else { /* bytes thought to be an extended time are payload */
        reader->n_head = (uint8_t)(before - header.size);
        memmove(reader->head, reader->head + header.size, reader->n_head);
    }
    return begin_chunk(reader, &header);
}

/* Payload */

static int append(struct rtmp_chunk_reader *reader, const uint8_t *bytes, uint32_t n, size_t arrived)
{
    struct rtmp_chunk_stream *stream = &reader->streams[reader->current];
    int rc = reserve_body(reader, stream, stream->received + n, arrived);
    if (rc)
        return rc;
    put_bytes(stream->body + stream->received, bytes, n);
    stream->received += n;
    reader->chunk_left -= n;
    return 0;
}

/* Takes what there is of the current chunk. Returns 0 with *whole set if that ends a message, RTMP_E_MORE or an error.
 */
static int take_payload(struct rtmp_chunk_reader *reader, struct input *in, const uint8_t **whole)
{
    struct rtmp_chunk_stream *stream = &reader->streams[reader->current];
    if (reader->n_head > 0 && reader->chunk_left > 0) {
        uint32_t n = reader->n_head < reader->chunk_left ? reader->n_head : reader->chunk_left;
        int rc = append(reader, reader->head, n, n);
        if (rc)
            return rc;
        reader->n_head = (uint8_t)(reader->n_head - n);
        memmove(reader->head, reader->head + n, reader->n_head);
    }
    if (stream->received == 0 && reader->chunk_left == stream->info.length && in->left >= reader->chunk_left) {
        *whole = stream->info.length > 0 ? in->next : nothing;
        advance(in, reader->chunk_left);
        reader->chunk_left = 0;
        return 0;
    }
    uint32_t n = in->left < reader->chunk_left ? (uint32_t)in->left : reader->chunk_left;
    if (n > 0) {
        int rc = append(reader, in->next, n, in->left);
        if (rc)
            return rc;
        advance(in, n);
    }
    if (reader->chunk_left > 0)
        return RTMP_E_MORE;
    if (stream->received == stream->info.length) {
        *whole = stream->body;
        give_up_body(reader, stream);
        stream->received = 0;
    }
    return 0;
}

/* Messages about the chunk streams themselves */

static int set_chunk_size(struct rtmp_chunk_reader *reader, uint32_t size)
{
    if (size == 0 || size > 0x7FFFFFFF || size < reader->limits.chunk_size_min)
        return RTMP_E_CHUNK_SIZE;
    reader->chunk_size = size < RTMP_CHUNK_SIZE_MAX ? size : RTMP_CHUNK_SIZE_MAX;
    return 0;
}

static void abort_message(struct rtmp_chunk_reader *reader, uint32_t csid)
{
    struct rtmp_chunk_stream *stream = find_stream(reader, csid);
    if (!stream || stream->received == 0)
        return;
    reader->partial_bytes -= stream->received;
    stream->received = 0;
    (void)resize(reader, stream->body, stream->body_cap, 0);
    stream->body = NULL;
    stream->body_cap = 0;
}

static int obey(struct rtmp_chunk_reader *reader, const struct rtmp_message *message)
{
    if (message->info.length < 4) /* too short to mean anything: the caller counts it as an oddity */
        return 0;
    if (message->info.type == RTMP_TYPE_SET_CHUNK_SIZE)
        return set_chunk_size(reader, get_u32(message->payload));
    if (message->info.type == RTMP_TYPE_ABORT)
        abort_message(reader, get_u32(message->payload));
    return 0;
}

/* The whole */

void rtmp_chunk_reader_init(struct rtmp_chunk_reader *reader, const struct rtmp_allocator *allocator,
                            const struct rtmp_chunk_limits *limits)
{
    *reader = (struct rtmp_chunk_reader){
        .allocator = *allocator, .limits = *limits, .chunk_size = RTMP_CHUNK_SIZE_DEFAULT};
}

void rtmp_chunk_reader_finish(struct rtmp_chunk_reader *reader)
{
    for (uint32_t i = 0; i < reader->n_streams; i++)
        if (reader->streams[i].body)
            (void)resize(reader, reader->streams[i].body, reader->streams[i].body_cap, 0);
    if (reader->streams)
        (void)resize(reader, reader->streams, reader->streams_cap * sizeof *reader->streams, 0);
    drop_lent(reader);
    *reader = (struct rtmp_chunk_reader){.error = RTMP_E_STATE};
}

void rtmp_chunk_reader_set_limits(struct rtmp_chunk_reader *reader, const struct rtmp_chunk_limits *limits)
{
    reader->limits = *limits;
}

static int read_message(struct rtmp_chunk_reader *reader, struct input *in, struct rtmp_message *message)
{
    const uint8_t *whole = NULL;
    while (!whole) {
        int rc = reader->chunk_left > 0 ? 0 : read_header(reader, in);
        if (rc == 0)
            rc = take_payload(reader, in, &whole);
        if (rc)
            return rc;
    }
    struct rtmp_message done = {.info = reader->streams[reader->current].info, .payload = whole};
    reader->partial_bytes -= done.info.length;
    if (done.info.type == RTMP_TYPE_SET_CHUNK_SIZE || done.info.type == RTMP_TYPE_ABORT) {
        int rc = obey(reader, &done);
        if (rc)
            return rc;
    }
    *message = done;
    return 0;
}

int rtmp_chunk_read(struct rtmp_chunk_reader *reader, const uint8_t *data, size_t length, size_t *used,
                    struct rtmp_message *message)
{
    if (reader->error)
        return reader->error;
    if (reader->lent && (reader->lent_cap < BODY_KEPT_MIN || reader->lent_cap > BODY_KEPT_MAX))
        drop_lent(reader);
    struct input in = {data, length};
    int rc = read_message(reader, &in, message);
    reader->bytes_received += length - in.left;
    if (rc == 0 || rc == RTMP_E_MORE)
        *used = length - in.left;
    else
        reader->error = rc;
    return rc;
}
