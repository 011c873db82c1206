// A sweep as a map: its columns are the values of the first setting, its rows the arms, with each value of the second.

import { rowsOf, textOf } from "./results.js";
import { scaleOf } from "../inside/heat_maps.js";
import { _ } from "../shared/language.js";
import { axisIn, brief, layout, percent } from "../shared/web.js";

export const FATES = ["fails", "survives", "learns"];
const TINTS = { light: ["#d55e00", "#c9ced6", "#0072b2"], dark: ["#d9702b", "#59616e", "#56b4e9"] }; // Okabe–Ito, and grey between
const MARKS = { fails: "✕", survives: "○", learns: "✓" };
export const ROW = 36; // pixels

export const fateWord = (fate) => ({ fails: _("fails"), survives: _("survives"), learns: _("learns") })[fate];

// How many seeds met the fate of their group.
const met = ({ fate, seeds, finished, learned }) => ({ learns: learned, survives: finished - learned, fails: seeds - finished })[fate];

// What can be drawn: its name, the number of a group, and how it is written.
export const MEASURES = {
  fate: { name: () => _("fails, survives, learns"), read: (group) => FATES.indexOf(group.fate), write: (_value, group) => `${MARKS[group.fate]} ${met(group)}/${group.seeds}` },
  validation: { name: () => _("held-out accuracy"), read: (group) => group.validation?.median, write: percent, range: [0, 1] },
  // What only sweeps have that ask for it:
  cosine: { isAlong: true, name: () => _("gradient after a step: cosine"), read: (group) => group.cosine?.median, write: (value) => cosine(value), range: [-1, 1] },
  range: { isAlong: true, name: () => _("loss along the gradient: range"), read: (group) => (group.range?.median > 0 ? Math.log10(group.range.median) : null), write: (_value, group) => brief(group.range?.median) },
  ratio: { name: () => _("gradient, first layer to last"), read: (group) => (group.ratio?.median > 0 ? Math.log10(group.ratio.median) : null), write: (_value, group) => brief(group.ratio?.median) },
};

export const cosine = (value) => `${value > 0 ? "+" : ""}${value.toFixed(2)}`.replace("-", "−");

export const measuresOf = ({ along }) => Object.fromEntries(Object.entries(MEASURES).filter(([, { isAlong }]) => along || !isAlong));

export function usualMeasure({ along, varied }) {
  if (along) return "cosine";
  return varied.some(({ name }) => name === "lr") ? "fate" : "validation";
}

// `selected`: the cells that were pressed, as [column, row].
export function picture(plan, results, measure, selected, look) {
  const { read, write, range } = MEASURES[measure];
  const rows = rowsOf(plan, results);
  const [across, down] = plan.varied;
  const value = ({ group }) => (group ? read(group) ?? null : null);
  const trace = {
    type: "heatmap", x: [...across.values.keys()], y: [...rows.keys()], z: rows.map(({ cells }) => cells.map(value)),
    text: rows.map(({ cells }) => cells.map((cell) => (value(cell) === null ? "" : write(value(cell), cell.group)))), texttemplate: "%{text}",
    customdata: rows.map(({ cells }) => cells.map(({ group }) => (group ? saidOf(group) : _("not computed yet")))),
    hovertemplate: "%{customdata}<extra></extra>", hoverongaps: true, xgap: 3, ygap: 3, showscale: false, ...coloured(measure, rows, value, range, look),
  };
  const axis = { ...axisIn(look), showgrid: false, fixedrange: true };
  return {
    traces: [trace],
    height: (ROW * rows.length + (down ? 88 : 62)) * look.enlarged,
    layout: layout(look, {
      margin: { l: 8, r: 8, t: down ? 34 * look.enlarged : 8, b: 8 }, dragmode: false, shapes: selected.map(frame(look)),
      title: down && `${down.label} · ${_("Norm")}`, // what the rows are: few of them are not as high as it is long
      xaxis: { ...axis, tickvals: [...across.values.keys()], ticktext: across.texts, title: { text: across.label, standoff: 8, font: { size: look.type } } },
      yaxis: { ...axis, autorange: "reversed", tickvals: [...rows.keys()], ticktext: rows.map((row) => rowName(row, down)) },
    }),
  };
}

const rowName = ({ value, arm }, down) => (down ? `${textOf(down, value)} · ${arm}` : arm);

const frame = (look) => ([column, row]) => ({
  type: "rect", x0: column - 0.5, x1: column + 0.5, y0: row - 0.5, y1: row + 0.5, line: { color: look.text, width: 2.5 },
});

function coloured(measure, rows, value, range, look) {
  if (measure === "fate") {
    const tints = TINTS[look.dark ? "dark" : "light"];
    return { zmin: -0.5, zmax: 2.5, colorscale: tints.flatMap((tint, i) => [[i / 3, tint], [(i + 1) / 3, tint]]) };
  }
  const found = rows.flatMap(({ cells }) => cells.map(value)).filter((each) => each !== null);
  const [low, high] = range ?? [Math.min(...found, 0), Math.max(...found, 0.01)];
  return { zmin: low, zmax: high, colorscale: scaleOf(look.dark) };
}

// One group in a line, under the pointer.
function saidOf(group) {
  const told = _("{learned} of {seeds} seeds learned", group);
  if (!group.validation) return told;
  return _("{told} · held-out {middle} ({low} to {high})", {
    told, middle: percent(group.validation.median), low: percent(group.validation.low), high: percent(group.validation.high),
  });
}
