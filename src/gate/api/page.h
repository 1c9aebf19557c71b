/* SPDX-License-Identifier: MIT */
/**
 * @file  Pages: which rows of a list are wanted, and how many at once.
 *
 *     ?live=true&path=game/red*&limit=100&cursor=game/red
 *
 * Rows are sorted by their key; the cursor is the key of the last row that the client has, so that rows that come and
 * go meanwhile neither repeat nor hide others. A filter is the name of a field: its text is as told, or with a star at
 * its end as it begins.
 *
 * Owner   A page is a value.
 * Thread  Any.
 * Limits  PH_PAGE_ROWS rows at once, PH_PAGE_FILTERS filters, texts of PH_PAGE_TEXT bytes.
 */
#ifndef PH_GATE_API_PAGE_H
#define PH_GATE_API_PAGE_H

#include <jansson.h>
#include <stdbool.h>

#include <rtmpwire/text.h>

#include "base/attr.h"

enum { PH_PAGE_ROWS = 1000, PH_PAGE_FILTERS = 4, PH_PAGE_TEXT = 272 };

/** What a list has. */
struct ph_page_fields {
    const char *key;                          /**< no two rows have the same: a text, or a number */
    const char *filters[PH_PAGE_FILTERS + 1]; /**< NULL-terminated */
};

struct ph_page {
    const struct ph_page_fields *fields; /**< static storage */
    unsigned limit;
    bool has_cursor; /**< else from the beginning */
    char cursor[PH_PAGE_TEXT];
    char filter[PH_PAGE_FILTERS][PH_PAGE_TEXT]; /**< in the order of the fields; "": any */
};

/** Read it off a query. Returns NULL; what is wrong, in `fault` (PH_PAGE_TEXT bytes). */
const char *ph_page_read(struct ph_page *page, const struct ph_page_fields *fields, struct rtmp_text query,
                         char fault[PH_PAGE_TEXT]);

/** {"items": rows of the page, "next": cursor where there are more}. `rows` is an array, lent. NULL: out of memory. */
json_t *ph_page_of(const struct ph_page *page, const json_t *rows);

#endif
