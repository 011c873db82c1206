// The bar of the Train page and the line below it: what can be pressed just now, and what it would do.

import { _ } from "../shared/language.js";
import { ENDED, sweptSaid } from "../shared/standing.js";
import { address, fill } from "../shared/web.js";

// Where there is little room, a button is its symbol, and its word is heard only.
export const worded = (text) => text.replace(/ (.*)/, ' <span class="ns-word">$1</span>');

export function showBar(element, parts, { data, state, status, mine, isShared, isBeginning }) {
  const isGone = status === "gone";
  const active = status !== "" && !isGone && !ENDED.has(status);
  const isPaused = status === "paused";
  const steers = active && (mine || isShared) && !isBeginning;
  const begins = !isBeginning && (!active || !(mine || isShared) || Boolean(data.changed));
  const again = Boolean(data.run) && !isGone && !isBeginning;
  const goesOn = canGoOn(status, mine, data) && !isBeginning;
  const can = { pause: steers || goesOn, step: steers && (isPaused || status === "running"), stop: steers && !isShared, restart: again, renew: again };
  for (const button of element.querySelectorAll("button[data-do]")) {
    const { do: what } = button.dataset;
    if (what in can) button.disabled = !can[what];
    // Start can always be pressed: what was typed a moment ago may have made the settings right, or others.
    if (what === "start") button.setAttribute("aria-disabled", !begins || Boolean(data.problem));
  }
  parts.pause.dataset.now = goesOn ? "revive" : isPaused ? "resume" : "pause";
  parts.pause.dataset.id = data.run;
  fill(parts.pause, worded(isPaused || goesOn ? _("▶ Resume") : _("❚❚ Pause")));
  parts.start.textContent = active && mine && data.changed ? _("▶ Start new settings") : _("▶ Start");
  parts.rate.disabled = !(active && (mine || isShared));
  parts.rate.parentElement.title = data.scheduled ? _("Takes effect at the next mini-batch, is marked on the curves, and ends the schedule: the rate stays as you set it") : _("Takes effect at the next mini-batch; the change is marked on the curves");
  if (document.activeElement !== parts.rate && state) parts.rate.value = state.learning_rate;
  parts.watching.textContent = data.swept ? sweptSaid() : _("You are watching somebody else’s run; Start begins your own.");
  parts.watching.hidden = !data.run || mine || isShared || isGone || data.recorded || data.follows;
  parts.sharing.hidden = !active || !isShared;
  parts.results.href = data.run ? address(`api/runs/${data.run}/results.json`) : "";
  parts.results.hidden = !state?.step || isGone;
  showNext(parts, data);
}

// A run that was kept and did not come to its end goes on from where it stood.
export const canGoOn = (status, mine, { keeps }) => Boolean(mine && keeps) && (status === "stopped" || status === "interrupted");

// What the sidebar would change, and that it can start from the same weights.
function showNext(parts, { changed, weights, seed }) {
  parts.next.hidden = !changed;
  parts.next.textContent = _("For the next run: {changed}", { changed });
  parts.same.hidden = !weights;
  parts.same.title = _("A run with the sidebar’s settings and seed {seed}: the initial weights of the run in view", { seed });
}
