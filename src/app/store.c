/* SPDX-License-Identifier: MIT */
#include "app/store.h"

#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <playhouse/base.h>
#include <rtmpwire/arena.h>

#include "app/letter.h"
#include "base/limits.h"
#include "base/list.h"
#include "base/log.h"
#include "net/loop.h"

enum kind { WRITE, READ, LIST };

/* One thing asked for; it travels to the thread and back to the loop. */
struct request {
    struct ph_list link;
    struct ph_mail mail;
    enum kind kind;
    struct rtmp_arena arena;
    const char *space, *key, *after;
    struct ph_record *records;
    size_t n, most;
    struct ph_loop *loop;
    ph_store_fn end;
    void *user;
    int error;
};

enum { BEGIN, COMMIT, SAVE, KEEP, UNDO, PUT, DELETE, GET, SCAN, USAGE, STATEMENTS };

static const char *const statements[STATEMENTS] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [SAVE] = "SAVEPOINT one",
    [KEEP] = "RELEASE one",
    [UNDO] = "ROLLBACK TO one",
    [PUT] = "INSERT INTO records VALUES (?1, ?2, ?3) ON CONFLICT (space, key) DO UPDATE SET value = excluded.value",
    [DELETE] = "DELETE FROM records WHERE space = ?1 AND key = ?2",
    [GET] = "SELECT key, value FROM records WHERE space = ?1 AND key = ?2",
    [SCAN] = ("SELECT key, value FROM records WHERE space = ?1 AND key > ?2 AND substr(key, 1, length(?3)) = ?3 "
              "ORDER BY key LIMIT ?4"),
    [USAGE] = "SELECT bytes FROM spaces WHERE space = ?1",
};

/* How much a space holds is kept by the file itself. */
static const char schema[] =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA user_version = 1;"
    "CREATE TABLE IF NOT EXISTS records (space TEXT, key TEXT, value BLOB, PRIMARY KEY (space, key)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS spaces (space TEXT PRIMARY KEY, bytes INTEGER) WITHOUT ROWID;"
    "CREATE TRIGGER IF NOT EXISTS added AFTER INSERT ON records BEGIN INSERT INTO spaces VALUES (new.space, "
    "length(new.key) + length(new.value)) ON CONFLICT (space) DO UPDATE SET bytes = bytes + excluded.bytes; END;"
    "CREATE TRIGGER IF NOT EXISTS changed AFTER UPDATE ON records BEGIN UPDATE spaces SET bytes = bytes + "
    "length(new.value) - length(old.value) WHERE space = new.space; END;"
    "CREATE TRIGGER IF NOT EXISTS removed AFTER DELETE ON records BEGIN UPDATE spaces SET bytes = bytes - "
    "length(old.key) - length(old.value) WHERE space = old.space; END;";

struct ph_store {
    struct ph_log *log;
    sqlite3 *file;
    sqlite3_stmt *statement[STATEMENTS];
    pthread_t thread;
    bool has_thread;
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct ph_list asked; /* list of struct request::link; under the lock */
    bool is_closing;      /* under the lock */
    bool is_open;         /* a transaction has begun */
    bool was_failing;     /* and the log knows */
};

/* SQL; the thread's */

static int step(struct ph_store *store, int which)
{
    int rc = sqlite3_step(store->statement[which]);
    sqlite3_reset(store->statement[which]);
    sqlite3_clear_bindings(store->statement[which]);
    bool is_good = rc == SQLITE_DONE || rc == SQLITE_ROW;
    if (!is_good && !store->was_failing)
        ph_log_error(store->log, "store", "%s; applications are told, nothing is kept meanwhile",
                     sqlite3_errmsg(store->file));
    store->was_failing = !is_good;
    return is_good ? 0 : PH_E_IO;
}

static void give(sqlite3_stmt *statement, int at, const char *text)
{
    sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC);
}

static int put(struct ph_store *store, const char *space, const struct ph_record *record)
{
    int which = record->bytes ? PUT : DELETE;
    give(store->statement[which], 1, space);
    give(store->statement[which], 2, record->key);
    if (record->bytes)
        sqlite3_bind_blob(store->statement[which], 3, record->bytes, (int)record->length, SQLITE_STATIC);
    return step(store, which);
}

static bool is_over_quota(struct ph_store *store, const char *space)
{
    sqlite3_stmt *usage = store->statement[USAGE];
    give(usage, 1, space);
    bool is_over = sqlite3_step(usage) == SQLITE_ROW && sqlite3_column_int64(usage, 0) > PH_LIMIT_STORE_SPACE;
    sqlite3_reset(usage);
    return is_over;
}

