/* SPDX-License-Identifier: MIT */
/* Bodies of AMF0 values. Without AMF3 inside, even the first writing keeps every value as it is. */
#include "fuzz_amf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct fuzz_format amf0 = {rtmp_amf0_read, rtmp_amf0_write};
    fuzz_body(&amf0, data, size, size == 0 || memchr(data, 0x11, size) == NULL);
    return 0;
}
