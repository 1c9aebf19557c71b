/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include <rtmpwire/amf0.h>
#include <rtmpwire/arena.h>
#include <rtmpwire/message.h>
#include <rtmpwire/shared_object.h>

#include "app/json.h"
#include "base/text.h"
#include "cli/link.h"
#include "cli/print.h"
#include "cli/tool.h"

enum { MESSAGE_MAX = 1 << 20, SETS_MAX = 64 };

struct so {
    const char *name;
    const char *sets[SETS_MAX]; /* "SLOT=JSON" */
    int n_sets;
    bool is_persistent;
    uint64_t most, n; /* lines to print, 0: without end; printed */
    uint32_t version;
    struct rtmp_arena arena; /* of one message */
};

/* What we ask for */

static void ask(struct cli_link *link, const struct rtmp_buffer *body, int rc)
{
    cli_check(link, rc, "the request");
    if (!rc)
        cli_check(link, rtmp_client_shared_object(link->client, RTMP_TYPE_SHARED_OBJECT_AMF0, body->data, body->length),
                  "the request");
}

static int begin(const struct so *so, struct rtmp_buffer *body)
{
    const struct rtmp_shared_head head = {
        .name = so->name, .name_length = strlen(so->name), .version = so->version, .persistent = so->is_persistent};
    rtmp_buffer_init(body, &cli_allocator, MESSAGE_MAX);
    return rtmp_shared_begin(body, RTMP_TYPE_SHARED_OBJECT_AMF0, &head);
}

static void use(struct cli_link *link)
{
    const struct so *so = link->user;
    struct rtmp_buffer body;
    int rc = begin(so, &body);
    rc = rc ? rc : rtmp_shared_append(&body, RTMP_SHARED_USE, NULL, 0, NULL, 0);
    ask(link, &body, rc);
    rtmp_buffer_finish(&body);
}

/* The arguments were looked at before. */
static int append_set(struct so *so, const char *set, struct rtmp_buffer *body)
{
    char fault[PH_JSON_FAULT];
    struct rtmp_buffer bytes;
    const char *equals = strchr(set, '=');
    const struct rtmp_value *value = cli_value(equals + 1, &so->arena, fault);
    rtmp_buffer_init(&bytes, &cli_allocator, MESSAGE_MAX);
    int rc = value ? rtmp_amf0_write(&bytes, value) : RTMP_E_MEMORY;
    rc = rc ? rc
            : rtmp_shared_append(body, RTMP_SHARED_REQUEST_CHANGE, set, (size_t)(equals - set), bytes.data,
                                 bytes.length);
    rtmp_buffer_finish(&bytes);
    return rc;
}

static void change(struct cli_link *link)
{
    struct so *so = link->user;
    struct rtmp_buffer body;
    if (!so->n_sets)
        return;
    int rc = begin(so, &body);
    for (int i = 0; i < so->n_sets && !rc; i++)
        rc = append_set(so, so->sets[i], &body);
    ask(link, &body, rc);
    rtmp_buffer_finish(&body);
    so->n_sets = 0;
}

/* What we are told */

static struct rtmp_value *text(struct so *so, const char *words, size_t length)
{
    return rtmp_value_new_string(&so->arena, words, length);
}

/* {"set":"x","value":1}: two members at most, the second may be NULL */
static void print(struct cli_link *link, const char *kind, struct rtmp_value *what, const char *more,
                  struct rtmp_value *rest)
{
    struct so *so = link->user;
    struct rtmp_value *line = rtmp_value_new_object(&so->arena);
    struct rtmp_value *version = rtmp_value_new_number(&so->arena, so->version);
    bool is_whole = rtmp_value_set(&so->arena, line, kind, what) == 0 &&
                    (!more || rtmp_value_set(&so->arena, line, more, rest) == 0) &&
                    rtmp_value_set(&so->arena, line, "version", version) == 0;
    if (!is_whole || !cli_print(line))
        cli_fail(link, "a change cannot be printed");
    if (++so->n == so->most)
        link->is_over = true;
}

static int print_changes(struct cli_link *link, struct rtmp_shared_event *event)
{
    struct so *so = link->user;
    int rc = 0;
    while (event->length && !rc && !link->is_over) {
        const char *name;
        size_t length;
        struct rtmp_value *value;
        struct rtmp_amf_reader reader;
        rc = rtmp_shared_take_name(event, &name, &length);
        if (rc)
            break;
        rtmp_amf_reader_init(&reader, event->data, event->length, &so->arena, NULL);
        rc = rtmp_amf0_read(&reader, &value);
        event->data += reader.at;
        event->length -= reader.at;
        if (!rc)
            print(link, "set", text(so, name, length), "value", value);
    }
    return rc;
}

