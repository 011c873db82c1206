// The page Lessons: the list, or one step of one: predict, run, see whether the prediction holds in that run, and why.
// ?lesson=…&step=…&answers=off opens it there.

import "../shared/address_bar.js";
import { chosenIn, computing, head, links, list, placeOf, prediction, question, running, skeleton, stopped, verdict } from "./lesson_body.js";
import { Demonstration, blocks, keepingTyped, typedIn } from "./demonstration.js";
import { Followed } from "./followed.js";
import { done, forget, isNews, note, progressOf, standOf } from "./progress.js";
import { written } from "./slider.js";
import { keep, kept } from "../shared/kept.js";
import { _ } from "../shared/language.js";
import { project } from "../shared/look.js";
import { mounted } from "../shared/mounted.js";
import { order } from "../shared/orders.js";
import { follow as goThere } from "../shared/place.js";
import { plotly } from "../shared/plotly.js";
import { ENDED } from "../shared/standing.js";
import { isHiding } from "../shared/stage.js";
import { Surroundings } from "../shared/surroundings.js";
import { leadOn } from "../shared/terms.js";
import { address, escape, fill, get, painted } from "../shared/web.js";

export const mount = mounted((root) => new Lessons(root));
const charts = () => import("./chart.js").catch(() => null);

const DRIVEN = "lesson run"; // the step whose experiments this tab begins one after another
const NO_RECORDS = 1e9; // a sequence number after all

const ADOPT_MS = 3000; // so long after Python has heard an order its run must be known here; it was refused otherwise

class Lessons {
  constructor(root) {
    this.element = document.createElement("section");
    this.element.className = "ns ns-lessons-page";
    root.append(this.element);
    this.runs = [];
    this.surroundings = new Surroundings(this.element);
    this.element.addEventListener("click", (event) => this.clicked(event));
    this.element.addEventListener("input", ({ target }) => target.name === "predicted" && this.choose(target));
    this.element.addEventListener("change", ({ target }) => target.dataset.typed !== undefined && this.compute({ matrix: typedIn(this.parts.shown) }));
    this.element.addEventListener("submit", (event) => this.commit(event));
    window.addEventListener("storage", (this.heardOf = (event) => this.hearOf(event)));
    const asked = new URLSearchParams(location.search);
    this.answers = asked.get("answers") !== "off";
    this.go(asked.get("lesson"), asked.get("step") ?? "1");
    painted().then(charts);
  }

  close() {
    this.closed = true;
    window.removeEventListener("storage", this.heardOf);
    this.leave();
    this.surroundings.close();
  }

  update({ data }) {
    this.data = data;
    this.adopt();
    this.showNotices();
    this.show();
  }

  // What was not understood in the link, and the like: above the list and above a step.
  showNotices() {
    const part = this.element.querySelector("[data-part=notices]");
    if (part && this.data) fill(part, this.data.notices.map((notice) => `<p>${escape(notice)}</p>`).join(""));
  }

  // --- where one is -----------------------------------------------------------------------------------------------------

  async go(slug, step) {
    this.leave();
    this.lesson = null;
    const path = slug === null ? "api/lessons" : `api/lessons/${encodeURIComponent(slug)}?step=${encodeURIComponent(step)}${this.answers ? "" : "&answers=off"}`;
    const answer = await get(path).catch(() => ({ error: _("The lessons did not come. Load the page again.") }));
    if (this.closed) return;
    if (answer.error) return this.refuse(answer.error);
    if (slug === null) {
      this.element.innerHTML = list(answer.lessons, done);
      return this.showNotices();
    }
    this.lesson = answer;
    this.open(Number(step));
  }

  refuse(error) {
    this.element.innerHTML = `<p class="ns-notices" role="alert">${escape(error)}</p><p><a href="${escape(address("lessons"))}" data-list="1">${_("← All lessons")}</a></p>`;
  }

  leave() {
    for (const run of this.runs) run.close();
    this.runs = [];
    this.demonstration?.close();
    this.demonstration = null;
    this.found = this.expected = this.chosen = null;
    this.checking = this.own = this.isAwaited = false;
    this.stops = "";
  }

  // In another tab somebody has predicted or run here.
  hearOf(event) {
    if (this.lesson && isNews(event, this.lesson.slug, this.number)) this.open(this.number);
  }

  open(number) {
    this.leave();
    this.number = number;
    this.step = this.lesson.steps[number - 1];
    this.element.innerHTML = skeleton();
    this.parts = Object.fromEntries([...this.element.querySelectorAll("[data-part]")].map((part) => [part.dataset.part, part]));
    for (const id of this.progress.runs ?? []) this.follow(id);
    if (this.step.demonstration) this.demonstrate();
    this.show();
  }

  get progress() {
    return progressOf(this.lesson.slug, this.number);
  }

  // --- the prediction and its runs ------------------------------------------------------------------------------------------

