/* SPDX-License-Identifier: MIT */
#include "amf_case.h"

/* docs/wire.md 12, every row; where writing makes other bytes, it says why. */
static const struct vector vectors[] = {
    {"003ff0000000000000", "num(1)", NULL},
    {"00c09f400000000000", "num(-2000)", NULL},
    {"007ff8000000000000", "num(nan)", NULL},
    {"0101", "true", NULL},
    {"0200046c697665", "\"live\"", NULL},
    {"020000", "\"\"", NULL},
    {"0c00000003616263", "\"abc\"", "020003616263"}, /* the long form is for long texts */
    {"05060d", "null undefined unsupported", NULL},
    {"080000000100016b0100000009", "ecma[|k=false]", NULL},
    {"03000473656c66070000000009", "{self=^0}", NULL},
    {"0b4275d3ef798000000000", "date(1500000000000)", NULL},
    {"0f000000043c612f3e", "xmldoc\"<a/>\"", NULL},
    {"110405003ff0000000000000", "int(5) num(1)", "004014000000000000003ff0000000000000"}, /* integers become numbers */
    {"03000161003ff0000000000000000009", "{a=num(1)}", NULL},
    {"0800000000000177004000000000000000000009", "ecma[|w=num(2)]",
     "0800000001000177004000000000000000000009"}, /* the count is put right */
    {"0a000000020200046176303102000468766331", "array[\"av01\";\"hvc1\"]", NULL},
    {"0a000000020300017805000009070001", "array[{x=null};^1]",
     "0a0000000203000178050000090300017805000009"}, /* references are for cycles only */
    {"1000025074000178004008000000000000000009", "Pt+{x=num(3)}", NULL},
};

/* Further forms. */
static const struct vector forms[] = {
    {"0102", "true", "0101"},                        /* not zero is true */
    {"0b0000000000000000ffc4", "date(0,-60)", NULL}, /* the zone is kept */
    {"03000005000009", "{=null}", NULL},             /* a property named "" */
    {"0300016105000161010100016106000009", "{a=null,a=true,a=undefined}", NULL},
    {"0800000000000009", "ecma[]", NULL},
    {"0200117c52746d7053616d706c6541636365737301000100", "\"|RtmpSampleAccess\" false false", NULL},
    {"0800000000", "ecma[]", "0800000000000009"}, /* ends with the message, at the top level */
    {"080000000500016105", "ecma[|a=null]", "080000000100016105000009"},
    {"08ffffffff000009", "ecma[]", "0800000000000009"},
    {"0a00000000", "array[]", NULL},
    {"0a00000001070000", "array[^0]", NULL},
    {"10000000016105000009", "{a=null}", "0300016105000009"}, /* the class "" is none */
    {"110a0b010361040101", "{a=int(1)}", "03000161003ff0000000000000000009"},
};

static const char *vectors_file;

static void check_vectors(const struct vector *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t length;
        uint8_t *body = unhex(rows[i].hex, &length);
        bool is_ecma = strncmp(rows[i].meaning, "ecma", 4) == 0; /* its end marker may be missing */
        print_message("%s\n", rows[i].meaning);
        check_vector(&rows[i], rtmp_amf0_read, rtmp_amf0_write);
        check_truncated(rows[i].hex, rtmp_amf0_read, is_ecma);
        check_memory(body, length, rtmp_amf0_read, rtmp_amf0_write);
        free(body);
    }
}

static void vectors_both_ways(void **state)
{
    (void)state;
    assert_int_equal(count_rows(vectors_file, "AMF0 values", vectors, COUNT(vectors)), COUNT(vectors));
    check_vectors(vectors, COUNT(vectors));
}

static void forms_both_ways(void **state)
{
    (void)state;
    check_vectors(forms, COUNT(forms));
}

