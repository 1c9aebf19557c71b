/* SPDX-License-Identifier: MIT */
#include <rtmpwire/text.h>

#include <string.h>

bool rtmp_text_is(struct rtmp_text text, const char *other)
{
    return strlen(other) == text.length && memcmp(text.data, other, text.length) == 0;
}
