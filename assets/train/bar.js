// The bar of the Train page and the line below it: what can be pressed just now, and what it would do.

import { _ } from "../shared/language.js";
import { ENDED } from "../shared/standing.js";
import { address } from "../shared/web.js";

export function showBar(element, parts, { data, state, status, mine, isBeginning }) {
  const isGone = status === "gone";
  const active = status !== "" && !isGone && !ENDED.has(status);
  const isPaused = status === "paused";
  const steers = active && mine && !isBeginning;
  const begins = !isBeginning && (!active || !mine || Boolean(data.changed));
  const again = Boolean(data.run) && !isGone && !isBeginning;
  const can = { pause: steers, step: steers && (isPaused || status === "running"), stop: steers, restart: again, renew: again };
  for (const button of element.querySelectorAll("button[data-do]")) {
    const { do: what } = button.dataset;
    if (what in can) button.disabled = !can[what];
    // Start can always be pressed: what was typed a moment ago may have made the settings right, or others.
    if (what === "start") button.setAttribute("aria-disabled", !begins || Boolean(data.problem));
  }
  parts.pause.dataset.now = isPaused ? "resume" : "pause";
  parts.pause.textContent = isPaused ? _("▶ Resume") : _("❚❚ Pause");
  parts.start.textContent = active && mine && data.changed ? _("▶ Start new settings") : _("▶ Start");
  parts.rate.disabled = !(active && mine);
  if (document.activeElement !== parts.rate && state) parts.rate.value = state.learning_rate;
  parts.watching.hidden = !data.run || mine || isGone;
  parts.results.href = data.run ? address(`api/runs/${data.run}/results.json`) : "";
  parts.results.hidden = !state?.step || isGone;
  showNext(parts, data);
}

// What the sidebar would change, and that it can start from the same weights.
function showNext(parts, { changed, weights, seed }) {
  parts.next.hidden = !changed;
  parts.next.textContent = _("For the next run: {changed}", { changed });
  parts.same.hidden = !weights;
  parts.same.title = _("A run with the sidebar’s settings and seed {seed}: the initial weights of the run in view", { seed });
}
