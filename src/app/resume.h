/* SPDX-License-Identifier: MIT */
/**
 * @file  Resuming: a member whose connection is lost keeps its place for the grace period of its room.
 *
 * Every welcome carries a new token. Who shows it within the period is the member again, with its attributes and its
 * room, and is told what it missed: calls of the application, at most PH_LIMIT_MISSED of them. It also takes the place
 * of a connection that is half dead. `complete` in the welcome says that nothing of the room is missing in between, as
 * far as the client has said which event it saw last.
 *
 * Owner   The member.
 * Thread  The instance's loop.
 */
#ifndef PH_APP_RESUME_H
#define PH_APP_RESUME_H

#include <stdbool.h>
#include <stdint.h>

#include "app/member.h"

struct ph_letter;

/** An unpredictable text that nobody has been given before. False: there is no randomness, and nothing is written. */
PH_MUST_USE bool ph_token_write(char token[PH_TOKEN_TEXT]);

/** Its connection is lost. True: it keeps its place; false: its room has no grace period. */
bool ph_member_drop(struct ph_member *member);

/** A JOIN letter with a token. True: it was valid, and the letter has been answered. */
bool ph_member_resume(struct ph_instance *instance, struct ph_letter *join);

/** A letter for a member that cannot hear it now: kept, or thrown away when it is of no use later. */
void ph_member_miss(struct ph_member *member, struct ph_letter *letter);

/** Its client can hear now: what was kept is said. */
void ph_member_send_missed(struct ph_member *member);

/** Make a new token for a member whose room has a grace period; "" when it has none. */
const char *ph_member_renew_token(struct ph_member *member);

/** Forget token and missed letters. */
void ph_member_end_grace(struct ph_member *member);

#endif
