/* SPDX-License-Identifier: MIT */
#include "app/metric.h"

#include <string.h>

#include <playhouse/base.h>

#include "app/host.h"
#include "app/instance.h"
#include "app/theatre.h"
#include "base/log.h"
#include "base/text.h"

static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";

int ph_metric_find(struct ph_metrics *metrics, const char *name, bool is_counter, struct ph_metric **metric)
{
    size_t n = atomic_load_explicit(&metrics->n, memory_order_relaxed);
    size_t length = name ? strlen(name) : 0;
    if (length == 0 || length >= PH_METRIC_NAME || strspn(name, allowed) != length)
        return PH_E_ARGUMENT;
    for (size_t i = 0; i < n; i++)
        if (strcmp(metrics->metric[i].name, name) == 0) {
            *metric = &metrics->metric[i];
            return (*metric)->is_counter == is_counter ? 0 : PH_E_ARGUMENT;
        }
    if (n == PH_LIMIT_APP_METRICS)
        return PH_E_LIMIT;
    struct ph_metric *made = &metrics->metric[n];
    memcpy(made->name, name, length + 1);
    made->is_counter = is_counter;
    atomic_store_explicit(&metrics->n, n + 1, memory_order_release);
    *metric = made;
    return 0;
}

/* The functions return nothing: a script is not to fail for a figure. The log says once what was wrong. */
static struct ph_metric *find(struct ph_app *app, const char *name, bool is_counter)
{
    struct ph_instance *instance = ph_instance_of(app);
    struct ph_metric *metric;
    int err = ph_metric_find(&instance->metrics, name, is_counter, &metric);
    if (!err)
        return metric;
    if (!instance->has_odd_metric)
        ph_log_warning(instance->theatre->log, app->name, "the metric \"%.64s\" is not kept: %s", name ? name : "",
                       err == PH_E_LIMIT ? "the application has as many as it may"
                                         : "its name has other characters than A-Z a-z 0-9 _ . -, or is too long, or "
                                           "it is used with both add and set");
    instance->has_odd_metric = true;
    return NULL;
}

static void add(struct ph_app *app, const char *name, double by)
{
    struct ph_metric *metric = by >= 0 ? find(app, name, true) : NULL;
    if (metric)
        atomic_store_explicit(&metric->value, atomic_load_explicit(&metric->value, memory_order_relaxed) + by,
                              memory_order_relaxed);
}

static void set(struct ph_app *app, const char *name, double to)
{
    struct ph_metric *metric = find(app, name, false);
    if (metric)
        atomic_store_explicit(&metric->value, to, memory_order_relaxed);
}

const struct ph_app_metrics ph_host_metrics = {.version = 1, .size = sizeof ph_host_metrics, .add = add, .set = set};
