/* SPDX-License-Identifier: MIT */
#include "base/text.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* Digits at `*at`, which moves behind them. */
static int read_digits(const char **at, uint64_t *value)
{
    const char *p = *at;
    if (!is_digit(*p))
        return -EINVAL;
    uint64_t sum = 0;
    bool over = false;
    for (; is_digit(*p); p++) {
        uint64_t digit = (uint64_t)(*p - '0');
        over |= sum > (UINT64_MAX - digit) / 10;
        sum = sum * 10 + digit;
    }
    *at = p;
    if (over)
        return -ERANGE;
    *value = sum;
    return 0;
}

int ph_text_u64(const char *text, uint64_t *value)
{
    uint64_t number = 0;
    int err = read_digits(&text, &number);
    if (err == -EINVAL || *text != '\0')
        return -EINVAL;
    if (!err)
        *value = number;
    return err;
}

int ph_text_u64_of(const char *bytes, size_t length, uint64_t *value)
{
    char digits[24];
    if (length >= sizeof digits || (length && memchr(bytes, '\0', length)))
        return -EINVAL;
    if (length)
        memcpy(digits, bytes, length);
    digits[length] = '\0';
    return ph_text_u64(digits, value);
}

int ph_text_i64(const char *text, int64_t *value)
{
    bool negative = *text == '-';
    uint64_t number;
    int err = ph_text_u64(text + negative, &number);
    if (err)
        return err;
    if (number > (uint64_t)INT64_MAX + negative)
        return -ERANGE;
    *value = negative ? -(int64_t)(number - 1) - 1 : (int64_t)number;
    if (number == 0)
        *value = 0;
    return 0;
}

int ph_text_double(const char *text, double *value)
{
    if (text[strspn(text, "0123456789+-.eE")] != '\0' || !(is_digit(*text) || *text == '-' || *text == '.'))
        return -EINVAL;
    char *end;
    errno = 0;
    double number = strtod(text, &end);
    if (end == text || *end != '\0')
        return -EINVAL;
    if (!isfinite(number))
        return -ERANGE;
    *value = number;
    return 0;
}

int ph_text_bool(const char *text, bool *value)
{
    static const struct {
        const char *word;
        bool value;
    } words[] = {{"on", true},   {"yes", true}, {"true", true},   {"1", true},
                 {"off", false}, {"no", false}, {"false", false}, {"0", false}};
    for (size_t i = 0; i < PH_COUNT(words); i++)
        if (strcasecmp(text, words[i].word) == 0) {
            *value = words[i].value;
            return 0;
        }
    return -EINVAL;
}

struct unit {
    const char *name;
    uint64_t factor;
};

/* A number, a blank or none, a unit or none: the first row of `units` stands for none. Up to three decimals. */
static int read_quantity(const char *text, const struct unit *units, size_t n_units, uint64_t *value)
{
    uint64_t whole = 0, thousandths = 0;
    int err = read_digits(&text, &whole);
    if (err == -EINVAL)
        return err;
    if (*text == '.') {
        uint64_t weight = 100;
        if (!is_digit(*++text))
            return -EINVAL;
        for (; is_digit(*text); text++, weight /= 10)
            thousandths += (uint64_t)(*text - '0') * weight;
    }
    if (*text == ' ' && text[1] != '\0')
        text++;
    const struct unit *unit = NULL;
    for (size_t i = 0; i < n_units && !unit; i++)
        if (strcasecmp(text, units[i].name) == 0)
            unit = &units[i];
    if (!unit)
        return -EINVAL;
    if (err)
        return err;
    uint64_t parts = thousandths * unit->factor / 1000;
    if (whole > (UINT64_MAX - parts) / unit->factor)
        return -ERANGE;
    *value = whole * unit->factor + parts;
    return 0;
}

int ph_text_size(const char *text, uint64_t *bytes)
{
    static const uint64_t kib = 1024, mib = 1024 * kib, gib = 1024 * mib, tib = 1024 * gib;
    const struct unit units[] = {{"", 1},      {"B", 1},    {"K", kib},   {"KB", kib}, {"KiB", kib},
                                 {"M", mib},   {"MB", mib}, {"MiB", mib}, {"G", gib},  {"GB", gib},
                                 {"GiB", gib}, {"T", tib},  {"TB", tib},  {"TiB", tib}};
    return read_quantity(text, units, PH_COUNT(units), bytes);
}

