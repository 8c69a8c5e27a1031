// Measures the chat in a real browser, with the real server: how soon it can be used on a slow laptop,
// how evenly ten thousand messages scroll, and what it holds after an hour of a busy stream, which is
// played faster; beside each, what the browser takes for the same without any script. It measures what
// is in `dist`, whatever page the program has inside. Prints the figures, and writes them where
// `--write FILE` says. Nothing is asserted.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { front } from "./front.mjs";
import { heard, launch } from "./real.mjs";
import { plainCopy, scrollPlain } from "./reference.mjs";

const { values: options } = parseArgs({ options: { quick: { type: "boolean", default: false }, times: { type: "string", default: "5" }, only: { type: "string" }, write: { type: "string" } } });
const TIMES = options.quick ? 1 : Number(options.times);
const MESSAGES = options.quick ? 400 : 10_000;
/** An hour with three messages a second. */
const HOUR = options.quick ? 300 : 10_800;
const STAGES = options.quick ? 3 : 6;
const AT_ONCE = 16;
const PASSWORD = "correct horse battery";

/**
 * How slow a laptop and its network are: Lighthouse's desktop is the network alone, its phone a quarter of the
 * processor, too. Frames of a WebSocket are not slowed by the browser.
 */
const PROFILES = [
  { name: "as it is", cpu: 1 },
  { name: "10 Mbit/s, 40 ms (Lighthouse's desktop)", cpu: 1, latency_ms: 40, bytes_per_second: 10_000_000 / 8 },
  { name: "processor 4× slower, 10 Mbit/s, 40 ms", cpu: 4, latency_ms: 40, bytes_per_second: 10_000_000 / 8 },
  { name: "processor 4× slower, 1.6 Mbit/s, 150 ms (Lighthouse's phone)", cpu: 4, latency_ms: 150, bytes_per_second: 1_600_000 / 8 },
];

const root = fileURLToPath(new URL("../..", import.meta.url));
const program = process.env.KITH_PROGRAM ?? join(root, "target/release/kith");

const median = (all) => all.toSorted((one, two) => one - two)[Math.floor((all.length - 1) / 2)];
const range = (all) => (all.length < 2 ? "" : ` (${Math.min(...all)}–${Math.max(...all)})`);
const told = (all) => `${median(all)}${range(all)}`;

const lines = [];
function print(line) {
  lines.push(line);
  console.log(line);
}

/** Asks the server over REST. */
async function ask(url, token, method, path, body) {
  const headers = { "content-type": "application/json", ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
  const answer = await fetch(`${url}/api/v1${path}`, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

let posted = 0;
const TEXTS = ["The kettle is on.", "Has anybody seen the **green** tea? It was on the shelf, behind the biscuits, and now there is only an empty tin.", "`cargo run` says no", "🍵", "See https://kettle.example/manual for how it is descaled:\n\n- fill it\n- wait\n- rinse it twice"];

/** Posts so many messages. */
async function post(url, token, stream, count) {
  const one = async (place) => {
    posted += 1;
    await ask(url, token, "PUT", `/streams/${stream}/messages/bench-${posted}`, { text: `${TEXTS[place % TEXTS.length]} (${posted})` });
  };
  for (let from = 0; from < count; from += AT_ONCE) await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, place) => one(from + place)));
}

const PLAIN = "the same elements as plain HTML, no script";
const PLAIN_PATH = "/plain";
/** Frames of the list that is compared with. */
const PLAIN_FRAMES = 600;

/** Notes in every page when it can be used: when the composer is there and nothing has held it up since. */
function watch() {
  const seen = { shown: 0, busy_until: 0, long: [] };
  globalThis.seen = seen;
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) {
      seen.busy_until = startTime + duration;
      seen.long.push(duration);
    }
  }).observe({ type: "longtask", buffered: true });
  const look = () => {
    if (seen.shown === 0 && document.querySelector("article") !== null && document.querySelector("textarea") !== null) seen.shown = performance.now();
    else if (seen.shown === 0) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

async function slow(page, { cpu, latency_ms = 0, bytes_per_second = -1 }) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Network.enable");
  await devtools.send("Network.emulateNetworkConditions", { offline: false, latency: latency_ms, downloadThroughput: bytes_per_second, uploadThroughput: bytes_per_second });
  await devtools.send("Emulation.setCPUThrottlingRate", { rate: cpu });
}

