// What a run trains on and with, in a line that stands below its charts and in pictures of them.

import { _, ngettext } from "./language.js";
import { number } from "./web.js";

// records: {started, rates} of the run; told: what Python says of its rate at the start and its other settings.
export function origin({ started, rates }, { rate, settings }) {
  if (!started) return settings;
  const { device, data, examples, batch_size: batch, total_steps: steps, steps_per_epoch: perEpoch } = started;
  const images = _("{data}, {n} images", { data: dataName(data), n: number(examples) });
  const epochs = ngettext("{n} epoch", "{n} epochs", steps / perEpoch, { n: number(steps / perEpoch) });
  const learning = _("lr {rates}", { rates: [rate, ...lastRate(rates)].join(" → ") }).replaceAll("-", "−");
  return [images, _("batch {size}", { size: batch }), epochs, learning, settings, device].join(" · ");
}

// The run on this server, with its settings for where it is not remembered.
export const linkTo = (link) => `${location.origin}${location.pathname}?${link}`;

// normscope-loss-run3.png
export const fileName = (parts, run) => `normscope-${[...parts, `run${run}`].join("-").replaceAll(/[^\w.-]+/g, "-")}.png`;

function lastRate(rates) {
  if (!rates.length) return [];
  const { new: rate, step } = rates.at(-1);
  return [...(rates.length > 1 ? ["…"] : []), _("{rate} from step {step}", { rate, step: number(step) })];
}

export const dataName = (name) => ({ "fashion-mnist": "Fashion-MNIST", digits: _("built-in digits") })[name] ?? name.toUpperCase();
