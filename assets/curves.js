// Two charts that share an x-axis: loss and accuracy, training solid, test dashed, batch statistics dotted.

import { MARKERS, armColors, theme } from "./look.js";
import { last, smooth } from "./series.js";
import { logTicks } from "./ticks.js";

const X_TITLES = { step: "step (mini-batches)", epoch: "epoch", seconds: "seconds of the arm’s own training" };
const KINDS = [
  { kind: "train", dash: "solid", name: "train" },
  { kind: "test", dash: "dash", name: "test" },
  { kind: "batch", dash: "dot", name: "test, batch statistics" },
];

export class Curves {
  constructor(Plotly, lossElement, accuracyElement) {
    this.Plotly = Plotly;
    this.charts = [
      { element: lossElement, value: "loss", title: "Loss (cross-entropy)", zoom: {} },
      { element: accuracyElement, value: "accuracy", title: "Accuracy", zoom: {} },
    ];
    this.drawn = false;
  }

  async draw(series, ghosts, view) {
    const look = theme(this.charts[0].element);
    for (const chart of this.charts) {
      const { traces, labels } = this.traces(chart, series, ghosts, view, look);
      const layout = this.layout(chart, series, view, look, labels);
      await this.Plotly.react(chart.element, traces, layout, { displaylogo: false, responsive: true, doubleClick: false,
        modeBarButtons: [["toImage", "zoom2d", "pan2d"]] });
    }
    if (!this.drawn) this.listen();
    this.drawn = true;
  }

