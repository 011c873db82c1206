// The arms that train unseen: how many there are, and what reveals the next one.

import { _, ngettext } from "../shared/language.js";
import { isHiding } from "../shared/stage.js";

export function showVeil({ veil, veiled, reveal, hides }, state, isMine) {
  const count = state?.hidden ?? 0;
  veil.hidden = !count;
  veiled.textContent = count ? ngettext("{n} more arm trains unseen.", "{n} more arms train unseen.", count) : "";
  reveal.hidden = !isMine;
  hides.setAttribute("aria-pressed", isHiding());
}
