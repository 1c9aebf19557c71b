/* SPDX-License-Identifier: MIT */
#include "app/inspect.h"

#include "app/instance.h"
#include "app/json.h"
#include "app/letter.h"
#include "app/member.h"
#include "app/object.h"
#include "app/room.h"
#include "app/theatre.h"

/* Values as applications have them; what JSON cannot say is null. */
static json_t *value_of(const struct rtmp_value *value)
{
    struct rtmp_buffer text;
    json_t *told = NULL;
    rtmp_buffer_init(&text, &ph_app_allocator, PH_LIMIT_AMF_BYTES);
    if (ph_json_write(value, &text) == 0)
        told = json_loadb((const char *)text.data, text.length, JSON_DECODE_ANY, NULL);
    rtmp_buffer_finish(&text);
    return told ? told : json_null();
}

/* What a client calls itself may be anything. */
static json_t *text_of(const char *text)
{
    json_t *told = json_string(text);
    return told ? told : json_string("(no text)");
}

static json_t *row_of(const struct ph_room *room)
{
    size_t n_objects = 0;
    ph_list_for_each(node, &room->objects) n_objects++;
    return json_pack("{s:s, s:i, s:i, s:b, s:b, s:b, s:i, s:o}", "name", room->name, "members", (int)room->n_members,
                     "capacity", (int)room->options.capacity, "listed", !room->options.unlisted, "locked",
                     room->options.locked, "password", room->options.password && room->options.password[0], "objects",
                     (int)n_objects, "metadata", value_of(ph_value_in(room->options.metadata)));
}

static bool add_members(const struct ph_room *room, json_t *list)
{
    uint64_t now_ms = ph_theatre_wall_ms(room->instance->theatre);
    bool failed = !list;
    ph_list_for_each(node, &room->members)
    {
        const struct ph_member *member = ph_list_entry(node, struct ph_member, in_room);
        failed |= json_array_append_new(list,
                                        json_pack("{s:I, s:s, s:o, s:s, s:s, s:b, s:f}", "id", (json_int_t)member->id,
                                                  "session", member->session, "user", text_of(member->user), "address",
                                                  member->request->address, "protocol", member->request->protocol,
                                                  "dropped", member->seat == NULL, "seconds",
                                                  (double)(now_ms - member->connected_ms) / 1000)) != 0;
    }
    return !failed;
}

static bool add_objects(const struct ph_room *room, json_t *list)
{
    bool failed = !list;
    ph_list_for_each(node, &room->objects)
    {
        const struct ph_object *object = ph_list_entry(node, struct ph_object, link);
        json_t *slots = json_object();
        failed |= !slots;
        ph_list_for_each(in_object, &object->slot_list)
        {
            const struct ph_slot *slot = ph_list_entry(in_object, struct ph_slot, link);
            if (slot->content && slots)
                (void)!json_object_set_new(slots, slot->name,
                                           value_of(slot->content->value)); /* a name may be no text */
        }
        failed |= json_array_append_new(list, json_pack("{s:o, s:b, s:I, s:o}", "name", text_of(object->name),
                                                        "persistent", object->is_persistent, "version",
                                                        (json_int_t)object->version, "slots", slots)) != 0;
    }
    return !failed;
}

static json_t *whole_of(const struct ph_room *room)
{
    json_t *row = row_of(room), *members = json_array(), *objects = json_array();
    bool good = row && add_members(room, members) && add_objects(room, objects);
    good &= json_object_set_new(row, "members", members) == 0;
    good &= json_object_set_new(row, "objects", objects) == 0;
    if (good)
        return row;
    json_decref(row);
    return NULL;
}

static json_t *all_of(const struct ph_instance *instance)
{
    json_t *rows = json_array();
    bool failed = !rows;
    size_t n = 0;
    ph_list_for_each(node, &instance->room_list)
    {
        const struct ph_room *room = ph_list_entry(node, struct ph_room, link);
        if (room->is_open && n++ < PH_LIMIT_LISTED)
            failed |= json_array_append_new(rows, row_of(room)) != 0;
    }
    if (!failed)
        return rows;
    json_decref(rows);
    return NULL;
}

static void on_home(struct ph_mail *mail)
{
    struct ph_inspection *inspection = ph_container_of(mail, struct ph_inspection, mail);
    inspection->done(inspection);
}

static void look(struct ph_inspection *inspection)
{
    struct ph_instance *instance = inspection->instance;
    struct ph_room *room = inspection->all ? NULL : ph_room_find(instance, inspection->room);
    inspection->is_found = inspection->all || (room && room->is_open);
    if (inspection->all)
        inspection->told = all_of(instance);
    else if (inspection->is_found && inspection->ends)
        (void)ph_room_close(room, "The operator closed this room."); /* the hall stays */
    else if (inspection->is_found)
        inspection->told = whole_of(room);
}

static void on_visit(struct ph_mail *mail)
{
    struct ph_inspection *inspection = ph_container_of(mail, struct ph_inspection, mail);
    ph_instance_begin(inspection->instance);
    look(inspection);
    ph_instance_end(inspection->instance);
    mail->deliver = on_home;
    ph_loop_post(inspection->home, mail);
}

void ph_inspect(struct ph_inspection *inspection)
{
    inspection->mail.deliver = on_visit;
    ph_loop_post(inspection->instance->loop, &inspection->mail);
}
