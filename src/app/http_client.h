/* SPDX-License-Identifier: MIT */
/**
 * @file  The HTTP client of an application: libcurl's transfers on the instance's loop.
 *
 * http and https alone; redirections are not followed, for who asks decides where its secrets go. A body is never sent
 * twice: when a connection that was used before breaks, the request fails instead of being repeated. Idle connections
 * live 4 s.
 *
 * Owner   The instance; made by its first request.
 * Thread  The instance's loop.
 * Limits  PH_LIMIT_APP_REQUESTS, PH_LIMIT_APP_REPLY.
 */
#ifndef PH_APP_HTTP_CLIENT_H
#define PH_APP_HTTP_CLIENT_H

struct ph_http_client;

/** End every request unheard, and the client. NULL is fine. */
void ph_http_client_free(struct ph_http_client *client);

#endif
