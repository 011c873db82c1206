// Two charts that share an x-axis: loss and accuracy, training solid, test dashed, batch statistics dotted.

import { RATE_ROWS, endLabels, lost, rateLabels } from "./labels.js";
import { MARKERS, armColors } from "../shared/look.js";
import { last, lineOf } from "./series.js";
import { logTicks } from "../shared/ticks.js";
import { SAVE } from "../shared/web.js";

const X_TITLES = { step: "step (mini-batches)", epoch: "epoch", seconds: "seconds of the arm’s own training" };
const HOVER_TITLES = { step: "step %{x:,d}", epoch: "epoch %{x:.2f}", seconds: "%{x:.2f} s" };
export const KINDS = [
  { kind: "train", dash: "solid", name: "train" },
  { kind: "test", dash: "dash", name: "test" },
  { kind: "batch", dash: "dot", name: "test, batch statistics" },
];
const AT_THE_RIGHT = { test: "at the right: test", batch: "at the right: test, batch statistics", train: "at the right: train, last point" };

const pen = document.createElement("canvas").getContext("2d");

const ruler = (look) => (text, size) => {
  pen.font = `600 ${size}px ${look.font}`;
  return pen.measureText(text).width;
};

export class Curves {
  constructor(Plotly, lossElement, accuracyElement) {
    this.Plotly = Plotly;
    this.charts = [
      { element: lossElement, value: "loss", title: "Loss (cross-entropy)", zoom: {} },
      { element: accuracyElement, value: "accuracy", title: "Accuracy", zoom: {} },
    ];
    this.drawn = false;
  }

  async draw(series, ghosts, view, look) {
    for (const chart of this.charts) {
      const log = chart.value === "loss" && view.log;
      const range = chart.zoom.y ?? yRange(chart.value, log, series, view);
      const { traces, labels } = this.traces(chart, series, ghosts, view, look, log ? 10 ** range[1] : range[1]);
      const layout = this.layout(chart, series, view, look, labels, log, range);
      await this.Plotly.react(chart.element, traces, layout, { displaylogo: false, responsive: true, doubleClick: false,
        modeBarButtons: [[SAVE, "zoom2d", "pan2d"]] });
    }
    if (!this.drawn) this.listen();
    this.drawn = true;
  }

  // Zooming one chart zooms the other along x; a double click shows everything again.
  listen() {
    for (const chart of this.charts) {
      new ResizeObserver(() => this.fit(chart)).observe(chart.element);
      chart.element.on("plotly_relayout", (change) => this.zoomed(chart, change));
      chart.element.on("plotly_doubleclick", () => this.showWhole());
      // The browser counts clicks by when the hand made them; plotly by when it hears of them, which a busy page delays.
      const isSecond = ({ detail, target }) => detail === 2 && target.closest(".nsewdrag");
      chart.element.addEventListener("mousedown", (event) => isSecond(event) && this.showWhole(), { capture: true });
    }
  }

  showWhole() {
    this.forgetZoom();
    this.redraw?.();
  }

  // The charts take what the cards and the verdict leave, so that they change size without the window.
  fit({ element }) {
    const { width, height } = element._fullLayout ?? {};
    if (!element.clientHeight || (Math.abs(element.clientWidth - width) < 2 && Math.abs(element.clientHeight - height) < 2)) return;
    this.Plotly.Plots.resize(element);
  }

  zoomed(chart, change) {
    const x = change["xaxis.range"] ?? pair(change, "xaxis");
    const y = change["yaxis.range"] ?? pair(change, "yaxis");
    if (!x && !y) return;
    if (x) for (const each of this.charts) each.zoom.x = x;
    if (y) chart.zoom.y = y;
    this.redraw?.();
  }

  get isZoomed() {
    return this.charts.some((chart) => chart.zoom.x || chart.zoom.y);
  }

  forgetZoom() {
    for (const chart of this.charts) chart.zoom = {};
  }

  traces(chart, series, ghosts, view, look, top) {
    const traces = [];
    const labels = [];
    for (const ghost of ghosts) traces.push(...ghostTraces(ghost, chart.value, series, view, look));
    const arms = [...series.arms.values()];
    const colors = armColors(arms, look);
    let nth = Math.min(RATE_ROWS, series.rates.length);
    arms.forEach((arm, index) => {
      if (view.hidden.has(arm.name)) return;
      const color = colors.get(arm.name);
      for (const { kind, dash, name } of KINDS) {
        const points = arm[kind];
        if (!view.kinds.has(kind) || !points.step.length) continue;
        const raw = points[chart.value];
        const { x, y } = lineOf(arm, kind, chart.value, view);
        if (y !== raw) traces.push(line(x, raw, color, "solid", 1, { opacity: 0.28, hoverinfo: "skip" }));
        const trace = line(x, y, color, dash, kind === "train" ? 2.4 : 2.2, {
          name: `${arm.name} ${name}`,
          hovertemplate: (chart.value === "loss" ? "%{y:.4f}" : "%{y:.1%}") + (y === raw ? "" : " smoothed"),
        });
        if (kind === "test") Object.assign(trace, testMarkers(points, series, color, index));
        traces.push(trace);
      }
      if (arm.diverged) traces.push(lost(arm, chart.value, { view, color, top, nth: nth++ }));
      const kind = atTheRight(arm, view);
      const shown = kind ? arm[kind][chart.value] : [];
      const value = shown.findLast((v) => v != null);
      if (value != null) labels.push({ arm, color, value, kind, finite: last(shown) != null });
    });
    return { traces, labels };
  }

