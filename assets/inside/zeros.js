// Gradients that are exactly 0, which neither a log axis nor a ratio can show: they are told in words.

import { _ } from "../shared/language.js";
import { enumerated, parted } from "../shared/lists.js";
import { brief } from "../shared/web.js";

// One gradient over another.
export function ratio(first, last) {
  if (first == null || last == null) return "–";
  return last ? brief(first / last) : `${brief(first)} / 0`;
}

function together(some, layers) {
  if (some.length === layers.length) return _("every layer");
  const isStretch = some.length > 2 && some.join() === layers.slice(layers.indexOf(some[0])).slice(0, some.length).join();
  return isStretch ? _("{first} to {last}", { first: some[0], last: some.at(-1) }) : enumerated(some);
}

// Which arms have no place on a log axis, and in which layers; "" where it shows all.
export function withoutPlace(arms, layers, look, metric) {
  const found = arms
    .map(({ name, title }) => ({ title, zeros: layers.filter((layer) => look[name][layer]?.[metric] === 0) }))
    .filter(({ zeros }) => zeros.length);
  const where = found.map(({ title, zeros }) => _("{arm}: {layers}", { arm: title, layers: together(zeros, layers) }));
  return where.length ? _("Exactly 0, which has no place on a log axis: {where}.", { where: parted(where) }) : "";
}
