// What stands in place of the charts while there is no look: why, and what to do.

import { _ } from "../shared/language.js";
import { ENDED, sweptSaid } from "../shared/standing.js";

export function nothing(status, source, isSwept) {
  if (isSwept) return sweptSaid();
  if (source === "batch") {
    if (ENDED.has(status)) return _("No training batch was looked at while this run went on, and none can be now. Choose the fixed images.");
    if (status === "paused") return _("No training batch has been looked at yet. The run is paused: one will be when it goes on. Or choose the fixed images.");
  }
  return ENDED.has(status) ? _("The run ended before the first look.") : _("Waiting for the first look.");
}
