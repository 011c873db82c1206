// How far the axes of the curves go.

import { last } from "./series.js";
import { ENDED } from "../shared/standing.js";

const KINDS = ["train", "test", "batch"];

// While a run goes on the range ends ahead of the curves and grows by doubling, so that the picture does not slide; of a
// run that has ended nothing more will come, and it ends with the curves.
export function xEnd(series, view) {
  if (!series.started) return 1;
  const { total_steps: total, steps_per_epoch: perEpoch } = series.started;
  let now = 0;
  for (const arm of series.arms.values()) for (const kind of KINDS) now = Math.max(now, last(arm[kind][view.x]) ?? 0);
  if (ENDED.has(series.status) && now) return now * 1.005;
  const whole = { step: total, epoch: total / perEpoch, seconds: Infinity }[view.x];
  let end = { step: 60, epoch: 60 / perEpoch, seconds: 1 }[view.x];
  while (end < now) end *= 2;
  return Math.min(end, Math.max(whole, now)) * 1.005;
}

// While a run goes on the loss's range on a logarithmic axis grows by tenths of a decade, so that most points change no axis.
// `earlier` are the lines of earlier runs, as far as they are drawn; one that is out of sight cannot be compared.
export function yRange(value, log, series, view, earlier = []) {
  if (value === "accuracy") return [0, 1];
  let [low, high] = [Infinity, -Infinity];
  const shown = [...series.arms.values()].filter((arm) => !view.hidden.has(arm.name));
  const alive = shown.filter((arm) => !arm.diverged);
  const reach = (v) => {
    if (v == null) return;
    if (v < low) low = v;
    if (v > high) high = v;
  };
  // One arm on its way to infinity would flatten all others.
  for (const arm of alive.length ? alive : shown) {
    for (const kind of KINDS) {
      if (!view.kinds.has(kind)) continue;
      arm[kind].loss.forEach(reach);
    }
  }
  const end = xEnd(series, view);
  for (const { x, y, meta } of earlier) if (!meta.diverged) y.forEach((v, i) => x[i] <= end && reach(v));
  if (low > high) [low, high] = [0.2, 2.6];
  if (!log) return [0, high * 1.06];
  const [a, b] = [Math.log10(Math.max(low, 1e-6)), Math.log10(Math.max(high, 1e-6))];
  const pad = Math.max(0.04, (b - a) * 0.06);
  return ENDED.has(series.status) ? [a - pad, b + pad] : [Math.floor((a - pad) * 10) / 10, Math.ceil((b + pad) * 10) / 10];
}
