// The lab: a question is chosen, what it takes is said, and what it finds is drawn while it comes. What begins or steers a
// sweep is an order, which Python carries out; the sweep goes on in the server.
// ?vary=…&seeds=… opens that sweep.

import "../shared/address_bar.js";
import { measuresOf, picture as mapOf, usualMeasure } from "./heat_map.js";
import { MOST_SELECTED, OVER_STEPS, UNDER_WAY, begunList, cell, common, comparing, currentLine, described, heldOut, overStepsSaid, ownForm, planned, questionCards, saidList, skeleton, steering, standing, sweepWord, table, toolbar, whereItIs, whichPart } from "./lab_body.js";
import { Results, allGroups, rowsOf } from "./results.js";
import { sweepIn, withSweep } from "./page_address.js";
import { Plot } from "./plot.js";
import { keep, kept } from "../shared/kept.js";
import { know } from "../shared/known.js";
import { _ } from "../shared/language.js";
import { armColors, project } from "../shared/look.js";
import { mounted } from "../shared/mounted.js";
import { Notices } from "../shared/notices.js";
import { order } from "../shared/orders.js";
import { savedFrom } from "../shared/saved_run.js";
import { links } from "../shared/stage.js";
import { Surroundings } from "../shared/surroundings.js";
import { address, fill, get } from "../shared/web.js";

export const mount = mounted((root) => new Lab(root));

const bands = () => import("./bands.js").catch(() => null); // once something is drawn

const PERIOD_MS = { active: 1000, quiet: 10_000 };
const OPENED = "sweep"; // the link of the one that this tab has open
const NOTHING = { status: "", asked: "", message: "", done: 0, failed: 0, total: 0, said: [], why: [] };

class Lab {
  constructor(root) {
    this.element = document.createElement("section");
    this.element.className = "ns ns-lab";
    this.element.innerHTML = skeleton();
    root.append(this.element);
    this.parts = Object.fromEntries([...this.element.querySelectorAll("[data-part]")].map((part) => [part.dataset.part, part]));
    this.data = { notices: [] };
    this.own = { names: ["lr", ""], values: ["0.01, 0.1, 1", ""], seeds: "3" };
    this.notices = new Notices(this.parts.notices);
    this.surroundings = new Surroundings(this.element);
    this.plots = { map: new Plot(this.parts.map, ({ points: [{ x, y }] }) => this.press(y, x)) };
    for (const name of OVER_STEPS) this.plots[name] = new Plot(this.parts[name], () => {});
    this.element.addEventListener("click", (event) => this.clicked(event));
    this.element.addEventListener("change", (event) => this.changed(event));
    this.element.addEventListener("submit", (event) => this.askOwn(event));
    this.results = new Results();
    this.open(sweepIn(new URL(location.href).searchParams) || kept(OPENED, ""));
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    this.surroundings.close();
    for (const plot of Object.values(this.plots)) plot.close();
  }

  update({ data }) {
    this.data = data;
    this.show();
  }

  // --- what is asked ------------------------------------------------------------------------------------------------

  // The sweep of a link, as ?this is; without one, what can be asked.
  async open(link) {
    clearTimeout(this.timer);
    const turn = (this.turn = (this.turn ?? 0) + 1);
    this.results.forget();
    Object.assign(this, { link, plan: null, following: null, chosen: null, state: NOTHING, selected: [], problem: "", lost: "" });
    keep(OPENED, link);
    this.show();
    const answer = await get(link ? `api/lab/plan?${link}` : "api/lab").catch(() => null);
    if (this.closed || turn !== this.turn) return undefined;
    if (!answer) return this.wait(link);
    if (answer.error) return link ? this.refuse(answer.error) : this.wait(link);
    if (link) this.meet(answer);
    else this.offers = answer;
    this.show();
    if (link) this.poll();
    return undefined;
  }

  wait(link) {
    this.lost = _("The connection to the server is lost; trying again.");
    this.show();
    this.timer = setTimeout(() => this.open(link), PERIOD_MS.active);
  }

  // It is no sweep, or none that this server computes: another question can be asked.
  async refuse(error) {
    await this.open("");
    this.problem = error;
    this.show();
  }

  meet(plan) {
    this.plan = plan;
    this.measure = kept(plan.along ? "labAlong" : "labMeasure", usualMeasure(plan), Object.keys(measuresOf(plan)));
    this.state = { ...NOTHING, total: plan.runs, done: plan.runs - plan.missing };
    this.turnToPart(0);
  }

  // Of a question that is two sweeps 1 is the second.
  turnToPart(part) {
    this.part = part;
    const { varied, arms } = this.drawn;
    // The curves are there at once where there is nothing to choose between.
    this.selected = varied.length ? [] : arms.map((_arm, row) => [0, row]);
    (varied.length ? this.parts.hint : this.parts.rangeBox).after(this.parts.cells);
    this.show();
  }

  // The plan of the part in view.
  get drawn() {
    return this.part ? this.following : this.plan;
  }

