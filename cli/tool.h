/* SPDX-License-Identifier: MIT */
/**
 * @file  Commands beside the server itself: clients for scripts and for the keyboard, a certificate for trying things.
 *
 *     playhouse call URL METHOD [JSON...]    call a method, print what it returns as one line of JSON
 *     playhouse cert [-o FOLDER] [NAME...]   make a certificate for trying TLS
 *     playhouse play URL [-o FILE]           write a stream as FLV
 *     playhouse probe URL [--seconds N]      measure a stream, print one line of JSON
 *     playhouse publish FILE|- URL [--loop]  publish FLV in real time
 *     playhouse relay FROM TO                carry a stream from one server to another
 *     playhouse so URL NAME [options]        use a shared object, print every change as one line of JSON
 *
 * Status 0: it was done; 1: it could not be done, and one line on stderr says why; 2: that is no such command.
 */
#ifndef CLI_TOOL_H
#define CLI_TOOL_H

#include <stdbool.h>

/** Whether the arguments are one of these commands. */
bool cli_knows(int argc, char **argv);

/** Run it; returns the status of the process. */
int cli_run(int argc, char **argv);

/* The commands, with their own arguments */
int cli_call(int argc, char **argv);
int cli_cert(int argc, char **argv);
int cli_play(int argc, char **argv);
int cli_probe(int argc, char **argv);
int cli_publish(int argc, char **argv);
int cli_relay(int argc, char **argv);
int cli_so(int argc, char **argv);

#endif