static int write_records(struct ph_store *store, const struct request *request)
{
    int err = step(store, SAVE);
    for (size_t i = 0; i < request->n && !err; i++)
        err = put(store, request->space, &request->records[i]);
    if (!err && is_over_quota(store, request->space))
        err = PH_E_LIMIT;
    if (err)
        (void)step(store, UNDO);
    (void)step(store, KEEP);
    return err;
}

static int keep_row(struct request *request, sqlite3_stmt *row, struct ph_record *record)
{
    const char *key = (const char *)sqlite3_column_text(row, 0);
    const void *bytes = sqlite3_column_blob(row, 1);
    record->length = (size_t)sqlite3_column_bytes(row, 1);
    record->key = key ? rtmp_arena_copy(&request->arena, key, strlen(key)) : NULL;
    record->bytes = rtmp_arena_copy(&request->arena, bytes ? bytes : "", record->length);
    return record->key && record->bytes ? 0 : PH_E_MEMORY;
}

static int read_rows(struct request *request, sqlite3_stmt *rows)
{
    int rc = SQLITE_DONE, err = 0;
    request->records = rtmp_arena_take(&request->arena, request->most * sizeof *request->records);
    if (!request->records)
        return PH_E_MEMORY;
    while (!err && request->n < request->most && (rc = sqlite3_step(rows)) == SQLITE_ROW)
        err = keep_row(request, rows, &request->records[request->n++]);
    sqlite3_reset(rows);
    return err ? err : rc == SQLITE_DONE || rc == SQLITE_ROW ? 0 : PH_E_IO;
}

static int get(struct ph_store *store, struct request *request)
{
    give(store->statement[GET], 1, request->space);
    give(store->statement[GET], 2, request->key);
    int err = read_rows(request, store->statement[GET]);
    return err ? err : request->n ? 0 : PH_E_NOT_FOUND;
}

static int scan(struct ph_store *store, struct request *request)
{
    give(store->statement[SCAN], 1, request->space);
    give(store->statement[SCAN], 2, request->after);
    give(store->statement[SCAN], 3, request->key);
    sqlite3_bind_int64(store->statement[SCAN], 4, (sqlite3_int64)request->most);
    return read_rows(request, store->statement[SCAN]);
}

/* The thread */

static void discard(struct request *request)
{
    rtmp_arena_finish(&request->arena);
    free(request);
}

static void on_end(struct ph_mail *mail)
{
    struct request *request = ph_container_of(mail, struct request, mail);
    size_t n = request->kind == WRITE ? 0 : request->n;
    request->end(request->user, request->error, request->records, request->error ? 0 : n);
    discard(request);
}

static void run(struct ph_store *store, struct request *request)
{
    if (!store->is_open)
        store->is_open = step(store, BEGIN) == 0;
    request->error = !store->is_open          ? PH_E_IO
                     : request->kind == WRITE ? write_records(store, request)
                     : request->kind == READ  ? get(store, request)
                                              : scan(store, request);
    if (!request->end) {
        discard(request);
        return;
    }
    request->mail.deliver = on_end;
    ph_loop_post(request->loop, &request->mail);
}

static void commit(struct ph_store *store)
{
    if (store->is_open)
        store->is_open = step(store, COMMIT) != 0;
}

static void add_ms(struct timespec *time, long ms)
{
    time->tv_nsec += ms * 1000000;
    time->tv_sec += time->tv_nsec / 1000000000;
    time->tv_nsec %= 1000000000;
}

/* Take what was asked for; wait for it, but not beyond `until` when that is not NULL. False: it is closing. */
static bool wait_for_more(struct ph_store *store, const struct timespec *until, struct ph_list *taken)
{
    pthread_mutex_lock(&store->lock);
    int rc = 0;
    while (ph_list_is_empty(&store->asked) && !store->is_closing && rc != ETIMEDOUT)
        rc = until ? pthread_cond_timedwait(&store->more, &store->lock, until)
                   : pthread_cond_wait(&store->more, &store->lock);
    ph_list_move_all(taken, &store->asked);
    bool goes_on = !store->is_closing || !ph_list_is_empty(taken);
    pthread_mutex_unlock(&store->lock);
    return goes_on;
}

static void *work(void *argument)
{
    struct ph_store *store = argument;
    struct ph_list taken;
    struct timespec until;
    ph_list_init(&taken);
    while (wait_for_more(store, store->is_open ? &until : NULL, &taken)) {
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        if (!store->is_open) {
            until = now;
            add_ms(&until, PH_LIMIT_STORE_MS);
        }
        for (struct ph_list *node; (node = ph_list_pop(&taken));)
            run(store, ph_list_entry(node, struct request, link));
        clock_gettime(CLOCK_MONOTONIC, &now);
        if (now.tv_sec > until.tv_sec || (now.tv_sec == until.tv_sec && now.tv_nsec >= until.tv_nsec))
            commit(store);
    }
    commit(store);
    return NULL;
}

/* Opening and closing */

