// In German: see the file of the same name in English.

export const places = {
  "places.favourites": "Favoriten",
  "places.favourite": "Zu den Favoriten",
  "places.favourite_no": "Aus den Favoriten nehmen",
  "places.up": "Nach oben",
  "places.down": "Nach unten",
  "places.went_up": "{name} steht jetzt weiter oben.",
  "places.went_down": "{name} steht jetzt weiter unten.",
  "places.stays": "{name} steht schon am Ende.",
  "places.to_section": "In einen Abschnitt verschieben …",
  "places.section_rename": "Abschnitt umbenennen",
  "places.section_of": "Abschnitt von {stream}",
  "places.section_name": "Name des Abschnitts",
  "places.section_hint": "Einer, den es gibt, oder ein neuer. Leer: vor allen Abschnitten.",
  "places.section_menu": "Menü des Abschnitts {name}",
  "places.sections": "Abschnitte",
  "settings.title": "Einstellungen",
  "admin.title": "Verwaltung der Site",
};
