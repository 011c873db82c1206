// A number on a slider, by equal differences or by equal factors.

import { brief } from "../shared/web.js";

export const POSITIONS = 200;

export function valueAt({ low, high, log }, position) {
  const share = position / POSITIONS;
  return log ? low * (high / low) ** share : low + (high - low) * share;
}

export function positionOf({ low, high, log }, value) {
  const share = log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  return Math.round(POSITIONS * share);
}

// With its unit, if it has one.
export function written({ percent, unit }, value) {
  if (percent) return `${(100 * value).toFixed(0)} %`;
  return unit ? `${brief(value)} ${unit}` : brief(value);
}
