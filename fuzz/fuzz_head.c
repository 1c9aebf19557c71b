/* SPDX-License-Identifier: MIT */
/* Heads of requests: whatever is accepted lies within the bytes, and is accepted however much follows. */
#include <errno.h>

#include "fuzz.h"
#include "gate/http/head.h"

static bool is_within(struct rtmp_text text, const char *bytes, size_t used)
{
    return text.length == 0 || (text.data >= bytes && text.data + text.length <= bytes + used);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data, *why = NULL;
    struct ph_http_head head, again;
    size_t used = 0, other = 0;
    int err = ph_http_head_read(bytes, size, &head, &used, &why);
    CHECK(err == 0 || err == -EAGAIN || err == -EINVAL || err == -E2BIG);
    CHECK(err != -EINVAL || why);
    if (err)
        return 0;
    CHECK(used <= size && used <= PH_LIMIT_HTTP_HEAD && head.n_fields <= PH_LIMIT_HTTP_FIELDS);
    CHECK(is_within(head.method, bytes, used) && is_within(head.path, bytes, used) &&
          is_within(head.query, bytes, used));
    for (size_t i = 0; i < head.n_fields; i++)
        CHECK(is_within(head.fields[i].name, bytes, used) && is_within(head.fields[i].value, bytes, used));
    CHECK(ph_http_head_read(bytes, used, &again, &other, &why) == 0 && other == used);
    CHECK(used == 0 || ph_http_head_read(bytes, used - 1, &again, &other, &why) != 0);
    return 0;
}
