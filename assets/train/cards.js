// One arm's card, and the line below the charts, in words and numbers.

import { fate, last } from "./series.js";
import { keep, kept } from "../shared/kept.js";
import { _ } from "../shared/language.js";
import { origin } from "../shared/origin.js";
import { asks } from "../shared/terms.js";
import { written } from "../shared/ticks.js";
import { escape, number, percent } from "../shared/web.js";

const OLD_STEPS = 50; // a test that many steps ago says of which step it is

const card = (arm) => `
  <button class="ns-arm" data-arm="${escape(arm.name)}" aria-pressed="true" title="${_("Show or hide this arm in the charts")}">
    <span class="ns-name">${escape(arm.title)}</span>
    <span class="ns-big" data-figure="accuracy"></span><span class="ns-unit" data-figure="unit"></span>
    <span class="ns-share" aria-hidden="true"><i data-share="test"></i><i data-share="batch"></i></span>
    <span class="ns-small" data-figure="batch"></span>
    <span class="ns-small" data-figure="loss"></span>
    <span class="ns-small" data-figure="speed"></span>
    <span class="ns-small" data-figure="size"></span>
  </button>`;

// Beside the cards, a “?” in the line of each number; what it is of is told where these stand apart from the lines.
const cardsAsk = () => `<div class="ns-asks">${lines().map(([line, terms]) =>
  `<span data-line="${line}">${terms.map(([slug, what]) => `<span><i>${what}</i> ${asks(slug, what)}</span>`).join(" ")}</span>`).join("")}<button class="ns-details" data-details="1" aria-expanded="${isOpen()}">${_("details")}</button></div>`;

// One line a card on a projector and on a telephone; on a low screen where cards would take two rows' room.
const NARROW = 600;
const LOW = { most: 880, from: 1001 }; // as in style.css: that high at the most, and from that wide on
const isLow = () => window.innerHeight <= LOW.most && window.innerWidth >= LOW.from;
const areLines = (arms, look) => look.enlarged > 1 || window.innerWidth <= NARROW || (arms.length > 3 && isLow());

// `unseen` arms more train that nobody is shown.
export function showCards(element, arms, view, colors, look, unseen = 0) {
  element.classList.toggle("ns-lines", areLines(arms, look));
  element.classList.toggle("ns-several", arms.length > (unseen ? 2 : 3));
  element.classList.toggle("ns-odd", arms.length % 2 === 1);
  const names = arms.map(({ name }) => name).join();
  if (element.dataset.names !== names) {
    element.dataset.names = names;
    element.innerHTML = arms.map(card).join("") + cardsAsk();
    element.style.setProperty("--arms", Math.max(3, arms.length));
    element.classList.toggle("ns-many", arms.length > 4);
    showDetails(element);
  }
  arms.forEach((arm, i) => showCard(element.children[i], arm, view, colors.get(arm.name)));
}

function showCard(element, arm, view, color) {
  element.style.setProperty("--arm", color);
  element.setAttribute("aria-pressed", !view.hidden.has(arm.name));
  for (const [name, text] of Object.entries(figures(arm))) element.querySelector(`[data-figure=${name}]`).textContent = text;
  // As a bar, where a card is one line: with batch statistics a mark on it.
  const shares = { test: arm.diverged ? 0 : last(arm.test.accuracy), batch: arm.diverged ? undefined : last(arm.batch.accuracy) };
  for (const [name, share] of Object.entries(shares)) {
    const bar = element.querySelector(`[data-share=${name}]`);
    bar.hidden = share == null;
    bar.style.setProperty("--share", share ?? 0);
  }
}

// Speed, size and fingerprint are for who asks; whether they are shown stays in the tab.
const isOpen = () => kept("details", false);

export function showDetails(arms, isAsked = false) {
  if (isAsked) keep("details", !isOpen());
  arms.classList.toggle("ns-open", isOpen());
  arms.querySelector("[data-details]")?.setAttribute("aria-expanded", isOpen());
}

const lines = () => Object.entries({
  accuracy: [["accuracy", _("test accuracy")]],
  batch: [["batch-statistics", _("batch statistics")]],
  loss: [["test-loss", _("test loss")]],
  speed: [["examples-per-second", _("examples/s")]],
  size: [["parameter-count", _("parameters")], ["fingerprint", _("fingerprint of the weights")]],
});

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
