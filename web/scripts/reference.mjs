// What the browser and the machine take for the chat page without any of its scripts, to compare with:
// the same elements and styles as plain HTML, and a list whose rows are copied and nothing else.

/** The page as it stands, without what it was made by. */
export async function plainCopy(page) {
  return page.evaluate(() => {
    const styles = [...document.querySelectorAll('link[rel="stylesheet"]')].map(({ href }) => `<link rel="stylesheet" href="${new URL(href).pathname}">`);
    const { attributes } = document.documentElement;
    const said = [...attributes].map(({ name, value }) => `${name}="${value}"`).join(" ");
    return `<!doctype html><html ${said}><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Kith</title>${styles.join("")}</head><body>${document.body.innerHTML}</body></html>`;
  });
}

/** Puts a screen of rows in the place of those that are there, for each frame; how long frames took. */
export function scrollPlain(page, count) {
  return page.evaluate(async (count) => {
    const box = document.querySelector(".feed .box");
    const rows = box.querySelector(".rows");
    const seen = ({ top, bottom }) => bottom > 0 && top < innerHeight;
    const screen = [...rows.children].filter((row) => seen(row.getBoundingClientRect()));
    const frames = [];
    let before = performance.now();
    for (let frame = 0; frame < count; frame += 1) {
      rows.replaceChildren(...screen.map((row) => row.cloneNode(true)));
      box.scrollTop = frame % 2;
      const now = await new Promise((resolve) => requestAnimationFrame(resolve));
      frames.push(now - before);
      before = now;
    }
    return frames;
  }, count);
}
