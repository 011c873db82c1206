// Words around the curves' charts: names and numbers at the lines' ends, and above the plot, where they cover no curve,
// changed learning rates and where an arm was lost.

import { fate, hasFailed } from "./series.js";
import { _ } from "../shared/language.js";
import { broken, cut } from "../shared/names.js";
import { written } from "../shared/ticks.js";
import { LINE } from "../shared/titles.js";

const LINE_LETTERS = 15; // what is longer is broken: bn:book / :dropout=0.5
const CUT_LETTERS = 11; // of a name where there is no room for all lines of all
const MOST_ROWS = 3; // more marks side by side than that stay lines without words
const SMALLEST = 13; // pixels of type
const GAP = 2; // pixels between two labels
const BELOW = 3; // lines of type that the x-axis takes: beside it there is room for labels too
const SHARE = 0.16; // of a chart's height that the rows of marks may take

const roomOf = (height, look) => height + BELOW * look.type;

// How many labels of one line have room beside a plot of `height` pixels.
export const mostLabels = (height, look) => Math.floor(roomOf(height, look) / (LINE * SMALLEST + GAP));

// The labels pushed apart where they would overlap, and the margin that the longest needs. `place` gives a value's
// height in the chart, 0 to 1; `isSeen` tells whether the end of a label's line is in a zoomed picture; `height` is the
// plot's in pixels; `widthOf(text, size)` measures a text. The margin is that of all labels, so that a zoom moves nothing.
export function endLabels(labels, { kind, place, isSeen = () => true, height, look, widthOf }) {
  const room = roomOf(height, look);
  const space = room - GAP * labels.length;
  let told = labels.map((label) => ({ ...label, lines: lines(label, kind) }));
  if (countOf(told) * LINE * SMALLEST > space) told = labels.map((label) => ({ ...label, lines: [shortLine(label, kind)] }));
  const all = countOf(told);
  const size = Math.min(look.type + 1, Math.max(SMALLEST, space / (LINE * all)));
  const placed = told
    .filter(isSeen)
    .map((label) => ({ ...label, y: Math.min(0.98, Math.max(0.02, place(label.value))) }))
    .toSorted((a, b) => a.y - b.y);
  const half = ({ lines: { length } }) => (0.5 * (length * LINE * size + GAP)) / height;
  placed.forEach((label, i) => {
    if (i) label.y = Math.max(label.y, placed[i - 1].y + half(placed[i - 1]) + half(label));
  });
  // Pushed up as far as the edge, and from there down again: only those that touch move.
  placed.reduceRight((above, label) => {
    label.y = Math.min(label.y, above ? above.y - half(above) - half(label) : 0.98);
    return label;
  }, null);
  const annotations = placed.map((label) => ({
    xref: "paper", yref: "paper", x: 1, xshift: 10, y: label.y, xanchor: "left", yanchor: "middle", showarrow: false,
    align: "left", font: { color: label.color, size }, text: label.lines.map(bold(label.arm.name)).join("<br>"),
  }));
  const widths = told.flatMap((label) => label.lines.map((text) => widthOf(steady(text), size)));
  return { annotations, margin: Math.max(70, ...widths) + 18 };
}

// Digits are not equally wide, and 9.8 % becomes 10.2 %: measured as they are, new numbers would move the plot's edge.
const steady = (text) => text.replaceAll(/\d/g, "0").replace(/(?<=^| )0\.0 %/, "00.0 %");

const countOf = (labels) => labels.reduce((sum, label) => sum + label.lines.length, 0);

// How a line ended; that of an arm that is lost, in a word.
function figureOf({ arm, value, finite }, kind) {
  if (arm.diverged) return fate(arm);
  if (!finite) return _("not finite");
  return kind === "loss" ? written(value, 2) : `${(100 * value).toFixed(1)} %`;
}

