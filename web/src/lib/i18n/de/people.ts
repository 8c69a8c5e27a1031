// In German: see the file of the same name in English.

export const people = {
  "profile.roles": "Rollen",
  "profile.joined": "Hier seit {date}",
  "profile.since": "Auf dieser Site seit {date}",
  "profile.disabled": "Dieses Konto ist gesperrt.",
  "profile.write": "Schreiben",
  "profile.block": "Blockieren",
  "profile.unblock": "Nicht mehr blockieren",
  "profile.blocked": "Du blockierst sie: Sie können dir nicht schreiben, und du siehst nicht, was sie schreiben.",
  "inbox.hint": "Was dich meint, und was dir antwortet.",
  "inbox.none": "Noch nichts. Wenn dich jemand erwähnt oder dir antwortet, findest du es hier.",
  "inbox.unread": "Nur Ungelesenes",
  "inbox.threads": "Threads, denen du folgst",
  "inbox.mention": "erwähnt dich",
  "inbox.reply": "antwortet dir",
} as const;
