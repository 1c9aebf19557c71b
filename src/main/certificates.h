/* SPDX-License-Identifier: MIT */
/**
 * @file  The certificates that the options tls.certificate and tls.key name.
 *
 * Thread  The main thread.
 */
#ifndef MAIN_CERTIFICATES_H
#define MAIN_CERTIFICATES_H

#include "net/certificates.h"
#include "ops/settings.h"

struct ph_log;

/** Whether there are any: else nobody is offered TLS. */
bool certificates_are_set(const struct ph_settings *settings);

/** Read them, at the start or again; on failure those from before stay. Says in the log when one expires soon.
 *  `error`: PH_SETTINGS_ERROR bytes. Returns 0; a negative errno value. */
PH_MUST_USE int certificates_read(struct ph_certificates *certificates, const struct ph_settings *settings,
                                  struct ph_log *log, char *error);

#endif
