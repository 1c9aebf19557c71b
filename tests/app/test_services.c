/* SPDX-License-Identifier: MIT */
/* The small services: timers, jobs, metrics, streams; and where each of them ends. */
#include "stage.h"

#include <stdatomic.h>
#include <string.h>

#include "app/metric.h"
#include "app/observe.h"
#include "base/limits.h"
#include "media/observer.h"

static unsigned n_fired;

static void on_fire(struct ph_app *app, ph_timer_id timer, void *user)
{
    (void)app, (void)timer, (void)user;
    n_fired++;
}

static int start(ph_room_id room, ph_timer_id *timer)
{
    return stage_app->host->timers->start(stage_app, room, 10, 0, on_fire, NULL, timer);
}

static void timers_have_an_end(void **state)
{
    (void)state;
    ph_timer_id timer = 0;
    n_fired = 0;
    struct guest *ann = stage_join("ann", "stage/blue");
    for (int i = 0; i < PH_LIMIT_ROOM_TIMERS; i++)
        assert_int_equal(start(stage_room, &timer), 0);
    assert_int_equal(start(stage_room, &timer), PH_E_LIMIT);
    for (int i = PH_LIMIT_ROOM_TIMERS; i < PH_LIMIT_APP_TIMERS; i++)
        assert_int_equal(start(0, &timer), 0);
    assert_int_equal(start(0, &timer), PH_E_LIMIT);
    assert_int_equal(stage_app->host->timers->stop(stage_app, timer), 0);
    assert_int_equal(stage_app->host->timers->stop(stage_app, timer), PH_E_GONE);
    stage_leave(ann, PH_REASON_LEFT); /* and the room goes, with its timers */
    stage_wait(10);
    assert_int_equal(n_fired, PH_LIMIT_APP_TIMERS - PH_LIMIT_ROOM_TIMERS - 1);
    assert_int_equal(start(0, &timer), 0);
}

static atomic_uint n_working;
static atomic_bool may_end;
static unsigned n_done;

static int work(void *user)
{
    (void)user;
    atomic_fetch_add(&n_working, 1);
    while (!atomic_load(&may_end))
        ;
    return PH_E_CONFLICT;
}

static void on_done(struct ph_app *app, void *user, int error, const struct ph_value *value)
{
    (void)app, (void)value;
    assert_ptr_equal(user, &n_working);
    assert_int_equal(error, PH_E_CONFLICT);
    n_done++;
}

static void jobs_have_an_end(void **state)
{
    (void)state;
    const struct ph_jobs *jobs = stage_app->host->jobs;
    for (int i = 0; i < PH_LIMIT_APP_JOBS; i++)
        assert_int_equal(jobs->run(stage_app, work, on_done, &n_working), 0);
    assert_int_equal(jobs->run(stage_app, work, on_done, &n_working), PH_E_LIMIT);
    assert_int_equal(n_done, 0);
    atomic_store(&may_end, true);
    while (n_done < PH_LIMIT_APP_JOBS)
        stage_turn();
    assert_int_equal(atomic_load(&n_working), PH_LIMIT_APP_JOBS);
    assert_int_equal(jobs->run(stage_app, work, on_done, &n_working), 0); /* ends with the stage */
}

static void metrics_have_names_kinds_and_an_end(void **state)
{
    (void)state;
    static struct ph_metrics metrics;
    struct ph_metric *metric, *same;
    char name[PH_METRIC_NAME + 1];
    assert_int_equal(ph_metric_find(&metrics, "rounds.won-2_x", true, &metric), 0);
    assert_int_equal(ph_metric_find(&metrics, "rounds.won-2_x", true, &same), 0);
    assert_ptr_equal(metric, same);
    assert_int_equal(ph_metric_find(&metrics, "rounds.won-2_x", false, &same), PH_E_ARGUMENT);
    for (const char *const *wrong = (const char *const[]){"", "a b", "a\"b", "a\nb", "\xC3\xA9", NULL}; *wrong; wrong++)
        assert_int_equal(ph_metric_find(&metrics, *wrong, true, &same), PH_E_ARGUMENT);
    memset(name, 'a', sizeof name);
    name[PH_METRIC_NAME] = '\0';
    assert_int_equal(ph_metric_find(&metrics, name, true, &same), PH_E_ARGUMENT);
    name[PH_METRIC_NAME - 1] = '\0';
    for (int i = 1; i < PH_LIMIT_APP_METRICS; i++, name[0]++)
        if (name[0] == '[') /* behind "Z" */
            name[0] = 'a', name[1] = 'b', i--;
        else if (name[0] == '{')
            name[0] = 'A', i--;
        else
            assert_int_equal(ph_metric_find(&metrics, name, false, &metric), 0);
    assert_int_equal(ph_metric_find(&metrics, "one.more", true, &metric), PH_E_LIMIT);
    assert_int_equal(ph_metric_find(&metrics, "rounds.won-2_x", true, &metric), 0);
}

