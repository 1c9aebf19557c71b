/* SPDX-License-Identifier: MIT */
#include "amf_case.h"

#define ARRAY_COLLECTION "0a0743666c65782e6d6573736167696e672e696f2e4172726179436f6c6c656374696f6e"
#define OBJECT_PROXY     "0a073b666c65782e6d6573736167696e672e696f2e4f626a65637450726f7879"

/* docs/wire.md 12, every row; where writing makes other bytes, it says why. Each value is written with tables of its
 * own, so a text of the first is no reference in the second. */
static const struct vector vectors[] = {
    {"04ffffffff", "int(-1)", NULL},
    {"04bfffffff", "int(268435455)", NULL},
    {"04c0808000", "int(-268435456)", NULL},
    {"0541b0000000000000", "num(268435456)", NULL},
    {"00010203", "undefined null false true", NULL},
    {"0601", "\"\"", NULL},
    {"060568690600", "\"hi\" \"hi\"", "0605686906056869"},      /* tables of its own */
    {"06010603610600", "\"\" \"a\" \"a\"", "0601060361060361"}, /* tables of its own */
    {"090701040104020403", "array[int(1);int(2);int(3)]", NULL},
    {"0901036b0301", "array[|k=true]", NULL},
    {"0903010900", "array[^0]", NULL},
    {"0a0b010361040101", "{a=int(1)}", NULL},
    {"0905010a0b01010a02", "array[{};^1]", NULL},
    {"08014275d3ef79800000", "date(1500000000000)", NULL},
    {"0c07010203", "bytes(010203)", NULL},
    {"0b093c612f3e", "xml\"<a/>\"", NULL},
    {"0d0501ffffffff00000002", "fixed vint(-1;2)", NULL},
    {"0e0300ffffffff", "vuint(4294967295)", NULL},
    {"0f03003fe0000000000000", "vdouble(0.5)", NULL},
    {"10030001060371", "vobject<>[\"q\"]", NULL},
    {"11030006036b0407", "dict[\"k\"=>int(7)]", NULL},
    {"0905010a23035003780379040104020a0104030404", "array[P{x!=int(1),y!=int(2)};P{x!=int(3),y!=int(4)}]", NULL},
    {ARRAY_COLLECTION "0903010409", "flex.messaging.io.ArrayCollection*{source=array[int(9)]}", NULL},
    {"0a070744534b0104060106036300", "DSK*{body=int(6),correlationId=\"c\"}", NULL},
};

/* Further forms. */
static const struct vector forms[] = {
    {"04808001", "int(1)", "0401"},   /* longer than need be */
    {"0480808001", "int(1)", "0401"}, /* longer than need be */
    {"04818001", "int(16385)", NULL},
    {"07093c612f3e", "xmldoc\"<a/>\"", NULL},
    {"090101", "array[]", NULL},
    {"0903036b03010402", "array[int(2)|k=true]", NULL},
    {"0905010b03610b02", "array[xml\"a\";xml\"a\"]", NULL},
    {"090501080100000000000000000802", "array[date(0);date(0)]", NULL},
    {"0905010c03610c02", "array[bytes(61);bytes(61)]", NULL},
    {"0905010d0300000000010d02", "array[vint(1);^1]", NULL},
    {"110100", "dict[]", NULL},
    {"1103010500000000000000000403", "weak dict[num(0)=>int(3)]", NULL},
    {"1105000a0b01010a0211000a02", "dict[{}=>^1;^0=>^1]", NULL}, /* objects are keys, it is its own */
    {"100301034101", "fixed vobject<A>[null]", NULL},
    {"100101032a", "fixed vobject<*>[]", NULL},
    {"0d0100", "vint()", NULL},
    {"0a130341036101", "A{a!=null}", NULL},
    {"0a1b034103610103620201", "A+{a!=null,b=false}", NULL},
    {"0a0b034103620201", "A+{b=false}", NULL},
    {"0a030341", "A{}", NULL},
    {"0a0301", "{}", NULL}, /* anonymous and sealed, without members: not the plain object */
    {"0a1b0103610101", "+{a!=null}", NULL},
    {"0a13010101", "{!=null}", NULL}, /* a sealed member may be called "" */
    {"0a0b01036101000201", "{a=null,a=false}", NULL},
};

