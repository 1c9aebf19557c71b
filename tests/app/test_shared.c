/* SPDX-License-Identifier: MIT */
/* Shared objects, one rule after the other: what who asks and the others are told, what is refused, who waits. */
#include "stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rtmpwire/value.h>

#include "app/room.h"
#include "base/limits.h"
#include "base/text.h"

enum { BIG = PH_LIMIT_SLOT_BYTES / 2, FIT = PH_LIMIT_OBJECT_BYTES / BIG - 1 };

static char book[16384]; /* what guests were told */
static char watched[4096];
static ph_shared_id board;
static int opened;

static const char *value_text(const struct rtmp_value *value)
{
    static char text[32];
    if (!value)
        return "";
    if (rtmp_value_type(value) == RTMP_STRING)
        snprintf(text, sizeof text, "=%.20s", value->text);
    else
        snprintf(text, sizeof text, "=%g", rtmp_value_number(value, -1));
    return text;
}

static void add(char *to, size_t cap, const char *words)
{
    size_t used = strlen(to);
    assert_true(used + strlen(words) + 2 < cap);
    snprintf(to + used, cap - used, "%s%s", used ? " " : "", words);
}

static void on_report(struct guest *guest, const struct ph_shared_report *report)
{
    static const char *const news[] = {"used", "cleared", "changed", "removed", "success", "message", "status"};
    char words[512];
    snprintf(words, sizeof words, "%s@%u", guest->name, report->version);
    add(book, sizeof book, words);
    for (size_t i = 0; i < report->n; i++) {
        const struct ph_shared_event *event = &report->events[i];
        bool has_value = event->news == PH_NEWS_CHANGED;
        snprintf(words, sizeof words, "%s%s%s%s", news[event->news], event->name ? ":" : "",
                 event->name ? event->name : "", has_value ? value_text(event->value) : "");
        add(book, sizeof book, words);
    }
}

static void heard(const char *words)
{
    stage_turn();
    if (strcmp(book, words) != 0)
        print_message("heard  %s\nwanted %s\n", book, words);
    assert_string_equal(book, words);
    book[0] = '\0';
}

static void on_changed(struct ph_app *app, ph_shared_id shared, ph_member_id member,
                       const struct ph_shared_change *changes, size_t n_changes, void *user)
{
    char words[128];
    (void)app;
    (void)user;
    assert_true(shared == board);
    for (size_t i = 0; i < n_changes; i++) {
        snprintf(words, sizeof words, "%s:%d%s%s", member ? "member" : "app", changes[i].kind,
                 changes[i].name ? changes[i].name : "", value_text(ph_value_in(changes[i].value)));
        add(watched, sizeof watched, words);
    }
}

static void saw(const char *words)
{
    stage_turn();
    assert_string_equal(watched, words);
    watched[0] = '\0';
}

static void on_opened(struct ph_app *app, void *user, int error, const struct ph_value *value)
{
    (void)app;
    (void)user;
    (void)value;
    assert_int_equal(error, 0);
    opened++;
}

static const struct ph_shared *host(void) { return stage_app->host->shared; }

static void watch(void)
{
    opened = 0;
    assert_int_equal(host()->open(stage_app, stage_room, "board", false, on_changed, on_opened, NULL, &board), 0);
    assert_int_equal(opened, 0); /* never from inside */
    stage_turn();
    assert_int_equal(opened, 1);
}

static struct guest *join(const char *name)
{
    stage_on_report = on_report;
    return stage_join(name, "stage/room");
}

static void ask(struct guest *guest, const char *object, uint32_t known, const struct ph_shared_change *changes,
                size_t n)
{
    assert_int_equal(ph_seat_shared(guest->seat, 0, object, false, known, changes, n), 0);
}

static void use(struct guest *guest, const char *object)
{
    static const struct ph_shared_change it = {.kind = PH_SHARED_USE};
    ask(guest, object, 0, &it, 1);
}

static struct ph_shared_change setting(const char *name, const struct rtmp_value *value)
{
    return (struct ph_shared_change){.kind = PH_SHARED_SET, .name = name, .value = ph_value_out(value)};
}

static void set(struct guest *guest, uint32_t known, const char *name, double number)
{
    const struct rtmp_value value = {.type = RTMP_NUMBER, .number = number};
    const struct ph_shared_change change = setting(name, &value);
    ask(guest, "board", known, &change, 1);
}