/** Opens the stream; when it was painted first, when messages were there, and when it could be used. */
async function opened(page, address) {
  await page.goto(address);
  // Until nothing has held it up for a second.
  await page.waitForFunction(() => globalThis.seen.shown > 0 && performance.now() - Math.max(globalThis.seen.shown, globalThis.seen.busy_until) > 1000, undefined, { polling: 200 });
  return page.evaluate(() => {
    const painted = performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0;
    const { shown, busy_until } = globalThis.seen;
    return [painted, shown, Math.max(shown, busy_until)].map(Math.round);
  });
}

async function loading(browser, url, address, session) {
  print("| profile | first paint, ms | messages shown, ms | can be used, ms |");
  print("| --- | ---: | ---: | ---: |");
  for (const profile of PROFILES) {
    for (const kind of ["first visit", "once more", PLAIN]) {
      const all = [];
      for (let time = 0; time < TIMES; time += 1) {
        const context = await browser.newContext({ storageState: session, viewport: { width: 1366, height: 768 } });
        context.setDefaultTimeout(120_000);
        await context.addInitScript(watch);
        const page = await context.newPage();
        if (kind === "once more") {
          await opened(page, address);
          await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
        }
        await slow(page, profile);
        all.push(await opened(page, kind === PLAIN ? url + PLAIN_PATH : address));
        await context.close();
      }
      const figures = [0, 1, 2].map((place) => told(all.map((one) => one[place])));
      print(`| ${profile.name}, ${kind} | ${figures.join(" | ")} |`);
    }
  }
}

/** Scrolls to one end in steps of a screen for each frame; how long frames took. */
function scroll(page, up) {
  return page.evaluate(async (up) => {
    const box = document.querySelector(".feed .box");
    const frames = [];
    let [still, before] = [0, performance.now()];
    const begun = before;
    while (still < 300 && performance.now() - begun < 240_000) {
      const at = box.scrollTop;
      box.scrollTop += up ? -box.clientHeight : box.clientHeight;
      const now = await new Promise((resolve) => requestAnimationFrame(resolve));
      frames.push(now - before);
      before = now;
      // What is loading comes in a moment.
      still = box.scrollTop === at && (up ? document.querySelector(".feed [data-row]") !== null : true) ? still + 1 : 0;
    }
    // What is behind the end is no scrolling.
    return frames.slice(0, frames.length - still);
  }, up);
}

function printFrames(what, frames) {
  const all = frames.toSorted((one, two) => one - two);
  const share = (part) => Math.round(all[Math.floor((all.length - 1) * part)]);
  print(`| ${what} | ${all.length} | ${share(0.5)} | ${share(0.99)} | ${share(1)} | ${all.filter((one) => one > 50).length} |`);
}

async function scrolling(page, url, address) {
  print("");
  print(`| ${posted} messages, a screen for each frame | frames | median, ms | 99th percentile, ms | longest, ms | over 50 ms |`);
  print("| --- | ---: | ---: | ---: | ---: | ---: |");
  for (const cpu of new Set(PROFILES.map((one) => one.cpu))) {
    const speed = cpu === 1 ? PROFILES[0].name : `processor ${cpu}× slower`;
    await slow(page, { cpu: 1 });
    await page.goto(address);
    await page.getByRole("article").last().waitFor();
    await slow(page, { cpu });
    // It begins with the first, which nobody has read; whichever way one goes, they are loaded page by page.
    for (const [what, up] of cpu === 1 ? [["to the last", false], ["to the first", true]] : [["to the first", true]]) printFrames(`${speed}, ${what}`, await scroll(page, up));
    await page.goto(url + PLAIN_PATH);
    printFrames(`${speed}, rows that are copied, no script else`, await scrollPlain(page, PLAIN_FRAMES));
  }
  await slow(page, { cpu: 1 });
}

