/* SPDX-License-Identifier: MIT */
#include "app/parcel.h"

#include "app/letter.h"
#include "app/seat.h"
#include "base/limits.h"

void ph_parcel_init(struct ph_parcel *parcel, const char *name, const struct rtmp_value *arguments, uint64_t sequence)
{
    *parcel = (struct ph_parcel){.name = name, .arguments = arguments, .sequence = sequence};
    for (int form = 0; form < PH_PARCEL_FORMS; form++)
        rtmp_buffer_init(&parcel->encoded[form], &ph_app_allocator, PH_LIMIT_EVENT_QUEUE);
}

void ph_parcel_finish(struct ph_parcel *parcel)
{
    for (int form = 0; form < PH_PARCEL_FORMS; form++)
        rtmp_buffer_finish(&parcel->encoded[form]);
}

int ph_parcel_bytes(struct ph_parcel *parcel, enum ph_parcel_form form, ph_parcel_encode_fn encode,
                    const uint8_t **bytes, size_t *length)
{
    struct rtmp_buffer *buffer = &parcel->encoded[form];
    int rc = buffer->length ? 0 : encode(parcel, form, buffer);
    if (rc) {
        rtmp_buffer_clear(buffer);
        return rc;
    }
    *bytes = buffer->data;
    *length = buffer->length;
    return 0;
}

int ph_report_bytes(const struct ph_shared_report *report, enum ph_parcel_form form, ph_report_encode_fn encode,
                    const uint8_t **bytes, size_t *length)
{
    struct rtmp_buffer *buffer = &report->encoded[form];
    int rc = buffer->length ? 0 : encode(report, form, buffer);
    if (rc) {
        rtmp_buffer_clear(buffer);
        return rc;
    }
    *bytes = buffer->data;
    *length = buffer->length;
    return 0;
}
