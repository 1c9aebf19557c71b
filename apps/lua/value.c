/* SPDX-License-Identifier: MIT */
#include "value.h"

#include <math.h>
#include <string.h>

#include <lauxlib.h>

#include "sandbox.h"

enum { DEPTH_MAX = 32, NODES_MAX = 65536, SPARE_HOLES = 8 };

static const char null_value = 'n', undefined_value = 'u'; /* their addresses are the values */
static const char array_metatable = 'a', bytes_metatable = 'b', date_metatable = 'd';

static void push_null(lua_State *L) { lua_pushlightuserdata(L, (void *)&null_value); }

/* From the host to Lua */

struct walk {
    lua_State *L;
    const struct ph_values *values;
    unsigned depth, n_nodes;
};

static void push_inner(struct walk *walk, const struct ph_value *value);

static void push_number(lua_State *L, double number)
{
    if (number == floor(number) && fabs(number) <= 9007199254740992.0 && !(number == 0 && signbit(number)))
        lua_pushinteger(L, (lua_Integer)number);
    else
        lua_pushnumber(L, number);
}

static void push_bytes(lua_State *L, const char *bytes, size_t length)
{
    ph_lua_charge(L, length / 16);
    memcpy(lua_newuserdatauv(L, length, 0), bytes, length);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &bytes_metatable);
    lua_setmetatable(L, -2);
}

static void push_date(lua_State *L, double ms)
{
    *(double *)lua_newuserdatauv(L, sizeof ms, 0) = ms;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &date_metatable);
    lua_setmetatable(L, -2);
}

static void mark_array(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &array_metatable);
    lua_setmetatable(L, -2);
}

/* Items `begin` to `end` into the table on top. */
static void add_items(struct walk *walk, const struct ph_value *value, size_t begin, size_t end)
{
    for (size_t i = begin; i < end; i++) {
        const struct ph_value *item = walk->values->at(value, i);
        if (!item && walk->values->type(value) == PH_VECTOR)
            push_number(walk->L, walk->values->number_at(value, i, 0));
        else
            push_inner(walk, item);
        lua_rawseti(walk->L, -2, (lua_Integer)(i - begin) + 1);
    }
}

static void add_members(struct walk *walk, const struct ph_value *value)
{
    struct ph_value_member member = {0};
    while (walk->values->next(value, &member)) {
        if (walk->values->type(member.value) == PH_UNDEFINED)
            continue;
        lua_pushlstring(walk->L, member.name, member.name_length);
        push_inner(walk, member.value);
        lua_rawset(walk->L, -3);
    }
}

static void push_array(struct walk *walk, const struct ph_value *value)
{
    size_t n = walk->values->count(value);
    lua_createtable(walk->L, n < NODES_MAX ? (int)n : 0, 0);
    add_items(walk, value, 0, n);
    add_members(walk, value);
    mark_array(walk->L);
}

static void push_dictionary(struct walk *walk, const struct ph_value *value)
{
    size_t n = walk->values->count(value);
    lua_newtable(walk->L);
    for (size_t i = 0; i < n; i++) {
        lua_createtable(walk->L, 2, 0);
        add_items(walk, value, 2 * i, 2 * i + 2);
        mark_array(walk->L);
        lua_rawseti(walk->L, -2, (lua_Integer)i + 1);
    }
    mark_array(walk->L);
}

static void push_object(struct walk *walk, const struct ph_value *value)
{
    const char *class = walk->values->class_name(value);
    lua_newtable(walk->L);
    add_members(walk, value);
    if (class && *class) {
        lua_pushstring(walk->L, class);
        lua_setfield(walk->L, -2, "$class");
    }
}

static void push_node(struct walk *walk, const struct ph_value *value, enum ph_value_type type)
{
    lua_State *L = walk->L;
    size_t length;
    const char *text = walk->values->text(value, &length);
    switch (type) {
    case PH_UNDEFINED:
    case PH_NULL:
        push_null(L);
        break;
    case PH_BOOLEAN:
        lua_pushboolean(L, walk->values->boolean(value, false));
        break;
    case PH_NUMBER:
    case PH_INTEGER:
        push_number(L, walk->values->number(value, 0));
        break;
    case PH_STRING:
    case PH_XML:
        lua_pushlstring(L, text, length);
        break;
    case PH_DATE:
        push_date(L, walk->values->number(value, 0));
        break;
    case PH_BYTES:
        push_bytes(L, text, length);
        break;
    case PH_ARRAY:
    case PH_VECTOR:
        push_array(walk, value);
        break;
    case PH_DICTIONARY:
        push_dictionary(walk, value);
        break;
    case PH_OBJECT:
        push_object(walk, value);
        break;
    }
}

