// How the pages sign in: a form asks for the server, a name and a password, and the session that they
// begin is kept for this tab. The circle is the one that `?circle=c_…` names, or the first of yours.

import { Client, KithError, type Options } from "@kith/client";

export interface Entered {
  client: Client;
  /** The server's address. */
  url: string;
  /** The secret of the session, for what connects by itself. */
  token: string;
  circle: `c_${string}`;
}

const KEPT = "kith";

export async function enter(): Promise<Entered> {
  const kept = sessionStorage.getItem(KEPT);
  const entered = kept === null ? await ask() : await connect(JSON.parse(kept)).catch(ask);
  sessionStorage.setItem(KEPT, JSON.stringify({ url: entered.url, auth: { token: entered.token } }));
  return entered;
}

/** Shows the form until somebody could sign in. */
function ask(why?: unknown): Promise<Entered> {
  const form = document.createElement("form");
  form.className = "enter";
  form.innerHTML = `
    <h1>Sign in</h1>
    <label>Server <input name="url" type="url" required value="http://127.0.0.1:8080"></label>
    <label>Name <input name="name" required autocomplete="username"></label>
    <label>Password <input name="password" type="password" required autocomplete="current-password"></label>
    <p role="alert"></p>
    <button>Sign in</button>`;
  const say = (error: unknown) => {
    form.querySelector("p")!.textContent = error instanceof Error ? error.message : String(error ?? "");
  };
  say(why);
  document.body.append(form);
  form.querySelector<HTMLInputElement>("[name=name]")!.focus();
  return new Promise((resolve) => {
    form.onsubmit = async (event) => {
      event.preventDefault();
      const told = Object.fromEntries(new FormData(form)) as Record<"url" | "name" | "password", string>;
      try {
        resolve(await connect({ url: told.url, auth: { password: { name: told.name, password: told.password } } }));
        form.remove();
      } catch (error) {
        say(error);
      }
    };
  });
}

async function connect(options: Options & { url: string }): Promise<Entered> {
  const client = await Client.connect({ ...options, label: document.title });
  const token = "token" in options.auth ? options.auth.token : client.welcome.token;
  const named = new URLSearchParams(location.search).get("circle");
  const { circles } = await client.query({ window: {} });
  const circle = circles.find(({ circle }) => named === null || circle.id === named)?.circle.id;
  if (token === undefined || circle === undefined) {
    client.close();
    throw new KithError({ code: "circle.not_found", message: "you are in no such circle: make one, or join one" });
  }
  return { client, url: options.url, token, circle };
}
