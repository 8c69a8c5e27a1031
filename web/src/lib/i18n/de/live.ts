// In German: see the file of the same name in English.

export const live = {
  "live.label": "Live: {name}",
  "live.gone": "Was hier live zu sehen war, gibt es nicht mehr.",
  "live.less": "Eins weniger: {name}",
  "live.more": "Eins mehr: {name}",
  "live.up": "Nach oben: {item}",
  "live.down": "Nach unten: {item}",
  "live.take_out": "Herausnehmen: {item}",
  "live.add": "Etwas hinzufügen",
  "live.add_to": "Zu {name} hinzufügen",
  "live.edit": "{name} bearbeiten",
  "live.done": "Fertig",
  "live.empty": "Noch nichts darin.",
  "live.emit": "Auslösen",
  "live.never": "Es ist noch nicht geschehen.",
  "live.last": "Zuletzt: {name}, {time}",
  "live.votes": { one: "{count} Stimme", other: "{count} Stimmen" },
};
