#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every function, field and hook that scripts see stands in docs/lua.md and in sdk/lua/playhouse.lua.

usage: manual.py ROOT
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1])
MANUAL = (ROOT / "docs/lua.md").read_text()
ANNOTATIONS = (ROOT / "sdk/lua/playhouse.lua").read_text()
# Of each file: what its tables of functions are called in scripts, and the class that its fields belong to.
TABLES = {
    "api.c": {"log": "playhouse.log.", "json": "playhouse.json.", "metrics": "playhouse.metrics.", "functions": "playhouse."},
    "api_member.c": {"methods": "member:"},
    "api_room.c": {"methods": "room:", "functions": "playhouse."},
    "api_shared.c": {"methods": "object:"},
    "api_timer.c": {"methods": "timer:", "functions": "playhouse."},
    "api_wait.c": {"store": "playhouse.store.", "http": "playhouse.http.", "streams": "playhouse.streams."},
    "value.c": {"functions": "playhouse."},
}
CLASSES = {"member:": "Member:", "room:": "Room:", "object:": "Shared:", "timer:": "Timer:"}
FIELDS = {"api_member.c": "member", "api_room.c": "room", "api_shared.c": "object"}


def functions():
    for file, tables in TABLES.items():
        source = (ROOT / "apps/lua" / file).read_text()
        arrays = dict(re.findall(r"static const luaL_Reg (\w+)\[\] = \{(.*?)\};", source, re.DOTALL))
        for table, prefix in tables.items():
            names = re.findall(r'\{"(\w+)", \w+\}', arrays[table])
            assert names, f"{file}: {table} is empty"
            for name in names:
                yield prefix, name


def fields():
    for file, kind in FIELDS.items():
        source = (ROOT / "apps/lua" / file).read_text()
        body = source[source.index("_field(lua_State *L)\n"):]
        names = re.findall(r'strcmp\(name, "(\w+)"\) == 0', body) + re.findall(r'\{"(\w+)", info->', source)
        assert names, file
        for name in names:
            yield kind, name


def hooks():
    source = (ROOT / "apps/lua/load.c").read_text()
    return re.findall(r'"(\w+)"', re.search(r"ph_lua_hook_names\[PH_LUA_HOOKS\] = \{(.*?)\};", source, re.DOTALL).group(1))


def missing():
    for prefix, name in functions():
        said = CLASSES.get(prefix, prefix)
        if not re.search(re.escape(f"`{prefix}{name}") + r"[({]", MANUAL):
            yield f"docs/lua.md does not have {prefix}{name}()"
        if f"function {said}{name}(" not in ANNOTATIONS:
            yield f"sdk/lua/playhouse.lua does not have {said}{name}()"
    for kind, name in fields():
        if f"`{kind}.{name}`" not in MANUAL:
            yield f"docs/lua.md does not have {kind}.{name}"
        if f"---@field {name} " not in ANNOTATIONS:
            yield f"sdk/lua/playhouse.lua does not have the field {name}"
    for name in hooks():
        if f"| `{name}(" not in MANUAL:
            yield f"docs/lua.md does not have the hook {name}"
        if f"---@field {name} nil|fun(" not in ANNOTATIONS:
            yield f"sdk/lua/playhouse.lua does not have the hook {name}"


faults = list(missing())
print("\n".join(faults) or f"{len(list(functions()))} functions, {len(list(fields()))} fields, {len(hooks())} hooks")
sys.exit(1 if faults else 0)
