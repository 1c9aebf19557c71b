/* SPDX-License-Identifier: MIT */
#include <rtmpwire/error.h>

#include <stddef.h>

struct row {
    int code;
    enum rtmp_error_class class;
    const char *name, *text;
};

static const struct row rows[] = {{0, RTMP_CLASS_NONE, "0", "no error"},
#define ROW(name, value, class, text) {value, RTMP_CLASS_##class, "RTMP_E_" #name, text},
                                  RTMP_ERROR_MAP(ROW)
#undef ROW
};

static const struct row unknown = {1, RTMP_CLASS_FATAL, "unknown", "an unknown error"};

static const struct row *row_of(int code)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].code == code)
            return &rows[i];
    return &unknown;
}

const char *rtmp_error_name(int code) { return row_of(code)->name; }

const char *rtmp_error_text(int code) { return row_of(code)->text; }

enum rtmp_error_class rtmp_error_class(int code) { return row_of(code)->class; }