  choose(field) {
    this.chosen = chosenIn(this.parts.predict, this.step);
    const { slider } = this.step;
    if (!slider) return void (this.parts.predict.querySelector("[type=submit]").disabled = false);
    field.nextElementSibling.value = written(slider, this.chosen);
    field.setAttribute("aria-valuetext", field.nextElementSibling.value);
  }

  commit(event) {
    event.preventDefault();
    const predicted = chosenIn(this.parts.predict, this.step);
    if (predicted === null || predicted === "") return;
    note(this.lesson.slug, this.number, { predicted });
    if (this.step.demonstration === "matrix") this.compute({});
    this.show();
  }

  anew() {
    forget(this.lesson.slug, this.number);
    this.open(this.number);
  }

  // The first experiment begins all anew. `how` is "own" where it is not to be a recorded one, "sure" where what the
  // visitor has under way may be stopped.
  async begin(how) {
    const { parts } = this;
    const stops = how === "sure" ? "" : await this.underWay();
    if (parts !== this.parts || this.closed) return;
    this.leave();
    this.own = how === "own";
    this.stops = stops;
    if (stops) return this.show();
    note(this.lesson.slug, this.number, { runs: [], stands: null });
    keep(DRIVEN, this.key);
    this.isAwaited = true;
    this.run(0);
  }

  // What the visitor has under way, of which this step is none; empty where nothing is.
  async underWay() {
    const { run, mine, label } = this.data;
    if (!run || !mine || this.progress.runs?.includes(run)) return "";
    const answer = await get(`api/runs/${run}/points?since=${NO_RECORDS}`).catch(() => null);
    return answer?.state && !ENDED.has(answer.state.status) ? label : "";
  }

  get key() {
    return `${this.lesson.slug}/${this.number}`;
  }

  // One experiment after the other.
  async run(which) {
    const [slug, step] = [this.lesson.slug, String(this.number)];
    const key = `${slug}/${step}/${which}`;
    this.expected = { key, before: this.data.studied[key]?.order };
    this.show();
    await order({ do: "study", lesson: slug, step, which, own: this.own, run: this.data.run, hides: isHiding() });
    setTimeout(() => {
      if (this.expected?.key !== key) return;
      this.expected = null;
      this.show();
    }, ADOPT_MS);
  }

  adopt() {
    if (!this.expected || !this.lesson) return;
    const { run: id, order: number } = this.data.studied[this.expected.key] ?? {};
    if (!id || number === this.expected.before) return;
    this.expected = null;
    note(this.lesson.slug, this.number, { runs: [...(this.progress.runs ?? []), id] });
    this.follow(id);
  }

  follow(id) {
    this.runs.push(new Followed(id, this.step.chart, { changed: () => this.changed(), gone: () => this.loseRuns() }));
  }

  // The server does not know one of them any more: the prediction stays, to be run again.
  loseRuns() {
    note(this.lesson.slug, this.number, { runs: [], stands: null });
    this.open(this.number);
  }

  changed() {
    const unseen = this.runs.reduce((count, run) => count + run.unseen, 0);
    if (unseen !== this.unseen && this.found?.error) this.found = null; // it was that some arms are hidden
    this.unseen = unseen;
    this.show();
    const { length } = this.runs;
    if (this.expected || !length || this.runs.some((run) => !run.hasEnded)) return;
    if (length === this.step.experiments.length) return this.check();
    const isWhole = ["finished", "failed"].includes(this.runs.at(-1).state.status);
    if (!isWhole) this.decide(stopped());
    else if (kept(DRIVEN, "") === this.key) this.run(length); // of two tabs that show it, the one in which it was begun
  }

  async check() {
    if (this.checking || this.found) return;
    this.checking = true;
    const { runs, number, lesson: { slug: name } } = this;
    const asked = new URLSearchParams({ runs: runs.map(({ id }) => id).join(), predicted: this.progress.predicted, answers: this.answers ? "on" : "off" });
    const found = await get(`api/lessons/${name}/${number}/check?${asked}`).catch(() => null);
    if (this.closed || runs !== this.runs) return;
    this.checking = false;
    this.decide(found ?? { error: _("The verdict did not come. Load the page again.") });
  }

  decide(found) {
    if (this.found) return;
    this.found = found;
    if (!found.error) note(this.lesson.slug, this.number, { stands: standOf(found) });
    this.show();
    this.bringVerdict();
  }

  // Whoever has pressed the button waits for it; on a low screen it comes below.
  bringVerdict() {
    if (this.isAwaited && this.found) this.parts.verdict.firstElementChild.scrollIntoView({ block: "nearest" });
  }

  // --- what is computed in place of a run -----------------------------------------------------------------------------------

  demonstrate() {
    this.demonstration = new Demonstration(`api/lessons/${this.lesson.slug}/${this.number}/shown`, () => this.hear());
    const { predicted, matrix = "", seed } = this.progress;
    const isComputed = predicted != null && (this.step.demonstration === "matrix" || seed != null);
    this.ask({ matrix, seed: seed ?? 0, ...(isComputed && { predicted }) });
  }

