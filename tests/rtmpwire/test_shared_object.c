/* SPDX-License-Identifier: MIT */
#include "harness.h"

#include <rtmpwire/buffer.h>
#include <rtmpwire/message.h>
#include <rtmpwire/shared_object.h>

struct event_row {
    uint8_t type;
    const char *name;         /* NULL: none */
    const char *value;        /* hexadecimal; NULL: none */
    const char *code, *level; /* of a Status */
};

static const struct vector {
    const char *meaning, *body;
    uint8_t type;
    uint32_t version;
    bool persistent;
    struct event_row events[3];
} vectors[] = {
    {"Use, temporary", "0002736f0000000000000000000000000100000000", 19, 0, false, {{.type = RTMP_SHARED_USE}}},
    {"Use, persistent", "0002736f0000000000000002000000000100000000", 19, 0, true, {{.type = RTMP_SHARED_USE}}},
    {"Use Success, Clear",
     "0002736f0000000100000000000000000b000000000800000000",
     19,
     1,
     false,
     {{.type = RTMP_SHARED_USE_SUCCESS}, {.type = RTMP_SHARED_CLEAR}}},
    {"Request Change a=1",
     "0002736f000000010000000000000000030000000c000161003ff0000000000000",
     19,
     1,
     false,
     {{.type = RTMP_SHARED_REQUEST_CHANGE, .name = "a", .value = "003ff0000000000000"}}},
    {"Success for a",
     "0002736f0000000200000000000000000500000003000161",
     19,
     2,
     false,
     {{.type = RTMP_SHARED_SUCCESS, .name = "a"}}},
    {"Change a=1",
     "0002736f000000020000000000000000040000000c000161003ff0000000000000",
     19,
     2,
     false,
     {{.type = RTMP_SHARED_CHANGE, .name = "a", .value = "003ff0000000000000"}}},
    {"Send hey(2): the name is a value",
     "0002736f000000020000000000000000060000000f020003686579004000000000000000",
     19,
     2,
     false,
     {{.type = RTMP_SHARED_SEND, .value = "020003686579004000000000000000"}}},
    {"Status",
     "0002736f0000000200000000000000000700000023001a5368617265644f626a6563742e4e6f577269746541636365737300056572726f72",
     19,
     2,
     false,
     {{.type = RTMP_SHARED_STATUS, .code = "SharedObject.NoWriteAccess", .level = "error"}}},
    {"Request Remove a",
     "0002736f0000000300000000000000000a00000003000161",
     19,
     3,
     false,
     {{.type = RTMP_SHARED_REQUEST_REMOVE, .name = "a"}}},
    {"Remove a",
     "0002736f0000000300000000000000000900000003000161",
     19,
     3,
     false,
     {{.type = RTMP_SHARED_REMOVE, .name = "a"}}},
    {"Release", "0002736f0000000300000000000000000200000000", 19, 3, false, {{.type = RTMP_SHARED_RELEASE}}},
    {"type 16 Use", "000002736f0000000000000000000000000100000000", 16, 0, false, {{.type = RTMP_SHARED_USE}}},
    {"type 16 Change a = AMF3 integer 5",
     "000002736f0000000200000000000000000400000006000161110405",
     16,
     2,
     false,
     {{.type = RTMP_SHARED_CHANGE, .name = "a", .value = "110405"}}},
};

static void assert_name(struct rtmp_shared_event *event, const char *expected)
{
    const char *name;
    size_t length;
    assert_int_equal(rtmp_shared_take_name(event, &name, &length), 0);
    assert_int_equal(length, strlen(expected));
    assert_memory_equal(name, expected, length);
}

static void check_event(struct rtmp_shared_event event, const struct event_row *row)
{
    assert_int_equal(event.type, row->type);
    if (row->code) {
        assert_name(&event, row->code);
        assert_name(&event, row->level);
    }
    if (row->name)
        assert_name(&event, row->name);
    assert_hex(event.data, event.length, row->value ? row->value : "");
}

static void vectors_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        struct rtmp_shared_head head;
        struct rtmp_shared_reader reader;
        struct rtmp_shared_event event;
        size_t length;
        uint8_t *body = unhex(vectors[i].body, &length);
        print_message("%s\n", vectors[i].meaning);
        assert_int_equal(rtmp_shared_parse(vectors[i].type, body, length, &head, &reader), 0);
        assert_int_equal(head.name_length, 2);
        assert_memory_equal(head.name, "so", 2);
        assert_int_equal(head.version, vectors[i].version);
        assert_int_equal(head.persistent, vectors[i].persistent);
        for (const struct event_row *row = vectors[i].events; row->type; row++) {
            assert_int_equal(rtmp_shared_next(&reader, &event), 0);
            check_event(event, row);
        }
        assert_int_equal(rtmp_shared_next(&reader, &event), RTMP_E_MORE);
        vector_was_read(vectors[i].body);
        free(body);
    }
}

