/* SPDX-License-Identifier: MIT */
/* What a client of the JSON gate says: requests, notifications, and answers to ours. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/json.h"
#include "gate/ws/rpc_session.h"

enum { ID_TEXT = 64 };

/* The id as JSON, or NULL for a notification. False: it cannot be one. */
static bool read_id(struct rpc_session *session, const struct rtmp_value *message, char text[ID_TEXT])
{
    const struct rtmp_value *id = rtmp_value_get(message, "id");
    struct rtmp_buffer *buffer = &session->home->text;
    enum rtmp_value_type type = rtmp_value_type(id);
    text[0] = '\0';
    if (!id)
        return true;
    rtmp_buffer_clear(buffer);
    bool is_id = type == RTMP_STRING || type == RTMP_INTEGER || type == RTMP_NUMBER;
    if (!is_id || ph_json_write(id, buffer) || buffer->length >= ID_TEXT)
        return false;
    memcpy(text, buffer->data, buffer->length);
    text[buffer->length] = '\0';
    return true;
}

/* Remember an id; the number that the seat knows it by, 0: no answer is wanted. A full seat does not come so far. */
static int open_request(struct rpc_session *session, const char *id, double *number)
{
    *number = 0;
    if (!id[0])
        return 0;
    for (size_t i = 0; i < PH_LIMIT_OPEN_CALLS; i++)
        if (!session->open[i].id) {
            session->open[i].id = strdup(id);
            *number = (double)(i + 1);
            return session->open[i].id ? 0 : -ENOMEM;
        }
    return -EAGAIN;
}

static bool is_name(struct rtmp_text name)
{
    if (name.length == 0 || name.length > PH_LIMIT_NAME_BYTES)
        return false;
    for (size_t i = 0; i < name.length; i++)
        if ((unsigned char)name.data[i] < ' ' || name.data[i] == 0x7F)
            return false;
    return true;
}

/* Positional parameters; an object is the only one. */
static int read_params(struct rpc_session *session, const struct rtmp_value *message, const struct rtmp_value **params)
{
    struct rtmp_arena *arena = &session->home->scratch;
    const struct rtmp_value *given = rtmp_value_get(message, "params");
    *params = given;
    if (!given || rtmp_value_type(given) == RTMP_ARRAY)
        return 0;
    if (rtmp_value_type(given) != RTMP_OBJECT)
        return -EINVAL;
    struct rtmp_value *array = rtmp_value_new_array(arena);
    *params = array;
    return rtmp_value_push(arena, array, (struct rtmp_value *)(uintptr_t)given) ? -ENOMEM : 0;
}

static void take_connect(struct rpc_session *session, const char *id, const struct rtmp_value *params)
{
    if (!session->is_waiting) {
        rpc_send_error(session, id, RPC_E_REQUEST, "You are connected already.", NULL);
        return;
    }
    session->is_waiting = false;
    session->connect.id = id[0] ? strdup(id) : NULL;
    if (rpc_join(session, rtmp_value_at(params, 0)))
        rpc_end(session, RPC_REFUSED, "no such application", NULL);
}

/* $use(object, {persistent}), $change(object, changes, {version}), $release(object) */

static bool read_change(const struct rtmp_value *given, struct ph_shared_change *change)
{
    static const struct {
        const char *name;
        enum ph_shared_kind kind;
    } kinds[] = {
        {"set", PH_SHARED_SET}, {"remove", PH_SHARED_REMOVE}, {"send", PH_SHARED_MESSAGE}, {"clear", PH_SHARED_CLEAR}};
    for (size_t i = 0; i < PH_COUNT(kinds); i++) {
        const struct rtmp_value *name = rtmp_value_get(given, kinds[i].name);
        if (!name)
            continue;
        const char *value = kinds[i].kind == PH_SHARED_SET ? "value" : "args";
        *change = (struct ph_shared_change){
            .kind = kinds[i].kind,
            .name = rtmp_value_type(name) == RTMP_STRING ? name->text : NULL,
            .value = (const struct ph_value *)rtmp_value_get(given, value),
            .if_version = (uint32_t)rtmp_value_number(rtmp_value_get(given, "if"), 0),
        };
        return change->name || kinds[i].kind == PH_SHARED_CLEAR;
    }
    return false;
}

static struct ph_shared_change *read_changes(struct rpc_session *session, const struct rtmp_value *list, size_t n)
{
    struct ph_shared_change *changes = rtmp_arena_take(&session->home->scratch, n * sizeof *changes);
    for (size_t i = 0; i < n && changes; i++)
        if (!read_change(rtmp_value_at(list, i), &changes[i]))
            return NULL;
    return changes;
}

