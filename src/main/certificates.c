/* SPDX-License-Identifier: MIT */
#include "main/certificates.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"

enum { SOON_DAYS = 14 };

/* The names of a list "a.pem, b.pem", as the configuration means them: relative to the folder of its file. */
struct paths {
    size_t n;
    char path[PH_CERTIFICATES_MAX][PATH_MAX];
};

bool certificates_are_set(const struct ph_settings *settings) { return settings->server.certificate[0]; }

static int split(const char *list, const char *folder, struct paths *paths)
{
    for (paths->n = 0; *list;) {
        size_t skip = strspn(list, " ,"), length = strcspn(list + skip, ",");
        const char *name = list + skip;
        list = name + length;
        while (length && name[length - 1] == ' ')
            length--;
        if (!length)
            continue;
        if (paths->n == PH_CERTIFICATES_MAX)
            return -EINVAL;
        struct ph_text text;
        ph_text_init(&text, paths->path[paths->n++], PATH_MAX);
        if (name[0] != '/' && folder)
            ph_text_add(&text, "%s/", folder);
        ph_text_add(&text, "%.*s", (int)length, name);
        if (text.cut)
            return -EINVAL;
    }
    return 0;
}

static int tell(char *error, const char *what)
{
    struct ph_text text;
    ph_text_init(&text, error, PH_SETTINGS_ERROR);
    ph_text_add(&text, "%s", what);
    return -EINVAL;
}

static void warn(struct ph_log *log, int days)
{
    if (days < 0)
        ph_log_error(log, "tls.certificate", "a certificate has expired: clients refuse it");
    else if (days < SOON_DAYS)
        ph_log_warning(log, "tls.certificate", "a certificate expires in %d days", days);
}

static int read_pairs(struct ph_certificates *certificates, const struct paths *certificate, const struct paths *key,
                      struct ph_log *log, char *error)
{
    struct ph_certificate_files files[PH_CERTIFICATES_MAX];
    int days = 0;
    if (key->n != 0 && key->n != certificate->n)
        return tell(error, "tls.key: name as many files as tls.certificate, in the same order, or none");
    for (size_t i = 0; i < certificate->n; i++)
        files[i] = (struct ph_certificate_files){certificate->path[i], key->n ? key->path[i] : certificate->path[i]};
    int err = ph_certificates_load(certificates, files, certificate->n, &days, error);
    if (!err)
        warn(log, days);
    return err;
}

int certificates_read(struct ph_certificates *certificates, const struct ph_settings *settings, struct ph_log *log,
                      char *error)
{
    struct paths *paths = calloc(2, sizeof *paths);
    if (!paths)
        return -ENOMEM;
    int err = split(settings->server.certificate, settings->folder, &paths[0]) ||
                      split(settings->server.key, settings->folder, &paths[1])
                  ? tell(error, "tls.certificate: at most 16 files, each with a name of a sensible length")
                  : read_pairs(certificates, &paths[0], &paths[1], log, error);
    free(paths);
    return err;
}
