/* SPDX-License-Identifier: MIT */
/**
 * @file  The tables of functions that applications see: include/playhouse.
 *
 * host.c        answers, tasks, reload, log, options      host_values.c   values.h
 * host_rooms.c  rooms.h                                   host_members.c  members.h
 * host_shared.c shared.h
 * host_services.c store, jobs                             host_streams.c  streams
 * timers.c      timers                                    metric.c        metrics
 * http_client.c http
 *
 * Owner   Static storage.
 * Thread  Each function: the loop of the instance it is given.
 */
#ifndef PH_APP_HOST_H
#define PH_APP_HOST_H

#include <playhouse/app.h>

extern const struct ph_host ph_host_tables;
extern const struct ph_values ph_host_values;
extern const struct ph_members ph_host_members;
extern const struct ph_rooms ph_host_rooms;
extern const struct ph_shared ph_host_shared;
extern const struct ph_store_service ph_host_store;
extern const struct ph_jobs ph_host_jobs;
extern const struct ph_streams ph_host_streams;
extern const struct ph_http ph_host_http;
extern const struct ph_app_metrics ph_host_metrics;

#endif