static const char *vectors_file;

static void check_vectors(const struct vector *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t length;
        uint8_t *body = unhex(rows[i].hex, &length);
        print_message("%s\n", rows[i].meaning);
        check_vector(&rows[i], rtmp_amf3_read, rtmp_amf3_write);
        check_truncated(rows[i].hex, rtmp_amf3_read, false);
        check_memory(body, length, rtmp_amf3_read, rtmp_amf3_write);
        free(body);
    }
}

static void vectors_both_ways(void **state)
{
    (void)state;
    assert_int_equal(count_rows(vectors_file, "AMF3 values", vectors, COUNT(vectors)), COUNT(vectors));
    check_vectors(vectors, COUNT(vectors));
}

static void forms_both_ways(void **state)
{
    (void)state;
    check_vectors(forms, COUNT(forms));
}

/* wire.md 12: the edges of U29, as integers, where bit 28 is the sign. */
static void u29_at_its_edges(void **state)
{
    (void)state;
    static const struct {
        int32_t integer;
        const char *hex;
    } rows[] = {
        {0, "0400"},
        {127, "047f"},
        {128, "048100"},
        {16383, "04ff7f"},
        {16384, "04818000"},
        {2097151, "04ffff7f"},
        {2097152, "0480c08000"},
        {268435455, "04bfffffff"},
        {-268435456, "04c0808000"},
        {-1, "04ffffffff"},
        {268435456, "0541b0000000000000"},
        {-268435457, "05c1b0000001000000"},
        {INT32_MAX, "0541dfffffffc00000"},
        {INT32_MIN, "05c1e0000000000000"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct rtmp_value *value = rtmp_value_new_integer(&arena, rows[i].integer);
        rtmp_buffer_clear(&buffer);
        assert_int_equal(rtmp_amf3_write(&buffer, value), 0);
        assert_hex(buffer.data, buffer.length, rows[i].hex);
        assert_true(rtmp_value_number(value_of(rtmp_amf3_read, rows[i].hex), 0) == rows[i].integer);
    }
}

/* ... and as lengths, where it is none. */
static void lengths_have_no_sign(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        int error;
    } rows[] = {
        {"06ffffffff", RTMP_E_BYTES},                                         /* 2^28-1 bytes of text */
        {"0cffffffff", RTMP_E_BYTES},       {"06fffffffe", RTMP_E_REFERENCE}, /* number 2^28-1 */
        {"09fffffffe", RTMP_E_REFERENCE},   {"0afffffffd", RTMP_E_REFERENCE}, /* class 2^27-1 */
        {"09ffffffff01", RTMP_E_TRUNCATED}, {"0dffffffff00", RTMP_E_TRUNCATED},
        {"0fffffffff00", RTMP_E_TRUNCATED}, {"10ffffffff0001", RTMP_E_TRUNCATED},
        {"11ffffffff00", RTMP_E_TRUNCATED}, {"0affffffeb01", RTMP_E_NODES}, /* 2^25-2 sealed members */
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct description d;
        print_message("%s\n", rows[i].hex);
        assert_int_equal(read_hex(rtmp_amf3_read, rows[i].hex, NULL, &d), rows[i].error);
        assert_true(heap.peak_bytes < 4096); /* nobody announces memory into being */
    }
}

