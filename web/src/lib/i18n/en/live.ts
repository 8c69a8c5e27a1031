// What is said of topics that messages show.

export const live = {
  "live.label": "Live: {name}",
  "live.gone": "What was shown live here is gone.",
  "live.less": "One less: {name}",
  "live.more": "One more: {name}",
  "live.up": "Up: {item}",
  "live.down": "Down: {item}",
  "live.take_out": "Take out: {item}",
  "live.add": "Add something",
  "live.add_to": "Add to {name}",
  "live.edit": "Edit {name}",
  "live.done": "Done",
  "live.empty": "Nothing in it yet.",
  "live.emit": "Do it",
  "live.never": "It has not happened yet.",
  "live.last": "Last: {name}, {time}",
  "live.votes": { one: "{count} vote", other: "{count} votes" },
} as const;
