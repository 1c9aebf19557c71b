/* SPDX-License-Identifier: MIT */
/* Our string and table functions beside Lua's own: the same script runs in a sandbox and in a plain state, and every
 * result, every error included, must be the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "apps/lua/sandbox.h"

#include <lualib.h>

/* Every text against every pattern, by every function. */
static const char patterns[] =
    "local texts = {'', 'a', 'aaa', 'hello world', 'key = value', '  trim me  ', '(a(b)c)d', '[[x]]', 'THE (quick) "
    "fox',"
    " 'x^2 + y^2', '1,2,,3', 'a.b.c', '2026-11-23', 'abcabcabc', 'f(a(b)c)', '%d', 'aXbXc', '\\0\\1a\\0', 'á\\xff',"
    " ('ab'):rep(50), 'foo.bar', ']', '^', '-', 'a-z', '\\n\\t ', 'aab', '0x1F'}\n"
    "local patterns = {'', 'a', '.', '.*', '.-', '.+', '.?', 'a*', 'a-', 'a+', 'a?', '^a', '^', '$', '^$', 'a$', '$a',"
    " '(a)', '()', '()a()', '(a)(b)', '((a)b)', '(a*(.)%w(%s*))', '(%w+)', '(%w+) (%w+)', '%w+', '%W', '%a+', '%A+',"
    " '%d', '%D', '%l', '%u', '%s*', '%S+', '%p', '%P', '%x+', '%X', '%c', '%C', '%g', '%G', '%z', '[abc]', '[^abc]',"
    " '[a-c]+', '[^a-c]+', '[]]', '[^]]', '[a-]', '[-a]', '[%a_]', '[%a%d]+', '[a-%%]', '[%w-z]', '[%]]', '[^%s]+',"
    " '%bxy', '%b()', '%b[]', '%baa', '%b', '%bx', '%f[%w]', '%f[%W]', '%f[^a]', '%f', '%fa', '%f[', '%1', '(a)%1',"
    " '(.)%1', '(.)(.)%2', '(a%1)', '()%1', '%2', '(', ')', '(a', 'a)', '(()', '[', '[^', '[a', '[%', '[%]', '%', 'a%',"
    " '%.', '%%', '%(', '%[', 'x%^', '^%s*(.-)%s*$', '([^,]*)', '([^,]*),?', '(.-)%.', '^(.*)%.(.*)$', '(%d+)-(%d+)',"
    " '^(%w+)%s*=%s*(%w+)$', '.-b', 'a.-c', 'a.*c', '(.-)(.*)$', '(.*)(.-)$', '\\0', '[\\0-\\2]', '[^\\0]', '%w*$',"
    " '^%w*', 'a?a?a?aaa', '(a?)(a?)', '[a-a]', '[z-a]', '[a-b-c]', '%a-%d', '.-.-.-b', '^a-$', '$$', '^^', 'a^', '*',"
    " '+', '-', '?', '**', 'a**', 'a--', '%**', '(a)*', '^*', '()()', ('(a)'):rep(33), ('()'):rep(32), 'ab()',"
    " ('a?'):rep(30), ('(a'):rep(40), '%f[\\0]', '%f[^%z]', '[%z]', '\\xc3.', '[\\xa0-\\xff]+'}\n"
    "local starts = {[2] = 2, [3] = -1, [4] = 100}\n"
    "for _, p in ipairs(patterns) do for _, s in ipairs(texts) do\n"
    "  for i = 1, 4 do\n"
    "    local from = starts[i]\n"
    "    note('find', s, p, from); note('match', s, p, from)\n"
    "    note('gmatch', s, p, from)\n"
    "  end\n"
    "  note('find', s, p, 1, true); note('find', s, p, -2, true)\n"
    "  for _, r in ipairs{'', 'x', '%0', '<%0>', '%1', '%2', '%%', '%', '%x', 'a%1b%0', 7, 1.5, {a = 'A', hello = 1},\n"
    "                     {a = false}, {a = {}}, function(a, b) return b end, function(...) return select('#', ...) "
    "end,\n"
    "                     function() end, function() return {} end} do\n"
    "    note('gsub', s, p, r)\n"
    "  end\n"
    "  note('gsub', s, p, 'x', 1); note('gsub', s, p, 'x', 0)\n"
    "end end\n";

