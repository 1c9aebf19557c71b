/* SPDX-License-Identifier: MIT */
/**
 * @file  Verbs: calls whose names begin with "$", which the server answers itself, alike for every gate.
 *
 *     $join(room, {password, options})   into another room; result {room}
 *     $leave()                           into the hall; result {room: ""}
 *     $rooms()                           those that are listed: [{name, members, capacity, locked, password, metadata}]
 *     $members()                         of one's room: [{id, user, attributes}]
 *
 * Thread  The instance's loop.
 */
#ifndef PH_APP_VERBS_H
#define PH_APP_VERBS_H

struct ph_letter;
struct ph_member;

/** Do what the call says, answer it now or later. */
void ph_verb_run(struct ph_member *member, struct ph_letter *call);

#endif
