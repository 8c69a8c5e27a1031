// In German: see the file of the same name in English.

export const command = {
  "command.given": "Was aus deinen Befehlen wurde",
  "command.only_you": "nur du siehst das",
  "command.running": "läuft …",
  "command.failed": "hat nicht geklappt",
  "command.again": "Noch einmal schreiben",
  "command.gone": "Diesen Befehl bietet niemand mehr an.",
  "command.late": "Es kam keine Antwort. Vielleicht ist es trotzdem geschehen.",
  "command.busy": "Gerade ist zu viel zu tun. Versuche es gleich noch einmal.",
  "command.offline": "Befehle brauchen eine Verbindung.",
  "command.unknown": "Den Befehl {name} gibt es hier nicht. Sende noch einmal, um es als Nachricht zu sagen.",
};