static void bad_bodies_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *meaning, *hex;
        int error;
    } rows[] = {
        {"no marker", "12", RTMP_E_MALFORMED},
        {"no marker", "ff", RTMP_E_MALFORMED},
        {"a text that nobody wrote", "0600", RTMP_E_REFERENCE},
        {"the empty text has no number", "06010600", RTMP_E_REFERENCE},
        {"an object that nobody wrote", "0a00", RTMP_E_REFERENCE},
        {"an array where an object is", "0a0b01010900", RTMP_E_REFERENCE},
        {"XML where an XML document is", "0703610b00", RTMP_E_REFERENCE},
        {"a vector of another kind", "0d01000e00", RTMP_E_REFERENCE},
        {"a class that nobody wrote", "0a01", RTMP_E_REFERENCE},
        {"an unknown class that writes itself", "0a07074142430400", RTMP_E_UNSUPPORTED},
        {"no class that writes itself", "0a0701", RTMP_E_UNSUPPORTED},
        {"one pair less than the count", "11050006036b0407", RTMP_E_TRUNCATED},
        {"a key without a value", "11030001", RTMP_E_TRUNCATED},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct description d;
        print_message("%s\n", rows[i].meaning);
        assert_int_equal(read_hex(rtmp_amf3_read, rows[i].hex, NULL, &d), rows[i].error);
    }
}

/* A value that writes itself takes a number among objects, its class one among classes. */
static void numbers_of_those_who_write_themselves(void **state)
{
    (void)state;
    struct description d;
    assert_int_equal(read_hex(rtmp_amf3_read, ARRAY_COLLECTION "0901010a0009020a0101", NULL, &d), RTMP_E_MORE);
    assert_string_equal(d.text, "flex.messaging.io.ArrayCollection*{source=array[]} ^0 ^1 "
                                "flex.messaging.io.ArrayCollection*{source=null}");
    assert_int_equal(read_hex(rtmp_amf3_read, ARRAY_COLLECTION "0a00", NULL, &d), RTMP_E_MORE);
    assert_string_equal(d.text, "flex.messaging.io.ArrayCollection*{source=^0}"); /* it wraps itself */
}

static void flex_both_ways(void **state)
{
    (void)state;
    static const struct vector rows[] = {
        {OBJECT_PROXY "0a0b010361040101", "flex.messaging.io.ObjectProxy*{object={a=int(1)}}", NULL},
        {"0a07074453410000", "DSA*{}", NULL},
        {"0a070744534b000000", "DSK*{}", NULL},
        {"0a0707445343000000", "DSC*{}", NULL},
        {"0a0707445343ff03010203010203010203030102010405",
         "DSC*{body=null,clientId=false,destination=true,headers=null,messageId=false,timestamp=true,timeToLive=null,"
         "clientIdBytes=false,messageIdBytes=true,correlationId=null,correlationIdBytes=false,operation=int(5)}",
         NULL},
        {"0a070744534181000100", "DSA*{body=null}", "0a0707445341010100"}, /* a flag byte of zero is left out */
        {"0a07074453418080800000", "DSA*{}", "0a07074453410000"},
        {"0a0707445341000c04010402", "DSA*{}", "0a07074453410000"}, /* bits without a name are dropped */
        {"0a0707445341802202040100", "DSA*{messageIdBytes=false}", "0a070744534180020200"},
        {"0a0707445341808001040100", "DSA*{}", "0a07074453410000"}, /* a third flag byte */
        {"0a07074453410040", "DSA*{}", "0a07074453410000"},         /* bit 6 without a name has no value */
        {"0a070744534b00003f010101010101", "DSK*{}", "0a070744534b000000"},
    };
    check_vectors(rows, COUNT(rows));

    struct description d;
    assert_int_equal(read_hex(rtmp_amf3_read, "0a0707445341808080808080800000", NULL, &d), RTMP_E_MORE);
    assert_int_equal(read_hex(rtmp_amf3_read, "0a070744534180808080808080800000", NULL, &d), RTMP_E_MALFORMED);
}

