// How activations are distributed in every layer and stage: pooled and unit by unit, now and over the run, and what the
// networks make of one image.

import { breakable, outside, share } from "./counts.js";
import { BINS, bands, coarse, extent, padded, rebinned, steps } from "./distributions.js";
import { aboutDrift } from "./drift_words.js";
import { endLabels, heads, labelWidth, logRange, namesOf } from "./end_labels.js";
import { captioned } from "./heat_maps.js";
import { react } from "./in_sight.js";
import { InsidePage, mounter } from "./inside.js";
import { Maps } from "./maps.js";
import { domainsOf, rowsOf } from "./panels.js";
import { armOf } from "./saved.js";
import { keep, kept } from "../shared/kept.js";
import { _ } from "../shared/language.js";
import { enumerated, sentences } from "../shared/lists.js";
import { MARKERS } from "../shared/look.js";
import { ruler } from "../shared/ruler.js";
import { asks } from "../shared/terms.js";
import { keptTicks, logTicks, ticksFollow } from "./log_axis.js";
import { NOTES } from "./notes.js";
import { CONFIG, SMALL, axisIn, brief, escape, layout, number } from "../shared/web.js";

const stageNames = () => ({ before: _("before the norm"), normalized: _("normalized"), scaled: _("after γ and β"), activated: _("after the activation") });
const BEFORE = ["before", "normalized", "scaled"]; // the activation, on one axis
const ranges = () => ({ panel: _("each panel its own"), layer: _("this layer"), all: _("all layers") });

const driftTitle = () => _("Drift: how far the units’ means move from one look to the next, in pooled standard deviations");

const group = (label, kind, choices) =>
  `<span>${label} <span class="ns-group" role="group" aria-label="${label}">${Object.entries(choices)
    .map(([key, name]) => `<button data-${kind}="${key}">${name}</button>`).join("")}</span></span>`;

export class Activations extends InsidePage {
  view = "activations";

  get idle() {
    return {
      question: _("What does each layer still say about the image?"),
      shows: [_("spread over the images, unit by unit"), _("distribution at four stages"), _("dead units"), _("drift"), _("feature maps")],
      x: _("layer"), y: _("spread"),
    };
  }

  get body() {
    return `
    <div class="ns-tools ns-choices"><span>${_("layer")} <span class="ns-group" role="group" aria-label="${_("layer")}" data-part="layers"></span></span>
      ${group(_("stage"), "stage", stageNames())}</div>
    <div class="ns-spread"><div class="ns-chart" data-part="spread">${asks("pooled-spread")}${asks("spread-per-unit")}</div><div class="ns-inactive">${asks("inactive-share")}<div data-part="inactive"></div></div></div>
    <div class="ns-heading"><h3><span data-part="stagesTitle"></span> ${asks("activation-histogram")} <span class="ns-small">${_("share of the values in each bin")}</span> <span class="ns-small">NaN/±Inf ${asks("non-finite", "NaN/±Inf")}</span></h3><div class="ns-tools">${group(_("axis"), "range", ranges())}</div></div>
    <div class="ns-stages" data-part="stages">${Object.keys(stageNames()).map((stage) => `<div data-column="${stage}"><div class="ns-chart ns-low"></div><div class="ns-counts"></div></div>`).join("")}</div>
    <p class="ns-small" data-part="stagesNote"></p>
    <div class="ns-heading"><h3><span data-part="bandsTitle"></span> ${asks("percentiles")}</h3><span class="ns-small">${_("median, middle half, 5–95 %, 1–99 %; thin: smallest and largest. A click goes to that step.")}</span></div>
    <div class="ns-heats" data-part="bands"></div>
    <div class="ns-heading"><h3>${driftTitle()} ${asks("drift")}</h3></div>
    <div class="ns-chart ns-drift" data-part="drift"></div>
    <p data-part="driftSays"></p>
    <details class="ns-maps" data-part="maps"><summary>${_("One test image through all networks")}</summary>
      <div class="ns-tools"><label>${_("test image")} <input type="number" min="0" value="0" data-part="image"></label>
        <label>${_("layer")} <select data-part="mapsLayer" aria-label="${_("layer of the maps")}"></select></label>
        <label>${_("stage")} <select data-part="mapsStage" aria-label="${_("stage of the maps")}">${Object.entries(stageNames()).map(([key, name]) => `<option value="${key}">${name}</option>`).join("")}</select></label>
        <button data-part="refresh">${_("refresh")}</button>${asks("feature-maps")}<span data-part="mapsState"></span></div>
      <div data-part="mapsAnswer" aria-live="polite"></div></details>
    ${NOTES.activations()}`;
  }