static int own_set(const char *name, double number, uint32_t if_version)
{
    const struct rtmp_value value = {.type = RTMP_NUMBER, .number = number};
    struct ph_shared_change change = setting(name, &value);
    change.if_version = if_version;
    return host()->change(stage_app, board, &change, 1);
}

/* Tests */

static void who_asks_and_the_others(void **state)
{
    (void)state;
    struct guest *ann = join("ann"), *bob = join("bob");
    use(ann, "board");
    use(bob, "board");
    heard("ann@0 used cleared bob@0 used cleared");
    set(ann, 0, "x", 1);
    heard("ann@1 success:x bob@1 changed:x=1");
    set(ann, 1, "x", 1);
    heard("ann@1 success:x");
    set(bob, 1, "x", 2);
    heard("bob@2 success:x ann@2 changed:x=2");
    set(ann, 1, "x", 3); /* it had not heard of 2 */
    heard("ann@3 success:x changed:x=3 bob@3 changed:x=3");
    const struct ph_shared_change changes[] = {{.kind = PH_SHARED_REMOVE, .name = "x"},
                                               {.kind = PH_SHARED_MESSAGE, .name = "draw"},
                                               {.kind = PH_SHARED_CLEAR}};
    ask(bob, "board", 3, changes, 1);
    heard("bob@4 removed:x ann@4 removed:x");
    ask(bob, "board", 4, changes + 1, 1);
    heard("bob@4 message:draw ann@4 message:draw");
    set(bob, 4, "y", 1);
    ask(bob, "board", 4, changes + 2, 1);
    heard("bob@5 success:y ann@5 changed:y=1 bob@6 cleared ann@6 cleared");
}

static void what_a_batch_does_and_undoes(void **state)
{
    (void)state;
    struct guest *ann = join("ann"), *bob = join("bob");
    const struct rtmp_value one = {.type = RTMP_NUMBER, .number = 1}, two = {.type = RTMP_NUMBER, .number = 2};
    use(ann, "board");
    use(bob, "board");
    set(ann, 0, "x", 1);
    stage_turn();
    book[0] = '\0';
    const struct ph_shared_change again[] = {{.kind = PH_SHARED_REMOVE, .name = "x"}, setting("x", &one)};
    ask(ann, "board", 1, again, 2);
    heard("ann@2 removed:x success:x changed:x=1 bob@2 removed:x changed:x=1");
    const struct ph_shared_change anew[] = {{.kind = PH_SHARED_CLEAR}, setting("x", &one), setting("y", &two)};
    ask(ann, "board", 2, anew, 3);
    heard("ann@3 cleared success:x changed:x=1 success:y changed:y=2 bob@3 cleared changed:x=1 changed:y=2");
    struct ph_shared_change late[] = {{.kind = PH_SHARED_CLEAR}, setting("z", &one), setting("x", &two)};
    late[2].if_version = 1;
    ask(ann, "board", 3, late, 3); /* nothing is done, and all is put right again */
    heard("ann@4 status:SharedObject.VersionConflict cleared changed:x=1 changed:y=2");
    ask(ann, "board", 4, late + 1, 2);
    heard("ann@5 status:SharedObject.VersionConflict removed:z changed:x=1");
}