/* Made by hand: what is not there is undefined, or not written. */
static void flex_values_with_gaps(void **state)
{
    (void)state;
    static const struct rtmp_text proxy = {"flex.messaging.io.ObjectProxy", 29}, unknown = {"Unknown", 7};
    struct rtmp_value *value = rtmp_value_new_object(&arena);
    value->class_name = &proxy;
    value->flags = RTMP_VALUE_EXTERNAL;
    assert_written(rtmp_amf3_write, rtmp_amf3_read, value, OBJECT_PROXY "00",
                   "flex.messaging.io.ObjectProxy*{object=undefined}");
    value->class_name = &unknown;
    rtmp_buffer_clear(&buffer);
    assert_int_equal(rtmp_amf3_write(&buffer, value), RTMP_E_UNSUPPORTED);
    assert_int_equal(rtmp_amf0_write(&buffer, value), RTMP_E_UNSUPPORTED);
    assert_int_equal(buffer.length, 0);
}

/* `n` times `one` behind `head`, then `end`. */
static uint8_t *repeated(const char *head, const char *one, size_t n, const char *end, size_t *length)
{
    size_t n_head, n_one, n_end;
    uint8_t *first = unhex(head, &n_head), *middle = unhex(one, &n_one), *last = unhex(end, &n_end);
    *length = n_head + n * n_one + n_end;
    uint8_t *body = malloc(*length + 1), *p = body;
    assert_non_null(body);
    memcpy(p, first, n_head);
    p += n_head;
    for (size_t i = 0; i < n; i++, p += n_one)
        memcpy(p, middle, n_one);
    memcpy(p, last, n_end);
    free(first);
    free(middle);
    free(last);
    return body;
}

static int read_repeated(const char *head, const char *one, size_t n, const char *end,
                         const struct rtmp_value_limits *limits)
{
    size_t length;
    uint8_t *body = repeated(head, one, n, end, &length);
    rtmp_arena_reset(&arena);
    int rc = read_all(rtmp_amf3_read, body, length, limits, NULL, NULL, NULL);
    free(body);
    return rc;
}

static void depth_has_an_end(void **state)
{
    (void)state;
    static const struct {
        const char *head, *one;
        size_t n_head; /* levels of the head */
        int ok;
    } rows[] = {
        {"", "090301", 0, RTMP_E_MORE},        {ARRAY_COLLECTION, "0a01", 1, RTMP_E_MORE},
        {"", "110300", 0, RTMP_E_TRUNCATED}, /* the key, its value is missing */
        {"", "10030001", 0, RTMP_E_MORE},      {"", "0a0b010361", 0, RTMP_E_TRUNCATED}, /* objects are left open */
        {"", "0901036b", 0, RTMP_E_TRUNCATED}, {"", "0a130101", 0, RTMP_E_MORE},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t fits = RTMP_VALUE_DEPTH - 1 - rows[i].n_head;
        assert_int_equal(read_repeated(rows[i].head, rows[i].one, fits, "0101", NULL), rows[i].ok);
        assert_int_equal(read_repeated(rows[i].head, rows[i].one, fits + 1, "0101", NULL), RTMP_E_DEPTH);
        assert_int_equal(read_repeated(rows[i].head, rows[i].one, 100000, "0101", NULL), RTMP_E_DEPTH);
    }
}

static void depth_of_writing_is_that_of_reading(void **state)
{
    (void)state;
    for (size_t n = RTMP_VALUE_DEPTH - 1; n < RTMP_VALUE_DEPTH + 2; n++) {
        struct rtmp_value *value = rtmp_value_new_null();
        for (size_t i = 1; i < n; i++) {
            struct rtmp_value *object = rtmp_value_new_object(&arena);
            assert_int_equal(rtmp_value_set(&arena, object, "a", value), 0);
            value = object;
        }
        rtmp_buffer_clear(&buffer);
        assert_int_equal(rtmp_amf3_write(&buffer, value), n <= RTMP_VALUE_DEPTH ? 0 : RTMP_E_DEPTH);
        assert_int_equal(read_all(rtmp_amf3_read, buffer.data, buffer.length, NULL, NULL, NULL, NULL), RTMP_E_MORE);
        assert_int_equal(buffer.length > 0, n <= RTMP_VALUE_DEPTH);
    }
}

