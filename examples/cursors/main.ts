// Everybody's cursor on one canvas. Where a cursor is, is awareness: it is never stored and ends with
// the page that shows it. A click is an event, which reaches all who are there.

import { event, schema, type Other } from "@kith/client";
import { enter } from "../shared/enter";

type Cursor = { x: number; y: number; colour: string };
const COLOURS = ["#d64545", "#2f9e44", "#3b82f6", "#9b51e0", "#d98200", "#0097a7"];
/** How long a click is seen. */
const SEEN_MS = 900;

const { client, circle } = await enter();
const { clicks } = await client.open(circle, schema({ clicks: event<Cursor>() }), { create: true, prefix: "examples/" });
const aware = client.aware<Cursor>(clicks.id);
const colour = COLOURS[Math.floor(Math.random() * COLOURS.length)]!;

const canvas = document.querySelector("canvas")!;
const state = document.querySelector("#state")!;
const names = new Map<string, string>();
const rings: (Cursor & { since: number })[] = [];
let others: readonly Other<Cursor>[] = [];

/** Places are parts of the canvas, so that everybody's may have a size of its own. */
function place(pointer: PointerEvent): Cursor {
  const { left, top, width, height } = canvas.getBoundingClientRect();
  return { x: (pointer.clientX - left) / width, y: (pointer.clientY - top) / height, colour };
}
canvas.onpointermove = (pointer) => aware.set(place(pointer));
canvas.onpointerleave = () => aware.set(null);
canvas.onpointerdown = (pointer) => void clicks.emit(place(pointer)).catch((error: Error) => (state.textContent = error.message));

clicks.on((click) => {
  rings.push({ ...click, since: performance.now() });
  draw();
});
aware.others.subscribe((shown) => {
  // Whatever their programs say: only what can be drawn is.
  others = [...shown.values()].filter(({ state: { x, y } }) => Number.isFinite(x) && Number.isFinite(y));
  void learn().then(tell);
  draw();
});

/** Asks for the names of those who are not known yet. */
async function learn(): Promise<void> {
  const unknown = [...new Set(others.map(({ user }) => user))].filter((user) => !names.has(user));
  if (unknown.length === 0) return;
  unknown.forEach((user) => names.set(user, ""));
  for (const { id, display_name } of await client.query({ users: { users: unknown } })) names.set(id, display_name);
  draw();
}

function tell(): void {
  const seen = others.map(({ user }) => names.get(user)).filter(Boolean).sort();
  state.textContent = seen.length === 0 ? "Nobody else is here. Open this page a second time." : `You see ${seen.join(", ")}.`;
}

let drawn: number | undefined;
/** Draws with the next frame, however much happens until then. */
function draw(): void {
  drawn ??= requestAnimationFrame((now) => {
    drawn = undefined;
    paint(now);
  });
}

function paint(now: number): void {
  const { clientWidth: width, clientHeight: height } = canvas;
  canvas.width = width * devicePixelRatio;
  canvas.height = height * devicePixelRatio;
  const on = canvas.getContext("2d")!;
  on.scale(devicePixelRatio, devicePixelRatio);
  on.font = "14px system-ui";
  on.lineWidth = 2;
  for (let ring = rings.length - 1; ring >= 0; ring -= 1) {
    const { x, y, colour, since } = rings[ring]!;
    const age = (now - since) / SEEN_MS;
    if (age > 1) rings.splice(ring, 1);
    on.globalAlpha = Math.min(1, Math.max(0, 1 - age));
    on.strokeStyle = colour;
    on.beginPath();
    on.arc(x * width, y * height, Math.max(0, age) * 40, 0, 2 * Math.PI);
    on.stroke();
  }
  on.globalAlpha = 1;
  for (const { user, state: { x, y, colour } } of others) {
    on.fillStyle = colour;
    on.beginPath();
    for (const [dx, dy] of [[0, 0], [4, 14], [7, 8], [14, 7]] as const) on.lineTo(x * width + dx, y * height + dy);
    on.fill();
    on.fillText(names.get(user) ?? "", x * width + 12, y * height + 24);
  }
  if (rings.length > 0) draw();
}

new ResizeObserver(draw).observe(canvas);
tell();
document.querySelector("main")!.hidden = false;