static void limits_of_an_object(void **state)
{
    (void)state;
    struct guest *ann = join("ann");
    char long_name[PH_LIMIT_OBJECT_NAME + 2] = {0};
    char *bytes = calloc(1, PH_LIMIT_SLOT_BYTES + 1);
    struct rtmp_value big = {.type = RTMP_BYTES, .n = PH_LIMIT_SLOT_BYTES + 1, .bytes = (const uint8_t *)bytes};
    struct ph_shared_change change = setting("x", &big);
    use(ann, "board");
    stage_turn();
    book[0] = '\0';
    ask(ann, "board", 0, &change, 1);
    heard("ann@1 status:SharedObject.ObjectCreationFailed removed:x");
    big.n = BIG;
    size_t n = 0;
    for (; n < FIT; n++) {
        char name[8];
        snprintf(name, sizeof name, "s%zu", n);
        change.name = name;
        ask(ann, "board", UINT32_MAX, &change, 1);
        stage_turn();
    }
    assert_null(strstr(book, "status"));
    book[0] = '\0';
    change.name = "x";
    ask(ann, "board", UINT32_MAX, &change, 1);
    char wanted[80];
    snprintf(wanted, sizeof wanted, "ann@%zu status:SharedObject.ObjectCreationFailed removed:x",
             n + 1); /* 1: the refusal above */
    heard(wanted);
    change.name = "s0";
    bytes[0] = 1;
    ask(ann, "board", UINT32_MAX, &change, 1); /* in the place of another there is room */
    snprintf(wanted, sizeof wanted, "ann@%zu success:s0", n + 2);
    heard(wanted);
    memset(long_name, 'n', sizeof long_name - 1);
    change.name = long_name;
    change.value = NULL;
    ask(ann, "board", UINT32_MAX, &change, 1);
    stage_turn();
    assert_non_null(strstr(book, "status:SharedObject.NoWriteAccess"));
    struct ph_shared_change *many = calloc(PH_LIMIT_CHANGES + 1, sizeof *many);
    for (size_t i = 0; i <= PH_LIMIT_CHANGES; i++)
        many[i] = (struct ph_shared_change){.kind = PH_SHARED_MESSAGE, .name = "m"};
    book[0] = '\0';
    ask(ann, "board", UINT32_MAX, many, PH_LIMIT_CHANGES + 1);
    stage_turn();
    assert_non_null(strstr(book, "status:SharedObject.NoWriteAccess"));
    free(many);
    free(bytes);
}

static void limits_of_a_member_and_a_room(void **state)
{
    (void)state;
    struct guest *guests[PH_LIMIT_OBJECTS / PH_LIMIT_OBJECT_USES + 1];
    char name[16];
    size_t n_guests = sizeof guests / sizeof *guests;
    for (size_t g = 0; g < n_guests; g++)
        guests[g] = join("ann");
    for (size_t i = 0; i < PH_LIMIT_OBJECTS; i++) {
        snprintf(name, sizeof name, "o%zu", i);
        use(guests[i / PH_LIMIT_OBJECT_USES], name);
        stage_turn();
        assert_null(strstr(book, "status"));
        book[0] = '\0';
    }
    use(guests[0], "o100");
    heard("ann@0 status:SharedObject.ObjectCreationFailed");
    use(guests[n_guests - 1], "one more");
    heard("ann@0 status:SharedObject.ObjectCreationFailed");
    ph_seat_shared_release(guests[0]->seat, "o0");
    use(guests[n_guests - 1], "one more");
    heard("ann@0 used cleared");
}

static void the_application_changes_and_watches(void **state)
{
    (void)state;
    struct guest *ann = join("ann");
    uint32_t version;
    watch();
    use(ann, "board");
    heard("ann@0 used cleared");
    assert_int_equal(own_set("x", 1, 0), 0);
    assert_string_equal(watched, ""); /* never from inside */
    saw("app:0x=1");
    heard("ann@1 changed:x=1");
    set(ann, 1, "y", 2);
    saw("member:0y=2");
    heard("ann@2 success:y");
    assert_int_equal(host()->count(stage_app, board), 2);
    assert_int_equal(host()->object_version(stage_app, board), 2);
    assert_non_null(host()->get(stage_app, board, "x", &version));
    assert_int_equal(version, 1);
    assert_int_equal(own_set("x", 5, 2), PH_E_CONFLICT);
    assert_int_equal(own_set("x", 5, 1), 0);
    assert_int_equal(own_set("none", 5, 1), PH_E_CONFLICT);
    saw("app:0x=5");
    heard("ann@3 changed:x=5");
    assert_int_equal(host()->close(stage_app, board), 0);
    assert_int_equal(host()->close(stage_app, board), PH_E_GONE);
    assert_int_equal(own_set("x", 6, 0), PH_E_GONE);
    set(ann, 3, "y", 3);
    saw("");
}

static void locked_it_gathers_and_lets_wait(void **state)
{
    (void)state;
    struct guest *ann = join("ann"), *bob = join("bob");
    watch();
    use(ann, "board");
    stage_turn();
    book[0] = '\0';
    assert_int_equal(host()->unlock(stage_app, board), PH_E_STATE);
    assert_int_equal(host()->lock(stage_app, board), 0);
    assert_int_equal(own_set("x", 1, 0), 0);
    set(ann, 0, "x", 2);
    set(ann, 0, "y", 2);
    use(bob, "board");
    ph_seat_shared_release(ann->seat, "board");
    assert_int_equal(own_set("z", 1, 0), 0);
    heard("");
    assert_int_equal(host()->unlock(stage_app, board), 0);
    heard("ann@1 changed:x=1 changed:z=1 ann@2 success:x changed:x=2 ann@3 success:y changed:y=2 "
          "bob@3 used cleared changed:x=2 changed:z=1 changed:y=2");
    assert_int_equal(host()->lock(stage_app, board), 0);
    set(bob, 3, "x", 3);
    heard("");
    assert_int_equal(host()->close(stage_app, board), 0); /* and its lock with it */
    heard("bob@4 success:x");
}

