/* SPDX-License-Identifier: MIT */
#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/random.h"

static const char letters[32] = "abcdefghijklmnopqrstuvwxyz234567";

/* 256 is a multiple of 32: every letter is as likely. */
static char letter_of(uint8_t byte) { return letters[byte & 31]; }

bool ph_secret_equal(const void *a, size_t a_length, const void *b, size_t b_length)
{
    if (a_length != b_length)
        return false;
    const uint8_t *p = a, *q = b;
    volatile uint8_t difference = 0;
    for (size_t i = 0; i < a_length; i++)
        difference |= (uint8_t)(p[i] ^ q[i]);
    return difference == 0;
}

int ph_secret_make(char *text, size_t length)
{
    int err = ph_random_fill(text, length);
    for (size_t i = 0; i < length; i++)
        text[i] = letter_of((uint8_t)text[i]);
    text[length] = '\0';
    return err;
}

static int write_all(int file, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t n = write(file, bytes, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        bytes += n;
        length -= (size_t)n;
    }
    return 0;
}

int ph_secret_write(const char *path, const char *text)
{
    char fresh[PATH_MAX];
    int length = snprintf(fresh, sizeof fresh, "%s.new", path);
    if (length < 0 || (size_t)length >= sizeof fresh)
        return -ENAMETOOLONG;
    if (unlink(fresh) && errno != ENOENT) /* what a crash may have left */
        return -errno;
    int file = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0)
        return -errno;

    int err = fchmod(file, 0600) ? -errno : 0;
    if (!err)
        err = write_all(file, text, strlen(text));
    if (!err)
        err = write_all(file, "\n", 1);
    if (!err && fsync(file))
        err = -errno;
    if (close(file) && !err)
        err = -errno;
    if (!err && rename(fresh, path))
        err = -errno;
    if (err)
        unlink(fresh);
    return err;
}

static int check_private(int file)
{
    struct stat about;
    if (fstat(file, &about))
        return -errno;
    bool is_private = S_ISREG(about.st_mode) && (about.st_mode & (S_IRWXG | S_IRWXO)) == 0;
    bool is_ours = about.st_uid == geteuid() || about.st_uid == 0;
    return is_private && is_ours ? 0 : -EPERM;
}

static int check_text(const char *text, size_t length)
{
    if (length == 0)
        return -EINVAL;
    for (size_t i = 0; i < length; i++)
        if ((uint8_t)text[i] < 0x20 || text[i] == 0x7f)
            return -EINVAL;
    return 0;
}

int ph_secret_read(const char *path, char *text, size_t cap)
{
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* not to hang on a pipe */
    if (file < 0)
        return -errno;
    char bytes[PH_SECRET_MAX + 2]; /* with its line feed, and one more to see that it is too long */
    size_t length = 0;
    int err = check_private(file);
    while (!err && length < sizeof bytes) {
        ssize_t n = read(file, bytes + length, sizeof bytes - length);
        if (n < 0 && errno != EINTR)
            err = -errno;
        if (n == 0)
            break;
        if (n > 0)
            length += (size_t)n;
    }
    close(file);
    if (!err) {
        if (length > 0 && bytes[length - 1] == '\n')
            length--;
        err = length > PH_SECRET_MAX || length >= cap ? -EMSGSIZE : check_text(bytes, length);
    }
    if (!err) {
        memcpy(text, bytes, length);
        text[length] = '\0';
    }
    explicit_bzero(bytes, sizeof bytes);
    return err;
}

void ph_secret_sign(const void *key, size_t key_length, const void *text, size_t length, uint8_t code[PH_SECRET_CODE])
{
    unsigned size = PH_SECRET_CODE;
    if (!HMAC(EVP_sha256(), key, (int)key_length, text, length, code, &size))
        abort(); /* out of memory where nothing can be said without it */
}

void ph_secret_derive(const char *secret, const char *purpose, char *text, size_t length)
{
    uint8_t code[2 * PH_SECRET_CODE];
    ph_secret_sign(secret, strlen(secret), purpose, strlen(purpose), code);
    ph_secret_sign(secret, strlen(secret), code, PH_SECRET_CODE, code + PH_SECRET_CODE);
    for (size_t i = 0; i < length; i++)
        text[i] = letter_of(code[i]);
    text[length] = '\0';
}
