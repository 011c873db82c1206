// One arm's card, and the line below the charts, in words and numbers.

import { fate, last } from "./series.js";
import { origin } from "../shared/origin.js";
import { written } from "../shared/ticks.js";
import { escape, number, percent } from "../shared/web.js";

const OLD_STEPS = 50; // a test that many steps ago says of which step it is

export const card = (arm) => `
  <button class="ns-arm" data-arm="${escape(arm.name)}" aria-pressed="true" title="Show or hide this arm in the charts">
    <span class="ns-name">${escape(arm.title)}</span>
    <span class="ns-big" data-figure="accuracy"></span><span class="ns-unit" data-figure="unit"></span>
    <span class="ns-small" data-figure="batch"></span>
    <span class="ns-small" data-figure="loss"></span>
    <span class="ns-small" data-figure="speed"></span>
    <span class="ns-small" data-figure="size"></span>
  </button>`;

export function figures(arm) {
  const accuracy = last(arm.test.accuracy);
  const own = last(arm.batch.accuracy);
  const loss = last(arm.train.loss);
  const seconds = last(arm.train.seconds);
  const tested = last(arm.test.step);
  const isOld = last(arm.train.step) - tested >= OLD_STEPS;
  return {
    accuracy: arm.diverged ? fate(arm) : percent(accuracy),
    unit: arm.diverged ? "" : `test accuracy${isOld ? ` at step ${number(tested)}` : ""}`,
    batch: arm.diverged
      ? `step ${arm.diverged.step}: ${arm.diverged.what}`
      : own === undefined ? "" : `${percent(own)} with batch statistics`,
    loss: loss === undefined ? "" : inParts(`loss: ${trained(arm.averaged)} ${nats(loss)}`, `test ${nats(last(arm.test.loss))}`),
    speed: seconds ? inParts(`${number(Math.round(last(arm.train.examples) / seconds))} examples/s`, `${((1000 * seconds) / last(arm.train.step)).toFixed(1)} ms/step`) : "",
    size: inParts(`${number(arm.parameters)} parameters`, `norms ${number(arm.norm_parameters)}`, `weights #${arm.fingerprint}`),
  };
}

// Where and on what the shown run trains, whatever the sidebar says by now.
export function footer(series, told) {
  const step = Math.max(-1, ...[...series.arms.values()].map((arm) => last(arm.test.step) ?? -1));
  const tested = series.started && step >= 0 ? [`test figures of step ${number(step)}`] : [];
  return [origin(series, told), ...tested].join(" · ");
}

// On which test images, as the run's own tests say.
export function testImages({ started, arms }) {
  if (!started) return "on the test images";
  const all = started.test_examples;
  const some = [...arms.values()].flatMap(({ test }) => test.examples).find((images) => images < all);
  return some
    ? `on the first ${number(some)} test images while an epoch runs and on all ${number(all)} at its end (big markers)`
    : `on all ${number(all)} test images`;
}

// Not the epoch's mean, which is what the command line's table and results.json call the training loss.
const trained = (averaged) => (averaged > 1 ? `last ${number(averaged)} mini-batches` : "last mini-batch");
// A narrow card breaks its lines between the parts, never between a number and its unit.
const inParts = (...parts) => parts.map((part) => part.replaceAll(" ", "\u00a0")).join(" · ");
const nats = (loss) => (loss == null ? "not finite" : written(loss, 3));
