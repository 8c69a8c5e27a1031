// What profiles and the inbox say.

export const people = {
  "profile.roles": "Roles",
  "profile.joined": "Here since {date}",
  "profile.since": "On this site since {date}",
  "profile.disabled": "This account is disabled.",
  "profile.write": "Write to them",
  "profile.block": "Block",
  "profile.unblock": "Unblock",
  "profile.blocked": "You block them: they cannot write to you, and you do not see what they write.",
  "inbox.hint": "What means you, and what answers you.",
  "inbox.none": "Nothing here. When somebody mentions or answers you, you find it here.",
  "inbox.unread": "Unread only",
  "inbox.threads": "Threads that you follow",
  "inbox.mention": "mentions you",
  "inbox.reply": "answers you",
} as const;
