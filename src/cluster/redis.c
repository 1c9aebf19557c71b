/* SPDX-License-Identifier: MIT */
/*
 * Two wires: one to talk, where replies come at once, and one to hear, which always waits in XREAD. It is up when both
 * are: the talking one knows the scripts, the hearing one knows from where on it reads.
 */
#include "cluster/redis.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/text.h"
#include "cluster/redis_wire.h"
#include "media/path.h"
#include "net/loop.h"

enum { SHA_TEXT = 41, STREAM_ID = 48, HEAR_MS = 1000, PREFIX = 64, KEY = PREFIX + PH_NODE_ID + PH_PATH_MAX };

#define CLAIM_TTL "3600000"

/* KEYS[1] is what all keys begin with, in all scripts.
 * Who has the stream ARGV[1]: its epoch, its holder, and where that is, if it lives. */
#define READ_CLAIM                                                                      \
    "local now = redis.call('GET', KEYS[1] .. 'stream:' .. ARGV[1])\n"                  \
    "local epoch, holder = 0, nil\n"                                                    \
    "if now then\n"                                                                     \
    "  local e, h = string.match(now, '^(%d+) (.*)$')\n"                                \
    "  epoch = tonumber(e)\n"                                                           \
    "  if h ~= '-' then holder = h end\n"                                               \
    "end\n"                                                                             \
    "local where = holder and redis.call('GET', KEYS[1] .. 'node:' .. holder) or nil\n" \
    "local function text(number) return string.format('%.0f', number) end\n"

static const char *const scripts[] = {
    /* ARGV: id, where, lease in ms, two beats in ms. Returns whether the lease had not run out. */
    [PH_ENGINE_BEAT] = "local was = redis.call('EXISTS', KEYS[1] .. 'node:' .. ARGV[1])\n"
                       "if redis.call('EXISTS', KEYS[1] .. 'there') == 0 then\n"
                       "  redis.call('SET', KEYS[1] .. 'there', '1')\n"
                       "  redis.call('SET', KEYS[1] .. 'fresh', '1', 'PX', ARGV[4])\n"
                       "end\n"
                       "redis.call('SET', KEYS[1] .. 'node:' .. ARGV[1], ARGV[2], 'PX', ARGV[3])\n"
                       "return was\n",
    /* ARGV: id. */
    [PH_ENGINE_LEAVE] = "redis.call('DEL', KEYS[1] .. 'inbox:' .. ARGV[1])\n"
                        "return redis.call('DEL', KEYS[1] .. 'node:' .. ARGV[1])\n",
    /* ARGV: path, id, epoch it has, epoch it may take over.
     * An epoch that was granted before is written again unless there is a higher one; a new one is higher than all. */
    [PH_ENGINE_CLAIM] = READ_CLAIM
    "local id, mine, over = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])\n"
    "local address = redis.call('GET', KEYS[1] .. 'node:' .. id)\n"
    "if not address then return {'lapsed'} end\n"
    "if mine > 0 and epoch > mine then return {'held', text(epoch), holder or '', where or ''} end\n"
    "if mine == 0 and holder ~= id and where and epoch ~= over then\n"
    "  return {'held', text(epoch), holder, where}\n"
    "end\n"
    "if mine == 0 and not now then\n"
    "  local wait = redis.call('PTTL', KEYS[1] .. 'fresh')\n"
    "  if wait > 0 then return {'early', wait} end\n"
    "end\n"
    "local time = redis.call('TIME')\n"
    "local fresh = mine > 0 and mine or math.max(epoch + 1, time[1] * 1000000 + time[2])\n"
    "local is_news = holder ~= id or epoch ~= fresh\n"
    "redis.call('SET', KEYS[1] .. 'stream:' .. ARGV[1], text(fresh) .. ' ' .. id, 'PX', " CLAIM_TTL ")\n"
    "if is_news then\n"
    "  redis.call('XADD', KEYS[1] .. 'news', 'MAXLEN', '~', 10000, '*', 'p', ARGV[1], 'e', text(fresh), 'h', id, "
    "'w', address)\n"
    "end\n"
    "return {'done', text(fresh), id, address}\n",
    /* ARGV: path, id, epoch. */
    [PH_ENGINE_RELEASE] = READ_CLAIM
    "if holder == ARGV[2] and text(epoch) == ARGV[3] then\n"
    "  redis.call('SET', KEYS[1] .. 'stream:' .. ARGV[1], text(epoch) .. ' -', 'PX', 60000)\n"
    "  redis.call('XADD', KEYS[1] .. 'news', 'MAXLEN', '~', 10000, '*', 'p', ARGV[1], 'e', ARGV[3], 'h', '', 'w', '')\n"
    "end\n"
    "return {'done'}\n",
    /* ARGV: path. */
    [PH_ENGINE_FIND] = READ_CLAIM "if where then return {'done', text(epoch), holder, where} end\n"
                                  "local wait = redis.call('PTTL', KEYS[1] .. 'fresh')\n"
                                  "if wait > 0 and not now then return {'early', wait} end\n"
                                  "return {'nowhere', text(epoch)}\n",
    /* ARGV: id. */
    [PH_ENGINE_PEER] = "if redis.call('EXISTS', KEYS[1] .. 'node:' .. ARGV[1]) == 1 then return {'done'} end\n"
                       "return {'nowhere'}\n",
    /* ARGV: path, bytes. A week: what nobody has wanted by then is of the past. */
    [PH_ENGINE_KEEP] = "redis.call('SET', KEYS[1] .. 'saved:' .. ARGV[1], ARGV[2], 'PX', 604800000)\n"
                       "return {'done'}\n",
    /* ARGV: path. */
    [PH_ENGINE_RECALL] = "local kept = redis.call('GET', KEYS[1] .. 'saved:' .. ARGV[1])\n"
                         "redis.call('DEL', KEYS[1] .. 'saved:' .. ARGV[1])\n"
                         "if kept then return {'done', '0', '', '', kept} end\n"
                         "return {'nowhere'}\n",
    /* ARGV: id, name of the field, text. */
    [PH_ENGINE_POST] =
        "redis.call('XADD', KEYS[1] .. 'inbox:' .. ARGV[1], 'MAXLEN', '~', 10000, '*', ARGV[2], ARGV[3])\n"
        "return redis.call('PEXPIRE', KEYS[1] .. 'inbox:' .. ARGV[1], 60000)\n",
};

