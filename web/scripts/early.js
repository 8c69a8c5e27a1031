// Connects while the scripts of the chat page load, which `src/lib/early.ts` goes on with; too late it does nothing.
globalThis.kithSocket ??= new WebSocket(location.origin.replace(/^http/, "ws") + "/api/v1/ws", ["kith.v1.json"]);
