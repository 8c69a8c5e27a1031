// A list that a circle shares. Everything shows at once, is taken back when the server refuses it, and
// can be undone, whatever others did meanwhile.

import { list, schema, type KithError } from "@kith/client";
import { enter } from "../shared/enter";

interface Item {
  text: string;
  done: boolean;
}
const { client, circle } = await enter();
const { todo } = await client.open(circle, schema({ todo: list<Item>() }), { create: true, prefix: "examples/" });

const find = <E extends HTMLElement>(selector: string) => document.querySelector<E>(selector)!;
const [rows, form] = [find<HTMLOListElement>("ol"), find<HTMLFormElement>("form")];
const say = (text: string) => (find("[role=alert]").textContent = text);
/** What a change came to is shown by the list itself; a refusal is said. */
const doing = (change: Promise<unknown>) => void change.then(() => say(""), (error: KithError) => say(error.message));

todo.subscribe((items) => {
  const shown = new Map([...rows.children].map((row) => [(row as HTMLElement).dataset.element, row as HTMLElement]));
  rows.append(...items.map(({ element, value }) => {
    const row = shown.get(element) ?? make(element);
    shown.delete(element);
    row.classList.toggle("done", value.done);
    const [done, text] = row.querySelectorAll("input");
    done!.checked = value.done;
    done!.setAttribute("aria-label", `${value.text} is done`);
    // Whoever is writing in it is not disturbed.
    if (text !== document.activeElement) text!.value = value.text;
    return row;
  }));
  for (const row of shown.values()) row.remove();
});

/** A row for an element, which keeps its name whatever happens to it. */
function make(element: string): HTMLElement {
  const row = document.createElement("li");
  row.dataset.element = element;
  row.innerHTML = `<input type="checkbox"><input type="text" aria-label="What" maxlength="200">
    <button aria-label="Up">↑</button><button aria-label="Remove">✕</button>`;
  const [done, text] = row.querySelectorAll("input");
  const [up, remove] = row.querySelectorAll("button");
  const place = () => todo.get().findIndex((one) => one.element === element);
  const replace = (change: Partial<Item>) => {
    const item = todo.get()[place()]?.value;
    if (item !== undefined) doing(todo.replace(element, { ...item, ...change }));
  };
  done!.onchange = () => replace({ done: done!.checked });
  text!.onchange = () => replace({ text: text!.value });
  up!.onclick = () => doing(todo.move(element, Math.max(0, place() - 1)));
  remove!.onclick = () => doing(todo.remove(element));
  return row;
}

form.onsubmit = (event) => {
  event.preventDefault();
  doing(todo.insert({ text: new FormData(form).get("text") as string, done: false }));
  form.reset();
};
find("#undo").onclick = () => doing(client.undo(circle));
find("#redo").onclick = () => doing(client.redo(circle));
find("#clear").onclick = () => {
  const done = todo.get().filter(({ value }) => value.done);
  doing(client.transaction((t) => done.forEach(({ element }) => t(todo).remove(element))));
};
find("main").hidden = false;
