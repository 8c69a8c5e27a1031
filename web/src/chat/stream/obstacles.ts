// Why one cannot write, in words.

import { duration, moment, t } from "../../lib/i18n/index.svelte.js";
import type { Obstacle } from "../model/rights.js";

export function obstacleText(obstacle: Obstacle, now_ms: number): string {
  switch (obstacle.is) {
    case "archived":
      return t("write.archived");
    case "denied":
      return t("write.denied");
    case "timed_out":
      return t("write.timed_out", { until: moment(obstacle.until_ms, "full") });
    case "slow":
      return t("write.wait", { time: duration(Math.max(0, Math.ceil((obstacle.until_ms - now_ms) / 1000))) });
  }
}
