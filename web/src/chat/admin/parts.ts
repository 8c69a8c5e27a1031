// The sections of the site's administration.

import { Activity, Database, History, Settings, Shapes, UserPlus, Users } from "../../lib/ui/icons.js";
import type { Section } from "../settings/sections.js";

export const SECTIONS = [
  { part: "overview", title: "admin.overview", icon: Activity, about: ["admin.events", "admin.requests", "admin.connections", "admin.commits", "admin.waiting", "admin.version", "admin.refused"] },
  { part: "users", title: "admin.users", icon: Users, about: ["admin.disable", "admin.enable", "admin.appoint", "admin.end_sessions", "admin.reset"] },
  { part: "circles", title: "settings.circles", icon: Shapes, about: ["role.owner", "chat.streams"] },
  { part: "registration", title: "admin.registration", icon: UserPlus, about: ["admin.registration_open", "admin.registration_invite", "admin.registration_closed"] },
  { part: "storage", title: "admin.storage", icon: Database, about: ["admin.database", "admin.free", "admin.backup"] },
  { part: "configuration", title: "admin.configuration", icon: Settings, about: ["admin.source"] },
  { part: "log", title: "admin.log", icon: History, about: [] },
] as const satisfies readonly Section[];

export type Part = (typeof SECTIONS)[number]["part"];
