// SPDX-License-Identifier: MIT
// Members of Playhouse rooms: docs/protocol-json.md.

const SUBPROTOCOL = "playhouse.v1";

/** A call that failed: `code` is JSON-RPC's, `status` the application's ("NetConnection.Call.Failed"). */
export class CallError extends Error {
  constructor({ code, message, data }) {
    super(message);
    this.name = "CallError";
    this.code = code;
    this.status = data?.code ?? "";
    this.application = data?.application;
  }
}

const closed = (words) => new CallError({ code: -32001, message: words });

/** A shared object as this client sees it: `slots` is a Map; changes are told to observers. */
export class SharedObject {
  slots = new Map();
  versions = new Map();
  version = 0;
  #room;
  #observers = new Map();

  constructor(room, name, persistent) {
    this.#room = room;
    this.name = name;
    this.persistent = persistent;
  }

  get(slot) {
    return this.slots.get(slot);
  }

  /** on("change", (slot, value) => ...), with undefined for a slot that has gone; on("message", (handler, ...args) => ...) */
  on(event, observer) {
    if (!this.#observers.has(event)) this.#observers.set(event, new Set());
    this.#observers.get(event).add(observer);
    return () => this.#observers.get(event).delete(observer);
  }

  set(slot, value) {
    return this.change([{ set: slot, value }]);
  }

  /** Only if the slot still has the version that this client knows. */
  compareAndSet(slot, value) {
    return this.change([{ set: slot, value, if: this.versions.get(slot) ?? 0 }]);
  }

  remove(slot) {
    return this.change([{ remove: slot }]);
  }

  clear() {
    return this.change([{ clear: true }]);
  }

  send(handler, ...args) {
    return this.change([{ send: handler, args }]);
  }

  /** Several changes that are done whole or not at all. */
  async change(changes) {
    const { version } = await this.#room.call("$change", this.name, changes);
    for (const change of changes) if ("set" in change) this.#apply({ ...change, version });
    this.version = Math.max(this.version, version);
    return version;
  }

  release() {
    return this.#room.drop(this);
  }

  /** What the server tells. */
  take({ version, changes }) {
    this.version = version;
    for (const change of changes) this.#apply(change);
  }

  #apply(change) {
    if (change.clear) {
      for (const slot of [...this.slots.keys()]) this.#forget(slot);
    } else if ("set" in change) {
      if ((this.versions.get(change.set) ?? 0) > change.version) return; // somebody was later
      this.versions.set(change.set, change.version);
      if (change.value === null) this.#forget(change.set);
      else this.slots.set(change.set, change.value), this.#tell("change", change.set, change.value);
    } else if ("remove" in change) {
      this.#forget(change.remove);
    } else if ("send" in change) {
      this.#tell("message", change.send, ...change.args);
    }
  }

  #forget(slot) {
    this.versions.delete(slot);
    if (this.slots.delete(slot)) this.#tell("change", slot, undefined);
  }

  #tell(event, ...words) {
    for (const observer of this.#observers.get(event) ?? []) observer(...words);
  }
}

/** The listed rooms of an application, as they are now: `rooms` is a Map by name. */
export class Lobby {
  rooms = new Map();
  #room;
  #observers = new Map();

  constructor(room, filter) {
    this.#room = room;
    this.filter = filter;
  }

  /** on("added" | "changed" | "removed", (row) => ...) */
  on(event, observer) {
    if (!this.#observers.has(event)) this.#observers.set(event, new Set());
    this.#observers.get(event).add(observer);
    return () => this.#observers.get(event).delete(observer);
  }

  close() {
    this.#room.unwatch(this);
  }

  /** Everything there is, or what the server tells. */
  fill(rooms) {
    const names = new Set(rooms.map(({ name }) => name));
    this.take({ removed: [...this.rooms.keys()].filter((name) => !names.has(name)), rooms });
  }

  take({ removed, rooms }) {
    for (const name of removed) {
      const row = this.rooms.get(name);
      if (this.rooms.delete(name)) this.#tell("removed", row);
    }
    for (const row of rooms) {
      const event = this.rooms.has(row.name) ? "changed" : "added";
      this.rooms.set(row.name, row);
      this.#tell(event, row);
    }
  }

  #tell(event, row) {
    for (const observer of this.#observers.get(event) ?? []) observer(row);
  }
}

/** A member of a room. */
export class Room {
  member = "";
  name = "";
  user = "";
  data = null;
  #url;
  #options;
  #socket = null;
  #calls = new Map();
  #lastCall = 0;
  #handlers = new Map();
  #observers = new Map();
  #objects = new Map();
  #lobby = null;
  #token = "";
  #seq = 0;
  #attempt = 0;
  #isOver = false;

