// Charts with an HTML caption each, which wraps where a chart's own title would be cut, and one colour scale for all of them:
// beside the last chart a scale would take some of its width, and the steps would not line up.

import { SCALE, VIRIDIS } from "./distributions.js";
import { _ } from "../shared/language.js";
import { escape, number } from "../shared/web.js";

const PAPER = ["#ffffd9", "#edf8b1", "#c7e9b4", "#7fcdbb", "#41b6c4", "#1d91c0", "#225ea8", "#253494", "#081d58"].toReversed(); // YlGnBu

// The charts' elements; made anew only when there are more or fewer.
export function captioned(element, captions) {
  if (element.childElementCount !== captions.length) {
    element.innerHTML = `<figure><figcaption></figcaption><div class="ns-chart ns-low"></div></figure>`.repeat(captions.length);
  }
  return captions.map(({ text, color, note }, i) => {
    const [caption, chart] = element.children[i].children;
    const html = `<b style="color:${color}">${escape(text)}</b>${note ? ` ${escape(note)}` : ""}`;
    if (caption.said !== html) caption.innerHTML = caption.said = html;
    return chart;
  });
}

// Why the maps would be of one colour or of none, in words in their place; "" where they are neither.
export function whyFlat(name, log, values) {
  if (!values.length && log) return _("{name} has no finite value above 0 in any layer at any look: there is nothing to colour.", { name });
  if (!values.length) return _("{name} has no finite value in any layer at any look: there is nothing to colour.", { name });
  return !log && values.every((value) => value === 0) ? _("No {name} in any layer at any look.", { name }) : "";
}

// The first of `texts`, of which each says less than the one before, that is no wider than `room`; else the last.
export const roomy = (texts, room, wide) => texts.find((text) => wide(text) <= room) ?? texts.at(-1);

// The steps of so many looks that their numbers, of `type` pixels, stand side by side in `width`; seven at most.
export function ticks(steps, width, type) {
  const wide = (number(steps.at(-1)).length * 0.6 + 0.8) * type;
  const every = Math.max(1, Math.ceil(steps.length / 7), Math.ceil((steps.length * wide) / Math.max(width, wide)));
  const at = steps.map((step, i) => i).filter((i) => i % every === 0);
  return { tickvals: at, ticktext: at.map((i) => number(steps[i])) };
}

export const scaleOf = (dark) => {
  const colours = dark ? VIRIDIS.map((colour) => `#${colour}`) : PAPER;
  return colours.map((colour, i) => [i / (colours.length - 1), colour]);
};

// ends: the smallest and the largest value as text; `instead`: what is said where there are no colours.
export function fillScale(element, [low, high], what, dark, instead = "") {
  element.innerHTML = instead ? escape(instead) : `${escape(what)} ${low} <i style="background:linear-gradient(90deg,${dark ? SCALE : PAPER.join()})"></i> ${high}`;
}