static void who_waits_may_leave(void **state)
{
    (void)state;
    struct guest *ann = join("ann"), *bob = join("bob");
    watch();
    use(ann, "board");
    stage_turn();
    assert_int_equal(host()->lock(stage_app, board), 0);
    set(ann, 0, "x", 1);
    use(bob, "board");
    stage_leave(ann, PH_REASON_LOST);
    book[0] = '\0';
    assert_int_equal(host()->unlock(stage_app, board), 0);
    heard("bob@0 used cleared");
}

static void the_hook_decides(void **state)
{
    (void)state;
    struct guest *ann = join("ann");
    stage_decide(SHARED, PH_REFUSE);
    use(ann, "board");
    heard("ann@0 status:SharedObject.NoReadAccess");
    stage_decide(SHARED, PH_ACCEPT);
    use(ann, "board");
    set(ann, 0, "x", 1);
    stage_turn();
    book[0] = '\0';
    stage_decide(SHARED, PH_REFUSE);
    set(ann, 1, "x", 2);
    heard("ann@2 status:SharedObject.NoWriteAccess changed:x=1");
}

static void more_than_the_rate_waits_in_order(void **state)
{
    (void)state;
    struct guest *ann = join("ann"), *bob = join("bob");
    char wanted[64];
    uint32_t n = 0;
    use(ann, "board");
    use(bob, "board");
    stage_turn();
    book[0] = '\0';
    for (; n < PH_LIMIT_CALLS_BURST + PH_LIMIT_OPEN_CALLS / 2; n++) {
        set(bob, n, "x", n);
        stage_turn();
    }
    ph_seat_shared_release(bob->seat, "board");
    book[0] = '\0';
    heard("");
    set(ann, 0, "y", 1); /* the others do not wait */
    stage_turn();
    assert_non_null(strstr(book, "ann@200 success:y"));
    stage_wait(1000);
    snprintf(wanted, sizeof wanted, "ann@%u changed:x=%u", n + 1, n - 1);
    assert_non_null(strstr(book, wanted));
    book[0] = '\0';
    set(bob, n, "x", -1);
    heard("bob@0 status:SharedObject.NoObjectFound"); /* it has released */
}

static void it_survives_the_application(void **state)
{
    (void)state;
    struct guest *ann = join("ann");
    watch();
    assert_int_equal(own_set("x", 1, 0), 0);
    assert_int_equal(host()->lock(stage_app, board), 0);
    use(ann, "board");
    heard("");
    stage_app->host->reload(stage_app);
    heard("ann@1 used cleared changed:x=1");
    assert_int_equal(host()->count(stage_app, board), 0); /* the handle has gone with the code */
    assert_int_equal(own_set("x", 2, 0), PH_E_GONE);
}

static void it_ends_with_its_last_user(void **state)
{
    (void)state;
    struct guest *ann = join("ann"), *bob = join("bob");
    use(ann, "board");
    set(ann, 0, "x", 1);
    use(bob, "board");
    stage_leave(ann, PH_REASON_LEFT);
    book[0] = '\0';
    use(bob, "board"); /* twice is fine; its copy begins anew */
    heard("bob@2 used cleared changed:x=1");
    ph_seat_shared_release(bob->seat, "board");
    use(bob, "board");
    heard("bob@0 used cleared");
}

static int begin(void **state)
{
    book[0] = watched[0] = '\0';
    return stage_open(state);
}

#define test(name) cmocka_unit_test_setup_teardown(name, begin, stage_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(who_asks_and_the_others),
        test(what_a_batch_does_and_undoes),
        test(limits_of_an_object),
        test(limits_of_a_member_and_a_room),
        test(the_application_changes_and_watches),
        test(locked_it_gathers_and_lets_wait),
        test(who_waits_may_leave),
        test(the_hook_decides),
        test(more_than_the_rate_waits_in_order),
        test(it_survives_the_application),
        test(it_ends_with_its_last_user),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