  layout(chart, series, view, look, labels, log, y) {
    const x = chart.zoom.x ?? [0, xEnd(series, view)];
    const place = (v) => ((log ? Math.log10(v) : v) - y[0]) / (y[1] - y[0]);
    const { clientWidth: width, clientHeight: height } = chart.element;
    const widthOf = ruler(look);
    const ends = endLabels(labels, { kind: chart.value, place, height: Math.max(100, height - 6.5 * look.type), look, widthOf });
    const rates = rateLabels(series.rates, { range: x, width: Math.max(100, width - ends.margin - 4 * look.type), view, look, widthOf });
    const axis = { gridcolor: look.grid, zeroline: false, linecolor: look.grid, tickfont: { size: look.type }, automargin: true };
    return {
      autosize: true,
      margin: { l: 8, r: ends.margin, t: 34 * look.type / 14, b: 8 },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: look.font, color: look.text, size: look.type },
      title: { text: chart.title + subtitle(labels), x: 0.01, xanchor: "left", y: 0.985, yanchor: "top", font: { size: look.type + 3 } },
      showlegend: false,
      hovermode: "x unified",
      modebar: { bgcolor: "rgba(0,0,0,0)", color: look.faint, activecolor: look.text },
      hoverlabel: { bgcolor: look.background, bordercolor: look.grid, font: { size: look.type - 1, color: look.text } },
      dragmode: "zoom",
      xaxis: { ...axis, title: { text: X_TITLES[view.x], standoff: 6 }, range: x,
        unifiedhovertitle: { text: HOVER_TITLES[view.x] } },
      yaxis: { ...axis, type: log ? "log" : "linear", range: y, title: { text: chart.value === "loss" ? "nats" : "share of images", standoff: 4 },
        tickformat: chart.value === "loss" ? "~g" : ".0%", ...(log && logTicks(y.map((exponent) => 10 ** exponent))) },
      shapes: series.rates.map((rate) => vertical(rate[view.x], look)),
      annotations: [...ends.annotations, ...rates],
    };
  }
}

const pair = (change, axis) =>
  `${axis}.range[0]` in change ? [change[`${axis}.range[0]`], change[`${axis}.range[1]`]] : undefined;

const line = (x, y, color, dash, width, more) => ({
  type: "scatter", mode: "lines", x, y, line: { color, dash, width }, connectgaps: false, ...more,
});

// A big marker is a test on all test images, no marker one on the first thousand.
function testMarkers(points, series, color, index) {
  const all = series.started.test_examples;
  return {
    mode: "lines+markers", cliponaxis: false,
    marker: { color, symbol: MARKERS[index], size: points.examples.map((n, i) => (n === all ? 9 : i ? 0 : 5)) },
  };
}

// An arm is hidden by its card, so one that the run in view does not have is not.
function ghostTraces(ghost, value, series, view, look) {
  const arms = [...ghost.arms.values()].filter(({ name }) => !view.hidden.has(name) || (series.started && !series.arms.has(name)));
  const colors = armColors([...ghost.arms.values()], look);
  return arms.flatMap((arm) =>
    KINDS.filter(({ kind }) => kind !== "batch" && view.kinds.has(kind)).map(({ kind, dash }) => {
      const { x, y } = lineOf(arm, kind, value, view);
      return line(x, y, colors.get(arm.name), dash, 1.2, { opacity: 0.3, hoverinfo: "skip" });
    }));
}

// Which line's last number stands at the right: of those that are lit.
const atTheRight = (arm, view) => ["test", "train", "batch"].find((kind) => view.kinds.has(kind) && arm[kind].step.length);

function subtitle(labels) {
  const kinds = [...new Set(labels.map(({ kind }) => kind))];
  return kinds.length ? `<span style="font-size:.72em;opacity:.7">   ${kinds.map((kind) => AT_THE_RIGHT[kind]).join("; ")}</span>` : "";
}

// The range ends ahead of the curves and grows by doubling, so that the picture does not slide.
function xEnd(series, view) {
  if (!series.started) return 1;
  const { total_steps: total, steps_per_epoch: perEpoch } = series.started;
  let now = 0;
  for (const arm of series.arms.values()) now = Math.max(now, last(arm.train[view.x]) ?? 0);
  const whole = view.x === "step" ? total : view.x === "epoch" ? total / perEpoch : Infinity;
  let end = view.x === "step" ? 60 : view.x === "epoch" ? 60 / perEpoch : 5;
  while (end < now) end *= 2;
  return Math.min(end, Math.max(whole, now)) * 1.005;
}

function yRange(value, log, series, view) {
  if (value === "accuracy") return [0, 1];
  let [low, high] = [Infinity, -Infinity];
  const shown = [...series.arms.values()].filter((arm) => !view.hidden.has(arm.name));
  const alive = shown.filter((arm) => !arm.diverged);
  // One arm on its way to infinity would flatten all others.
  for (const arm of alive.length ? alive : shown) {
    for (const { kind } of KINDS) {
      if (!view.kinds.has(kind)) continue;
      for (const v of arm[kind].loss) {
        if (v == null) continue;
        if (v < low) low = v;
        if (v > high) high = v;
      }
    }
  }
  if (low > high) [low, high] = [0.2, 2.6];
  if (!log) return [0, high * 1.06];
  const [a, b] = [Math.log10(Math.max(low, 1e-6)), Math.log10(Math.max(high, 1e-6))];
  const pad = Math.max(0.04, (b - a) * 0.06);
  return [a - pad, b + pad];
}

const vertical = (x, look) => ({
  type: "line", xref: "x", yref: "paper", x0: x, x1: x, y0: 0, y1: 1, line: { color: look.faint, width: 1.5, dash: "dashdot" },
});
