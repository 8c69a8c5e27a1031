// What is said of slash commands.

export const command = {
  "command.given": "What became of your commands",
  "command.only_you": "only you see this",
  "command.running": "is being done …",
  "command.failed": "was not done",
  "command.again": "Write it again",
  "command.gone": "Nobody offers this command any more.",
  "command.late": "There was no answer. It may have been done all the same.",
  "command.busy": "It has too much to do. Try again in a moment.",
  "command.offline": "Commands need a connection.",
  "command.unknown": "There is no command {name} here. Send it again to say it as a message.",
} as const;
