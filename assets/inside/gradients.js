// How large the gradient is in each layer, in the network's order: now, at any earlier step, and over the whole run.

import { captioned, fillScale, roomy, scaleOf, ticks, whyFlat } from "./heat_maps.js";
import { react } from "./in_sight.js";
import { InsidePage, mounter } from "./inside.js";
import { keptTicks, ticksFollow } from "./log_axis.js";
import { NOTES } from "./notes.js";
import { armOf } from "./saved.js";
import { ratio, withoutPlace } from "./zeros.js";
import { keep, kept } from "../shared/kept.js";
import { _, pgettext } from "../shared/language.js";
import { MARKERS } from "../shared/look.js";
import { ruler } from "../shared/ruler.js";
import { asks } from "../shared/terms.js";
import { CONFIG, SMALL, brief, escape, layout, number, percent, scientific } from "../shared/web.js";

const metrics = () => ({
  mean_abs: { name: _("mean |∂L/∂W|"), log: true, term: "gradient-magnitude" },
  rms: { name: _("RMS ∂L/∂W"), log: true, term: "gradient-magnitude" },
  before_rms: { name: _("RMS ∂L/∂z"), log: true, term: "gradient-of-output" },
  update_ratio: { name: _("update / weight"), log: true, term: "update-ratio" },
  zero_share: { name: _("exact zeros"), log: false, term: "gradient-histogram" },
});

export class Gradients extends InsidePage {
  view = "gradients";

  get idle() {
    return {
      question: _("How much gradient reaches the first layer?"),
      shows: [_("mean |∂L/∂W| by layer"), _("over the run"), _("distribution of the entries"), _("exact zeros")],
      x: _("layer, from the input to the output"), y: _("mean |∂L/∂W|"),
    };
  }

  get body() {
    return `
    <div class="ns-tools"><span class="ns-group" role="group" aria-label="${pgettext("the measure of a gradient", "What is drawn")}">${Object.entries(metrics())
      .map(([key, { name }]) => `<button data-metric="${key}">${name}</button>`).join("")}</span></div>
    <div class="ns-headline"><div class="ns-chart ns-tall" data-part="depth">${asks("gradient-magnitude")}</div><div class="ns-ratios"><p>${_("first layer / last layer")} ${asks("gradient-magnitude")}</p><div data-part="ratios"></div></div></div>
    <p class="ns-small" data-part="zeros"></p>
    <div data-part="heats" class="ns-heats"></div>
    <p data-part="heatScale" class="ns-small ns-scale ns-heatscale"></p>
    <div class="ns-tools"><label>${_("Distribution of ∂L/∂W in {layer}", { layer: `<select data-part="layer"></select>` })}</label></div>
    <div class="ns-chart ns-low" data-part="histogram">${asks("gradient-histogram")}</div>
    <p class="ns-small" data-part="histogramNotes"></p>
    ${NOTES.gradients()}`;
  }

  constructor(root) {
    super(root);
    this.element.classList.add("ns-gradients");
    this.metric = kept("metric", "mean_abs", Object.keys(metrics()));
    this.lightMetric();
  }

  async draw() {
    const { colours } = this;
    const layers = Object.keys(Object.values(this.look.arms)[0] ?? {});
    this.fillLayers(layers);
    await this.drawDepth(layers, colours);
    this.drawRatios(layers);
    this.parts.zeros.textContent = this.shownMetric.log ? withoutPlace(this.shownArms(), layers, this.look.arms, this.metric) : "";
    await this.drawHeats(layers, colours);
    await this.drawHistogram(colours);
  }

  fillLayers(layers) {
    if (!layers.length || this.filled === layers.join()) return;
    this.filled = layers.join();
    this.parts.layer.innerHTML = layers.map((name) => `<option>${name}</option>`).join("");
    this.parts.layer.value = kept("gradients layer", layers[0], layers);
  }