  constructor(root) {
    super(root);
    this.element.classList.add("ns-activations");
    this.stage = kept("stage", "activated", Object.keys(stageNames()));
    this.range = kept("range", "layer", Object.keys(ranges()));
    press(this.element, "stage", this.stage);
    press(this.element, "range", this.range);
    this.maps = new Maps(this);
  }

  update(data) {
    const isOther = data.run !== this.data.run;
    super.update(data);
    if (isOther) this.maps.ask();
  }

  async draw() {
    this.layers = Object.keys(Object.values(this.look.arms)[0] ?? {});
    this.element.style.setProperty("--arms", this.arms.length);
    this.fillLayers();
    this.drawInactive();
    await this.drawSpread();
    await this.drawBands();
    await this.drawDrift();
    await this.drawStages(); // last: it may wait for the server
  }

  headline({ says }) {
    return says[this.chosen] ?? says[Object.keys(says).at(-2)] ?? ""; // none is chosen before the first drawing
  }

  fillLayers() {
    if (!this.layers.length || this.filled === this.layers.join()) return;
    this.filled = this.layers.join();
    this.chosen = kept("activations layer", this.layers.at(-2), this.layers);
    this.parts.layers.innerHTML = this.layers.map((name) => `<button data-layer="${name}">${name}</button>`).join("");
    this.parts.mapsLayer.innerHTML = this.layers.map((name) => `<option>${name}</option>`).join("");
    press(this.element, "layer", this.chosen);
  }

  // --- pooled and per unit --------------------------------------------------------------------------------------

  async drawSpread() {
    const layers = this.layers.filter((layer) => this.anywhere(this.look, layer, this.stage));
    const line = (arm, look, faint) => ["std", "unit_std"].map((key, side) => {
      const y = layers.map((layer) => stageOf(look.arms[arm.name]?.[layer], this.stage)?.[key] || null); // 0 has no place on a log axis
      return {
        type: "scatter", name: arm.name, x: layers, y, xaxis: side ? "x2" : "x", mode: "lines+markers",
        line: { color: this.colors.get(arm.name), width: faint ? 1.5 : 3 }, opacity: faint ? 0.35 : 1,
        marker: { symbol: MARKERS[this.arms.indexOf(arm)], size: faint ? 6 : 10 }, connectgaps: false, cliponaxis: false,
        customdata: y.map(brief), hovertemplate: "%{customdata}", hoverinfo: faint ? "skip" : undefined,
      };
    });
    const head = (text, x) => ({ text, x, xref: "paper", xanchor: "left", y: 1.02, yref: "paper", yanchor: "bottom", showarrow: false, font: { size: this.colours.type + 1 } });
    const axis = { type: "category", range: [-0.3, layers.length - 0.7], fixedrange: true };
    const { spread } = this.parts;
    const lines = [...this.ghostArms().flatMap((arm) => line(arm, this.ghostLook, true)), ...this.shownArms().flatMap((arm) => line(arm, this.look))];
    const ends = this.shownArms().map((arm) => ({ name: arm.name, color: this.colors.get(arm.name), value: stageOf(this.look.arms[arm.name]?.[layers.at(-1)], this.stage)?.unit_std })).filter(({ value }) => value);
    const range = logRange(lines.flatMap(({ y }) => y));
    const seen = spread.zoomed === this.stage ? spread._fullLayout.yaxis.range : range;
    const half = 0.46 * (spread.clientWidth - labelWidth(ends, this.colours.type) - 5 * this.colours.type);
    const [pooled, perUnit] = heads(half, this.colours);
    Object.assign(axis, namesOf(layers, half, this.longest(layers), this.colours.type)); // alike in both halves
    await this.react(spread, lines, {
      hovermode: "x", margin: { l: 8, r: labelWidth(ends, this.colours.type), t: 34, b: 8 },
      xaxis: { ...axis, domain: [0, 0.46] }, xaxis2: { ...axisIn(this.colours), ...axis, domain: [0.51, 1] },
      yaxis: { type: "log", range, ...logTicks(seen.map((exponent) => 10 ** exponent)), title: { text: _("std, {stage}", { stage: stageNames()[this.stage] }), standoff: 4 } },
      annotations: [head(pooled, 0), head(perUnit, 0.51),
        ...endLabels(ends, seen, (this.colours.type + 5) / (spread.clientHeight - 80), this.colours.type)],
      uirevision: this.stage,
    });
    const button = spread.querySelector("[data-term=spread-per-unit]");
    button.style.left = `${spread._fullLayout.xaxis2._offset - button.offsetWidth - 6}px`;
    this.onClick(spread, (point) => this.choose("layer", point.x));
  }