  // Zooming one chart zooms the other along x; a double click shows everything again.
  listen() {
    for (const chart of this.charts) {
      chart.element.on("plotly_relayout", (change) => this.zoomed(chart, change));
      chart.element.on("plotly_doubleclick", () => {
        this.forgetZoom();
        this.redraw?.();
      });
    }
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

  traces(chart, series, ghosts, view, look) {
    const traces = [];
    const labels = [];
    for (const ghost of ghosts) traces.push(...ghostTraces(ghost, chart.value, view, look));
    const arms = [...series.arms.values()];
    const colors = armColors(arms, look);
    arms.forEach((arm, index) => {
      if (view.hidden.has(arm.name)) return;
      const color = colors.get(arm.name);
      for (const { kind, dash, name } of KINDS) {
        const points = arm[kind];
        if (!view.kinds.has(kind) || !points.step.length) continue;
        const raw = points[chart.value];
        const values = kind === "train" ? smooth(raw, view.smooth) : raw;
        if (values !== raw) traces.push(line(points[view.x], raw, color, "solid", 1, { opacity: 0.28, hoverinfo: "skip" }));
        const trace = line(points[view.x], values, color, dash, kind === "train" ? 2.4 : 2.2, {
          name: `${arm.name} ${name}`,
          hovertemplate: chart.value === "loss" ? "%{y:.4f}" : "%{y:.1%}",
        });
        if (kind === "test") Object.assign(trace, testMarkers(points, series, color, index));
        traces.push(trace);
      }
      if (arm.diverged) traces.push(divergence(arm, chart.value, view, color));
      const shown = view.kinds.has("test") && arm.test.step.length ? arm.test : arm.train;
      const value = last(shown[chart.value]);
      if (value != null) labels.push({ arm, color, value });
    });
    return { traces, labels };
  }

  layout(chart, series, view, look, labels) {
    const log = chart.value === "loss" && view.log;
    const end = xEnd(series, view);
    const y = chart.zoom.y ?? yRange(chart.value, log, series, view);
    const axis = { gridcolor: look.grid, zeroline: false, linecolor: look.grid, tickfont: { size: view.type }, automargin: true };
    return {
      autosize: true,
      margin: { l: 8, r: 118 * view.type / 14, t: 34 * view.type / 14, b: 8 },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: look.font, color: look.text, size: view.type },
      title: { text: `${chart.title}<span style="font-size:.72em;opacity:.7">   at the right: test</span>`, x: 0.01, xanchor: "left", y: 0.985, yanchor: "top", font: { size: view.type + 3 } },
      showlegend: false,
      hovermode: "x unified",
      hoverlabel: { bgcolor: look.background, bordercolor: look.grid, font: { size: view.type - 1, color: look.text } },
      dragmode: "zoom",
      xaxis: { ...axis, title: { text: X_TITLES[view.x], standoff: 6 }, range: chart.zoom.x ?? [0, end],
        hoverformat: view.x === "step" ? ",d" : ".2f" },
      yaxis: { ...axis, type: log ? "log" : "linear", range: y, title: { text: chart.value === "loss" ? "nats" : "share of images", standoff: 4 },
        tickformat: chart.value === "loss" ? "~g" : ".0%", ...(log && logTicks(y.map((exponent) => 10 ** exponent))) },
      shapes: series.rates.map((rate) => vertical(rate[view.x], look)),
      annotations: [...endLabels(labels, y, log, chart.value, view), ...series.rates.map((rate) => rateLabel(rate, view, look))],
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

function divergence(arm, value, view, color) {
  const points = arm.train.step.length ? arm.train : arm.test;
  return {
    type: "scatter", mode: "markers+text", x: [last(points[view.x])], y: [last(points[value])],
    marker: { symbol: "x", size: 13, color, line: { width: 1 } },
    text: [value === "loss" ? `${arm.name}: not finite at step ${arm.diverged.step}` : ""], textposition: "top right", textfont: { color },
    hovertext: arm.diverged.what, hoverinfo: "text", cliponaxis: false,
  };
}

function ghostTraces(ghost, value, view, look) {
  const arms = [...ghost.arms.values()].filter((arm) => !view.hidden.has(arm.name));
  const colors = armColors([...ghost.arms.values()], look);
  return arms.flatMap((arm) =>
    KINDS.filter(({ kind }) => kind !== "batch" && view.kinds.has(kind)).map(({ kind, dash }) =>
      line(arm[kind][view.x], smooth(arm[kind][value], view.smooth), colors.get(arm.name), dash, 1.2, {
        opacity: 0.3, hoverinfo: "skip",
      })));
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
  for (const arm of series.arms.values()) {
    if (view.hidden.has(arm.name)) continue;
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

// Names and numbers at the lines' ends, pushed apart where they would overlap.
function endLabels(labels, range, log, value, view) {
  const place = (v) => ((log ? Math.log10(v) : v) - range[0]) / (range[1] - range[0]);
  const gap = 0.075 * (view.type / 14);
  const placed = labels
    .map((label) => ({ ...label, y: Math.min(0.98, Math.max(0.02, place(label.value))) }))
    .sort((a, b) => a.y - b.y);
  placed.forEach((label, i) => {
    if (i) label.y = Math.max(label.y, placed[i - 1].y + gap);
  });
  const over = placed.length ? Math.max(0, last(placed).y - 0.98) : 0;
  return placed.map(({ arm, color, value: v, y }) => ({
    xref: "paper", yref: "paper", x: 1.01, y: y - over, xanchor: "left", yanchor: "middle", showarrow: false,
    align: "left", font: { color, size: view.type + 1 },
    text: `<b>${arm.name}</b> ${value === "loss" ? (v < 100 ? v.toFixed(2) : v.toPrecision(2)) : (100 * v).toFixed(1) + " %"}`,
  }));
}

const vertical = (x, look) => ({
  type: "line", xref: "x", yref: "paper", x0: x, x1: x, y0: 0, y1: 1, line: { color: look.faint, width: 1.5, dash: "dashdot" },
});

const rateLabel = (rate, view, look) => ({
  xref: "x", yref: "paper", x: rate[view.x], y: 1, xanchor: "left", yanchor: "top", showarrow: false,
  text: `lr ${rate.old} → ${rate.new}`, font: { size: view.type - 1, color: look.faint },
});
