/* SPDX-License-Identifier: MIT */
#include "gate/http/route.h"

#include <string.h>

const struct ph_route *ph_route_find(const struct ph_routes *routes, struct rtmp_text path, struct rtmp_text *rest)
{
    for (size_t i = 0; i < routes->n_rows; i++) {
        const struct ph_route *route = &routes->rows[i];
        size_t length = strlen(route->path);
        if (path.length < length || memcmp(path.data, route->path, length) != 0)
            continue;
        bool is_whole = path.length == length;
        if (!is_whole && !(route->is_tree && path.data[length] == '/'))
            continue;
        *rest = (struct rtmp_text){path.data + length + !is_whole, path.length - length - !is_whole};
        return route;
    }
    return NULL;
}
