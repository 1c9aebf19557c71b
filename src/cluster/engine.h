/* SPDX-License-Identifier: MIT */
/**
 * @file  The engine: the memory that the servers of a cluster share, and the post between them.
 *
 * It knows for each server whether it lives (a lease that has to be renewed), for each stream who has claimed it, and
 * carries news of claims to all servers and messages to one. A claim has an epoch, a number that only grows: who comes
 * with a lower one is refused. A claim of a server whose lease is over counts for nothing.
 *
 * Owner   Who opens it, until close. Requests belong to the caller again in `done`.
 * Thread  The loop it was opened on; `done` and events come from a fresh stack.
 */
#ifndef PH_CLUSTER_ENGINE_H
#define PH_CLUSTER_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PH_NODE_ID = 160,    /**< bytes of the name of a server's incarnation: "a.9f86d081884c7d65", with the NUL */
    PH_NODE_WHERE = 300, /**< of the address of a server: "rtmp://10.0.0.2:1935" */
};

enum ph_engine_verb {
    PH_ENGINE_BEAT,    /**< renew the lease */
    PH_ENGINE_LEAVE,   /**< give it up */
    PH_ENGINE_CLAIM,   /**< have the stream `path` */
    PH_ENGINE_RELEASE, /**< no more, if `epoch` is still its epoch */
    PH_ENGINE_FIND,    /**< who has it? */
    PH_ENGINE_POST,    /**< send `text` to `to` */
    PH_ENGINE_PEER,    /**< does the server `to` live? DONE or NOWHERE */
    PH_ENGINE_KEEP,    /**< keep `text` for the next host of the application `path` */
    PH_ENGINE_RECALL,  /**< take it: `kept`, or NOWHERE */
};

enum ph_engine_answer {
    PH_ENGINE_DONE,    /**< CLAIM: `epoch` is its number; FIND: `epoch`, `holder`, `where` */
    PH_ENGINE_HELD,    /**< CLAIM: another server has it: `epoch`, `holder`, `where` */
    PH_ENGINE_NOWHERE, /**< FIND: nobody has it */
    PH_ENGINE_EARLY,   /**< the engine is new and does not know yet what others hold: ask again after `wait_ms` */
    PH_ENGINE_LAPSED,  /**< CLAIM: there is no lease: renew it first */
    PH_ENGINE_LOST,    /**< the engine cannot be reached: nobody knows whether it was done */
};

struct ph_engine_request {
    enum ph_engine_verb verb;
    const char *path; /**< lent until done, as all texts; NULL where there is none */
    uint64_t epoch;   /**< CLAIM: the one that was granted before, 0: none; RELEASE: the same */
    uint64_t over;    /**< CLAIM: may be taken from whoever holds it with this epoch; 0: from nobody who lives */
    const char *to;
    const void *text;
    size_t length;  /**< of the text */
    bool is_packet; /**< the text is none, but bytes of link.h */
    void (*done)(struct ph_engine_request *request);

    /* in done */
    enum ph_engine_answer answer;
    bool was_alive; /**< BEAT: the lease had not run out */
    uint32_t wait_ms;
    char holder[PH_NODE_ID], where[PH_NODE_WHERE];
    const void *kept; /**< RECALL: lent until it returns */
    size_t kept_length;

    struct ph_engine_request *next; /**< private */
};

/** A claim, or, with holder "", the end of one. */
struct ph_engine_news {
    const char *path, *holder, *where; /**< lent */
    uint64_t epoch;
};

struct ph_engine_events {
    void (*up)(void *user);                    /**< it can be reached: nothing is known of what happened meanwhile */
    void (*down)(void *user, const char *why); /**< also when it could not be reached to begin with */
    void (*news)(void *user, const struct ph_engine_news *news);     /**< of all claims, one's own too */
    void (*message)(void *user, const char *text);                   /**< sent to this server */
    void (*packet)(void *user, const uint8_t *bytes, size_t length); /**< the same */
};

struct ph_engine {
    /** `done` comes once, unless the engine is closed before. */
    void (*ask)(struct ph_engine *engine, struct ph_engine_request *request);
    void (*close)(struct ph_engine *engine); /**< not inside its events */
};

#endif