  ask(vary, seeds, { along, after = 0 }) {
    const query = new URLSearchParams(this.data.form);
    query.set("seeds", seeds); // an emptied one is refused
    for (const [name, text] of [["vary", vary], ["along", along ? "1" : ""], ["then", after]]) if (text) query.set(name, text);
    this.open(query.toString());
  }

  askOwn(event) {
    event.preventDefault();
    const fields = new FormData(this.parts.own);
    const varied = [0, 1].filter((i) => fields.get(`name${i}`)).map((i) => `${fields.get(`name${i}`)}=${fields.get(`values${i}`)}`);
    this.ask(varied.join(";"), fields.get("seeds").trim(), { along: fields.has("along") });
  }

  // --- how it goes ----------------------------------------------------------------------------------------------------

  async poll() {
    clearTimeout(this.timer);
    const { turn, plan, results } = this;
    const answer = await get(`api/lab/${plan.id}/progress?since=${results.latest}&generation=${results.generation}`).catch(() => null);
    if (this.closed || turn !== this.turn) return;
    if (answer?.unknown) return this.open(this.link); // the server was started anew: what it has is on its shelf
    this.lost = answer && !answer.error ? "" : answer?.error ?? _("The connection to the server is lost; trying again.");
    if (!this.lost) this.hear(answer);
    this.show();
    const isActive = this.lost || UNDER_WAY.has(this.state.status);
    this.timer = setTimeout(() => this.poll(), document.hidden || !isActive ? PERIOD_MS.quiet : PERIOD_MS.active);
  }

  hear(answer) {
    this.state = answer;
    this.results.add(answer);
    this.following = answer.following && { ...answer.following, part: 1 };
    const part = this.following ? this.chosen ?? Number(this.results.has(1)) : 0;
    if (part !== this.part) this.turnToPart(part);
  }

  async order(what) {
    await order({ ...what, run: this.data.run });
    if (this.plan) await this.poll();
  }

  // --- what is shown --------------------------------------------------------------------------------------------------

  show() {
    const { parts, plan, state, data } = this;
    this.notices.show([this.lost, this.problem, this.offers?.off, state.message, ...data.notices, this.link ? "" : data.problem], null, "");
    const isAsking = !this.link;
    if (isAsking || plan) this.sayInAddress(plan?.link ?? "");
    [parts.ask.hidden, parts.about.hidden] = [!isAsking, !isAsking];
    [parts.back.hidden, parts.sweep.hidden] = [isAsking, isAsking || !plan];
    this.element.dataset.status = standing(state);
    this.element.dataset.shows = isAsking ? "questions" : plan ? "sweep" : "";
    if (isAsking) return this.showQuestions();
    parts.heading.textContent = plan ? described(plan) : _("Looking what there is of it, and timing a few mini-batches…");
    if (plan) this.showSweep();
    return undefined;
  }

  // Once it is known what Python writes there, and not in that of the page to which somebody has just turned.
  sayInAddress(link) {
    const [url, written] = [new URL(location.href), this.data.link || this.data.form];
    if (!written || this.closed || url.pathname !== new URL(address("lab")).pathname) return;
    const before = url.searchParams.toString();
    url.search = withSweep(url.searchParams, link, written);
    if (url.searchParams.toString() !== before) history.replaceState(history.state, "", url);
  }

  showQuestions() {
    const { offers, parts, data } = this;
    if (!offers) return;
    const isOff = Boolean(offers.off) || !data.form;
    fill(parts.questions, questionCards(offers.questions, isOff));
    if (!parts.own.contains(document.activeElement)) fill(parts.own, ownForm(offers.settings, this.own, isOff));
    fill(parts.begun, begunList(offers.begun));
    fill(parts.current, currentLine(offers.current));
  }

  showSweep() {
    const { parts, plan, state } = this;
    parts.status.textContent = sweepWord(standing(state));
    parts.base.textContent = common(plan);
    parts.held.textContent = heldOut(plan);
    parts.where.textContent = `${whereItIs(state, plan)} · ${planned(plan)}`;
    parts.bar.style.width = `${(100 * (state.done + state.failed)) / Math.max(1, state.total)}%`;
    fill(parts.steer, steering(state, plan, `${address("lab")}?${this.link}`));
    fill(parts.said, saidList(state, plan, this.part));
    parts.results.hidden = !this.results.groups.size;
    if (this.results.groups.size) this.showResults();
  }

