// One arm's card, and the line below the charts, in words and numbers.

import { fate } from "./labels.js";
import { last } from "./series.js";
import { _ } from "../shared/language.js";
import { origin } from "../shared/origin.js";
import { written } from "../shared/ticks.js";
import { escape, number, percent } from "../shared/web.js";

const OLD_STEPS = 50; // a test that many steps ago says of which step it is

export const card = (arm) => `
  <button class="ns-arm" data-arm="${escape(arm.name)}" aria-pressed="true" title="${_("Show or hide this arm in the charts")}">
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
    unit: arm.diverged ? "" : isOld ? _("test accuracy at step {step}", { step: number(tested) }) : _("test accuracy"),
    batch: arm.diverged
      ? _("step {step}: {what}", arm.diverged)
      : own === undefined ? "" : _("{share} with batch statistics", { share: percent(own) }),
    loss: loss === undefined ? "" : inParts(trained(arm.averaged, nats(loss)), _("test {loss}", { loss: nats(last(arm.test.loss)) })),
    speed: seconds
      ? inParts(
        _("{n} examples/s", { n: number(Math.round(last(arm.train.examples) / seconds)) }),
        _("{n} ms/step", { n: ((1000 * seconds) / last(arm.train.step)).toFixed(1) }),
      )
      : "",
    size: inParts(
      _("{n} parameters", { n: number(arm.parameters) }),
      _("norms {n}", { n: number(arm.norm_parameters) }),
      _("weights #{fingerprint}", arm),
    ),
  };
}

// Where and on what the shown run trains, whatever the sidebar says by now.
export function footer(series, told) {
  const step = Math.max(-1, ...[...series.arms.values()].map((arm) => last(arm.test.step) ?? -1));
  const tested = series.started && step >= 0 ? [_("test figures of step {step}", { step: number(step) })] : [];
  return [origin(series, told), ...tested].join(" · ");
}

// In which mode and on which test images, as the run's own tests say.
export function testImages({ started, arms }) {
  if (!started) return _("Test, dashed: evaluation mode, on the test images.");
  const all = started.test_examples;
  const some = [...arms.values()].flatMap(({ test }) => test.examples).find((images) => images < all);
  if (!some) return _("Test, dashed: evaluation mode, on all {all} test images.", { all: number(all) });
  return _(
    "Test, dashed: evaluation mode, on the first {some} test images while an epoch runs and on all {all} at its end (big markers).",
    { some: number(some), all: number(all) },
  );
}

// Not the epoch's mean, which is what the command line's table and results.json call the training loss.
const trained = (averaged, loss) =>
  averaged > 1
    ? _("loss: last {n} mini-batches {loss}", { n: number(averaged), loss })
    : _("loss: last mini-batch {loss}", { loss });
// A narrow card breaks its lines between the parts, never between a number and its unit.
const inParts = (...parts) => parts.map((part) => part.replaceAll(" ", "\u00a0")).join(" · ");
const nats = (loss) => (loss == null ? _("not finite") : written(loss, 3));
