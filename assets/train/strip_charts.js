// What the strip below the curves draws of one look: two small charts, all arms, layer by layer.

import { logRange } from "../inside/end_labels.js";
import { react } from "../inside/in_sight.js";
import { _ } from "../shared/language.js";
import { MARKERS, armColors } from "../shared/look.js";
import { logTicks } from "../shared/ticks.js";
import { breath, brief, framed, layout, number } from "../shared/web.js";

const KINDS = ["gradient", "spread"];
const CONFIG = framed({ displayModeBar: false });
const title = ({ step: at }) => {
  const step = number(at);
  return { gradient: _("Gradient by layer at step {step}: mean |∂L/∂W|", { step }), spread: _("Spread per unit by layer at step {step}: std over the images", { step }) };
};

// `look`, one of `looks`; `charts` has an element for each kind.
export async function drawBoth(Plotly, charts, look, looks, arms, hidden, colours) {
  const colors = armColors(arms, colours);
  for (const kind of KINDS) {
    await breath(); // the curves have just been drawn
    const traces = lines(kind, look, arms, colors, hidden);
    await react(Plotly, charts[kind], traces, frame(kind, look, traces, rangeOf(kind, looks, arms, hidden), colours, charts[kind].clientWidth), CONFIG);
  }
}

// One line an arm that is in the look; what is 0 or not finite has no place on a log axis.
export function lines(kind, look, arms, colors, hidden) {
  return arms.filter(({ name }) => look.arms[name] && !hidden.has(name)).map(({ name }) => {
    const layers = Object.keys(look.arms[name]).filter((layer) => look.arms[name][layer][kind] !== null);
    const values = layers.map((layer) => look.arms[name][layer][kind]);
    return {
      type: "scatter", mode: "lines+markers", name, x: layers, y: values.map((value) => (value > 0 ? value : null)),
      customdata: values.map(brief), hovertemplate: "%{customdata}", connectgaps: false, cliponaxis: false,
      line: { color: colors.get(name), width: 2 }, marker: { symbol: MARKERS[arms.findIndex((arm) => arm.name === name)], size: 7 },
    };
  });
}

// Of all looks one range, so that the lines move and not the axis.
export function rangeOf(kind, looks, arms, hidden) {
  const shown = arms.filter(({ name }) => !hidden.has(name));
  return logRange(looks.flatMap((look) => shown.flatMap(({ name }) => Object.values(look.arms[name] ?? {}).map((layer) => layer[kind] ?? 0))));
}

const NARROW = 400; // pixels: on a stage where it stands beside the curves

export function frame(kind, look, traces, range, colours, width = NARROW) {
  const type = colours.type - (colours.enlarged > 1 && width < NARROW ? 4 : 1);
  const layers = [...new Set(traces.flatMap(({ x }) => x))];
  return layout(colours, {
    title: title(look)[kind], hovermode: "x unified", dragmode: false, margin: { l: 8, r: 12, t: (28 * type) / 13, b: 8 },
    xaxis: { type: "category", range: [-0.3, layers.length - 0.7], fixedrange: true },
    yaxis: { type: "log", range, fixedrange: true, ...few(logTicks(range.map((exponent) => 10 ** exponent))) },
  }, type);
}

// A low chart has no room for more than a few numbers: every second or third.
const MOST = 4;
function few({ tickvals = [], ticktext = [] }) {
  const every = Math.ceil(tickvals.length / MOST);
  const isKept = (_value, i) => i % every === 0;
  return tickvals.length ? { tickvals: tickvals.filter(isKept), ticktext: ticktext.filter(isKept) } : {};
}