static void push_inner(struct walk *walk, const struct ph_value *value)
{
    luaL_checkstack(walk->L, 5, "a value");
    ph_lua_charge(walk->L, 10);
    if (++walk->n_nodes > NODES_MAX || walk->depth >= DEPTH_MAX)
        luaL_error(walk->L, "a value has more than %d parts or %d levels", NODES_MAX, DEPTH_MAX);
    walk->depth++;
    push_node(walk, value, walk->values->type(value));
    walk->depth--;
}

static void push_outer(struct walk *walk, const struct ph_value *value)
{
    enum ph_value_type type = walk->values->type(value);
    if (type == PH_UNDEFINED || type == PH_NULL)
        lua_pushnil(walk->L);
    else
        push_inner(walk, value);
}

void ph_lua_push(lua_State *L, struct ph_app *app, const struct ph_value *value)
{
    push_outer(&(struct walk){.L = L, .values = app->host->values}, value);
}

int ph_lua_push_items(lua_State *L, struct ph_app *app, const struct ph_value *array)
{
    struct walk walk = {.L = L, .values = app->host->values};
    size_t n = walk.values->type(array) == PH_ARRAY ? walk.values->count(array) : 0;
    luaL_checkstack(L, n < NODES_MAX ? (int)n : NODES_MAX * 16, "too many arguments");
    for (size_t i = 0; i < n; i++)
        push_outer(&walk, walk.values->at(array, i));
    return (int)n;
}

/* From Lua to the host */

struct taking {
    lua_State *L;
    struct ph_app *app;
    const struct ph_values *values;
    unsigned depth;
};

static struct ph_value *take_inner(struct taking *taking, int index);

static struct ph_value *built(struct taking *taking, struct ph_value *value)
{
    if (!value)
        luaL_error(taking->L, "the values of one callback are too large");
    return value;
}

static bool has_metatable(lua_State *L, int index, const void *key)
{
    if (!lua_getmetatable(L, index))
        return false;
    lua_rawgetp(L, LUA_REGISTRYINDEX, key);
    bool same = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return same;
}

/* What the keys of a table are. */
struct shape {
    lua_Integer last; /* the highest index, if it is worth an array */
    lua_Integer n_indices;
    bool has_others;
};

static struct shape shape_of(lua_State *L, int table)
{
    struct shape shape = {0};
    lua_pushnil(L);
    while (lua_next(L, table)) {
        ph_lua_charge(L, 4);
        lua_pop(L, 1);
        if (lua_isinteger(L, -1) && lua_tointeger(L, -1) > 0) {
            lua_Integer at = lua_tointeger(L, -1);
            shape.last = at > shape.last ? at : shape.last;
            shape.n_indices++;
        } else {
            shape.has_others = true;
        }
    }
    if (shape.last > 2 * shape.n_indices + SPARE_HOLES) { /* more holes than items: names */
        shape.has_others = true;
        shape.last = 0;
    }
    return shape;
}

/* The name that the key on top of the stack is for the world; on top afterwards. */
static const char *push_name(lua_State *L)
{
    int type = lua_type(L, -1);
    if (type != LUA_TSTRING && type != LUA_TNUMBER)
        luaL_error(L, "a %s cannot be a name in a value; use texts or numbers", lua_typename(L, type));
    lua_pushvalue(L, -1);
    size_t length;
    const char *name = lua_tolstring(L, -1, &length);
    if (strlen(name) != length)
        luaL_error(L, "a name in a value cannot hold a NUL");
    return name;
}

static void take_members(struct taking *taking, int table, struct ph_value *into, lua_Integer but_indices_to)
{
    lua_State *L = taking->L;
    lua_pushnil(L);
    while (lua_next(L, table)) {
        bool is_item = lua_isinteger(L, -2) && lua_tointeger(L, -2) > 0 && lua_tointeger(L, -2) <= but_indices_to;
        if (!is_item && lua_touserdata(L, -1) != &undefined_value) {
            struct ph_value *item = take_inner(taking, lua_gettop(L));
            lua_pushvalue(L, -2);
            const char *name = push_name(L);
            if (taking->values->set(taking->app, into, name, item))
                built(taking, NULL);
            lua_pop(L, 2);
        }
        lua_pop(L, 1);
    }
}