  showResults() {
    const { parts, drawn: plan } = this;
    const look = this.surroundings.look("results", () => this.show());
    const colors = armColors(plan.arms, look);
    const hasMap = plan.varied.length > 0;
    fill(parts.which, whichPart(this.following, this.part));
    [parts.tools.hidden, parts.mapBox.hidden] = [!hasMap, !hasMap];
    fill(parts.tools, hasMap ? toolbar(measuresOf(plan), this.measure) : "");
    const cells = this.selected.map(([column, row]) => rowsOf(plan, this.results)[row].cells[column]);
    if (hasMap) {
      const drawn = mapOf(plan, this.results, this.measure, this.selected, look);
      parts.map.style.height = `${Math.round(drawn.height)}px`;
      this.plots.map.draw(drawn);
    }
    parts.hint.hidden = !hasMap || cells.length > 0;
    parts.hint.textContent = _("Press a cell for its runs and curves, and another one to compare them.");
    fill(parts.cells, cells.map((each) => cell(each, plan, colors.get(each.arm))).join("") + comparing(hasMap ? this.compared(cells) : []));
    const shown = cells.map(({ group }) => group).filter(Boolean);
    bands().then((drawing) => drawing && OVER_STEPS.forEach((name) => this.showOverSteps(drawing, name, { plan, shown, look })));
    fill(parts.table, table(plan, allGroups(plan, this.results), colors));
  }

  showOverSteps({ isDrawn, lostSaid, picture }, name, { plan, shown, look }) {
    if (!this.plan) return; // another question was asked meanwhile
    const box = this.parts[`${name}Box`];
    box.hidden = !isDrawn(shown, name);
    if (box.hidden) return;
    fill(this.parts[`${name}Said`], overStepsSaid(name, lostSaid(shown, name)));
    this.plots[name].draw(picture(plan, shown, look, name));
  }

  // Of two cells the runs with the first seed that both have.
  compared(cells) {
    if (cells.length < MOST_SELECTED) return [];
    const runs = cells.map(({ group }) => new Map((group?.runs ?? []).map(({ seed, run }) => [seed, run])));
    const seed = [...runs[0].keys()].find((each) => runs.every((of) => of.get(each)));
    return seed === undefined ? [] : [...new Set(runs.map((of) => of.get(seed)))];
  }

  // --- what the visitor does --------------------------------------------------------------------------------------------

  // Once more, and the cell is let go; of a third one the first is.
  press(row, column) {
    const others = this.selected.filter(([c, r]) => c !== column || r !== row);
    this.selected = others.length < this.selected.length ? others : [...others, [column, row]].slice(-MOST_SELECTED);
    this.show();
  }

  clicked({ target }) {
    const button = target.closest("button, a");
    if (!button || button.disabled) return undefined;
    const { dataset } = button;
    if (dataset.projector) return project();
    if (dataset.question) return this.askReady(dataset.question);
    if (dataset.link) return this.open(dataset.link);
    if (dataset.measure) return this.draw(dataset.measure);
    if (dataset.which) return this.turnToPart((this.chosen = Number(dataset.which)));
    if (dataset.arm) return this.pressRow(JSON.parse(dataset.where), dataset.arm);
    if (dataset.run) return this.openRun(dataset.run);
    if (dataset.format) return this.export(dataset.format);
    if (dataset.save) return import("./saved_chart.js").then(({ savePicture }) => savePicture(this, dataset.save));
    if (dataset.do) return this.carry(dataset.do);
    return undefined;
  }

  changed({ target }) {
    if (target.dataset.pin !== undefined) this.order({ do: target.checked ? "sweep-pin" : "sweep-unpin", id: this.plan.id });
    if (target.form === this.parts.own) {
      const fields = new FormData(this.parts.own);
      this.own = { names: [fields.get("name0"), fields.get("name1")], values: [fields.get("values0"), fields.get("values1")], seeds: fields.get("seeds"), along: fields.has("along") };
    }
  }

  askReady(name) {
    const { vary, seeds, ...more } = this.offers.questions.find((each) => each.name === name);
    this.ask(vary, String(seeds), more);
  }

  draw(measure) {
    keep(this.plan.along ? "labAlong" : "labMeasure", (this.measure = measure));
    this.show();
  }

  pressRow(where, arm) {
    const rows = rowsOf(this.drawn, this.results);
    const row = rows.findIndex((each) => each.arm === arm && each.cells.some((one) => String(one.where) === String(where)));
    this.press(row, rows[row].cells.findIndex((one) => String(one.where) === String(where)));
    this.parts.cells.scrollIntoView({ block: "nearest" });
  }

  carry(what) {
    if (what === "list") return this.open("");
    if (what === "compare") return this.compare();
    return this.order(what === "sweep" ? { do: what, link: this.link } : { do: what, id: this.plan.id });
  }

  async openRun(id) {
    await this.order({ do: "open", id });
    turnTo("");
  }

  // The page Runs finds them ticked and side by side.
  compare() {
    const rows = rowsOf(this.drawn, this.results);
    const ids = this.compared(this.selected.map(([column, row]) => rows[row].cells[column]));
    for (const id of ids) know(id);
    keep("ticks", ids);
    keep("runs", { ...kept("runs", {}), isComparing: true });
    turnTo("runs");
  }

  async export(form) {
    this.lost = await savedFrom(`api/lab/${this.plan.id}/export/${form}`, `normscope-sweep-${this.plan.id}`);
    this.show();
  }
}

// Streamlit changes pages by its own links.
const turnTo = (page) => links().find(({ pathname }) => (page ? pathname.endsWith(`/${page}`) : true))?.click();
