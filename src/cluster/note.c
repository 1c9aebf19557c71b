/* SPDX-License-Identifier: MIT */
#include "cluster/note.h"

#include <string.h>

#include "base/secret.h"
#include "base/text.h"

enum { CODE = 2 * PH_SECRET_CODE };

static const char *const verbs[] = {
    [NOTE_ASK] = "ask", [NOTE_WAIT] = "wait", [NOTE_ALIVE] = "alive", [NOTE_GONE] = "gone"};

static void sign(const char *text, const char *key, char code[CODE + 1])
{
    uint8_t bytes[PH_SECRET_CODE];
    struct ph_text out;
    ph_secret_sign(key, strlen(key), text, strlen(text), bytes);
    ph_text_init(&out, code, CODE + 1);
    ph_text_add_hex(&out, bytes, sizeof bytes);
}

void note_write(const struct note *note, const char *key, char text[NOTE_TEXT])
{
    char code[CODE + 1];
    struct ph_text out;
    ph_text_init(&out, text + CODE + 1, NOTE_TEXT - CODE - 1);
    ph_text_add(&out, "%s %s %s %s %llu", note->from, note->to, verbs[note->verb], note->path,
                (unsigned long long)note->epoch);
    sign(text + CODE + 1, key, code);
    memcpy(text, code, CODE);
    text[CODE] = ' ';
}

/* The next word of `at`, which moves on. False: there is none, or it does not fit. */
static bool take(const char **at, char *word, size_t cap)
{
    size_t length = strcspn(*at, " ");
    if (length == 0 || length >= cap)
        return false;
    memcpy(word, *at, length);
    word[length] = '\0';
    *at += length + ((*at)[length] == ' ');
    return true;
}

static bool read_verb(const char *word, enum note_verb *verb)
{
    for (size_t i = 0; i < PH_COUNT(verbs); i++)
        if (strcmp(word, verbs[i]) == 0) {
            *verb = (enum note_verb)i;
            return true;
        }
    return false;
}

bool note_read(const char *text, const char *key, struct note *note)
{
    char code[CODE + 1], said[CODE + 1], verb[16], epoch[24];
    const char *at = text;
    if (!take(&at, said, sizeof said))
        return false;
    sign(at, key, code);
    return ph_secret_equal(said, strlen(said), code, CODE) && take(&at, note->from, sizeof note->from) &&
           take(&at, note->to, sizeof note->to) && take(&at, verb, sizeof verb) &&
           take(&at, note->path, sizeof note->path) && take(&at, epoch, sizeof epoch) && *at == '\0' &&
           read_verb(verb, &note->verb) && ph_text_u64(epoch, &note->epoch) == 0;
}
