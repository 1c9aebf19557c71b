/* SPDX-License-Identifier: MIT */
/* Attacks on the sandbox: each ends, with the budget, with an error or with nothing, and the state works afterwards.
 * The hang guard is meson's timeout: how long an attack takes is not asserted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "apps/lua/sandbox.h"

enum outcome { OVER, FAILS, RETURNS };

static const struct {
    const char *name;
    enum outcome outcome;
    const char *source;
} attacks[] = {
    /* endless, and hiding from the end of the budget */
    {"endless loop", OVER, "while true do end"},
    {"endless loop without a body", OVER, "::again:: goto again"},
    {"endless numeric loop", OVER, "for i = 1, math.maxinteger do end"},
    {"endless tail call", OVER, "local function f() return f() end f()"},
    {"endless loop in pcall", OVER, "pcall(function() while true do end end) return 1"},
    {"a loop around pcall", OVER, "while true do pcall(function() while true do end end) end"},
    {"pcall of pcall of pcall", OVER,
     "local function f(n) pcall(f, n + 1) while true do end end while true do pcall(f, 1) end"},
    {"xpcall whose handler loops", OVER,
     "while true do xpcall(function() while true do end end, function() while true do end end) end"},
    {"xpcall whose handler swallows", OVER,
     "while true do xpcall(function() while true do end end, function() return 'fine' end) end"},
    {"xpcall whose handler fails for ever", OVER,
     "local function h() error('again') end while true do xpcall(error, h) end"},
    {"__close that loops", OVER,
     "local t = setmetatable({}, {__close = function() while true do end end})\n"
     "local function f() local a <close> = t local b <close> = t while true do end end\n"
     "while true do pcall(f) end"},
    {"thousands of __close", OVER,
     "local t = setmetatable({}, {__close = function() while true do end end})\n"
     "local function f(n) local a <close> = t if n > 0 then f(n - 1) end while true do end end f(5000)"},
    {"__close that swallows and goes on", OVER,
     "local t t = setmetatable({}, {__close = function() local x <close> = t while true do end end})\n"
     "local x <close> = t while true do end"},
    {"loop in a coroutine", OVER,
     "while true do coroutine.resume(coroutine.create(function() while true do end end)) end"},
    {"loop in a wrapped coroutine", OVER, "while true do pcall(coroutine.wrap(function() while true do end end)) end"},
    {"coroutines inside each other", OVER,
     "local function f() coroutine.wrap(f)() while true do end end while true do pcall(f) end"},
    {"coroutine that yields for ever", OVER,
     "local co = coroutine.wrap(function() while true do coroutine.yield() end end) while true do co() end"},
    {"closing a coroutine whose __close loops", OVER,
     "local co = coroutine.create(function()\n"
     "  local x <close> = setmetatable({}, {__close = function() while true do end end}) coroutine.yield() end)\n"
     "coroutine.resume(co) coroutine.close(co) while true do end"},
    {"a chain of coroutines that close each other", RETURNS,
     "local function chain(n)\n"
     "  local below = n > 0 and chain(n - 1)\n"
     "  local co = coroutine.create(function()\n"
     "    local x <close> = setmetatable({}, {__close = function() if below then assert(coroutine.close(below)) end "
     "end})\n"
     "    coroutine.yield() end)\n"
     "  coroutine.resume(co) return co end\n"
     "local ok, why = coroutine.close(chain(150)) assert(not ok and why:find('inside each other'), why)"},
    {"coroutine that closes itself", FAILS, "coroutine.close(coroutine.running())"},
    {"coroutine that resumes itself", RETURNS, "assert(not coroutine.resume(coroutine.running()))"},
    {"__index that loops", OVER,
     "local t = setmetatable({}, {__index = function() while true do end end}) while true do pcall(rawlen, t.x) end"},
    {"__eq, __lt, __concat, __call that loop", OVER,
     "local function l() while true do end end local mt = {__eq = l, __lt = l, __concat = l, __call = l, __len = l}\n"
     "local a, b = setmetatable({}, mt), setmetatable({}, mt)\n"
     "while true do pcall(function() return a == b end) pcall(function() return a < b end) pcall(a) end"},
    {"__index that is itself, a thousand deep", OVER,
     "local t = {} for i = 1, 1900 do t = setmetatable({}, {__index = t}) end while true do local x = t.nothing end"},
    {"__tostring that loops", OVER,
     "local t = setmetatable({}, {__tostring = function() while true do end end}) while true do pcall(tostring, t) "
     "end"},
    {"__pairs that loops", OVER,
     "local t = setmetatable({}, {__pairs = function() return function() return 1 end end}) for _ in pairs(t) do end"},
    {"error object whose __tostring loops", FAILS,
     "error(setmetatable({}, {__tostring = function() while true do end end}))"},
    {"__gc loop", FAILS, "setmetatable({}, {__gc = function() while true do end end})"},
    {"__gc set afterwards", RETURNS,
     "local mt = {} for i = 1, 100 do setmetatable({}, mt) end mt.__gc = function() while true do end end\n"
     "for i = 1, 1000 do local t = {{}} end"},
    {"weak keys that make collecting slow", FAILS, "setmetatable({}, {__mode = 'k'})"},
    {"collecting garbage in a loop", FAILS, "while true do collectgarbage('collect') end"},
    {"stopping the collector", FAILS, "collectgarbage('stop')"},

    /* long inside C */
    {"string.rep of nothing", RETURNS, "assert(string.rep('', 1e15) == '')"},
    {"string.rep of nothing by method", RETURNS, "assert((''):rep(math.maxinteger, '') == '')"},
    {"string.rep in a loop", OVER, "while true do local s = ('x'):rep(1e6) end"},
    {"string.rep too large, in pcall", OVER, "while true do pcall(string.rep, 'x', 1e9) end"},
    {"a 1 GiB string", FAILS, "local s = ('x'):rep(1 << 30)"},
    {"a 1 GiB string by doubling", FAILS, "local s = 'x' while true do s = s .. s end"},
    {"a string doubled in pcall", OVER,
     "local s = 'x' while true do pcall(function() while true do s = s .. s end end) end"},
    {"find with a dozen .-", OVER, "string.find(('a'):rep(500), ('.-'):rep(12) .. 'b')"},
    {"match with nested quantifiers", OVER, "string.match(('a'):rep(200), ('a*'):rep(20) .. 'b')"},
    {"gsub that backtracks, by method", OVER, "(('a'):rep(500)):gsub(('.-'):rep(12) .. 'b', '')"},
    {"gmatch that backtracks", OVER, "for x in (('a'):rep(500)):gmatch(('.-'):rep(12) .. 'b') do end"},
    {"find of a long text in a longer one", OVER,
     "local s, p = ('a'):rep(1000000), ('a'):rep(500000) .. 'b' while true do s:find(p, 1, true) end"},
    {"find with a set of a million", OVER,
     "local s = ('x'):rep(1000) local p = '[' .. ('ab'):rep(400000) .. ']' while true do s:find(p) end"},
    {"%b without an end", OVER, "local s = ('('):rep(1000000) while true do s:find('%b()x') end"},
    {"a back reference of a million", OVER, "local s = ('a'):rep(900000) while true do s:match('^(a*)%1x') end"},
    {"gsub that calls back for ever", OVER, "(('a'):rep(1000)):gsub('.', function() while true do end end)"},
    {"gsub with a table whose __index loops", OVER,
     "(('a'):rep(9)):gsub('.', setmetatable({}, {__index = function() while true do end end}))"},
    {"gsub that grows", FAILS, "local s = ('a'):rep(1000000) s = s:gsub('.', s)"},
    {"pattern that is too deep", FAILS, "(('a'):rep(9)):find(('(a?'):rep(300))"},
    {"table.move of nothing", OVER, "table.move({}, 1, 1e15, 2)"},
    {"table.move of a proxy", OVER,
     "table.move(setmetatable({}, {__index = type, __newindex = rawlen}), 1, math.maxinteger - 1, 2)"},
    {"table.concat of what type says", FAILS,
     "table.concat(setmetatable({}, {__index = type}), '', 1, math.maxinteger)"},
    {"table.concat of a proxy", OVER,
     "table.concat(setmetatable({}, {__index = function() return '' end}), '', 1, 1e15)"},
    {"table.insert in front of many", OVER,
     "local t = {} for i = 1, 20000 do t[i] = i end while true do table.insert(t, 1, 0) table.remove(t, 1) end"},
    {"table.insert into a length of 10^15", OVER,
     "table.insert(setmetatable({}, {__len = function() return 10^15 // 1 | 0 end, __newindex = rawlen}), 1, 0)"},
    {"table.remove from a length of 10^15", OVER,
     "table.remove(setmetatable({}, {__len = function() return 1000000000000000 end, __newindex = rawlen}), 1)"},
    {"table.unpack of 10^8", FAILS, "return table.unpack({}, 1, 1e8)"},
    {"table.unpack of everything", FAILS, "return table.unpack({}, math.mininteger, math.maxinteger)"},
    {"table.unpack in a loop", OVER, "while true do pcall(select, '#', table.unpack({}, 1, 200000)) end"},
    {"table.sort with a comparator that loops", OVER, "table.sort({3, 2, 1}, function() while true do end end)"},
    {"table.sort with a comparator that says yes", RETURNS,
     "local t = {} for i = 1, 200 do t[i] = i end table.sort(t, function() return true end) assert(#t == 200)"},
    {"table.sort of a length of two billion", OVER,
     "table.sort(setmetatable({}, {__len = function() return 2^31 - 2 | 0 end, __index = type}), rawequal)"},
    {"table.sort that changes the table", RETURNS,
     "local t = {} for i = 1, 100 do t[i] = i end\n"
     "table.sort(t, function(a, b) for i = 1, 100 do t[i] = nil end return a < b end)"},
    {"next over what was many", OVER,
     "local t = {} for i = 1, 100000 do t[i] = i end for i = 1, 100000 do t[i] = nil end while true do next(t) end"},
    {"long texts with NUL compared", OVER,
     "local a = ('\\0'):rep(1000000) local b = a .. 'x' while true do local c = a < b end"},
    {"long texts made numbers", OVER, "local s = (' '):rep(1000000) .. '1' while true do local n = s + 1 end"},
    {"tonumber of long texts", OVER, "local s = (' '):rep(1000000) .. '1' while true do tonumber(s) end"},
    {"long texts as keys", OVER, "local n, t = 0, {} while true do n = n + 1 t[('k'):rep(100000) .. n] = nil end"},
    {"utf8.len of long texts", OVER, "local s = ('x'):rep(1000000) while true do utf8.len(s) end"},
    {"utf8.codepoint of long texts", OVER,
     "local s = ('x'):rep(100000) while true do pcall(utf8.codepoint, s, 1, -1) end"},
    {"string.byte of long texts", OVER, "local s = ('x'):rep(100000) while true do pcall(string.byte, s, 1, -1) end"},
    {"string.format with long texts", OVER,
     "local s = ('x'):rep(400000) while true do local t = ('%s%s'):format(s, s) end"},
    {"string.format with a wide number", FAILS, "return ('%1000000d'):format(1)"},
    {"string.format of a million directives", FAILS, "return ('%d'):rep(400000):format(1)"},
    {"upper, reverse of long texts", OVER,
     "local s = ('x'):rep(900000) while true do local t = s:upper():reverse():lower() end"},
    {"tostring of tables, for ever", OVER, "while true do local s = tostring({}) .. tostring(print) end"},
    {"concatenating a thousand long texts", FAILS,
     "local s = ('x'):rep(100000) return " /* s..s..s… */
     "s..s..s..s..s..s..s..s..s..s..s..s..s..s..s..s..s..s..s..s..s..s..s..s..s..s..s..s..s..s..s..s"},

    /* memory */
    {"a table without end", FAILS, "local t = {} while true do t[#t + 1] = {} end"},
    {"a table without end, in pcall", OVER,
     "while true do pcall(function() local t = {} while true do t[#t + 1] = {1, 2, 3} end end) end"},
    {"what is kept fills the state", OVER,
     "kept = {} while true do pcall(function() for i = 1, 1000 do kept[#kept + 1] = ('x'):rep(1000) .. #kept end end) "
     "end"},
    {"recursion without end", FAILS, "local function f() return 1 + f() end f()"},
    {"recursion through a metamethod", FAILS,
     "local t = setmetatable({}, {}) getmetatable(t).__index = function(t, k) return t[k .. 'x'] end return t.x"},
    {"recursion through gsub", FAILS, "local function f() return ('x'):gsub('x', f) end f()"},
    {"recursion through sort", FAILS, "local function f() table.sort({1, 2, 3}, f) end f()"},
    {"recursion through tostring", FAILS,
     "local t t = setmetatable({}, {__tostring = function() return tostring(t) end}) return tostring(t)"},
    {"varargs without end", OVER, "local function f(...) return f(1, ...) end f()"},
    {"coroutines without end", FAILS, "local t = {} while true do t[#t + 1] = coroutine.create(function() end) end"},

    /* what is not there */
    {"io", FAILS, "io.open('/etc/passwd')"},
    {"os", FAILS, "os.execute('true')"},
    {"debug", FAILS, "debug.getregistry()"},
    {"package", FAILS, "package.loadlib('libc.so.6', 'system')"},
    {"require", FAILS, "require('os')"},
    {"load", FAILS, "load('return 1')"},
    {"loadstring, loadfile, dofile", RETURNS, "assert(not loadstring and not loadfile and not dofile and not warn)"},
    {"string.dump", FAILS, "string.dump(function() end)"},
    {"string.dump by method", FAILS, "return (''):dump()"},
    {"string.pack", RETURNS, "assert(not string.pack and not string.unpack and not string.packsize)"},
    {"the metatable of texts", RETURNS, "assert(getmetatable('') == false)"},
    {"changing the metatable of texts", FAILS, "getmetatable('').__index = function() end"},
    {"the old string library by arithmetic", FAILS, "return ('x').rep == nil or ('10' + {})"},
    {"a metatable that is protected", FAILS, "setmetatable(setmetatable({}, {__metatable = false}), {})"},
    {"the marks of the host", RETURNS,
     "local function none(...) for i = 1, select('#', ...) do assert(type((select(i, ...))) ~= 'userdata') end end\n"
     "for k, v in pairs(_G) do none(k, v) if type(v) == 'table' then for a, b in pairs(v) do none(a, b) end end end"},
    {"replacing pcall", OVER, "pcall = nil error = nil while true do end"},
    {"replacing what the library uses", RETURNS,
     "string.rep = nil table.concat = error tostring = error assert(('x'):upper() == 'X')"},
};

