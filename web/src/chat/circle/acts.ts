// What is said of an act in the audit log.

import type { protocol } from "@kith/client";
import { moment, t } from "../../lib/i18n/late.js";

/** An act in words, after who did it. */
export function actText(
  act: protocol.Act,
  circle: protocol.Circle,
  name: (user: protocol.UserId) => string,
  streamName: (stream: protocol.StreamId) => string | undefined,
): string {
  const stream = (id: protocol.StreamId) => `#${streamName(id) ?? "…"}`;
  const role = (id: protocol.RoleId) => circle.roles[id]?.name ?? "…";
  const reason = (why: string | null) => (why === null ? "" : ` (${why})`);
  switch (act.act) {
    case "circle_created": return t("audit.circle_created");
    case "circle_changed": return t("audit.circle_changed", { name: act.name });
    case "icon_set": return t(act.icon === null ? "audit.icon_removed" : "audit.icon_set");
    case "owner_changed": return t("audit.owner_changed", { name: name(act.owner) });
    case "role_set": return t("audit.role_set", { role: act.to.name });
    case "role_removed": return t("audit.role_removed", { role: role(act.role) });
    case "member_roles_set": return t("audit.member_roles_set", { name: name(act.user), roles: act.roles.map(role).join(", ") || "–" });
    case "member_renamed": return t("audit.member_renamed", { name: name(act.user), nickname: act.nickname ?? "–" });
    case "member_timed_out":
      return act.until === null ? t("audit.timeout_ended", { name: name(act.user) })
        : t("audit.timed_out", { name: name(act.user), until: moment(act.until, "full") }) + reason(act.reason);
    case "member_removed": return t(act.how === "banned" ? "audit.banned" : "audit.kicked", { name: name(act.user) }) + reason(act.reason);
    case "unbanned": return t("audit.unbanned", { name: name(act.user) });
    case "invite_created": return t("audit.invite_created");
    case "invite_revoked": return t("audit.invite_revoked");
    case "invite_used": return t("audit.invite_used", { name: name(act.user) });
    case "stream_created": return t("audit.stream_created", { stream: act.name });
    case "stream_changed": return t("audit.stream_changed", { stream: stream(act.stream) });
    case "stream_narrowed": return t("audit.stream_narrowed", { stream: stream(act.stream) });
    case "stream_removed": return t("audit.stream_removed", { stream: act.name ?? "…" });
    case "message_deleted": return t("audit.message_deleted", { name: name(act.author), stream: stream(act.stream) });
    case "topic_created": return t("audit.topic_created", { topic: act.name });
    case "topic_changed":
    case "topic_narrowed": return t("audit.topic_changed");
    case "topic_removed": return t("audit.topic_removed", { topic: act.name });
    default: return t("audit.other");
  }
}
