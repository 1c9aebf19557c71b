/* SPDX-License-Identifier: MIT */
#include "cluster/lodger.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "app/instance.h"
#include "app/letter.h"
#include "app/theatre.h"
#include "base/limits.h"
#include "cluster/booking.h"
#include "cluster/home.h"
#include "cluster/link.h"

/* What the application says */

struct saying {
    struct rtmp_arena arena;
    struct message message;
};

static struct message *begin(struct saying *saying, enum message_kind kind)
{
    rtmp_arena_init(&saying->arena, &ph_app_allocator, PH_LIMIT_AMF_BYTES);
    message_begin(&saying->message, &saying->arena, kind);
    return &saying->message;
}

static void say(struct saying *saying, const struct lodger *lodger)
{
    link_say(lodger->link, lodger->id, &saying->message);
    rtmp_arena_finish(&saying->arena);
}

static void say_refusal(const struct lodger *lodger, enum message_kind kind, const struct ph_refusal *refusal)
{
    struct saying saying;
    message_refusal(begin(&saying, kind), refusal);
    say(&saying, lodger);
}

static void say_welcome(const struct lodger *lodger, enum message_kind kind, const struct ph_welcome *welcome)
{
    struct saying saying;
    message_welcome(begin(&saying, kind), welcome);
    say(&saying, lodger);
}

static void on_welcome(void *user, const struct ph_welcome *welcome) { say_welcome(user, MESSAGE_WELCOME, welcome); }
static void on_moved(void *user, const struct ph_welcome *welcome) { say_welcome(user, MESSAGE_MOVED, welcome); }
static void on_refused(void *user, const struct ph_refusal *why) { say_refusal(user, MESSAGE_REFUSED, why); }
static void on_kicked(void *user, const struct ph_refusal *why) { say_refusal(user, MESSAGE_KICK, why); }

static void on_result(void *user, double id, const struct rtmp_value *value, const struct ph_refusal *refusal)
{
    struct saying saying;
    struct message *message = begin(&saying, MESSAGE_RESULT);
    message_number(message, id);
    message_value(message, value);
    message_refusal(message, refusal);
    say(&saying, user);
}

static void on_decided(void *user, uint32_t ticket, const char *name, const struct ph_refusal *refusal)
{
    struct saying saying;
    struct message *message = begin(&saying, MESSAGE_DECIDED);
    message_number(message, ticket);
    message_text(message, name);
    message_refusal(message, refusal);
    say(&saying, user);
}

static void on_invoke(void *user, const char *name, uint32_t id, const struct rtmp_value *arguments)
{
    struct saying saying;
    struct message *message = begin(&saying, MESSAGE_INVOKE);
    message_number(message, id);
    message_text(message, name);
    message_value(message, arguments);
    say(&saying, user);
}

static void on_stop_stream(void *user, const char *name, const char *description)
{
    struct saying saying;
    struct message *message = begin(&saying, MESSAGE_STOP);
    message_text(message, name);
    message_text(message, description);
    say(&saying, user);
}

/* To many: packed once, and sent once for all of a server. */

static int pack(struct saying *saying, struct rtmp_buffer *buffer)
{
    int rc = message_pack(&saying->message, buffer);
    rtmp_arena_finish(&saying->arena);
    return rc;
}

static int pack_parcel(const struct ph_parcel *parcel, enum ph_parcel_form form, struct rtmp_buffer *buffer)
{
    struct saying saying;
    struct message *message = begin(&saying, MESSAGE_DELIVER);
    (void)form;
    message_text(message, parcel->name);
    message_value(message, parcel->arguments);
    message_u64(message, parcel->sequence);
    message_number(message, parcel->kind);
    return pack(&saying, buffer);
}

static int pack_report(const struct ph_shared_report *report, enum ph_parcel_form form, struct rtmp_buffer *buffer)
{
    struct saying saying;
    (void)form;
    message_report(begin(&saying, MESSAGE_NEWS), report);
    return pack(&saying, buffer);
}

static void say_bytes(const struct lodger *lodger, int rc, const uint8_t *bytes, size_t length)
{
    if (rc)
        link_break(lodger->link, "out of memory");
    else
        link_say_bytes(lodger->link, lodger->id, bytes, length);
}

