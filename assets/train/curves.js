// Two charts that share an x-axis: loss and accuracy, training solid, test dashed, batch statistics dotted.

import { Ends } from "./ends.js";
import { gapMark } from "./gap.js";
import { KINDS, labelledKind, lineName } from "./kinds.js";
import { endLabels, lost, marksAbove, rateMark } from "./labels.js";
import { xEnd, yRange } from "./ranges.js";
import { MARKERS, RAW, armColors } from "../shared/look.js";
import { lineOf } from "./series.js";
import { _ } from "../shared/language.js";
import { ruler } from "../shared/ruler.js";
import { ENDED } from "../shared/standing.js";
import { logTicks, wholeSteps, written } from "../shared/ticks.js";
import { besideTitle } from "../shared/terms.js";
import { titled, upright } from "../shared/titles.js";
import { SAVE, axisIn, breath, framed } from "../shared/web.js";

const xTitle = (x) => ({ step: _("step (mini-batches)"), epoch: _("epoch"), seconds: _("seconds of the arm’s own training") })[x];
const hoverTitle = (x) => ({ step: _("step {step}", { step: "%{x:,d}" }), epoch: _("epoch {epoch}", { epoch: "%{x:.2f}" }),
  seconds: _("{n} s", { n: "%{x:.2f}" }) })[x];
const title = (value) => (value === "loss" ? _("Loss (cross-entropy)") : _("Accuracy"));
const HUGE = 1e4; // nats
const AT_ONCE = { duration: 0 };
const NO_GAP = { shapes: [], annotations: [], above: [] };

const CONFIG = framed({ doubleClick: false, modeBarButtons: [[SAVE, "zoom2d", "pan2d"]] });

export class Curves {
  // `breathe` comes before each chart is drawn: with the other, or with what the page has just written, it would hold a
  // live page up for longer than a frame. A page that is about to be printed has no time for it.
  constructor(Plotly, lossElement, accuracyElement, breathe = breath) {
    Object.assign(this, { Plotly, breathe });
    this.charts = [
      { element: lossElement, value: "loss", zoom: {}, ends: new Ends(lossElement) },
      { element: accuracyElement, value: "accuracy", zoom: {}, ends: new Ends(accuracyElement) },
    ];
    this.drawn = false;
  }

  // Whether both charts are drawn: a drag that began between them is not to end by it, and a drawing after it draws both.
  async draw(series, ghosts, view, look) {
    const pictures = this.charts.map((chart) => this.picture(chart, series, ghosts, view, look));
    const room = this.roomAbove(pictures, series, view, look);
    for (const [i, chart] of this.charts.entries()) {
      if (this.breathe) await this.breathe();
      if (this.drawn && this.isHeld?.()) return false;
      const ends = pictures[i].beside(room);
      const layout = this.layout(chart, series, view, look, { ...pictures[i], room, ends });
      await this.react(chart, pictures[i].traces, titled(layout, chart.element.clientWidth, CONFIG, besideTitle(chart.element)));
      chart.ends.write(ends.annotations, look.font);
    }
    if (!this.drawn) this.listen();
    this.drawn = true;
    return true;
  }

  // In both charts, so that the plots begin at one height. While a run goes on it stays where it was taken once: words that
  // find a place beside a line, and lose it again, would move both plots up and down.
  roomAbove(pictures, series, view, look) {
    const taken = Math.max(...pictures.map(({ above }) => above.room));
    const seen = JSON.stringify([look.type, isLow(look), view.x, [...view.kinds], [...view.hidden]]);
    const isKept = this.above?.series === series && this.above.seen === seen && !ENDED.has(series.status);
    this.above = { series, seen, room: isKept ? Math.max(this.above.room, taken) : taken };
    return this.above.room;
  }

  // Where the lines have grown and all else is as it was, a transition of no length draws the lines alone.
  react(chart, traces, layout) {
    const { clientWidth, clientHeight } = chart.element;
    const before = chart.frame;
    chart.frame = JSON.stringify([layout, clientWidth, clientHeight, traces.map(withoutPoints)]);
    const isGrown = chart.frame === before && !traces.some(({ text }) => text);
    return this.Plotly.react(chart.element, traces, isGrown ? { ...layout, transition: AT_ONCE } : layout, CONFIG);
  }

