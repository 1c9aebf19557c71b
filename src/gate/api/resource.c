/* SPDX-License-Identifier: MIT */
#include "gate/api/resource.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

const char *const ph_api_role_names[PH_API_ROLES] = {
    [PH_API_READ] = "read", [PH_API_OPERATE] = "operate", [PH_API_ADMIN] = "admin"};

/* Paths */

/* Where the segment at `at` ends. */
static size_t segment_end(const char *text, size_t length, size_t at)
{
    while (at < length && text[at] != '/')
        at++;
    return at;
}

static bool leads_to(const char *pattern, struct rtmp_text path, struct rtmp_text *rest)
{
    size_t length = strlen(pattern), at = 0, in_path = 0, first = path.length;
    for (;;) {
        size_t end = segment_end(pattern, length, at), path_end = segment_end(path.data, path.length, in_path);
        bool is_open = pattern[at] == '{';
        if (is_open && first == path.length)
            first = in_path;
        if (is_open && pattern[end - 2] == '*')
            path_end = path.length;
        bool fits = is_open
                        ? path_end > in_path
                        : end - at == path_end - in_path && memcmp(pattern + at, path.data + in_path, end - at) == 0;
        if (!fits || (end == length) != (path_end == path.length))
            return false;
        if (end == length)
            break;
        at = end + 1;
        in_path = path_end + 1;
    }
    *rest = (struct rtmp_text){path.data + first, path.length - first};
    return true;
}

const struct ph_resource *ph_resource_find(unsigned method, struct rtmp_text path, unsigned *methods,
                                           struct rtmp_text *rest)
{
    const struct ph_resource *found = NULL;
    struct rtmp_text open;
    *methods = 0;
    for (size_t i = 0; i < ph_api_n_resources; i++) {
        const struct ph_resource *row = &ph_api_resources[i];
        if (!leads_to(row->path, path, &open))
            continue;
        *methods |= row->method;
        if (row->method == method && !found) {
            found = row;
            *rest = open;
        }
    }
    return found;
}

/* The description */

static json_t *parameter(const char *name, const char *place, const char *type, bool is_required, const char *words)
{
    return json_pack("{s:s, s:s, s:b, s:s, s:{s:s}}", "name", name, "in", place, "required", is_required, "description",
                     words, "schema", "type", type);
}

/* "{app}" of the path: each is a parameter. `plain`: out, the path without stars. */
static void add_path_parameters(const struct ph_resource *row, json_t *parameters, struct ph_text *plain)
{
    for (const char *at = row->path; *at; at++) {
        if (*at != '*')
            ph_text_add_bytes(plain, at, 1);
        if (*at != '{')
            continue;
        char name[32];
        size_t length = strcspn(at + 1, "*}");
        struct ph_text text;
        ph_text_init(&text, name, sizeof name);
        ph_text_add_bytes(&text, at + 1, length);
        (void)!json_array_append_new(
            parameters, parameter(name, "path", "string", true, at[length + 1] == '*' ? "with its slashes" : "a name"));
    }
}

static void add_list_parameters(const struct ph_resource *row, json_t *parameters)
{
    if (!row->list)
        return;
    (void)!json_array_append_new(parameters, parameter("limit", "query", "integer", false, "rows at once, 1 to 1000"));
    (void)!json_array_append_new(parameters, parameter("cursor", "query", "string", false, "next of the page before"));
    for (size_t i = 0; row->list->filters[i]; i++)
        (void)!json_array_append_new(parameters, parameter(row->list->filters[i], "query", "string", false,
                                                           "rows whose field is this text; with a star at the end: "
                                                           "begins so"));
}

static json_t *responses_of(const struct ph_resource *row)
{
    char status[8];
    struct ph_text text;
    ph_text_init(&text, status, sizeof status);
    ph_text_add(&text, "%u", row->status);
    json_t *good = json_pack("{s:s}", "description", row->status == 204 ? "It is done." : "It is so.");
    if (row->status != 204)
        (void)!json_object_set_new(
            good, "content",
            row->list ? json_pack("{s:{s:{s:s}}}", "application/json", "schema", "$ref", "#/components/schemas/Page")
                      : json_pack("{s:{s:{s:s}}}", "application/json", "schema", "type", "object"));
    return json_pack("{s:o, s:{s:s}}", status, good, "default", "$ref", "#/components/responses/Problem");
}

static json_t *operation_of(const struct ph_resource *row, struct ph_text *path)
{
    json_t *parameters = json_array();
    add_path_parameters(row, parameters, path);
    add_list_parameters(row, parameters);
    json_t *operation = json_pack("{s:s, s:s, s:o}", "summary", row->summary, "x-role", ph_api_role_names[row->role],
                                  "responses", responses_of(row));
    if (row->method == PH_HTTP_POST)
        (void)!json_object_set_new(
            operation, "requestBody",
            json_pack("{s:b, s:{s:{s:{}}}}", "required", 0, "content", "application/json", "schema"));
    if (json_array_size(parameters))
        (void)!json_object_set(operation, "parameters", parameters);
    json_decref(parameters);
    return operation;
}

static json_t *paths_of(void)
{
    json_t *paths = json_object();
    for (size_t i = 0; i < ph_api_n_resources; i++) {
        const struct ph_resource *row = &ph_api_resources[i];
        const char *method = row->method == PH_HTTP_GET ? "get" : row->method == PH_HTTP_POST ? "post" : "delete";
        char path[128];
        struct ph_text text;
        ph_text_init(&text, path, sizeof path);
        ph_text_add(&text, "/");
        json_t *operation = operation_of(row, &text);
        if (!json_object_get(paths, path))
            (void)!json_object_set_new(paths, path, json_object());
        (void)!json_object_set_new(json_object_get(paths, path), method, operation);
    }
    return paths;
}

json_t *ph_api_describe(void)
{
    json_t *problem = json_pack("{s:s, s:{s:{s:{s:s}}}}", "description", "It is refused.", "content",
                                "application/problem+json", "schema", "$ref", "#/components/schemas/Problem");
    json_t *schemas = json_pack("{s:{s:s, s:{s:{s:s, s:{s:s}}, s:{s:s}}}, s:{s:s, s:{s:{s:s}, s:{s:s}}}}", "Page",
                                "type", "object", "properties", "items", "type", "array", "items", "type", "object",
                                "next", "type", "string", "Problem", "type", "object", "properties", "title", "type",
                                "string", "status", "type", "integer");
    return json_pack("{s:s, s:{s:s, s:s}, s:[{s:s}], s:[{s:[]}], s:o, s:{s:{s:{s:s, s:s}}, s:o, s:{s:o}}}", "openapi",
                     "3.1.0", "info", "title", "Playhouse", "version", "1", "servers", "url", "/api/v1", "security",
                     "token", "paths", paths_of(), "components", "securitySchemes", "token", "type", "http", "scheme",
                     "bearer", "schemas", schemas, "responses", "Problem", problem);
}

void ph_api_print_description(FILE *out)
{
    json_t *all = ph_api_describe();
    char *text = all ? json_dumps(all, JSON_INDENT(2)) : NULL;
    fprintf(out, "%s\n", text ? text : "out of memory");
    free(text);
    json_decref(all);
}