enum { N_SCRIPTS = sizeof scripts / sizeof *scripts };

struct redis {
    struct ph_engine base;
    struct redis_options options;
    struct redis_wire *talk, *hear;
    char prefix[PREFIX]; /* of all keys */
    char news[KEY], inbox[KEY];
    char sha[N_SCRIPTS][SHA_TEXT];
    size_t n_loaded;
    bool knows_news; /* from where on to read them */
    bool is_up, is_told;
    char news_id[STREAM_ID], inbox_id[STREAM_ID];
    struct ph_engine_request *lost; /* could not even be said */
    struct ph_deferred answer_lost;
};

/* Up and down */

static bool can_talk(const struct redis *redis) { return redis->talk && redis->n_loaded == N_SCRIPTS; }

static void look_up(struct redis *redis)
{
    if (redis->is_up || !can_talk(redis) || !redis->knows_news)
        return;
    redis->is_up = redis->is_told = true;
    redis->options.events->up(redis->options.user);
}

/* Told once, when it breaks or cannot be reached in the first place. */
static void look_down(struct redis *redis, const char *why)
{
    bool is_news = redis->is_up || !redis->is_told;
    redis->is_up = false;
    redis->is_told = true;
    if (is_news)
        redis->options.events->down(redis->options.user, why);
}

/* Requests */

static struct ph_engine_request *request_of(void *user) { return user; }

static const char *text_at(const redisReply *reply, size_t i)
{
    return i < reply->elements && reply->element[i]->str ? reply->element[i]->str : "";
}

static uint64_t number_of(const char *text)
{
    uint64_t number;
    return ph_text_u64(text, &number) ? 0 : number;
}