/* As the host does it: the chunk runs in a coroutine, protected. */
struct attempt {
    struct ph_lua_sandbox *sandbox;
    const char *source;
    int status;
};

static int attempt(lua_State *L)
{
    struct attempt *attempt = lua_touserdata(L, 1);
    lua_State *co = lua_newthread(L);
    if (luaL_loadbufferx(co, attempt->source, strlen(attempt->source), "=attack", "t") != LUA_OK)
        return luaL_error(L, "%s", lua_tostring(co, -1));
    int n_results;
    attempt->status = ph_lua_resume(attempt->sandbox, co, 0, &n_results);
    if (attempt->status == LUA_OK)
        return 0;
    if (lua_type(co, -1) != LUA_TSTRING)
        return luaL_error(L, "an error that is no text");
    lua_xmove(co, L, 1);
    return lua_error(L);
}

/* Returns what became of it; the message of an error is copied to `message`. */
static enum outcome run(struct ph_lua_sandbox *sandbox, const char *source, char message[200])
{
    struct attempt one = {sandbox, source, LUA_OK};
    uint64_t used_us;
    ph_lua_begin(sandbox);
    int status = ph_lua_protected(sandbox, attempt, &one);
    bool over = ph_lua_end(sandbox, &used_us);
    message[0] = '\0';
    if (status != LUA_OK) {
        const char *text = lua_tostring(sandbox->L, -1);
        strncat(message, text ? text : "", 199);
    }
    lua_settop(sandbox->L, 0);
    assert_true(sandbox->running == sandbox->L);
    return over ? OVER : status == LUA_OK ? RETURNS : FAILS;
}