static int print_message(struct cli_link *link, const struct rtmp_shared_event *event)
{
    struct so *so = link->user;
    struct rtmp_value *handler, *value, *arguments = rtmp_value_new_array(&so->arena);
    struct rtmp_amf_reader reader;
    rtmp_amf_reader_init(&reader, event->data, event->length, &so->arena, NULL);
    int rc = rtmp_amf0_read(&reader, &handler);
    if (rc)
        return rc;
    while ((rc = rtmp_amf0_read(&reader, &value)) == 0)
        if (rtmp_value_push(&so->arena, arguments, value))
            return RTMP_E_MEMORY;
    print(link, "send", handler, "args", arguments);
    return rc == RTMP_E_MORE ? 0 : rc;
}

static int print_name(struct cli_link *link, const char *kind, struct rtmp_shared_event *event)
{
    const char *name;
    size_t length;
    int rc = rtmp_shared_take_name(event, &name, &length);
    if (!rc)
        print(link, kind, text(link->user, name, length), NULL, NULL);
    return rc;
}

static int take(struct cli_link *link, struct rtmp_shared_event *event)
{
    struct so *so = link->user;
    const char *code;
    size_t length;
    int rc = 0;
    switch (event->type) {
    case RTMP_SHARED_USE_SUCCESS:
        link->is_patient = true;
        print(link, "use", text(so, so->name, strlen(so->name)), NULL, NULL);
        break;
    case RTMP_SHARED_CLEAR:
        print(link, "clear", rtmp_value_new_boolean(true), NULL, NULL);
        break;
    case RTMP_SHARED_CHANGE:
        return print_changes(link, event);
    case RTMP_SHARED_REMOVE:
        return print_name(link, "remove", event);
    case RTMP_SHARED_SUCCESS:
        return print_name(link, "done", event);
    case RTMP_SHARED_SEND:
        return print_message(link, event);
    case RTMP_SHARED_STATUS:
        rc = rtmp_shared_take_name(event, &code, &length);
        if (!rc)
            cli_fail(link, "refused: %.*s", (int)length, code);
        break;
    default: /* what a later server may say */
        break;
    }
    return rc;
}

static void on_message(struct cli_link *link, const struct rtmp_event_shared_object *message)
{
    struct so *so = link->user;
    struct rtmp_shared_head head;
    struct rtmp_shared_reader reader;
    struct rtmp_shared_event event;
    int rc = rtmp_shared_parse(message->message_type, message->body, message->length, &head, &reader);
    if (!rc)
        so->version = head.version;
    while (!rc && !link->is_over && (rc = rtmp_shared_next(&reader, &event)) == 0)
        rc = take(link, &event);
    if (rc && rc != RTMP_E_MORE)
        cli_check(link, rc, "what the server says about the object");
    rtmp_arena_reset(&so->arena);
    if (link->is_patient && !link->is_over)
        change(link); /* once */
    rtmp_arena_reset(&so->arena);
}

static void on_event(struct cli_link *link, const struct rtmp_event *event)
{
    if (event->type == RTMP_EVENT_CONNECTED)
        use(link);
    else if (event->type == RTMP_EVENT_SHARED_OBJECT)
        on_message(link, &event->shared_object);
}

/* Arguments */

/* What is wrong with them; NULL: nothing. */
static const char *read_options(struct so *so, int argc, char **argv)
{
    static char fault[PH_JSON_FAULT];
    for (int i = 0; i < argc; i++) {
        const char *option = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(option, "--persistent") == 0) {
            so->is_persistent = true;
            continue;
        }
        i++;
        if (strcmp(option, "--count") == 0) {
            if (!value || ph_text_u64(value, &so->most) || !so->most)
                return "--count wants a number of lines, 1 or more";
        } else if (strcmp(option, "--set") == 0) {
            const char *equals = value ? strchr(value, '=') : NULL;
            if (!equals || equals == value || so->n_sets == SETS_MAX)
                return "--set wants SLOT=JSON";
            if (!cli_value(equals + 1, &so->arena, fault))
                return fault;
            so->sets[so->n_sets++] = value;
        } else {
            return "its options are --count N, --set SLOT=JSON and --persistent";
        }
    }
    return NULL;
}

int cli_so(int argc, char **argv)
{
    struct so so = {0};
    struct cli_link link = {.url = argc > 0 ? argv[0] : "", .event = on_event, .user = &so};
    rtmp_arena_init(&so.arena, &cli_allocator, 4 * MESSAGE_MAX);
    const char *why = argc < 2
                          ? "usage: playhouse so rtmp://HOST[:PORT]/APP[/ROOM] NAME [--count N] [--set SLOT=JSON]..."
                          : read_options(&so, argc - 2, argv + 2);
    if (why)
        fprintf(stderr, "playhouse so: %s\n", why);
    else
        so.name = argv[1];
    int status = why ? 2 : cli_link_run(&link, "so");
    rtmp_arena_finish(&so.arena);
    return status;
}