function lines(label, kind) {
  const { arm: { name } } = label;
  const figure = figureOf(label, kind);
  return `${name} ${figure}`.length <= LINE_LETTERS ? [`${name} ${figure}`] : [...broken(name, LINE_LETTERS), figure];
}

// One line, whatever the name: its card has all of it, in the same colour.
const shortLine = (label, kind) => `${cut(label.arm.name, CUT_LETTERS)} ${figureOf(label, kind)}`;

const bold = (name) => (text) => {
  const told = [name, cut(name, CUT_LETTERS)].find((each) => text.startsWith(`${each} `));
  if (told) return `<b>${told}</b>${text.slice(told.length)}`;
  return name.includes(text) ? `<b>${text}</b>` : text;
};

// Marks as words in rows above the plot, each as near to its place as it can stand whole: [{x, texts, color}], of whose
// texts the first that fits is taken. `range` is the x-axis's, `width` the plot's, `height` the whole chart's.
export function marksAbove(marks, { range, width, height, look, widthOf }) {
  const size = look.type - 1;
  const high = size + 5;
  const most = Math.max(1, Math.min(MOST_ROWS, Math.floor((SHARE * height) / high)));
  const ends = Array(most).fill(-Infinity); // where each row's last mark ends, in pixels
  const annotations = marks.toSorted((a, b) => a.x - b.x).flatMap(({ x, texts, color }) => {
    const at = ((x - range[0]) / (range[1] - range[0])) * width;
    const text = texts.find((each) => widthOf(each, size) + 10 <= width);
    if (at < 0 || at > width || !text) return [];
    const long = widthOf(text, size) + 10;
    const from = Math.min(at, width - long);
    const row = ends.findIndex((end) => end <= from);
    if (row < 0) return [];
    ends[row] = from + long;
    return [{
      xref: "x", yref: "paper", x, y: 1, xshift: from - at, yshift: row * high, xanchor: "left", yanchor: "bottom", showarrow: false,
      text, font: { size, color }, borderpad: 1,
    }];
  });
  return { annotations, room: high * ends.filter((end) => end > -Infinity).length };
}

export function rateMark(rate, view, look) {
  const words = (text) => text.replaceAll("-", "−");
  const [before, after] = [rate.old, rate.new].map((each) => Number(each.toPrecision(6))); // a schedule's have many more
  return { x: rate[view.x], texts: [`${before} → ${after}`, after].map((rates) => words(_("lr {rates}", { rates }))), color: look.faint };
}

// A cross at the last finite value; where the picture ends before that, an arrow at its upper edge. And the mark above.
export function lost(arm, kind, { view, color, top }) {
  const points = arm.train.step.length ? arm.train : arm.test;
  const values = points[kind];
  const out = values.findIndex((value) => value > top);
  const end = values.findLastIndex((value) => value != null);
  const at = out >= 0 ? out : Math.max(0, end);
  const texts = [lostAt(arm), `✕ ${arm.name}`];
  if (out >= 0) texts.unshift(leftAt(arm, points.step[out]));
  const cross = {
    type: "scatter", mode: "markers", x: [points[view.x][at]], y: [out >= 0 || end < 0 ? top : values[at]],
    marker: { symbol: out >= 0 ? "triangle-up" : "x", size: 13, color, line: { width: 1 } },
    hovertext: _("{fate} ({what})", { fate: texts[0], what: arm.diverged.what }), hoverinfo: "text", cliponaxis: false,
  };
  return { cross, mark: { x: points[view.x][at], texts, color } };
}

function lostAt(arm) {
  const values = { arm: arm.name, step: arm.diverged.step };
  return hasFailed(arm) ? _("{arm}: failed at step {step}", values) : _("{arm}: not finite at step {step}", values);
}

function leftAt(arm, left) {
  const values = { arm: arm.name, left, step: arm.diverged.step };
  if (hasFailed(arm)) return _("{arm}: off the chart at step {left}, failed at {step}", values);
  return _("{arm}: off the chart at step {left}, not finite at {step}", values);
}
