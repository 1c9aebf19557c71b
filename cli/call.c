/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include <rtmpwire/arena.h>

#include "app/json.h"
#include "cli/link.h"
#include "cli/print.h"
#include "cli/tool.h"

enum { ARGUMENTS_MAX = 16 << 20 };

struct call {
    const char *method;
    struct rtmp_value *arguments;
};

static void on_result(struct cli_link *link, const struct rtmp_event_result *result)
{
    const struct rtmp_value *value = rtmp_value_at(result->arguments, 0);
    struct rtmp_text code = rtmp_value_text(rtmp_value_get(value, "code"));
    struct rtmp_text description = rtmp_value_text(rtmp_value_get(value, "description"));
    if (result->transaction_id != RTMP_CALL_ID_MIN)
        return;
    link->is_over = true;
    if (result->error)
        cli_fail(link, "%s %s", code.data ? code.data : "it failed.", description.data ? description.data : "");
    else if (!cli_print(value))
        cli_fail(link, "the result cannot be printed");
}

static void on_event(struct cli_link *link, const struct rtmp_event *event)
{
    const struct call *call = link->user;
    if (event->type == RTMP_EVENT_CONNECTED)
        cli_check(link, rtmp_client_call(link->client, call->method, RTMP_CALL_ID_MIN, call->arguments), "call");
    else if (event->type == RTMP_EVENT_RESULT)
        on_result(link, &event->result);
}

int cli_call(int argc, char **argv)
{
    struct rtmp_arena arena;
    char fault[PH_JSON_FAULT];
    if (argc < 2) {
        fputs("usage: playhouse call rtmp://HOST[:PORT]/APP[/ROOM] METHOD [JSON...]\n", stderr);
        return 2;
    }
    rtmp_arena_init(&arena, &cli_allocator, ARGUMENTS_MAX);
    struct call call = {.method = argv[1], .arguments = rtmp_value_new_array(&arena)};
    int status = 0;
    for (int i = 2; i < argc && !status; i++) {
        struct rtmp_value *value = cli_value(argv[i], &arena, fault);
        if (!value || rtmp_value_push(&arena, call.arguments, value)) {
            fprintf(stderr, "playhouse call: argument %d is no JSON: %s; texts need quotes: '\"text\"'\n", i - 1,
                    value ? "it is too large" : fault);
            status = 2;
        }
    }
    struct cli_link link = {.url = argv[0], .event = on_event, .user = &call};
    if (!status)
        status = cli_link_run(&link, "call");
    rtmp_arena_finish(&arena);
    return status;
}