  // How wide the longest of some layers' names is as a head, in pixels, with room to the next.
  longest(layers) {
    return Math.max(0, ...layers.map((layer) => ruler(this.colours.font)(layer, this.colours.type + 1))) + 6;
  }

  drawInactive() {
    const arms = this.shownArms();
    const layers = this.layers.filter((layer) => arms.some((arm) => this.look.arms[arm.name][layer]?.rule));
    const rule = arms.length && layers.length ? this.look.arms[arms[0].name][layers[0]].rule : "";
    const cell = (arm, layer) => {
      const found = this.look.arms[arm.name][layer];
      const broken = found?.stages.activated?.nan || found?.stages.activated?.inf;
      return `<td>${broken ? "NaN" : found ? share(found.inactive, 1) : "–"}</td>`;
    };
    this.parts.inactive.innerHTML = `<table><caption>${escape(rule)}</caption><tr><td></td>${arms.map((arm) => `<th scope="col" style="color:${this.colors.get(arm.name)}">${breakable(arm.name)}</th>`).join("")}</tr>` +
      layers.map((layer) => `<tr><th scope="row">${layer}</th>${arms.map((arm) => cell(arm, layer)).join("")}</tr>`).join("") + `</table>`;
  }

  // --- four stages of one layer -----------------------------------------------------------------------------------

  async drawStages() {
    const { step } = this.look;
    const look = await this.whole();
    const ghost = this.ghostLook && (await this.whole(this.ghostLook, this.ghost.id));
    this.parts.stagesTitle.textContent = _("Four stages of {layer} at step {step}", { layer: this.chosen, step: number(step) });
    this.parts.stagesNote.textContent = look ? this.withoutNorm() : _("The histograms of this step are not kept any more: it was merged with a neighbour. Move on by one look.");
    for (const column of this.parts.stages.children) await this.drawStage(column, look, look && ghost);
  }

  withoutNorm() {
    const bare = this.shownArms().filter((arm) => !this.look.arms[arm.name][this.chosen]?.stages.normalized).map((arm) => arm.title);
    const gone = this.everShown().filter((arm) => !this.look.arms[arm.name]).map((arm) => arm.title);
    return sentences([
      bare.length && _("{arms}: no norm here, so normalized and after γ and β are the same as before.", { arms: enumerated(bare) }),
      gone.length && _("{arms}: not in this look; an arm that has diverged or failed is not looked into any more.", { arms: enumerated(gone) }),
    ]);
  }