static void on_deliver(void *user, struct ph_parcel *parcel)
{
    const uint8_t *bytes = NULL;
    size_t length = 0;
    int rc = ph_parcel_bytes(parcel, PH_PARCEL_NODE, pack_parcel, &bytes, &length);
    say_bytes(user, rc, bytes, length);
}

static void on_shared(void *user, const struct ph_shared_report *report)
{
    const uint8_t *bytes = NULL;
    size_t length = 0;
    int rc = ph_report_bytes(report, PH_PARCEL_NODE, pack_report, &bytes, &length);
    say_bytes(user, rc, bytes, length);
}

static const struct ph_seat_events events = {
    .welcome = on_welcome,
    .refused = on_refused,
    .result = on_result,
    .invoke = on_invoke,
    .deliver = on_deliver,
    .shared = on_shared,
    .decided = on_decided,
    .moved = on_moved,
    .stop_stream = on_stop_stream,
    .kicked = on_kicked,
};

/* What the client says */

static void end(struct lodger *lodger, enum ph_reason reason)
{
    ph_seat_close(lodger->seat, reason);
    (void)ph_map_remove(&lodger->link->by_id, &lodger->id, sizeof lodger->id);
    ph_list_remove(&lodger->in_link);
    free(lodger);
}

void lodger_break(struct lodger *lodger) { end(lodger, PH_REASON_LOST); }

/* Texts that live as long as the program: a member keeps the pointer. */
static const char *protocol_of(const char *said)
{
    static const char *const known[] = {"rtmp", "rtmp+ws", "json", "remoting", "hls", "http-flv", "ws-flv"};
    for (size_t i = 0; i < PH_COUNT(known) && said; i++)
        if (strcmp(said, known[i]) == 0)
            return known[i];
    return "cluster";
}

static struct rtmp_text text_of(const char *text) { return (struct rtmp_text){.data = text, .length = strlen(text)}; }

static void refuse(struct link *link, uint32_t id, int error, const char *why)
{
    struct saying saying;
    const struct ph_refusal refusal = {.error = error, .code = "NetConnection.Connect.Rejected", .description = why};
    message_refusal(begin(&saying, MESSAGE_REFUSED), &refusal);
    link_say(link, id, &saying.message);
    rtmp_arena_finish(&saying.arena);
}

static void read_request(struct message_reader *reader, struct ph_seat_request *request)
{
    request->path = message_read_name(reader);
    request->query = message_read_name(reader);
    request->protocol = protocol_of(message_read_text(reader));
    request->address = message_read_name(reader);
    request->properties = message_read_value(reader);
    request->arguments = message_read_value(reader);
    request->token = message_read_text(reader);
    request->sequence = message_read_u64(reader);
    request->password = message_read_text(reader);
    request->ticket = message_read_text(reader);
    request->options = message_read_value(reader);
}

static int open_seat(struct lodger *lodger, struct ph_seat_request *request)
{
    struct link *link = lodger->link;
    request->user = lodger;
    if (ph_map_add(&link->by_id, &lodger->id, sizeof lodger->id, lodger))
        return -ENOMEM;
    if (ph_seat_open(link->cluster->theatre, link->cluster->home, request, &lodger->seat)) {
        (void)ph_map_remove(&link->by_id, &lodger->id, sizeof lodger->id);
        return -ENOMEM;
    }
    ph_list_append(&link->lodgers, &lodger->in_link);
    return 0;
}

static void join(struct link *link, uint32_t id, struct message_reader *reader)
{
    struct ph_seat_request request = {.form = PH_PARCEL_NODE, .is_lodger = true, .events = &events};
    const char *name = message_read_name(reader);
    struct ph_theatre *theatre = link->cluster->theatre;
    request.app = ph_apps_find(theatre->options.apps, name, strlen(name));
    struct ph_instance *instance = request.app ? ph_theatre_find(theatre, request.app) : NULL;
    if (!instance || !booking_is_ours(link->cluster, instance)) {
        refuse(link, id, PH_E_GONE, "This application is on another server now; connect again.");
        return;
    }
    read_request(reader, &request);
    struct lodger *lodger = calloc(1, sizeof *lodger);
    if (lodger) {
        lodger->link = link;
        lodger->id = id;
        ph_list_init(&lodger->in_link);
    }
    if (!lodger || open_seat(lodger, &request)) {
        free(lodger);
        refuse(link, id, PH_E_MEMORY, "The server is out of memory.");
    }
}