static int drop_kept(lua_State *L)
{
    lua_pushnil(L);
    lua_setglobal(L, "kept");
    return 0;
}

/* What an attack has kept on purpose is the application's own. */
static void kept_is_let_go(struct ph_lua_sandbox *sandbox)
{
    assert_int_equal(ph_lua_protected(sandbox, drop_kept, NULL), LUA_OK);
}

static void every_attack_ends_and_the_state_goes_on(void **state)
{
    (void)state;
    static const char *const names[] = {"ends with the budget", "fails", "returns"};
    size_t n = sizeof attacks / sizeof *attacks;
    assert_true(n >= 60);
    for (size_t i = 0; i < n; i++) {
        struct ph_lua_sandbox sandbox;
        struct ph_lua_limits limits = {0};
        /* what has nothing to do with time has time enough, however slow the machine is */
        limits.budget_us = attacks[i].outcome == OVER ? 0 : 60 * 1000000;
        char message[200];
        assert_int_equal(ph_lua_sandbox_init(&sandbox, &limits), 0);
        enum outcome outcome = run(&sandbox, attacks[i].source, message);
        if (outcome != attacks[i].outcome)
            fail_msg("%s: %s (%s) instead of: %s", attacks[i].name, names[outcome], message, names[attacks[i].outcome]);
        if (outcome == OVER && !strstr(message, "processor time"))
            fail_msg("%s: over its budget, but says %s", attacks[i].name, message);
        assert_true(sandbox.used <= sandbox.limits.memory);
        sandbox.limits.budget_us = 60 * 1000000;
        kept_is_let_go(&sandbox);
        if (run(&sandbox, "local t = {} for i = 1, 100 do t[i] = i end assert(t[50] + 1 == 51)", message) != RETURNS)
            fail_msg("%s: afterwards %s", attacks[i].name, message);
        ph_lua_sandbox_finish(&sandbox);
        assert_int_equal(sandbox.used, 0);
    }
    print_message("%d attacks\n", (int)n);
}