/* Patterns that nobody would write, always the same ones. */
static const char random_patterns[] =
    "local seed = 7\n"
    "local function random(n) seed = (seed * 6364136223846793005 + 1442695040888963407) return (seed >> 33) % n + 1 "
    "end\n"
    "local parts = {'a', 'b', '.', '%a', '%A', '%w', '%s', '[ab]', '[^a]', '[a-c]', '(', ')', '()', '*', '+', '-', "
    "'?', '^', '$', '%b()',\n"
    "  '%f[%a]', '%1', '%2', '%', '[', ']', '%%', ' ', '\\0', '%z', '[%a-]', '[]', '[^]'}\n"
    "local letters = {'a', 'b', 'c', ' ', '(', ')', '1', '\\0', '-'}\n"
    "for i = 1, 20000 do\n"
    "  local p, t = {}, {}\n"
    "  for j = 1, random(8) do p[j] = parts[random(#parts)] end\n"
    "  for j = 1, random(12) do t[j] = letters[random(#letters)] end\n"
    "  p, t = table.concat(p), table.concat(t)\n"
    "  note('find', t, p, random(3)); note('gmatch', t, p); note('gsub', t, p, '<%0>')\n"
    "end\n";

static const char texts[] =
    "for _, a in ipairs{{'ab', 3}, {'ab', 0}, {'ab', -1}, {'ab', 3, ','}, {'', 3, '-'}, {'x', 1, '--'}, "
    "{'ab'},\n"
    "                   {'ab', 'x'}, {'ab', 1.5}, {7, 2}} do note('rep', table.unpack(a)) end\n"
    "for _, a in ipairs{{'abc'}, {'abc', 2}, {'abc', -1}, {'abc', 1, -1}, {'', 1, 9}, {'abc', 9}} do\n"
    "  note('byte', table.unpack(a)); note('sub', table.unpack(a)) end\n"
    "for _, f in ipairs{'len', 'lower', 'reverse', 'upper', 'byte', 'sub', 'rep', 'find', 'match', 'gsub', 'char'} do\n"
    "  note(f); note(f, 'aB9'); note(f, 12); note(f, {}); note(f, nil, 1) end\n"
    "note('char', 97, 98); note('char', 256); note('format', '%5.2f|%-5d|%5s|%q', 1/3, 7, 'x', 'a\\nb')\n"
    "note('format', '%s'); note('format', '%y', 1); note('format', '%200d', 1)\n"
    "note('gmatch', 'a', {}); note('gsub', 'a', 'a', true); note('gsub', 'a', 'a', 'x', -1); note('find', 'a', 'a', "
    "0); note('find', 'abc', 'b', -100); note('gmatch'); note('find', 'a', 'a', 'x')\n"
    "out[#out + 1] = ('x'):rep(3) .. ('abc'):upper() .. ('10' + 5)\n"
    "out[#out + 1] = tostring(utf8.char(228, 8364)) .. tostring(utf8.len('\\xff')) .. utf8.codepoint('a')\n";

