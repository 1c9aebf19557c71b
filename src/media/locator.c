/* SPDX-License-Identifier: MIT */
/* A question is a claim that never gets the stream: it hears what a newcomer would hear. */
#include "media/locator.h"

#include <errno.h>
#include <stdlib.h>

#include "media/directory.h"
#include "media/worker.h"

struct ph_media_asking {
    struct ph_media_question *question;
    struct ph_path path;
    struct ph_claim claim;
};

static void answer(struct ph_claim *claim, bool is_alive)
{
    struct ph_media_question *question = ph_container_of(claim, struct ph_media_asking, claim)->question;
    ph_claim_leave(claim);
    question->done(question, is_alive);
}

static void on_granted(struct ph_claim *claim) { answer(claim, false); }
static void on_denied(struct ph_claim *claim) { answer(claim, true); }
static void on_nothing(struct ph_claim *claim) { (void)claim; }
static void on_left(struct ph_claim *claim) { free(ph_container_of(claim, struct ph_media_asking, claim)); }

int ph_media_ask(struct ph_media *media, struct ph_media_question *question)
{
    static const struct ph_claim_events events = {on_granted, on_denied, on_nothing, on_nothing, on_left};
    struct ph_media_asking *asking = calloc(1, sizeof *asking);
    if (!asking)
        return -ENOMEM;
    asking->question = question;
    asking->path = question->path;
    asking->claim = (struct ph_claim){.worker = ph_worker_of_path(media, &question->path),
                                      .path = &asking->path,
                                      .via = "",
                                      .kind = PH_CLAIM_QUESTION,
                                      .events = &events};
    ph_claim_open(&asking->claim);
    return 0;
}

void ph_media_set_locator(struct ph_media *media, const struct ph_locator *locator) { media->locator = *locator; }

const char *ph_media_where(struct ph_media *media, const struct ph_path *path)
{
    const struct ph_locator *locator = &media->locator;
    return locator->where ? locator->where(locator->user, ph_media_desk(media, path), path) : "";
}