  async drawDepth(layers, colours) {
    const { log, name } = this.shownMetric;
    const line = (arm, look, faint) => ({
      type: "scatter", mode: "lines+markers", name: arm.name, x: layers,
      y: layers.map((layer) => positive(look.arms[arm.name]?.[layer]?.[this.metric], log)),
      customdata: layers.map((layer) => brief(look.arms[arm.name]?.[layer]?.[this.metric])),
      line: { color: this.colors.get(arm.name), width: faint ? 1.5 : 3 }, opacity: faint ? 0.35 : 1,
      marker: { symbol: MARKERS[this.arms.indexOf(arm)], size: faint ? 6 : 10 }, connectgaps: false,
      hovertemplate: log ? "%{customdata}" : "%{y:.2%}", hoverinfo: faint ? "skip" : undefined,
    });
    const ghost = this.ghostLook;
    const traces = [
      ...(ghost ? this.arms.filter((arm) => ghost.arms[arm.name] && !this.hidden.has(arm.name)).map((arm) => line(arm, ghost, true)) : []),
      ...this.shownArms().map((arm) => line(arm, this.look, false)),
    ];
    const guide = { type: "line", xref: "paper", x0: 0, x1: 1, y0: 1e-3, y1: 1e-3, line: { color: colours.faint, dash: "dash", width: 1.5 } };
    await react(this.Plotly, this.parts.depth, traces, layout(colours, {
      title: _("{quantity} by layer, input on the left", { quantity: name }), hovermode: "x unified",
      xaxis: { type: "category", title: { text: _("layer, from the input to the output"), standoff: 6 } },
      yaxis: { type: log ? "log" : "linear", title: { text: name, standoff: 4 }, ...(log ? keptTicks(this.parts.depth) : { tickformat: ".0%", rangemode: "tozero" }) },
      shapes: this.metric === "update_ratio" ? [guide] : [],
      uirevision: this.metric,
    }), CONFIG);
    ticksFollow(this.Plotly, this.parts.depth, "yaxis");
  }

  drawRatios(layers) {
    const [first, last] = [layers[0], layers.at(-1)];
    this.parts.ratios.innerHTML = this.shownArms().map((arm) => {
      const values = this.look.arms[arm.name];
      return `<div style="--arm:${this.colors.get(arm.name)}" data-ratio="${escape(arm.name)}"><b>${ratio(values[first]?.mean_abs, values[last]?.mean_abs)}</b><span>${escape(arm.title)}</span></div>`;
    }).join("") + `<p>${_("of mean |∂L/∂W|; at 1 both layers’ gradients are of one size")}</p>`;
  }

  // One strip an arm: layers up, steps along, colour the magnitude on one log scale for all arms.
  async drawHeats(layers, colours) {
    const arms = this.shownArms();
    const { log, name } = this.shownMetric;
    const steps = this.looks.map((look) => look.step);
    const tables = arms.map((arm) => layers.map((layer) => this.looks.map((look) => {
      const value = positive(look.arms[arm.name]?.[layer]?.[this.metric], log);
      return value == null ? null : log ? Math.log10(value) : value;
    })));
    const all = tables.flat(2).filter((value) => value != null);
    const [low, high] = [Math.min(...all), Math.max(...all)];
    const flat = whyFlat(name, log, all);
    this.parts.heats.hidden = Boolean(flat);
    this.heatEnds = [low, high].map((value) => (log ? brief(10 ** value) : percent(value)));
    fillScale(this.parts.heatScale, this.heatEnds, name, colours.dark, flat);
    if (flat) return;
    const charts = captioned(this.parts.heats, arms.map((arm, i) => ({
      text: arm.title, color: this.colors.get(arm.name), note: tables[i].flat().some((value) => value != null) ? "" : _("{name} has no finite value above 0 here", { name }),
    })));
    const marker = { type: "line", yref: "paper", y0: 0, y1: 1, x0: this.index, x1: this.index, line: { color: colours.text, width: 2 } };
    const titles = [_("step (looks, not evenly spaced)"), _("looks, at step"), _("step")];
    const wide = ruler(colours.font);
    for (const [i, element] of charts.entries()) {
      const room = element.clientWidth - 5 * colours.type; // beside the layers' names
      const text = roomy(titles, room, (title) => wide(title, 1.2 * colours.type)); // as large as plotly writes a title
      await react(this.Plotly, element, [{
        type: "heatmap", z: tables[i], y: layers, x: steps.map((step, k) => k), customdata: layers.map(() => steps), zmin: low, zmax: high,
        colorscale: scaleOf(colours.dark), showscale: false,
        text: tables[i].map((row) => row.map((value) => (log && value != null ? brief(10 ** value) : percent(value)))),
        hovertemplate: `${_("step %{customdata} · %{y}: %{text}")}<extra></extra>`,
      }], layout(colours, {
        xaxis: { title: { text, standoff: 4 }, ...ticks(steps, room, colours.type), fixedrange: true }, yaxis: { autorange: "reversed", type: "category", fixedrange: true },
        shapes: [marker], margin: { l: 8, r: 12, t: 4, b: 8 },
      }, colours.type - 1), SMALL);
      if (!element.listening) {
        element.listening = true;
        element.on("plotly_click", ({ points }) => this.moveTo(this.looks[points[0].x].step));
      }
    }
  }

