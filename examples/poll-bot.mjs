// A bot with a slash command: `/poll Tea or coffee? | tea | coffee` asks everybody.
//
// It posts a message that shows a topic, in which everybody has one vote: whoever votes puts an entry
// under their own id. The bot needs `manage_feeds` and `offer_services`, which moderators have.

import { map, schema, ServiceFailure } from "@kith/client";
import { connect } from "./shared/connect.mjs";

const POLL = schema({ question: map(), votes: map() });
const { client, circle } = await connect();

await client.offer(
  { circle, name: "chat/poll", about: "Ask everybody", hint: "question | option | option" },
  async ({ text = "" }, { called }) => {
    const [question, ...options] = String(text).split("|").map((part) => part.trim()).filter(Boolean);
    if (question === undefined || options.length < 2) {
      throw new ServiceFailure("poll.no_options", "a poll needs a question and two options");
    }
    const poll = await client.open(circle, POLL, { create: true, prefix: `polls/${Date.now()}-${called.call}/` });
    await poll.question.set({ question, options });
    const asked = `${question}\n${options.map((option) => `- ${option}`).join("\n")}`;
    await client.command({ post: { stream: called.stream, text: asked, topic: poll.votes.id } });
    poll.question.close();
    poll.votes.close();
    return { text: "asked" };
  },
);
console.log("ready");
