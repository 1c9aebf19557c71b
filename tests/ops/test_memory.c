/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "ops/memory.h"

#define MIB (UINT64_C(1) << 20)

static char root[] = "/tmp/playhouse-memory-XXXXXX";

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(root) ? 0 : -1;
}

/* Makes the file and its folders; NULL takes it away. */
static void put(const char *name, const char *text)
{
    char path[512];
    snprintf(path, sizeof path, "%s%s", root, name);
    for (char *slash = strchr(path + sizeof root, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(path, 0700);
        *slash = '/';
    }
    if (!text) {
        (void)unlink(path);
        return;
    }
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    fputs(text, out);
    fclose(out);
}

static void nobody_says(void **state)
{
    (void)state;
    assert_true(ph_memory_limit(root) == UINT64_MAX);
    assert_int_equal(ph_memory_used(root), 0);
}

static void the_tightest_holds(void **state)
{
    (void)state;
    put("/proc/meminfo", "MemTotal:        1048576 kB\nMemFree: 5 kB\n");
    assert_int_equal(ph_memory_limit(root), 1024 * MIB);
    put("/proc/self/cgroup", "3:cpu:/x\n0::/house/play\n");
    assert_int_equal(ph_memory_limit(root), 1024 * MIB);
    put("/sys/fs/cgroup/house/play/memory.max", "max\n");
    assert_int_equal(ph_memory_limit(root), 1024 * MIB);
    put("/sys/fs/cgroup/house/memory.max", "536870912\n"); /* of the group around it */
    assert_int_equal(ph_memory_limit(root), 512 * MIB);
    put("/sys/fs/cgroup/house/play/memory.max", "268435456\n");
    assert_int_equal(ph_memory_limit(root), 256 * MIB);
    put("/sys/fs/cgroup/memory.max", "134217728\n"); /* of a namespace's root */
    assert_int_equal(ph_memory_limit(root), 128 * MIB);
    put("/proc/self/cgroup", "4:memory:/old\n");
    assert_int_equal(ph_memory_limit(root), 1024 * MIB);
    put("/sys/fs/cgroup/memory/old/memory.limit_in_bytes", "67108864\n");
    assert_int_equal(ph_memory_limit(root), 64 * MIB);
    put("/proc/self/statm", "1000 20 3 4 5 6 7\n");
    assert_int_equal(ph_memory_used(root), 20 * sysconf(_SC_PAGESIZE));
}

static void the_real_files_say_something(void **state)
{
    (void)state;
    assert_in_range(ph_memory_used(""), 1, ph_memory_limit(""));
}

static int tear_down(void **state)
{
    (void)state;
    static const char *const names[] = {"/proc/meminfo",
                                        "/proc/self/cgroup",
                                        "/proc/self/statm",
                                        "/proc/self",
                                        "/proc",
                                        "/sys/fs/cgroup/house/play/memory.max",
                                        "/sys/fs/cgroup/house/play",
                                        "/sys/fs/cgroup/house/memory.max",
                                        "/sys/fs/cgroup/house",
                                        "/sys/fs/cgroup/memory/old/memory.limit_in_bytes",
                                        "/sys/fs/cgroup/memory/old",
                                        "/sys/fs/cgroup/memory",
                                        "/sys/fs/cgroup/memory.max",
                                        "/sys/fs/cgroup",
                                        "/sys/fs",
                                        "/sys",
                                        ""};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[512];
        snprintf(path, sizeof path, "%s%s", root, names[i]);
        if (remove(path))
            return -1;
    }
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_says),
        cmocka_unit_test(the_tightest_holds),
        cmocka_unit_test(the_real_files_say_something),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
