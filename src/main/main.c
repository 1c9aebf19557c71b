/* SPDX-License-Identifier: MIT */
/* playhouse: reads its options, starts the server, waits for signals. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "apps/bundled.h"
#include "base/clock.h"
#include "cli/tool.h"
#include "gate/api/resource.h"
#include "main/banner.h"
#include "main/server.h"
#include "ops/command_line.h"
#include "ops/config.h"
#include "ops/reload.h"

enum { EXIT_WRONG = 2, POLL_NS = 10 * 1000 * 1000 };

extern char **environ;

static int tell(const char *error)
{
    fprintf(stderr, "playhouse: %s\n", error);
    return EXIT_WRONG;
}

/* Blocked before any thread is made, so that all threads leave them to this one. */
static void take_signals(sigset_t *signals)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, &ignore, NULL);
    sigemptyset(signals);
    sigaddset(signals, SIGTERM);
    sigaddset(signals, SIGINT);
    sigaddset(signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, signals, NULL);
}

static int open_state(const struct ph_command_line *line, const struct ph_settings *settings, struct ph_state *state,
                      char *error)
{
    const char *shared = settings->server.cluster_secret_file;
    int err = ph_state_open(line->state, state, error);
    return err || !settings->server.cluster_url[0] ? err : ph_state_join(shared, state, error);
}

/* Reads everything again; what cannot change while clients are connected is only named. */
static void reload(struct server *server, const struct ph_command_line *line, const struct ph_settings *settings)
{
    static struct ph_state state;
    struct ph_settings wanted;
    char error[PH_SETTINGS_ERROR], waiting[1024] = "";
    struct ph_text names;
    struct ph_log *log = server_log(server);
    if (ph_command_line_settings(line, (const char *const *)environ, &wanted, error)) {
        ph_log_error(log, NULL, "SIGHUP: nothing was changed: %s", error);
        return;
    }
    ph_text_init(&names, waiting, sizeof waiting);
    if (open_state(line, &wanted, &state, error)) {
        ph_log_error(log, NULL, "SIGHUP: nothing was changed: %s", error);
    } else if (server_reload(server, &wanted, &state)) {
        ph_log_error(log, NULL, "SIGHUP: nothing was changed: out of memory");
    } else {
        bool waits = ph_reload_waits(settings, &wanted, &names);
        ph_log_warning(log, NULL, "SIGHUP: publish keys and log level were read again%s%s",
                       waits ? "; these changes wait for a restart: " : "", waiting);
    }
    explicit_bzero(&state, sizeof state);
    ph_settings_finish(&wanted);
}

/* Until somebody asks for the end; meanwhile tell once a second what the log has left out. */
static void wait_for_end(const sigset_t *signals, struct server *server, const struct ph_command_line *line,
                         const struct ph_settings *settings)
{
    static const struct timespec second = {.tv_sec = 1};
    for (;;) {
        int which = sigtimedwait(signals, NULL, &second);
        if (which == SIGTERM || which == SIGINT)
            return;
        if (which == SIGHUP)
            reload(server, line, settings);
        server_watch_memory(server);
        ph_log_flush(server_log(server));
    }
}

/* Until everybody has left, the time is over or somebody is impatient. */
static void wait_for_clients(const sigset_t *signals, const struct server *server, int64_t drain_ms)
{
    static const struct timespec moment = {.tv_nsec = POLL_NS};
    uint64_t until_us = ph_clock_us(&ph_clock_system) + (uint64_t)drain_ms * 1000;
    while (server_n_clients(server) > 0 && ph_clock_us(&ph_clock_system) < until_us) {
        int which = sigtimedwait(signals, NULL, &moment);
        if (which == SIGTERM || which == SIGINT)
            return;
    }
}

static int serve(const struct ph_command_line *line, const struct ph_settings *settings, uint64_t began_us)
{
    static struct ph_state state; /* too large for a stack */
    char error[PH_SETTINGS_ERROR];
    struct server *server;
    sigset_t signals;
    if (open_state(line, settings, &state, error))
        return tell(error);
    take_signals(&signals);
    if (server_start(settings, &state, &server, error))
        return tell(error);
    banner_print(stdout, server, line, settings, &state);
    ph_log_info(server_log(server), NULL, "ready after %.1f ms",
                (double)(ph_clock_us(&ph_clock_system) - began_us) / 1000);

    wait_for_end(&signals, server, line, settings);
    ph_log_info(server_log(server), NULL, "stopping: %u clients are told", server_n_clients(server));
    server_drain(server);
    wait_for_clients(&signals, server, settings->server.drain_ms);
    ph_log_info(server_log(server), NULL, "stopped, %u clients cut off", server_n_clients(server));
    server_stop(server);
    explicit_bzero(&state, sizeof state);
    return EXIT_SUCCESS;
}

static int run(const struct ph_command_line *line, uint64_t began_us)
{
    struct ph_settings settings;
    char error[PH_SETTINGS_ERROR];
    if (ph_command_line_settings(line, (const char *const *)environ, &settings, error))
        return tell(error);
    int status = EXIT_SUCCESS;
    if (line->command == PH_COMMAND_CHECK_CONFIG)
        puts("the configuration is good");
    else
        status = serve(line, &settings, began_us);
    ph_settings_finish(&settings);
    return status;
}

int main(int argc, char **argv)
{
    uint64_t began_us = ph_clock_us(&ph_clock_system);
    struct ph_command_line line;
    char error[PH_SETTINGS_ERROR];
    if (cli_knows(argc, argv))
        return cli_run(argc, argv);
    if (ph_command_line_parse(argc, (const char *const *)argv, &line, error))
        return tell(error);
    switch (line.command) {
    case PH_COMMAND_HELP:
        ph_help_print(stdout);
        return EXIT_SUCCESS;
    case PH_COMMAND_HELP_MARKDOWN:
        ph_manual_print(stdout, ph_bundled_types, PH_BUNDLED_TYPES);
        return EXIT_SUCCESS;
    case PH_COMMAND_SAMPLE_CONFIG:
        ph_config_print_sample(stdout);
        return EXIT_SUCCESS;
    case PH_COMMAND_OPENAPI:
        ph_api_print_description(stdout);
        return EXIT_SUCCESS;
    case PH_COMMAND_VERSION:
        puts("playhouse " PLAYHOUSE_VERSION);
        return EXIT_SUCCESS;
    case PH_COMMAND_SERVE:
    case PH_COMMAND_CHECK_CONFIG:
        break;
    }
    return run(&line, began_us);
}
