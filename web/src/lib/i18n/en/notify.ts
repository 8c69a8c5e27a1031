// What is said where notifications are offered and chosen.

export const notify = {
  "notify.ask": "Kith can tell you when somebody mentions or writes to you.",
  "notify.allow": "Allow notifications",
  "notify.no": "No, thanks",
  "notify.denied": "This browser does not allow Kith to notify you. You can change that in its settings for this page.",
  "notify.unsupported": "This browser has no notifications.",
  "notify.on": "Notifications are on.",
  "notify.here": "In this browser",
  "notify.sound": "Sound",
} as const;