static enum ph_engine_answer answer_of(struct ph_engine_request *request, const redisReply *reply)
{
    static const struct {
        const char *word;
        enum ph_engine_answer answer;
    } rows[] = {{"done", PH_ENGINE_DONE},
                {"held", PH_ENGINE_HELD},
                {"nowhere", PH_ENGINE_NOWHERE},
                {"early", PH_ENGINE_EARLY},
                {"lapsed", PH_ENGINE_LAPSED}};
    if (reply->type == REDIS_REPLY_INTEGER) {
        request->was_alive = reply->integer == 1;
        return PH_ENGINE_DONE;
    }
    for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i < PH_COUNT(rows); i++) {
        if (strcmp(text_at(reply, 0), rows[i].word) != 0)
            continue;
        if (rows[i].answer == PH_ENGINE_EARLY && reply->elements > 1)
            request->wait_ms = (uint32_t)reply->element[1]->integer;
        else if (reply->elements > 1)
            request->epoch = number_of(text_at(reply, 1));
        ph_text_copy(request->holder, sizeof request->holder, text_at(reply, 2));
        ph_text_copy(request->where, sizeof request->where, text_at(reply, 3));
        request->kept = reply->elements > 4 ? reply->element[4]->str : NULL;
        request->kept_length = request->kept ? reply->element[4]->len : 0;
        return rows[i].answer;
    }
    return PH_ENGINE_LOST;
}

static void on_answer(void *user, const redisReply *reply)
{
    struct ph_engine_request *request = request_of(user);
    request->answer = reply ? answer_of(request, reply) : PH_ENGINE_LOST;
    request->done(request);
}

static void on_lost(struct ph_deferred *deferred)
{
    struct redis *redis = ph_container_of(deferred, struct redis, answer_lost);
    while (redis->lost) {
        struct ph_engine_request *request = redis->lost;
        redis->lost = request->next;
        on_answer(request, NULL);
    }
}

static void write_number(char out[24], uint64_t number)
{
    struct ph_text text;
    ph_text_init(&text, out, 24);
    ph_text_add(&text, "%llu", (unsigned long long)number);
}

static int say_request(struct redis *redis, struct ph_engine_request *request)
{
    char mine[24], over[24], lease[24], fresh[24];
    size_t lengths[8];
    const char *sha = redis->sha[request->verb], *id = redis->options.id, *all = redis->prefix;
    if (!can_talk(redis))
        return -ENOTCONN;
    write_number(mine, request->epoch);
    write_number(over, request->over);
    write_number(lease, PH_LIMIT_LEASE_MS);
    write_number(fresh, PH_LIMIT_FRESH_MS);
    const char *const beat[] = {"EVALSHA", sha, "1", all, id, redis->options.where, lease, fresh};
    const char *const leave[] = {"EVALSHA", sha, "1", all, id};
    const char *const claim[] = {"EVALSHA", sha, "1", all, request->path, id, mine, over};
    const char *const release[] = {"EVALSHA", sha, "1", all, request->path, id, mine};
    const char *const find[] = {"EVALSHA", sha, "1", all, request->path};
    const char *const keep[] = {"EVALSHA", sha, "1", all, request->path, request->text};
    const char *const peer[] = {"EVALSHA", sha, "1", all, request->to};
    const char *const post[] = {"EVALSHA", sha, "1", all, request->to, request->is_packet ? "b" : "m", request->text};
    switch (request->verb) {
    case PH_ENGINE_BEAT:
        return redis_wire_say(redis->talk, PH_COUNT(beat), beat, NULL, on_answer, request);
    case PH_ENGINE_LEAVE:
        return redis_wire_say(redis->talk, PH_COUNT(leave), leave, NULL, on_answer, request);
    case PH_ENGINE_CLAIM:
        return redis_wire_say(redis->talk, PH_COUNT(claim), claim, NULL, on_answer, request);
    case PH_ENGINE_RELEASE:
        return redis_wire_say(redis->talk, PH_COUNT(release), release, NULL, on_answer, request);
    case PH_ENGINE_KEEP:
        for (size_t i = 0; i < PH_COUNT(keep); i++)
            lengths[i] = i + 1 < PH_COUNT(keep) ? strlen(keep[i]) : request->length;
        return redis_wire_say(redis->talk, PH_COUNT(keep), keep, lengths, on_answer, request);
    case PH_ENGINE_FIND:
    case PH_ENGINE_RECALL:
        return redis_wire_say(redis->talk, PH_COUNT(find), find, NULL, on_answer, request);
    case PH_ENGINE_PEER:
        return redis_wire_say(redis->talk, PH_COUNT(peer), peer, NULL, on_answer, request);
    case PH_ENGINE_POST:
        for (size_t i = 0; i < PH_COUNT(post); i++)
            lengths[i] = i + 1 < PH_COUNT(post) ? strlen(post[i]) : request->length;
        return redis_wire_say(redis->talk, PH_COUNT(post), post, lengths, on_answer, request);
    }
    return -EINVAL;
}