static void nodes_have_an_end(void **state)
{
    (void)state;
    assert_int_equal(read_repeated("", "01", 9999, "01", NULL), RTMP_E_MORE);
    assert_int_equal(read_repeated("", "01", 10000, "01", NULL), RTMP_E_NODES);
    const struct rtmp_value_limits four = {.nodes = 4};
    assert_int_equal(read_repeated("090701", "01", 3, "", &four), RTMP_E_MORE);
    assert_int_equal(read_repeated("090901", "01", 4, "", &four), RTMP_E_NODES);
    assert_int_equal(read_repeated("110500", "01", 4, "", &four), RTMP_E_NODES);
}

static void sealed_members_have_an_end(void **state)
{
    (void)state;
    /* the class A with 256 members called "", then their values */
    uint8_t body[4 + 257 * 2 + 16];
    for (unsigned n = 255; n <= 257; n++) {
        const unsigned head = n << 4 | 3;
        uint8_t *p = body;
        *p++ = 0x0A;
        *p++ = (uint8_t)(head >> 7 | 0x80);
        *p++ = head & 0x7F;
        *p++ = 1;
        memset(p, 1, (size_t)n * 2);
        int rc = read_all(rtmp_amf3_read, body, 4 + (size_t)n * 2, NULL, NULL, NULL, NULL);
        assert_int_equal(rc, n <= 256 ? RTMP_E_MORE : RTMP_E_NODES);
    }
}

/* 1,024 of each are kept; more are no error until somebody refers to them. */
static void references_have_an_end(void **state)
{
    (void)state;
    static const struct {
        const char *one, *last_kept, *first_lost, *nobody;
    } rows[] = {
        {"060361", "068f7e", "069000", "069002"},   /* texts */
        {"0a0b0101", "0a8f7e", "0a9000", "0a9002"}, /* objects */
        {"0a030341", "0a9f7d", "0aa001", "0aa005"}, /* classes */
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(read_repeated("", rows[i].one, 1023, rows[i].last_kept, NULL), RTMP_E_REFERENCE);
        assert_int_equal(read_repeated("", rows[i].one, 1024, rows[i].last_kept, NULL), RTMP_E_MORE);
        assert_int_equal(read_repeated("", rows[i].one, 1025, rows[i].last_kept, NULL), RTMP_E_MORE);
        assert_int_equal(read_repeated("", rows[i].one, 1025, rows[i].first_lost, NULL), RTMP_E_NODES);
        assert_int_equal(read_repeated("", rows[i].one, 1025, rows[i].nobody, NULL), RTMP_E_REFERENCE);
    }
}

static void texts_have_an_end(void **state)
{
    (void)state;
    static const char *const heads[] = {"0615", "0715", "0b15", "0c15", "0a0315"}; /* ten bytes; the last is a class */
    for (size_t i = 0; i < COUNT(heads); i++)
        for (uint32_t n = 9; n <= 11; n++) {
            const struct rtmp_value_limits limits = {.text = n};
            assert_int_equal(read_repeated(heads[i], "61", 10, "", &limits), n < 10 ? RTMP_E_BYTES : RTMP_E_MORE);
        }
}

