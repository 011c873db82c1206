// Several runs held against each other: where their settings differ, their curves in one chart, and what they came to.

import { CompareChart, DASHES } from "./compare_chart.js";
import { areAlike, caution, lastTest, letterOf, namesOf, points, signed, verdict } from "./differences.js";
import { isolated, titleOf } from "./row.js";
import { SETTINGS, differing, isUsed, labelOf, valueOf } from "./settings.js";
import { keep, kept } from "../shared/kept.js";
import { _, spoken } from "../shared/language.js";
import { parted } from "../shared/lists.js";
import { armColors } from "../shared/look.js";
import { ENDED } from "../shared/standing.js";
import { escape, fill, get, number, percent } from "../shared/web.js";
import { Series } from "../train/series.js";

const VALUES = ["accuracy", "loss", "train"];
const AXES = ["step", "epoch", "seconds"];
const PERIOD_MS = 1000;

export class Comparison {
  constructor(parts, surroundings) {
    this.parts = parts;
    this.surroundings = surroundings;
    this.value = kept("comparedValue", "accuracy", VALUES);
    this.x = kept("comparedX", "step", AXES);
    this.series = new Map(); // id -> Series
    this.cutOff = new Set(); // of which runs the last answer did not come
    this.troubles = new Map(); // id -> why it has no points
    this.runs = [];
    this.arms = {};
    this.front = this.base = "";
    this.chart = new CompareChart(parts.chart, (id) => this.bringToFront(id));
  }

  // The runs, the oldest first; and all arms by their names.
  show(runs, arms) {
    Object.assign(this, { runs, arms, isShown: true });
    const ids = runs.map(({ id }) => id);
    if (!ids.includes(this.base)) [this.base] = ids;
    if (!ids.includes(this.front)) this.front = "";
    this.letters = new Map(ids.map((id, i) => [id, letterOf(i)]));
    this.names = namesOf(runs);
    // The list is heard each second while a run is under way; most of what it says is not told here.
    const told = JSON.stringify([spoken(), runs.map(({ id, name, settings, total }) => [id, name, settings, total])]);
    if (told !== this.told) this.write();
    this.told = told;
    this.ask();
  }

  rest() {
    this.isShown = false;
    this.told = "";
    clearTimeout(this.timer);
  }

  close() {
    this.rest();
    this.chart.close();
  }

  // --- what was measured --------------------------------------------------------------------------------------------

  async ask() {
    clearTimeout(this.timer);
    if (this.asking) return;
    this.asking = true;
    const news = await Promise.all(this.runs.filter(({ id }) => !ENDED.has(this.series.get(id)?.status) && !this.troubles.has(id)).map(({ id }) => this.fetch(id)));
    this.asking = false;
    if (!this.isShown) return;
    if (news.some(Boolean)) this.write();
    const waits = this.runs.some(({ id }) => !this.troubles.has(id) && !ENDED.has(this.series.get(id)?.status));
    if (waits) this.timer = setTimeout(() => this.ask(), PERIOD_MS);
  }

  // Whether there is something new to tell. After a lost connection all is asked for: the server may have been started anew.
  async fetch(id) {
    const before = this.series.get(id);
    const series = this.cutOff.has(id) ? new Series() : before ?? new Series();
    const answer = await get(`api/runs/${id}/points?since=${series.latest}`).catch(() => null);
    if (!answer) this.cutOff.add(id);
    if (answer?.error) this.troubles.set(id, answer.error);
    if (!answer?.records) return Boolean(answer?.error);
    this.cutOff.delete(id);
    const isNew = series !== before || answer.records.length > 0 || series.status !== answer.state.status;
    series.add(answer.records);
    series.status = answer.state.status;
    this.series.set(id, series);
    return isNew;
  }

  // --- what is written ----------------------------------------------------------------------------------------------

  write() {
    const look = this.surroundings.look("comparison", () => this.isShown && this.write());
    const { parts, runs } = this;
    this.colors = armColors(this.allArms(), look);
    parts.heading.textContent = _("{n} runs side by side", { n: number(runs.length) });
    fill(parts.keys, runs.map((run, i) => this.key(run, i)).join(""));
    const seriesOf = (id) => this.series.get(id);
    const others = runs.filter(({ id }) => id !== this.base);
    const base = runs.find(({ id }) => id === this.base);
    const said = others.map((other) => verdict(base, other, { letters: this.letters, seriesOf })).filter(Boolean);
    const troubles = runs.flatMap(({ id }) => (this.troubles.has(id) ? [`${this.letters.get(id)}: ${this.troubles.get(id)}`] : []));
    fill(parts.verdicts, [...said, ...troubles].map((text) => `<li>${escape(text).replaceAll(" %", "\u00a0%")}</li>`).join("")
      + (said.length ? caution(runs, seriesOf).filter(Boolean).map((text) => `<li class="ns-small">${text}</li>`).join("") : ""));
    fill(parts.base, runs.map((run) => `<option value="${escape(run.id)}">${this.letters.get(run.id)} ${escape(this.names.get(run.id))}</option>`).join(""));
    parts.base.value = this.base;
    for (const button of parts.compare.querySelectorAll("[data-value], [data-x]")) {
      button.setAttribute("aria-pressed", (button.dataset.value ?? button.dataset.x) === (button.dataset.value ? this.value : this.x));
    }
    fill(parts.numbers, this.numbers());
    fill(parts.settings, this.settings());
    this.writeAlike();
    this.chart.draw(this, look);
  }

