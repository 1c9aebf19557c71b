/* SPDX-License-Identifier: MIT */
/* The connect command: which application, and who may publish there. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rtmpwire/auth.h>
#include <rtmpwire/proof.h>
#include <rtmpwire/value.h>

#include "app/app.h"
#include "app/query.h"
#include "app/theatre.h"
#include "base/log.h"
#include "base/text.h"
#include "gate/rtmp/session.h"
#include "gate/rtmp/via.h"

/* What players are told the server can pass on: everything. */
static const struct rtmp_capabilities capabilities = {
    .announced = true,
    .caps_ex = RTMP_CAPS_MULTITRACK | RTMP_CAPS_MODEX | RTMP_CAPS_NANO_OFFSET,
    .n_codecs = 3,
    .codecs = {{.four_cc = RTMP_FOURCC_ANY, .list = RTMP_CODEC_LISTED, .can = RTMP_CAN_DECODE},
               {.four_cc = RTMP_FOURCC_ANY, .list = RTMP_CODEC_VIDEO, .can = RTMP_CAN_FORWARD},
               {.four_cc = RTMP_FOURCC_ANY, .list = RTMP_CODEC_AUDIO, .can = RTMP_CAN_FORWARD}},
};

static struct rtmp_text find_key(const struct rtmp_event_connect *connect)
{
    struct rtmp_text key = ph_query_find(connect->app_query, "key");
    return key.data ? key : ph_query_find(ph_query_behind(connect->tc_url), "key");
}

/* All that a client has shown. */
struct shown {
    struct ph_shown_key key; /* text NULL: none */
    const struct shown_login *login;
};

static bool proves(const void *shown, const char *key, size_t length)
{
    const struct shown *it = shown;
    bool by_key = it->key.text && ph_key_proves(&it->key, key, length);
    bool by_login = it->login && login_proves(it->login, key, length);
    return by_key || by_login;
}

enum ph_access_verdict session_may_publish(const struct session *session, const char *path, struct rtmp_text query)
{
    struct shown shown = {.login = session->login};
    struct rtmp_text key = ph_query_find(query, "key");
    shown.key = (struct ph_shown_key){.text = key.data, .length = key.length};
    if (!shown.key.text && session->key) {
        shown.key.text = session->key;
        shown.key.length = strlen(session->key);
    }
    struct ph_credentials credentials = {.proves = shown.key.text || shown.login ? proves : NULL, .shown = &shown};
    return ph_access_publish(session->gate->options.access, path, &credentials);
}

static void refuse(struct session *session, const char *code, const char *description, const char *why)
{
    struct rtmp_connect_refusal refusal = {.code = code, .description = description};
    session_wrote(session, rtmp_server_refuse_connect(session->rtmp, &refusal));
    session_end(session, PH_CLOSE_REFUSED, why);
}

static bool is_encoder(const struct rtmp_event_connect *connect)
{
    struct rtmp_text type = rtmp_value_text(rtmp_value_get(connect->properties, "type"));
    return rtmp_text_is(type, "nonprivate") || strncmp(connect->flash_ver.data, "FMLE/", 5) == 0;
}

/* Does this connect have to wait for user and password? An encoder that has none gives up when it is asked, even if
 * its stream name carries a key: so it is asked when the URL says that it has. */
static bool is_to_log_in(const struct session *session, const struct rtmp_event_connect *connect)
{
    const struct ph_rtmp_options *options = &session->gate->options;
    if (options->login == PH_RTMP_LOGIN_OFF || ph_access_is_open(options->access))
        return false;
    if (ph_query_find(connect->app_query, "login").data)
        return true;
    return options->login == PH_RTMP_LOGIN_ALWAYS && is_encoder(connect) && !find_key(connect).data;
}

/* The third connect: a response. True: it is right. */
static bool check_response(struct session *session, const struct rtmp_auth *said)
{
    struct login_desk *desk = session->gate->desk;
    uint64_t now_us = ph_loop_now(session->home->loop);
    if (login_take(desk, said, now_us, &session->login))
        return false;
    struct ph_credentials credentials = {.proves = login_proves, .shown = session->login};
    return ph_access_login(session->gate->options.access, &credentials) == PH_ACCESS_GRANTED;
}

/* True: go on. False: the connect was refused, the encoder will come back with an answer, or not. */
static bool log_in(struct session *session, const struct rtmp_event_connect *connect)
{
    static const char asked[] = "asked for user and password";
    struct login_desk *desk = session->gate->desk;
    uint64_t now_us = ph_loop_now(session->home->loop);
    struct rtmp_text query = ph_query_behind(connect->app_raw);
    struct rtmp_auth said;
    rtmp_auth_parse(query.data - (query.data > connect->app_raw.data), query.length + 1, &said);
    if (said.authmod.length != 5 || memcmp(said.authmod.text, "adobe", 5) != 0) {
        if (!is_to_log_in(session, connect))
            return true;
        refuse(session, NULL, RTMP_AUTH_NEED_USER, asked);
    } else if (!said.user.text) {
        refuse(session, NULL, RTMP_AUTH_NEED_USER, asked);
    } else if (!said.response.text) {
        char challenge[LOGIN_CHALLENGE];
        bool made = login_challenge(desk, &said, now_us, challenge) == 0;
        refuse(session, NULL, made ? challenge : RTMP_AUTH_NO_SUCH_USER, asked);
    } else if (check_response(session, &said)) {
        return true;
    } else {
        char peer[SESSION_PEER];
        session_peer(session, peer);
        ph_log_warning(session_log(session), session->app_path, "login refused: wrong password (%s)", peer);
        refuse(session, NULL, RTMP_AUTH_FAILED, "wrong password");
    }
    return false;
}