  async drawStage(column, look, ghost) {
    const stage = column.dataset.column;
    const of = (whole, arm) => whole?.[arm.name]?.layers.find(({ name }) => name === this.chosen)?.[stage];
    const shown = this.shownArms().map((arm) => [arm, of(look, arm), false]);
    const faint = ghost ? this.ghostArms().map((arm) => [arm, of(ghost, arm), true]) : [];
    const found = [...faint, ...shown].filter(([, summary]) => summary);
    const range = this.range === "panel" ? extent(found.map(([, summary]) => summary.adaptive)) : this.sharedRange(look ?? {}, stage);
    const traces = found.map(([arm, summary, ghostly]) => {
      const histogram = this.range === "panel" ? rebinned(summary.adaptive, range, BINS) : coarse(summary.fixed);
      return steps(histogram, summary.values, this.colors.get(arm.name), arm.name, ghostly);
    });
    column.classList.toggle("ns-chosen", stage === this.stage);
    const nothing = look ? this.whyNothing(stage, traces, found.map(([, summary]) => summary)) : _("not kept any more");
    await this.react(column.firstChild, nothing ? [] : traces, {
      title: stageNames()[stage], hovermode: "x",
      xaxis: { range: padded(range), visible: !nothing },
      yaxis: { tickformat: ".0%", rangemode: "tozero", nticks: 4, visible: !nothing, autorangeoptions: { clipmax: 1 } },
      annotations: nothing ? [{ text: nothing, xref: "paper", yref: "paper", x: 0.5, y: 0.5, showarrow: false, font: { size: this.colours.type, color: this.colours.faint } }] : [],
      uirevision: `${this.chosen}/${this.range}`,
    }, SMALL);
    column.lastChild.innerHTML = outside(shown.filter(([, summary]) => summary), this.range === "panel", this.colors);
  }

  // Why a panel has no histogram, in short lines; "" where it has one.
  whyNothing(stage, traces, summaries) {
    if (traces.some(({ y }) => y.some((height) => height > 0))) return "";
    if (!this.shownArms().length) return _("no arm is shown");
    if (!summaries.length) return stage === "activated" ? _("the last layer<br>has no activation") : _("no norm here:<br>the same as before the norm");
    const finite = summaries.some(({ adaptive }) => adaptive.low != null);
    return finite ? _("all values lie outside the bins:<br>see the counts below, or give<br>each panel its own axis") : _("no finite value to draw:<br>see the counts below");
  }

  // From the smallest to the largest value, as far as the fixed histograms go. What an activation gives has an axis of its
  // own: sigmoid's 0 to 1 would be a spike on that of the three stages before it.
  sharedRange(look, stage) {
    const layers = Object.values(look).flatMap((arm) => arm.layers).filter(({ name }) => this.range === "all" || name === this.chosen);
    const alike = stage === "activated" ? [stage] : BEFORE;
    const stages = layers.flatMap((layer) => alike.map((each) => layer[each])).filter(Boolean);
    const [low, high] = extent(stages.map(({ adaptive }) => adaptive));
    if (!stages.length) return [low, high];
    return [Math.max(low, Math.min(...stages.map(({ fixed }) => fixed.low))), Math.min(high, Math.max(...stages.map(({ fixed }) => fixed.high)))];
  }

  // --- over time ------------------------------------------------------------------------------------------------------

  async drawBands() {
    const arms = this.everShown();
    this.parts.bandsTitle.textContent = _("{layer}, {stage}, over the run", { layer: this.chosen, stage: stageNames()[this.stage] });
    const alive = arms.filter((arm) => !this.standing.hasDiverged(arm.name)); // one on its way to infinity would flatten all others
    const shared = this.range === "panel" ? null : padded(extent(this.looks.flatMap((look) => (alive.length ? alive : arms).flatMap((arm) =>
      (this.range === "all" ? this.layers : [this.chosen]).map((layer) => stageOf(look.arms[arm.name]?.[layer], this.stage)).filter(Boolean)))));
    const seenBy = (arm) => this.looks.map((look) => ({ step: look.step, ...stageOf(look.arms[arm.name]?.[this.chosen], this.stage) }));
    const caption = (arm) => {
      const broken = seenBy(arm).find(({ nan, inf }) => nan || inf);
      return { text: arm.title, color: this.colors.get(arm.name), note: broken && _("NaN or Inf from step {step}", { step: number(broken.step) }) };
    };
    const charts = captioned(this.parts.bands, arms.map(caption));
    for (const [i, arm] of arms.entries()) {
      const element = charts[i];
      await this.react(element, bands(seenBy(arm), this.colors.get(arm.name)), {
        hovermode: "x", hoverdistance: -1, margin: { l: 8, r: 12, t: 6, b: 8 },
        xaxis: { ...this.stepAxis(), rangemode: "tozero" }, yaxis: { ...(shared && { range: shared }) },
        shapes: [this.cursorLine()], uirevision: `${this.chosen}/${this.stage}/${this.range}`,
      }, SMALL);
      this.onClick(element, (point) => this.moveTo(point.x));
    }
  }