static const char tables[] =
    "local function t(f, ...) note_with(table[f], f, ...) end\n"
    "local function list(...) return {...} end\n"
    "t('concat', {}); t('concat', {1, 2, 'x'}); t('concat', {1, 2}, ', '); t('concat', {1, {}, 2}); t('concat', {1, "
    "nil, 3}, '', 1, 3)\n"
    "t('concat', {1, 2, 3}, '-', 2); t('concat', {1, 2, 3}, '-', 2, 2); t('concat', {1}, '-', 3, 2); t('concat', 5); "
    "t('concat')\n"
    "t('unpack', {1, 2, 3}); t('unpack', {1, 2}, 2); t('unpack', {}, 1, 3); t('unpack', {1}, 1, 1e8); t('unpack', {}, "
    "5, 1)\n"
    "t('unpack', {}, math.mininteger, math.maxinteger); t('unpack', {1, 2}, math.maxinteger - 1, math.maxinteger)\n"
    "t('pack'); t('pack', 1, nil, 3); t('pack', nil)\n"
    "for _, a in ipairs{{1}, {0}, {3}, {4}, {5}, {6}, {-1}} do\n"
    "  local x = {1, 2, 3}; note_with(table.remove, 'remove', x, a[1]); note_with(list, 'left', table.unpack(x, 1, "
    "5))\n"
    "  x = {1, 2, 3}; note_with(table.insert, 'insert', x, a[1], 'new'); note_with(list, 'left', table.unpack(x, 1, "
    "5))\n"
    "  x = {}; note_with(table.remove, 'remove', x, a[1]); x = {[5] = 1}; note_with(table.remove, 'remove', x, a[1])\n"
    "end\n"
    "do local x = {1, 2}; note_with(table.remove, 'remove', x); note_with(table.insert, 'insert', x, 'e'); t('unpack', "
    "x) end\n"
    "t('insert', {}); t('insert', {}, 1, 2, 3); t('insert', 5, 1); t('insert', nil, 1); t('remove', {}); t('remove', "
    "'x')\n"
    "for _, a in ipairs{{1, 3, 2}, {2, 3, 1}, {1, 3, 1}, {1, 0, 5}, {1, 3, 5}, {-1, 1, 2}, {1, math.maxinteger, 2},\n"
    "                   {math.mininteger, 0, 1}, {1, 5, math.maxinteger}, {2, 4}} do\n"
    "  local x = {1, 2, 3}; note_with(table.move, 'move', x, table.unpack(a)); note_with(list, 'left', table.unpack(x, "
    "1, 8))\n"
    "  local y = {9}; x = {1, 2, 3}; note_with(table.move, 'move', x, a[1], a[2], a[3], y); note_with(list, 'left', "
    "table.unpack(y, 1, 8))\n"
    "end\n"
    "t('move', {}, 1, 2, 3, 'x'); t('move', 1, 1, 2, 3)\n"
    "for n = 0, 40 do\n"
    "  local x, seed = {}, n * 7919 + 1\n"
    "  for i = 1, n do seed = (seed * 1103515245 + 12345) % 2147483648; x[i] = seed % 100 end\n"
    "  table.sort(x); t('concat', x, ' '); table.sort(x, function(a, b) return a > b end); t('concat', x, ' ')\n"
    "end\n"
    "do local x = {'b', 'a', 'C'}; table.sort(x); t('concat', x) end\n"
    "note_with(pcall, 'sort', table.sort, {1, 'x'}); t('sort', 5); t('sort', {}, 5); t('sort', {3, 1}, nil)\n"
    "local log = {}\n"
    "local p = setmetatable({}, {__index = function(_, k) log[#log + 1] = 'r' .. k; return k < 4 and k or nil end,\n"
    "  __newindex = function(_, k, v) log[#log + 1] = 'w' .. k .. tostring(v) end, __len = function() return 3 end})\n"
    "t('concat', p, ','); t('insert', p, 2, 'x'); t('remove', p, 1); t('unpack', p); table.move(p, 1, 2, 3)\n"
    "out[#out + 1] = table.concat(log, ' ')\n"
    "note_with(pcall, 'pcall'); note_with(pcall, 'pcall', error); note_with(pcall, 'pcall', error, 'x', 0)\n"
    "note_with(xpcall, 'xpcall', error, function(m) return 'h' .. tostring(m) end, 'x', 0); note_with(xpcall, "
    "'xpcall', type)\n"
    "note_with(xpcall, 'xpcall', function(...) return ... end, error, 1, nil, 3)\n"
    "note_with(setmetatable, 'setmetatable', {}); note_with(setmetatable, 'setmetatable', 1, {})\n"
    "note_with(setmetatable, 'setmetatable', setmetatable({}, {__metatable = 1}), {})\n"
    "local co = coroutine.create(function(a, b) local c = coroutine.yield(a + b); error('x' .. c, 0) end)\n"
    "for i = 1, 4 do note_with(coroutine.resume, 'resume', co, 3, 4); note_with(coroutine.status, 'status', co) end\n"
    "local w = coroutine.wrap(function(...) for i = 1, 2 do coroutine.yield(i, ...) end return 'end' end)\n"
    "for i = 1, 3 do note_with(w, 'wrap', 'v') end\n"
    "local closed = ''\n"
    "local function closing() local x <close> = setmetatable({}, {__close = function(_, e) closed = closed .. "
    "tostring(e) end})\n"
    "  coroutine.yield() end\n"
    "co = coroutine.create(closing); coroutine.resume(co); note_with(coroutine.close, 'close', co); out[#out + 1] = "
    "closed\n"
    "co = coroutine.create(error); coroutine.resume(co, 'e', 0); note_with(coroutine.close, 'close', co)\n"
    "note_with(coroutine.close, 'close', 5); note_with(coroutine.resume, 'resume', 5); note_with(coroutine.create, "
    "'create', 5)\n"
    "note_with(pcall, 'yield in pcall', coroutine.wrap(function() return pcall(function() return coroutine.yield('in') "
    "end) end))\n";

