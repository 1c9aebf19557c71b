/* SPDX-License-Identifier: MIT */
/* Streams of members: the application decides who publishes and plays what, and hears when it is over. */
#include <stdlib.h>
#include <string.h>

#include "app/letter.h"
#include "app/member.h"
#include "app/question.h"
#include "app/room.h"
#include "app/theatre.h"

static struct ph_member_stream *find(const struct ph_member *member, enum ph_seat_verb verb, const char *name)
{
    ph_list_for_each(node, &member->streams)
    {
        struct ph_member_stream *stream = ph_list_entry(node, struct ph_member_stream, link);
        if (stream->verb == verb && strcmp(stream->name, name) == 0)
            return stream;
    }
    return NULL;
}

static bool note(struct ph_member *member, enum ph_seat_verb verb, const char *name)
{
    size_t length = strlen(name);
    struct ph_member_stream *stream = malloc(sizeof *stream + length + 1);
    if (!stream)
        return false;
    stream->verb = verb;
    stream->since_ms = ph_theatre_wall_ms(member->instance->theatre);
    memcpy(stream->name, name, length + 1);
    ph_list_append(&member->streams, &stream->link);
    return true;
}

static struct ph_event event_of(const struct ph_member *member, const char *name)
{
    return (struct ph_event){.size = sizeof(struct ph_event),
                             .room = member->room ? member->room->id : 0,
                             .member = member->id,
                             .name = name};
}

static void on_decided(const struct ph_question *question, int verdict, const struct ph_answer *answer)
{
    struct ph_member *member = question->member;
    struct ph_letter *ask = question->letter;
    bool failed = false, publishes = ask->verb == PH_SEAT_PUBLISH;
    const char *name = verdict == PH_ACCEPT && answer->name ? ph_letter_text(ask, answer->name, &failed) : ask->name;
    if (verdict == PH_ACCEPT && !failed && note(member, ask->verb, name)) {
        ask->name = name;
    } else {
        const struct ph_refusal why = ph_refusal_of(verdict == PH_ACCEPT ? PH_E_MEMORY : verdict, answer,
                                                    publishes ? "NetStream.Publish.Denied" : "NetStream.Play.Failed",
                                                    publishes ? "You may not publish this stream."
                                                              : "You may not play this stream.");
        ph_letter_refuse(ask, &why);
    }
    ph_member_post(member, ask);
}

void ph_member_take_ask(struct ph_member *member, struct ph_letter *ask)
{
    const struct ph_app_type *type = member->instance->type;
    const struct ph_question question = {
        .instance = member->instance, .member = member, .room = member->room, .letter = ask, .answered = on_decided};
    struct ph_event event = event_of(member, ask->name);
    event.value = ph_value_out(ask->value);
    ph_question_ask(&question, ask->verb == PH_SEAT_PUBLISH ? type->publish : type->play, &event, &member->questions);
}

static void end(struct ph_member *member, struct ph_member_stream *stream)
{
    const struct ph_app_type *type = member->instance->type;
    const struct ph_event event = event_of(member, stream->name);
    ph_list_remove(&stream->link);
    ph_instance_tell(member->instance, stream->verb == PH_SEAT_PUBLISH ? type->unpublish : type->stop, &event);
    free(stream);
}

void ph_member_take_over(struct ph_member *member, struct ph_letter *over)
{
    struct ph_member_stream *stream = find(member, over->verb, over->name);
    if (stream)
        end(member, stream);
}

void ph_member_end_streams(struct ph_member *member)
{
    for (struct ph_list *node; (node = ph_list_first(&member->streams));)
        end(member, ph_list_entry(node, struct ph_member_stream, link));
}

void ph_member_take_data(struct ph_member *member, struct ph_letter *data)
{
    struct ph_event event = event_of(member, data->text);
    event.value = ph_value_out(data->value);
    ph_instance_tell(member->instance, member->instance->type->data, &event);
}