async function memory(page, url, address, token, stream) {
  await page.goto(address);
  await page.getByRole("article").last().waitFor();
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Performance.enable");
  const held = async () => {
    for (let turn = 0; turn < 3; turn += 1) await devtools.send("HeapProfiler.collectGarbage");
    const { metrics } = await devtools.send("Performance.getMetrics");
    const of = (name) => metrics.find((one) => one.name === name)?.value ?? 0;
    return [(of("JSHeapUsedSize") / 1e6).toFixed(1), of("Nodes"), of("JSEventListeners")];
  };
  print("");
  print("| messages that came while one looks on | heap after collecting, MB | nodes | listeners |");
  print("| ---: | ---: | ---: | ---: |");
  print(`| 0 | ${(await held()).join(" | ")} |`);
  for (let stage = 1; stage <= STAGES; stage += 1) {
    await post(url, token, stream, HOUR / STAGES);
    await page.getByText(`(${posted})`).first().waitFor();
    print(`| ${(HOUR / STAGES) * stage} | ${(await held()).join(" | ")} |`);
  }
}

const data = mkdtempSync(join(tmpdir(), "kith-"));
const settings = { KITH_REQUESTS_PER_SECOND: "100000", KITH_REQUESTS_BURST: "100000", KITH_SIGN_IN_BURST: "1000", KITH_PASSWORD_MEMORY_KIB: "64" };
const server = spawn(program, ["serve", "--listen", "127.0.0.1:0", "--data", join(data, "data")], { stdio: ["ignore", "pipe", "ignore"], env: { ...process.env, ...settings } });
const exited = once(server, "exit");
const plain = new Map();
let fronted;
let browser;
try {
  const [, direct] = await heard(server, /listening on (.*)\n/);
  fronted = await front(join(root, "web/dist"), direct, plain);
  const { url } = fronted;
  const { token } = await ask(direct, undefined, "POST", "/accounts", { name: "ana", password: PASSWORD });
  const { token: other } = await ask(direct, undefined, "POST", "/accounts", { name: "bob", password: PASSWORD });
  const { circle } = await ask(direct, token, "POST", "/circles", { name: "Tea", public: true });
  await ask(direct, other, "POST", `/circles/${circle}/join`, {});
  const { circles } = await ask(direct, token, "GET", "/window");
  const stream = circles[0].streams[0].stream.id;
  await post(direct, other, stream, MESSAGES);
  browser = await launch();
  const context = await browser.newContext({ viewport: { width: 1366, height: 768 } });
  context.setDefaultTimeout(120_000);
  const page = await context.newPage();
  const address = `${url}/s/${stream}`;
  await page.goto(address);
  await page.getByLabel("User name").fill("ana");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("article").last().waitFor();
  const session = await context.storageState();
  plain.set(PLAIN_PATH, await plainCopy(page));
  print(`On ${cpus().length} × ${cpus()[0].model}, without a graphics processor, with a load of ${loadavg()[0].toFixed(1)} before it began.`);
  print("");
  const wanted = (part) => options.only === undefined || options.only === part;
  if (wanted("loading")) await loading(browser, url, address, session);
  if (wanted("scrolling")) await scrolling(page, url, address);
  if (wanted("memory")) await memory(page, direct, address, other, stream);
  if (options.write !== undefined) writeFileSync(options.write, `# The chat page, measured\n\nWritten by \`cargo xtask bench page --write\`: openings ${TIMES} times each, the median and from the least to the most; scrolling and memory once. A small server in front of the program has the page as it was built last. Beside each stands what the browser takes for the same elements without any script: no page is quicker on the machine it was taken on.\n\n${lines.join("\n")}\n`);
} finally {
  await browser?.close();
  fronted?.end();
  server.kill("SIGKILL");
  await exited;
  rmSync(data, { recursive: true, force: true });
}
