/* SPDX-License-Identifier: MIT */
#include "ops/memory.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

enum { LINE = 256 };

static FILE *open_file(const char *root, const char *name)
{
    char path[PATH_MAX];
    struct ph_text text;
    ph_text_init(&text, path, sizeof path);
    ph_text_add(&text, "%s%s", root, name);
    return text.cut ? NULL : fopen(path, "re");
}

/* The `n`th word of a line, as a number; UINT64_MAX when it is none ("max"). */
static uint64_t number_at(char *line, int n)
{
    char *rest = NULL, *word = strtok_r(line, " \t\n", &rest);
    for (; word && n > 0; n--)
        word = strtok_r(NULL, " \t\n", &rest);
    uint64_t value;
    return word && ph_text_u64(word, &value) == 0 ? value : UINT64_MAX;
}

static uint64_t first_number(const char *root, const char *name)
{
    char line[LINE];
    FILE *in = open_file(root, name);
    if (!in)
        return UINT64_MAX;
    uint64_t value = fgets(line, sizeof line, in) ? number_at(line, 0) : UINT64_MAX;
    fclose(in);
    return value;
}

static uint64_t smaller(uint64_t a, uint64_t b) { return a < b ? a : b; }

static uint64_t machine_has(const char *root)
{
    char line[LINE];
    uint64_t value = UINT64_MAX;
    FILE *in = open_file(root, "/proc/meminfo");
    if (!in)
        return value;
    while (value == UINT64_MAX && fgets(line, sizeof line, in))
        if (strncmp(line, "MemTotal:", 9) == 0)
            value = number_at(line, 1);
    fclose(in);
    return value == UINT64_MAX ? value : value * 1024; /* it counts KiB */
}

/* Of a group and all that it lies in. A path that is not there belongs to a namespace whose root it is not: then the
 * root's own file says it. */
static uint64_t group_leaves(const char *root, const char *mount, char *group, const char *file)
{
    uint64_t limit = UINT64_MAX;
    for (;;) {
        char name[PATH_MAX];
        struct ph_text text;
        ph_text_init(&text, name, sizeof name);
        ph_text_add(&text, "%s%s/%s", mount, strcmp(group, "/") == 0 ? "" : group, file);
        limit = smaller(limit, first_number(root, name));
        char *slash = strrchr(group, '/');
        if (!slash || strcmp(group, "/") == 0)
            return limit;
        slash[slash == group] = '\0';
    }
}

uint64_t ph_memory_limit(const char *root)
{
    char line[PATH_MAX];
    uint64_t limit = machine_has(root);
    FILE *in = open_file(root, "/proc/self/cgroup");
    if (!in)
        return limit;
    while (fgets(line, sizeof line, in)) {
        line[strcspn(line, "\n")] = '\0';
        char *kind = strchr(line, ':'), *group = kind ? strchr(kind + 1, ':') : NULL;
        if (!group)
            continue;
        *group++ = '\0';
        if (kind[1] == '\0')
            limit = smaller(limit, group_leaves(root, "/sys/fs/cgroup", group, "memory.max"));
        else if (strcmp(kind + 1, "memory") == 0)
            limit = smaller(limit, group_leaves(root, "/sys/fs/cgroup/memory", group, "memory.limit_in_bytes"));
    }
    fclose(in);
    return limit;
}

uint64_t ph_memory_used(const char *root)
{
    char line[LINE];
    FILE *in = open_file(root, "/proc/self/statm");
    if (!in)
        return 0;
    uint64_t pages = fgets(line, sizeof line, in) ? number_at(line, 1) : UINT64_MAX;
    fclose(in);
    return pages == UINT64_MAX ? 0 : pages * (uint64_t)sysconf(_SC_PAGESIZE);
}