int ph_text_duration_ms(const char *text, uint64_t *ms)
{
    static const struct unit units[] = {{"", 1},        {"ms", 1},    {"s", 1000},    {"sec", 1000},
                                        {"min", 60000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
    return read_quantity(text, units, PH_COUNT(units), ms);
}

void ph_text_init(struct ph_text *text, char *bytes, size_t cap)
{
    *text = (struct ph_text){.bytes = bytes, .cap = cap};
    bytes[0] = '\0';
}

void ph_text_copy(char *bytes, size_t cap, const char *from)
{
    struct ph_text text;
    ph_text_init(&text, bytes, cap);
    if (from)
        ph_text_add_bytes(&text, from, strlen(from));
}

void ph_text_add_v(struct ph_text *text, const char *format, va_list values)
{
    size_t room = text->cap - text->length;
    int n = vsnprintf(text->bytes + text->length, room, format, values);
    if (n < 0 || (size_t)n >= room) {
        text->cut = true;
        text->length = n < 0 ? text->length : text->cap - 1;
        text->bytes[text->length] = '\0';
        return;
    }
    text->length += (size_t)n;
}

void ph_text_add(struct ph_text *text, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    ph_text_add_v(text, format, values);
    va_end(values);
}

/* All or nothing: an escape is never cut in half. */
static bool add_whole(struct ph_text *text, const void *bytes, size_t length)
{
    if (length > text->cap - 1 - text->length) {
        text->cut = true;
        return false;
    }
    memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
    text->bytes[text->length] = '\0';
    return true;
}

void ph_text_add_hex(struct ph_text *text, const void *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        ph_text_add(text, "%02x", ((const uint8_t *)bytes)[i]);
}

void ph_text_add_bytes(struct ph_text *text, const void *bytes, size_t length)
{
    size_t room = text->cap - 1 - text->length;
    text->cut |= length > room;
    if (length > 0)
        add_whole(text, bytes, length < room ? length : room);
}

/* Length of the valid UTF-8 character at `p`, or 0: RFC 3629, no surrogates, no overlong forms. */
static size_t character_length(const uint8_t *p, size_t left)
{
    size_t n = p[0] < 0x80 ? 1 : p[0] < 0xC2 ? 0 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : p[0] < 0xF5 ? 4 : 0;
    if (n == 0 || n > left)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    bool overlong = (p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xF0 && p[1] < 0x90);
    bool beyond = (p[0] == 0xED && p[1] >= 0xA0) || (p[0] == 0xF4 && p[1] >= 0x90);
    return overlong || beyond ? 0 : n;
}

/* Control characters: below 32, 127, and U+0080 to U+009F, which some terminals obey. */
static bool is_control(const uint8_t *p, size_t n)
{
    return (n == 1 && (p[0] < 0x20 || p[0] == 0x7F)) || (n == 2 && p[0] == 0xC2 && p[1] < 0xA0);
}

/* The one-letter escape of a byte, or 0. */
static char short_escape(uint8_t byte) { return byte == '\n' ? 'n' : byte == '\r' ? 'r' : byte == '\t' ? 't' : 0; }

/* Line and paragraph separators end a line for some readers. */
static bool is_line_end(const uint8_t *p, size_t n)
{
    return n == 3 && p[0] == 0xE2 && p[1] == 0x80 && (p[2] == 0xA8 || p[2] == 0xA9);
}

void ph_text_add_escaped(struct ph_text *text, const void *bytes, size_t length)
{
    const uint8_t *p = bytes, *end = p + length;
    bool fits = true;
    while (p < end && fits) {
        size_t n = character_length(p, (size_t)(end - p));
        if (n > 0 && !is_control(p, n) && !is_line_end(p, n) && *p != '\\') {
            fits = add_whole(text, p, n);
            p += n;
            continue;
        }
        char escape[5];
        char letter = *p == '\\' ? '\\' : short_escape(*p);
        int written = letter ? snprintf(escape, sizeof escape, "\\%c", letter)
                             : snprintf(escape, sizeof escape, "\\x%02x", *p);
        fits = add_whole(text, escape, (size_t)written);
        p++;
    }
}

void ph_text_add_json(struct ph_text *text, const void *bytes, size_t length)
{
    const uint8_t *p = bytes, *end = p + length;
    bool fits = true;
    while (p < end && fits) {
        size_t n = character_length(p, (size_t)(end - p));
        char escape[8];
        if (n == 0) {
            fits = add_whole(text, "\xEF\xBF\xBD", 3);
            p++;
        } else if (is_control(p, n) || is_line_end(p, n)) {
            unsigned code = n == 1 ? p[0] : n == 2 ? p[1] : 0x2000u + (p[2] & 0x3Fu);
            fits = add_whole(text, escape, (size_t)snprintf(escape, sizeof escape, "\\u%04x", code & 0xFFFFu));
            p += n;
        } else if (*p == '"' || *p == '\\') {
            char pair[2] = {'\\', (char)*p};
            fits = add_whole(text, pair, 2);
            p++;
        } else {
            fits = add_whole(text, p, n);
            p += n;
        }
    }
}

void ph_text_add_amount(struct ph_text *text, uint64_t bytes)
{
    static const char *const units[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
    if (bytes < 1000) {
        ph_text_add(text, "%u B", (unsigned)bytes);
        return;
    }
    double amount = (double)bytes / 1000;
    size_t unit = 0;
    while (amount >= 999.95 && unit < PH_COUNT(units) - 1) {
        amount /= 1000;
        unit++;
    }
    ph_text_add(text, "%.1f %s", amount, units[unit]);
}

void ph_text_add_duration(struct ph_text *text, uint64_t us)
{
    uint64_t seconds = us / 1000000;
    if (seconds >= 86400)
        ph_text_add(text, "%llud ", (unsigned long long)(seconds / 86400));
    ph_text_add(text, "%02u:%02u:%02u", (unsigned)(seconds / 3600 % 24), (unsigned)(seconds / 60 % 60),
                (unsigned)(seconds % 60));
}

void ph_text_add_time(struct ph_text *text, int64_t wall_us)
{
    time_t seconds = (time_t)(wall_us / 1000000);
    struct tm parts;
    char stamp[32];
    if (!gmtime_r(&seconds, &parts) || strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &parts) == 0)
        return;
    ph_text_add(text, "%s.%03dZ", stamp, (int)(wall_us / 1000 % 1000));
}
