/* SPDX-License-Identifier: MIT */
#include "app/control.h"

#include <stdlib.h>
#include <string.h>

#include "app/command.h"
#include "app/json.h"
#include "app/ledger.h"
#include "app/letter.h"
#include "app/theatre.h"
#include "base/limits.h"

static void on_home(struct ph_mail *mail)
{
    struct ph_control *control = ph_container_of(mail, struct ph_control, mail);
    control->done(control);
}

static void go_home(struct ph_control *control)
{
    ph_list_remove(&control->link);
    control->mail.deliver = on_home;
    ph_loop_post(control->home, &control->mail);
}

/* What cannot be said as JSON is null. */
static void keep(struct ph_control *control, int error, const struct rtmp_value *value)
{
    struct rtmp_buffer text;
    rtmp_buffer_init(&text, &ph_app_allocator, 2 * PH_LIMIT_AMF_BYTES);
    bool whole = ph_json_write(value, &text) == 0 && rtmp_buffer_append(&text, "", 1) == 0;
    control->error = error;
    control->answer = whole ? strdup((const char *)text.data) : NULL;
    control->answer_length = control->answer ? text.length - 1 : 0;
    rtmp_buffer_finish(&text);
    if (control->key && control->answer)
        ph_ledger_end(&control->instance->ledger, control->key, error, control->answer, control->answer_length);
}

static void fail(struct ph_control *control, int error, const char *words)
{
    struct rtmp_arena *scratch = &control->instance->scratch;
    keep(control, error, rtmp_value_new_string(scratch, words, strlen(words)));
    go_home(control);
}

static void on_done(struct ph_app *app, void *user, int error, const struct ph_value *value)
{
    struct ph_control *control = user;
    struct rtmp_arena *scratch = &ph_instance_of(app)->scratch;
    const char *words = ph_command_words(error);
    const struct rtmp_value *said = ph_value_in(value);
    if (!said)
        said = error ? rtmp_value_new_string(scratch, words, strlen(words)) : rtmp_value_new_object(scratch);
    keep(control, error, said);
    go_home(control);
}

static void run(struct ph_control *control)
{
    struct ph_instance *instance = control->instance;
    struct rtmp_value *params = NULL;
    char fault[PH_JSON_FAULT];
    if (instance->state != PH_INSTANCE_RUNNING)
        fail(control, PH_E_STATE, "this application does not run");
    else if (ph_json_read(control->params, control->length, &instance->scratch, &params, fault))
        fail(control, PH_E_ARGUMENT, fault);
    else if (ph_command_run(&instance->app, control->method, ph_value_out(params), on_done, control))
        fail(control, PH_E_MEMORY, "the server is out of memory");
}

/* Of method and params. */
static uint64_t fingerprint(const struct ph_control *control)
{
    const struct ph_hash_seed *seed = &control->instance->theatre->seed;
    return ph_siphash(seed, control->method, strlen(control->method)) * 31 +
           ph_siphash(seed, control->params, control->length);
}

/* True: it is answered already, or will be by another. */
static bool is_known(struct ph_control *control)
{
    struct ph_ledger_entry *entry;
    struct ph_instance *instance = control->instance;
    switch (
        ph_ledger_begin(&instance->ledger, control->key, fingerprint(control), ph_loop_now(instance->loop), &entry)) {
    case PH_LEDGER_NEW:
        return false;
    case PH_LEDGER_DONE:
        control->error = entry->error;
        control->answer = strdup(entry->answer);
        control->answer_length = entry->length;
        go_home(control);
        return true;
    case PH_LEDGER_BUSY:
        control->key = NULL;
        fail(control, PH_E_STATE, "an order with this key is being done");
        return true;
    case PH_LEDGER_OTHER:
        control->key = NULL;
        fail(control, PH_E_CONFLICT, "this key was used for another order");
        return true;
    default:
        control->key = NULL;
        fail(control, PH_E_LIMIT, "too many orders with keys are being done");
        return true;
    }
}

static void on_visit(struct ph_mail *mail)
{
    struct ph_control *control = ph_container_of(mail, struct ph_control, mail);
    struct ph_instance *instance = control->instance;
    ph_instance_begin(instance);
    ph_list_append(&instance->controls, &control->link);
    if (!control->key || !is_known(control))
        run(control);
    ph_instance_end(instance);
}

void ph_control_send(struct ph_control *control)
{
    ph_list_init(&control->link);
    control->mail.deliver = on_visit;
    ph_loop_post(control->instance->loop, &control->mail);
}

void ph_control_end_all(struct ph_instance *instance)
{
    for (struct ph_list *node; (node = ph_list_first(&instance->controls));)
        fail(ph_list_entry(node, struct ph_control, link), PH_E_GONE, "the application has ended");
}
