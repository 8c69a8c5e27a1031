// In German: see the file of the same name in English.

export const notify = {
  "notify.ask": "Kith kann Bescheid geben, wenn dich jemand erwähnt oder dir schreibt.",
  "notify.allow": "Benachrichtigungen erlauben",
  "notify.no": "Nein, danke",
  "notify.denied": "Dieser Browser lässt Kith keine Benachrichtigungen zeigen. Das lässt sich in seinen Einstellungen für diese Seite ändern.",
  "notify.unsupported": "Dieser Browser hat keine Benachrichtigungen.",
  "notify.on": "Benachrichtigungen sind an.",
  "notify.here": "In diesem Browser",
  "notify.sound": "Ton",
};
