// In German: see the file of the same name in English.

export const keys = {
  "keys.everywhere": "Überall",
  "keys.writing": "Beim Schreiben",
  "keys.messages": "Auf einer Nachricht",
  "keys.places": "In der Liste der Kreise und Streams",
  "keys.go_to": "Zu einem Kreis, Stream, Gespräch oder Menschen",
  "keys.find": "In allem suchen (nicht beim Schreiben)",
  "keys.find_here": "In diesem Stream suchen",
  "keys.step": "Zum Stream davor oder danach",
  "keys.step_unread": "Zum nächsten mit Ungelesenem davor oder danach",
  "keys.send": "Senden",
  "keys.line": "Neue Zeile",
  "keys.edit_last": "Die eigene letzte Nachricht ändern, solange nichts dasteht",
  "keys.leave": "Eine Antwort, eine Änderung oder einen Thread verlassen",
  "keys.offers": "Menschen, Streams, Emoji und, am Anfang, Befehle",
  "keys.link": "Link, wo etwas markiert ist",
  "keys.rows": "Zur Nachricht darüber oder darunter, zur ersten, zur letzten",
  "keys.move": "Einen Kreis, einen Stream oder Favoriten verschieben",
  "keys.menu": "Was man damit tun kann",
} as const;
