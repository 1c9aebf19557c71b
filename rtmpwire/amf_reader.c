/* SPDX-License-Identifier: MIT */
#include "amf_reader.h"

#include "bytes.h"

enum {
    EXPANSION_MAX = 16,                        /* decoded bytes per byte of the message */
    BYTES_ALWAYS = RTMP_VALUE_WALK_NODES * 64, /* but a node and a member for each value are always allowed */
    TABLE_FIRST = 8,
};

static void set_default(uint32_t *limit, uint32_t value)
{
    if (*limit == 0)
        *limit = value;
}

void rtmp_amf_reader_init(struct rtmp_amf_reader *reader, const uint8_t *data, size_t length, struct rtmp_arena *arena,
                          const struct rtmp_value_limits *limits)
{
    *reader = (struct rtmp_amf_reader){.data = data, .length = length, .arena = arena};
    if (limits)
        reader->limits = *limits;
    set_default(&reader->limits.depth, RTMP_VALUE_DEPTH);
    set_default(&reader->limits.nodes, RTMP_VALUE_WALK_NODES);
    set_default(&reader->limits.references, 1024);
    set_default(&reader->limits.members, 256);
    set_default(&reader->limits.text, 1 << 16);
    set_default(&reader->limits.bytes, 2 << 20);
    size_t budget = BYTES_ALWAYS;
    if (length > BYTES_ALWAYS / EXPANSION_MAX)
        budget = length < SIZE_MAX / EXPANSION_MAX ? length * EXPANSION_MAX : SIZE_MAX;
    if (budget > reader->limits.bytes)
        budget = reader->limits.bytes;
    reader->arena_max = arena->used + budget;
}

int reader_bytes(struct rtmp_amf_reader *reader, size_t length, const uint8_t **bytes)
{
    if (length > reader->length - reader->at)
        return RTMP_E_TRUNCATED;
    *bytes = reader->data + reader->at;
    reader->at += length;
    return 0;
}

int reader_u8(struct rtmp_amf_reader *reader, uint8_t *value)
{
    const uint8_t *p;
    int rc = reader_bytes(reader, 1, &p);
    if (rc == 0)
        *value = *p;
    return rc;
}

int reader_take(struct rtmp_amf_reader *reader, size_t size, void *piece)
{
    if (size > reader->arena_max || reader->arena->used > reader->arena_max - size)
        return RTMP_E_BYTES;
    void *taken = rtmp_arena_take(reader->arena, size);
    if (taken == NULL)
        return rtmp_arena_error(reader->arena, size);
    memcpy(piece, &taken, sizeof taken);
    return 0;
}

int reader_text(struct rtmp_amf_reader *reader, size_t length, struct rtmp_text *text)
{
    const uint8_t *bytes;
    char *copy = NULL;
    int rc = length > reader->limits.text ? RTMP_E_BYTES : 0;
    if (rc == 0)
        rc = reader_bytes(reader, length, &bytes);
    if (rc == 0)
        rc = reader_take(reader, length + 1, &copy);
    if (rc)
        return rc;
    *put_bytes((uint8_t *)copy, bytes, length) = 0;
    *text = (struct rtmp_text){copy, length};
    return 0;
}

int reader_node(struct rtmp_amf_reader *reader, enum rtmp_value_type type, struct rtmp_value **value)
{
    struct rtmp_value *node = NULL;
    int rc = reader_take(reader, sizeof *node, &node);
    if (rc)
        return rc;
    *node = (struct rtmp_value){.type = (uint8_t)type};
    *value = node;
    return 0;
}

int reader_number_node(struct rtmp_amf_reader *reader, enum rtmp_value_type type, struct rtmp_value **value)
{
    const uint8_t *p;
    int rc = reader_bytes(reader, 8, &p);
    if (rc == 0)
        rc = reader_node(reader, type, value);
    if (rc == 0)
        (*value)->number = get_double(p);
    return rc;
}

int reader_text_node(struct rtmp_amf_reader *reader, enum rtmp_value_type type, size_t length,
                     struct rtmp_value **value)
{
    struct rtmp_text text;
    int rc = reader_text(reader, length, &text);
    if (rc == 0)
        rc = reader_node(reader, type, value);
    if (rc)
        return rc;
    (*value)->text = text.data;
    (*value)->n = (uint32_t)length;
    return 0;
}

int reader_items(struct rtmp_amf_reader *reader, uint32_t n, struct rtmp_value *value)
{
    if (n > reader->length - reader->at)
        return RTMP_E_TRUNCATED;
    if (n > reader->limits.nodes)
        return RTMP_E_NODES;
    int rc = n > 0 ? reader_take(reader, n * sizeof *value->items, &value->items) : 0;
    if (rc)
        return rc;
    value->flags |= RTMP_VALUE_EXACT;
    for (uint32_t i = 0; i < n; i++) /* a value may be looked at from inside itself before it is whole */
        value->items[i] = rtmp_value_new_undefined();
    value->n = n;
    return 0;
}

int reader_member(struct rtmp_amf_reader *reader, struct rtmp_text name, struct rtmp_member ***end,
                  struct rtmp_value ***item)
{
    struct rtmp_member *member = NULL;
    int rc = reader_take(reader, sizeof *member, &member);
    if (rc)
        return rc;
    *member = (struct rtmp_member){.name = name, .value = rtmp_value_new_undefined()};
    **end = member;
    *end = &member->next;
    *item = &member->value;
    return 0;
}

int reader_remember(struct rtmp_amf_reader *reader, struct rtmp_amf_table *table, const void *entry)
{
    if (table->n >= reader->limits.references) {
        table->n++;
        return 0;
    }
    if (table->n == table->cap) {
        uint32_t cap = table->cap ? table->cap * 2 : TABLE_FIRST;
        const void **entries = NULL;
        int rc = reader_take(reader, cap * sizeof *entries, &entries);
        if (rc)
            return rc;
        if (table->n > 0)
            memcpy(entries, table->entries, table->n * sizeof *entries);
        table->entries = entries;
        table->cap = cap;
    }
    table->entries[table->n++] = entry;
    return 0;
}

int reader_recall(const struct rtmp_amf_reader *reader, const struct rtmp_amf_table *table, uint32_t index,
                  const void **entry)
{
    if (index >= table->n)
        return RTMP_E_REFERENCE;
    if (index >= reader->limits.references)
        return RTMP_E_NODES;
    *entry = table->entries[index];
    return 0;
}

int reader_value(struct rtmp_amf_reader *reader, reader_body_fn read_body, struct rtmp_value **value)
{
    uint8_t marker;
    struct rtmp_value *read = NULL; /* the caller sees it only once it is whole */
    int rc = reader_u8(reader, &marker);
    if (rc)
        return rc;
    if (reader->depth >= reader->limits.depth)
        return RTMP_E_DEPTH;
    if (reader->n_nodes >= reader->limits.nodes)
        return RTMP_E_NODES;
    reader->n_nodes++;
    reader->depth++;
    rc = read_body(reader, marker, &read);
    reader->depth--;
    if (rc == 0)
        *value = read;
    return rc;
}