static void what_happens_to_streams_is_observed(void **state)
{
    (void)state;
    struct ph_theatre *theatre = ph_instance_of(stage_app)->theatre;
    const struct ph_stream_event begin = {.path = "live/cam", .is_publisher = true},
                                 end = {.path = "live/cam", .is_end = true, .bytes = 42};
    stage_n_observed = 0;
    ph_theatre_observe(theatre, &begin);
    stage_turn();
    stage_n_observed = 0;
    ph_theatre_observe(theatre, &end);
    stage_turn();
    expect("stream.published:live/cam:-1 stream.stopped:live/cam:42", "");
}

static void what_cannot_be_observed_is_counted(void **state)
{
    (void)state;
    struct ph_instance *instance = ph_instance_of(stage_app);
    const struct ph_stream_event event = {.path = "live/cam"};
    struct ph_metric *metric;
    stage_n_observed = 0;
    for (int i = 0; i < PH_LIMIT_OBSERVED + 5; i++)
        ph_theatre_observe(instance->theatre, &event);
    stage_turn();
    assert_int_equal(stage_n_observed, PH_LIMIT_OBSERVED);
    assert_int_equal(ph_metric_find(&instance->metrics, "observed_dropped", true, &metric), 0);
    assert_true(atomic_load(&metric->value) == 5);
    ph_theatre_observe(instance->theatre, &event); /* and there is room again */
    stage_turn();
    assert_int_equal(stage_n_observed, PH_LIMIT_OBSERVED + 1);
}

static char listed[256];

static void on_list(struct ph_app *app, void *user, int error, const struct ph_value *value)
{
    size_t length;
    (void)user;
    assert_int_equal(error, 0);
    const char *text = app->host->values->to_json(app, value, &length);
    assert_true(length < sizeof listed);
    memcpy(listed, text, length + 1);
}

static int stop_error;

static void on_stopped(struct ph_app *app, void *user, int error, const struct ph_value *value)
{
    (void)app, (void)user, (void)value;
    stop_error = error;
}

static void streams_are_listed_and_stopped(void **state)
{
    (void)state;
    const struct ph_streams *streams = stage_app->host->streams;
    struct guest *ann = stage_join("ann", "stage/blue"), *bob = stage_join("bob", "stage/blue");
    struct guest *cat = stage_join("cat", "stage");
    assert_int_equal(ph_seat_ask(ann->seat, PH_SEAT_PUBLISH, 1, "cam", NULL), 0);
    assert_int_equal(ph_seat_ask(bob->seat, PH_SEAT_PLAY, 2, "cam", NULL), 0);
    assert_int_equal(ph_seat_ask(cat->seat, PH_SEAT_PLAY, 3, "blue/cam", NULL), 0); /* the same one */
    assert_int_equal(ph_seat_ask(cat->seat, PH_SEAT_PLAY, 4, "cam", NULL), 0);      /* another */
    stage_turn();
    stage_forget();
    assert_int_equal(streams->list(stage_app, on_list, NULL), 0);
    assert_string_equal(listed, "");
    stage_turn();
    assert_string_equal(listed, "[{\"path\":\"stage/blue/cam\",\"since_ms\":1000,\"viewers\":2}]");
    assert_int_equal(streams->stop(stage_app, "stage/cam", NULL, on_stopped, NULL), 0);
    stage_turn();
    assert_int_equal(stop_error, PH_E_NOT_FOUND);
    assert_int_equal(streams->stop(stage_app, "stage/blue/cam", "enough", on_stopped, NULL), 0);
    stage_turn();
    assert_int_equal(stop_error, 0);
    expect("", "ann|cam");
}

static void metadata_has_an_end(void **state)
{
    (void)state;
    static char text[PH_LIMIT_METADATA_BYTES + 1];
    const struct ph_rooms *rooms = stage_app->host->rooms;
    struct ph_room_options options = {.size = sizeof options};
    stage_join("ann", "stage/blue");
    assert_int_equal(rooms->options(stage_app, stage_room, &options), 0);
    memset(text, 'x', sizeof text - 1);
    struct ph_value *metadata = stage_app->host->values->new_object(stage_app);
    assert_int_equal(
        stage_app->host->values->set(stage_app, metadata, "mode", stage_app->host->values->new_text(stage_app, text)),
        0);
    options.metadata = metadata;
    assert_int_equal(rooms->configure(stage_app, stage_room, &options), PH_E_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(timers_have_an_end, stage_open, stage_close),
        cmocka_unit_test_setup_teardown(jobs_have_an_end, stage_open, stage_close),
        cmocka_unit_test(metrics_have_names_kinds_and_an_end),
        cmocka_unit_test_setup_teardown(what_happens_to_streams_is_observed, stage_open, stage_close),
        cmocka_unit_test_setup_teardown(what_cannot_be_observed_is_counted, stage_open, stage_close),
        cmocka_unit_test_setup_teardown(streams_are_listed_and_stopped, stage_open, stage_close),
        cmocka_unit_test_setup_teardown(metadata_has_an_end, stage_open, stage_close),
    };
    return cmocka_run_group_tests_name("services", tests, NULL, NULL);
}