  async drawHistogram(colours) {
    const { step } = this.look;
    const look = await this.whole();
    const layer = this.parts.layer.value;
    const traces = [];
    const notes = [];
    for (const arm of this.shownArms()) {
      const found = look?.[arm.name]?.layers.find(({ name }) => name === layer)?.gradient?.histogram;
      if (!found) continue;
      const bins = found.positive.length;
      const middle = (i) => found.low * (found.high / found.low) ** ((i + 0.5) / bins);
      const total = [found.negative, found.positive].flat().reduce((a, b) => a + b, 0) + found.zero + found.tiny + found.huge + found.nan + found.inf;
      const x = [...found.negative.map((count, i) => -axis(middle(i), found)).toReversed(), 0, ...found.positive.map((count, i) => axis(middle(i), found))];
      const y = [...found.negative.toReversed(), found.zero + found.tiny, ...found.positive].map((count) => count / total);
      traces.push({ type: "scatter", mode: "lines", line: { shape: "hvh", width: 2.2, color: this.colors.get(arm.name) }, x, y, name: arm.name, hovertemplate: "%{y:.1%}" });
      notes.push(_("{arm}: {zeros} exact zeros, {nan} NaN, {inf} ±Inf", { arm: arm.name, zeros: found.zero, nan: found.nan, inf: found.inf }));
    }
    const marks = [-2, -5, -8, -11];
    this.parts.histogramNotes.textContent = look ? notes.join(" · ") : _("The histograms of this step are not kept any more: it was merged with a neighbour. Move on by one look.");
    await react(this.Plotly, this.parts.histogram, traces, layout(colours, {
      title: _("∂L/∂W of {layer} at step {step}: share of weights by sign and magnitude", { layer, step: number(step) }), hovermode: "x unified",
      xaxis: { tickvals: [...marks.map((e) => -(e + 14)), 0, ...marks.map((e) => e + 14)], ticktext: [...marks.map((e) => `−${power(e)}`), "0", ...marks.map(power)], title: { text: _("∂L/∂W (signed log axis)"), standoff: 6 } },
      yaxis: { tickformat: ".0%", rangemode: "tozero", autorangeoptions: { clipmax: 1 }, title: { text: _("share of weights"), standoff: 4 } },
    }), CONFIG);
  }

  clicked(event) {
    super.clicked(event);
    const metric = event.target.closest("[data-metric]")?.dataset.metric;
    if (!metric) return;
    keep("metric", (this.metric = metric));
    this.lightMetric();
    this.show();
  }

  lightMetric() {
    for (const each of this.element.querySelectorAll("[data-metric]")) each.setAttribute("aria-pressed", each.dataset.metric === this.metric);
    this.parts.depth.querySelector(".ns-what").dataset.term = this.shownMetric.term;
  }

  changed(event) {
    super.changed(event);
    if (event.target !== this.parts.layer) return;
    keep("gradients layer", event.target.value);
    this.show();
  }

  get shownMetric() {
    return metrics()[this.metric];
  }

  wordsOf(chart) {
    const arm = armOf(this, chart);
    const { name } = this.shownMetric;
    const [low, high] = this.heatEnds ?? [];
    if (arm) return { title: _("{quantity} over the run: {arm}", { quantity: name, arm: arm.title }), key: [{ text: _("{low} to {high}", { low, high }), scale: chart.data[0].colorscale }] };
    if (chart === this.parts.histogram) return { key: [{ text: this.parts.histogramNotes.textContent }] };
    return this.metric === "update_ratio" ? { key: [{ text: _("about 10⁻³, a common rule of thumb"), dash: "dash" }] } : {};
  }
}

const power = (exponent) => scientific(10 ** exponent, 0).replace("1·", "");
const positive = (value, log) => (value == null || (log && value <= 0) ? null : value);
const axis = (magnitude, { low }) => Math.log10(magnitude / low);

export const mount = mounter(Gradients);
