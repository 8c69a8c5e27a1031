// The sections of the settings.

import { Ban, Bell, Globe, Key, Monitor, Palette, User } from "../../lib/ui/icons.js";
import type { Section } from "./sections.js";

export const SECTIONS = [
  { part: "account", title: "settings.account", icon: User, about: ["account.shown_as", "account.name", "picture.choose", "account.sign_out"] },
  { part: "password", title: "account.password", icon: Key, about: ["settings.password_now", "settings.password_new"] },
  { part: "sessions", title: "settings.sessions", icon: Monitor, about: ["settings.session_end", "settings.sessions_end"] },
  { part: "notifications", title: "settings.notifications", icon: Bell, about: ["settings.level", "settings.mute"] },
  { part: "appearance", title: "settings.appearance", icon: Palette, about: ["theme.label", "theme.dark", "theme.light", "density.label", "size.label", "motion.label"] },
  { part: "language", title: "language.label", icon: Globe, about: [] },
  { part: "blocked", title: "settings.blocked", icon: Ban, about: ["profile.block", "profile.unblock"] },
] as const satisfies readonly Section[];

export type Part = (typeof SECTIONS)[number]["part"];
