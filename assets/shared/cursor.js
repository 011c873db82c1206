// The one time of all pages: live, or held at a step of the run in view. The tab keeps it.

import { keep, kept } from "./kept.js";
import { _ } from "./language.js";
import { ENDED } from "./standing.js";
import { number } from "./web.js";

const LIVE = "live";

// The step at which `run` is held; null where it is followed live.
export function heldAt(run) {
  const { run: held, step } = kept("cursor", {}) ?? {};
  return held === run && Number.isFinite(step) ? step : null;
}

// `listener` hears of each move: the run, and the step at which it is held, null where it is followed live.
let tell = () => {};
export const whenMoved = (listener) => (tell = listener);

export function hold(run, step) {
  keep("cursor", { run, step });
  tell(run, step);
}

export function followLive(run) {
  keep("cursor", { run, step: LIVE });
  tell(run, null);
}

// Which of the looks a cursor at `step` shows: the last one at or before it, else the first; live the newest. −1 of none.
export function lookAt(looks, step) {
  if (step === null) return looks.length - 1;
  const after = looks.findIndex((look) => look.step > step);
  return after < 0 ? looks.length - 1 : Math.max(0, after - 1);
}

// Where an arrow key, Home or End leads from `step`: to the step of the look before or after the one that is shown, or live.
export function moved(looks, step, key) {
  const at = lookAt(looks, step);
  const to = { Home: 0, ArrowLeft: Math.max(0, at - 1), ArrowRight: at + 1, End: looks.length }[key];
  return to < looks.length - 1 ? looks[to].step : null;
}

// What all pages say of it, in the same words and the same place: behind the word for the run's status.
export function when(run, status) {
  const step = heldAt(run);
  if (step !== null) return _("Held at step {step}", { step: number(step) });
  return ENDED.has(status) ? _("At the end") : _("Live");
}
