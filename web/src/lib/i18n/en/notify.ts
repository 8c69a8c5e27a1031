// What notifications say, and what is announced to those who listen to the page.

export const notify = {
  "notify.ask": "Kith can tell you when somebody mentions or writes to you.",
  "notify.allow": "Allow notifications",
  "notify.later": "Not now",
  "notify.denied": "This browser does not allow Kith to notify you. You can change that in its settings for this page.",
  "notify.unsupported": "This browser has no notifications.",
  "notify.on": "Notifications are on.",
  "notify.here": "In this browser",
  "notify.sound": "Sound",
  "notify.from": "{name} in {stream}",
} as const;
