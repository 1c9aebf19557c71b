/* SPDX-License-Identifier: MIT */
/* The objects of connect and its reply: names of applications, Enhanced RTMP capabilities. */
#include <rtmpwire/amf0.h>

#include <string.h>

#include "bytes.h"
#include "connect.h"

/* Names */

int rtmp_split_name(struct rtmp_arena *arena, struct rtmp_text whole, struct rtmp_text *name, struct rtmp_text *query)
{
    const char *mark = memchr(whole.data, '?', whole.length);
    *name = whole;
    *query = rtmp_text_from("");
    if (!mark)
        return 0;
    name->length = (size_t)(mark - whole.data);
    name->data = rtmp_arena_copy(arena, whole.data, name->length);
    *query = (struct rtmp_text){.data = mark + 1, .length = whole.length - name->length - 1};
    return name->data ? 0 : rtmp_arena_error(arena, name->length);
}

static size_t without_slashes(const char *text, size_t length)
{
    while (length > 0 && text[length - 1] == '/')
        length--;
    return length;
}

static size_t app_length(struct rtmp_text app)
{
    static const char instance[] = "/_definst_";
    const size_t instance_length = sizeof instance - 1;
    size_t length = without_slashes(app.data, app.length);
    if (length >= instance_length && memcmp(app.data + length - instance_length, instance, instance_length) == 0)
        length = without_slashes(app.data, length - instance_length);
    return length;
}

int rtmp_read_connect(struct rtmp_arena *arena, const struct rtmp_command *command, struct rtmp_event_connect *connect)
{
    const struct rtmp_value *object = command->object;
    const struct rtmp_value *tc_url = rtmp_value_get(object, "tcUrl");
    *connect = (struct rtmp_event_connect){
        .app_raw = rtmp_value_text(rtmp_value_get(object, "app")),
        .tc_url = rtmp_value_text(tc_url ? tc_url : rtmp_value_get(object, "tcurl")),
        .flash_ver = rtmp_value_text(rtmp_value_get(object, "flashVer")),
        .page_url = rtmp_value_text(rtmp_value_get(object, "pageUrl")),
        .swf_url = rtmp_value_text(rtmp_value_get(object, "swfUrl")),
        .object_encoding = rtmp_value_number(rtmp_value_get(object, "objectEncoding"), 0) == 3 ? 3 : 0,
        .properties = object,
        .arguments = command->arguments,
    };
    rtmp_read_capabilities(object, &connect->capabilities);
    int rc = rtmp_split_name(arena, connect->app_raw, &connect->app, &connect->app_query);
    if (rc)
        return rc;
    connect->app.length = app_length(connect->app);
    connect->app.data = rtmp_arena_copy(arena, connect->app.data, connect->app.length);
    return connect->app.data ? 0 : rtmp_arena_error(arena, connect->app.length);
}

void rtmp_read_status(const struct rtmp_value *info, struct rtmp_event_status *status)
{
    *status = (struct rtmp_event_status){
        .level = rtmp_value_text(rtmp_value_get(info, "level")),
        .code = rtmp_value_text(rtmp_value_get(info, "code")),
        .description = rtmp_value_text(rtmp_value_get(info, "description")),
        .details = rtmp_value_text(rtmp_value_get(info, "details")),
        .info = info,
    };
}

/* Members */

int rtmp_put_text_member(struct rtmp_buffer *buffer, const char *name, const char *text)
{
    if (!text)
        return 0;
    int rc = rtmp_amf0_write_key(buffer, name, strlen(name));
    return rc ? rc : rtmp_amf0_write_text(buffer, text);
}

int rtmp_put_number_member(struct rtmp_buffer *buffer, const char *name, double number)
{
    int rc = rtmp_amf0_write_key(buffer, name, strlen(name));
    return rc ? rc : rtmp_amf0_write_number(buffer, number);
}

int rtmp_put_members(struct rtmp_buffer *buffer, const struct rtmp_value *object, uint32_t *n_complex)
{
    int rc = 0;
    for (const struct rtmp_member *m = rtmp_value_members(object); m && rc == 0; m = m->next) {
        rc = rtmp_amf0_write_key(buffer, m->name.data, m->name.length);
        rc = rc ? rc : rtmp_amf0_write_next(buffer, m->value, n_complex);
    }
    return rc;
}

int rtmp_put_items(struct rtmp_buffer *buffer, const struct rtmp_value *array, uint32_t *n_complex)
{
    int rc = 0;
    for (size_t i = 0; i < rtmp_value_count(array) && rc == 0; i++)
        rc = rtmp_amf0_write_next(buffer, rtmp_value_at(array, i), n_complex);
    return rc;
}

/* Capabilities (Enhanced RTMP) */

static const char *const list_keys[] = {
    [RTMP_CODEC_LISTED] = "fourCcList",
    [RTMP_CODEC_VIDEO] = "videoFourCcInfoMap",
    [RTMP_CODEC_AUDIO] = "audioFourCcInfoMap",
};

