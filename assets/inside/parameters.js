// γ, β and the running statistics of one norm layer: now, over the run, and against the batch's own; and two questions
// to the live networks: what recalibration would change, and how noisy a mini-batch's mean is.

import { meanOff, quantile, varianceRatio } from "./channels.js";
import { body, idle } from "./parameters_body.js";
import { aboutNoise, gain, lack, ranges, unbiased } from "./parameters_words.js";
import { react } from "./in_sight.js";
import { InsidePage, mounter } from "./inside.js";
import { alsoShown, keptTicks, ticksFollow } from "./log_axis.js";
import { averaged, withoutMemory } from "./memory_words.js";
import { keep, kept } from "../shared/kept.js";
import { _, pgettext } from "../shared/language.js";
import { sentences } from "../shared/lists.js";
import { MARKERS } from "../shared/look.js";
import { printed } from "./tensor_text.js";
import { CONFIG, axisIn, brief, escape, get, layout, number, percent, scientific } from "../shared/web.js";

const WIDE = 16; // more channels than this are drawn sorted, and as bands over time
const KEPT = 0.9; // of the old running statistics, at each step
const SYMBOLS = { gamma: "γ", beta: "β" };
const START = { gamma: 1, beta: 0 };
const FIXED = { automargin: false, nticks: 6 };
const EDGES = { l: 78, r: 12, t: 34, b: 46 }; // γ's and β's steps line up whatever their numbers look like

export class Parameters extends InsidePage {
  view = "parameters";
  get idle() { return idle(); }
  get body() { return body(); }

  constructor(root) {
    super(root);
    this.element.classList.add("ns-parameters");
    this.chosen = kept("parameters layer", "conv1");
    this.points = [];
    this.answers = {};
  }

  layer() {
    return this.chosen;
  }

  // --- following: the looks, and beside them the tests on the test images -----------------------------------------

  follow() {
    if (this.following !== this.data.run) {
      this.following = this.data.run;
      this.points = [];
      this.answers = {};
    }
    super.follow();
  }

  async poll(round) {
    await super.poll(round);
    const run = this.following;
    const answer = await get(`api/runs/${run}/points?since=${this.points.at(-1)?.seq ?? 0}`).catch(() => null);
    if (this.closed || round !== this.round) return;
    if (!answer) {
      clearTimeout(this.timer); // once all looks are there nobody would ask for the last tests
      this.timer = setTimeout(() => this.poll(round), 1000);
    }
    if (!answer?.records) return;
    const latest = this.points.at(-1)?.seq ?? 0;
    const news = answer.records.filter(({ seq }) => seq > latest);
    this.points.push(...news);
    if (news.some(({ kind }) => ["test", "started", "diverged", "arm-failed"].includes(kind))) this.show();
  }

  record(kind) {
    return this.points.filter((record) => record.kind === kind);
  }

  // Layers in the network's order with their channels and positions (H·W), which no layer's own numbers tell.
  async readShape(run) {
    if (this.shapeOf === run) return true;
    const whole = (await this.whole(this.looks[0])) ?? (await this.whole());
    if (!whole || run !== this.following) return false;
    const { layers, examples } = Object.values(whole)[0];
    const shape = ({ name, before }) => [name, { channels: before.unit_means.length, positions: before.values / before.unit_means.length / examples }];
    this.shape = new Map(layers.filter(({ activated }) => activated).map(shape));
    this.shapeOf = run;
    if (!this.shape.has(this.chosen)) this.choose("conv1");
    return true;
  }

  norms(look = this.shown) {
    return this.shownArms().map((arm) => ({ arm, color: this.colors.get(arm.name), norm: look.arms[arm.name]?.[this.chosen] })).filter(({ norm }) => norm);
  }

  // --- drawing ----------------------------------------------------------------------------------------------------

