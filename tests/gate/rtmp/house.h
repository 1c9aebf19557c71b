/* SPDX-License-Identifier: MIT */
/*
 * The gate with everything below it, on one loop turned by hand and a clock held in the hand; clients are rtmpwire's
 * own, on socket pairs. What a client sees is a text, one word group per event:
 *
 *     connected | ready 1 | begin 1 | 1 NetStream.Publish.Start | 1 video 40 7 | 1 data onMetaData 0 | eof 1 | gone
 */
#ifndef TESTS_GATE_RTMP_HOUSE_H
#define TESTS_GATE_RTMP_HOUSE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <rtmpwire/client.h>
#include <rtmpwire/message.h>

#include "app/access.h"
#include "app/app.h"
#include "gate/rtmp/rtmp.h"

#define SERVER_KEY   "server-key-234567"
#define CAM_KEY      "key-of-cam-234567"
#define HOUSE_SECRET "secret of some servers"

extern struct ph_rtmp *house_gate;
extern char house_log[64 * 1024]; /* all lines without their time */

/* Applications live (linger 1 s) and shut (not enabled); keys as above. */
void house_open(enum ph_rtmp_login login);
void house_close(void);

/* cmocka's fixture: house_open(PH_RTMP_LOGIN_URL). */
int house_set_up(void **state);
int house_tear_down(void **state);

/* Turn the loop and move bytes until nothing happens any more. */
void house_settle(void);

/* Let time pass. */
void house_wait_ms(unsigned ms);

/* In static storage: house_close() sees off who is still there. */
struct guest {
    struct rtmp_client *client; /* NULL: one that speaks by hand */
    int descriptor;
    bool is_deaf; /* does not read */
    bool is_gone;
    char seen[8192];
    char description[512]; /* of the last refusal or status */
    struct guest *next;
};

/* Come in and connect to `app`; "fresh" guests have no flashVer. */
void guest_connect(struct guest *guest, const char *app);
void guest_connect_as(struct guest *guest, const char *app, const char *flash_ver,
                      const struct rtmp_capabilities *capabilities);

/* With a secret that the client proves; the gate's is HOUSE_SECRET. */
void guest_connect_with(struct guest *guest, const char *app, const char *secret);

/* Come in and say nothing. */
void guest_come(struct guest *guest);

void guest_leave(struct guest *guest);

/* What it has seen since the last look. */
void guest_saw(struct guest *guest, const char *expected);

void guest_publish(struct guest *guest, const char *name);
void guest_play(struct guest *guest, const char *name);
void guest_send(struct guest *guest, uint8_t type, uint32_t stream_id, uint32_t time_ms, const char *hex);

#endif