  cursorLine(axis = "x") {
    return { type: "line", xref: axis, yref: "paper", y0: 0, y1: 1, x0: this.look.step, x1: this.look.step, line: { color: this.colours.text, width: 1.5 } };
  }

  // One panel a layer; above before the norm, below after it, all on one log axis.
  async drawDrift() {
    const layers = this.layers.filter((layer) => this.anywhere(this.look, layer, "activated"));
    const { drift } = this.parts;
    const { type } = this.colours;
    const grid = rowsOf(layers.length, drift.clientWidth - 5 * type, type);
    drift.style.setProperty("--rows", grid.rows);
    const [traces, axes, annotations, shapes] = [[], {}, [], []];
    const y = { ...axisIn(this.colours), type: "log", ...keptTicks(drift) };
    layers.forEach((layer, i) => {
      const { row, x: domain, ...halves } = domainsOf(i, grid, drift.clientHeight, type);
      ["before", "scaled"].forEach((stage, half) => {
        const [xId, yId] = [nth(half * layers.length + i), nth(2 * row + half)];
        axes[`xaxis${xId}`] = { ...axisIn(this.colours), domain, anchor: `y${yId}`, matches: xId ? "x" : undefined, rangemode: "tozero", showticklabels: Boolean(half), nticks: 4, ...this.stepAxis(), ...(!half && { title: undefined }) };
        const title = { text: stageNames()[stage], standoff: 4 };
        axes[`yaxis${yId}`] ??= { ...y, domain: half ? halves.lower : halves.upper, anchor: `x${xId}`, matches: yId ? "y" : undefined, title };
        for (const arm of this.everShown()) {
          const normed = this.looks.find((look) => look.arms[arm.name])?.arms[arm.name][layer]?.stages.scaled;
          if (half && !normed) continue; // without a norm there is no after
          traces.push({
            type: "scatter", mode: "lines+markers", name: arm.name, xaxis: `x${xId}`, yaxis: `y${yId}`, x: this.looks.map((look) => look.step),
            y: this.looks.map((look) => look.arms[arm.name]?.[layer]?.stages[stage]?.drift || null), connectgaps: false,
            line: { color: this.colors.get(arm.name), width: 2 }, marker: { symbol: MARKERS[this.arms.indexOf(arm)], size: 4 }, hovertemplate: `${arm.name} %{y:.2~g}<extra></extra>`,
          });
        }
      });
      annotations.push({ text: `<b>${layer}</b>`, x: domain[0], xref: "paper", xanchor: "left", y: halves.upper[1], yshift: 2, yref: "paper", yanchor: "bottom", showarrow: false, font: { size: type + 1 } });
      shapes.push({ ...this.cursorLine(`x${nth(i)}`), y0: halves.lower[0], y1: halves.upper[1] });
    });
    await this.react(drift, traces, { ...axes, annotations, shapes, hovermode: "x", margin: { l: 8, r: 12, t: 50, b: 8 }, uirevision: "drift" }); // the toolbar above the layers' names
    ticksFollow(this.Plotly, drift, "yaxis");
    this.onClick(drift, (point) => this.moveTo(point.x));
    this.parts.driftSays.textContent = aboutDrift(layers[0], this.everShown(), this.looks.slice(0, this.index + 1));
  }

  // --- the visitor ------------------------------------------------------------------------------------------------------

  clicked(event) {
    super.clicked(event);
    if (event.target === this.parts.refresh) this.maps.ask();
    const { layer, stage, range } = event.target.closest("button")?.dataset ?? {};
    if (layer) this.choose("layer", layer);
    if (stage) this.choose("stage", stage);
    if (range) this.choose("range", range);
    if (event.target.closest(".ns-pill")) this.maps.draw();
  }

