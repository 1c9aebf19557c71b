/* SPDX-License-Identifier: MIT */
/* URLs: any text; what is accepted has a host, a port and an application, and fits where it says it does. */
#include <rtmpwire/url.h>

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

static void check(const char *text, enum rtmp_url_path path)
{
    struct rtmp_url url;
    const char *why;
    memset(&url, 0x5A, sizeof url);
    if (rtmp_url_parse(text, path, &url, &why)) {
        if (!why || url.host[0] != 0x5A)
            abort();
        return;
    }
    if (!url.host[0] || !url.port || !url.app[0] || (path == RTMP_URL_OF_STREAM) != (url.stream[0] != '\0'))
        abort();
    if (strlen(url.user) >= sizeof url.user || strlen(url.password) >= sizeof url.password ||
        strlen(url.tc_url) >= sizeof url.tc_url || strncmp(url.tc_url, "rtmp", 4) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (!text)
        return 0;
    if (size)
        memcpy(text, data, size);
    text[size] = '\0';
    check(text, RTMP_URL_OF_APP);
    check(text, RTMP_URL_OF_STREAM);
    free(text);
    return 0;
}