  async draw() {
    if (!(await this.readShape(this.following))) return false;
    this.shown = this.look; // one look for all charts: the visitor may move on while they are drawn
    const norms = this.norms();
    const running = norms.filter(({ norm }) => norm.running_var.length);
    this.drawLayers();
    this.sayWhatLacks(norms, running);
    this.parts.affine.hidden = !norms.length;
    this.parts.running.hidden = !running.length;
    if (norms.length) await this.drawAffine(norms);
    if (running.length) await this.drawRunning(running);
    await this.drawAccuracy();
    await this.drawNoise();
    Object.keys(this.answers).forEach((question) => this.showAnswer(question));
  }

  chart(part, traces, more, config = CONFIG) {
    const element = this.parts[part];
    for (const axis of ["xaxis", "yaxis"]) if (more[axis]?.type === "log" && !more[axis].tickvals) more[axis] = { ...more[axis], ...keptTicks(element, axis) };
    return react(this.Plotly, element, traces, layout(this.colours, { uirevision: this.chosen, ...more }), config).then(() => {
      ticksFollow(this.Plotly, element, ...["xaxis", "yaxis"].filter((axis) => more[axis]?.type === "log" && !(axis === "xaxis" && part === "noiseChart")));
      if (element.listening) return;
      element.listening = true;
      element.on("plotly_click", ({ points: [point] }) => point.data.meta === "steps" && this.moveTo(point.x));
    });
  }

  drawLayers() {
    const html = [...this.shape.keys()].map((name) => `<button data-layer="${name}" aria-pressed="${name === this.chosen}">${name}</button>`).join("");
    if (this.parts.layers.innerHTML !== html) this.parts.layers.innerHTML = html;
    const { channels, positions } = this.shape.get(this.chosen);
    this.parts.shape.textContent = positions > 1 ? _("{channels} channels of {side} × {side} positions", { channels, side: Math.sqrt(positions) }) : _("{n} units", { n: channels });
  }

  sayWhatLacks(norms, running) {
    const lacking = this.arms.filter((arm) => !this.shown.arms[arm.name]);
    this.parts.lacks.innerHTML = sentences(lacking.map((arm) => this.whatLacks(arm, this.strong({ arm, color: this.colors.get(arm.name) }))));
    this.parts.stateless.textContent = withoutMemory(norms.map(({ arm, norm }) => ({ title: arm.title, kind: norm.kind, remembers: running.some((each) => each.arm === arm) })), this.chosen);
  }

  whatLacks({ name, norm }, arm) {
    const at = (kind) => this.record(kind).findLast((record) => record.arm === name)?.step;
    return lack(arm, norm, this.chosen, { diverged: at("diverged"), failed: at("arm-failed") });
  }

  strong({ arm, color }) {
    return `<b style="color:${color}">${escape(arm.title)}</b>`;
  }

  // --- γ and β ----------------------------------------------------------------------------------------------------

