/* SPDX-License-Identifier: MIT */
#include "app/reserve.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/instance.h"
#include "app/member.h"
#include "app/resume.h"
#include "app/room.h"
#include "base/limits.h"

struct reservation {
    struct ph_list link; /* in its room */
    struct ph_room *room;
    uint32_t n_seats; /* left */
    char ticket[PH_TOKEN_TEXT];
    struct ph_timer expiry;
};

static struct reservation *find(const struct ph_room *room, const char *ticket)
{
    size_t length = ticket ? strlen(ticket) : 0;
    struct reservation *found = length ? ph_map_get(&room->instance->tickets, ticket, length) : NULL;
    return found && found->room == room ? found : NULL;
}

static void end(struct reservation *reservation)
{
    struct ph_room *room = reservation->room;
    ph_timer_stop(room->instance->loop, &reservation->expiry);
    (void)ph_map_remove(&room->instance->tickets, reservation->ticket, PH_TOKEN_TEXT - 1);
    ph_list_remove(&reservation->link);
    room->n_reserved -= reservation->n_seats;
    free(reservation);
}

static void on_expiry(struct ph_timer *timer)
{
    struct reservation *reservation = ph_container_of(timer, struct reservation, expiry);
    struct ph_room *room = reservation->room;
    struct ph_instance *instance = room->instance;
    ph_instance_begin(instance);
    end(reservation);
    ph_room_settle(room);
    ph_instance_end(instance);
}

int ph_reserve(struct ph_room *room, uint32_t n_seats, const char **ticket)
{
    struct ph_instance *instance = room->instance;
    if (room->is_closed || room->options.locked || !ph_room_has_seats(room, n_seats))
        return PH_E_STATE;
    struct reservation *made = calloc(1, sizeof *made);
    if (!made || !ph_token_write(made->ticket)) {
        free(made);
        return PH_E_MEMORY;
    }
    int err = ph_map_add(&instance->tickets, made->ticket, PH_TOKEN_TEXT - 1, made);
    if (err) {
        free(made);
        return err == -ENOSPC ? PH_E_LIMIT : PH_E_MEMORY;
    }
    made->room = room;
    made->n_seats = n_seats;
    room->n_reserved += n_seats;
    ph_list_append(&room->reservations, &made->link);
    ph_timer_init(&made->expiry, on_expiry);
    ph_timer_start(instance->loop, &made->expiry, (uint64_t)PH_LIMIT_RESERVED_MS * 1000);
    ph_timer_stop(instance->loop, &room->dispose);
    *ticket = made->ticket;
    return 0;
}

bool ph_reservation_holds(const struct ph_room *room, const char *ticket) { return find(room, ticket); }

void ph_reservation_take(struct ph_room *room, const char *ticket)
{
    struct reservation *reservation = find(room, ticket);
    if (!reservation)
        return;
    reservation->n_seats--;
    room->n_reserved--;
    if (!reservation->n_seats)
        end(reservation);
}

void ph_reservations_end(struct ph_room *room)
{
    for (struct ph_list *node; (node = ph_list_first(&room->reservations));)
        end(ph_list_entry(node, struct reservation, link));
}
