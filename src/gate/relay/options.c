/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <rtmpwire/url.h>

#include "gate/relay/relay.h"

#define FIELD(name) offsetof(struct ph_relay_settings, name)
#define ENABLED                                                                                                \
    {                                                                                                          \
        .name = "enabled", .type = PH_OPTION_BOOL, .initial = "true", .help = "false: paused from the start.", \
        .offset = FIELD(enabled)                                                                               \
    }

/* What rule.c says of them with more words; here it is told with the line of the file. */

static bool is_address(const char *text, size_t length)
{
    const char *why;
    struct rtmp_url *url = malloc(sizeof *url);
    char *copy = strndup(text, length);
    bool is_one = url && copy && rtmp_url_parse(copy, RTMP_URL_OF_STREAM, url, &why) == 0;
    free(url);
    free(copy);
    return is_one;
}

static const char no_address[] = "no address of a stream; write rtmp://HOST/APP/STREAM, or rtmps://...";

static const char *address_fault(const char *text)
{
    return !text[0] || is_address(text, strlen(text)) ? NULL : no_address;
}

static const char *addresses_fault(const char *text)
{
    if (!text[0])
        return NULL;
    for (size_t length;; text += length + 1) {
        text += strspn(text, " ");
        length = strcspn(text, ",");
        size_t end = length;
        while (end && text[end - 1] == ' ')
            end--;
        if (!is_address(text, end))
            return no_address;
        if (!text[length])
            return NULL;
    }
}

static const char *stream_fault(const char *text)
{
    return !text[0] || strcmp(text, "*") == 0 || strchr(text, '/') ? NULL : "no stream; write live/cam, or live/*";
}

static const struct ph_option push_rows[] = {
    {.name = "stream",
     .type = PH_OPTION_STRING,
     .initial = "",
     .max = PH_PATH_MAX,
     .help = "What is pushed: live/cam, or live/* for every stream of an application.",
     .offset = FIELD(stream),
     .fault = stream_fault},
    {.name = "to",
     .type = PH_OPTION_STRING,
     .initial = "",
     .max = 2000,
     .help = "Where to: rtmp[s]://[USER:PASSWORD@]HOST[:PORT]/APP/STREAM[?QUERY]; {stream} stands for the name here.",
     .offset = FIELD(url),
     .fault = address_fault},
    ENABLED,
};

static const struct ph_option pull_rows[] = {
    {.name = "stream",
     .type = PH_OPTION_STRING,
     .initial = "",
     .max = PH_PATH_MAX,
     .help = "What is pulled: live/cam, or live/* for every stream of an application that nobody publishes here.",
     .offset = FIELD(stream),
     .fault = stream_fault},
    {.name = "from",
     .type = PH_OPTION_STRING,
     .initial = "",
     .max = 8000,
     .help = "Where from: rtmp[s]://HOST[:PORT]/APP/STREAM; {stream} stands for the name here. Several, with commas, "
             "are tried in turn.",
     .offset = FIELD(url),
     .fault = addresses_fault},
    {.name = "always",
     .type = PH_OPTION_BOOL,
     .initial = "false",
     .help = "true: whether somebody watches or not; false: from the first viewer on.",
     .offset = FIELD(always)},
    {.name = "idle",
     .type = PH_OPTION_DURATION,
     .initial = "10 s",
     .max = 86400000,
     .help = "A pull ends so long after its last viewer.",
     .offset = FIELD(idle_ms)},
    ENABLED,
};

const struct ph_option_table ph_push_options = {
    .section = "push",
    .help = "Streams that are sent on to another server, as long as they live here.",
    .rows = push_rows,
    .n_rows = PH_COUNT(push_rows),
};

const struct ph_option_table ph_pull_options = {
    .section = "pull",
    .help = "Streams that are fetched from another server.",
    .rows = pull_rows,
    .n_rows = PH_COUNT(pull_rows),
};
