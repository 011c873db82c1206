// The curves of several runs in one chart: a colour is an arm, a dash a run, and the run in front is drawn last.

import { endLabels, mostLabels } from "../train/labels.js";
import { lineOf } from "../train/series.js";
import { _ } from "../shared/language.js";
import { plotly } from "../shared/plotly.js";
import { ruler } from "../shared/ruler.js";
import { upright } from "../shared/titles.js";
import { logTicks, ticksFollow, wholeSteps } from "../shared/ticks.js";
import { axisIn, dragging, framed } from "../shared/web.js";

export const DASHES = ["solid", "dash", "dot", "dashdot", "longdash", "longdashdot"];
const SMOOTH = 9; // points, of the training loss
const CONFIG = framed({ modeBarButtons: [["zoom2d", "pan2d", "resetScale2d"]] });
const NARROW = 500; // pixels: the labels of several runs would take all of it

export class CompareChart {
  constructor(element, choose) {
    this.element = element;
    this.choose = choose;
    this.isDragging = dragging(element, () => this.drawWanted());
  }

  close() {
    this.closed = true;
  }

  // comparison: {runs, series, front, letters, colors, value, x}
  async draw(comparison, look) {
    this.last = this.wanted = [comparison, look];
    await this.drawWanted();
  }

  async drawWanted() {
    if (this.drawing) return;
    this.drawing = true;
    try {
      const Plotly = await plotly();
      while (this.wanted && !this.closed && !this.isDragging()) {
        const now = picture(...this.wanted, this.element, this.given);
        this.wanted = null;
        this.given = { range: [...now.layout.yaxis.range], revision: now.layout.uirevision };
        await Plotly.react(this.element, now.traces, now.layout, CONFIG);
        if (!this.heard) this.listen(Plotly);
      }
    } finally {
      this.drawing = false;
    }
  }

  listen(Plotly) {
    this.heard = true;
    ticksFollow(Plotly, this.element, "yaxis");
    // Whole again, the chart goes as far as the lines do by now.
    this.element.on("plotly_relayout", (change) => Object.keys(change).some((key) => /axis\.(auto)?range/.test(key)) && this.draw(...this.last));
    this.element.on("plotly_click", ({ points }) => this.choose(points[0].data.meta.run));
  }
}

// Plotly keeps a zoom only while the range it is given stays the same, so a zoomed chart is given its old one.
export function held(range, revision, given, axis) {
  const isZoomed = axis && given?.revision === revision && given.range.some((end, i) => Math.abs(end - axis.range[i]) > 1e-9);
  return isZoomed ? [...given.range] : range;
}

const revisionOf = ({ value, x }) => `${value} ${x}`;

function picture({ runs, series, front, letters, colors, value, x }, look, element, given) {
  const [kind, column] = value === "train" ? ["train", "loss"] : ["test", value];
  const lines = runs.flatMap((run, i) => linesOf(run, i, { series: series.get(run.id), kind, column, x, colors, letter: letters.get(run.id) }));
  const shown = lines.toSorted((a, b) => (a.run === front) - (b.run === front));
  const log = column === "loss";
  const range = held(rangeOf(lines, column), revisionOf({ value, x }), given, element._fullLayout?.yaxis);
  const { margin, annotations } = labelled(lines, { front, column, range, log, look, element });
  return { traces: shown.map((line) => trace(line, { front, column })), layout: layout({ look, element, margin, annotations, value, x, range, log }) };
}

function linesOf(run, i, { series, kind, column, x, colors, letter }) {
  return [...(series?.arms.values() ?? [])].flatMap((arm) => {
    if (!arm[kind].step.length) return [];
    const drawn = lineOf(arm, kind, column, { x, smooth: kind === "train" ? SMOOTH : 1 });
    return [{ ...drawn, run: run.id, letter, arm, color: colors.get(arm.name), dash: DASHES[i % DASHES.length], isSecond: i >= DASHES.length }];
  });
}

// What is behind is fainter; of more runs than there are dashes, the others are thinner.
function trace({ x, y, run, letter, arm, color, dash, isSecond }, { front, column }) {
  const isBehind = front && run !== front;
  const width = run === front ? 3.4 : isSecond ? 1.4 : 2.3;
  const said = column === "accuracy" ? "%{y:.1%}" : "%{y:.4f}";
  return {
    type: "scatter", mode: x.length > 1 ? "lines" : "markers", x, y, meta: { run }, name: `${arm.name} ${letter}`, line: { color, dash, width },
    marker: { color }, opacity: isBehind ? 0.32 : 1, hovertemplate: `${said}<extra>${arm.name} ${letter}</extra>`, connectgaps: false,
  };
}

// An arm on its way to infinity would flatten all others.
function rangeOf(lines, column) {
  if (column === "accuracy") return [0, 1];
  const alive = lines.filter(({ arm }) => !arm.diverged);
  const values = (alive.length ? alive : lines).flatMap(({ y }) => y.filter((v) => v > 0 && v < Infinity)).map(Math.log10);
  if (!values.length) return [-1, 1];
  const [low, high] = [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
  const pad = Math.max(0.04, 0.06 * (high - low));
  return [low - pad, high + pad];
}

// At each line's end, which run's it is; where not all have room, those of the run in front, else of the first ones.
function labelled(lines, { front, column, range, log, look, element }) {
  const height = Math.max(100, element.clientHeight - 6.5 * look.type);
  const most = mostLabels(height, look);
  const ends = lines.flatMap(({ x, y, run, letter, arm, color }) => {
    const at = y.findLastIndex((value) => value != null);
    const name = `${arm.name} ${letter}`;
    return at < 0 ? [] : [{ arm: { ...arm, name }, color, run, end: x[at], value: y[at], finite: at === y.length - 1 }];
  });
  const isNarrow = element.clientWidth < NARROW;
  const fitting = ends.length <= most && !isNarrow ? ends : ends.filter(({ run }) => run === (front || lines[0].run)).slice(0, most);
  const place = (v) => ((log ? Math.log10(v) : v) - range[0]) / (range[1] - range[0]);
  return endLabels(fitting, { kind: column, place, height, look, widthOf: ruler(look.font) });
}

const xTitle = (x) => ({ step: _("step (mini-batches)"), epoch: _("epoch"), seconds: _("seconds of the arm’s own training") })[x];
const yTitle = (value) => ({ accuracy: _("test accuracy"), loss: _("test loss (nats)"), train: _("training loss (nats)") })[value];

function layout({ look, element, margin, annotations, value, x, range, log }) {
  const axis = axisIn(look);
  return {
    autosize: true, margin: { l: 8, r: margin, t: 30, b: 8 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: look.font, color: look.text, size: look.type }, showlegend: false, hovermode: "closest", dragmode: "zoom",
    uirevision: revisionOf({ value, x }), annotations,
    modebar: { bgcolor: "rgba(0,0,0,0)", color: look.faint, activecolor: look.text },
    hoverlabel: { bgcolor: look.background, bordercolor: look.grid, font: { size: look.type - 1, color: look.text } },
    xaxis: { ...axis, title: { text: xTitle(x), standoff: 6 }, rangemode: "tozero", ...(x === "step" && wholeSteps(100)) },
    yaxis: { ...axis, type: log ? "log" : "linear", range, title: { text: upright(yTitle(value), element.clientHeight - 6.5 * look.type, ruler(look.font), look.type), standoff: 4 },
      ...(value === "accuracy" && { tickformat: ".0%" }), ...(log && logTicks(range.map((exponent) => 10 ** exponent))) },
  };
}