/* Sixteen times the message, but 640,000 always: honest lists of small objects stay far below. */
static void bytes_have_an_end(void **state)
{
    (void)state;
    assert_int_equal(read_repeated("0a2303500378037904010402", "0a0104030404", 3000, "", NULL), RTMP_E_MORE);
    assert_true(arena.used > (1 << 16) && arena.used > 16 * 3000 * 6);
    const struct rtmp_value_limits many = {.nodes = 1 << 20};
    assert_int_equal(read_repeated("0a2303500378037904010402", "0a0104030404", 4000, "", &many), RTMP_E_MORE);
    assert_int_equal(read_repeated("0a2303500378037904010402", "0a0104030404", 5000, "", &many), RTMP_E_BYTES);
    assert_int_equal(read_repeated("0a2303500378037904010402", "0a0104030404", 50000, "", &many), RTMP_E_BYTES);
    assert_true(arena.used <= 16 * (50000 * 6 + 12));
    assert_int_equal(read_repeated("0a2303500378037904010402", "0a0104030404", 500000, "", &many), RTMP_E_BYTES);
    assert_true(arena.used <= 2 << 20);
}

static void billion_laughs_stay_small(void **state)
{
    (void)state;
    uint8_t body[256] = {9, 20 << 1 | 1, 1, 9, 1, 1};
    size_t length = 6;
    for (uint8_t i = 1; i < 20; i++) {
        const uint8_t twice[] = {9, 5, 1, 9, (uint8_t)(i << 1), 9, (uint8_t)(i << 1)};
        memcpy(body + length, twice, sizeof twice);
        length += sizeof twice;
    }
    struct rtmp_amf_reader reader;
    struct rtmp_value *one = NULL, *two = NULL;
    rtmp_amf_reader_init(&reader, body, length, &arena, NULL);
    assert_int_equal(rtmp_amf3_read(&reader, &one), 0);
    rtmp_amf_reader_init(&reader, body, length, &arena, NULL);
    assert_int_equal(rtmp_amf3_read(&reader, &two), 0);
    assert_true(arena.used < 8192);
    assert_int_equal(rtmp_amf0_write(&buffer, one), RTMP_E_NODES);
    assert_int_equal(buffer.length, 0);
    assert_int_equal(rtmp_amf3_write(&buffer, one), 0);
    assert_int_equal(buffer.length, length);
    assert_memory_equal(buffer.data, body, length);
    rtmp_buffer_clear(&buffer);
    assert_int_equal(rtmp_value_print(one, UINT32_MAX, &buffer), 0);
    assert_true(buffer.length < 100000);
    assert_true(rtmp_value_equal(one, two));
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
    assert_written(rtmp_amf3_write, rtmp_amf3_read, parent,
                   "0a0b01096c697374090501"
                   "0a010575700a00056d650a0401"
                   "0a01020a00040a0601"
                   "01",
                   "{list=array[{up=^0,me=^2};{up=^0,me=^3}]}");
}

/* The writer keeps 256 objects; one that is still open is found however late it came. */
static void late_cycles_end(void **state)
{
    (void)state;
    struct rtmp_value *list = rtmp_value_new_array(&arena), *self = rtmp_value_new_object(&arena);
    for (int i = 0; i < 600; i++)
        assert_int_equal(rtmp_value_push(&arena, list, rtmp_value_new_object(&arena)), 0);
    assert_int_equal(rtmp_value_set(&arena, self, "me", self), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(rtmp_value_push(&arena, list, self), 0);
    assert_int_equal(rtmp_amf3_write(&buffer, list), 0);
    struct rtmp_amf_reader reader;
    struct rtmp_value *again = NULL;
    rtmp_amf_reader_init(&reader, buffer.data, buffer.length, &arena, NULL);
    assert_int_equal(rtmp_amf3_read(&reader, &again), 0);
    assert_true(rtmp_value_equal(list, again));
    const struct rtmp_value *late = rtmp_value_at(again, 601);
    assert_ptr_equal(rtmp_value_get(late, "me"), late);
}

/* Texts and classes beyond those kept are spelled out again. */
static void many_texts_and_classes(void **state)
{
    (void)state;
    struct rtmp_value *list = rtmp_value_new_array(&arena);
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 400; i++) {
            char name[8];
            int length = snprintf(name, sizeof name, "n%d", i);
            struct rtmp_value *object = rtmp_value_new_object(&arena);
            struct rtmp_text *class_name = rtmp_arena_take(&arena, sizeof *class_name);
            *class_name = (struct rtmp_text){rtmp_arena_copy(&arena, name, (size_t)length), (size_t)length};
            object->class_name = class_name;
            object->flags = RTMP_VALUE_DYNAMIC;
            assert_int_equal(rtmp_value_set(&arena, object, name, rtmp_value_new_integer(&arena, i)), 0);
            assert_int_equal(rtmp_value_push(&arena, list, object), 0);
        }
    assert_int_equal(rtmp_amf3_write(&buffer, list), 0);
    struct rtmp_amf_reader reader;
    struct rtmp_value *again = NULL;
    rtmp_amf_reader_init(&reader, buffer.data, buffer.length, &arena, NULL);
    assert_int_equal(rtmp_amf3_read(&reader, &again), 0);
    assert_true(rtmp_value_equal(list, again));
}

