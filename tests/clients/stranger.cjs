// SPDX-License-Identifier: MIT
// rtmp-client of npm, written by others: connect with arguments, calls both ways, errors, a shared object. PORT says where.
const assert = require("node:assert/strict");
const { NetConnection, SharedObject } = require("rtmp-client");

const base = `rtmp://127.0.0.1:${process.env.PORT}`;

/** A connection whose `heard` fills with what the server calls. */
function connect(path, ...args) {
  const connection = new NetConnection();
  connection.heard = [];
  for (const name of ["joined", "message"]) connection[name] = (...words) => { connection.heard.push([name, ...words]); };
  return new Promise((resolve, reject) => {
    connection.onStatus = (info) => (info.code === "NetConnection.Connect.Success" ? resolve(connection) : reject(info));
    connection.connect(`${base}/${path}`, ...args);
  });
}

const call = (connection, name, ...args) =>
  new Promise((onResult, onStatus) => connection.call(name, { onResult, onStatus }, ...args));

async function until(holds) {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20));
}

async function main() {
  const echo = await connect("echo");
  for (const value of [null, true, -1.5, "grüße", [1, [2]], { a: { b: "c" } }]) assert.deepEqual(await call(echo, "echo", value), value);
  assert.equal((await connect("nosuch").catch((info) => info)).code, "NetConnection.Connect.InvalidApp");

  const [ann, bob] = [await connect("chat/blue"), await connect("chat/blue")];
  assert.equal((await call(ann, "nosuch").catch((info) => info)).code, "NetConnection.Call.Failed");
  await call(ann, "identify", "Ann");
  await call(bob, "identify", "Bob");
  await call(bob, "say", "hello");
  await until(() => ann.heard.some(([name, from, text]) => name === "message" && from === "Bob" && text === "hello"));

  const table = await connect("relay/table");
  const board = SharedObject.get("board", false, table);
  const synced = [];
  board.onSync = (list) => { synced.push(...list); };
  await until(() => synced.some(({ code }) => code === "clear"));
  board.setProperty("y", 8);
  console.log("ready"); // somebody else looks at y, and sets x
  await until(() => board.getProperty("x") === 7);
  for (const connection of [echo, ann, bob, table]) connection.close();
  console.log("well");
  process.exit(0);
}

main().catch((error) => { console.error(error); process.exit(1); });