static void fail_call(struct lodger *lodger, double ref, int err)
{
    static const struct ph_refusal busy = {.description = "Too much is asked at once."},
                                   memory = {.description = "The server is out of memory."};
    if (ref != 0)
        on_result(lodger, ref, NULL, err == -ENOMEM ? &memory : &busy);
}

static void hear_call(struct lodger *lodger, struct message_reader *reader)
{
    double ref = message_read_number(reader, UINT32_MAX);
    const char *name = message_read_name(reader);
    int err = ph_seat_call(lodger->seat, ref, text_of(name), message_read_value(reader));
    if (err)
        fail_call(lodger, ref, err);
}

static void hear_ask(struct lodger *lodger, struct message_reader *reader)
{
    static const struct ph_refusal busy = {.description = "Too much is asked at once."};
    uint32_t ref = message_read_number(reader, UINT32_MAX);
    enum ph_seat_verb verb = (enum ph_seat_verb)message_read_number(reader, PH_SEAT_PLAY);
    const char *name = message_read_name(reader);
    if (ph_seat_ask(lodger->seat, verb, ref, name, message_read_value(reader)))
        on_decided(lodger, ref, NULL, &busy);
}

static void hear_change(struct lodger *lodger, struct message_reader *reader)
{
    struct rtmp_arena arena;
    size_t n;
    rtmp_arena_init(&arena, &ph_app_allocator, PH_LIMIT_AMF_BYTES);
    double ref = message_read_number(reader, UINT32_MAX);
    const char *object = message_read_name(reader);
    bool persistent = message_read_number(reader, UINT8_MAX) == 1;
    uint32_t version = message_read_number(reader, UINT32_MAX);
    const struct ph_shared_change *changes = message_read_changes(reader, &arena, &n);
    int err = changes ? ph_seat_shared(lodger->seat, ref, object, persistent, version, changes, n) : -ENOMEM;
    if (err)
        fail_call(lodger, ref, err);
    rtmp_arena_finish(&arena);
}

static void hear_rest(struct lodger *lodger, enum message_kind kind, struct message_reader *reader)
{
    struct ph_refusal refusal;
    uint32_t number = kind == MESSAGE_REPLY ? message_read_number(reader, UINT32_MAX) : 0;
    if (kind == MESSAGE_REPLY) {
        const struct rtmp_value *value = message_read_value(reader);
        bool is_refused = message_read_refusal(reader, &refusal);
        (void)!ph_seat_reply(lodger->seat, number, value, is_refused ? &refusal : NULL);
    } else if (kind == MESSAGE_OVER) {
        enum ph_seat_verb verb = (enum ph_seat_verb)message_read_number(reader, PH_SEAT_PLAY);
        ph_seat_over(lodger->seat, verb, message_read_name(reader));
    } else if (kind == MESSAGE_DATA) {
        const char *name = message_read_name(reader), *handler = message_read_name(reader);
        ph_seat_data(lodger->seat, name, text_of(handler), message_read_value(reader));
    } else if (kind == MESSAGE_RELEASE) {
        ph_seat_shared_release(lodger->seat, message_read_name(reader));
    } else {
        end(lodger, (enum ph_reason)message_read_number(reader, PH_REASON_STOP));
    }
}

static void hear_one(struct link *link, enum message_kind kind, struct message_reader *reader, uint32_t id)
{
    struct lodger *lodger = ph_map_get(&link->by_id, &id, sizeof id);
    if (kind == MESSAGE_JOIN && !lodger)
        join(link, id, reader);
    else if (!lodger || kind == MESSAGE_JOIN)
        return; /* it was refused, and its server did not know yet */
    else if (kind == MESSAGE_CALL)
        hear_call(lodger, reader);
    else if (kind == MESSAGE_ASK)
        hear_ask(lodger, reader);
    else if (kind == MESSAGE_CHANGE)
        hear_change(lodger, reader);
    else
        hear_rest(lodger, kind, reader);
}

void lodger_hear(struct link *link, enum message_kind kind, const struct message_reader *reader, const uint32_t *ids,
                 size_t n)
{
    for (size_t i = 0; i < n; i++) { /* what is the same for several comes once */
        struct message_reader each = *reader;
        hear_one(link, kind, &each, ids[i]);
    }
}
