// The clients as their users have them, and ways to wait for what happens to them.
import { createInterface } from "node:readline";
import { HocuspocusProvider, HocuspocusProviderWebsocket } from "@hocuspocus/provider";
import { WebSocket } from "ws";
import { WebsocketProvider } from "y-websocket";
import { WebsocketProvider as WebsocketProvider2 } from "y-websocket-v2";
import * as Y from "yjs";

export { WebSocket, Y };

/** How long anything may take before the test fails, in milliseconds. */
const PATIENCE = 30_000;

/** The server, the people and their circle. */
export const world = JSON.parse(process.env.KITH_WORLD);

const open = new Set();

/** Ends all clients, so that the program can end. */
export function end() {
  for (const client of open) client.close();
}

/** A client of y-websocket, of the present line or of one before 3. */
export function plain(topic, token, { old = false, connect = true } = {}) {
  const doc = new Y.Doc();
  const Provider = old ? WebsocketProvider2 : WebsocketProvider;
  const provider = new Provider(`${world.ws}/yjs`, `${world.circle}/${topic}`, doc, {
    WebSocketPolyfill: WebSocket,
    disableBc: true,
    params: { token },
    connect,
  });
  const client = {
    doc,
    provider,
    text: doc.getText("text"),
    awareness: provider.awareness,
    synced: () => provider.synced,
    close() {
      open.delete(client);
      provider.destroy();
      doc.destroy();
    },
  };
  open.add(client);
  return client;
}

/** A client of Hocuspocus. */
export function named(topic, token, options = {}) {
  const doc = new Y.Doc();
  const told = { denied: null, scope: null, closed: null };
  const provider = new HocuspocusProvider({
    url: `${world.ws}/hocuspocus`,
    name: `${world.circle}/${topic}`,
    document: doc,
    token,
    WebSocketPolyfill: WebSocket,
    onAuthenticationFailed: ({ reason }) => (told.denied = reason),
    onAuthenticated: ({ scope }) => (told.scope = scope),
    onClose: ({ event }) => (told.closed = event),
    ...options,
  });
  const client = {
    doc,
    provider,
    told,
    text: doc.getText("text"),
    awareness: provider.awareness,
    synced: () => provider.synced,
    saved: () => provider.synced && provider.unsyncedChanges === 0,
    close() {
      open.delete(client);
      provider.destroy();
      provider.configuration.websocketProvider.destroy();
      doc.destroy();
    },
  };
  open.add(client);
  return client;
}

/** A connection that several clients of Hocuspocus share. */
export function shared_socket() {
  return new HocuspocusProviderWebsocket({ url: `${world.ws}/hocuspocus`, WebSocketPolyfill: WebSocket });
}

/** Somebody who speaks the native protocol: what others show is in `shown`, by their numbers. */
export async function native(token) {
  const socket = new WebSocket(`${world.ws}/api/v1/ws`);
  const opened = new Promise((open) => socket.on("open", open));
  const [waiting, shown] = [new Map(), new Map()];
  let count = 0;
  const client = {
    shown,
    ana: (await done("GET", "/users/me", world.ana)).id,
    ask(request) {
      const id = (count += 1);
      socket.send(JSON.stringify({ id, ...request }));
      return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
    },
    close() {
      open.delete(client);
      socket.terminate();
    },
  };
  open.add(client);
  await opened;
  const welcomed = new Promise((welcome) => waiting.set("welcome", { resolve: welcome }));
  socket.on("message", (data) => {
    const { welcome, ok, error, aware } = JSON.parse(data);
    if (welcome) waiting.get("welcome").resolve();
    if (ok) waiting.get(ok.id)?.resolve(ok);
    if (error) waiting.get(error.id)?.reject(new Error(JSON.stringify(error)));
    if (aware?.all) shown.clear();
    for (const one of aware?.states ?? []) {
      if (one.state === null) shown.delete(one.client);
      else shown.set(one.client, one);
    }
  });
  socket.send(JSON.stringify({ v: 1, auth: { token } }));
  await welcomed;
  return client;
}

/** Waits until `holds` says yes; `what` names it where it does not. */
export async function until(what, holds) {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const value = await holds();
    if (value) return value;
    if (Date.now() > end) throw new Error(`not in time: ${what}`);
    await new Promise((again) => setTimeout(again, 5));
  }
}

/** Waits until all clients are connected and have what the server has. */
export const synced = (...clients) =>
  until("synced", () => clients.every((client) => client.synced()));

/** Waits until all clients have the same text. */
export async function same(text, ...clients) {
  const now = () => clients.map((client) => client.text.toString());
  await until(`${JSON.stringify(text)} everywhere`, () => now().every((one) => one === text)).catch(
    (error) => {
      throw new Error(`${error.message}: ${JSON.stringify(now())}`);
    },
  );
}

export function equal(got, wanted, what) {
  const [one, two] = [JSON.stringify(got), JSON.stringify(wanted)];
  if (one !== two) throw new Error(`${what}: ${one} is not ${two}`);
}

/** A request of the REST API, as whoever has `token`. */
export async function ask(method, path, token, body) {
  const answer = await fetch(`${world.http}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  return { status: answer.status, body: text ? JSON.parse(text) : null };
}

/** As {@link ask}, of something that has to succeed. */
export async function done(method, path, token, body) {
  const answer = await ask(method, path, token, body);
  if (answer.status >= 300) {
    throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  }
  return answer.body;
}

/** The topic of a name. */
export async function topic(name) {
  const { topics } = await done("GET", `/circles/${world.circle}/topics`, world.ana);
  return topics.find((topic) => topic.name === name);
}

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

/** Has whoever started this program do something with the server, and waits until it is done. */
export async function server(what) {
  console.log(what);
  const { value } = await lines.next();
  equal(value, "done", what);
}
