// SPDX-License-Identifier: MIT
// Against a real server; PORT is its port. Scenarios of tests/clients run this.
import assert from "node:assert/strict";
import test from "node:test";

import { CallError, connect } from "../index.js";

const base = `ws://127.0.0.1:${process.env.PORT}/ws`;
const heard = (room, method) => new Promise((resolve) => room.on(method, (...params) => resolve(params)));
const happened = (target, event) => new Promise((resolve) => target.when(event, (...words) => resolve(words)));
const seen = (object, event) => new Promise((resolve) => {
  const stop = object.on(event, (...words) => (stop(), resolve(words)));
});

test("calls return, and fail with what the application says", async () => {
  const room = await connect(`${base}/echo`);
  for (const value of [null, true, -1.5, "grüße", [1, { a: [] }], { b: 1 }]) assert.deepEqual(await room.call("echo", value), value);
  assert.deepEqual(await room.call("two", 1, 2), [1, 2]);
  room.close();
  const chat = await connect(`${base}/chat`);
  await assert.rejects(chat.call("say", "x"), (error) => error instanceof CallError && error.code === -32000);
  await assert.rejects(chat.call("nosuch"), { code: -32601 });
  chat.close();
});

test("members of a room hear each other", async () => {
  const [ann, bob] = [await connect(`${base}/chat/blue`), await connect(`${base}/chat/blue`)];
  const [toAnn, toBob] = [heard(ann, "message"), heard(bob, "message")];
  await ann.call("identify", "Ann");
  await ann.call("say", "hello");
  assert.deepEqual(await toAnn, ["Ann", "hello"]);
  assert.deepEqual(await toBob, ["Ann", "hello"]);
  assert.equal((await ann.members()).length, 2);
  ann.close();
  bob.close();
});

test("connect's arguments and data", async () => {
  const room = await connect(`${base}/relay/table?team=red`, { args: [1, "two"] });
  assert.equal(room.data.id, room.member);
  assert.equal(room.name, "table");
  room.close();
});

test("rooms are made, listed, joined and left", async () => {
  const [host, guest] = [await connect(`${base}/lobby`), await connect(`${base}/lobby`)];
  const moved = happened(host, "moved");
  await host.call("create", "chess", { capacity: 1, metadata: { level: 3 } });
  assert.deepEqual(await moved, ["chess"]);
  assert.deepEqual((await guest.rooms())[0].metadata, { level: 3 });
  await assert.rejects(guest.join("chess"), /full/);
  await host.leave();
  assert.equal(host.name, "");
  host.close();
  guest.close();
});

test("who look for the same meet", async () => {
  const [ann, bob, cat] = await Promise.all([1, 2, 3].map(() => connect(`${base}/relay`)));
  const rooms = await Promise.all([
    ann.joinOrCreate({ mode: "duel", level: 3 }, { prefix: "duel-" }),
    bob.joinOrCreate({ mode: "duel", level: 3 }, { prefix: "duel-" }),
    cat.joinOrCreate({ mode: "duel", level: 4 }),
  ]);
  assert.equal(rooms[0].room, rooms[1].room);
  assert.match(rooms[0].room, /^duel-[0-9a-f]{12}$/);
  assert.notEqual(rooms[0].room, rooms[2].room);
  assert.equal((await bob.members()).length, 2);
  assert.deepEqual((await bob.rooms()).find(({ name }) => name === bob.name).metadata, { mode: "duel", level: 3 });
  await assert.rejects(ann.joinOrCreate({ mode: ["duel"] }), /filter/);
  for (const room of [ann, bob, cat]) room.close();
});

test("who watches the lobby sees rooms come, change and go", async () => {
  const [watcher, ann, bob] = await Promise.all([1, 2, 3].map(() => connect(`${base}/relay`)));
  const lobby = await watcher.watch({ game: "go" });
  assert.equal(lobby.rooms.size, 0);
  const added = seen(lobby, "added");
  const { room } = await ann.joinOrCreate({ game: "go" });
  await bob.joinOrCreate({ game: "chess" });
  assert.equal((await added)[0].name, room);
  const changed = seen(lobby, "changed");
  await bob.join(room);
  assert.equal((await changed)[0].members, 2);
  assert.deepEqual([...lobby.rooms.keys()], [room]);
  const removed = seen(lobby, "removed");
  await Promise.all([ann.leave(), bob.leave()]);
  assert.equal((await removed)[0].name, room);
  lobby.close();
  await assert.rejects(watcher.watch({ game: [] }), /filter/);
  for (const member of [watcher, ann, bob]) member.close();
});

test("shared objects are the same for all", async () => {
  const [ann, bob] = [await connect(`${base}/relay/s`), await connect(`${base}/relay/s`)];
  const [mine, theirs] = [await ann.shared("board"), await bob.shared("board")];
  let change = seen(theirs, "change");
  await mine.set("x", { deep: [1] });
  assert.deepEqual(await change, ["x", { deep: [1] }]);
  assert.deepEqual(mine.get("x"), { deep: [1] });
  change = seen(mine, "change");
  await theirs.compareAndSet("x", 2);
  assert.deepEqual(await change, ["x", 2]);
  await theirs.set("x", 3);
  await assert.rejects(mine.change([{ set: "x", value: 4, if: 1 }]), { status: "SharedObject.VersionConflict" });
  const message = seen(mine, "message");
  await theirs.send("draw", 1, 2);
  assert.deepEqual(await message, ["draw", 1, 2]);
  const late = await ann.shared("board");
  assert.equal(late, mine);
  await mine.clear();
  assert.equal(mine.slots.size, 0);
  ann.close();
  bob.close();
});

test("who is refused or finds nobody is told", async () => {
  await assert.rejects(connect(`${base}/nosuch`));
  await assert.rejects(connect("ws://127.0.0.1:1/ws/echo"));
});

test("a lost connection is made again", async () => {
  const sockets = [];
  class Watched extends WebSocket {
    constructor(...words) {
      super(...words);
      sockets.push(this);
    }
  }
  const room = await connect(`${base}/relay/again`, { WebSocket: Watched });
  const other = await connect(`${base}/relay/again`);
  const object = await room.shared("board");
  const resumed = happened(room, "resumed");
  sockets[0].close();
  await resumed;
  const change = seen(object, "change");
  await (await other.shared("board")).set("x", 1);
  assert.deepEqual(await change, ["x", 1]);
  room.close();
  other.close();
});
