/* SPDX-License-Identifier: MIT */
/* AMF3's markers and the numbers that bound its integers. */
#ifndef RTMPWIRE_AMF3_MARKER_H
#define RTMPWIRE_AMF3_MARKER_H

enum amf3_marker {
    AMF3_UNDEFINED = 0x00,
    AMF3_NULL = 0x01,
    AMF3_FALSE = 0x02,
    AMF3_TRUE = 0x03,
    AMF3_INTEGER = 0x04,
    AMF3_DOUBLE = 0x05,
    AMF3_STRING = 0x06,
    AMF3_XML_DOCUMENT = 0x07,
    AMF3_DATE = 0x08,
    AMF3_ARRAY = 0x09,
    AMF3_OBJECT = 0x0A,
    AMF3_XML = 0x0B,
    AMF3_BYTES = 0x0C,
    AMF3_VECTOR_INT = 0x0D,
    AMF3_VECTOR_UINT = 0x0E,
    AMF3_VECTOR_DOUBLE = 0x0F,
    AMF3_VECTOR_OBJECT = 0x10,
    AMF3_DICTIONARY = 0x11,
};

enum {
    AMF3_INTEGER_MIN = -(1 << 28),
    AMF3_INTEGER_MAX = (1 << 28) - 1,
    AMF3_U29_MAX = (1 << 29) - 1,
};

#endif