static void binary_chunks_are_refused(void **state)
{
    (void)state;
    struct ph_lua_sandbox sandbox;
    char message[200];
    assert_int_equal(ph_lua_sandbox_init(&sandbox, &(struct ph_lua_limits){0}), 0);
    assert_int_equal(run(&sandbox, LUA_SIGNATURE "T\0\x19\x93\r\n", message), FAILS);
    assert_non_null(strstr(message, "binary chunk"));
    ph_lua_sandbox_finish(&sandbox);
}

static void the_error_says_where(void **state)
{
    (void)state;
    struct ph_lua_sandbox sandbox;
    char message[200];
    assert_int_equal(ph_lua_sandbox_init(&sandbox, &(struct ph_lua_limits){0}), 0);
    assert_int_equal(run(&sandbox, "local x = 1\n\nwhile true do end", message), OVER);
    assert_string_equal(message, "attack:3: used more than its 10000 us of processor time");
    assert_int_equal(run(&sandbox, "local x = 1\ntable.move({}, 1, 1e15, 2)", message), OVER);
    assert_string_equal(message, "attack:2: used more than its 10000 us of processor time");
    ph_lua_sandbox_finish(&sandbox);
}

static void no_memory_is_no_state(void **state)
{
    (void)state;
    for (size_t memory = 1000; memory < 40000; memory += 500) {
        struct ph_lua_sandbox sandbox;
        if (ph_lua_sandbox_init(&sandbox, &(struct ph_lua_limits){.memory = memory}) == 0)
            ph_lua_sandbox_finish(&sandbox);
        assert_int_equal(sandbox.used, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_attack_ends_and_the_state_goes_on),
        cmocka_unit_test(binary_chunks_are_refused),
        cmocka_unit_test(the_error_says_where),
        cmocka_unit_test(no_memory_is_no_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
