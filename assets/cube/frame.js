// The page around the pictures: buttons, figures, styles, and how data comes in and files go out.

import { projectorButton } from "../shared/look.js";

export { save } from "../shared/web.js";

export function build(parent) {
  element("style", "", parent).textContent = STYLE;
  const root = element("div", "cube", parent);
  root.innerHTML = `
    <div class="bar" role="toolbar" aria-label="The picture">
      <div class="group" data-part="views" role="group" aria-label="View"><button value="cube">Cube</button><button value="grid">Grid</button></div>
      <div class="group" data-part="stages" role="group" aria-label="Stage of the norm"></div>
      <button data-part="walk" title="mean → variance → normalize → scale and shift, slowly">▶ Walk</button>
      <span class="space"></span>
      <button data-part="farther" aria-label="Zoom out">−</button><button data-part="closer" aria-label="Zoom in">+</button>
      <button data-part="reset">Reset view</button><button data-part="svg">SVG</button><button data-part="png">PNG</button>
    </div>
    <p class="now"><i data-part="dot" title="follows the run" hidden></i><span data-part="origin"></span>${projectorButton()}</p>
    <div data-part="panels" class="panels"></div>
    <p data-part="text" class="text" role="status" aria-live="polite"></p>
    <p class="small" data-part="drawn"></p>
    <div data-part="tip" class="tip" hidden></div><i data-part="probe" class="probe"></i>`;
  return root;
}

export function fillStages(group, stages) {
  if (group.childElementCount === Object.keys(stages).length) return;
  group.replaceChildren();
  for (const [value, text] of Object.entries(stages)) Object.assign(element("button", "", group), { value, textContent: text });
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
  .now button { margin-left: auto; }
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