  constructor(url, options) {
    this.#url = url;
    this.#options = options;
    if (options.resume) ({ token: this.#token, seq: this.#seq } = options.resume);
    for (const [method, handler] of Object.entries(options.on ?? {})) this.on(method, handler);
  }

  /** Open the socket and become a member; called by connect(). */
  open() {
    const Socket = this.#options.WebSocket ?? globalThis.WebSocket;
    const address = this.#url + (this.#url.includes("?") ? "&" : "?");
    const socket = new Socket(address.replace(/\?/, "?hold&").replace(/&$/, ""), SUBPROTOCOL);
    this.#socket = socket;
    return new Promise((resolve, reject) => {
      socket.onopen = () => {
        const { args, password, ticket, options, properties } = this.#options;
        const resume = this.#token ? { token: this.#token, seq: this.#seq } : {};
        this.call("$connect", { arguments: args ?? [], password, ticket, options, properties, ...resume })
          .then((welcome) => (this.#enter(welcome), resolve(welcome)), reject);
      };
      socket.onmessage = ({ data }) => this.#take(JSON.parse(data));
      socket.onclose = ({ code, reason }) => {
        reject(closed(reason || "The connection was closed."));
        this.#lose(code, reason);
      };
      socket.onerror = () => reject(closed("The server cannot be reached."));
    });
  }

  /** What to pass as the option `resume` to be the same member after a page was loaded anew. */
  get ticket() {
    return { token: this.#token, seq: this.#seq };
  }

  /** Call a method of the application. */
  call(method, ...params) {
    if (this.#socket?.readyState !== 1) return Promise.reject(closed("There is no connection."));
    const id = ++this.#lastCall;
    this.#say({ id, method, params });
    return new Promise((resolve, reject) => this.#calls.set(id, { resolve, reject }));
  }

  /** Call it without wanting an answer. */
  notify(method, ...params) {
    if (this.#socket?.readyState === 1) this.#say({ method, params });
  }

  /** What to do when the application calls `method`; what it returns, or its promise, is the answer. */
  on(method, handler) {
    this.#handlers.set(method, handler);
    return () => this.#handlers.delete(method);
  }

  /** "moved", "kicked", "closed", "reconnecting", "resumed". */
  when(event, observer) {
    if (!this.#observers.has(event)) this.#observers.set(event, new Set());
    this.#observers.get(event).add(observer);
    return () => this.#observers.get(event).delete(observer);
  }

  join(room, how = {}) {
    return this.call("$join", room, how);
  }

  /** Into a listed room whose metadata have all of the filter, or a new one: its name begins with `prefix`. */
  joinOrCreate(filter, { prefix = "", ...how } = {}) {
    return this.join(prefix, { ...how, filter });
  }

  leave() {
    return this.call("$leave");
  }

  rooms() {
    return this.call("$rooms");
  }

  /** Watch the listed rooms of the application, or those whose metadata have all of the filter; one at a time. */
  async watch(filter = null) {
    const lobby = new Lobby(this, filter);
    lobby.fill(await this.call("$watch", filter));
    this.#lobby = lobby;
    return lobby;
  }

  unwatch(lobby) {
    if (this.#lobby !== lobby) return;
    this.#lobby = null;
    this.notify("$unwatch");
  }

  members() {
    return this.call("$members");
  }

  /** Use a shared object; it is filled when the promise is kept. */
  async shared(name, { persistent = false } = {}) {
    const known = this.#objects.get(name);
    if (known) return known;
    const object = new SharedObject(this, name, persistent);
    this.#objects.set(name, object);
    try {
      await this.call("$use", name, { persistent });
    } catch (error) {
      this.#objects.delete(name);
      throw error;
    }
    return object;
  }

  drop(object) {
    this.#objects.delete(object.name);
    this.notify("$release", object.name);
  }

  close() {
    this.#isOver = true;
    this.#socket?.close(1000);
  }

  #say(message) {
    this.#socket.send(JSON.stringify({ jsonrpc: "2.0", ...message }));
  }

  #tell(event, ...words) {
    for (const observer of this.#observers.get(event) ?? []) observer(...words);
  }

  #enter({ member, room, user, data, token, seq }) {
    Object.assign(this, { member, name: room, user, data });
    this.#token = token;
    this.#seq = seq;
    this.#attempt = 0;
  }

  #take(message) {
    if (message.seq !== undefined) this.#seq = message.seq;
    if (message.method === undefined) this.#settle(message);
    else if (message.method === "$shared") this.#objects.get(message.params.object)?.take(message.params);
    else if (message.method === "$lobby") this.#lobby?.take(message.params[0]);
    else if (message.method === "$moved") this.#move(message.params);
    else if (message.method === "$kicked") this.#tell("kicked", message.params.message, message.params.data);
    else this.#answer(message);
  }

  #settle({ id, result, error }) {
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    if (error) call?.reject(new CallError(error));
    else call?.resolve(result);
  }

  #move(welcome) {
    this.#enter(welcome);
    this.#objects.clear(); // they belong to the room
    this.#tell("moved", welcome.room);
  }

  async #answer({ id, method, params }) {
    const handler = this.#handlers.get(method);
    try {
      if (!handler) throw new Error(`there is no handler for ${method}`);
      const result = await handler(...params);
      if (id !== undefined) this.#say({ id, result: result ?? null });
    } catch (error) {
      if (id !== undefined) this.#say({ id, error: { code: -32000, message: String(error.message ?? error) } });
    }
  }

  /** The connection is gone: what waits fails, and unless that was the end, it is made again. */
  #lose(code, reason) {
    for (const { reject } of this.#calls.values()) reject(closed("The connection was lost."));
    this.#calls.clear();
    const isFinal = this.#isOver || !this.member || code === 4001 || code === 4003 || this.#options.reconnect === false;
    if (isFinal) return this.#tell("closed", code, reason);
    const longest = Math.min(15000, 500 * 2 ** this.#attempt++);
    const wait = longest / 2 + Math.random() * (longest / 2);
    this.#tell("reconnecting", this.#attempt, wait);
    setTimeout(() => this.#isOver || this.#again(), wait);
  }

  async #again() {
    try {
      const welcome = await this.open();
      for (const object of this.#objects.values()) await this.call("$use", object.name, { persistent: object.persistent });
      if (this.#lobby) this.#lobby.fill(await this.call("$watch", this.#lobby.filter));
      this.#tell("resumed", welcome.resumed, welcome.complete);
    } catch {
      // onclose has seen to it
    }
  }
}

/** Become a member: ws://HOST:1935/ws/APP/ROOM. */
export async function connect(url, options = {}) {
  const room = new Room(url, options);
  await room.open();
  return room;
}
