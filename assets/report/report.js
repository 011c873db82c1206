// A report's charts. The curves are the page's own; what the layers looked like is drawn for one look at a time, which a
// slider, the arrow keys and a click on the curves choose.

import { open, part } from "./opening.js";
import { _ } from "../shared/language.js";
import { MARKERS, armColors, theme } from "../shared/look.js";
import { logTicks } from "../shared/ticks.js";
import { titled } from "../shared/titles.js";
import { brief, escape, layout, number } from "../shared/web.js";
import { Curves } from "../train/curves.js";
import { Series } from "../train/series.js";

const KEYS = { ArrowLeft: -1, ArrowRight: 1 };
const START = { gamma: 1, beta: 0 };
const WIDE = 16; // more channels than this are drawn sorted, as on the page
const VIEW = { x: "step", log: true, smooth: 9, kinds: new Set(["train", "test", "batch"]), hidden: new Set() };
const STILL = { displayModeBar: false, responsive: true };
const SHAPES = { circle: "●", square: "■", diamond: "◆", "triangle-up": "▲", pentagon: "⬟", star: "★" };

class Report {
  constructor(Plotly, { records, falls, looks }) {
    this.Plotly = Plotly;
    this.looks = looks;
    this.series = new Series();
    this.series.add(records, falls);
    this.arms = [...this.series.arms.values()];
    this.curves = new Curves(Plotly, part("loss"), part("accuracy"), null);
    this.curves.redraw = () => this.drawCurves();
    this.layers = Object.keys(Object.values(looks[0]?.arms ?? {})[0] ?? {});
    this.layer = this.layers[0];
    this.at = looks.length - 1;
  }

  async show() {
    if (!this.arms.length) return; // it ended before anything was built
    await this.drawCurves();
    for (const name of ["loss", "accuracy"]) part(name).on("plotly_click", ({ points: [{ x }] }) => this.moveTo(this.nearest(x)));
    this.drawLegend();
    if (!this.looks.length) return;
    this.listen();
    await this.moveTo(this.at);
  }

  listen() {
    const slider = part("slider");
    slider.max = this.looks.length - 1;
    slider.addEventListener("input", () => this.moveTo(Number(slider.value)));
    document.addEventListener("keydown", (event) => {
      if (!(event.key in KEYS) || event.target === slider || event.altKey || event.ctrlKey || event.metaKey) return;
      this.moveTo(this.at + KEYS[event.key]);
    });
    document.querySelector(".reasons")?.addEventListener("click", ({ target }) => target.dataset.step && this.goTo(target.dataset));
    part("layers").innerHTML = this.layers.map((name) => `<button data-layer="${escape(name)}">${escape(name)}</button>`).join("");
    part("layers").addEventListener("click", ({ target }) => target.dataset.layer && this.choose(target.dataset.layer));
  }

  nearest(step) {
    const far = this.looks.map((look) => Math.abs(look.step - step));
    return far.indexOf(Math.min(...far));
  }

  // To where a reason is seen; the link itself brings the charts into sight.
  goTo({ step, seen, source }) {
    this.layer = seen;
    return this.moveTo(Math.max(0, this.looks.findIndex((look) => look.step === Number(step) && look.source === source)));
  }

  choose(layer) {
    this.layer = layer;
    return this.drawLook();
  }

  moveTo(at) {
    this.at = Math.min(this.looks.length - 1, Math.max(0, at));
    return this.drawLook();
  }

  // After the surroundings have changed: other colours, another width.
  async redraw() {
    await this.drawCurves();
    this.drawLegend();
    if (this.looks.length) await this.drawLook();
  }

  get colours() {
    return theme(document.body);
  }

  async drawCurves() {
    await this.curves.draw(this.series, [], VIEW, this.colours);
    await this.markStep();
  }

  // Where the look is that is drawn below.
  async markStep() {
    const look = this.looks[this.at];
    if (!look) return;
    const here = { type: "line", yref: "paper", y0: 0, y1: 1, x0: look.step, x1: look.step, line: { color: this.colours.text, width: 1.5, dash: "dot" }, name: "look" };
    for (const name of ["loss", "accuracy"]) {
      const others = (part(name).layout.shapes ?? []).filter((shape) => shape.name !== "look");
      await this.Plotly.relayout(part(name), { shapes: [...others, here] });
    }
  }

  drawLegend() {
    const colors = armColors(this.arms, this.colours);
    for (const element of document.querySelectorAll("[data-arm]")) {
      const at = this.arms.findIndex(({ name }) => name === element.dataset.arm);
      element.style.setProperty("--arm", colors.get(element.dataset.arm));
      element.querySelector("i").textContent = SHAPES[MARKERS[at]];
    }
  }

