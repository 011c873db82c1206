// The one chart that decides a step: curves over the steps of training, or a number of each layer at one look.

import { _ } from "../shared/language.js";
import { keptTicks, ticksFollow } from "../inside/log_axis.js";
import { MARKERS, armColors } from "../shared/look.js";
import { ruler } from "../shared/ruler.js";
import { inLines } from "../shared/titles.js";
import { CONFIG, brief, layout } from "../shared/web.js";

const DASHES = ["solid", "dash", "dot", "dashdot"]; // by experiment
const PLOT = 0.6; // of a chart's height, at least
const LOW = 330; // pixels, a chart that is not high
const OF_TITLE = 1.2; // of the size of type, as plotly writes an axis's title

const mean = (values) => (values?.length ? values.reduce((a, b) => a + b, 0) / values.length : null);

function deviation(values) {
  const middle = mean(values);
  return middle === null ? null : Math.sqrt(mean(values.map((value) => (value - middle) ** 2)));
}

// By layer: how a number is read of what a page that looks inside is told of one.
const BY_LAYER = {
  gradient: { read: (layer) => layer.mean_abs, log: true, name: () => _("mean |∂L/∂W|") },
  unit_spread: { read: (layer) => layer.stages.activated?.unit_std, log: true, name: () => _("spread of a unit from image to image") },
  drift: { read: (layer) => layer.stages.before?.drift, log: true, name: () => _("drift before the norm since the look before") },
  drift_after_norm: { read: (layer) => layer.stages.scaled?.drift, log: true, name: () => _("drift after γ and β since the look before") },
  gamma: { read: (layer) => deviation(layer.gamma), log: false, name: () => _("standard deviation of γ over the units") },
  running_variance: { read: (layer) => mean(layer.running_var) / mean(layer.batch_var) || null, log: true, name: () => _("running variance over that of the images looked at") },
};

// Over the steps: which of an arm's points are drawn, and which of their values.
const OVER_STEPS = {
  loss: { value: "loss", kinds: ["train"], name: () => _("training loss (nats)") },
  test_loss: { value: "loss", kinds: ["test"], name: () => _("test loss (nats)") },
  accuracy: { value: "accuracy", kinds: ["test"], name: () => _("test accuracy in prediction mode") },
  batch_accuracy: { value: "accuracy", kinds: ["test", "batch"], name: () => _("test accuracy; dotted with batch statistics") },
};

// `runs` are the step's runs as far as they have begun, each a Followed, with the arms of its experiment.
export function picture(chart, experiments, runs, look) {
  const norms = new Map(experiments.flatMap(({ arms }) => arms).map((arm) => [arm.name, arm]));
  const colors = armColors([...norms.values()], look);
  const names = [...norms.keys()];
  const told = ({ title }, i) => (experiments[i].apart ? _("{arm} ({settings})", { arm: title, settings: experiments[i].apart }) : title);
  const each = runs.flatMap((run, i) => experiments[i].arms.map((arm) => ({
    arm, run, name: told(arm, i), line: { color: colors.get(arm.name), width: 2.5, dash: DASHES[i] }, symbol: MARKERS[names.indexOf(arm.name) % MARKERS.length],
  })));
  return BY_LAYER[chart.shows] ? byLayer(chart, each, look) : overSteps(chart, each, look);
}

function byLayer(chart, each, look) {
  const { read, log, name } = BY_LAYER[chart.shows];
  const traces = each.flatMap(({ arm, run, name: title, line, symbol }) => {
    const layers = run.lookAt(chart.at)?.arms[arm.name];
    if (!layers) return [];
    const values = Object.values(layers).map(read);
    const y = values.map((value) => (log && !(value > 0) ? null : value));
    if (y.every((value) => value == null)) return []; // the legend would name a line that nobody sees
    return [{ type: "scatter", mode: "lines+markers", name: title, x: Object.keys(layers), y,
      text: values.map(brief), hovertemplate: "%{text}", line, marker: { symbol, size: 10 }, connectgaps: false }];
  });
  const most = Math.max(0, ...traces.map(({ x }) => x.length));
  return { traces, layout: layout(look, { ...legend(look, most > 8), hovermode: "x unified",
    xaxis: { type: "category", title: { text: _("layer, from the input to the output"), standoff: 6 } },
    yaxis: { type: log ? "log" : "linear", title: { text: name(), standoff: 4 }, exponentformat: "power" } }) };
}

function overSteps(chart, each, look) {
  const { value, kinds, name } = OVER_STEPS[chart.shows];
  const traces = each.flatMap(({ arm, run, name: title, line, symbol }) => kinds.flatMap((kind) => {
    const points = run.series.arms.get(arm.name)?.[kind];
    if (!points?.step.length) return [];
    return [{ type: "scatter", mode: kind === "train" ? "lines" : "lines+markers", name: title, x: [...points.step], y: [...points[value]], showlegend: kind !== "batch",
      line: { ...line, dash: kind === "batch" ? "dot" : line.dash }, marker: { symbol, size: 7 }, connectgaps: false, hovertemplate: value === "accuracy" ? "%{y:.1%}" : "%{y:.4f}" }];
  }));
  return { traces, layout: layout(look, { ...legend(look), hovermode: "x unified",
    xaxis: { title: { text: _("step (mini-batches)"), standoff: 6 }, rangemode: "tozero" },
    yaxis: { title: { text: name(), standoff: 4 }, ...(value === "accuracy" ? { tickformat: ".0%", range: [0, 1] } : {}) } }) };
}

// `isLower`: the names along the axis are so many that they are written aslant.
const legend = (look, isLower = false) => ({ showlegend: true, legend: { orientation: "h", y: -0.06 - (isLower ? 0.3 : 0.16) * look.enlarged, x: 0, font: { size: look.type } }, margin: { l: 8, r: 12, t: look.type, b: 8 } });

// The title of the upright axis goes on in a next line where the plot ends.
export async function draw(Plotly, element, { traces, layout: how }) {
  const { yaxis, font } = how;
  const isLog = yaxis.type === "log";
  const lines = inLines(yaxis.title.text, PLOT * element.clientHeight, ruler(font.family), OF_TITLE * font.size);
  const names = { ...how.legend, y: how.legend.y * Math.min(1, LOW / element.clientHeight) }; // in pixels, as far below the plot of a high chart
  const y = { ...yaxis, title: { ...yaxis.title, text: lines.join("<br>") }, ...(isLog && keptTicks(element)) };
  await Plotly.react(element, traces, { ...how, legend: names, yaxis: y }, CONFIG);
  if (isLog) ticksFollow(Plotly, element, "yaxis");
}
