/* SPDX-License-Identifier: MIT */
#include "media/survey.h"

#include "base/list.h"
#include "media/watch.h"
#include "media/worker.h"

static void tell_viewers(const struct ph_worker *worker, const struct ph_survey *survey)
{
    ph_list_for_each(node, &worker->all_watches)
    {
        const struct ph_watch *watch = ph_list_entry(node, struct ph_watch, in_worker);
        struct ph_viewers_row row = {.path = watch->path.text};
        ph_list_for_each(viewer, &watch->viewers) row.n++;
        if (row.n)
            survey->viewers(survey->user, &row);
    }
}

void ph_media_survey(struct ph_media *media, struct ph_loop *loop, const struct ph_survey *survey)
{
    const struct ph_worker *worker = ph_worker_of(media, loop);
    ph_publishers_tell(worker, survey);
    tell_viewers(worker, survey);
}