  async drawLook() {
    const look = this.looks[this.at];
    part("slider").value = this.at;
    const where = { step: number(look.step), epoch: look.epoch.toFixed(2), n: this.at + 1, all: this.looks.length };
    const told = look.source === "fixed" ? _("step {step} · epoch {epoch} · look {n} of {all}, at the same test images", where)
      : _("step {step} · epoch {epoch} · look {n} of {all}, at the mini-batch that was trained on", where);
    part("where").textContent = told;
    part("slider").setAttribute("aria-valuetext", told);
    for (const button of part("layers").children) button.setAttribute("aria-pressed", button.dataset.layer === this.layer);
    part("saysGradients").textContent = look.says.gradients;
    part("saysActivations").textContent = look.says.activations[this.layer] ?? "";
    part("saysParameters").textContent = look.says.parameters[this.layer] ?? "";
    await this.markStep();
    await this.drawDepth("gradients", look, [{ key: "mean_abs", dash: "solid" }], _("mean |∂L/∂W| by layer, input on the left"), _("mean |∂L/∂W|"));
    const spreads = [{ key: "unit_std", dash: "solid" }, { key: "std", dash: "dot" }];
    await this.drawDepth("spreads", look, spreads, _("Unit spread after the activation (dotted: pooled)"), _("standard deviation"));
    await this.drawUnits("gamma", look);
    await this.drawUnits("beta", look);
  }

  // One value a layer. The axis holds all looks, so that nothing jumps while one scrubs.
  drawDepth(name, look, lines, title, unit) {
    const colors = armColors(this.arms, this.colours);
    const traces = this.arms.flatMap((arm, i) => lines.map(({ key, dash }) => {
      const y = this.layers.map((layer) => positive(look.arms[arm.name]?.[layer]?.[key]));
      return {
        type: "scatter", mode: dash === "solid" ? "lines+markers" : "lines", name: arm.name, x: this.layers, y, customdata: y.map(brief), connectgaps: false,
        line: { color: colors.get(arm.name), dash, width: dash === "solid" ? 2.6 : 1.6 }, marker: { symbol: MARKERS[i], size: 9 }, hovertemplate: "%{customdata}",
      };
    }));
    const range = this.rangeOf(lines.map(({ key }) => key));
    return this.draw(name, traces, {
      title, hovermode: "x unified", xaxis: { type: "category", title: { text: _("layer"), standoff: 6 } },
      yaxis: { type: "log", range: range.map(Math.log10), title: { text: unit, standoff: 4 }, ...logTicks(range) },
    });
  }

  rangeOf(keys) {
    const values = this.looks.flatMap(({ arms }) => Object.values(arms).flatMap((layers) => Object.values(layers).flatMap((layer) => keys.map((key) => positive(layer[key]))))).filter((value) => value != null);
    if (!values.length) return [0.1, 10];
    const [low, high] = values.reduce(([least, most], value) => [Math.min(least, value), Math.max(most, value)], [Infinity, 0]);
    return [low / 1.3, high * 1.3];
  }

  // γ or β of each channel or unit of the chosen layer's norm.
  drawUnits(name, look) {
    const colors = armColors(this.arms, this.colours);
    const symbol = { gamma: "γ", beta: "β" }[name];
    const seen = this.arms.map((arm, i) => ({ arm, i, values: look.arms[arm.name]?.[this.layer]?.[name] ?? [] })).filter(({ values }) => values.length);
    const isWide = seen.some(({ values }) => values.length > WIDE);
    const traces = seen.map(({ arm, i, values }) => ({
      type: "scatter", mode: isWide ? "lines" : "lines+markers", name: arm.name, y: isWide ? values.toSorted((a, b) => a - b) : values,
      line: { color: colors.get(arm.name), width: isWide ? 2.6 : 1.2 }, marker: { symbol: MARKERS[i], size: 8 }, hovertemplate: "%{y:.3f}",
    }));
    const all = this.looks.flatMap(({ arms }) => Object.values(arms).flatMap((layers) => layers[this.layer]?.[name] ?? [])).filter((value) => value != null);
    const [low, high] = all.reduce(([least, most], value) => [Math.min(least, value), Math.max(most, value)], [START[name] - 0.1, START[name] + 0.1]);
    const values = { symbol, layer: this.layer };
    part(name).hidden = !seen.length;
    return seen.length && this.draw(name, traces, {
      title: isWide ? _("{symbol} of each unit of {layer}, sorted", values) : _("{symbol} of each channel of {layer}", values), hovermode: "x unified",
      xaxis: { title: { text: isWide ? _("unit, by its value") : _("channel"), standoff: 6 }, ...(!isWide && { dtick: 1 }) },
      yaxis: { range: [low - 0.05 * (high - low), high + 0.05 * (high - low)], title: { text: symbol, standoff: 4 }, nticks: 6 },
      shapes: [{ type: "line", xref: "paper", x0: 0, x1: 1, y0: START[name], y1: START[name], line: { color: this.colours.faint, width: 1, dash: "dash" } }],
    });
  }

  draw(name, traces, more) {
    return this.Plotly.react(part(name), traces, titled(layout(this.colours, more), part(name).clientWidth, STILL), STILL);
  }
}

const positive = (value) => (value > 0 ? value : null);

open((Plotly, run) => new Report(Plotly, run));
