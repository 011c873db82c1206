// The arms that train unseen: how many there are, and what reveals the next one.

import { ngettext } from "../shared/language.js";
import { isHiding } from "../shared/stage.js";
import { ENDED } from "../shared/standing.js";

export function showVeil({ veil, veiled, reveal, hides }, state, isMine) {
  const count = state?.hidden ?? 0;
  veil.hidden = !count;
  veiled.textContent = count ? said(count, state.status) : "";
  reveal.hidden = !isMine;
  hides.setAttribute("aria-pressed", isHiding());
}

function said(n, status) {
  if (ENDED.has(status)) return ngettext("{n} more arm is not shown yet.", "{n} more arms are not shown yet.", n);
  return ngettext("{n} more arm trains unseen.", "{n} more arms train unseen.", n);
}
