/* SPDX-License-Identifier: MIT */
#include "apps/jsonrpc/text.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST = 512 };

bool ph_rpc_digits(const char **text, uint32_t *number)
{
    const char *at = *text;
    uint64_t value = 0;
    while (*at >= '0' && *at <= '9' && value <= UINT32_MAX)
        value = 10 * value + (uint64_t)(*at++ - '0');
    if (at == *text || value > UINT32_MAX)
        return false;
    *number = (uint32_t)value;
    *text = at;
    return true;
}

void ph_rpc_add_bytes(struct ph_rpc_text *text, const char *more, size_t length)
{
    size_t needed = text->length + length + 1, cap = text->cap ? text->cap : FIRST;
    while (cap < needed)
        cap *= 2;
    char *bytes = text->failed ? NULL : cap == text->cap ? text->bytes : realloc(text->bytes, cap);
    if (!bytes) {
        text->failed = true;
        return;
    }
    text->bytes = bytes;
    text->cap = cap;
    memcpy(bytes + text->length, more, length);
    text->length += length;
    bytes[text->length] = '\0';
}

void ph_rpc_add(struct ph_rpc_text *text, const char *more)
{
    if (more)
        ph_rpc_add_bytes(text, more, strlen(more));
    else
        text->failed = true;
}

void ph_rpc_text_free(struct ph_rpc_text *text)
{
    free(text->bytes);
    *text = (struct ph_rpc_text){0};
}
