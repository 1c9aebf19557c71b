/* SPDX-License-Identifier: MIT */
/*
 * A plain main for a fuzz target: hands it each file named, and each file in each folder named, and prints how many.
 * So the corpus is a regression test of every build, with every compiler; libFuzzer is needed only to find more.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool complain(const char *path)
{
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
    return false;
}

/* The copy handed over is exactly as long as the input, so that a sanitizer sees the first byte read past it. */
static bool replay_bytes(FILE *file, size_t size)
{
    uint8_t *data = malloc(size > 0 ? size : 1);
    bool whole = data && fread(data, 1, size, file) == size;
    if (whole)
        LLVMFuzzerTestOneInput(data, size);
    free(data);
    return whole;
}

static bool replay_file(const char *path, size_t size, size_t *n_inputs)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return complain(path);
    bool done = replay_bytes(file, size);
    fclose(file);
    if (!done)
        return complain(path);
    ++*n_inputs;
    return true;
}

static bool replay(const char *path, size_t *n_inputs);

static int is_visible(const struct dirent *entry) { return entry->d_name[0] != '.'; }

static bool replay_folder(const char *path, size_t *n_inputs)
{
    struct dirent **entries;
    int n_entries = scandir(path, &entries, is_visible, alphasort);
    if (n_entries < 0)
        return complain(path);
    bool done = true;
    for (int i = 0; i < n_entries; i++) {
        char inner[4096];
        int length = snprintf(inner, sizeof inner, "%s/%s", path, entries[i]->d_name);
        free(entries[i]);
        done = length > 0 && (size_t)length < sizeof inner && replay(inner, n_inputs) && done;
    }
    free(entries);
    return done;
}

static bool replay(const char *path, size_t *n_inputs)
{
    struct stat info;
    if (stat(path, &info))
        return complain(path);
    return S_ISDIR(info.st_mode) ? replay_folder(path, n_inputs) : replay_file(path, (size_t)info.st_size, n_inputs);
}

int main(int argc, char **argv)
{
    const char *slash = strrchr(argv[0], '/');
    size_t n_inputs = 0;
    bool done = true;
    for (int i = 1; i < argc; i++)
        done = replay(argv[i], &n_inputs) && done;
    printf("%s: %zu inputs\n", slash ? slash + 1 : argv[0], n_inputs);
    return done && n_inputs > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
