/* SPDX-License-Identifier: MIT */
/**
 * @file  One tree for the values of AMF0, AMF3 and everything that is made from them.
 *
 * A value is a node in an arena. References of the wire are kept: the same node may stand in several places, and a
 * node may contain itself, so a walk over foreign values needs a budget (rtmp_value_print(), rtmp_value_equal() and
 * the writers have one). The accessors take any value, NULL too, and never fail: a value of another type is as if it
 * were not there.
 *
 * Source  AMF 0 (2013), AMF 3 (2013); docs/wire.md 4.
 * Owner   The arena owns nodes and texts; they live until it is reset.
 * Thread  Reading: any number of threads. Building: one.
 * Limits  Decoders: struct rtmp_value_limits. Walkers: RTMP_VALUE_WALK_NODES, RTMP_VALUE_DEPTH.
 * Since   0.1
 */
#ifndef RTMPWIRE_VALUE_H
#define RTMPWIRE_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rtmpwire/arena.h>
#include <rtmpwire/buffer.h>
#include <rtmpwire/error.h>
#include <rtmpwire/text.h>

#ifdef __cplusplus
extern "C" {
#endif

enum rtmp_value_type {
    RTMP_UNDEFINED,
    RTMP_NULL,
    RTMP_BOOLEAN,
    RTMP_NUMBER,
    RTMP_INTEGER,      /**< AMF3: −2^28..2^28−1 on the wire */
    RTMP_STRING,       /**< short or long */
    RTMP_DATE,         /**< ms since 1970 UTC; AMF0 adds a zone that nobody uses */
    RTMP_XML,          /**< AMF3's newer XML: opaque text */
    RTMP_XML_DOCUMENT, /**< AMF0's XML, AMF3's XMLDocument: opaque text */
    RTMP_BYTES,
    RTMP_ARRAY,  /**< items, and members by name; RTMP_VALUE_ECMA when AMF0 is to write it as an ECMA array */
    RTMP_OBJECT, /**< members; a class if it has one */
    RTMP_VECTOR_INT,
    RTMP_VECTOR_UINT,
    RTMP_VECTOR_DOUBLE,
    RTMP_VECTOR_OBJECT, /**< items, and a type name */
    RTMP_DICTIONARY,    /**< items: key, value, key, value … */
    RTMP_UNSUPPORTED,   /**< AMF0 marker 0D */
};

enum rtmp_value_flag {
    RTMP_VALUE_ECMA = 1,     /**< array */
    RTMP_VALUE_DYNAMIC = 2,  /**< object of a class: may have members beyond the sealed ones */
    RTMP_VALUE_EXTERNAL = 4, /**< object of a known Flex class that writes itself */
    RTMP_VALUE_FIXED = 8,    /**< vector of fixed length */
    RTMP_VALUE_WEAK = 16,    /**< dictionary with weak keys */
    RTMP_VALUE_EXACT = 32,   /**< private: `items` has no spare room */
};

struct rtmp_value;

struct rtmp_member {
    struct rtmp_member *next;
    struct rtmp_text name;
    struct rtmp_value *value;
};

/** Read by the accessors below; made by the constructors and the decoders. */
struct rtmp_value {
    uint8_t type;  /**< enum rtmp_value_type */
    uint8_t flags; /**< enum rtmp_value_flag */
    int16_t zone;  /**< date: minutes, as sent */
    uint32_t n;    /**< bytes of a text; items of an array or vector; 2 × pairs of a dictionary; sealed members */
    union {
        bool boolean;
        int32_t integer;
        double number; /**< number, date */
        const char *text;
        const uint8_t *bytes;
        const int32_t *ints;
        const uint32_t *uints;
        const double *doubles;
        struct rtmp_value **items;          /**< array, vector of objects, dictionary */
        const struct rtmp_text *class_name; /**< object; NULL: none */
    };
    union {
        struct rtmp_member *members;       /**< array, object: first of the list, sealed ones first */
        const struct rtmp_text *type_name; /**< vector of objects */
    };
};

enum {
    RTMP_VALUE_DEPTH = 32,         /**< levels of nesting that are read or written */
    RTMP_VALUE_WALK_NODES = 10000, /**< values visited by one walk or one writer */
};

/** Maxima of one message; 0 means the default behind each. */
struct rtmp_value_limits {
    uint32_t depth;      /**< levels of nesting, AMF0, AMF3 and externalizable bodies together: 32 */
    uint32_t nodes;      /**< values: 10,000 */
    uint32_t references; /**< entries of each reference table, nothing behind them can be referred to: 1,024 */
    uint32_t members;    /**< sealed members of one class: 256 */
    uint32_t text;       /**< bytes of one text, XML or byte array: 64 KiB */
    uint32_t bytes;      /**< decoded bytes: 2 MiB, and never more than 16 × the message or 640,000 */
};

/* Reading. */

RTMP_API enum rtmp_value_type rtmp_value_type(const struct rtmp_value *value); /**< NULL: RTMP_UNDEFINED */

/** The member called `name` of an object or array, the last one if there are several; NULL: none. */
RTMP_API const struct rtmp_value *rtmp_value_get(const struct rtmp_value *value, const char *name);

/** Item `index` of an array, vector of objects or dictionary; NULL: none. */
RTMP_API const struct rtmp_value *rtmp_value_at(const struct rtmp_value *value, size_t index);

/** Items of an array, of any vector, of a dictionary (two per pair); 0 for everything else. */
RTMP_API size_t rtmp_value_count(const struct rtmp_value *value);

/** First member of an object or array, go on with `next`; NULL: none. */
RTMP_API const struct rtmp_member *rtmp_value_members(const struct rtmp_value *value);

RTMP_API double rtmp_value_number(const struct rtmp_value *value, double otherwise); /**< number or integer */
RTMP_API bool rtmp_value_boolean(const struct rtmp_value *value, bool otherwise);

/** The text of a string; "" for everything else. */
RTMP_API struct rtmp_text rtmp_value_text(const struct rtmp_value *value);

/** The class of an object; "" without one. */
RTMP_API struct rtmp_text rtmp_value_class(const struct rtmp_value *value);

/* Building. NULL: out of memory or over the arena's budget; NULL as an argument is passed on, so that calls can be
 * chained and the end tested. Texts are copied. Undefined, null and booleans are shared constants. */

RTMP_API struct rtmp_value *rtmp_value_new_undefined(void);
RTMP_API struct rtmp_value *rtmp_value_new_null(void);
RTMP_API struct rtmp_value *rtmp_value_new_boolean(bool boolean);
RTMP_API struct rtmp_value *rtmp_value_new_number(struct rtmp_arena *arena, double number);
RTMP_API struct rtmp_value *rtmp_value_new_integer(struct rtmp_arena *arena, int32_t integer);
RTMP_API struct rtmp_value *rtmp_value_new_string(struct rtmp_arena *arena, const char *text, size_t length);
RTMP_API struct rtmp_value *rtmp_value_new_date(struct rtmp_arena *arena, double ms);
RTMP_API struct rtmp_value *rtmp_value_new_bytes(struct rtmp_arena *arena, const void *bytes, size_t length);
RTMP_API struct rtmp_value *rtmp_value_new_array(struct rtmp_arena *arena);
RTMP_API struct rtmp_value *rtmp_value_new_ecma_array(struct rtmp_arena *arena);
RTMP_API struct rtmp_value *rtmp_value_new_object(struct rtmp_arena *arena);

/** Add a member to an object or array, or exchange the one that rtmp_value_get() finds. Returns 0; RTMP_E_RANGE no such
 *  type, or `item` is NULL; RTMP_E_MEMORY; RTMP_E_BYTES. */
RTMP_API RTMP_MUST_USE int rtmp_value_set(struct rtmp_arena *arena, struct rtmp_value *object, const char *name,
                                          struct rtmp_value *item);

/** Append an item to an array. Returns as rtmp_value_set(). */
RTMP_API RTMP_MUST_USE int rtmp_value_push(struct rtmp_arena *arena, struct rtmp_value *array, struct rtmp_value *item);

/* Walking. */

/**
 * Append a value as text for people, much like JSON: one line of valid UTF-8, control characters and other bytes are
 * escaped, what lies deeper than RTMP_VALUE_DEPTH or behind `max_nodes` (at most RTMP_VALUE_WALK_NODES) is shown as
 * "…".
 *
 * Returns 0, or the buffer's error; the text may then be cut.
 */
RTMP_API RTMP_MUST_USE int rtmp_value_print(const struct rtmp_value *value, uint32_t max_nodes,
                                            struct rtmp_buffer *buffer);

/** Same types, contents and order, bit for bit; values beyond RTMP_VALUE_WALK_NODES or RTMP_VALUE_DEPTH count as
 *  equal, so that cycles end. */
RTMP_API bool rtmp_value_equal(const struct rtmp_value *a, const struct rtmp_value *b);

#ifdef __cplusplus
}
#endif
#endif