  // Zooming one chart zooms the other along x; a double click shows everything again.
  listen() {
    this.drawnFirst?.();
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

  // The lines, and the words around them.
  picture(chart, series, ghosts, view, look) {
    const log = chart.value === "loss" && view.log;
    const earlier = ghosts.flatMap((ghost) => ghostTraces(ghost, chart.value, series, view, look));
    const y = chart.zoom.y ?? yRange(chart.value, log, series, view, earlier);
    const x = chart.zoom.x ?? [0, xEnd(series, view)];
    const { traces, labels, marks } = this.traces(chart, series, earlier, view, look, log ? 10 ** y[1] : y[1]);
    const place = (v) => ((log ? Math.log10(v) : v) - y[0]) / (y[1] - y[0]);
    const isSeen = ({ end, value }) => (!chart.zoom.x || (end >= x[0] && end <= x[1])) && (!chart.zoom.y || (place(value) >= 0 && place(value) <= 1));
    const { clientWidth, clientHeight: height } = chart.element;
    const widthOf = ruler(look.font);
    const beside = (room) => endLabels(labels, { kind: chart.value, place, isSeen, height: Math.max(100, height - 6.5 * look.type - room), look, widthOf });
    const left = chart.element._fullLayout?._size?.l ?? 4 * look.type;
    const width = Math.max(100, clientWidth - left - beside(0).margin);
    const rowsOf = (all) => marksAbove(all, { range: x, width, height, look, widthOf });
    const gap = chart.value === "loss" ? NO_GAP : gapMark([...series.arms.values()], view, {
      range: x, width, yRange: y, height: height - 6.5 * look.type - rowsOf(marks).room, look, widthOf,
      color: ({ name }) => armColors([...series.arms.values()], look).get(name),
      lines: [...traces.filter(({ mode }) => mode.includes("lines")), ...series.turns.map((rate) => ({ x: [rate[view.x], rate[view.x]], y }))],
    });
    const above = rowsOf(isLow(look) ? marks : [...marks, ...gap.above]);
    return { traces, beside, above, gap, x, y, log };
  }

  traces(chart, series, earlier, view, look, top) {
    const traces = [...earlier];
    const labels = [];
    const marks = series.turns.map((rate) => rateMark(rate, view, look));
    const arms = [...series.arms.values()];
    const colors = armColors(arms, look);
    const labelled = labelledKind(view);
    arms.forEach((arm, index) => {
      if (view.hidden.has(arm.name)) return;
      const color = colors.get(arm.name);
      for (const { kind, dash } of KINDS) {
        const points = arm[kind];
        if (!view.kinds.has(kind) || !points.step.length) continue;
        const raw = points[chart.value];
        const { x, y } = lineOf(arm, kind, chart.value, view);
        if (y !== raw) traces.push(line(x, raw, color, "solid", 1, { opacity: RAW, hoverinfo: "skip" }));
        const trace = line(x, y, color, dash, kind === "train" ? 2.4 : 2.2, { name: `${arm.name} ${lineName(kind)}`, ...hover(chart.value, y, y !== raw) });
        if (kind === "test") Object.assign(trace, testMarkers(points, series, color, index));
        traces.push(trace);
        if (kind === labelled) labels.push(...endOf(arm, color, trace));
      }
      if (!arm.diverged) return;
      const { cross, mark } = lost(arm, chart.value, { view, color, top });
      traces.push(cross);
      if (chart.value === "loss") marks.push(mark); // told once
    });
    return { traces, labels, marks };
  }

  layout(chart, series, view, look, { ends, above, gap, room, x, y, log }) {
    const axis = { ...axisIn(look), ticklabeloverflow: "allow" }; // to see which numbers overflow, plotly would measure each
    return {
      autosize: true,
      margin: { l: 8, r: ends.margin, t: (isLow(look) ? 23 : 34) * look.type / 14 + room, b: 8 },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: look.font, color: look.text, size: look.type },
      title: { text: title(chart.value), x: 0.01, xanchor: "left", y: 0.985, yanchor: "top", font: { size: look.type + 3 } },
      showlegend: false,
      hovermode: "x unified",
      modebar: { bgcolor: isLow(look) ? look.background : "rgba(0,0,0,0)", color: look.faint, activecolor: look.text },
      hoverlabel: { bgcolor: look.background, bordercolor: look.grid, font: { size: look.type - 1, color: look.text } },
      dragmode: chart.element._fullLayout?.dragmode ?? "zoom", // or what was chosen in its bar
      xaxis: { ...axis, ...(!isLow(look) && { title: { text: xTitle(view.x), standoff: 6 } }), range: x, ...(view.x === "step" && wholeSteps(x[1] - x[0])),
        unifiedhovertitle: { text: hoverTitle(view.x) } },
      yaxis: { ...axis, type: log ? "log" : "linear", range: y, title: { text: upright(chart.value === "loss" ? _("nats") : _("share of images"), chart.element.clientHeight - 6.5 * look.type - room, ruler(look.font), look.type), standoff: 4 },
        ...(chart.value === "accuracy" && { tickformat: ".0%" }), ...(log && logTicks(y.map((exponent) => 10 ** exponent))) },
      shapes: [...series.turns.map((rate) => vertical(rate[view.x], look)), ...gap.shapes],
      annotations: [...above.annotations, ...gap.annotations, ...(isLow(look) ? [besideAxis(view.x, look), ...gap.above.map((mark) => inTitleRow(mark, { room, margin: ends.margin, look }))] : [])],
    };
  }
}

