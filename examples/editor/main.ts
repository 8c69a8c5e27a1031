// A document that many write at once: CodeMirror with its binding to Yjs, and the provider that those
// who use Yjs have already. Nothing of the editor knows Kith; the document is a topic of the circle.

import { markdown } from "@codemirror/lang-markdown";
import { keymap } from "@codemirror/view";
import type { KithError } from "@kith/client";
import { EditorView, basicSetup } from "codemirror";
import { yCollab, yUndoManagerKeymap } from "y-codemirror.next";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";
import { enter } from "../shared/enter";

const NAME = "examples/document";
const COLOURS = ["#d64545", "#2f7d32", "#1c5fd0", "#9b51e0", "#b26a00", "#00838f"];

const { client, circle, url, token } = await enter();
await client.query({ topic_by_name: { circle, name: NAME } }).catch((error: KithError) => {
  if (error.code !== "topic.not_found") throw error;
  return client.command({ create_topic: { circle, name: NAME, holds: "text" } });
});

const doc = new Y.Doc();
const text = doc.getText("text");
const address = `${url.replace(/^http/, "ws").replace(/\/$/, "")}/yjs`;
const provider = new WebsocketProvider(address, `${circle}/${NAME}`, doc, { params: { token } });
provider.awareness.setLocalStateField("user", {
  name: client.user.display_name,
  color: COLOURS[doc.clientID % COLOURS.length],
});

const view = new EditorView({
  doc: text.toString(),
  parent: document.querySelector("#editor")!,
  extensions: [
    // First, for the editor's own would take back what others wrote.
    keymap.of(yUndoManagerKeymap),
    basicSetup,
    markdown(),
    EditorView.lineWrapping,
    EditorView.contentAttributes.of({ "aria-label": "The document" }),
    yCollab(text, provider.awareness, { undoManager: new Y.UndoManager(text) }),
  ],
});

const state = document.querySelector("#state")!;
const others = () => {
  const names = [...provider.awareness.getStates()].filter(([id]) => id !== doc.clientID).map(([, { user }]) => user?.name);
  return names.length === 0 ? "nobody else is here" : `with ${names.join(", ")}`;
};
const show = () => (state.textContent = `${provider.wsconnected ? "connected" : "offline: what you write is kept"}, ${others()}`);
provider.on("status", show);
provider.awareness.on("change", show);
show();
document.querySelector("main")!.hidden = false;
view.focus();
