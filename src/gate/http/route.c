/* SPDX-License-Identifier: MIT */
#include "gate/http/route.h"

#include <string.h>

static bool leads_to(const struct ph_route *route, struct rtmp_text path, struct rtmp_text *rest)
{
    size_t length = strlen(route->path), ending = route->ending ? strlen(route->ending) : 0;
    bool is_root = length == 1;
    if (path.length < length + ending || memcmp(path.data, route->path, length) != 0 ||
        (ending && memcmp(path.data + path.length - ending, route->ending, ending) != 0))
        return false;
    bool is_whole = path.length == length;
    if (!is_whole && !(route->is_tree && (is_root || path.data[length] == '/')))
        return false;
    size_t cut = length + (!is_whole && !is_root);
    *rest = (struct rtmp_text){path.data + cut, path.length - cut};
    return true;
}

const struct ph_route *ph_route_find(const struct ph_routes *routes, struct rtmp_text path, struct rtmp_text *rest)
{
    for (size_t i = 0; i < routes->n_rows; i++)
        if (leads_to(&routes->rows[i], path, rest))
            return &routes->rows[i];
    return NULL;
}
