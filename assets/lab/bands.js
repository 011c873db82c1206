// The training loss over several seeds: the median as a line, the range as a band behind it. A dash is a combination.

import { textOf } from "./results.js";
import { _, ngettext } from "../shared/language.js";
import { armColors } from "../shared/look.js";
import { layout } from "../shared/web.js";

const DASHES = ["solid", "dash"];
const BAND = "38"; // how much of the colour is behind the line, in hexadecimal

// `shown`: groups, in one or two combinations.
export function picture(plan, shown, look) {
  const colors = armColors(plan.arms, look);
  const combinations = [...new Set(shown.map(({ where }) => JSON.stringify(where)))];
  const traces = shown.flatMap((group) => drawn(group, {
    color: colors.get(group.arm), dash: DASHES[combinations.indexOf(JSON.stringify(group.where)) % DASHES.length], isAlone: combinations.length === 1, varied: plan.varied,
  }));
  return {
    traces,
    layout: layout(look, {
      showlegend: true, legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0, font: { size: look.type } }, hovermode: "x unified", margin: { l: 8, r: 12, t: 34, b: 8 },
      xaxis: { title: { text: _("step (mini-batches)"), standoff: 6 }, rangemode: "tozero" },
      yaxis: { title: { text: _("training loss (nats)"), standoff: 4 } },
    }),
  };
}

// A band is of the seeds that finished: the name says where not all did.
function drawn({ arm, where, seeds, finished, band }, { color, dash, isAlone, varied }) {
  if (!band.steps.length) return [];
  const whole = isAlone ? arm : [...where.map((value, i) => textOf(varied[i], value)), arm].join(" · ");
  const name = finished < seeds ? ngettext("{name} ({finished} of {n} seed)", "{name} ({finished} of {n} seeds)", seeds, { name: whole, finished }) : whole;
  const edge = { type: "scatter", mode: "lines", x: band.steps, line: { width: 0 }, hoverinfo: "skip", showlegend: false, legendgroup: name };
  const line = {
    type: "scatter", mode: "lines", x: band.steps, y: band.median, name, legendgroup: name, line: { color, dash, width: 2.4 },
    customdata: band.steps.map((_step, i) => ngettext("{low} to {high}, {n} seed", "{low} to {high}, {n} seeds", band.n[i], { low: band.low[i].toFixed(3), high: band.high[i].toFixed(3) })),
    hovertemplate: "%{y:.3f} (%{customdata})",
  };
  if (seeds === 1) return [line];
  return [{ ...edge, y: band.low }, { ...edge, y: band.high, fill: "tonexty", fillcolor: `${color}${BAND}` }, line];
}