  compute(more) {
    note(this.lesson.slug, this.number, more);
    const { predicted, matrix = "", seed = 0 } = this.progress;
    this.ask({ predicted, matrix, seed });
  }

  ask(given) {
    this.demonstration.ask({ ...given, answers: this.answers ? "on" : "off" });
  }

  hear() {
    if (!this.demonstration) return;
    const { verdict: found, problem } = this.demonstration;
    this.found = problem ? null : found;
    const stands = this.found && standOf(found);
    if (stands && stands !== "undecided") note(this.lesson.slug, this.number, { stands });
    this.show();
    if (!this.demonstration.isAsking) this.bringVerdict();
  }

  // --- what is drawn --------------------------------------------------------------------------------------------------------

  show() {
    if (!this.lesson || !this.parts || !this.data) return;
    const { parts, step, progress } = this;
    this.say(this.lesson.slug, this.number);
    const { slug } = this.lesson;
    fill(parts.head, head(this.lesson, this.number, (n) => progressOf(slug, n).stands));
    this.showNotices();
    fill(parts.question, question(step));
    fill(parts.predict, prediction(step, progress, this.chosen));
    if (this.demonstration) this.showComputed();
    else fill(parts.run, running(step, progress, this.runs, Boolean(this.expected), { stops: this.stops, inView: this.data.run }));
    fill(parts.verdict, verdict(step, this.found, this.answers, this.runs[0]?.id));
    fill(parts.links, links(slug, this.number));
    leadOn(this.element);
    parts.waiting.textContent = this.runs.length || this.demonstration ? "" : _("The run is drawn here as soon as it has begun.");
    this.draw();
  }

  showComputed() {
    const { parts, step, progress, demonstration } = this;
    const canType = step.demonstration === "matrix" && progress.predicted != null;
    fill(parts.run, computing(step, progress, demonstration));
    keepingTyped(parts.shown, () => fill(parts.shown, blocks(demonstration.blocks, canType)));
    parts.chart.hidden = true;
  }

  async draw() {
    if (!this.runs.length || this.drawing) return void (this.again = true);
    this.drawing = true;
    const [chart] = await Promise.all([charts(), plotly()]);
    const { parts } = this;
    if (!chart) setTimeout(() => this.closed || this.draw(), 1000); // an ended run has no next answer that would try again
    do {
      this.again = false;
      if (!chart || this.closed || parts !== this.parts || !this.runs.length) break;
      const look = this.surroundings.look("chart", () => this.draw());
      await chart.draw(window.Plotly, parts.chart, chart.picture(this.step.chart, this.step.experiments, this.runs, look));
    } while (this.again);
    this.drawing = false;
  }

  // --- what the visitor does --------------------------------------------------------------------------------------------------

  clicked(event) {
    const target = event.target.closest("button, a");
    if (!target || target.disabled) return;
    const { dataset } = target;
    if (dataset.projector) return project(target);
    if (dataset.anew) return this.anew();
    if (dataset.run) return this.begin(dataset.run);
    if (dataset.leave) return this.letGoOn();
    if (dataset.pointer) return this.point(event, target);
    if (dataset.stop) return this.stop();
    this.isAwaited ||= Boolean(dataset.compute);
    if (dataset.compute) return this.compute({ seed: this.progress.seed == null ? 0 : this.progress.seed + 1 });
    if (dataset.untype) return this.compute({ matrix: "" });
    const opensAnother = event.ctrlKey || event.metaKey || event.shiftKey;
    if (opensAnother || !(dataset.list || dataset.lesson || dataset.step)) return;
    event.preventDefault();
    if (dataset.step) return this.move(Number(dataset.step));
    this.say(dataset.lesson ?? null, 1);
    this.go(dataset.lesson ?? null, "1");
  }

  move(step) {
    this.say(this.lesson.slug, step);
    this.open(step);
  }

  // In the page's address, beside what Python writes there, which knows it only from the address.
  say(slug, step) {
    const url = new URL(location.href);
    const said = { lesson: slug, step: slug && String(step), answers: slug && !this.answers ? "off" : null };
    for (const [key, value] of Object.entries(said)) {
      if (value === null) url.searchParams.delete(key);
      else url.searchParams.set(key, value);
    }
    if (url.href !== location.href) history.replaceState(history.state, "", url);
  }

  stop() {
    const run = this.runs.find(({ hasEnded }) => !hasEnded);
    if (run) order({ do: "stop", run: run.id });
  }

  letGoOn() {
    this.stops = "";
    this.show();
  }

  // Where another run is in view, the link says which. A step without a run points beside it, by the link alone.
  point(event, link) {
    if (this.demonstration) return;
    const [{ id }] = this.runs;
    const arms = this.step.experiments[0].arms.map(({ name }) => name);
    if (id === this.data.run) goThere(event, link, id, { ...placeOf(this.step.pointers[link.dataset.pointer]), arms });
  }
}