  wordsOf(chart) {
    const [arm, column] = [armOf(this, chart), chart.closest("[data-column]")];
    if (arm) return { title: _("{what}: {arm}", { what: this.parts.bandsTitle.textContent, arm: arm.title }), key: [{ text: _("median, middle half, 5–95 %, 1–99 %; thin: smallest and largest") }] };
    if (column) return { title: _("{layer}, {stage}: share of the values in each bin", { layer: this.chosen, stage: stageNames()[column.dataset.column] }), key: beyond(column) };
    if (chart === this.parts.spread) return { title: _("Spread of the values {stage}, by layer", { stage: stageNames()[this.stage] }) };
    return { title: driftTitle() };
  }

  choose(what, value) {
    this[what === "layer" ? "chosen" : what] = value; // layer is a method of the base
    keep(what === "layer" ? "activations layer" : what, value);
    press(this.element, what, value);
    this.show();
  }

  // --- small things -----------------------------------------------------------------------------------------------------

  ghostArms() {
    return this.ghostLook ? this.arms.filter((arm) => this.ghostLook.arms[arm.name] && !this.hidden.has(arm.name)) : [];
  }

  // Also arms that have diverged since: their past stays on the charts over time.
  everShown() {
    return this.arms.filter((arm) => !this.hidden.has(arm.name) && this.looks.some((look) => look.arms[arm.name]));
  }

  anywhere(look, layer, stage) {
    return Object.values(look.arms).some((arm) => stageOf(arm[layer], stage));
  }

  async react(element, traces, more, config) {
    // Plotly keeps a zoom only while the range it is given stays the same, so a zoomed chart is given its old one.
    const held = element.zoomed === more.uirevision ? element.given : {};
    for (const axis of ["xaxis", "yaxis"]) if (more[axis]?.range) more[axis] = { ...more[axis], range: [...(held[axis] ?? more[axis].range)] };
    element.given = { xaxis: more.xaxis?.range?.slice(), yaxis: more.yaxis?.range?.slice() };
    element.revision = more.uirevision;
    await react(this.Plotly, element, traces, layout(this.colours, more), { ...CONFIG, ...config });
    if (element.watched) return;
    element.watched = true;
    element.on("plotly_relayout", (change) => {
      if (!Object.keys(change).some((key) => /axis\d*\.(auto)?range/.test(key))) return;
      element.zoomed = isAsGiven(element) ? null : element.revision;
      this.show(); // the words at the lines' ends move along
    });
    element.on("plotly_doubleclick", () => { element.zoomed = null; this.show(); });
  }

  onClick(element, act) {
    if (element.listening) return;
    element.listening = true;
    element.on("plotly_click", ({ points }) => act(points[0]));
  }
}

// The name of plotly's nth axis goes on so: x, x2, x3.
const nth = (i) => (i ? String(i + 1) : "");

// Without a norm, normalized and scaled are the same as before; the last layer has no activation.
const stageOf = (layer, stage) => layer?.stages[stage] ?? (stage === "activated" ? undefined : layer?.stages.before);

// Whether a chart's axes go as far as they were told to, and are not zoomed.
const isAsGiven = ({ given, _fullLayout }) => ["xaxis", "yaxis"].every((axis) =>
  given[axis] ? given[axis].every((end, i) => Math.abs(end - _fullLayout[axis].range[i]) < 1e-9) : _fullLayout[axis].autorange !== false);

const press = (element, what, value) => element.querySelectorAll(`[data-${what}]`).forEach((each) => each.setAttribute("aria-pressed", each.dataset[what] === value));

// What the bins of a panel do not show, as it is told below it.
function beyond(column) {
  const [head, ...rows] = [...column.querySelectorAll("tr")].map((row) => [...row.cells].map((cell) => cell.textContent));
  const counted = rows.map(([arm, ...counts]) => _("{arm}: {counts}", { arm, counts: enumerated(counts.map((count, i) => `${head[i + 1]} ${count}`)) }));
  return [...counted, ...[...column.querySelectorAll("p")].map((note) => note.textContent)].map((text) => ({ text }));
}

export const mount = mounter(Activations);
