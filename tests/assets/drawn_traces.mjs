// What the pages draw of a run, as JSON: node drawn_traces.mjs FILE, of which FILE has {points, looks, wholes, arms}.
// Its answer is {chart: traces}. The classes are the pages' own; only what a browser would bring is stood in for.

import { readFileSync } from "node:fs";
import { argv, stdout } from "node:process";

import { script } from "./script.mjs";

const nothing = () => {};
const element = () => ({
  getContext: () => ({ measureText: (text) => ({ width: 7 * text.length }) }),
  style: { setProperty: nothing }, dataset: {}, classList: { contains: () => false, toggle: nothing, add: nothing }, children: [],
  clientWidth: 900, clientHeight: 400, on: nothing, emit: nothing, addEventListener: nothing, append: nothing,
  querySelectorAll: () => [], querySelector: element, closest: element, _fullLayout: { xaxis2: { _offset: 0 } },
});
const storage = { getItem: () => null, setItem: nothing };
class Observer {
  observe() {}
}
Object.assign(globalThis, {
  document: { ...element(), documentElement: {}, baseURI: "http://server/", createElement: element, body: element() },
  window: { addEventListener: nothing, dispatchEvent: nothing }, addEventListener: nothing, sessionStorage: storage, localStorage: storage,
  IntersectionObserver: Observer, ResizeObserver: Observer, MutationObserver: Observer, HTMLElement: class {}, getComputedStyle: () => ({ getPropertyValue: () => "" }),
  history: {}, location: { search: "", href: "http://server/" },
});

const { points, looks, wholes, arms } = JSON.parse(readFileSync(argv[2], "utf8"));
const { Series } = await script("series.js");
const { Curves } = await script("curves.js");
const { Gradients } = await script("gradients.js");
const { Activations } = await script("activations.js");
const { Parameters } = await script("parameters.js");
const { armColors, theme } = await script("look.js");

const look = theme(element());
const found = {};

function curves(x, smooth) {
  const series = new Series();
  series.add(points);
  const view = { x, log: true, smooth, kinds: new Set(["train", "test", "batch"]), hidden: new Set() };
  const { charts } = new Curves(null, element(), element());
  const drawn = new Curves(null, element(), element());
  for (const chart of charts) {
    const { traces, y } = drawn.picture(chart, series, [], view, look);
    found[`${chart.value} ${x} ${smooth}`] = traces;
    if (chart.value === "loss") found.range = y;
  }
}

// A page that shows `index` of its looks, without the page.
function page(Page, view, index, more) {
  const its = looks[view];
  const made = Object.create(Page.prototype);
  const parts = new Proxy({}, { get: (target, name) => (target[name] ??= element()) });
  return Object.assign(made, {
    parts, arms, hidden: new Set(), colours: look, colors: armColors(arms, look), data: { run: "" }, source: "fixed",
    picture: { looks: its, index, look: its[index], source: "fixed" }, element: element(), whole: async () => wholes[index], ...more,
  });
}

// Plotly, as far as it is asked to draw: keeps the traces under the chart's name.
const keeping = (made, names) => Object.defineProperty(made, "Plotly", {
  value: { react: async (chart, traces) => { found[names(chart)] = traces; }, relayout: nothing },
});

for (const x of ["step", "epoch", "seconds"]) for (const smooth of [1, 9, 31]) curves(x, smooth);

for (const index of looks.gradients.keys()) {
  const layers = Object.keys(Object.values(looks.gradients[index].arms)[0]);
  for (const metric of ["mean_abs", "rms", "before_rms", "update_ratio", "zero_share"]) {
    const made = keeping(page(Gradients, "gradients", index, { metric }), () => `gradients ${metric} ${index}`);
    await made.drawDepth(layers, look);
  }
  for (const layer of layers) {
    const made = keeping(page(Gradients, "gradients", index, {}), () => `gradient_distribution ${layer} ${index}`);
    made.parts.layer.value = layer;
    await made.drawHistogram(look);
  }
  for (const stage of ["before", "normalized", "scaled", "activated"]) {
    const made = keeping(page(Activations, "activations", index, { stage, layers: Object.keys(Object.values(looks.activations[index].arms)[0]) }), () => `spread ${stage} ${index}`);
    await made.drawSpread();
    for (const layer of made.layers) {
      const other = keeping(page(Activations, "activations", index, { stage, chosen: layer, range: "layer" }), () => `distribution ${layer} ${stage} ${index}`);
      await other.drawStage({ dataset: { column: stage }, classList: { toggle: nothing }, firstChild: element(), lastChild: element() }, wholes[index], null);
    }
  }
  for (const layer of Object.keys(looks.parameters)) await parameters(layer, index);
}

async function parameters(layer, index) {
  const its = looks.parameters[layer];
  const whole = Object.values(wholes[0])[0].layers.find(({ name }) => name === layer);
  const channels = whole.before.unit_means.length;
  let chart = "";
  const made = keeping(page(Parameters, "gradients", index, {
    picture: { looks: its, index, look: its[index], source: "fixed" }, shown: its[index], chosen: layer, points: [], answers: {},
    shape: new Map([[layer, { channels, positions: 1 }]]), sayRunning: nothing,
  }), () => `${chart} ${layer} ${index}`);
  made.chart = (part, traces) => { found[`${part} ${layer} ${index}`] = traces; };
  const norms = made.norms();
  for (const which of ["gamma", "beta"]) made.drawParameter(which, norms);
  chart = "running";
  await made.drawRunning(norms.filter(({ norm }) => norm.running_var.length));
}

stdout.write(JSON.stringify(found));
