// The page around the pictures: buttons, figures, styles, words, and how data comes in and files go out.

import { SCRUB, SCRUB_STYLE, scrubWords } from "./scrub.js";
import { _, spoken } from "../shared/language.js";
import { enumerated } from "../shared/lists.js";
import { projectorButton } from "../shared/look.js";
import { asks } from "../shared/terms.js";
import { number } from "../shared/web.js";

export { save } from "../shared/web.js";

export function build(parent) {
  element("style", "", parent).textContent = STYLE;
  const root = element("div", "cube", parent);
  root.innerHTML = `
    <div class="time" data-part="time" hidden>${SCRUB}</div>
    <div class="next" data-part="next" role="status"></div>
    <div class="bar" role="toolbar">
      <div class="group" data-part="views" role="group"><button value="cube"></button><button value="grid"></button></div>
      <div class="group" data-part="stages" role="group"></div>
      <button data-part="families"></button><button data-part="walk"></button><button data-part="setup"></button>
      <span data-part="projector"></span>
    </div>
    <div class="now"><p><i data-part="dot" hidden></i><span data-part="origin"></span><span data-part="asks"></span></p>
      <button data-part="farther">−</button><button data-part="closer">+</button>
      <button data-part="reset"></button><button data-part="svg">SVG</button><button data-part="png">PNG</button></div>
    <div data-part="panels" class="panels"></div>
    <div data-part="guide" class="walk" role="group" hidden></div>
    <div data-part="typing" class="typing" hidden><label><span data-part="typedLabel"></span> <input data-part="typed" inputmode="decimal" autocomplete="off"></label>
      <button data-part="untype"></button><span data-part="problem" class="problem" role="alert"></span></div>
    <p data-part="text" class="text" role="status" aria-live="polite"></p>
    <p class="small" data-part="drawn"></p>
    <div data-part="tip" class="tip" hidden></div><i data-part="probe" class="probe"></i>`;
  say(root);
  return root;
}

// The words of all but the data, which bring their own: when the page begins to speak another language.
export function say(root) {
  if (root.dataset.spoken === spoken()) return;
  root.dataset.spoken = spoken();
  for (const [where, { text, ...attributes }] of Object.entries(words())) {
    const part = root.querySelector(where);
    if (text) part.textContent = text;
    for (const [name, value] of Object.entries(attributes)) part.setAttribute(name, value);
  }
  root.querySelector("[data-part=projector]").innerHTML = projectorButton();
  root.querySelector("[data-part=asks]").innerHTML = asks("averaging-axes");
}

// On a projector the page's own controls stay away until they are asked for (assets/style.css).
export function setup(button) {
  const isShown = document.body.classList.toggle("ns-cube-setup");
  button.setAttribute("aria-pressed", isShown);
}

const words = () => ({
  ...scrubWords(),
  ".bar": { "aria-label": _("The picture") },
  "[data-part=views]": { "aria-label": _("View") },
  "[value=cube]": { text: _("Cube") },
  "[value=grid]": { text: _("Grid") },
  "[data-part=stages]": { "aria-label": _("Stage of the norm") },
  "[data-part=families]": { text: _("All families"), title: _("a tint and a border for every set of cells that share one mean and variance") },
  "[data-part=walk]": { text: _("▶ Walk"), title: _("one cell's way, step by step: its family, the sum, mean, variance, the result") },
  "[data-part=setup]": { text: _("Setup"), title: _("network, layer, batch and norms") },
  "[data-part=farther]": { "aria-label": _("Zoom out") },
  "[data-part=closer]": { "aria-label": _("Zoom in") },
  "[data-part=reset]": { text: _("Reset view") },
  "[data-part=dot]": { title: _("follows the run") },
});

export const cellInWords = (axes, cell) => enumerated(axes.map((axis, i) => `${axis.name.toLowerCase()} ${cell[i]}`));

// As core/cube/shown.py's describe() has it, at once.
export function selectionInWords({ title, shares }, axes, cell, count, drawn) {
  const told = { title, cell: cellInWords(axes, cell), count: number(count), drawn: number(drawn), shared: shares };
  return _("{title}, cell {cell}: {count} of {drawn} cells drawn share {shared}.", told);
}

export function keysInWords({ title }, total) {
  return _("{title}: {total} cells. Arrow keys and Page Up, Page Down pick a cell; Shift and arrows turn the cube.", { title, total: number(total) });
}