  async drawAffine(norms) {
    for (const which of ["gamma", "beta"]) {
      await this.drawParameter(which, norms);
      await this.drawGradient(which, norms);
    }
    this.parts.ranges.innerHTML = norms.map((each) => ranges(this.strong(each), each.norm)).join(" · ");
    const batch = norms.filter(({ norm }) => norm.kind.startsWith("BatchNorm"));
    const where = this.chosen === "conv1" ? "net[1]" : `net.${this.chosen}_norm`;
    this.parts.printed.hidden = !batch.length;
    this.parts.printed.textContent = batch.length ? `>>> ${where}.gamma.reshape((-1,)), ${where}.beta.reshape((-1,))\n` +
      batch.map(({ arm, norm }) => `${batch.length > 1 ? `# ${arm.title}\n` : ""}(${printed(norm.gamma)},\n ${printed(norm.beta)})`).join("\n") : "";
  }

  // One figure, two panels, one y-axis: every channel now, and over the run.
  drawParameter(which, norms) {
    const start = START[which];
    const ghosts = this.ghostLook ? this.norms(this.ghostLook).filter(({ norm }) => norm[which].length) : [];
    const own = norms.filter(({ norm }) => norm[which].length);
    const traces = [
      ...ghosts.map((each) => this.channels(each, each.norm[which], start, true)),
      ...own.map((each) => this.channels(each, each.norm[which], start, false)),
      ...own.flatMap((each) => this.overTime(each, which)),
    ];
    const { shown: look, colours } = this;
    const second = { ...axisIn(colours), anchor: "y", domain: [0.47, 1], nticks: 6, ...this.stepAxis() };
    return this.chart(which, traces, {
      title: this.isWide ? _("{symbol} of every unit, sorted, and over the run", { symbol: SYMBOLS[which] }) : _("{symbol} per channel, and over the run", { symbol: SYMBOLS[which] }), barmode: "group", bargap: 0.25, hovermode: "closest",
      xaxis: { domain: [0, 0.4], ...this.channelAxis }, xaxis2: second,
      margin: EDGES, yaxis: { ...FIXED, title: { text: SYMBOLS[which], standoff: 4 }, autorangeoptions: { include: [start - 0.04, start + 0.04] } },
      shapes: [line({ xref: "paper", x0: 0, x1: 1, y0: start, y1: start }, colours.faint, "dot"), line({ xref: "x2", yref: "paper", y0: 0, y1: 1, x0: look.step, x1: look.step }, colours.text)],
      annotations: this.parts[which].clientWidth < 500 ? [] : [{ xref: "paper", x: 0.435, y: start, text: _("start<br>{value}", { value: start }), showarrow: false, xanchor: "center", font: { size: colours.type - 2, color: colours.faint } }],
    });
  }

  drawGradient(which, norms) {
    const own = norms.filter(({ norm }) => norm[`${which}_grad`].length);
    return this.chart(`${which}Grad`, own.map((each) => this.channels(each, each.norm[`${which}_grad`], 0, false)), {
      title: _("its gradient now"), barmode: "group", bargap: 0.25, hovermode: "closest", xaxis: this.channelAxis,
      margin: EDGES, yaxis: { ...FIXED, title: { text: `∂L/∂${SYMBOLS[which]}`, standoff: 4 }, nticks: 5 },
      shapes: [line({ xref: "paper", x0: 0, x1: 1, y0: 0, y1: 0 }, this.colours.faint, "dot")],
    });
  }

  get isWide() {
    return this.shape.get(this.chosen).channels > WIDE;
  }

  get channelAxis() {
    if (this.isWide) return { title: { text: _("units, sorted by value"), standoff: 4 }, nticks: 5 };
    const { channels } = this.shape.get(this.chosen);
    return { title: { text: _("channel"), standoff: 4 }, tickvals: [...Array(channels).keys()].filter((c) => channels <= 8 || c % 5 === 0), showgrid: false };
  }

  // Bars that grow from the start value; of a wide layer the sorted values, whose order would mean nothing anyway.
  channels({ arm, color }, values, start, faint) {
    const common = { name: arm.name, opacity: faint ? 0.3 : 1, hoverinfo: faint ? "skip" : undefined };
    if (this.isWide) {
      const y = values.filter((value) => value != null).toSorted((a, b) => a - b);
      return { ...common, type: "scatter", mode: "lines", x: y.map((value, i) => i), y, line: { color, width: faint ? 1.5 : 3 }, hovertemplate: `${escape(arm.name)}: %{y:.4g}<extra></extra>` };
    }
    return { ...common, type: "bar", base: start, y: values.map((value) => value == null ? null : value - start), x: values.map((value, i) => i), customdata: values, marker: { color }, offsetgroup: arm.name + (faint ? " ghost" : ""), hovertemplate: `${_("{arm}, channel %{x}: %{customdata:.4g}", { arm: escape(arm.name) })}<extra></extra>` };
  }

  overTime({ arm, color, norm }, which) {
    const steps = this.looks.map(({ step }) => step);
    const table = this.looks.map((look) => look.arms[arm.name]?.[this.chosen]?.[which] ?? []);
    const common = { type: "scatter", mode: "lines", xaxis: "x2", meta: "steps", hoverinfo: "none" };
    if (this.isWide) {
      const at = (share) => table.map((values) => quantile(values, share));
      const edge = (share, fill) => ({ ...common, x: steps, y: at(share), line: { width: 0 }, fillcolor: tint(color, 0.2), fill });
      const middle = { ...common, x: steps, y: at(0.5), line: { color, width: 2.5 }, hoverinfo: undefined, hovertemplate: `${_("{arm} median at step %{x}: %{y:.4g}", { arm: escape(arm.name) })}<extra>${_("band: 5th to 95th percentile")}</extra>` };
      return [edge(0.05), edge(0.95, "tonexty"), edge(0.25), edge(0.75, "tonexty"), middle];
    }
    const channels = [...norm[which].keys()];
    return [{ ...common, opacity: 0.75, line: { color, width: 1.6 }, x: channels.flatMap(() => [...steps, null]), y: channels.flatMap((c) => [...table.map((values) => values[c]), null]),
      customdata: channels.flatMap((c) => [...steps, null].map(() => c)), hoverinfo: undefined, hovertemplate: `${_("{arm}, channel %{customdata}, step %{x}: %{y:.4g}", { arm: escape(arm.name) })}<extra></extra>` }];
  }

  // --- running statistics -------------------------------------------------------------------------------------------

  async drawRunning(running) {
    const isFixed = this.picture.source === "fixed";
    const perUnit = (quantity) => (this.isWide ? _("{quantity}, per unit", { quantity }) : _("{quantity}, per channel", { quantity }));
    await this.drawPairs("means", running, ["batch_mean", "running_mean"], "linear", [
      isFixed ? _("mean of the 64 fixed images") : _("mean of this mini-batch"), _("running mean"), perUnit(_("running mean"))]);
    await this.drawPairs("variances", running, ["batch_var", "running_var"], "log", [
      isFixed ? _("variance of the 64 fixed images") : _("variance of this mini-batch"), _("running variance"), perUnit(_("running variance"))]);
    const traces = running.map(({ arm, color }) => ({
      type: "scatter", mode: "lines+markers", meta: "steps", name: arm.name, x: this.looks.map(({ step }) => step), y: this.looks.map((look) => varianceRatio(look.arms[arm.name]?.[this.chosen])),
      line: { color, width: 2.5 }, marker: { size: 5 }, hovertemplate: `${_("{arm}, step %{x}: %{y:.3g} ×", { arm: escape(arm.name) })}<extra></extra>`,
    }));
    const { colours, shown: look } = this;
    await this.chart("lag", [...traces, alsoShown(this.looks[0].step, [0.7, 1.5])], {
      title: _("running / batch variance, over the run"), hovermode: "closest", xaxis: { nticks: 6, ...this.stepAxis() },
      yaxis: { type: "log", title: { text: _("ratio of the layer’s means"), standoff: 4 } },
      shapes: [line({ xref: "paper", x0: 0, x1: 1, y0: 1, y1: 1 }, colours.faint, "dot"), line({ yref: "paper", y0: 0, y1: 1, x0: look.step, x1: look.step }, colours.text)],
    });
    this.sayRunning(running);
  }

  drawPairs(part, running, [x, y], type, [xTitle, yTitle, title]) {
    const pairs = running.map(({ norm }) => norm[x].map((value, i) => [value, norm[y][i]]).filter((pair) => pair.every((v) => v != null && (type === "linear" || v > 0))));
    const all = pairs.flat(2);
    const ends = all.length ? [all.reduce((a, b) => Math.min(a, b)), all.reduce((a, b) => Math.max(a, b))] : [];
    const traces = running.map(({ arm, color }, i) => ({
      type: "scatter", mode: "markers", name: arm.name, x: pairs[i].map(([a]) => a), y: pairs[i].map(([, b]) => b), customdata: pairs[i].map((pair, c) => c),
      marker: { color, size: this.isWide ? 7 : 11, opacity: 0.75, symbol: MARKERS[this.arms.indexOf(arm)] }, hovertemplate: `${_("{arm}, channel %{customdata}: running %{y:.3g}, batch %{x:.3g}", { arm: escape(arm.name) })}<extra></extra>`,
    }));
    const equal = { type: "scatter", mode: "lines", x: ends, y: ends, line: { color: this.colours.faint, dash: "dot", width: 1.5 }, hoverinfo: "skip" };
    const axis = (text) => ({ type, title: { text, standoff: 4 }, nticks: 6 });
    return this.chart(part, [equal, ...traces], { title: `${title} <span style="font-size:.8em">${_("dotted: equal")}</span>`, hovermode: "closest", xaxis: axis(xTitle), yaxis: axis(yTitle) });
  }

  sayRunning(running) {
    const { step } = this.shown;
    const size = this.record("started").at(-1)?.batch_size;
    const { positions } = this.shape.get(this.chosen);
    const n = size * positions;
    const facts = [[weight(KEPT ** step), _("= 0.9<sup>{step}</sup>: what the start values 0 and 1 still weigh in the running statistics after {step} steps", { step: number(step) })]];
    for (const { arm, color, norm } of running) {
      const told = { arm: `<em>${escape(arm.title)}</em>`, layer: this.chosen, off: brief(meanOff(norm)) };
      facts.push([`${brief(varianceRatio(norm))} ×`, _("{arm}: running variance over that of the images, mean of {layer}; running means are {off} σ off", told), color]);
    }
    const whose = averaged(running.map(({ norm }) => norm));
    if (size) facts.push([(n / (n - 1)).toFixed(n > 5000 ? 6 : 4), unbiased(positions > 1 ? `${size}·${number(positions)} = ${number(n)}` : number(n), whose)]);
    facts.push(["0.1 ⇔ 0.9", _("momentum: in PyTorch and the book’s English edition the weight of the <i>new</i> value, 0.1; in its Chinese edition the weight of the <i>old</i> one, 0.9. The same average")]);
    this.parts.facts.innerHTML = facts.map(([value, text, color]) => `<div style="--arm:${color ?? "var(--line)"}"><b>${value}</b><span>${text}</span></div>`).join("");
  }

  // --- evaluation mode against batch statistics, and recalibration ---------------------------------------------------

  drawAccuracy() {
    const tests = this.record("test").filter(({ batch_accuracy }) => Object.keys(batch_accuracy).length);
    const arms = this.arms.filter((arm) => !this.hidden.has(arm.name) && tests.some((test) => test.batch_accuracy[arm.name] != null));
    this.parts.evaluation.hidden = !arms.length;
    if (!arms.length) return;
    const found = this.answers.recalibration;
    const curve = (arm, key, dash, words) => ({ type: "scatter", mode: "lines+markers", meta: "steps", name: arm.name, x: tests.map(({ step }) => step), y: tests.map((test) => test[key][arm.name]), line: { color: this.colors.get(arm.name), dash, width: 2.5 }, marker: { size: 5 }, hovertemplate: `${_("{arm}, {mode}, step %{x}: %{y:.1%}", { arm: escape(arm.name), mode: words })}<extra></extra>` });
    const star = (arm) => ({ type: "scatter", mode: "markers", x: [found.step], y: [found.arms[arm.name]?.recalibrated], marker: { symbol: "star", size: 17, color: this.colors.get(arm.name), line: { color: this.colours.background, width: 1.5 } }, hovertemplate: `${_("{arm}, {mode}, step %{x}: %{y:.1%}", { arm: escape(arm.name), mode: _("recalibrated") })}<extra></extra>` });
    const traces = arms.flatMap((arm) => [curve(arm, "accuracy", "dash", _("evaluation mode")), curve(arm, "batch_accuracy", "dot", _("batch statistics")), ...(found?.arms ? [star(arm)] : [])]);
    return this.chart("accuracy", traces, {
      title: `${_("test accuracy")} <span style="font-size:.8em">╍ ${_("evaluation mode")} ┈ ${_("each batch’s own statistics")}${found?.arms ? ` ★ ${_("recalibrated")}` : ""}</span>`, hovermode: "closest", uirevision: "accuracy",
      xaxis: { ...this.stepAxis(), rangemode: "tozero" }, yaxis: { tickformat: ".0%", rangemode: "tozero", title: { text: _("accuracy"), standoff: 4 } },
      shapes: [line({ yref: "paper", y0: 0, y1: 1, x0: this.shown.step, x1: this.shown.step }, this.colours.text)],
    });
  }

  async ask(question) {
    const run = this.following;
    const layer = this.chosen;
    const take = (answer) => {
      if (run !== this.following || this.closed) return;
      this.answers[question] = { ...answer, layer };
      this.showAnswer(question);
      this.show();
    };
    take({ busy: true });
    try {
      take(await get(`api/runs/${run}/ask/${question}?layer=${layer}`));
    } catch {
      take({ error: _("The server did not answer. Is it still there? Press again to ask again.") });
    }
  }

  showAnswer(question) {
    const { busy, error } = this.answers[question];
    const button = this.element.querySelector(`[data-ask=${question}]`);
    button.disabled = Boolean(busy);
    const output = this.parts[question];
    output.dataset.state = busy ? "busy" : error ? "error" : "done";
    const html = busy ? `<p>${_("The networks are being asked, between two mini-batches …")}</p>` : error ? `<p class="ns-problem">${escape(error)}</p>` : question === "noise" ? this.noiseWords() : this.recalibrationWords();
    if (output.said !== html) output.innerHTML = output.said = html;
  }

  recalibrationWords() {
    const { step, images, test_images, arms } = this.answers.recalibration;
    const names = this.arms.filter(({ name }) => arms[name]);
    if (!names.length) return `<p>${_("No arm of this run has BatchNorm: there are no running statistics to estimate anew.")}</p>`;
    const rows = names.map(({ name, title }) => `<tr style="--arm:${this.colors.get(name)}"><th>${escape(title)}</th><td>${percent(arms[name].running)}</td><td><b>${percent(arms[name].recalibrated)}</b></td><td>${percent(arms[name].batch)}</td></tr>`).join("");
    const says = sentences(names.map(({ name, title }) => gain(escape(title), arms[name])));
    return `<table><thead><tr><th>${_("step {step}", { step: number(step) })}</th><td>${pgettext("running statistics", "running")}</td><td>${_("recalibrated")}</td><td>${_("batch’s own")}</td></tr></thead><tbody>${rows}</tbody></table>
      <p>${says}</p><p class="ns-small">${_("Averaged over {images} training images, on a copy: the run is unchanged. Accuracies on {tests} test images.", { images: number(images), tests: number(test_images) })}</p>`;
  }

  // --- the noise of a mini-batch's mean --------------------------------------------------------------------------------

  drawNoise() {
    const { positions } = this.shape.get(this.chosen);
    const found = this.noiseFound;
    this.parts.noise.hidden = this.answers.noise?.layer !== this.chosen;
    const sizes = found?.sizes ?? [1, 256];
    const guide = (factor, dash) => ({ type: "scatter", mode: "lines", x: sizes, y: sizes.map((size) => 1 / Math.sqrt(size * factor)), line: { color: this.colours.faint, dash, width: 1.5 }, hoverinfo: "skip" });
    const traces = (found ? this.arms.filter(({ name }) => found.arms[name] && !this.hidden.has(name)) : []).map((arm) => ({
      type: "scatter", mode: "lines+markers", x: sizes, y: found.arms[arm.name], name: arm.name, line: { color: this.colors.get(arm.name), width: 2.5 },
      marker: { size: 9, symbol: MARKERS[this.arms.indexOf(arm)] }, hovertemplate: `${escape(arm.name)}, N = %{x}: %{y:.3f} σ<extra></extra>`,
    }));
    const label = (factor, text) => ({ x: Math.log10(sizes[0]) + 0.05, y: Math.log10(1 / Math.sqrt(sizes[0] * factor)), text, showarrow: false, xanchor: "left", yanchor: "bottom", font: { size: this.colours.type, color: this.colours.faint } });
    const guides = positions > 1 ? [[1, "1/√N"], [positions, `1/√(N·${number(positions)})`]] : [[1, "1/√N"]];
    return this.chart("noiseChart", [...guides.map(([factor], i) => guide(factor, i ? "dot" : "dash")), ...traces], {
      title: _("a mini-batch’s mean at {layer}: how far it is off", { layer: this.chosen }), hovermode: "closest",
      xaxis: { type: "log", tickvals: [1, 2, 4, 8, 16, 32, 64, 128, 256], title: { text: _("batch size N"), standoff: 4 } },
      yaxis: { type: "log", title: { text: _("standard deviation / σ"), standoff: 4 } }, annotations: guides.map(([factor, text]) => label(factor, text)),
    });
  }

  // The answer, if it is of this layer.
  get noiseFound() {
    const { noise } = this.answers;
    return noise?.arms && noise.layer === this.chosen ? noise : null;
  }

  noiseWords() {
    const { step, layer, images, positions, sizes, arms } = this.answers.noise;
    const worth = this.arms.filter(({ name }) => arms[name]?.[0] > 0).map(({ name, title }) => `<tr style="--arm:${this.colors.get(name)}"><th>${escape(title)}</th><td><b>${brief(1 / (sizes[0] * arms[name][0] ** 2))}</b></td></tr>`).join("");
    return `<table><thead><tr><th>${_("step {step}", { step: number(step) })}</th><td>${_("independent values per image")}</td></tr></thead><tbody>${worth}</tbody></table><p>${worth ? aboutNoise(layer, positions) : _("No arm’s values vary from image to image at {layer}: there is no noise.", { layer })}</p>
      <p class="ns-small">${_("Over 300 random mini-batches of each size out of {images} test images, before the norm.", { images: number(images) })}</p>`;
  }

  // --- the visitor -------------------------------------------------------------------------------------------------------

  clicked(event) {
    super.clicked(event);
    const { layer, ask } = event.target.closest("button")?.dataset ?? {};
    if (ask) this.ask(ask);
    if (!layer || layer === this.chosen) return;
    keep("parameters layer", layer);
    this.choose(layer);
    this.drawLayers();
  }

  wordsOf({ dataset: { part } }) {
    const tested = ({ step }) => [_("step {step}", { step: number(step) }), pgettext("what the accuracies are of", "test images")];
    if (part === "accuracy") return { about: tested(this.shown) };
    if (part === "noiseChart") return { about: this.noiseFound ? tested(this.noiseFound) : [_("not measured yet")] };
    const symbol = { gammaGrad: "∂L/∂γ", betaGrad: "∂L/∂β" }[part];
    if (!symbol) return {};
    return { title: this.isWide ? _("{symbol} of every unit, sorted", { symbol }) : _("{symbol} per channel", { symbol }) };
  }

  choose(layer) {
    this.chosen = layer;
    this.follow();
  }
}

// --- numbers ---------------------------------------------------------------------------------------------------------

const line = (where, color, dash) => ({ type: "line", ...where, line: { color, dash, width: 1.5 } });
const tint = (hex, opacity) => hex + Math.round(255 * opacity).toString(16).padStart(2, "0");
const weight = (share) => (share >= 1e-3 ? share.toFixed(3) : scientific(share, 0));

export const mount = mounter(Parameters);
