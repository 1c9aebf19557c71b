/* SPDX-License-Identifier: MIT */
#include "app/filter.h"

#include "app/room.h"

static bool is_number(enum rtmp_value_type type) { return type == RTMP_NUMBER || type == RTMP_INTEGER; }

bool ph_filter_is_valid(const struct rtmp_value *filter)
{
    if (rtmp_value_type(filter) != RTMP_OBJECT)
        return false;
    for (const struct rtmp_member *member = rtmp_value_members(filter); member; member = member->next) {
        enum rtmp_value_type type = rtmp_value_type(member->value);
        if (type != RTMP_STRING && type != RTMP_BOOLEAN && !is_number(type))
            return false;
    }
    return true;
}

/* The same number is the same, whatever a client wrote it as. */
static bool is_same(const struct rtmp_value *a, const struct rtmp_value *b)
{
    if (is_number(rtmp_value_type(a)) && is_number(rtmp_value_type(b)))
        return rtmp_value_number(a, 0) <= rtmp_value_number(b, 0) && rtmp_value_number(a, 0) >= rtmp_value_number(b, 0);
    return rtmp_value_equal(a, b);
}

bool ph_filter_fits(const struct rtmp_value *filter, const struct ph_room *room)
{
    const struct rtmp_value *metadata = ph_value_in(room->options.metadata);
    if (!room->name[0] || room->is_closed || room->options.unlisted)
        return false;
    for (const struct rtmp_member *member = rtmp_value_members(filter); member; member = member->next) {
        const struct rtmp_value *found = rtmp_value_get(metadata, member->name.data);
        if (!found || !is_same(member->value, found))
            return false;
    }
    return true;
}
