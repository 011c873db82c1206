// What was measured over the steps of several seeds: the median as a line, the range as a band behind it. A dash is a
// combination.

import { cosine } from "./heat_map.js";
import { textOf } from "./results.js";
import { _, ngettext } from "../shared/language.js";
import { armColors } from "../shared/look.js";
import { logTicks, written } from "../shared/ticks.js";
import { brief, layout } from "../shared/web.js";

const DASHES = ["solid", "dash"];
const BAND = "38"; // how much of the colour is behind the line, in hexadecimal

// What can be drawn: the band of a group, its axis, and how a number of it is written.
const OVER_STEPS = {
  // Losses of a ladder of rates differ by any number of powers of ten; one that is exactly 0 has no place there.
  bands: { read: ({ band }) => band, isLog: true, axis: (bands) => ({ title: { text: _("training loss (nats)"), standoff: 10 }, ...logarithmic(bands.flatMap(({ low, high }) => [...low, ...high]).filter(isPlaced)) }), write: (value) => (value == null ? "–" : written(value, 3)) },
  // What only sweeps have that ask for it:
  cosine: { isAlong: true, read: ({ along }) => along?.cosine, axis: () => ({ title: { text: _("cosine"), standoff: 10 }, range: [-1.05, 1.05], dtick: 0.5, zeroline: true, zerolinewidth: 1.5 }), write: (value) => cosine(value) },
  range: { isAlong: true, read: ({ along }) => along?.range, axis: (bands) => ({ title: { text: _("range of the loss (nats)"), standoff: 10 }, ...sized(bands) }), write: brief },
};

// `shown`: groups, in one or two combinations.
export function picture(plan, shown, look, name = "bands") {
  const { read, axis, write, isAlong, isLog } = OVER_STEPS[name];
  const colors = armColors(plan.arms, look);
  const combinations = [...new Set(shown.map(({ where }) => JSON.stringify(where)))];
  const traces = shown.flatMap((group) => drawn(group, read(group), {
    color: colors.get(group.arm), dash: DASHES[combinations.indexOf(JSON.stringify(group.where)) % DASHES.length], isAlone: combinations.length === 1, varied: plan.varied, write, isAlong, isLog,
  }));
  return {
    traces,
    layout: layout(look, {
      showlegend: true, legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0, font: { size: look.type } }, hovermode: "x unified", margin: { l: 8, r: 12, t: 34, b: 8 },
      xaxis: { title: { text: _("step (mini-batches)"), standoff: 6 }, rangemode: "tozero" },
      yaxis: { zerolinecolor: look.faint, ...axis(shown.map(read).filter(Boolean)) },
    }),
  };
}

// How many of the numbers that were measured have no place in the chart.
export function lostSaid(shown, name) {
  const lost = shown.reduce((sum, group) => sum + (OVER_STEPS[name].read(group)?.lost ?? 0), 0);
  return lost ? ngettext("{n} of its numbers is not finite, and not drawn", "{n} of its numbers are not finite, and not drawn", lost) : "";
}

export const isDrawn = (shown, name) => shown.some((group) => OVER_STEPS[name].read(group)?.steps.length);

// Ranges differ by powers of ten between arms; a log axis has no place for one that is exactly 0.
function sized(bands) {
  const [lows, highs] = [bands.flatMap(({ low }) => low), bands.flatMap(({ high }) => high)];
  const [least, most] = [Math.min(...lows), Math.max(...highs)];
  return least > 0 && lows.length ? logarithmic([least, most]) : { rangemode: "tozero" };
}

const logarithmic = (values) => ({ type: "log", fixedrange: true, ...logTicks([Math.min(...values), Math.max(...values)]) });
const isPlaced = (value) => value > 0 && value < Infinity;

function drawn(group, band, { color, dash, isAlone, varied, write, isAlong, isLog }) {
  if (!band?.steps.length) return [];
  const placed = (values, others = values) => values.map((value, i) => (!isLog || (isPlaced(value) && isPlaced(others[i])) ? value : null));
  const name = nameOf(group, isAlone, varied, isAlong);
  const edge = { type: "scatter", mode: "lines", x: band.steps, line: { width: 0 }, hoverinfo: "skip", showlegend: false, legendgroup: name };
  const line = {
    type: "scatter", mode: "lines", x: band.steps, y: placed(band.median), name, legendgroup: name, line: { color, dash, width: 2.4 }, text: band.median.map(write),
    customdata: band.steps.map((_step, i) => ngettext("{low} to {high}, {n} seed", "{low} to {high}, {n} seeds", band.n[i], { low: write(band.low[i]), high: write(band.high[i]) })),
    hovertemplate: "%{text} (%{customdata})",
  };
  if (group.seeds === 1) return [line];
  return [{ ...edge, y: placed(band.low, band.high) }, { ...edge, y: placed(band.high, band.low), fill: "tonexty", fillcolor: `${color}${BAND}` }, line];
}

// A band is of the seeds that finished: the name says where not all did. On a plateau a gradient hardly turns: it says that,
// too, of an arm that did not learn with most of its seeds.
function nameOf({ arm, where, seeds, finished, learned }, isAlone, varied, isAlong) {
  const whole = isAlone ? arm : [...where.map((value, i) => textOf(varied[i], value)), arm].join(" · ");
  const name = finished < seeds ? ngettext("{name} ({finished} of {n} seed)", "{name} ({finished} of {n} seeds)", seeds, { name: whole, finished }) : whole;
  return isAlong && 2 * learned <= seeds ? _("{name} (did not learn)", { name }) : name;
}