/* "FMLE/3.0 (compatible; Lavf59.27.100)" is called by what it is compatible with. */
static void keep_client_name(struct session *session, struct rtmp_text flash_ver)
{
    static const char prefix[] = "FMLE/3.0 (compatible; ";
    const char *name = flash_ver.data;
    size_t length = strlen(name);
    if (strncmp(name, prefix, sizeof prefix - 1) == 0 && name[length - 1] == ')') {
        name += sizeof prefix - 1;
        length -= sizeof prefix;
    }
    struct ph_text text;
    ph_text_init(&text, session->client, sizeof session->client);
    ph_text_add_escaped(&text, name, length);
}

static struct rtmp_text via_of(const struct rtmp_event_connect *connect)
{
    struct rtmp_text via = rtmp_value_text(rtmp_value_get(connect->properties, PH_VIA_PROPERTY));
    return via.data ? via : (struct rtmp_text){"", 0};
}

static bool leads_back(const struct session *session)
{
    return session->via &&
           (strlen(session->via) >= PH_VIA_MAX || ph_via_has(session->via, session->gate->options.node));
}

enum kinship { KIN_NONE, KIN_PROVED, KIN_WRONG };

static enum kinship kinship_of(const struct session *session, const struct rtmp_event_connect *connect)
{
    const struct ph_rtmp_options *options = &session->gate->options;
    struct rtmp_text proof = rtmp_value_text(rtmp_value_get(connect->properties, RTMP_PROOF_MEMBER));
    if (!options->secret || !proof.length)
        return KIN_NONE;
    return rtmp_proof_is_right(proof.data, proof.length, options->secret, options->secret_length,
                               rtmp_server_challenge(session->rtmp))
               ? KIN_PROVED
               : KIN_WRONG;
}

static int keep(struct session *session, const struct rtmp_event_connect *connect)
{
    struct rtmp_text key = find_key(connect);
    if (key.data) {
        session->key = strndup(key.data, key.length);
        if (!session->key)
            return -ENOMEM;
    }
    struct rtmp_text via = via_of(connect);
    if (via.length) {
        session->via = strndup(via.data, via.length);
        if (!session->via)
            return -ENOMEM;
    }
    session->app_path = strndup(connect->app.data, connect->app.length);
    keep_client_name(session, connect->flash_ver);
    session->is_enhanced = connect->capabilities.announced;
    session->takes_tracks = connect->capabilities.caps_ex & RTMP_CAPS_MULTITRACK;
    return session->app_path ? 0 : -ENOMEM;
}

void session_welcome(struct session *session, const struct rtmp_value *info)
{
    struct rtmp_connect_reply reply = {.capabilities = session->is_enhanced ? &capabilities : NULL, .info = info};
    char peer[SESSION_PEER];
    session_wrote(session, rtmp_server_accept_connect(session->rtmp, &reply));
    ph_conn_authorise(session->conn);
    ph_timer_start(session->home->loop, &session->watch, (uint64_t)session->gate->options.ping_ms * 1000);
    session_peer(session, peer);
    ph_log_event(session_log(session), "opened", session->app_path, "%s", peer);
}

/* An application that is more than media decides itself. */
static void enter(struct session *session, const struct ph_application *app, const struct rtmp_event_connect *connect)
{
    struct ph_theatre *theatre = session->gate->options.theatre;
    if (session->is_kin || !theatre || !ph_theatre_find(theatre, app)) {
        session->app = app;
        session_welcome(session, NULL);
    } else if (seating_open(session, app, connect)) {
        session_end(session, PH_CLOSE_MEMORY, "out of memory");
    }
}

void session_on_connect(struct session *session, const struct rtmp_event_connect *connect)
{
    struct ph_path path;
    const char *why = "there is no such application here; check the server's address";
    enum kinship kinship = kinship_of(session, connect);
    session->is_kin = kinship == KIN_PROVED;
    const struct ph_application *app = ph_apps_find(session->gate->options.apps, connect->app.data,
                                                    connect->app.length);
    if (keep(session, connect))
        session_end(session, PH_CLOSE_MEMORY, "out of memory");
    else if (!app || ph_path_join(connect->app.data, connect->app.length, "x", 1, &path, &why))
        refuse(session, "NetConnection.Connect.InvalidApp", why, "no such application");
    else if (leads_back(session))
        refuse(session, "NetConnection.Connect.Rejected", "this relay leads back to where it came from: " PH_VIA_LOOP,
               "a relay that leads back");
    else if (kinship == KIN_WRONG)
        refuse(session, "NetConnection.Connect.Rejected", "this is not the secret of this cluster", "a wrong secret");
    else if (session->is_kin || log_in(session, connect))
        enter(session, app, connect);
}
