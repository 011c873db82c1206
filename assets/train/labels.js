// Words in the curves' charts: names and numbers at the lines' ends, changed learning rates, where an arm was lost.

import { fate, last } from "./series.js";
import { written } from "../shared/ticks.js";

const LINE_LETTERS = 15; // what is longer is broken: bn:book / :dropout=0.5
export const RATE_ROWS = 3; // more marks side by side than that stay lines without words

// The labels pushed apart where they would overlap, and the margin that the longest needs. `place` gives a value's
// height in the chart, 0 to 1; `height` is the plot's in pixels; `widthOf(text, size)` measures a text.
export function endLabels(labels, { kind, place, height, look, widthOf }) {
  const size = look.type + 1;
  const placed = labels
    .map((label) => ({ ...label, lines: lines(label, kind), y: Math.min(0.98, Math.max(0.02, place(label.value))) }))
    .toSorted((a, b) => a.y - b.y);
  const half = ({ lines: { length } }) => (0.5 * (length * 1.3 * size + 2)) / height;
  placed.forEach((label, i) => {
    if (i) label.y = Math.max(label.y, placed[i - 1].y + half(placed[i - 1]) + half(label));
  });
  // Pushed up as far as the edge, and from there down again: only those that touch move.
  placed.reduceRight((above, label) => {
    label.y = Math.min(label.y, above ? above.y - half(above) - half(label) : 0.98);
    return label;
  }, null);
  const annotations = placed.map((label) => ({
    xref: "paper", yref: "paper", x: 1.01, y: label.y, xanchor: "left", yanchor: "middle", showarrow: false,
    align: "left", font: { color: label.color, size }, text: label.lines.map(bold(label.arm.name)).join("<br>"),
  }));
  const widths = placed.flatMap((label) => label.lines.map((text) => widthOf(text, size)));
  return { annotations, margin: Math.ceil(Math.max(70, ...widths)) + 18 };
}

function lines({ arm, value, finite }, kind) {
  const figure = arm.diverged ? fate(arm) : !finite ? "not finite" : kind === "loss" ? written(value, 2) : `${(100 * value).toFixed(1)} %`;
  return `${arm.name} ${figure}`.length <= LINE_LETTERS ? [`${arm.name} ${figure}`] : [...broken(arm.name), figure];
}

function broken(name) {
  const [first, ...rest] = name.split(/(?=[:/])/);
  const found = [first];
  for (const part of rest) {
    if (last(found).length + part.length <= LINE_LETTERS) found.push(found.pop() + part);
    else found.push(part);
  }
  return found;
}

const bold = (name) => (text) => {
  if (text.startsWith(`${name} `)) return `<b>${name}</b>${text.slice(name.length)}`;
  return name.includes(text) ? `<b>${text}</b>` : text;
};

// Marks of changed learning rates one below the other where they would touch; `range` is the x-axis's, `width` the plot's.
export function rateLabels(rates, { range, width, view, look, widthOf }) {
  const size = look.type - 1;
  const ends = Array(RATE_ROWS).fill(-Infinity); // where each row's last mark ends, in pixels
  return rates.flatMap((rate) => {
    const text = `lr ${rate.old} → ${rate.new}`.replaceAll("-", "−");
    const long = widthOf(text, size) + 10;
    const at = ((rate[view.x] - range[0]) / (range[1] - range[0])) * width;
    if (at < 0 || at > width) return [];
    const toLeft = at + long > width && at > long;
    const from = toLeft ? at - long : at;
    const row = ends.findIndex((end) => end <= from);
    if (row < 0) return [];
    ends[row] = from + long;
    return [{
      xref: "x", yref: "paper", x: rate[view.x], y: 1, yshift: -row * (size + 5), yanchor: "top", showarrow: false,
      xanchor: toLeft ? "right" : "left", text, font: { size, color: look.faint }, bgcolor: look.background, borderpad: 1,
    }];
  });
}

// A cross at the last finite value; where the picture ends before that, an arrow at its upper edge. `nth` is the line
// of the words: what was lost is told below the marks of learning rates, one arm below the other.
export function lost(arm, kind, { view, color, top, nth }) {
  const points = arm.train.step.length ? arm.train : arm.test;
  const values = points[kind];
  const out = values.findIndex((value) => value > top);
  const end = values.findLastIndex((value) => value != null);
  const at = out >= 0 ? out : Math.max(0, end);
  const how = fate(arm) === "failed" ? "failed" : "not finite";
  const words = out >= 0
    ? `${arm.name}: off the chart at step ${points.step[out]}, ${how} at ${arm.diverged.step}`
    : `${arm.name}: ${how} at step ${arm.diverged.step}`;
  return {
    type: "scatter", mode: "markers+text", x: [points[view.x][at]], y: [out >= 0 || end < 0 ? top : values[at]],
    marker: { symbol: out >= 0 ? "triangle-up" : "x", size: 13, color, line: { width: 1 } },
    text: [kind === "loss" ? "\u00a0<br>".repeat(nth) + words : ""], textposition: "bottom right", textfont: { color },
    hovertext: arm.diverged.what, hoverinfo: "text", cliponaxis: false,
  };
}
