// Steps of a run and places on the x-axis of its curves, whatever unit that has.

import { last } from "./series.js";

// The newest step that the curves show.
export function lastStep({ arms }) {
  return Math.max(0, ...[...arms.values()].flatMap(({ train, test }) => [last(train.step) ?? 0, last(test.step) ?? 0]));
}

// The step at a place of the axis: one that was trained.
export function stepAt(x, series, unit) {
  return Math.min(lastStep(series), Math.max(0, Math.round(steps(x, series, unit))));
}

// The place of a step.
export function placeOf(step, series, unit) {
  if (unit === "step") return step;
  if (unit === "epoch") return step / series.started.steps_per_epoch;
  const { train } = clock(series);
  return train.seconds[train.step.findLastIndex((each) => each <= step)] ?? 0;
}

// An axis in seconds has the time of each arm's own training; the cursor goes by the first arm's.
const clock = ({ arms }) => arms.values().next().value;

function steps(x, series, unit) {
  if (unit === "step") return x;
  if (unit === "epoch") return x * series.started.steps_per_epoch;
  const { train } = clock(series);
  return train.step[train.seconds.findLastIndex((seconds) => seconds <= x)] ?? 0;
}
