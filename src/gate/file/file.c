/* SPDX-License-Identifier: MIT */
#include "gate/file/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/siphash.h"
#include "base/text.h"

enum { FILE_MAX = 8 * 1024 * 1024, TAG = 24, FIELDS = 768 };

static const struct {
    const char *name, *type; /* below the folder, and as an asset */
} table[] = {{"watch.html", "text/html; charset=utf-8"},
             {"console.html", "text/html; charset=utf-8"},
             {"console.css", "text/css; charset=utf-8"},
             {"console.js", "text/javascript; charset=utf-8"},
             {"watch.css", "text/css; charset=utf-8"},
             {"watch.js", "text/javascript; charset=utf-8"},
             {"players/mpegts.js", "text/javascript; charset=utf-8"},
             {"players/hls.js", "text/javascript; charset=utf-8"}};

enum {
    WATCH,
    CONSOLE,
    N_PAGES, /* those that are not assets */
    N_FILES = sizeof table / sizeof *table
};

struct file {
    char *bytes; /* NULL: it is not there */
    size_t length;
    char tag[TAG];
};

struct ph_files {
    struct file file[N_FILES];
};

/* Scripts and styles of our own only; others may embed the player. */
static const char policy[] =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "media-src 'self' blob:; connect-src 'self' ws: wss:; frame-src 'self'; worker-src 'self' blob:; base-uri 'none'; "
    "form-action 'none'\r\n";

static int read_all(int descriptor, size_t length, struct file *file)
{
    size_t at = 0;
    file->bytes = malloc(length + 1);
    if (!file->bytes)
        return -ENOMEM;
    for (ssize_t n; at < length && (n = read(descriptor, file->bytes + at, length - at)) > 0;)
        at += (size_t)n;
    file->length = at;
    return 0;
}

static int load(const char *folder, const char *name, struct file *file)
{
    static const struct ph_hash_seed seed;
    char path[PATH_MAX];
    struct stat found;
    struct ph_text text;
    ph_text_init(&text, path, sizeof path);
    ph_text_add(&text, "%s/%s", folder, name);
    int descriptor = open(path, O_RDONLY | O_CLOEXEC), err = -ENOENT;
    if (descriptor < 0)
        return -ENOENT;
    if (fstat(descriptor, &found) == 0 && S_ISREG(found.st_mode) && found.st_size <= FILE_MAX)
        err = read_all(descriptor, (size_t)found.st_size, file);
    (void)close(descriptor);
    if (err)
        return err;
    ph_text_init(&text, file->tag, sizeof file->tag);
    ph_text_add(&text, "\"%016llx\"", (unsigned long long)ph_siphash(&seed, file->bytes, file->length));
    return 0;
}

int ph_files_load(const char *folder, struct ph_files **files, const char **missing)
{
    struct ph_files *made = calloc(1, sizeof *made);
    if (!made)
        return -ENOMEM;
    *missing = NULL;
    for (size_t i = 0; i < N_FILES; i++) {
        int err = load(folder, table[i].name, &made->file[i]);
        if (err == -ENOMEM) {
            ph_files_free(made);
            return err;
        }
        if (err && !*missing)
            *missing = table[i].name;
    }
    *files = made;
    return 0;
}

void ph_files_free(struct ph_files *files)
{
    for (size_t i = 0; files && i < N_FILES; i++)
        free(files->file[i].bytes);
    free(files);
}

static void keep(void *owner) { (void)owner; /* files live as long as the gate */ }

static void answer(const struct ph_files *files, size_t i, struct ph_exchange *exchange,
                   const struct ph_request *request)
{
    const struct file *file = &files->file[i];
    char fields[FIELDS];
    struct ph_text text;
    if (!file->bytes) {
        ph_exchange_refuse(exchange, 404, "this part of the page was not built; run tools/web in the source folder");
        return;
    }
    ph_text_init(&text, fields, sizeof fields);
    ph_text_add(&text, "ETag: %s\r\nCache-Control: no-cache\r\n%s", file->tag, i < N_PAGES ? policy : "");
    struct rtmp_text known = ph_http_field(request->head, "If-None-Match");
    bool is_known = known.data && ph_http_list_has(known, file->tag);
    ph_exchange_answer(exchange, &(struct ph_http_answer){.status = is_known ? 304 : 200,
                                                          .type = is_known ? NULL : table[i].type,
                                                          .fields = fields,
                                                          .body = file->bytes,
                                                          .length = is_known ? 0 : file->length,
                                                          .release = keep});
}

void ph_files_watch(void *user, struct ph_exchange *exchange, const struct ph_request *request)
{
    static const char assets[] = ".assets/";
    struct rtmp_text rest = request->rest;
    size_t prefix = sizeof assets - 1;
    if (rest.length < prefix || memcmp(rest.data, assets, prefix) != 0) {
        if (memchr(rest.data, '/', rest.length))
            answer(user, WATCH, exchange, request);
        else
            ph_exchange_refuse(exchange, 404, "a player's address is /watch/APP/STREAM");
        return;
    }
    for (size_t i = N_PAGES; i < N_FILES; i++)
        if (rtmp_text_is((struct rtmp_text){rest.data + prefix, rest.length - prefix}, table[i].name)) {
            answer(user, i, exchange, request);
            return;
        }
    ph_exchange_refuse(exchange, 404, "there is nothing here");
}

void ph_files_console(void *user, struct ph_exchange *exchange, const struct ph_request *request)
{
    answer(user, CONSOLE, exchange, request);
}
