/* SPDX-License-Identifier: MIT */
#include "app/newest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

struct row {
    struct ph_list link;
    char method[PH_LIMIT_NAME_BYTES + 1];
    size_t length;
    uint8_t bytes[];
};

static void drop(struct ph_newest *newest, struct row *row)
{
    ph_list_remove(&row->link);
    newest->n--;
    free(row);
}

void ph_newest_init(struct ph_newest *newest)
{
    ph_list_init(&newest->list);
    newest->n = 0;
}

void ph_newest_finish(struct ph_newest *newest)
{
    for (struct ph_list *node; (node = ph_list_first(&newest->list));)
        drop(newest, ph_list_entry(node, struct row, link));
}

static struct row *find(const struct ph_newest *newest, const char *method)
{
    ph_list_for_each(node, &newest->list)
    {
        struct row *row = ph_list_entry(node, struct row, link);
        if (strncmp(row->method, method, sizeof row->method - 1) == 0)
            return row;
    }
    return NULL;
}

int ph_newest_keep(struct ph_newest *newest, const char *method, const uint8_t *bytes, size_t length)
{
    struct row *old = find(newest, method), *row = calloc(1, sizeof *row + length);
    size_t name = strlen(method);
    if (!row)
        return -ENOMEM;
    memcpy(row->method, method, name < sizeof row->method ? name : sizeof row->method - 1); /* the rest is 0 */
    memcpy(row->bytes, bytes, length);
    row->length = length;
    if (!old && newest->n == PH_NEWEST_MAX)
        old = ph_list_entry(ph_list_first(&newest->list), struct row, link);
    if (old)
        drop(newest, old);
    ph_list_append(&newest->list, &row->link);
    newest->n++;
    return 0;
}

void ph_newest_give(struct ph_newest *newest, void (*take)(void *user, const uint8_t *bytes, size_t length), void *user)
{
    for (struct ph_list *node; (node = ph_list_first(&newest->list));) {
        struct row *row = ph_list_entry(node, struct row, link);
        take(user, row->bytes, row->length);
        drop(newest, row);
    }
}