static void ask(struct ph_engine *engine, struct ph_engine_request *request)
{
    struct redis *redis = ph_container_of(engine, struct redis, base);
    request->holder[0] = request->where[0] = '\0';
    request->was_alive = false;
    request->wait_ms = 0;
    if (say_request(redis, request) == 0)
        return;
    request->next = redis->lost;
    redis->lost = request;
    ph_loop_defer(redis->options.loop, &redis->answer_lost);
}

/* The talking wire */

static void load_next(struct redis *redis);

static void on_loaded(void *user, const redisReply *reply)
{
    struct redis *redis = user;
    if (!reply)
        return;
    if (reply->type != REDIS_REPLY_STRING || reply->len + 1 != SHA_TEXT) {
        redis_wire_fail(redis->talk, "it takes no scripts: %s", reply->str ? reply->str : "");
        return;
    }
    memcpy(redis->sha[redis->n_loaded++], reply->str, SHA_TEXT);
    if (redis->n_loaded < N_SCRIPTS)
        load_next(redis);
    else
        look_up(redis);
}

static void load_next(struct redis *redis)
{
    const char *const words[] = {"SCRIPT", "LOAD", scripts[redis->n_loaded]};
    if (redis_wire_say(redis->talk, PH_COUNT(words), words, NULL, on_loaded, redis))
        redis_wire_fail(redis->talk, "out of memory");
}

/* A Redis that throws away what it likes loses claims. Some do not say: then nobody knows. */
static void on_policy(void *user, const redisReply *reply)
{
    struct redis *redis = user;
    if (!reply || reply->type != REDIS_REPLY_ARRAY || reply->elements != 2)
        return;
    if (strcmp(text_at(reply, 1), "noeviction") != 0)
        ph_log_warning(redis->options.log, "cluster.url",
                       "this Redis may throw away what the cluster needs: its maxmemory-policy is %s; make it "
                       "noeviction",
                       text_at(reply, 1));
}

static void talk_up(void *user)
{
    struct redis *redis = user;
    const char *const policy[] = {"CONFIG", "GET", "maxmemory-policy"};
    redis->n_loaded = 0;
    load_next(redis);
    (void)!redis_wire_say(redis->talk, PH_COUNT(policy), policy, NULL, on_policy, redis);
}

static void talk_down(void *user, const char *why)
{
    struct redis *redis = user;
    redis->n_loaded = 0;
    look_down(redis, why);
}

/* The hearing wire */

static void listen_on(struct redis *redis);

/* "1700000000000-0" and its fields. */
static const char *field_of(const redisReply *fields, const char *name)
{
    for (size_t i = 0; i + 1 < fields->elements; i += 2)
        if (strcmp(text_at(fields, i), name) == 0)
            return text_at(fields, i + 1);
    return "";
}

static void take_message(struct redis *redis, const redisReply *fields)
{
    const redisReply *bytes = fields->elements == 2 ? fields->element[1] : NULL;
    bool is_packet = bytes && strcmp(text_at(fields, 0), "b") == 0;
    if (is_packet && bytes->str)
        redis->options.events->packet(redis->options.user, (const uint8_t *)bytes->str, bytes->len);
    else
        redis->options.events->message(redis->options.user, field_of(fields, "m"));
}

static void take_news(struct redis *redis, const redisReply *fields)
{
    const struct ph_engine_news news = {.path = field_of(fields, "p"),
                                        .holder = field_of(fields, "h"),
                                        .where = field_of(fields, "w"),
                                        .epoch = number_of(field_of(fields, "e"))};
    redis->options.events->news(redis->options.user, &news);
}