static void add_codec(struct rtmp_capabilities *capabilities, enum rtmp_codec_list list, struct rtmp_text name,
                      const struct rtmp_value *can)
{
    bool any = rtmp_text_is(name, "*");
    if (capabilities->n_codecs == RTMP_CODECS_MAX || (!any && name.length != 4))
        return;
    double bits = rtmp_value_number(can, RTMP_CAN_DECODE);
    capabilities->codecs[capabilities->n_codecs++] = (struct rtmp_codec){
        .four_cc = any ? RTMP_FOURCC_ANY : get_u32((const uint8_t *)name.data),
        .list = (uint8_t)list,
        .can = bits >= 0 && bits <= UINT8_MAX ? (uint8_t)bits : 0,
    };
}

static void read_map(const struct rtmp_value *object, enum rtmp_codec_list list, struct rtmp_capabilities *capabilities)
{
    const struct rtmp_value *map = rtmp_value_get(object, list_keys[list]);
    capabilities->announced |= map != NULL;
    for (const struct rtmp_member *m = rtmp_value_members(map); m; m = m->next)
        add_codec(capabilities, list, m->name, m->value);
}

void rtmp_read_capabilities(const struct rtmp_value *object, struct rtmp_capabilities *capabilities)
{
    const struct rtmp_value *listed = rtmp_value_get(object, list_keys[RTMP_CODEC_LISTED]);
    const struct rtmp_value *caps_ex = rtmp_value_get(object, "capsEx");
    double bits = rtmp_value_number(caps_ex, 0);
    *capabilities = (struct rtmp_capabilities){.announced = listed || caps_ex,
                                               .caps_ex = bits >= 0 && bits <= UINT32_MAX ? (uint32_t)bits : 0};
    for (size_t i = 0; i < rtmp_value_count(listed) && i < RTMP_CODECS_MAX; i++)
        add_codec(capabilities, RTMP_CODEC_LISTED, rtmp_value_text(rtmp_value_at(listed, i)), NULL);
    read_map(object, RTMP_CODEC_VIDEO, capabilities);
    read_map(object, RTMP_CODEC_AUDIO, capabilities);
}

static size_t four_cc_text(uint32_t four_cc, char text[4])
{
    if (four_cc == RTMP_FOURCC_ANY) {
        text[0] = '*';
        return 1;
    }
    put_u32((uint8_t *)text, four_cc);
    return 4;
}

static size_t count_codecs(const struct rtmp_capabilities *capabilities, enum rtmp_codec_list list)
{
    size_t n = 0;
    for (uint32_t i = 0; i < capabilities->n_codecs; i++)
        n += capabilities->codecs[i].list == list;
    return n;
}

static int put_codecs(struct rtmp_buffer *buffer, const struct rtmp_capabilities *capabilities,
                      enum rtmp_codec_list list)
{
    char text[4];
    int rc = 0;
    for (uint32_t i = 0; i < capabilities->n_codecs && rc == 0; i++) {
        const struct rtmp_codec *codec = &capabilities->codecs[i];
        if (codec->list != list)
            continue;
        size_t length = four_cc_text(codec->four_cc, text);
        if (list == RTMP_CODEC_LISTED) {
            rc = rtmp_amf0_write_string(buffer, text, length);
        } else {
            rc = rtmp_amf0_write_key(buffer, text, length);
            rc = rc ? rc : rtmp_amf0_write_number(buffer, codec->can);
        }
    }
    return rc;
}

static int put_list(struct rtmp_buffer *buffer, const struct rtmp_capabilities *capabilities, size_t n)
{
    uint8_t head[5] = {0x0A};
    put_u32(head + 1, (uint32_t)n);
    int rc = rtmp_buffer_append(buffer, head, sizeof head);
    return rc ? rc : put_codecs(buffer, capabilities, RTMP_CODEC_LISTED);
}

static int put_map(struct rtmp_buffer *buffer, const struct rtmp_capabilities *capabilities, enum rtmp_codec_list list)
{
    int rc = rtmp_amf0_begin_object(buffer);
    rc = rc ? rc : put_codecs(buffer, capabilities, list);
    return rc ? rc : rtmp_amf0_end_object(buffer);
}

int rtmp_put_capabilities(struct rtmp_buffer *buffer, const struct rtmp_capabilities *capabilities, uint32_t *n_complex)
{
    if (!capabilities)
        return 0;
    int rc = 0;
    for (enum rtmp_codec_list list = RTMP_CODEC_LISTED; list <= RTMP_CODEC_AUDIO && rc == 0; list++) {
        size_t n = count_codecs(capabilities, list);
        if (n == 0)
            continue;
        rc = rtmp_amf0_write_key(buffer, list_keys[list], strlen(list_keys[list]));
        if (list == RTMP_CODEC_LISTED)
            rc = rc ? rc : put_list(buffer, capabilities, n);
        else
            rc = rc ? rc : put_map(buffer, capabilities, list);
        (*n_complex)++;
    }
    if (capabilities->caps_ex)
        rc = rc ? rc : rtmp_put_number_member(buffer, "capsEx", capabilities->caps_ex);
    return rc;
}