/* What AMF0 knows and AMF3 does not. */
static void what_amf3_cannot_say(void **state)
{
    (void)state;
    assert_written(rtmp_amf3_write, rtmp_amf3_read, value_of(rtmp_amf0_read, "0d"), "00", "undefined");
    assert_written(rtmp_amf3_write, rtmp_amf3_read, value_of(rtmp_amf0_read, "0b0000000000000000ffc4"),
                   "08010000000000000000", "date(0)");
    assert_written(rtmp_amf3_write, rtmp_amf3_read, value_of(rtmp_amf0_read, "080000000100016b0100000009"),
                   "0901036b0201", "array[|k=false]");
    assert_written(rtmp_amf3_write, rtmp_amf3_read, value_of(rtmp_amf0_read, "030000050001610100000009"),
                   "0a0b0103610201", "{a=false}");
    assert_written(rtmp_amf3_write, rtmp_amf3_read, NULL, "00", "undefined");
}

/* Whatever an error leaves half read can be looked at, should a later value refer to it. */
static void half_read_values_are_sound(void **state)
{
    (void)state;
    static const struct {
        const char *hex, *rest, *meaning;
    } rows[] = {
        {"0a2303410361036201ff", "0a00", "A{a!=null,b=undefined}"},
        {"09050101ff", "0900", "array[null;undefined]"},
        {"0905036bff", "0900", "array[|k=undefined]"},
        {"11030001ff", "1100", "dict[null=>undefined]"},
        {"1003000341ff", "1000", "vobject<A>[undefined]"},
        {ARRAY_COLLECTION "ff", "0a00", "flex.messaging.io.ArrayCollection*{source=undefined}"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t n_first, n_rest;
        uint8_t *first = unhex(rows[i].hex, &n_first), *rest = unhex(rows[i].rest, &n_rest);
        struct rtmp_amf_reader reader;
        struct rtmp_value *value = NULL;
        rtmp_amf_reader_init(&reader, first, n_first, &arena, NULL);
        assert_int_equal(rtmp_amf3_read(&reader, &value), RTMP_E_MALFORMED);
        assert_null(value);
        assert_int_equal(reader.depth, 0);
        reader.data = rest;
        reader.length = n_rest;
        reader.at = 0;
        assert_int_equal(rtmp_amf3_read(&reader, &value), 0);
        assert_description(value, rows[i].meaning);
        rtmp_buffer_clear(&buffer);
        assert_int_equal(rtmp_amf3_write(&buffer, value), 0);
        assert_int_equal(rtmp_value_print(value, 100, &buffer), 0);
        free(first);
        free(rest);
    }
}

/* A class that says that it writes itself is read only if it is one of five; all others are names. */
static void names_stay_plain_data(void **state)
{
    (void)state;
    static const char *const names[] = {"java.lang.ProcessBuilder",
                                        "flex.messaging.messages.RemotingMessage",
                                        "DSAx",
                                        "dsk",
                                        "flex.messaging.io.ArrayList",
                                        "%n%n"};
    for (size_t i = 0; i < COUNT(names); i++)
        for (int external = 0; external < 2; external++) {
            uint8_t body[64] = {0x0A, external ? 7 : 3, (uint8_t)(strlen(names[i]) << 1 | 1)};
            size_t length = 3 + strlen(names[i]);
            memcpy(body + 3, names[i], strlen(names[i]));
            struct rtmp_amf_reader reader;
            struct rtmp_value *value = NULL;
            rtmp_amf_reader_init(&reader, body, length, &arena, NULL);
            assert_int_equal(rtmp_amf3_read(&reader, &value), external ? RTMP_E_UNSUPPORTED : 0);
            assert_string_equal(rtmp_value_class(value).data, external ? "" : names[i]);
        }
}

static void writing_is_whole_or_nothing(void **state)
{
    (void)state;
    struct rtmp_value *value = value_of(rtmp_amf3_read,
                                        ARRAY_COLLECTION "090f0104090c070102030d05000000000100000002"
                                                         "08010000000000000000060568690a1303410378060002");
    assert_int_equal(rtmp_amf3_write(&buffer, value), 0);
    for (size_t max = 0; max <= buffer.length; max++) {
        struct rtmp_buffer small;
        rtmp_buffer_init(&small, &allocator, max);
        assert_int_equal(rtmp_amf3_write(&small, value), max < buffer.length ? RTMP_E_SPACE : 0);
        assert_int_equal(small.length, max < buffer.length ? 0 : max);
        rtmp_buffer_finish(&small);
    }
}

/* A large body, so that there is more than one block to fail. */
static void large_bodies_without_memory(void **state)
{
    (void)state;
    size_t length;
    uint8_t *body = repeated("09810101", "0a23010378037904010603610c07010203", 64, "", &length);
    check_memory(body, length, rtmp_amf3_read, rtmp_amf3_write);
    assert_true(heap.n_calls > 5);
    free(body);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(vectors_both_ways, setup, teardown),
        cmocka_unit_test_setup_teardown(forms_both_ways, setup, teardown),
        cmocka_unit_test_setup_teardown(u29_at_its_edges, setup, teardown),
        cmocka_unit_test_setup_teardown(lengths_have_no_sign, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_bodies_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(numbers_of_those_who_write_themselves, setup, teardown),
        cmocka_unit_test_setup_teardown(flex_both_ways, setup, teardown),
        cmocka_unit_test_setup_teardown(flex_values_with_gaps, setup, teardown),
        cmocka_unit_test_setup_teardown(depth_has_an_end, setup, teardown),
        cmocka_unit_test_setup_teardown(depth_of_writing_is_that_of_reading, setup, teardown),
        cmocka_unit_test_setup_teardown(nodes_have_an_end, setup, teardown),
        cmocka_unit_test_setup_teardown(sealed_members_have_an_end, setup, teardown),
        cmocka_unit_test_setup_teardown(references_have_an_end, setup, teardown),
        cmocka_unit_test_setup_teardown(texts_have_an_end, setup, teardown),
        cmocka_unit_test_setup_teardown(bytes_have_an_end, setup, teardown),
        cmocka_unit_test_setup_teardown(billion_laughs_stay_small, setup, teardown),
        cmocka_unit_test_setup_teardown(cycles_come_back_as_they_were, setup, teardown),
        cmocka_unit_test_setup_teardown(late_cycles_end, setup, teardown),
        cmocka_unit_test_setup_teardown(many_texts_and_classes, setup, teardown),
        cmocka_unit_test_setup_teardown(what_amf3_cannot_say, setup, teardown),
        cmocka_unit_test_setup_teardown(half_read_values_are_sound, setup, teardown),
        cmocka_unit_test_setup_teardown(names_stay_plain_data, setup, teardown),
        cmocka_unit_test_setup_teardown(writing_is_whole_or_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(large_bodies_without_memory, setup, teardown),
    };
    if (argc < 2)
        return 2;
    vectors_file = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
