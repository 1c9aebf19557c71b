/* SPDX-License-Identifier: MIT */
/* What the AMF0, AMF3 and Flex readers share: bounded steps over the input, nodes and tables in the arena. */
#ifndef RTMPWIRE_AMF_READER_H
#define RTMPWIRE_AMF_READER_H

#include <rtmpwire/amf0.h>

/** A class as AMF3 spells it out once per message. */
struct rtmp_amf_class {
    struct rtmp_text name;
    bool dynamic, external;
    uint32_t n_members;
    const struct rtmp_text *members;
};

/** `length` bytes at the reader's place, which moves on; RTMP_E_TRUNCATED. */
int reader_bytes(struct rtmp_amf_reader *reader, size_t length, const uint8_t **bytes);
int reader_u8(struct rtmp_amf_reader *reader, uint8_t *value);

/** Memory from the arena within the message's budget. */
int reader_take(struct rtmp_amf_reader *reader, size_t size, void *piece);

/** A copy of the next `length` bytes with a NUL behind it. */
int reader_text(struct rtmp_amf_reader *reader, size_t length, struct rtmp_text *text);

/** A cleared node. */
int reader_node(struct rtmp_amf_reader *reader, enum rtmp_value_type type, struct rtmp_value **value);

/** A node with the next 8 bytes as its number. */
int reader_number_node(struct rtmp_amf_reader *reader, enum rtmp_value_type type, struct rtmp_value **value);

/** A node with the next `length` bytes as its text. */
int reader_text_node(struct rtmp_amf_reader *reader, enum rtmp_value_type type, size_t length,
                     struct rtmp_value **value);

/** Room for `n` items, each of which takes at least one byte of input. */
int reader_items(struct rtmp_amf_reader *reader, uint32_t n, struct rtmp_value *value);

/** A member at `*end`; `end` moves on to where the next belongs. */
int reader_member(struct rtmp_amf_reader *reader, struct rtmp_text name, struct rtmp_member ***end,
                  struct rtmp_value ***item);

/** What is behind the limit is counted, but not kept. */
int reader_remember(struct rtmp_amf_reader *reader, struct rtmp_amf_table *table, const void *entry);

/** RTMP_E_REFERENCE: nothing has that index; RTMP_E_NODES: it was not kept. */
int reader_recall(const struct rtmp_amf_reader *reader, const struct rtmp_amf_table *table, uint32_t index,
                  const void **entry);

typedef int (*reader_body_fn)(struct rtmp_amf_reader *reader, uint8_t marker, struct rtmp_value **value);

/** A marker and, one level deeper, what `read_body` finds behind it. */
int reader_value(struct rtmp_amf_reader *reader, reader_body_fn read_body, struct rtmp_value **value);

/** The body of an externalizable object: `value` has its class name, and is in the table already. */
int flex_read(struct rtmp_amf_reader *reader, struct rtmp_value *value);

#endif
