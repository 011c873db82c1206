// The page around the pictures: buttons, figures, styles, words, and how data comes in and files go out.

import { _, spoken } from "../shared/language.js";
import { enumerated } from "../shared/lists.js";
import { projectorButton } from "../shared/look.js";
import { number } from "../shared/web.js";

export { save } from "../shared/web.js";

export function build(parent) {
  element("style", "", parent).textContent = STYLE;
  const root = element("div", "cube", parent);
  root.innerHTML = `
    <div class="bar" role="toolbar">
      <div class="group" data-part="views" role="group"><button value="cube"></button><button value="grid"></button></div>
      <div class="group" data-part="stages" role="group"></div>
      <button data-part="walk"></button>
      <span class="space"></span>
      <button data-part="farther">−</button><button data-part="closer">+</button>
      <button data-part="reset"></button><button data-part="svg">SVG</button><button data-part="png">PNG</button>
    </div>
    <p class="now"><i data-part="dot" hidden></i><span data-part="origin"></span><span data-part="projector"></span></p>
    <div data-part="panels" class="panels"></div>
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
}

const words = () => ({
  ".bar": { "aria-label": _("The picture") },
  "[data-part=views]": { "aria-label": _("View") },
  "[value=cube]": { text: _("Cube") },
  "[value=grid]": { text: _("Grid") },
  "[data-part=stages]": { "aria-label": _("Stage of the norm") },
  "[data-part=walk]": { text: _("▶ Walk"), title: _("mean → variance → normalize → scale and shift, slowly") },
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

export function fillStages(group, stages) {
  while (group.childElementCount < Object.keys(stages).length) element("button", "", group);
  for (const [i, [value, textContent]] of Object.entries(stages).entries()) Object.assign(group.children[i], { value, textContent });
}

const STYLE = `
  .cube { --enlarged: 1; position: relative; font-family: var(--st-font); color: var(--st-text-color); }
  .bar { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; margin-bottom: 6px; }
  .bar .space { flex: 1; }
  .cube:has([data-projector][aria-pressed="true"]) .bar :is([data-part="farther"], [data-part="closer"], [data-part="svg"], [data-part="png"]) { display: none; }
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
  figure p { margin: 4px 0 0; text-align: center; font-size: calc(15px * var(--enlarged)); opacity: .8; text-wrap: balance; }
  .text { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .now { display: flex; align-items: baseline; margin: 6px 0 4px; font-size: calc(15px * var(--enlarged)); font-variant-numeric: tabular-nums; }
  .now i { display: inline-block; width: 9px; height: 9px; margin-right: 8px; border-radius: 50%; background: #009e73;
    animation: breathe 2s ease-in-out infinite; }
  .now i[hidden] { display: none; }
  .now [data-part="projector"] { margin-left: auto; }
  @keyframes breathe { 50% { opacity: .25; } }
  @media (prefers-reduced-motion: reduce) { .now i { animation: none; } }
  .small { margin: 12px 0 0; font-size: calc(13px * var(--enlarged)); opacity: .75; }
  .tip { position: absolute; pointer-events: none; padding: 4px 10px; border-radius: 6px; font-size: calc(15px * var(--enlarged)); white-space: pre; z-index: 2;
    background: var(--st-text-color); color: var(--st-background-color); font-variant-numeric: tabular-nums; }
  .probe { position: absolute; width: 0; height: 0; color: var(--st-text-color); background: var(--st-background-color);
    transition: color 1ms, background 1ms; }
  @media (max-width: 640px) { .panels { grid-template-columns: 1fr; } }
  @media print { .bar, .now button { display: none; } }`;

export function element(tag, className, parent) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  parent.append(made);
  return made;
}

export function floats(text) {
  return new Float32Array(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
}