static const char tools[] =
    "out = {}\n"
    "local function say(...)\n"
    "  local t = {}\n"
    "  for i = 1, select('#', ...) do\n"
    "    local v = select(i, ...)\n"
    "    t[i] = ({table = 1, thread = 1, ['function'] = 1})[type(v)] and type(v) or\n"
    "           type(v) == 'string' and v:gsub('^[^:]*:%d+: ', ''):gsub('argument #%d', 'argument') or tostring(v)\n"
    "  end\n"
    "  return (table.concat(t, '|'):gsub('%z', '<0>'))\n"
    "end\n"
    "function note_with(f, name, ...) out[#out + 1] = name .. '(' .. say(...) .. ') = ' .. say(pcall(f, ...)) end\n"
    "local function all(...)\n"
    "  local t, n = {}, 0\n"
    "  for a, b, c in string.gmatch(...) do n = n + 1; t[n] = say(a, b, c); if n > 200 then break end end\n"
    "  return table.concat(t, ';')\n"
    "end\n"
    "function note(name, ...) note_with(name == 'gmatch' and all or string[name], name, ...) end\n";

static void run(lua_State *L, const char *source)
{
    if (luaL_dostring(L, tools) || luaL_dostring(L, source))
        fail_msg("%s", lua_tostring(L, -1));
    lua_settop(L, 0);
    lua_getglobal(L, "out");
}

static void compare(const char *source)
{
    struct ph_lua_sandbox sandbox;
    struct ph_lua_limits limits = {.memory = (size_t)1 << 30, .budget_us = 300 * 1000000};
    assert_int_equal(ph_lua_sandbox_init(&sandbox, &limits), 0);
    lua_State *plain = luaL_newstate();
    luaL_openlibs(plain);
    run(sandbox.L, source);
    run(plain, source);
    lua_Integer n = luaL_len(plain, 1);
    assert_true(n > 20);
    assert_int_equal(luaL_len(sandbox.L, 1), n);
    for (lua_Integer i = 1; i <= n; i++) {
        size_t ours_length, theirs_length;
        lua_geti(sandbox.L, 1, i);
        lua_geti(plain, 1, i);
        const char *ours = lua_tolstring(sandbox.L, -1, &ours_length);
        const char *theirs = lua_tolstring(plain, -1, &theirs_length);
        if (ours_length != theirs_length || memcmp(ours, theirs, ours_length) != 0)
            fail_msg("row %d\n  ours   %s\n  Lua's  %s", (int)i, ours, theirs);
        lua_pop(sandbox.L, 1);
        lua_pop(plain, 1);
    }
    print_message("%d results are Lua's\n", (int)n);
    lua_close(plain);
    ph_lua_sandbox_finish(&sandbox);
}

static void patterns_match_as_in_lua(void **state)
{
    (void)state;
    compare(patterns);
}

static void random_patterns_match_as_in_lua(void **state)
{
    (void)state;
    compare(random_patterns);
}

static void texts_are_as_in_lua(void **state)
{
    (void)state;
    compare(texts);
}

static void tables_errors_and_coroutines_are_as_in_lua(void **state)
{
    (void)state;
    compare(tables);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_match_as_in_lua),
        cmocka_unit_test(random_patterns_match_as_in_lua),
        cmocka_unit_test(texts_are_as_in_lua),
        cmocka_unit_test(tables_errors_and_coroutines_are_as_in_lua),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
