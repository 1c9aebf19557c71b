/* SPDX-License-Identifier: MIT */
#include "cli/print.h"

#include <stdio.h>
#include <string.h>

#include <rtmpwire/buffer.h>

#include "app/json.h"
#include "cli/link.h"

enum { PRINT_MAX = 64 << 20 };

bool cli_print(const struct rtmp_value *value)
{
    struct rtmp_buffer text;
    rtmp_buffer_init(&text, &cli_allocator, PRINT_MAX);
    bool is_whole = ph_json_write(value, &text) == 0 && fwrite(text.data, 1, text.length, stdout) == text.length &&
                    putchar('\n') != EOF && fflush(stdout) == 0;
    rtmp_buffer_finish(&text);
    return is_whole;
}

struct rtmp_value *cli_value(const char *text, struct rtmp_arena *arena, char *fault)
{
    struct rtmp_value *value;
    return ph_json_read(text, strlen(text), arena, &value, fault) == 0 ? value : NULL;
}
