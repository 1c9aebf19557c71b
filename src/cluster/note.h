/* SPDX-License-Identifier: MIT */
/**
 * @file  Notes: what servers of a cluster write to each other, one line each, signed with the cluster's key.
 *
 *     ask PATH EPOCH      you have this stream, and somebody wants to publish it here: does your publisher live?
 *     wait PATH EPOCH     I am looking
 *     alive PATH EPOCH    it does
 *     gone PATH EPOCH     it does not, or I do not have the stream
 *
 * On the wire: CODE FROM TO VERB PATH EPOCH, the code in hexadecimal over what follows it.
 *
 * Thread  Any.
 */
#ifndef PH_CLUSTER_NOTE_H
#define PH_CLUSTER_NOTE_H

#include <stdbool.h>
#include <stdint.h>

#include "cluster/engine.h"
#include "media/path.h"

enum { NOTE_TEXT = 1024 };

enum note_verb { NOTE_ASK, NOTE_WAIT, NOTE_ALIVE, NOTE_GONE };

struct note {
    enum note_verb verb;
    char from[PH_NODE_ID], to[PH_NODE_ID];
    char path[PH_PATH_MAX];
    uint64_t epoch;
};

void note_write(const struct note *note, const char *key, char text[NOTE_TEXT]);

/** False: it was not signed with `key`, or says nothing that can be understood. */
bool note_read(const char *text, const char *key, struct note *note);

#endif
