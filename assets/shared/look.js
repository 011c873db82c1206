// The colours of arms and of the theme: Okabe–Ito, lightened where the background is dark; and the size of type.

import { keep, kept } from "./kept.js";
import { _ } from "./language.js";

const LIGHT = { none: "#6b7280", bn: "#0072b2", ln: "#d55e00", in: "#00875f", gn: "#b8568c", rms: "#b87a00", mo: "#6f56c5", vo: "#7d6b1f", fix: "#0f7f8c" };
const DARK = { none: "#a3acb9", bn: "#56b4e9", ln: "#ff8c42", in: "#2fd0a0", gn: "#e59ac6", rms: "#f0b429", mo: "#b7a4f5", vo: "#b9bf5a", fix: "#5cc3d1" };
const TYPE = 14;
export const RAW = 0.18; // opacity of what was measured, behind its smoothed line: not stronger than the grid is
export const MARKERS = ["circle", "square", "diamond", "triangle-up", "pentagon", "star"];
const CORNERS = { square: [4, 0.785], diamond: [4, 0], "triangle-up": [3, 0], pentagon: [5, 0] }; // how many, and turned how far

export function theme(element) {
  const style = getComputedStyle(element);
  const get = (name, fallback) => style.getPropertyValue(name).trim() || fallback;
  const background = get("--st-background-color", "#ffffff");
  const dark = luminance(background) < 0.4;
  return {
    dark,
    background,
    text: get("--st-text-color", "#1a1c23"),
    grid: dark ? "rgba(255,255,255,.13)" : "rgba(20,30,50,.12)",
    faint: dark ? "rgba(255,255,255,.62)" : "rgba(20,30,50,.62)",
    font: get("--st-font", "sans-serif"),
    type: TYPE * enlarged(), // pixels, in charts
    enlarged: enlarged(),
    arms: dark ? DARK : LIGHT,
  };
}

// The corners of a marker around its middle.
export function cornersOf(symbol, radius) {
  const [corners, turned] = CORNERS[symbol] ?? [symbol === "star" ? 10 : 24, 0];
  return Array.from({ length: corners }, (_corner, i) => {
    const angle = (2 * Math.PI * i) / corners + turned;
    const far = symbol === "star" && i % 2 ? radius / 2 : radius;
    return [far * Math.sin(angle), -far * Math.cos(angle)];
  });
}

// For a class: large type and no sidebar, on every page until it is switched off.
const PROJECTOR = "ns-projector";
export const isProjected = () => document.body.classList.contains(PROJECTOR);
const enlarged = () => (isProjected() ? 10 / 7 : 1);
export function projectorButton() {
  if (kept("projector", false)) document.body.classList.add(PROJECTOR); // after a reload
  return `<button data-projector="1" aria-pressed="${isProjected()}" title="${_("Large type, no sidebar")}"><span class="ns-word">${_("Projector")}</span></button>`;
}

// By whatever button or key; the one on the page tells it.
export function project() {
  keep("projector", document.body.classList.toggle(PROJECTOR));
  for (const each of document.querySelectorAll("[data-projector]")) each.setAttribute("aria-pressed", isProjected());
  window.dispatchEvent(new Event("resize"));
}

// Arms of the same norm keep its hue and are told apart by lightness, marker and name: away from the paper's
// lightness, so that the second is easier to see than the first, not harder.
const SHARES = [0, 0.42, 0.7];

export function armColors(arms, look) {
  const seen = {};
  return new Map(
    arms.map((arm) => {
      const nth = (seen[arm.norm] = (seen[arm.norm] ?? -1) + 1);
      return [arm.name, mix(look.arms[arm.norm], look.dark ? "#ffffff" : "#000000", SHARES[nth % SHARES.length])];
    }),
  );
}

function rgb(color) {
  const hex = color.match(/^#([0-9a-f]{6})$/i);
  if (hex) return [0, 2, 4].map((i) => parseInt(hex[1].slice(i, i + 2), 16));
  return (color.match(/[\d.]+/g) ?? [255, 255, 255]).slice(0, 3).map(Number);
}

function luminance(color) {
  const [r, g, b] = rgb(color);
  return (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255;
}

function mix(color, other, share) {
  const [a, b] = [rgb(color), rgb(other)];
  return "#" + a.map((v, i) => Math.round(v + (b[i] - v) * share).toString(16).padStart(2, "0")).join("");
}
