// A chart of Train as a picture: what its lines are, and of which run.

import { keyOfEarlier } from "./curves.js";
import { KINDS, labelledKind, lineName } from "./kinds.js";
import { numberOf } from "../shared/earlier.js";
import { _ } from "../shared/language.js";
import { MARKERS, armColors, theme } from "../shared/look.js";
import { fileName, linkTo } from "../shared/origin.js";
import { headings, keyOf, saveImage } from "../shared/saved_image.js";

export function takeAway({ curves, series, view, earlier, ghosts, data, gone, parts, element }, chart) {
  const look = theme(element);
  const number = numberOf(data.run || gone);
  const { value } = curves.charts.find((each) => each.element === chart);
  const { title, notes } = headings(chart);
  const words = {
    title,
    about: [_("Run {number}", { number }), parts.status.textContent, parts.where.textContent].filter(Boolean).join(" · "),
    key: [...arms(series, view, look), ...lines(series, view), ...notes, ...keyOfEarlier(earlier, ghosts, series, view, look)],
    foot: [parts.origin.textContent, linkTo(data.link)],
    name: fileName([value], number),
  };
  return saveImage(curves.Plotly, chart, words, look);
}

function arms(series, view, look) {
  const all = [...series.arms.values()];
  const symbolOf = (arm) => (view.kinds.has("test") ? MARKERS[all.indexOf(arm)] : undefined);
  return keyOf(all.filter(({ name }) => !view.hidden.has(name)), armColors(all, look), symbolOf);
}

function lines(series, view) {
  const isDrawn = (kind) => view.kinds.has(kind) && [...series.arms.values()].some((arm) => !view.hidden.has(arm.name) && arm[kind].step.length);
  const drawn = KINDS.filter(({ kind }) => isDrawn(kind)).map(({ kind, dash }) => ({ text: howDrawn(kind, view), dash }));
  const kind = labelledKind(view);
  return kind ? [...drawn, { text: _("numbers at the lines’ ends: {line}", { line: lineName(kind) }) }] : drawn;
}

function howDrawn(kind, { smooth: n }) {
  const line = lineName(kind);
  if (kind === "test") return _("{line}; big markers: on all test images", { line });
  return kind === "train" && n > 1 ? _("{line}, each point the mean of up to {n}; thin: as measured", { line, n }) : line;
}