static struct ph_value *take_table(struct taking *taking, int index)
{
    lua_State *L = taking->L;
    bool is_array = has_metatable(L, index, &array_metatable);
    struct shape shape = shape_of(L, index);
    is_array |= shape.last > 0;
    struct ph_value *value = built(taking, is_array ? taking->values->new_array(taking->app)
                                                    : taking->values->new_object(taking->app));
    for (lua_Integer i = 1; i <= shape.last; i++) {
        lua_rawgeti(L, index, i);
        if (taking->values->push(taking->app, value, take_inner(taking, lua_gettop(L))))
            built(taking, NULL);
        lua_pop(L, 1);
    }
    if (shape.has_others)
        take_members(taking, index, value, shape.last);
    return value;
}

static struct ph_value *take_userdata(struct taking *taking, int index)
{
    lua_State *L = taking->L;
    if (has_metatable(L, index, &bytes_metatable))
        return taking->values->new_bytes(taking->app, lua_touserdata(L, index), lua_rawlen(L, index));
    if (has_metatable(L, index, &date_metatable))
        return taking->values->new_date(taking->app, *(double *)lua_touserdata(L, index));
    luaL_error(L, "a %s cannot be part of a value; take its id or its name", luaL_tolstring(L, index, NULL));
    return NULL;
}

static struct ph_value *take_number(struct taking *taking, int index)
{
    lua_Integer integer = lua_tointeger(taking->L, index);
    return lua_isinteger(taking->L, index) && integer >= INT32_MIN && integer <= INT32_MAX
               ? taking->values->new_integer(taking->app, (int32_t)integer)
               : taking->values->new_number(taking->app, lua_tonumber(taking->L, index));
}

static struct ph_value *take_node(struct taking *taking, int index)
{
    lua_State *L = taking->L;
    size_t length;
    const char *text;
    switch (lua_type(L, index)) {
    case LUA_TNONE:
    case LUA_TNIL:
        return taking->values->new_null(taking->app);
    case LUA_TBOOLEAN:
        return taking->values->new_boolean(taking->app, lua_toboolean(L, index));
    case LUA_TNUMBER:
        return take_number(taking, index);
    case LUA_TSTRING:
        text = lua_tolstring(L, index, &length);
        return taking->values->new_string(taking->app, text, length);
    case LUA_TLIGHTUSERDATA:
        return lua_touserdata(L, index) == &undefined_value ? taking->values->new_undefined(taking->app)
                                                            : taking->values->new_null(taking->app);
    case LUA_TTABLE:
        return take_table(taking, index);
    case LUA_TUSERDATA:
        return take_userdata(taking, index);
    default:
        luaL_error(L, "a %s cannot be part of a value", luaL_typename(L, index));
        return NULL;
    }
}

static struct ph_value *take_inner(struct taking *taking, int index)
{
    luaL_checkstack(taking->L, 8, "a value");
    ph_lua_charge(taking->L, 10);
    if (taking->depth >= DEPTH_MAX)
        luaL_error(taking->L, "a value has more than %d levels, or contains itself", DEPTH_MAX);
    taking->depth++;
    struct ph_value *value = built(taking, take_node(taking, index));
    taking->depth--;
    return value;
}

struct ph_value *ph_lua_take(lua_State *L, struct ph_app *app, int index)
{
    struct taking taking = {.L = L, .app = app, .values = app->host->values};
    return take_inner(&taking, index > 0 ? index : lua_absindex(L, index));
}

struct ph_value *ph_lua_take_items(lua_State *L, struct ph_app *app, int first)
{
    struct taking taking = {.L = L, .app = app, .values = app->host->values};
    struct ph_value *array = built(&taking, taking.values->new_array(app));
    int last = lua_gettop(L);
    for (int i = first; i <= last; i++)
        if (taking.values->push(app, array, take_inner(&taking, i)))
            built(&taking, NULL);
    return array;
}

