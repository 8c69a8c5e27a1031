// What is said of favourites, and of the order of places.

export const places = {
  "places.favourites": "Favourites",
  "places.favourite": "Add to favourites",
  "places.favourite_no": "Remove from favourites",
  "places.up": "Move up",
  "places.down": "Move down",
  "places.went_up": "{name} was moved up.",
  "places.went_down": "{name} was moved down.",
  "places.stays": "{name} is at the end already.",
  "places.to_section": "Move to a section …",
  "places.section_rename": "Rename the section",
  "places.section_of": "Section of {stream}",
  "places.section_name": "Name of the section",
  "places.section_hint": "One that there is, or a new one. Empty: before all sections.",
  "places.section_menu": "Menu of the section {name}",
  "places.sections": "Sections",
  "settings.title": "Settings",
  "admin.title": "Site administration",
} as const;