static const struct {
    const char *meaning, *hex;
    int error;
} bad_bodies[] = {
    {"movie clip", "04", RTMP_E_MALFORMED},
    {"record set", "0e", RTMP_E_MALFORMED},
    {"an object's end alone", "09", RTMP_E_MALFORMED},
    {"no marker", "12", RTMP_E_MALFORMED},
    {"no marker", "ff", RTMP_E_MALFORMED},
    {"an end behind a key", "0300016109", RTMP_E_MALFORMED},
    {"no AMF3 marker behind 0x11", "1112", RTMP_E_MALFORMED},
    {"nothing behind 0x11", "11", RTMP_E_TRUNCATED},
    {"0x11 behind 0x11 is a dictionary without pairs, then nothing", "11110100", RTMP_E_MORE},
    {"a reference without an object", "070000", RTMP_E_REFERENCE},
    {"a reference to what comes later", "0a0000000207000103000009", RTMP_E_REFERENCE},
    {"a reference to a date", "0a000000020b00000000000000000000070001", RTMP_E_REFERENCE},
    {"a count of 2^32-1", "0affffffff", RTMP_E_TRUNCATED},
    {"a count of 2^31", "0a8000000005", RTMP_E_TRUNCATED},
    {"one item less than the count", "0a000000020501", RTMP_E_TRUNCATED},
    {"a text of 2^32-1 bytes", "0cffffffff", RTMP_E_BYTES},
    {"XML of 2^32-1 bytes", "0fffffffff", RTMP_E_BYTES},
    {"an ECMA array inside must have its end", "0a00000001080000000000016105", RTMP_E_TRUNCATED},
    {"half an end", "08000000000000", RTMP_E_TRUNCATED},
    {"an unknown class that writes itself", "110a07074142430400", RTMP_E_UNSUPPORTED},
};

static void bad_bodies_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad_bodies); i++) {
        struct description d;
        print_message("%s\n", bad_bodies[i].meaning);
        assert_int_equal(read_hex(rtmp_amf0_read, bad_bodies[i].hex, NULL, &d), bad_bodies[i].error);
    }
}

