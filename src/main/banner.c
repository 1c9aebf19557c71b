/* SPDX-License-Identifier: MIT */
#include "main/banner.h"

#include <netinet/in.h>
#include <string.h>

#include "base/text.h"
#include "net/address.h"

/* An address that works on this machine: 127.0.0.1 where the server listens on all. */
static void pastable(const struct ph_address *address, char text[PH_ADDRESS_TEXT])
{
    bool is_v6 = address->as.any.sa_family == AF_INET6;
    bool is_any = is_v6 ? IN6_IS_ADDR_UNSPECIFIED(&address->as.v6.sin6_addr)
                        : address->as.v4.sin_addr.s_addr == htonl(INADDR_ANY);
    struct ph_text out;
    ph_text_init(&out, text, PH_ADDRESS_TEXT);
    if (is_any)
        ph_text_add(&out, "127.0.0.1:%u", ph_address_port(address));
    else
        ph_address_text(address, text);
}

static const char *first_app(const struct ph_settings *settings)
{
    for (size_t i = 0; i < settings->n_apps; i++)
        if (settings->apps[i].settings.enabled)
            return settings->apps[i].name;
    return NULL;
}

static void print_lines_to_paste(FILE *out, const char *address, bool is_secure, const char *app, const char *key)
{
    const char *s = is_secure ? "s" : "";
    char query[PH_SECRET_MAX + 8] = "", url[PH_ADDRESS_TEXT + PH_SETTINGS_NAME + 16];
    struct ph_text text;
    ph_text_init(&text, url, sizeof url);
    ph_text_add(&text, "rtmp%s://%s/%s", s, address, app);
    ph_text_init(&text, query, sizeof query);
    if (key)
        ph_text_add(&text, "?key=%s", key);
    fprintf(out,
            "\npublish  ffmpeg -re -f lavfi -i testsrc2=s=1280x720:r=30 -f lavfi -i sine -c:v libx264 -g 60 "
            "-pix_fmt yuv420p -c:a aac -f flv '%s/cam%s'\n",
            url, query);
    fprintf(out, "OBS      Server: %s   Stream Key: cam%s\n", url, query);
    fprintf(out, "play     ffplay %s/cam\n", url);
    fprintf(out, "watch    http%s://%s/watch/%s/cam in a browser\n", s, address, app);
}

/* The first one for clients, or the operator's. */
static bool find_door(const struct server *server, bool is_local, struct server_door *door)
{
    for (size_t i = 0; server_door(server, i, door); i++)
        if ((strcmp(door->name, "local") == 0) == is_local)
            return true;
    return false;
}

void banner_print(FILE *out, const struct server *server, const struct ph_command_line *line,
                  const struct ph_settings *settings, const struct ph_state *state)
{
    static const char *const spoken[] = {
        [PH_TLS_OFF] = "rtmp, http, websocket",
        [PH_TLS_OFFERED] = "rtmp, http, websocket; each also over TLS: rtmps, https, wss",
        [PH_TLS_REQUIRED] = "rtmps, https, wss",
    };
    struct server_door door;
    char address[PH_ADDRESS_TEXT];
    fprintf(out, "Playhouse %s\n", PLAYHOUSE_VERSION);
    fprintf(out, "config   %s\n", line->config ? line->config : "none: all defaults; playhouse --help lists options");
    fprintf(out, "state    %s%s\n", state->directory, state->is_new_key ? " (a new publish key was made)" : "");
    for (size_t i = 0; server_door(server, i, &door); i++) {
        ph_address_text(door.address, address);
        fprintf(out, "listen   %s: %s (%s)\n", door.name, address, spoken[door.tls]);
    }
    const char *app = first_app(settings);
    if (find_door(server, false, &door)) {
        pastable(door.address, address);
        if (app)
            print_lines_to_paste(out, address, door.tls == PH_TLS_REQUIRED, app,
                                 settings->server.publish == PH_ACCESS_KEY ? state->publish_key : NULL);
    }
    if (find_door(server, true, &door)) {
        pastable(door.address, address);
        fprintf(out, "console  http%s://%s/ with the token of %s\n", door.tls == PH_TLS_REQUIRED ? "s" : "", address,
                state->token_file);
    }
    fputs("\nready: Ctrl-C ends it\n", out);
    fflush(out);
}
