/* SPDX-License-Identifier: MIT */
/*
 * Flex' externalizable classes, whose bytes only their class explains (docs/wire.md 4.2).
 *
 * Two wrap one value. The messages have parts, each of which begins with flag bytes (bit 7: another follows); a set
 * bit stands for one value. Here each value is a member with the property's name. Of the bits without a name, bit 6 has
 * no value and the others have one that is read and dropped, so what is written back is the same to every reader.
 */
#include <rtmpwire/amf3.h>

#include <string.h>

#include "amf_reader.h"
#include "amf_writer.h"

enum { N_FLAG_BYTES = 2, N_FLAGS = 7, N_FLAGS_WITHOUT_NAME = 6, FLAG_BYTES_MAX = 8 };

/** Member names by flag byte and bit; NULL: no name. */
struct part {
    const char *names[N_FLAG_BYTES][N_FLAGS];
};

static const struct part abstract = {
    {{"body", "clientId", "destination", "headers", "messageId", "timestamp", "timeToLive"},
     {"clientIdBytes", "messageIdBytes"}}};
static const struct part async = {{{"correlationId", "correlationIdBytes"}}};
static const struct part command = {{{"operation"}}};
static const struct part acknowledge = {{{NULL}}};

static const struct flex_class {
    const char *name;
    const char *wraps; /* the member with the one value, or NULL */
    const struct part *parts[3];
} classes[] = {
    {"flex.messaging.io.ArrayCollection", "source", {NULL}},
    {"flex.messaging.io.ObjectProxy", "object", {NULL}},
    {"DSA", NULL, {&abstract, &async}},
    {"DSK", NULL, {&abstract, &async, &acknowledge}},
    {"DSC", NULL, {&abstract, &async, &command}},
};

static const struct flex_class *class_of(const struct rtmp_value *value)
{
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (rtmp_text_is(*value->class_name, classes[i].name))
            return &classes[i];
    return NULL;
}

static int read_named(struct rtmp_amf_reader *reader, const char *name, struct rtmp_member ***end)
{
    struct rtmp_value *dropped, **item = &dropped;
    int rc = 0;
    if (name)
        rc = reader_member(reader, (struct rtmp_text){name, strlen(name)}, end, &item);
    return rc ? rc : rtmp_amf3_read(reader, item);
}

static int read_part(struct rtmp_amf_reader *reader, const struct part *part, struct rtmp_member ***end)
{
    uint8_t flags[FLAG_BYTES_MAX];
    unsigned n = 0;
    do {
        if (n == FLAG_BYTES_MAX)
            return RTMP_E_MALFORMED;
        int rc = reader_u8(reader, &flags[n]);
        if (rc)
            return rc;
    } while (flags[n++] & 0x80);
    for (unsigned i = 0; i < n; i++)
        for (unsigned bit = 0; bit < N_FLAGS; bit++) {
            const char *name = i < N_FLAG_BYTES ? part->names[i][bit] : NULL;
            bool has_value = flags[i] >> bit & 1 && (name || bit < N_FLAGS_WITHOUT_NAME);
            int rc = has_value ? read_named(reader, name, end) : 0;
            if (rc)
                return rc;
        }
    return 0;
}

int flex_read(struct rtmp_amf_reader *reader, struct rtmp_value *value)
{
    const struct flex_class *class = class_of(value);
    struct rtmp_member **end = &value->members;
    if (class == NULL)
        return RTMP_E_UNSUPPORTED;
    if (class->wraps)
        return read_named(reader, class->wraps, &end);
    int rc = 0;
    for (unsigned i = 0; rc == 0 && i < sizeof class->parts / sizeof *class->parts && class->parts[i]; i++)
        rc = read_part(reader, class->parts[i], &end);
    return rc;
}

static int write_part(struct amf3_writer *amf3, const struct part *part, const struct rtmp_value *value)
{
    uint8_t flags[N_FLAG_BYTES] = {0};
    for (unsigned i = 0; i < N_FLAG_BYTES; i++)
        for (unsigned bit = 0; bit < N_FLAGS; bit++)
            if (part->names[i][bit] && rtmp_value_get(value, part->names[i][bit]))
                flags[i] = (uint8_t)(flags[i] | 1 << bit);
    if (flags[1])
        flags[0] |= 0x80;
    int rc = amf3_write_u8(amf3, flags[0]);
    if (rc == 0 && flags[1])
        rc = amf3_write_u8(amf3, flags[1]);
    for (unsigned i = 0; i < N_FLAG_BYTES; i++)
        for (unsigned bit = 0; rc == 0 && bit < N_FLAGS; bit++)
            if (flags[i] >> bit & 1)
                rc = amf3_write_value(amf3, rtmp_value_get(value, part->names[i][bit]));
    return rc;
}

int flex_write(struct amf3_writer *amf3, const struct rtmp_value *value)
{
    const struct flex_class *class = class_of(value);
    if (class == NULL)
        return RTMP_E_UNSUPPORTED;
    if (class->wraps)
        return amf3_write_value(amf3, rtmp_value_get(value, class->wraps));
    int rc = 0;
    for (unsigned i = 0; rc == 0 && i < sizeof class->parts / sizeof *class->parts && class->parts[i]; i++)
        rc = write_part(amf3, class->parts[i], value);
    return rc;
}
