/* SPDX-License-Identifier: MIT */
/* Notes between servers: what was not signed is refused; what was is read, and then written again as it was. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "cluster/note.h"

static const char key[] = "key of the fuzzer";

/* As a server that knows the key and writes whatever it likes. */
static void read_signed(const char *said)
{
    char text[2 * NOTE_TEXT], again[NOTE_TEXT];
    uint8_t code[PH_SECRET_CODE];
    struct note note;
    size_t length = strlen(said);
    if (length >= NOTE_TEXT)
        return;
    ph_secret_sign(key, strlen(key), said, length, code);
    for (size_t i = 0; i < sizeof code; i++) {
        text[2 * i] = "0123456789abcdef"[code[i] >> 4];
        text[2 * i + 1] = "0123456789abcdef"[code[i] & 15];
    }
    text[2 * sizeof code] = ' ';
    memcpy(text + 2 * sizeof code + 1, said, length + 1);
    if (!note_read(text, key, &note))
        return;
    struct note read;
    note_write(&note, key, again);
    if (!note_read(again, key, &read) || strcmp(read.path, note.path) != 0 || read.epoch != note.epoch)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct note note;
    char *text = malloc(size + 1);
    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    if (note_read(text, key, &note))
        abort(); /* a forgery */
    read_signed(text);
    free(text);
    return 0;
}
