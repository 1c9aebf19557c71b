/* SPDX-License-Identifier: MIT */
#include "net/round.h"

static void on_home(struct ph_mail *mail)
{
    struct ph_round *round = ph_container_of(mail, struct ph_round, mail);
    round->done(round);
}

static void on_visit(struct ph_mail *mail);

static void go_on(struct ph_round *round)
{
    bool is_last = round->next == round->loops->n;
    round->mail.deliver = is_last ? on_home : on_visit;
    ph_loop_post(is_last ? round->home : &round->loops->loop[round->next], &round->mail);
}

static void on_visit(struct ph_mail *mail)
{
    struct ph_round *round = ph_container_of(mail, struct ph_round, mail);
    round->visit(round, &round->loops->loop[round->next++]);
    go_on(round);
}

void ph_round_start(struct ph_round *round)
{
    round->next = 0;
    go_on(round);
}