static void take_shared(struct rpc_session *session, struct rtmp_text method, const char *id,
                        const struct rtmp_value *params)
{
    static const struct ph_shared_change use = {.kind = PH_SHARED_USE};
    const char *object = rtmp_value_text(rtmp_value_at(params, 0)).data;
    const struct rtmp_value *list = rtmp_value_at(params, 1);
    bool is_use = rtmp_text_is(method, "$use");
    size_t n = is_use ? 1 : rtmp_value_count(list);
    const struct ph_shared_change *changes = is_use ? &use : n ? read_changes(session, list, n) : NULL;
    double number, version = rtmp_value_number(rtmp_value_get(rtmp_value_at(params, 2), "version"), UINT32_MAX);
    if (!object[0] || !changes) {
        rpc_send_error(session, id, RPC_E_PARAMS,
                       is_use ? "$use wants the name of an object."
                              : "$change wants the name of an object and an array of changes.",
                       NULL);
        return;
    }
    int err = open_request(session, id, &number);
    if (!err)
        err = ph_seat_shared(session->seat, number, object,
                             is_use && rtmp_value_boolean(rtmp_value_get(list, "persistent"), false),
                             version >= 0 && version < UINT32_MAX ? (uint32_t)version : UINT32_MAX, changes, n);
    if (err)
        rpc_end(session, RPC_POLICY, err == -ENOMEM ? "out of memory" : "too much was asked at once", NULL);
}

static void take_release(struct rpc_session *session, const struct rtmp_value *params)
{
    ph_seat_shared_release(session->seat, rtmp_value_text(rtmp_value_at(params, 0)).data);
}

static void take_request(struct rpc_session *session, const struct rtmp_value *message, const char *id)
{
    struct rtmp_text method = rtmp_value_text(rtmp_value_get(message, "method"));
    const struct rtmp_value *params;
    double number;
    if (!is_name(method)) {
        rpc_send_error(session, id, RPC_E_REQUEST,
                       "method must be a text of 1 to 128 bytes without control characters.", NULL);
    } else if (read_params(session, message, &params)) {
        rpc_send_error(session, id, RPC_E_PARAMS, "params must be an array, or an object.", NULL);
    } else if (rtmp_text_is(method, "$connect")) {
        take_connect(session, id, params);
    } else if (session->is_waiting) {
        rpc_send_error(session, id, RPC_E_REQUEST, "Say $connect first.", NULL);
    } else if (rtmp_text_is(method, "$use") || rtmp_text_is(method, "$change")) {
        take_shared(session, method, id, params);
    } else if (rtmp_text_is(method, "$release")) {
        take_release(session, params);
    } else {
        int err = open_request(session, id, &number);
        if (!err)
            err = ph_seat_call(session->seat, number, method, params);
        if (err)
            rpc_end(session, RPC_POLICY, err == -ENOMEM ? "out of memory" : "too much was asked at once", NULL);
    }
}

static void take_answer(struct rpc_session *session, const struct rtmp_value *message)
{
    const struct rtmp_value *error = rtmp_value_get(message, "error"), *data = rtmp_value_get(error, "data");
    double id = rtmp_value_number(rtmp_value_get(message, "id"), 0);
    if (!session->is_in || !(id >= 1 && id <= UINT32_MAX) || id != floor(id))
        return;
    const struct ph_refusal refusal = {.code = rtmp_value_text(rtmp_value_get(data, "code")).data,
                                       .description = rtmp_value_text(rtmp_value_get(error, "message")).data};
    if (ph_seat_reply(session->seat, (uint32_t)id, rtmp_value_get(message, "result"), error ? &refusal : NULL))
        rpc_end(session, RPC_POLICY, "out of memory", NULL);
}

/* Mistakes are answered, but not for ever. */
static void complain(struct rpc_session *session, int code, const char *words)
{
    rpc_send_error(session, "null", code, words, NULL);
    if (++session->n_oddities > PH_LIMIT_ODDITIES)
        rpc_end(session, RPC_POLICY, "too many messages that are no JSON-RPC", NULL);
}

static void take_message(struct rpc_session *session, const struct rtmp_value *message)
{
    char id[ID_TEXT];
    bool is_request = rtmp_value_type(rtmp_value_get(message, "method")) == RTMP_STRING;
    bool is_answer = rtmp_value_get(message, "result") || rtmp_value_get(message, "error");
    if (rtmp_value_type(message) != RTMP_OBJECT ||
        !rtmp_text_is(rtmp_value_text(rtmp_value_get(message, "jsonrpc")), "2.0"))
        complain(session, RPC_E_REQUEST, "A message is an object with \"jsonrpc\": \"2.0\".");
    else if (!read_id(session, message, id))
        complain(session, RPC_E_REQUEST, "id must be a number or a short text.");
    else if (is_request)
        take_request(session, message, id);
    else if (is_answer)
        take_answer(session, message);
    else
        complain(session, RPC_E_REQUEST, "A message has a method, a result or an error.");
}

void rpc_take(struct rpc_session *session, const uint8_t *text, size_t length)
{
    char fault[PH_JSON_FAULT];
    struct rtmp_value *message;
    int err = ph_json_read((const char *)text, length, &session->home->scratch, &message, fault);
    if (err)
        complain(session, RPC_E_PARSE, fault);
    else
        take_message(session, message);
    rtmp_arena_reset(&session->home->scratch);
}