static int build(struct rtmp_buffer *out, const struct vector *vector)
{
    const struct rtmp_shared_head head = {
        .name = "so", .name_length = 2, .version = vector->version, .persistent = vector->persistent};
    int rc = rtmp_shared_begin(out, vector->type, &head);
    for (const struct event_row *row = vector->events; row->type && rc == 0; row++) {
        size_t length = 0, before = out->length;
        uint8_t *value = row->value ? unhex(row->value, &length) : NULL;
        if (row->code)
            rc = rtmp_shared_append_status(out, row->code, row->level);
        else
            rc = rtmp_shared_append(out, row->type, row->name, row->name ? strlen(row->name) : 0, value, length);
        if (rc)
            assert_int_equal(out->length, before);
        free(value);
    }
    return rc;
}

static void vectors_are_built(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        struct heap heap = {0};
        struct rtmp_allocator allocator = heap_allocator(&heap);
        struct rtmp_buffer out;
        rtmp_buffer_init(&out, &allocator, 1000);
        assert_int_equal(build(&out, &vectors[i]), 0);
        assert_hex(out.data, out.length, vectors[i].body);
        vector_was_written(vectors[i].body);
        rtmp_buffer_finish(&out);
        assert_int_equal(heap.live_bytes, 0);
    }
}

static void building_stops_at_the_limits_of_the_buffer(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        size_t length = strlen(vectors[i].body) / 2;
        for (size_t max = 0; max <= length; max++) {
            struct heap heap = {0};
            struct rtmp_allocator allocator = heap_allocator(&heap);
            struct rtmp_buffer out;
            rtmp_buffer_init(&out, &allocator, max);
            assert_int_equal(build(&out, &vectors[i]), max < length ? RTMP_E_SPACE : 0);
            rtmp_buffer_finish(&out);
        }
        struct heap heap = {.fail_at = 1};
        struct rtmp_allocator allocator = heap_allocator(&heap);
        struct rtmp_buffer out;
        rtmp_buffer_init(&out, &allocator, 1000);
        assert_int_equal(build(&out, &vectors[i]), RTMP_E_MEMORY);
        rtmp_buffer_finish(&out);
    }
}

/* Reads all events. Returns what the last call returned; `n` counts events. */
static int read_all(uint8_t type, const uint8_t *body, size_t length, size_t *n)
{
    struct rtmp_shared_head head;
    struct rtmp_shared_reader reader;
    struct rtmp_shared_event event;
    *n = 0;
    int rc = rtmp_shared_parse(type, body, length, &head, &reader);
    while (rc == 0) {
        rc = rtmp_shared_next(&reader, &event);
        *n += rc == 0;
    }
    return rc;
}

static void a_body_may_be_cut_only_between_events(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        size_t length, n, n_format = vectors[i].type == 16;
        uint8_t *body = unhex(vectors[i].body, &length);
        for (size_t cut = 0; cut < length; cut++) {
            uint8_t *part = malloc(cut + (cut == 0));
            assert_non_null(part);
            memcpy(part, body, cut);
            int rc = read_all(vectors[i].type, part, cut, &n);
            bool between = cut == n_format + 16 || (vectors[i].events[1].type && cut == n_format + 21);
            assert_int_equal(rc, between ? RTMP_E_MORE : RTMP_E_TRUNCATED);
            free(part);
        }
        free(body);
    }
}

static void names_in_events_may_be_cut_short(void **state)
{
    (void)state;
    const uint8_t data[] = {0, 3, 'a', 'b', 'c', 5};
    for (size_t length = 0; length <= sizeof data; length++) {
        struct rtmp_shared_event event = {.type = RTMP_SHARED_CHANGE, .data = data, .length = length};
        const char *name = NULL;
        size_t name_length = 99;
        int rc = rtmp_shared_take_name(&event, &name, &name_length);
        assert_int_equal(rc, length < 5 ? RTMP_E_TRUNCATED : 0);
        assert_int_equal(name_length, length < 5 ? 99 : 3);
        assert_int_equal(event.length, length < 5 ? length : length - 5);
        assert_ptr_equal(event.data, length < 5 ? data : data + 5);
    }
}

static void several_pairs_in_one_change(void **state)
{
    (void)state;
    size_t length;
    uint8_t *data = unhex("000161050002626205", &length); /* a = null, bb = null */
    struct rtmp_shared_event event = {.type = RTMP_SHARED_REQUEST_CHANGE, .data = data, .length = length};
    assert_name(&event, "a");
    event.data++, event.length--; /* the value reader's part */
    assert_name(&event, "bb");
    assert_int_equal(event.length, 1);
    free(data);
}

