// Numbers of a layer's channels: how its running statistics stand to the batch's, and quantiles.

import { _ } from "../shared/language.js";
import { scientific } from "../shared/web.js";

const sum = (values) => values.reduce((a, b) => a + b, 0);

export function varianceRatio(norm) {
  const own = norm ? sum(norm.batch_var) : 0;
  return own > 0 && norm.running_var.length ? sum(norm.running_var) / own : null;
}

// How far the running means are off, in the channel's own standard deviations, averaged over the channels.
export function meanOff({ batch_mean, batch_var, running_mean }) {
  const varied = [...batch_mean.keys()].filter((c) => batch_var[c] > 0);
  return sum(varied.map((c) => Math.abs(running_mean[c] - batch_mean[c]) / Math.sqrt(batch_var[c]))) / varied.length;
}

export function quantile(values, share) {
  const sorted = values.filter((value) => value != null).toSorted((a, b) => a - b);
  return sorted[Math.round(share * (sorted.length - 1))];
}

// "0.98 to 1.07": two decimals, or as many more as tell the ends apart, as the page's headline has it; null without a number.
export function spread(values) {
  const known = values.filter((value) => value != null);
  if (!known.length) return null;
  const ends = [Math.min(...known), Math.max(...known)];
  const written = (decimals) => ends.map((end) => plain(end, decimals));
  const apart = [2, 3, 4].find((decimals) => written(decimals)[0] !== written(decimals)[1]);
  const [low, high] = written(apart ?? (ends[0] < ends[1] ? 5 : 2));
  return _("{low} to {high}", { low, high });
}

function plain(value, decimals) {
  if (Math.abs(value) >= 1000) return scientific(value, 1);
  const text = value.toFixed(decimals);
  return (Number(text) === 0 ? text.replace("-", "") : text).replace("-", "−");
}
