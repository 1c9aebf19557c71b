// SPDX-License-Identifier: MIT
// Compiles, but for the lines below "wrong", each of which must be an error: a scenario of tests/clients counts them.
import { CallError, connect, type Room, type SharedObject } from "../index.js";

type Server = {
  say(text: string): void;
  add(a: number, b: number): number;
};

type Client = {
  message(from: string, text: string): void;
};

export async function right(): Promise<number> {
  const room: Room<Server, Client> = await connect<Server, Client>("ws://127.0.0.1/ws/chat", { password: "please" });
  room.on("message", (from, text) => console.log(from.toUpperCase(), text.length));
  room.when("moved", (name) => console.log(name.length));
  await room.call("say", "hello");
  room.notify("say", "hello");
  const board: SharedObject = await room.shared("board", { persistent: true });
  board.on("change", (slot, value) => console.log(slot, value));
  await board.set("x", 1);
  await room.joinOrCreate({ mode: "duel" }).then(({ room: name }) => name.length);
  try {
    return await room.call("add", 1, 2);
  } catch (error) {
    return error instanceof CallError ? error.code : 0;
  }
}

export async function wrong(room: Room<Server, Client>): Promise<void> {
  await room.call("say", 1);
  await room.call("shout", "hello");
  const sum: string = await room.call("add", 1, 2);
  room.on("message", (from: number) => from);
  await connect("ws://127.0.0.1/ws/chat", { pasword: "please" });
  console.log(sum);
}
