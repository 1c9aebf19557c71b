// SPDX-License-Identifier: MIT

/** What JSON can say. */
export type Value = null | boolean | number | string | Value[] | { [name: string]: Value };

/** Methods by name, for typed calls: `connect<{ say(text: string): void }>(url)`. */
export type Methods = Record<string, (...params: any[]) => unknown>;

export interface Options {
  /** Arguments of the application's connect hook. */
  args?: unknown[];
  /** Of the room. */
  password?: string;
  /** Of a seat that the application has reserved. */
  ticket?: string;
  /** Of the join request, for the application. */
  options?: object;
  /** Like those of an RTMP connect. */
  properties?: object;
  /** For Node before 22, and for tests. */
  WebSocket?: typeof globalThis.WebSocket;
  /** Be the member again that had this ticket, if it is still there. */
  resume?: { token: string; seq: number };
  /** Handlers that are there from the first moment on: see Room.on(). */
  on?: Record<string, (...params: any[]) => unknown>;
  /** false: do not come back after a lost connection. */
  reconnect?: boolean;
}

/** What a room's metadata must have. */
export type Filter = Record<string, string | number | boolean>;

export interface RoomRow {
  name: string;
  members: number;
  capacity: number;
  locked: boolean;
  password: boolean;
  metadata: Value;
}

export interface MemberRow {
  id: string;
  user: string;
  attributes: Record<string, Value>;
}

export interface Welcome {
  member: string;
  room: string;
  user: string;
  data: Value;
  token: string;
  seq: number;
  resumed: boolean;
  complete: boolean;
}

export class CallError extends Error {
  readonly code: number;
  readonly status: string;
  readonly application: unknown;
}

export interface Change {
  set?: string;
  value?: unknown;
  if?: number;
  remove?: string;
  clear?: true;
  send?: string;
  args?: unknown[];
}

export class SharedObject {
  readonly name: string;
  readonly persistent: boolean;
  readonly slots: ReadonlyMap<string, Value>;
  readonly versions: ReadonlyMap<string, number>;
  readonly version: number;
  get(slot: string): Value | undefined;
  on(event: "change", observer: (slot: string, value: Value | undefined) => void): () => void;
  on(event: "message", observer: (handler: string, ...args: Value[]) => void): () => void;
  set(slot: string, value: unknown): Promise<number>;
  compareAndSet(slot: string, value: unknown): Promise<number>;
  remove(slot: string): Promise<number>;
  clear(): Promise<number>;
  send(handler: string, ...args: unknown[]): Promise<number>;
  change(changes: Change[]): Promise<number>;
  release(): void;
}

export class Lobby {
  readonly rooms: ReadonlyMap<string, RoomRow>;
  readonly filter: Filter | null;
  on(event: "added" | "changed" | "removed", observer: (room: RoomRow) => void): () => void;
  close(): void;
}

export class Room<Server extends Methods = Methods, Client extends Methods = Methods> {
  readonly member: string;
  readonly name: string;
  readonly user: string;
  readonly data: Value;
  readonly ticket: { token: string; seq: number };
  call<Name extends keyof Server & string>(
    method: Name, ...params: Parameters<Server[Name]>): Promise<Awaited<ReturnType<Server[Name]>>>;
  notify<Name extends keyof Server & string>(method: Name, ...params: Parameters<Server[Name]>): void;
  on<Name extends keyof Client & string>(
    method: Name, handler: (...params: Parameters<Client[Name]>) => unknown): () => void;
  when(event: "moved", observer: (room: string) => void): () => void;
  when(event: "kicked", observer: (message: string, data: unknown) => void): () => void;
  when(event: "closed", observer: (code: number, reason: string) => void): () => void;
  when(event: "reconnecting", observer: (attempt: number, waitMs: number) => void): () => void;
  when(event: "resumed", observer: (isSame: boolean, isComplete: boolean) => void): () => void;
  join(room: string, how?: { password?: string; ticket?: string; options?: object }): Promise<{ room: string }>;
  joinOrCreate(filter: Filter, how?: { prefix?: string; password?: string; options?: object }): Promise<{ room: string }>;
  leave(): Promise<{ room: string }>;
  watch(filter?: Filter | null): Promise<Lobby>;
  rooms(): Promise<RoomRow[]>;
  members(): Promise<MemberRow[]>;
  shared(name: string, how?: { persistent?: boolean }): Promise<SharedObject>;
  close(): void;
}

export function connect<Server extends Methods = Methods, Client extends Methods = Methods>(
  url: string, options?: Options): Promise<Room<Server, Client>>;
