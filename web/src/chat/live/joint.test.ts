import { expect, test } from "vitest";
import { made } from "../../lib/texts.js";
import { JointText, type Told } from "./joint.js";

/** A server with one text, which takes an edit only where its places count on the text as it is. */
class Text {
  told: Told = { seq: 1, text: "tea" };
  shown: string[] = [];
  problems: string[] = [];
  /** What fails next, in this order. */
  refusals: ("ask" | "say")[] = [];

  readonly joint = new JointText({
    ask: async () => (this.#may("ask"), this.told),
    say: async ({ after, ...change }) => {
      this.#may("say");
      expect(after).toBe(this.told.seq);
      this.others(made(this.told.text, change));
    },
    show: (text) => void this.shown.push(text),
    failed: (error) => void this.problems.push(error === undefined ? "" : String(error)),
  });

  others(text: string): void {
    this.told = { seq: this.told.seq + 1, text };
  }

  #may(what: "ask" | "say"): void {
    if (this.refusals[0] !== what) return;
    this.refusals.shift();
    throw what;
  }
}

async function check(work: (text: Text) => void | Promise<void>): Promise<Text> {
  const text = new Text();
  await text.joint.bring();
  await work(text);
  return text;
}

test("what is written is said, and what others write comes in between", async () => {
  const text = await check(async (text) => {
    text.joint.write("tea!");
    text.others("green tea");
    await text.joint.bring();
    text.others("green tea! Now.");
    await text.joint.bring();
  });
  expect(text.told.text).toBe("green tea! Now.");
  expect(text.shown).toEqual(["tea", "green tea!", "green tea! Now."]);
});

test("where an edit is refused, what others write comes all the same, and the edit is made on that", async () => {
  const text = await check(async (text) => {
    text.joint.write("tea!");
    text.refusals = ["say"];
    await text.joint.bring();
    text.others("green tea");
    text.refusals = ["say"];
    await text.joint.bring();
    expect(text.shown.at(-1)).toBe("green tea!");
    expect(text.told.text).toBe("green tea");
    await text.joint.bring();
  });
  expect(text.told.text).toBe("green tea!");
  expect(text.problems).toEqual(["", "say", "say", ""]);
});

test("where asking fails after an edit was made, the next one counts on a text that was told", async () => {
  const text = await check(async (text) => {
    text.joint.write("tea!");
    await text.joint.bring();
    text.others("green tea!");
    text.joint.write("tea!!");
    text.refusals = ["ask"];
    await text.joint.bring();
    expect(text.told.text).toBe("green tea!");
    await text.joint.bring();
  });
  expect(text.told.text).toBe("green tea!!");
});

test("what was written last is said when nobody looks any longer, and shown to nobody", async () => {
  const text = await check(async (text) => {
    text.joint.write("tea!");
    text.others("green tea");
    await text.joint.end();
  });
  expect(text.told.text).toBe("green tea!");
  expect(text.shown).toEqual(["tea"]);
});

test("nothing is asked for at the end where nothing was written", async () => {
  const text = await check(async (text) => {
    text.refusals = ["ask"];
    await text.joint.end();
  });
  expect(text.refusals).toEqual(["ask"]);
});

test("what is asked for twice at the same time is brought one after the other", async () => {
  const text = await check(async (text) => {
    text.joint.write("tea!");
    const first = text.joint.bring();
    text.joint.write("tea!!");
    await Promise.all([first, text.joint.bring()]);
  });
  expect(text.told.text).toBe("tea!!");
});