static int prepare(struct ph_store *store)
{
    for (int i = 0; i < STATEMENTS; i++)
        if (sqlite3_prepare_v2(store->file, statements[i], -1, &store->statement[i], NULL) != SQLITE_OK)
            return -EIO;
    return 0;
}

static int start(struct ph_store *store)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&store->lock, NULL);
    pthread_cond_init(&store->more, &monotonic);
    pthread_condattr_destroy(&monotonic);
    int err = pthread_create(&store->thread, NULL, work, store);
    store->has_thread = !err;
    return -err;
}

int ph_store_open(const char *file, struct ph_log *log, struct ph_store **store, const char **why)
{
    struct ph_store *made = calloc(1, sizeof *made);
    if (!made)
        return -ENOMEM;
    made->log = log;
    ph_list_init(&made->asked);
    int err = sqlite3_open(file, &made->file) != SQLITE_OK ||
                      sqlite3_exec(made->file, schema, NULL, NULL, NULL) != SQLITE_OK
                  ? -EIO
                  : prepare(made);
    if (err)
        *why = sqlite3_errstr(sqlite3_errcode(made->file));
    else
        err = start(made);
    if (err) {
        ph_store_close(made);
        return err;
    }
    *store = made;
    return 0;
}

void ph_store_close(struct ph_store *store)
{
    if (!store)
        return;
    if (store->has_thread) {
        pthread_mutex_lock(&store->lock);
        store->is_closing = true;
        pthread_cond_signal(&store->more);
        pthread_mutex_unlock(&store->lock);
        pthread_join(store->thread, NULL);
        pthread_mutex_destroy(&store->lock);
        pthread_cond_destroy(&store->more);
    }
    for (int i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(store->statement[i]);
    sqlite3_close(store->file);
    free(store);
}

/* Asking */

static struct request *make(enum kind kind, const char *space, struct ph_loop *loop, ph_store_fn end, void *user)
{
    struct request *request = calloc(1, sizeof *request);
    if (!request)
        return NULL;
    *request = (struct request){.kind = kind, .loop = loop, .end = end, .user = user};
    rtmp_arena_init(&request->arena, &ph_app_allocator, SIZE_MAX / 2);
    request->space = rtmp_arena_copy(&request->arena, space, strlen(space));
    return request;
}

static int ask(struct ph_store *store, struct request *request, bool whole)
{
    if (!whole || !request->space) {
        discard(request);
        return -ENOMEM;
    }
    pthread_mutex_lock(&store->lock);
    ph_list_append(&store->asked, &request->link);
    pthread_cond_signal(&store->more);
    pthread_mutex_unlock(&store->lock);
    return 0;
}

static const char *copy(struct request *request, const char *text, bool *whole)
{
    const char *made = rtmp_arena_copy(&request->arena, text, strlen(text));
    *whole &= made != NULL;
    return made;
}

int ph_store_write(struct ph_store *store, const char *space, const struct ph_record *records, size_t n,
                   struct ph_loop *loop, ph_store_fn end, void *user)
{
    bool whole = true;
    for (size_t i = 0; i < n; i++)
        if (strlen(records[i].key) > PH_LIMIT_STORE_KEY || records[i].length > PH_LIMIT_STORE_VALUE)
            return -EINVAL;
    struct request *request = make(WRITE, space, loop, end, user);
    if (!request)
        return -ENOMEM;
    request->n = n;
    request->records = rtmp_arena_take(&request->arena, n * sizeof *records);
    for (size_t i = 0; i < n && request->records; i++) {
        request->records[i] = records[i];
        request->records[i].key = copy(request, records[i].key, &whole);
        if (records[i].bytes)
            request->records[i].bytes = rtmp_arena_copy(&request->arena, records[i].bytes, records[i].length);
        whole &= !records[i].bytes || request->records[i].bytes;
    }
    return ask(store, request, whole && request->records);
}

int ph_store_read(struct ph_store *store, const char *space, const char *key, struct ph_loop *loop, ph_store_fn end,
                  void *user)
{
    bool whole = true;
    if (strlen(key) > PH_LIMIT_STORE_KEY)
        return -EINVAL;
    struct request *request = make(READ, space, loop, end, user);
    if (!request)
        return -ENOMEM;
    request->most = 1;
    request->key = copy(request, key, &whole);
    return ask(store, request, whole);
}

int ph_store_list(struct ph_store *store, const char *space, const char *prefix, const char *after, size_t most,
                  struct ph_loop *loop, ph_store_fn end, void *user)
{
    bool whole = true;
    struct request *request = make(LIST, space, loop, end, user);
    if (!request)
        return -ENOMEM;
    request->most = most;
    request->key = copy(request, prefix, &whole);
    request->after = copy(request, after, &whole);
    return ask(store, request, whole);
}
