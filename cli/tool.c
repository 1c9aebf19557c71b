/* SPDX-License-Identifier: MIT */
#include "cli/tool.h"

#include <string.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} commands[] = {{"call", cli_call},       {"cert", cli_cert},   {"play", cli_play}, {"probe", cli_probe},
                {"publish", cli_publish}, {"relay", cli_relay}, {"so", cli_so}};

enum { N_COMMANDS = sizeof commands / sizeof *commands };

static int find(int argc, char **argv)
{
    for (int i = 0; i < N_COMMANDS; i++)
        if (argc > 1 && strcmp(argv[1], commands[i].name) == 0)
            return i;
    return N_COMMANDS;
}

bool cli_knows(int argc, char **argv) { return find(argc, argv) < N_COMMANDS; }

int cli_run(int argc, char **argv) { return commands[find(argc, argv)].run(argc - 2, argv + 2); }
