/* SPDX-License-Identifier: MIT */
#include "cluster/link.h"

#include <stdlib.h>
#include <string.h>

#include "app/letter.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/text.h"
#include "cluster/booking.h"
#include "cluster/far.h"
#include "cluster/home.h"
#include "cluster/lodger.h"

enum { SEATS_MAX = 1 << 20, HEAD = 2 * PH_NODE_ID + 96, WORD = 4 };

/* Saying */

static uint32_t get(const uint8_t *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static void set(uint8_t *bytes, uint32_t number)
{
    for (int i = 0; i < WORD; i++)
        bytes[i] = (uint8_t)(number >> 8 * i);
}

static int put(struct rtmp_buffer *buffer, uint32_t number)
{
    uint8_t bytes[WORD];
    set(bytes, number);
    return rtmp_buffer_append(buffer, bytes, sizeof bytes);
}

/* What there is, or an empty packet: then the other side hears of our beginning. */
static bool post(struct link *link)
{
    char head[HEAD];
    struct ph_text text;
    ph_text_init(&text, head, sizeof head);
    ph_text_add(&text, "%s %s %llu %llu %llu\n", link->cluster->id, link->id, (unsigned long long)link->mine,
                (unsigned long long)link->yours, (unsigned long long)++link->n_said);
    bool is_sent = home_post(link->cluster, link->id, head, text.length, link->out.data, link->out.length);
    rtmp_buffer_clear(&link->out);
    link->last = SIZE_MAX;
    return is_sent;
}

static void flush(struct ph_deferred *deferred)
{
    struct link *link = ph_container_of(deferred, struct link, flush);
    if (link->out.length && !post(link))
        link_break(link, "out of memory");
}

/* The last message is the same, and not for this seat yet. */
static bool add_seat(struct link *link, uint32_t seat, const uint8_t *bytes, size_t length)
{
    if (link->last == SIZE_MAX || rtmp_buffer_reserve(&link->out, WORD))
        return false;
    uint8_t *last = link->out.data + link->last;
    if (get(last) != length || memcmp(last + WORD, bytes, length) != 0)
        return false;
    uint8_t *seats = last + WORD + length;
    uint32_t n = get(seats);
    for (uint32_t i = n; i-- > 0;) /* they come in the same order each time */
        if (get(seats + WORD + i * WORD) == seat)
            return false;
    set(seats, n + 1);
    return put(&link->out, seat) == 0;
}

void link_say_bytes(struct link *link, uint32_t seat, const uint8_t *bytes, size_t length)
{
    ph_loop_defer(link->cluster->home, &link->flush);
    if (add_seat(link, seat, bytes, length))
        return;
    link->last = link->out.length;
    bool failed = put(&link->out, (uint32_t)length) || rtmp_buffer_append(&link->out, bytes, length) ||
                  put(&link->out, 1) || put(&link->out, seat);
    if (failed)
        link_break(link, "more was to be said than it takes");
}

void link_say(struct link *link, uint32_t seat, const struct message *message)
{
    struct rtmp_buffer buffer;
    rtmp_buffer_init(&buffer, &ph_app_allocator, PH_LIMIT_LINK_BYTES);
    if (message_pack(message, &buffer))
        link_break(link, "a message is too large");
    else
        link_say_bytes(link, seat, buffer.data, buffer.length);
    rtmp_buffer_finish(&buffer);
}

/* The end of what goes over it */

static void forget(struct link *link)
{
    rtmp_buffer_clear(&link->out);
    link->last = SIZE_MAX;
    link->n_said = 0;
}

/* Some may come back to this link at once. */
static void end_seats(struct link *link, const char *why)
{
    struct ph_list fars;
    ph_list_init(&fars);
    ph_list_move_all(&fars, &link->fars);
    for (struct ph_list *node; (node = ph_list_pop(&fars));)
        far_break(ph_list_entry(node, struct far, in_link), why);
    for (struct ph_list *node; (node = ph_list_first(&link->lodgers));)
        lodger_break(ph_list_entry(node, struct lodger, in_link));
}

static bool is_used(const struct link *link)
{
    return !ph_list_is_empty(&link->fars) || !ph_list_is_empty(&link->lodgers);
}

void link_break(struct link *link, const char *why)
{
    if (is_used(link))
        ph_log_warning(link->cluster->log, "cluster", "the link to %s is broken: %s; clients come back", link->id, why);
    uint64_t now_us = ph_loop_now(link->cluster->home);
    link->mine = now_us > link->mine ? now_us : link->mine + 1;
    link->n_heard = 0;
    forget(link);
    (void)!post(link); /* without memory the next packet tells as much */
    end_seats(link, "The server of this application was lost; connect again.");
}

/* Hearing */

struct link *link_get(struct ph_cluster *cluster, const char *id)
{
    ph_list_for_each(node, &cluster->links)
    {
        struct link *link = ph_list_entry(node, struct link, in_cluster);
        if (strcmp(link->id, id) == 0)
            return link;
    }
    struct link *link = calloc(1, sizeof *link);
    if (!link)
        return NULL;
    link->cluster = cluster;
    link->last = SIZE_MAX;
    link->mine = ph_loop_now(cluster->home);
    ph_text_copy(link->id, sizeof link->id, id);
    rtmp_buffer_init(&link->out, &ph_app_allocator, PH_LIMIT_LINK_BYTES);
    ph_deferred_init(&link->flush, flush);
    ph_list_init(&link->fars);
    ph_list_init(&link->lodgers);
    ph_map_init(&link->by_id, &cluster->seed, SEATS_MAX);
    ph_list_append(&cluster->links, &link->in_cluster);
    return link;
}

static void hear(struct link *link, const uint8_t *message, size_t length, const uint8_t *seats, uint32_t n)
{
    struct rtmp_arena arena;
    struct message_reader reader;
    enum message_kind kind;
    rtmp_arena_init(&arena, &ph_app_allocator, PH_LIMIT_AMF_BYTES);
    uint32_t *ids = rtmp_arena_take(&arena, ((size_t)n + 1) * sizeof *ids);
    for (uint32_t i = 0; i < n && ids; i++)
        ids[i] = get(seats + (size_t)i * WORD);
    if (n && ids && message_unpack(message, length, &arena, &reader, &kind)) {
        if (kind >= MESSAGE_WELCOME)
            far_hear(link, kind, &reader, ids, n);
        else
            lodger_hear(link, kind, &reader, ids, n);
    }
    rtmp_arena_finish(&arena);
}

/* Only a server of this cluster can have written it: what does not add up is skipped. */
static void hear_all(struct link *link, const uint8_t *at, const uint8_t *end)
{
    while (end - at >= 2 * WORD) {
        size_t length = get(at);
        if ((size_t)(end - at) < length + 2 * WORD)
            return;
        const uint8_t *seats = at + WORD + length;
        uint32_t n = get(seats);
        if ((size_t)(end - seats) / WORD < (size_t)n + 1)
            return;
        hear(link, at + WORD, length, seats + WORD, n);
        at = seats + WORD + (size_t)n * WORD;
    }
}

/* What stands before the messages. */
struct head {
    char from[PH_NODE_ID], to[PH_NODE_ID];
    uint64_t mine, yours, number; /* in the words of the writer */
    size_t length;
};

static bool read_word(const uint8_t *bytes, size_t length, size_t *at, char end, char *word, size_t cap)
{
    const uint8_t *stop = *at < length ? memchr(bytes + *at, end, length - *at) : NULL;
    size_t n = stop ? (size_t)(stop - bytes) - *at : 0;
    if (!stop || n >= cap)
        return false;
    memcpy(word, bytes + *at, n);
    word[n] = '\0';
    *at += n + 1;
    return true;
}

static bool read_number(const uint8_t *bytes, size_t length, size_t *at, char end, uint64_t *number)
{
    char digits[24];
    return read_word(bytes, length, at, end, digits, sizeof digits) && ph_text_u64(digits, number) == 0;
}

static bool read_head(const uint8_t *bytes, size_t length, struct head *head)
{
    size_t *at = &head->length;
    *at = 0;
    return read_word(bytes, length, at, ' ', head->from, sizeof head->from) &&
           read_word(bytes, length, at, ' ', head->to, sizeof head->to) &&
           read_number(bytes, length, at, ' ', &head->mine) && read_number(bytes, length, at, ' ', &head->yours) &&
           read_number(bytes, length, at, '\n', &head->number);
}

/* The other side has begun, or begun anew. */
static void begin(struct link *link, uint64_t yours)
{
    bool is_first = !link->yours;
    link->yours = yours;
    link->n_heard = 0;
    if (is_first)
        return;
    forget(link);
    end_seats(link, "The server of this application has begun anew; connect again.");
}

static void take(struct link *link, const struct head *head, const uint8_t *body, size_t length)
{
    if (head->mine < link->yours)
        return; /* from before it began anew */
    if (head->mine > link->yours)
        begin(link, head->mine);
    if (head->yours && head->yours != link->mine) {
        (void)!post(link); /* it has not heard that we began anew */
        return;
    }
    if (head->number != link->n_heard + 1) {
        link_break(link, "something that was said is missing");
        return;
    }
    link->n_heard = head->number;
    hear_all(link, body, body + length);
}

void link_take(struct ph_cluster *cluster, const uint8_t *bytes, size_t length)
{
    uint8_t code[PH_SECRET_CODE];
    struct head head;
    const uint8_t *text = bytes + sizeof code;
    if (length <= sizeof code)
        return;
    length -= sizeof code;
    ph_secret_sign(cluster->key, strlen(cluster->key), text, length, code);
    if (!ph_secret_equal(bytes, sizeof code, code, sizeof code) || !read_head(text, length, &head) ||
        strcmp(head.to, cluster->id) != 0) {
        ph_log_warning(cluster->log, "cluster.secret_file",
                       "a packet was not written by a server of this cluster for this one, and is not heeded");
        return;
    }
    struct link *link = link_get(cluster, head.from);
    if (link)
        take(link, &head, text + head.length, length - head.length);
}

/* Does it live? */

static void on_checked(struct ph_engine_request *request)
{
    struct link *link = ph_container_of(request, struct link, peer);
    struct ph_cluster *cluster = link->cluster;
    link->is_checking = false;
    if (request->answer != PH_ENGINE_NOWHERE)
        return;
    if (is_used(link))
        ph_log_warning(cluster->log, "cluster", "server %s is gone; its clients come back", link->id);
    ph_list_for_each(node, &cluster->bookings)
    {
        struct booking *booking = ph_list_entry(node, struct booking, in_cluster);
        if (strcmp(booking->holder, link->id) == 0)
            booking_lost_holder(booking);
    }
    end_seats(link, "The server of this application is gone; connect again.");
    link_free(link);
}

void link_check(struct link *link)
{
    struct ph_cluster *cluster = link->cluster;
    if (link->is_checking || !cluster->is_up)
        return;
    link->is_checking = true;
    link->peer = (struct ph_engine_request){.verb = PH_ENGINE_PEER, .to = link->id, .done = on_checked};
    cluster->engine->ask(cluster->engine, &link->peer);
}

void link_free(struct link *link)
{
    ph_deferred_cancel(&link->flush);
    rtmp_buffer_finish(&link->out);
    ph_map_finish(&link->by_id);
    ph_list_remove(&link->in_cluster);
    free(link);
}
