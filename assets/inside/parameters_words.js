// What the parameters page says of an arm, in whole sentences; `arm` is its name as it is to be drawn.

import { spread } from "./channels.js";
import { _ } from "../shared/language.js";
import { number } from "../shared/web.js";

// Why an arm has nothing to show behind `layer`; `lost`: the steps at which it diverged or failed, if it did.
export function lack(arm, norm, layer, { diverged, failed }) {
  if (failed != null) return _("{arm} failed at step {step}.", { arm, step: failed });
  if (diverged != null) return _("{arm} has diverged at step {step}.", { arm, step: diverged });
  if (norm === "none") return _("{arm} has no norm layers: nothing to scale, shift or remember.", { arm });
  return _("{arm} has no norm behind {layer}.", { arm, layer });
}

export function ranges(arm, { gamma, beta }) {
  const told = { arm, gamma: range("γ", gamma), beta: range("β", beta) };
  return beta.length ? _("{arm} {gamma}, {beta}", told) : _("{arm} {gamma}; it has no β", told);
}

function range(symbol, values) {
  const ends = spread(values);
  return ends ? _("{symbol} from {ends}", { symbol, ends }) : _("{symbol} is not finite", { symbol });
}

// `whose`: which variance the running one here averages; "" where it is not known.
export function unbiased(n, whose) {
  if (!whose) return _("= n/(n − 1), unbiased over biased variance at n = {n} values per channel in a training batch", { n });
  return _("= n/(n − 1), unbiased over biased variance at n = {n} values per channel in a training batch. Here: {whose}", { n, whose });
}

// What statistics estimated anew change in the test accuracy.
export function gain(arm, { running, recalibrated, batch }) {
  const change = 100 * (recalibrated - running);
  if (Math.abs(change) < 1) return _("{arm}: less than one point.", { arm });
  const points = `${change > 0 ? "+" : "−"}${Math.abs(change).toFixed(1)}`;
  if (Math.abs(recalibrated - batch) < 0.02) return _("{arm}: {points} points with the same weights, about what batch statistics give.", { arm, points });
  return _("{arm}: {points} points with the same weights.", { arm, points });
}

// What the noise of means over so many `positions` of an image says.
export function aboutNoise(layer, positions) {
  if (positions === 1) return _("Each image gives one value per unit and images are independent: the noise is 1/√N. (At large N a little less, since the pool is finite.)");
  return _("One image has {positions} positions per channel at {layer}; for the mean it counts like as many independent values as stand above. The noise falls with √N, since images are independent; it would fall from 1/√(N·H·W) if positions were, too.",
    { positions: number(positions), layer });
}