export const SIGNS = { before: "x", centred: "x − μ", squared: "(x − μ)²", normalized: "x̂", after: "y" };

// By name; on a projector, where all fits one row, by sign.
export function fillStages(group, stages) {
  while (group.childElementCount < Object.keys(stages).length) {
    element("button", "", group).innerHTML = '<span class="long"></span><span class="short" aria-hidden="true"></span>';
  }
  for (const [i, [value, name]] of Object.entries(stages).entries()) {
    const button = group.children[i];
    button.value = value;
    button.setAttribute("aria-label", name);
    [button.children[0].textContent, button.children[1].textContent] = [name, SIGNS[value]];
  }
}

const STYLE = `
  .cube { --enlarged: 1; position: relative; font-family: var(--st-font); color: var(--st-text-color); }
  .bar { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; margin-bottom: 6px; }
  button * { pointer-events: none; }
  .short, [data-part="setup"] { display: none; }
  .group { display: flex; flex-wrap: wrap; }
  .group button { border-radius: 0; margin-left: -1px; }
  .group button:first-child { border-radius: 8px 0 0 8px; margin-left: 0; }
  .group button:last-child { border-radius: 0 8px 8px 0; }
  button { font: inherit; font-size: calc(15px * var(--enlarged)); padding: 5px 12px; border: 1px solid var(--st-border-color, #8884); border-radius: 8px;
    background: transparent; color: inherit; cursor: pointer; font-variant-numeric: tabular-nums; white-space: nowrap; }
  button:hover { border-color: var(--st-text-color); }
  button[aria-pressed="true"] { background: var(--st-text-color); color: var(--st-background-color); border-color: var(--st-text-color); }
  button:focus-visible, canvas:focus-visible { outline: 3px solid var(--st-primary-color); outline-offset: 2px; }
  .panels { display: grid; grid-template-columns: repeat(var(--count, 1), minmax(0, 1fr)); gap: 24px 32px; }
  figure { margin: 0; min-width: 0; }
  figcaption { font-size: calc(16px * var(--enlarged)); display: flex; gap: 12px; align-items: baseline; flex-wrap: wrap; }
  figcaption b { font-size: calc(22px * var(--enlarged)); color: var(--arm); }
  figcaption span { font-variant-numeric: tabular-nums; opacity: .75; }
  canvas { display: block; width: 100%; touch-action: pan-y; cursor: pointer; border-radius: 8px; }
  output { display: block; min-height: 1.5em; text-align: center; font-size: calc(17px * var(--enlarged)); font-variant-numeric: tabular-nums; }
  figure :is(p, .all) { margin: 4px 0 0; text-align: center; font-size: calc(15px * var(--enlarged)); opacity: .8; text-wrap: balance; }
  figure .changed { font-weight: 600; opacity: 1; }
  .text { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .now { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 8px; margin: 6px 0 4px; font-size: calc(15px * var(--enlarged)); font-variant-numeric: tabular-nums; }
  .bar [data-part="projector"] { margin-left: auto; }
  .now p { margin: 0 auto 0 0; }
  .now i { display: inline-block; width: 9px; height: 9px; margin-right: 8px; border-radius: 50%; background: #009e73;
    animation: breathe 2s ease-in-out infinite; }
  .now i[hidden] { display: none; }
  .now [data-part="asks"] { margin-left: 10px; }
  .ns-what { width: 20px; height: 20px; padding: 0; border: 1px solid currentColor; border-radius: 50%; font: 600 12px/1 sans-serif; opacity: .6; position: relative; }
  .ns-what::after { content: ""; position: absolute; inset: -6px; }
  .ns-what:is(:hover, :focus-visible, [aria-expanded]) { opacity: 1; }
  @keyframes breathe { 50% { opacity: .25; } }
  @media (prefers-reduced-motion: reduce) { .now i { animation: none; } }
  .small { margin: 12px 0 0; font-size: calc(13px * var(--enlarged)); opacity: .75; }
  .tip { position: absolute; pointer-events: none; padding: 4px 10px; border-radius: 6px; font-size: calc(15px * var(--enlarged)); white-space: pre; z-index: 2;
    background: var(--st-text-color); color: var(--st-background-color); font-variant-numeric: tabular-nums; }
  .probe { position: absolute; width: 0; height: 0; color: var(--st-text-color); background: var(--st-background-color);
    transition: color 1ms, background 1ms; }
  .walk { display: flex; flex-wrap: wrap; gap: 6px 8px; align-items: center; margin-top: 8px; font-size: calc(15px * var(--enlarged)); font-variant-numeric: tabular-nums; }
  .typing { display: flex; flex-wrap: wrap; gap: 6px 12px; align-items: center; margin-top: 10px; font-size: calc(15px * var(--enlarged)); }
  .typing label { display: inline-flex; flex-wrap: wrap; gap: 4px 8px; align-items: center; }
  .typing[hidden], .typing [hidden] { display: none; }
  .typing input { font: inherit; color: inherit; width: 7em; padding: 4px 8px; border: 1px solid var(--st-border-color, #8884); border-radius: 8px; background: transparent; }
  .typing input:focus-visible { outline: 3px solid var(--st-primary-color); }
  .problem:not(:empty) { border-left: 4px solid #d6322c; padding-left: 10px; }
  .walk[hidden], .guide, .sum, .cube[data-walking] :is(output, .one) { display: none; }
  .walk label { display: flex; gap: 8px; align-items: center; margin-left: 12px; }
  .walk input { width: 110px; accent-color: var(--st-primary-color); }
  .walk [data-go="end"] { margin-left: auto; }
  .walk [data-go="play"] { min-width: 3.2em; }
  button:disabled { opacity: .4; cursor: default; }
  .cube[data-walking] .guide { display: block; font-size: calc(17px * var(--enlarged)); opacity: 1; min-height: 4.4em; margin: 4px 8px 0; }
  .cube[data-walking] .sum { display: block; min-height: 1.5em; text-align: center; font-size: calc(17px * var(--enlarged)); font-variant-numeric: tabular-nums; }
  .word { font-weight: 650; text-decoration: underline dotted; text-underline-offset: 3px; cursor: help; border-radius: 3px; }
  .word:is(:hover, :focus, .pointed) { background: var(--st-text-color); color: var(--st-background-color); text-decoration: none; }
  .cube[data-alone] :is([data-part="projector"], [data-part="asks"]) { display: none; } /* they are the page's */
  /* A class: one row of controls, how the run stands, the pictures, and below them what they are of. */
  .projected { display: flex; flex-direction: column; }
  .projected .bar { flex-wrap: nowrap; order: -1; }
  .projected .now { order: 1; }
  .projected .time { margin: 0 0 4px; }
  .projected .time button { padding: 1px 12px; }
  .projected figcaption b { font-size: calc(18px * var(--enlarged)); }
  .projected[data-walking] .guide { font-size: calc(15px * var(--enlarged)); }
  .projected .now :is([data-part="svg"], [data-part="png"]), .projected .long { display: none; }
  .projected .short, .projected[data-setup] [data-part="setup"] { display: inline; }
  /* A telephone: the pictures first, the controls in one row at the screen's lower edge. */
  @media (max-width: 640px) {
    .cube { display: flex; flex-direction: column; }
    .panels { grid-template-columns: 1fr; }
    .bar { order: 1; position: sticky; bottom: var(--foot, 0px); z-index: 1; flex-wrap: nowrap; overflow-x: auto; padding: 8px 4px; margin: 0 -4px; background: var(--st-background-color); }
    .bar .group { flex: none; flex-wrap: nowrap; }
    .bar .long { display: none; }
    .bar .short { display: inline; }
    .walk { order: 1; position: sticky; bottom: calc(52px + var(--foot, 0px)); z-index: 1; margin: 0 -4px; padding: 6px 4px; background: var(--st-background-color); }
    .walk label { margin: 0; }
    .walk :is([data-go="name"], [data-go="end"]) { display: none; } /* Walk ends it, too */
    .now, .small, .typing { order: 2; }
  }
  .next p { border-left: 4px solid #e69f00; background: color-mix(in srgb, #e69f00 11%, transparent); padding: 8px 14px; margin: 0 0 10px; font-size: calc(15px * var(--enlarged)); }
  ${SCRUB_STYLE}
  @media print { .bar, .typing, .time :is(input, button), .ns-what, .now button { display: none !important; } }`;

export function element(tag, className, parent) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  parent.append(made);
  return made;
}

export function floats(text) {
  return new Float32Array(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
}