const char *ph_lua_take_text(lua_State *L, struct ph_app *app, int index)
{
    if (lua_isnoneornil(L, index))
        return NULL;
    struct taking taking = {.L = L, .app = app, .values = app->host->values};
    return taking.values->text(built(&taking, taking.values->new_text(app, luaL_checkstring(L, index))), NULL);
}

/* What scripts make: array, bytes, date */

static int make_array(lua_State *L)
{
    lua_settop(L, 1);
    if (lua_isnil(L, 1)) {
        lua_newtable(L);
        lua_replace(L, 1);
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    mark_array(L);
    return 1;
}

static int make_bytes(lua_State *L)
{
    size_t length;
    const char *text = luaL_checklstring(L, 1, &length);
    push_bytes(L, text, length);
    return 1;
}

static int make_date(lua_State *L)
{
    push_date(L, luaL_checknumber(L, 1));
    return 1;
}

static int bytes_text(lua_State *L)
{
    lua_pushlstring(L, lua_touserdata(L, 1), lua_rawlen(L, 1));
    return 1;
}

static int bytes_length(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)lua_rawlen(L, 1));
    return 1;
}

static int bytes_equal(lua_State *L)
{
    lua_pushboolean(L, has_metatable(L, 1, &bytes_metatable) && has_metatable(L, 2, &bytes_metatable) &&
                           lua_rawlen(L, 1) == lua_rawlen(L, 2) &&
                           memcmp(lua_touserdata(L, 1), lua_touserdata(L, 2), lua_rawlen(L, 1)) == 0);
    return 1;
}

static double date_of(lua_State *L, int index)
{
    if (!has_metatable(L, index, &date_metatable))
        luaL_argexpected(L, false, index, "date");
    return *(double *)lua_touserdata(L, index);
}

static int date_field(lua_State *L)
{
    double ms = date_of(L, 1);
    if (strcmp(luaL_checkstring(L, 2), "ms") == 0)
        push_number(L, ms);
    else
        lua_pushnil(L);
    return 1;
}

static int date_text(lua_State *L)
{
    lua_pushfstring(L, "date %f", date_of(L, 1));
    return 1;
}

static int date_equal(lua_State *L)
{
    lua_pushboolean(L, has_metatable(L, 1, &date_metatable) && has_metatable(L, 2, &date_metatable) &&
                           date_of(L, 1) == date_of(L, 2));
    return 1;
}

static int date_less(lua_State *L)
{
    lua_pushboolean(L, date_of(L, 1) < date_of(L, 2));
    return 1;
}

static int date_less_or_equal(lua_State *L)
{
    lua_pushboolean(L, date_of(L, 1) <= date_of(L, 2));
    return 1;
}

static int mark_text(lua_State *L)
{
    lua_pushstring(L, lua_touserdata(L, 1) == &undefined_value ? "undefined" : "null");
    return 1;
}

static void make_metatable(lua_State *L, const void *key, const luaL_Reg *functions)
{
    lua_newtable(L);
    luaL_setfuncs(L, functions, 0);
    lua_pushboolean(L, false);
    lua_setfield(L, -2, "__metatable");
    lua_rawsetp(L, LUA_REGISTRYINDEX, key);
}

void ph_lua_open_values(lua_State *L)
{
    static const luaL_Reg functions[] = {{"array", make_array}, {"bytes", make_bytes}, {"date", make_date}, {0}};
    static const luaL_Reg bytes[] = {{"__tostring", bytes_text}, {"__len", bytes_length}, {"__eq", bytes_equal}, {0}};
    static const luaL_Reg date[] = {{"__index", date_field}, {"__tostring", date_text},    {"__eq", date_equal},
                                    {"__lt", date_less},     {"__le", date_less_or_equal}, {0}};
    static const luaL_Reg marks[] = {{"__tostring", mark_text}, {0}};
    static const luaL_Reg none[] = {{0}};
    make_metatable(L, &array_metatable, none);
    make_metatable(L, &bytes_metatable, bytes);
    make_metatable(L, &date_metatable, date);
    luaL_setfuncs(L, functions, 0);
    lua_pushlightuserdata(L, (void *)&undefined_value);
    lua_newtable(L);
    luaL_setfuncs(L, marks, 0);
    lua_pushboolean(L, false);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2); /* of all light userdata: scripts see no others */
    lua_setfield(L, -2, "undefined");
    push_null(L);
    lua_setfield(L, -2, "null");
}