// On a projector's low screen the x-axis says what it is at its end, below the names of the lines, and the gap is told behind
// the title: no row is left for either.
const LOW = 800;
const isLow = (look) => look.enlarged > 1 && window.innerHeight <= LOW;
const besideAxis = (x, look) => ({
  xref: "paper", yref: "paper", x: 1, y: 0, xanchor: "left", yanchor: "top", xshift: 14, yshift: -3, showarrow: false,
  text: { step: _("step"), epoch: _("epoch"), seconds: _("seconds") }[x], font: { size: look.type - 2, color: look.faint },
});

const inTitleRow = ({ texts: [text], color }, { room, margin, look }) => ({
  xref: "paper", yref: "paper", x: 1, y: 1, xanchor: "right", yanchor: "bottom", xshift: margin - 8, yshift: room + 4, showarrow: false,
  text, font: { size: look.type - 4, color }, // the title has its room on a chart of 450 pixels, too
});

const withoutPoints = (trace) => ({ ...trace, x: null, y: null, marker: { ...trace.marker, size: null } });

const pair = (change, axis) =>
  `${axis}.range[0]` in change ? [change[`${axis}.range[0]`], change[`${axis}.range[1]`]] : undefined;

const line = (x, y, color, dash, width, more) => ({
  type: "scatter", mode: "lines", x, y, line: { color, dash, width }, connectgaps: false, ...more,
});

// What is said at a point; a loss that blew up is written as beside its line.
function hover(value, y, isSmoothed) {
  const said = (point) => ({ hovertemplate: isSmoothed ? _("{value} smoothed", { value: point }) : point });
  if (value === "accuracy") return said("%{y:.1%}");
  if (!y.some((loss) => loss >= HUGE)) return said("%{y:.4f}");
  return { text: y.map((loss) => (loss == null ? "" : written(loss, 4))), ...said("%{text}") };
}

// Where a drawn line ends, for the label there.
function endOf(arm, color, { x, y }) {
  const at = y.findLastIndex((value) => value != null);
  return at < 0 ? [] : [{ arm, color, end: x[at], value: y[at], finite: at === y.length - 1 }];
}

// A big marker is a test on all test images, no marker one on the first thousand.
function testMarkers(points, series, color, index) {
  const all = series.started.test_examples;
  return {
    mode: "lines+markers", cliponaxis: false,
    marker: { color, symbol: MARKERS[index], size: points.examples.map((n, i) => (n === all ? 9 : i ? 0 : 5)) },
  };
}

// An arm is hidden by its card, so one that the run in view does not have is not; but while that one trains arms unseen, it may
// be such an arm's earlier curve, which would tell how it goes.
export function ghostArms(ghost, series, view) {
  const isKnown = ({ name }) => series.arms.has(name);
  const isShown = ({ name }) => !view.hidden.has(name);
  return [...ghost.arms.values()].filter((arm) => (series.hides ? isKnown(arm) && isShown(arm) : isShown(arm) || (series.started && !isKnown(arm))));
}

// For a picture's key: the earlier runs of which something is drawn, each as a faint line in its arms' colours.
export function keyOfEarlier(earlier, ghosts, series, view, look) {
  return earlier.flatMap(({ id, label }) => {
    const ghost = ghosts.get(id);
    if (!ghost) return [];
    const colors = armColors([...ghost.arms.values()], look);
    const drawn = ghostArms(ghost, series, view).map(({ name }) => colors.get(name));
    return drawn.length ? [{ text: label, colors: drawn, faint: true }] : [];
  });
}

function ghostTraces(ghost, value, series, view, look) {
  const colors = armColors([...ghost.arms.values()], look);
  return ghostArms(ghost, series, view).flatMap((arm) =>
    KINDS.filter(({ kind }) => kind !== "batch" && view.kinds.has(kind)).map(({ kind, dash }) => {
      const { x, y } = lineOf(arm, kind, value, view);
      return line(x, y, colors.get(arm.name), dash, 1.2, { opacity: 0.3, hoverinfo: "skip", meta: { diverged: arm.diverged != null } });
    }));
}

const vertical = (x, look) => ({
  type: "line", xref: "x", yref: "paper", layer: "below", x0: x, x1: x, y0: 0, y1: 1, line: { color: look.faint, width: 1.5, dash: "dashdot" },
});