static void names_have_a_limit(void **state)
{
    (void)state;
    static char name[RTMP_SHARED_NAME_MAX + 2];
    memset(name, 'n', RTMP_SHARED_NAME_MAX + 1);
    for (size_t length = RTMP_SHARED_NAME_MAX - 1; length <= RTMP_SHARED_NAME_MAX + 1; length++) {
        bool refused = length > RTMP_SHARED_NAME_MAX;
        struct heap heap = {0};
        struct rtmp_allocator allocator = heap_allocator(&heap);
        struct rtmp_buffer out;
        struct rtmp_shared_head head = {.name = name, .name_length = length}, read;
        struct rtmp_shared_reader reader;
        rtmp_buffer_init(&out, &allocator, 2000);
        assert_int_equal(rtmp_shared_begin(&out, 19, &head), refused ? RTMP_E_RANGE : 0);
        assert_int_equal(rtmp_shared_append(&out, 9, name, length, NULL, 0), refused ? RTMP_E_RANGE : 0);
        assert_int_equal(rtmp_shared_append_status(&out, name + sizeof name - 1 - length, ""),
                         refused ? RTMP_E_RANGE : 0);
        rtmp_buffer_finish(&out);

        uint8_t body[2 + RTMP_SHARED_NAME_MAX + 1 + 12] = {(uint8_t)(length >> 8), (uint8_t)length};
        struct rtmp_shared_event event = {.type = 9, .data = body, .length = sizeof body};
        const char *taken;
        size_t taken_length;
        assert_int_equal(rtmp_shared_parse(19, body, 2 + length + 12, &read, &reader), refused ? RTMP_E_BYTES : 0);
        assert_int_equal(rtmp_shared_take_name(&event, &taken, &taken_length), refused ? RTMP_E_BYTES : 0);
    }
}

static void events_have_a_limit(void **state)
{
    (void)state;
    for (size_t n_events = RTMP_SHARED_EVENTS_MAX - 1; n_events <= RTMP_SHARED_EVENTS_MAX + 1; n_events++) {
        bool refused = n_events > RTMP_SHARED_EVENTS_MAX;
        struct heap heap = {0};
        struct rtmp_allocator allocator = heap_allocator(&heap);
        struct rtmp_buffer out;
        struct rtmp_shared_head head = {.name = "so", .name_length = 2};
        size_t n;
        rtmp_buffer_init(&out, &allocator, 2000);
        assert_int_equal(rtmp_shared_begin(&out, 19, &head), 0);
        for (size_t i = 0; i < n_events; i++)
            assert_int_equal(rtmp_shared_append(&out, RTMP_SHARED_CLEAR, NULL, 0, NULL, 0), 0);
        assert_int_equal(read_all(19, out.data, out.length, &n), refused ? RTMP_E_NODES : RTMP_E_MORE);
        assert_int_equal(n, refused ? RTMP_SHARED_EVENTS_MAX : n_events);
        rtmp_buffer_finish(&out);
    }
}

static void other_forms(void **state)
{
    (void)state;
    struct rtmp_shared_head head;
    struct rtmp_shared_reader reader;
    struct rtmp_buffer out;
    struct heap heap = {0};
    struct rtmp_allocator allocator = heap_allocator(&heap);
    size_t length, n;
    uint8_t *body = unhex("030002736f0000000000000000000000000100000000", &length);
    assert_int_equal(rtmp_shared_parse(16, body, length, &head, &reader), RTMP_E_UNSUPPORTED);
    assert_int_equal(rtmp_shared_parse(20, body, length, &head, &reader), RTMP_E_RANGE);
    free(body);
    body = unhex("0002736f0000000000000030000000000c00000001aa0100000000", &length); /* odd flags, an unknown event */
    assert_int_equal(rtmp_shared_parse(19, body, length, &head, &reader), 0);
    assert_false(head.persistent);
    assert_int_equal(read_all(19, body, length, &n), RTMP_E_MORE);
    assert_int_equal(n, 2);
    free(body);
    body = unhex("0000000000000000000000000000ffffffff01", &length);
    body[14] = RTMP_SHARED_SEND;
    assert_int_equal(read_all(19, body, length, &n), RTMP_E_TRUNCATED);
    free(body);
    rtmp_buffer_init(&out, &allocator, 100);
    assert_int_equal(rtmp_shared_begin(&out, 20, &head), RTMP_E_RANGE);
    assert_int_equal(rtmp_shared_append(&out, 4, NULL, 0, NULL, 0x1000000), RTMP_E_RANGE);
    rtmp_buffer_finish(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_are_read),
        cmocka_unit_test(vectors_are_built),
        cmocka_unit_test(building_stops_at_the_limits_of_the_buffer),
        cmocka_unit_test(a_body_may_be_cut_only_between_events),
        cmocka_unit_test(names_in_events_may_be_cut_short),
        cmocka_unit_test(several_pairs_in_one_change),
        cmocka_unit_test(names_have_a_limit),
        cmocka_unit_test(events_have_a_limit),
        cmocka_unit_test(other_forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