/* Reference tables belong to the message, its 0x11 values share them, and AMF0 has one of its own. */
static void tables_belong_to_the_message(void **state)
{
    (void)state;
    static const struct {
        const char *hex, *meaning;
    } rows[] = {
        {"1106036111060005", "\"a\" \"a\" null"},
        {"110a0b0101110a00", "{} ^0"},
        {"030000090a00000001070000", "{} array[^0]"},
        {"110a0b010103000009070000", "{} {} ^1"}, /* what is behind 0x11 has no place in AMF0's table */
        {"110a13034103780401110a010402", "A{x!=int(1)} A{x!=int(2)}"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct description d;
        assert_int_equal(read_hex(rtmp_amf0_read, rows[i].hex, NULL, &d), RTMP_E_MORE);
        assert_string_equal(d.text, rows[i].meaning);
    }
}

/* `n` times `one`, then `end`. */
static char *repeated(const char *one, size_t n, const char *end)
{
    char *hex = malloc(n * strlen(one) + strlen(end) + 1), *p = hex;
    assert_non_null(hex);
    for (size_t i = 0; i < n; i++)
        p = (char *)memcpy(p, one, strlen(one)) + strlen(one);
    memcpy(p, end, strlen(end) + 1);
    return hex;
}

static int read_repeated(const char *one, size_t n, const char *end, const struct rtmp_value_limits *limits)
{
    char *hex = repeated(one, n, end);
    size_t length;
    uint8_t *body = unhex(hex, &length);
    rtmp_arena_reset(&arena);
    int rc = read_all(rtmp_amf0_read, body, length, limits, NULL, NULL, NULL);
    free(body);
    free(hex);
    return rc;
}

static void depth_has_an_end(void **state)
{
    (void)state;
    static const struct {
        const char *one, *end;
        size_t n_inside; /* levels of `end` */
    } rows[] = {
        {"0a00000001", "05", 1},
        {"03000161", "05", 1},
        {"0a00000001", "1101", 1},             /* 0x11 is no level */
        {"0a00000001", "1109030109030101", 3}, /* AMF3's levels count */
        {"0a00000001", "110a0743666c65782e6d6573736167696e672e696f2e4172726179436f6c6c656374696f6e09030101", 3},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t fits = RTMP_VALUE_DEPTH - rows[i].n_inside;
        int ok = rows[i].one[1] == '3' ? RTMP_E_TRUNCATED : RTMP_E_MORE; /* objects are left open */
        assert_int_equal(read_repeated(rows[i].one, fits, rows[i].end, NULL), ok);
        assert_int_equal(read_repeated(rows[i].one, fits + 1, rows[i].end, NULL), RTMP_E_DEPTH);
        assert_int_equal(read_repeated(rows[i].one, 100000, rows[i].end, NULL), RTMP_E_DEPTH);
    }
    const struct rtmp_value_limits limits = {.depth = 3};
    assert_int_equal(read_repeated("0a00000001", 2, "05", &limits), RTMP_E_MORE);
    assert_int_equal(read_repeated("0a00000001", 3, "05", &limits), RTMP_E_DEPTH);
}

/* What may be written may be read, and the other way round. */
static void depth_of_writing_is_that_of_reading(void **state)
{
    (void)state;
    for (size_t n = RTMP_VALUE_DEPTH - 2; n < RTMP_VALUE_DEPTH + 2; n++)
        for (int with_bytes = 0; with_bytes < 2; with_bytes++) {
            struct rtmp_value *value = with_bytes ? rtmp_value_new_bytes(&arena, "", 0) : rtmp_value_new_null();
            for (size_t i = 1; i < n; i++) {
                struct rtmp_value *array = rtmp_value_new_array(&arena);
                assert_int_equal(rtmp_value_push(&arena, array, value), 0);
                value = array;
            }
            rtmp_buffer_clear(&buffer);
            assert_int_equal(rtmp_amf0_write(&buffer, value), n <= RTMP_VALUE_DEPTH ? 0 : RTMP_E_DEPTH);
            assert_int_equal(read_all(rtmp_amf0_read, buffer.data, buffer.length, NULL, NULL, NULL, NULL), RTMP_E_MORE);
            assert_int_equal(buffer.length > 0, n <= RTMP_VALUE_DEPTH);
        }
}

static int read_nulls(uint32_t n, const struct rtmp_value_limits *limits)
{
    char head[11];
    (void)snprintf(head, sizeof head, "0a%08x", n);
    char *nulls = repeated("05", n, "");
    int rc = read_repeated(head, 1, nulls, limits);
    free(nulls);
    return rc;
}

static void nodes_have_an_end(void **state)
{
    (void)state;
    assert_int_equal(read_nulls(9998, NULL), RTMP_E_MORE);
    assert_int_equal(read_nulls(9999, NULL), RTMP_E_MORE);
    assert_int_equal(read_nulls(10000, NULL), RTMP_E_NODES);
    assert_int_equal(read_nulls(10001, NULL), RTMP_E_NODES);
    assert_int_equal(read_repeated("05", 10000, "", NULL), RTMP_E_MORE); /* over all values of the message */
    assert_int_equal(read_repeated("05", 10001, "", NULL), RTMP_E_NODES);
    for (uint32_t n = 3; n <= 5; n++) {
        const struct rtmp_value_limits limits = {.nodes = n};
        assert_int_equal(read_nulls(3, &limits), n < 4 ? RTMP_E_NODES : RTMP_E_MORE);
    }
}

static int read_long_text(uint32_t n, const struct rtmp_value_limits *limits)
{
    char head[11];
    (void)snprintf(head, sizeof head, "0c%08x", n);
    char *bytes = repeated("61", n, "");
    int rc = read_repeated(head, 1, bytes, limits);
    free(bytes);
    return rc;
}

static void texts_have_an_end(void **state)
{
    (void)state;
    assert_int_equal(read_long_text(65535, NULL), RTMP_E_MORE);
    assert_int_equal(read_long_text(65536, NULL), RTMP_E_MORE);
    assert_int_equal(read_long_text(65537, NULL), RTMP_E_BYTES);
    for (uint32_t n = 9; n <= 11; n++) {
        const struct rtmp_value_limits limits = {.text = n};
        assert_int_equal(read_long_text(10, &limits), n < 10 ? RTMP_E_BYTES : RTMP_E_MORE);
    }
}

static void bytes_have_an_end(void **state)
{
    (void)state;
    static const char body[] = "0a00000002003ff0000000000000003ff0000000000000";
    assert_int_equal(read_repeated(body, 1, "", NULL), RTMP_E_MORE);
    uint32_t used = (uint32_t)arena.used;
    for (uint32_t n = used - 1; n <= used + 1; n++) {
        const struct rtmp_value_limits limits = {.bytes = n};
        assert_int_equal(read_repeated(body, 1, "", &limits), n < used ? RTMP_E_BYTES : RTMP_E_MORE);
    }
    rtmp_arena_finish(&arena); /* the arena's own budget says the same */
    rtmp_arena_init(&arena, &allocator, used - 8);
    assert_int_equal(read_repeated(body, 1, "", NULL), RTMP_E_BYTES);
}

/* 1,024 objects are kept; others are no error until somebody refers to them. */
static void references_have_an_end(void **state)
{
    (void)state;
    assert_int_equal(read_repeated("03000009", 1023, "0703ff", NULL), RTMP_E_REFERENCE);
    assert_int_equal(read_repeated("03000009", 1024, "0703ff", NULL), RTMP_E_MORE);
    assert_int_equal(read_repeated("03000009", 1025, "0703ff", NULL), RTMP_E_MORE);
    assert_int_equal(read_repeated("03000009", 1025, "070400", NULL), RTMP_E_NODES);
    assert_int_equal(read_repeated("03000009", 1025, "070401", NULL), RTMP_E_REFERENCE);
    assert_int_equal(read_repeated("03000009", 5000, "", NULL), RTMP_E_MORE);
}

/* Twenty arrays, each with the one before it twice. */
static void billion_laughs_stay_small(void **state)
{
    (void)state;
    uint8_t body[256] = {0x0A, 0, 0, 0, 20, 0x0A, 0, 0, 0, 0};
    size_t length = 10;
    for (uint8_t i = 1; i < 20; i++) {
        const uint8_t twice[] = {0x0A, 0, 0, 0, 2, 7, 0, i, 7, 0, i};
        memcpy(body + length, twice, sizeof twice);
        length += sizeof twice;
    }
    struct rtmp_amf_reader reader;
    struct rtmp_value *one = NULL, *two = NULL;
    rtmp_amf_reader_init(&reader, body, length, &arena, NULL);
    assert_int_equal(rtmp_amf0_read(&reader, &one), 0);
    rtmp_amf_reader_init(&reader, body, length, &arena, NULL);
    assert_int_equal(rtmp_amf0_read(&reader, &two), 0);
    assert_true(arena.used < 8192);
    assert_int_equal(rtmp_amf0_write(&buffer, one), RTMP_E_NODES);
    assert_int_equal(buffer.length, 0);
    assert_int_equal(rtmp_value_print(one, UINT32_MAX, &buffer), 0);
    assert_true(buffer.length < 100000);
    assert_true(rtmp_value_equal(one, two));
    rtmp_buffer_clear(&buffer);
    assert_int_equal(rtmp_amf3_write(&buffer, one), 0); /* it has references for that */
    assert_true(buffer.length < 200);
}

static void cycles_come_back_as_they_were(void **state)
{
    (void)state;
    struct rtmp_value *parent = rtmp_value_new_object(&arena), *list = rtmp_value_new_array(&arena);
    assert_int_equal(rtmp_value_set(&arena, parent, "list", list), 0);
    for (int i = 0; i < 2; i++) {
        struct rtmp_value *child = rtmp_value_new_object(&arena);
        assert_int_equal(rtmp_value_set(&arena, child, "up", parent), 0);
        assert_int_equal(rtmp_value_set(&arena, child, "me", child), 0);
        assert_int_equal(rtmp_value_push(&arena, list, child), 0);
    }
    assert_written(rtmp_amf0_write, rtmp_amf0_read, parent,
                   "0300046c6973740a00000002"
                   "03000275700700000002"
                   "6d65070002000009"
                   "030002757007000000026d65070003000009"
                   "000009",
                   "{list=array[{up=^0,me=^2};{up=^0,me=^3}]}");
}

static void what_only_amf3_has_goes_behind_0x11(void **state)
{
    (void)state;
    static const char *const values[] = {
        "0b093c612f3e",           "0c07010203",
        "0d0501ffffffff00000002", "0e0300ffffffff",
        "0f03003fe0000000000000", "10030001060371",
        "11030006036b0407",       "0a0743666c65782e6d6573736167696e672e696f2e4172726179436f6c6c656374696f6e0903010409",
    };
    for (size_t i = 0; i < COUNT(values); i++) {
        struct rtmp_value *value = value_of(rtmp_amf3_read, values[i]);
        struct description d = {.length = 0};
        char hex[256];
        describe(&d, value);
        (void)snprintf(hex, sizeof hex, "11%s", values[i]);
        assert_written(rtmp_amf0_write, rtmp_amf0_read, value, hex, d.text);
    }
}

/* Readers do not agree to whom AMF3's tables belong, so nothing behind 0x11 depends on them. */
static void nothing_behind_0x11_is_a_reference(void **state)
{
    (void)state;
    struct rtmp_value *list = rtmp_value_new_array(&arena);
    struct rtmp_value *dictionary = value_of(rtmp_amf3_read, "11050006036b06000a130341037806000a010600");
    for (int i = 0; i < 2; i++)
        assert_int_equal(rtmp_value_push(&arena, list, dictionary), 0);
    assert_written(rtmp_amf0_write, rtmp_amf0_read, list,
                   "0a00000002"
                   "1111050006036b06036b0a130341037806036b0a130341037806036b"
                   "1111050006036b06036b0a130341037806036b0a130341037806036b",
                   "array[dict[\"k\"=>\"k\";A{x!=\"k\"}=>A{x!=\"k\"}];dict[\"k\"=>\"k\";A{x!=\"k\"}=>A{x!=\"k\"}]]");

    struct rtmp_value *self = value_of(rtmp_amf3_read, "11030004011100");
    rtmp_buffer_clear(&buffer);
    assert_int_equal(rtmp_amf0_write_null(&buffer), 0);
    assert_int_equal(rtmp_amf0_write(&buffer, self), RTMP_E_RANGE);
    assert_hex(buffer.data, buffer.length, "05");
}

static void arrays_with_names_become_ecma_arrays(void **state)
{
    (void)state;
    struct rtmp_value *array = rtmp_value_new_array(&arena);
    for (int i = 0; i < 11; i++)
        assert_int_equal(rtmp_value_push(&arena, array, rtmp_value_new_null()), 0);
    assert_int_equal(rtmp_value_set(&arena, array, "a", rtmp_value_new_boolean(true)), 0);
    assert_written(rtmp_amf0_write, rtmp_amf0_read, array,
                   "080000000c"
                   "000130050001310500013205000133050001340500013505000136050001370500013805000139050002313005"
                   "0001610101000009",
                   "ecma[|0=null,1=null,2=null,3=null,4=null,5=null,6=null,7=null,8=null,9=null,10=null,a=true]");
}

static void long_texts_and_names(void **state)
{
    (void)state;
    static const uint8_t short_head[] = {2, 0xFF, 0xFF}, long_head[] = {12, 0, 1, 0, 0};
    char *text = repeated("x", 65536, "");
    assert_int_equal(rtmp_amf0_write_string(&buffer, text, 65535), 0);
    assert_memory_equal(buffer.data, short_head, sizeof short_head);
    assert_int_equal(buffer.length, 65538);
    rtmp_buffer_clear(&buffer);
    assert_int_equal(rtmp_amf0_write_string(&buffer, text, 65536), 0);
    assert_memory_equal(buffer.data, long_head, sizeof long_head);
    assert_int_equal(buffer.length, 65541);
    struct rtmp_amf_reader reader;
    struct rtmp_value *value = NULL;
    rtmp_amf_reader_init(&reader, buffer.data, buffer.length, &arena, NULL);
    assert_int_equal(rtmp_amf0_read(&reader, &value), 0);
    assert_int_equal(rtmp_value_text(value).length, 65536);
    assert_string_equal(rtmp_value_text(value).data, text);

    struct rtmp_value *object = rtmp_value_new_object(&arena);
    assert_int_equal(rtmp_value_set(&arena, object, text, rtmp_value_new_null()), 0);
    rtmp_buffer_clear(&buffer);
    assert_int_equal(rtmp_amf0_write(&buffer, object), RTMP_E_RANGE);
    assert_int_equal(rtmp_amf0_write_key(&buffer, text, 65536), RTMP_E_RANGE);
    assert_int_equal(buffer.length, 0);
    assert_int_equal(rtmp_amf0_write_key(&buffer, text, 65535), 0);
    free(text);
}

static void writing_without_a_tree(void **state)
{
    (void)state;
    assert_int_equal(rtmp_amf0_begin_object(&buffer), 0);
    assert_int_equal(rtmp_amf0_write_key(&buffer, "a", 1), 0);
    assert_int_equal(rtmp_amf0_write_number(&buffer, 1), 0);
    assert_int_equal(rtmp_amf0_write_key(&buffer, "", 0), 0);
    assert_int_equal(rtmp_amf0_write_text(&buffer, "live"), 0);
    assert_int_equal(rtmp_amf0_end_object(&buffer), 0);
    assert_int_equal(rtmp_amf0_write_boolean(&buffer, true), 0);
    assert_int_equal(rtmp_amf0_write_null(&buffer), 0);
    assert_int_equal(rtmp_amf0_write_undefined(&buffer), 0);
    assert_int_equal(rtmp_amf0_write(&buffer, NULL), 0);
    assert_hex(buffer.data, buffer.length,
               "03000161003ff000000000000000000200046c697665000009"
               "0101050606");
}

/* However little room there is: the whole value, or the buffer as it was. */
static void writing_is_whole_or_nothing(void **state)
{
    (void)state;
    struct rtmp_value *value = value_of(rtmp_amf0_read,
                                        "0300016105000162110c070102030001630a000000010b4275d3ef798000000000"
                                        "000009");
    assert_int_equal(rtmp_amf0_write(&buffer, value), 0);
    for (size_t max = 1; max <= buffer.length + 1; max++) {
        struct rtmp_buffer small;
        rtmp_buffer_init(&small, &allocator, max);
        assert_int_equal(rtmp_amf0_write_null(&small), 0);
        assert_int_equal(rtmp_amf0_write(&small, value), max <= buffer.length ? RTMP_E_SPACE : 0);
        assert_int_equal(small.length, max <= buffer.length ? 1 : max);
        rtmp_buffer_finish(&small);
    }
}

/* Members are a list: no name can make reading slow, and each costs the same memory. */
static void five_thousand_times_the_same_name(void **state)
{
    (void)state;
    size_t used[2];
    for (size_t i = 0; i < 2; i++) {
        char *members = repeated("0001780100", 2500 * (i + 1) - 1, "0001780101000009");
        assert_int_equal(read_repeated("03", 1, members, NULL), RTMP_E_MORE);
        used[i] = arena.used;
        free(members);
    }
    assert_int_equal(used[1] - used[0], 2500 * (sizeof(struct rtmp_member) + 8));

    char *hex = repeated("0001780100", 4999, "0001780101000009"), *whole = repeated("03", 1, hex);
    struct rtmp_value *object = value_of(rtmp_amf0_read, whole);
    assert_true(rtmp_value_boolean(rtmp_value_get(object, "x"), false));
    free(whole);
    free(hex);
}

/* A class is a name, XML is a text: nothing is made or fetched. */
static void names_and_xml_are_plain_data(void **state)
{
    (void)state;
    static const char *const names[] = {
        "java.lang.ProcessBuilder",         "org.springframework.Bean", "../../etc/passwd", "%s%n", "DSK",
        "flex.messaging.io.ArrayCollection"};
    for (size_t i = 0; i < COUNT(names); i++) {
        uint8_t body[64] = {0x10, 0, (uint8_t)strlen(names[i])};
        size_t length = 3 + strlen(names[i]);
        memcpy(body + 3, names[i], strlen(names[i]));
        memcpy(body + length, "\0\0\x09", 3);
        struct rtmp_amf_reader reader;
        struct rtmp_value *value = NULL;
        rtmp_amf_reader_init(&reader, body, length + 3, &arena, NULL);
        assert_int_equal(rtmp_amf0_read(&reader, &value), 0);
        assert_string_equal(rtmp_value_class(value).data, names[i]);
        assert_null(rtmp_value_members(value));
        rtmp_buffer_clear(&buffer);
        assert_int_equal(rtmp_amf0_write(&buffer, value), 0);
        assert_int_equal(buffer.length, length + 3);
        assert_memory_equal(buffer.data, body, buffer.length);
    }
    static const char xml[] = "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>";
    uint8_t body[5 + sizeof xml - 1] = {0x0F, 0, 0, 0, sizeof xml - 1};
    memcpy(body + 5, xml, sizeof xml - 1);
    struct rtmp_amf_reader reader;
    struct rtmp_value *value = NULL;
    rtmp_amf_reader_init(&reader, body, sizeof body, &arena, NULL);
    assert_int_equal(rtmp_amf0_read(&reader, &value), 0);
    assert_int_equal(rtmp_value_type(value), RTMP_XML_DOCUMENT);
    assert_string_equal(value->text, xml);
}

/* A large body, so that there is more than one block to fail. */
static void large_bodies_without_memory(void **state)
{
    (void)state;
    char *hex = repeated("03000161020001780000090c0000000361626311090301060361", 60, "");
    size_t length;
    uint8_t *body = unhex(hex, &length);
    check_memory(body, length, rtmp_amf0_read, rtmp_amf0_write);
    assert_true(heap.n_calls > 5);
    free(body);
    free(hex);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(vectors_both_ways, setup, teardown),
        cmocka_unit_test_setup_teardown(forms_both_ways, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_bodies_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(tables_belong_to_the_message, setup, teardown),
        cmocka_unit_test_setup_teardown(depth_has_an_end, setup, teardown),
        cmocka_unit_test_setup_teardown(depth_of_writing_is_that_of_reading, setup, teardown),
        cmocka_unit_test_setup_teardown(nodes_have_an_end, setup, teardown),
        cmocka_unit_test_setup_teardown(texts_have_an_end, setup, teardown),
        cmocka_unit_test_setup_teardown(bytes_have_an_end, setup, teardown),
        cmocka_unit_test_setup_teardown(references_have_an_end, setup, teardown),
        cmocka_unit_test_setup_teardown(billion_laughs_stay_small, setup, teardown),
        cmocka_unit_test_setup_teardown(cycles_come_back_as_they_were, setup, teardown),
        cmocka_unit_test_setup_teardown(what_only_amf3_has_goes_behind_0x11, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_behind_0x11_is_a_reference, setup, teardown),
        cmocka_unit_test_setup_teardown(arrays_with_names_become_ecma_arrays, setup, teardown),
        cmocka_unit_test_setup_teardown(long_texts_and_names, setup, teardown),
        cmocka_unit_test_setup_teardown(writing_without_a_tree, setup, teardown),
        cmocka_unit_test_setup_teardown(writing_is_whole_or_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(five_thousand_times_the_same_name, setup, teardown),
        cmocka_unit_test_setup_teardown(names_and_xml_are_plain_data, setup, teardown),
        cmocka_unit_test_setup_teardown(large_bodies_without_memory, setup, teardown),
    };
    if (argc < 2)
        return 2;
    vectors_file = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
