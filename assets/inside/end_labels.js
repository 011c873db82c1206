// Names and numbers at the right ends of lines on a log axis, pushed apart where they would overlap.

import { _ } from "../shared/language.js";
import { broken, cut } from "../shared/names.js";
import { ruler } from "../shared/ruler.js";
import { brief, escape } from "../shared/web.js";

const LONGEST = 9; // letters of a name that stands before its number
const LINE_LETTERS = 14; // of one that stands above it, and is broken where it is longer

// ends: [{name, value, color}]; range: the axis's, in exponents; gap: a line of type as a share of the axis.
export function endLabels(ends, [low, high], gap, type) {
  const placed = ends
    .map((end) => ({ ...end, lines: linesOf(end), y: (Math.log10(end.value) - low) / (high - low) }))
    .filter(({ y }) => y >= -0.02 && y <= 1.02) // the others' ends are out of a zoomed chart
    .toSorted((a, b) => a.y - b.y);
  if (placed.reduce((sum, { lines }) => sum + lines.length, 0) * gap > 1) for (const label of placed) label.lines = [short(label)];
  const half = ({ lines }) => (lines.length * gap) / 2;
  const apart = (i) => half(placed[i - 1]) + half(placed[i]);
  placed.forEach((label, i) => {
    if (i) label.y = Math.max(label.y, placed[i - 1].y + apart(i));
  });
  placed.reduceRight((most, label, i) => {
    label.y = Math.min(label.y, most);
    return i ? label.y - apart(i) : 0;
  }, 1);
  return placed.map(({ color, lines, y }) => ({
    xref: "paper", yref: "paper", x: 1, y, xshift: 6, xanchor: "left", yanchor: "middle", showarrow: false, align: "left",
    font: { color, size: type }, text: lines.join("<br>"),
  }));
}

// The margin that the longest label needs, in pixels.
export function labelWidth(ends, type) {
  const letters = ends.flatMap((end) => [shown(short(end)), ...linesOf(end).map(shown)]);
  return 16 + 0.58 * type * Math.max(0, ...letters);
}

// A long name above its number, in lines; where there is no room for them, cut and beside it.
const linesOf = (end) => (end.name.length > LONGEST ? [...broken(end.name, LINE_LETTERS).map(bold), brief(end.value)] : [short(end)]);
const short = ({ name, value }) => `${bold(cut(name, LONGEST))} ${brief(value)}`;
const bold = (text) => `<b>${escape(text)}</b>`;
const shown = (text) => text.replaceAll(/<[^>]*>/g, "").length;

// The heads of the two halves, explained where there is room for it.
export function heads(room, { font, type }) {
  const names = [_("pooled"), _("per unit")];
  const explained = ([pooled, unit]) => [_("{pooled}: all values together", { pooled }), _("{unit}: one unit, from image to image", { unit })];
  const fits = explained(names).every((text) => ruler(font)(text, type + 1) <= room);
  const strong = names.map((name) => `<b>${name}</b>`);
  return fits ? explained(strong) : strong;
}

// Which layers are named below half a chart of `half` pixels, and how: upright where they would lie on each other, and every
// second or third where even so; `long` is the longest name.
export function namesOf(layers, half, long, type) {
  const each = half / layers.length;
  const every = long <= each ? 1 : Math.ceil((1.2 * type) / each);
  const tickvals = layers.filter((layer, i) => i % every === 0);
  return { tickangle: long <= each ? 0 : 90, tickmode: "array", tickvals, ticktext: tickvals };
}

// A log axis's range around `values`, in exponents, with some air.
export function logRange(values) {
  const exponents = values.filter((value) => value > 0 && value < Infinity).map(Math.log10);
  if (!exponents.length) return [-1, 1];
  const [low, high] = [Math.min(...exponents), Math.max(...exponents)];
  const air = Math.max(0.05, 0.06 * (high - low));
  return [low - air, high + air];
}