static void take_entries(struct redis *redis, const redisReply *stream)
{
    bool is_news = strcmp(text_at(stream, 0), redis->news) == 0;
    const redisReply *entries = stream->elements > 1 ? stream->element[1] : NULL;
    for (size_t i = 0; entries && i < entries->elements; i++) {
        const redisReply *entry = entries->element[i];
        if (entry->type != REDIS_REPLY_ARRAY || entry->elements != 2)
            continue;
        ph_text_copy(is_news ? redis->news_id : redis->inbox_id, STREAM_ID, text_at(entry, 0));
        if (is_news)
            take_news(redis, entry->element[1]);
        else
            take_message(redis, entry->element[1]);
    }
}

static void on_heard(void *user, const redisReply *reply)
{
    struct redis *redis = user;
    if (!reply)
        return;
    if (reply->type == REDIS_REPLY_ERROR) {
        redis_wire_fail(redis->hear, "it says %s", reply->str);
        return;
    }
    for (size_t i = 0; i < reply->elements; i++)
        take_entries(redis, reply->element[i]);
    listen_on(redis);
}

static void listen_on(struct redis *redis)
{
    char block[24];
    write_number(block, HEAR_MS);
    const char *const words[] = {"XREAD",   "BLOCK",     block,        "COUNT",        "256",
                                 "STREAMS", redis->news, redis->inbox, redis->news_id, redis->inbox_id};
    if (redis_wire_say(redis->hear, PH_COUNT(words), words, NULL, on_heard, redis))
        redis_wire_fail(redis->hear, "out of memory");
}

/* What was said before this server came is no news to it. */
static void on_newest(void *user, const redisReply *reply)
{
    struct redis *redis = user;
    if (!reply)
        return;
    if (reply->type == REDIS_REPLY_ERROR) {
        redis_wire_fail(redis->hear, "it says %s", reply->str);
        return;
    }
    const char *newest = reply->elements ? text_at(reply->element[0], 0) : "";
    ph_text_copy(redis->news_id, STREAM_ID, newest[0] ? newest : "0-0");
    redis->knows_news = true;
    listen_on(redis);
    look_up(redis);
}

static void hear_up(void *user)
{
    struct redis *redis = user;
    const char *const words[] = {"XREVRANGE", redis->news, "+", "-", "COUNT", "1"};
    if (redis_wire_say(redis->hear, PH_COUNT(words), words, NULL, on_newest, redis))
        redis_wire_fail(redis->hear, "out of memory");
}

static void hear_down(void *user, const char *why)
{
    struct redis *redis = user;
    redis->knows_news = false;
    look_down(redis, why);
}

/* Life */

static void close_engine(struct ph_engine *engine)
{
    struct redis *redis = ph_container_of(engine, struct redis, base);
    redis_wire_close(redis->talk);
    redis_wire_close(redis->hear);
    ph_deferred_cancel(&redis->answer_lost);
    free(redis);
}

static void name_keys(struct redis *redis)
{
    struct ph_text text;
    ph_text_init(&text, redis->prefix, sizeof redis->prefix);
    ph_text_add(&text, "playhouse:1:%s:", redis->options.cluster);
    ph_text_init(&text, redis->news, sizeof redis->news);
    ph_text_add(&text, "%snews", redis->prefix);
    ph_text_init(&text, redis->inbox, sizeof redis->inbox);
    ph_text_add(&text, "%sinbox:%s", redis->prefix, redis->options.id);
}

int redis_open(const struct redis_options *options, struct ph_engine **engine)
{
    static const struct redis_wire_events talk_events = {talk_up, talk_down}, hear_events = {hear_up, hear_down};
    struct redis *redis = calloc(1, sizeof *redis);
    if (!redis)
        return -ENOMEM;
    redis->base = (struct ph_engine){.ask = ask, .close = close_engine};
    redis->options = *options;
    memcpy(redis->inbox_id, "0-0", sizeof "0-0");
    name_keys(redis);
    ph_deferred_init(&redis->answer_lost, on_lost);
    struct redis_wire_options wire = {.loop = options->loop,
                                      .trust = options->trust,
                                      .url = options->url,
                                      .patience_ms = PH_LIMIT_ENGINE_PATIENCE_MS,
                                      .events = &talk_events,
                                      .user = redis};
    int err = redis_wire_open(&wire, &redis->talk);
    wire.patience_ms += HEAR_MS;
    wire.events = &hear_events;
    err = err ? err : redis_wire_open(&wire, &redis->hear);
    if (err)
        close_engine(&redis->base);
    else
        *engine = &redis->base;
    return err;
}