  // Of all runs, in the order in which they appear first.
  allArms() {
    return [...new Set(this.runs.flatMap(({ settings }) => settings.arms))].map((name) => this.arms[name]);
  }

  key(run, i) {
    const dash = { solid: "", dash: "8 5", dot: "2 4", dashdot: "8 4 2 4", longdash: "14 5", longdashdot: "14 4 2 4" }[DASHES[i % DASHES.length]];
    const line = `<svg width="42" height="8" aria-hidden="true"><path d="M0 4h42" stroke="currentColor" stroke-width="2.4" stroke-dasharray="${dash}"/></svg>`;
    const words = run.name ? this.names.get(run.id) : this.names.get(run.id) || titleOf(run);
    return `<button data-front="${escape(run.id)}" aria-pressed="${this.front === run.id}"><b>${this.letters.get(run.id)}</b> ${line} ${isolated(words)}</button>`;
  }

  numbers() {
    const { runs } = this;
    const names = this.allArms().map(({ name }) => name);
    const base = runs.find(({ id }) => id === this.base);
    const last = ({ id }, name) => this.series.get(id) && lastTest(this.series.get(id), name);
    const rows = names.map((name) => {
      const cells = runs.map((run) => `<td>${this.figure(run !== base && areAlike(base, run) ? last(base, name) : null, last(run, name), run.total)}</td>`);
      return `<tr style="--arm:${this.colors.get(name)}"><th scope="row">${escape(name)}</th>${cells.join("")}</tr>`;
    });
    return `<caption>${_("Test accuracy, and its difference from {run} in points", { run: this.letters.get(this.base) })}</caption>${this.heads()}<tbody>${rows.join("")}</tbody>`;
  }

  figure(base, test, total) {
    if (!test) return "–";
    if (test.fate) return `✕ <small>${_("at step {step}", { step: number(test.fate.step) })}</small>`;
    if (test.accuracy == null) return "–";
    const difference = points(base, test);
    const early = test.step < total || !test.isWhole ? `<small>${test.isWhole ? _("at step {step}", { step: number(test.step) }) : _("at step {step}, on a part of the test images", { step: number(test.step) })}</small>` : "";
    return `<b>${percent(test.accuracy)}</b>${difference === null ? "" : ` <span>${signed(difference)}</span>`}${early}`;
  }

  settings() {
    const settings = differing(this.runs);
    if (!settings.length) return "";
    const rows = settings.map((setting) => `<tr><th scope="row">${labelOf(setting)}</th>${this.runs.map((run) => `<td>${isUsed(setting, run.settings) ? escape(valueOf(setting, run.settings[setting])) : "–"}</td>`).join("")}</tr>`);
    return `<caption>${_("Where their settings differ")}</caption>${this.heads()}<tbody>${rows.join("")}</tbody>`;
  }

  heads() {
    return `<thead><tr><th></th>${this.runs.map(({ id }) => `<th scope="col"><b>${this.letters.get(id)}</b> ${isolated(this.names.get(id))}</th>`).join("")}</tr></thead>`;
  }

  writeAlike() {
    const differs = differing(this.runs);
    const alike = SETTINGS.filter((setting) => !differs.includes(setting) && this.runs.every((run) => isUsed(setting, run.settings))).map((setting) => _("{setting} {value}", { setting: labelOf(setting), value: valueOf(setting, this.runs[0].settings[setting]) }));
    this.parts.alike.textContent = alike.length ? _("The same in all: {settings}.", { settings: parted(alike) }) : "";
  }

  // --- what the visitor does ----------------------------------------------------------------------------------------

  // A button's data; whether it was one of the comparison's.
  clicked({ front, value, x }) {
    if (front) this.bringToFront(front);
    if (value) keep("comparedValue", (this.value = value));
    if (x) keep("comparedX", (this.x = x));
    if (value || x) this.write();
    return Boolean(front || value || x);
  }

  // Once more, and all are alike again.
  bringToFront(id) {
    this.front = this.front === id ? "" : id;
    this.write();
  }

  compareWith(id) {
    this.base = id;
    this.write();
  }
}
