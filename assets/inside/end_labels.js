// Names and numbers at the right ends of lines on a log axis, pushed apart where they would overlap.

import { ruler } from "../shared/ruler.js";
import { brief, escape } from "../shared/web.js";

const LONGEST = 9; // letters of a name

// ends: [{name, value, color}]; range: the axis's, in exponents; gap: a line of type as a share of the axis.
export function endLabels(ends, [low, high], gap, type) {
  const placed = ends
    .map((end) => ({ ...end, y: (Math.log10(end.value) - low) / (high - low) }))
    .filter(({ y }) => y >= -0.02 && y <= 1.02) // the others' ends are out of a zoomed chart
    .toSorted((a, b) => a.y - b.y);
  placed.forEach((label, i) => {
    if (i) label.y = Math.max(label.y, placed[i - 1].y + gap);
  });
  for (let i = placed.length - 1, most = 1; i >= 0; i--, most -= gap) placed[i].y = Math.min(placed[i].y, most);
  return placed.map(({ name, value, color, y }) => ({
    xref: "paper", yref: "paper", x: 1, y, xshift: 6, xanchor: "left", yanchor: "middle", showarrow: false, align: "left",
    font: { color, size: type }, text: `<b>${escape(short(name))}</b> ${brief(value)}`,
  }));
}

// The margin that the longest label needs, in pixels.
export function labelWidth(ends, type) {
  const letters = ends.map(({ name, value }) => short(name).length + 1 + brief(value).length);
  return 16 + 0.58 * type * Math.max(0, ...letters);
}

const short = (name) => (name.length > LONGEST ? `${name.slice(0, LONGEST - 1)}…` : name);

// The heads of the two halves, explained where there is room for it.
export function heads(room, { font, type }) {
  const explained = [["pooled", "all values together"], ["per unit", "one unit, from image to image"]];
  const fits = explained.every(([name, says]) => ruler(font)(`${name}: ${says}`, type + 1) <= room);
  return explained.map(([name, says]) => `<b>${name}</b>${fits ? `: ${says}` : ""}`);
}

// A log axis's range around `values`, in exponents, with some air.
export function logRange(values) {
  const exponents = values.filter((value) => value > 0 && value < Infinity).map(Math.log10);
  if (!exponents.length) return [-1, 1];
  const [low, high] = [Math.min(...exponents), Math.max(...exponents)];
  const air = Math.max(0.05, 0.06 * (high - low));
  return [low - air, high + air];
}
