// What the curves are: the arm by its colour and marker, the line by its dash; a press on a line's key shows or hides it.

import { KINDS, labelledKind, lineName } from "./kinds.js";
import { _ } from "../shared/language.js";
import { MARKERS, armColors, cornersOf } from "../shared/look.js";
import { escape } from "../shared/web.js";

const DASHES = { solid: "", dash: "7 4", dot: "2 3.5" };
const MIDDLE = { x: 14, y: 7 };

const sample = (inside) => `<svg width="28" height="14" viewBox="0 0 28 14" aria-hidden="true" fill="currentColor" stroke="currentColor">${inside}</svg>`;
const stroke = (dash) => `<path d="M0 ${MIDDLE.y}h28" fill="none" stroke-width="2.4" stroke-dasharray="${DASHES[dash]}"/>`;
const marker = (symbol) => `<polygon stroke="none" points="${cornersOf(symbol, 5.5).map(([x, y]) => `${(MIDDLE.x + x).toFixed(1)},${(MIDDLE.y + y).toFixed(1)}`).join(" ")}"/>`;

export const legend = () => `<div class="ns-legend" role="group" aria-label="${_("lines")}">
  <span data-part="armKeys"></span>
  <span class="ns-keys">${KINDS.map(({ kind, dash }) => `<button data-kind="${kind}" aria-pressed="true" title="${_("Show or hide these lines")}">${sample(stroke(dash))} ${lineName(kind)}</button>`).join("")}</span>
  <span data-part="atEnds"></span></div>`;

// The arms that are drawn, the dotted line where there is BatchNorm, and of which line the numbers at the right are.
export function showLegend({ armKeys, atEnds }, arms, view, look) {
  const colors = armColors(arms, look);
  const html = arms.map((arm, i) => (view.hidden.has(arm.name) ? "" :
    `<span style="--arm:${colors.get(arm.name)}">${sample(stroke("solid") + marker(MARKERS[i]))} ${escape(arm.name)}</span>`)).join("");
  if (armKeys.made !== html) armKeys.innerHTML = armKeys.made = html; // at every point otherwise
  armKeys.parentElement.querySelector("[data-kind=batch]").hidden = !arms.some(({ norm }) => ["bn", "mo", "vo", "fix"].includes(norm));
  const kind = labelledKind(view);
  atEnds.textContent = kind ? _("numbers at the lines’ ends: {line}", { line: lineName(kind) }) : "";
}
