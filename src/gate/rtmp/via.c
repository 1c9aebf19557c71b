/* SPDX-License-Identifier: MIT */
#include "gate/rtmp/via.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/random.h"
#include "base/text.h"

int ph_via_name(char node[PH_VIA_NODE])
{
    uint64_t number;
    struct ph_text text;
    int err = ph_random_fill(&number, sizeof number);
    if (err)
        return err;
    ph_text_init(&text, node, PH_VIA_NODE);
    ph_text_add(&text, "%016llx", (unsigned long long)number);
    return 0;
}

bool ph_via_has(const char *via, const char *node)
{
    size_t length = strlen(node);
    for (const char *at = via; length && (at = strstr(at, node)); at += length)
        if ((at == via || at[-1] == ',') && (at[length] == ',' || at[length] == '\0'))
            return true;
    return false;
}

int ph_via_add(const char *via, const char *node, char out[PH_VIA_MAX])
{
    struct ph_text text;
    ph_text_init(&text, out, PH_VIA_MAX);
    ph_text_add(&text, "%s%s%s", via, via[0] ? "," : "", node);
    return text.cut ? -ELOOP : 0;
}
