// What is said in the list of keys.

export const keys = {
  "keys.everywhere": "Everywhere",
  "keys.writing": "While writing",
  "keys.messages": "On a message",
  "keys.places": "In the list of circles and streams",
  "keys.go_to": "Go to a circle, stream, conversation or person",
  "keys.find": "Search in everything (not while writing)",
  "keys.find_here": "Search in this stream",
  "keys.step": "To the stream before or after",
  "keys.step_unread": "To the one with unread messages before or after",
  "keys.send": "Send",
  "keys.line": "A new line",
  "keys.edit_last": "Change your last message, while nothing is written",
  "keys.leave": "Leave an answer, a change or a thread",
  "keys.offers": "People, streams, emoji and, at the beginning, commands",
  "keys.link": "Link, where something is marked",
  "keys.rows": "To the message above or below, the first, the last",
  "keys.move": "Move a circle, a stream or a favourite",
  "keys.menu": "What can be done with it",
} as const;
