/* SPDX-License-Identifier: MIT */
/* Bodies of AMF3 values. AMF3 can say all that it was read from. */
#include "fuzz_amf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct fuzz_format amf3 = {rtmp_amf3_read, rtmp_amf3_write};
    fuzz_body(&amf3, data, size, true);
    return 0;
}
