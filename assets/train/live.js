// The live panel: one bar that steers, one card an arm, two charts. It asks the server for new points, draws, waits,
// and asks again; Python hears of button presses only.

import "../shared/address_bar.js";
import "../shared/decimal_comma.js";
import { showBar } from "./bar.js";
import { ClassPanel } from "./class_panel.js";
import { Code } from "./code.js";
import { footer, showCards, showDetails, testImages } from "./cards.js";
import { drawing, pills, whatDiffers } from "./idle.js";
import { KeptHeight } from "./kept_height.js";
import { Keys } from "./keys.js";
import { showLegend } from "./legend.js";
import { skeleton } from "./live_body.js";
import { OwnRun, isSharedIn } from "./own_run.js";
import { BEGINS, Presses } from "./presses.js";
import { fold, follow, showReasons } from "./reasons.js";
import { Time } from "./time.js";
import { showVeil } from "./veil.js";
import { View } from "./view.js";
import { whereabouts } from "./whereabouts.js";
import { drop, earlierRuns } from "../shared/earlier.js";
import { _ } from "../shared/language.js";
import { armColors, project } from "../shared/look.js";
import { mounted } from "../shared/mounted.js";
import { Notices } from "../shared/notices.js";
import { order } from "../shared/orders.js";
import { evaluateAfter, fetchAhead, plotly } from "../shared/plotly.js";
import { Series } from "./series.js";
import { hideArms, isHiding } from "../shared/stage.js";
import { connectionLost, ENDED, isSettled, statusWord, withoutAnswer } from "../shared/standing.js";
import { Surroundings } from "../shared/surroundings.js";
import { WANTED, address, dragging, escape, get, painted } from "../shared/web.js";

export const mount = mounted((root) => new Panel(root));
const charts = () => import("./charts.js").catch(() => null);

// From one question to the next, drawing included; queued is mostly short, and then a start. Who only watches may wait longer.
const PERIOD_MS = { running: 200, preparing: 100, queued: 150, paused: 400 };
const HIDING_MS = 1500; // of one that has ended, as long as there are arms to be revealed, or hidden
const LEAST_WAIT_MS = 60; // where drawing takes longer than the period, so that the page still hears clicks

class Panel {
  constructor(root) {
    this.view = new View();
    this.data = {};
    this.earlier = [];
    this.state = null;
    this.series = new Series();
    this.ghosts = new Map();
    this.element = document.createElement("section");
    this.element.className = "ns ns-train";
    this.element.innerHTML = skeleton();
    root.append(this.element);
    this.parts = Object.fromEntries([...this.element.querySelectorAll("[data-part]")].map((e) => [e.dataset.part, e]));
    this.element.addEventListener("click", (event) => this.clicked(event));
    this.element.addEventListener("change", (event) => this.changed(event));
    this.element.addEventListener(WANTED, ({ target }) => this.charts.takeAway(this, target));
    this.isDragging = dragging(this.element, () => this.draw());
    this.keys = new Keys({ " ": this.parts.pause, ".": this.parts.step });
    this.notices = new Notices(this.parts.notices);
    this.presses = new Presses();
    this.code = new Code(this.parts);
    this.view.press(this.element);
    this.surroundings = new Surroundings(this.element);
    this.time = new Time(this);
    this.classPanel = new ClassPanel(this.parts);
    this.ownRun = new OwnRun(this.parts);
    this.heights = [this.parts.verdict, this.parts.reasons].map((words) => new KeptHeight(words));
    painted().then(charts);
  }

  close() {
    clearTimeout(this.timer);
    this.surroundings.close();
    this.keys.close();
    this.time.close();
    this.classPanel.close();
    this.presses.close();
    this.closed = true;
  }

  // --- what Python says ---------------------------------------------------------------------------------------

  update({ data }) {
    const before = this.data;
    // A run that the server has forgotten stays drawn until there is another one.
    const stays = this.gone && this.state && !data.run;
    this.data = stays ? { ...data, settings: before.settings, rate: before.rate, link: before.link } : data;
    if (before.run !== data.run && !stays) this.follow();
    else if (data.follows && !before.follows) this.followAgain();
    this.earlier = earlierRuns(data);
    this.classPanel.update(data);
    this.fetchGhosts();
    this.show();
  }

  follow() {
    clearTimeout(this.timer);
    this.series = new Series();
    this.element.dataset.drawn = this.drawn = 0; // the newest record in the charts, which show another run until then
    this.state = null;
    this.gone = this.lost = "";
    this.cutOff = false; // from the server, since the last answer
    this.curves?.forgetZoom();
    for (const height of this.heights) height.forget();
    this.asking = this.data.run;
    for (const each of [this.time, this.ownRun]) each.follow(this.data.run);
    if (this.data.run) this.poll(this.data.run);
  }

  // --- what the server says -----------------------------------------------------------------------------------

  async poll(run) {
    const [began, turn] = [Date.now(), (this.turn = (this.turn ?? 0) + 1)]; // of two questions at once the later one counts
    let period = 1000;
    try {
      const answer = await get(`api/runs/${run}/points?since=${this.cutOff ? 0 : this.series.latest}`);
      if (this.closed || run !== this.asking || turn !== this.turn) return;
      if (answer.gone) return this.lose(run);
      if (this.isOfOtherArms(answer)) {
        this.cutOff = true;
        return this.poll(run);
      }
      // The server may have been started anew: what it had told last is not on its disk, and is measured once more.
      if (this.cutOff && !answer.error) {
        [this.series, this.cutOff, this.drawn] = [new Series(), false, 0];
        this.time.follow(run);
        this.parts.verdict.style.minHeight = "";
      }
      this.lost = answer.error ?? "";
      if (!answer.error) {
        const isNew = !this.series.arms.size;
        this.series.add(answer.records, answer.state.falls, answer.state.hidden);
        if (isNew) this.view.meet([...this.series.arms.values()]);
        this.state = answer.state;
        this.stamp = Date.now();
        this.time.learn(answer.state);
        this.fitLink();
        period = Math.max(PERIOD_MS[answer.state.status] ?? HIDING_MS, this.data.mine ? 0 : answer.state.apart_ms ?? 0);
        this.show();
        if (this.series.hasPoint) this.firstShown?.();
        if (this.drawn !== this.series.latest) await this.draw();
      }
    } catch {
      if (this.closed || run !== this.asking || turn !== this.turn) return;
      this.lost = connectionLost();
      this.cutOff = true;
      this.show();
    }
    if (this.closed || run !== this.asking || turn !== this.turn) return; // since it was drawn
    if (this.lost) this.show();
    if (this.state && isSettled(this.state.status, this.state.hidden, this.data.follows) && !this.lost) return;
    const wait = Math.max(LEAST_WAIT_MS, period - (Date.now() - began));
    this.timer = setTimeout(() => this.poll(run), document.hidden ? 2000 : wait);
  }

  // Arms have been hidden, or revealed, since the answer before: that told of others.
  isOfOtherArms({ state }) {
    return Boolean(state && this.state && !this.cutOff && state.hidden !== this.state.hidden);
  }

  // A run that lacked its data is on other ones with other settings, and the address must say those.
  fitLink() {
    const { run, link } = this.data;
    // The record may be here before the run has its new settings.
    if (!this.series.replaced || this.fitted === run || new URLSearchParams(link).get("data") === this.state.data) return;
    this.fitted = run;
    order({ do: "look" });
  }

  lose(run) {
    [this.gone, this.lost] = [run, ""];
    this.show();
  }

  async fetchGhosts() {
    const wanted = this.earlier.map(({ id }) => id);
    const dropped = [...this.ghosts.keys()].filter((id) => !wanted.includes(id));
    const missing = wanted.filter((id) => !this.ghosts.has(id) || this.ghosts.get(id).lacks); // arms that were hidden then
    for (const id of dropped) this.ghosts.delete(id);
    await Promise.all(missing.map((id) => this.fetchGhost(id)));
    // An unchanged picture would only keep a new run's first points waiting.
    if (dropped.length || missing.length) this.draw();
  }

  async fetchGhost(id) {
    const series = new Series();
    this.ghosts.set(id, series);
    const answer = await get(`api/runs/${id}/points?since=0`).catch(() => null);
    series.lacks = answer?.state?.hidden > 0;
    if (answer?.records) return series.add(answer.records);
    if (this.ghosts.get(id) === series) this.ghosts.delete(id);
    if (answer) return this.drop(id); // the server has forgotten it
    setTimeout(() => this.closed || this.fetchGhosts(), 2000); // of a run that has ended nothing else would ask again
  }

  drop(id) {
    drop(id);
    this.earlier = earlierRuns(this.data);
    this.fetchGhosts();
    this.showGhosts();
  }

  // --- what is drawn --------------------------------------------------------------------------------------------

  async draw() {
    const isThere = Boolean(this.data.run || this.gone);
    if (!isThere || this.drawing || this.isDragging()) return (this.again = isThere);
    if (!window.Plotly || !this.charts) return void (this.coming ??= this.bringCharts()); // all else goes on
    this.drawing = true;
    try {
      this.curves ??= this.charts.curvesIn(this);
      do {
        this.again = false;
        const { series } = this;
        const { latest } = series; // more may come while it is drawn
        const isWhole = await this.curves.draw(series, [...this.ghosts.values()], this.view, this.surroundings.look("curves", () => this.draw()));
        if (isWhole && series === this.series) this.element.dataset.drawn = this.drawn = latest;
        this.time.draw();
      } while (this.again && !this.closed && !this.isDragging());
      this.parts.whole.disabled = !this.curves.isZoomed;
    } finally {
      this.drawing = false;
    }
  }

  // What does not come, or cannot be drawn, is tried again: an ended run has no next answer.
  async bringCharts() {
    [this.charts] = await Promise.all([charts(), plotly()]);
    this.coming = null;
    const isDrawn = this.charts && (await this.draw().then(() => true, () => false));
    if (!isDrawn && !this.closed) setTimeout(() => this.closed || this.draw(), 1000);
  }

  show() {
    const { data, state, parts } = this;
    const look = this.surroundings.look("words", () => this.show());
    // Until the server has answered, as it was when the page was written.
    const status = this.gone ? "gone" : state?.status ?? data.status;
    const isThere = Boolean(data.run || this.gone);
    this.element.dataset.status = status || "idle";
    this.element.dataset.step = state?.step ?? 0;
    this.element.dataset.run = data.run;
    parts.status.textContent = this.lost ? withoutAnswer(this.lost) : data.recorded ? _("Recorded") : statusWord(status) ?? _("Ready");
    parts.where.textContent = this.lost || whereabouts(status, state, this.series);
    const isShared = isSharedIn(this);
    const mine = data.mine && !isShared;
    this.time.show(status);
    showBar(this.element, parts, { data, state, status, mine, isShared, isBeginning: this.presses.underWay > 0 });
    const done = 100 * this.share(status);
    parts.progress.style.width = `${done}%`;
    parts.progress.parentElement.setAttribute("aria-valuenow", Math.round(done));
    this.showNotices(status);
    this.showArms(look);
    parts.verdict.textContent = state?.verdict.replaceAll(" %", "\u00a0%") || (isThere ? this.expectation(status) : "");
    showReasons(parts, state?.reasons ?? []);
    for (const height of this.heights) height.keep();
    parts.idle.hidden = isThere;
    parts.work.hidden = !isThere;
    if (!isThere || this.parts.idleArms.childElementCount) this.showIdle(look); // with a run, of no arms: some may be hidden
    this.showGhosts();
    this.showCode(status);
  }

  // The last thing on the page; with a run in the charts' column, which is longer than a low screen.
  showCode(status) {
    const column = this.parts.work.hidden ? this.element : this.parts.work;
    if (this.parts.code.parentElement !== column) column.append(this.parts.code);
    const { run, experiment, chapter } = this.data;
    const { rates, replaced } = this.series;
    this.code.show({ run: this.gone ? "" : run, form: experiment, chapter, stamp: `${status} ${rates.length} ${Boolean(replaced)} ${this.series.arms.size}` });
  }

  showIdle(look) {
    this.parts.idleDiffers.textContent = whatDiffers(this.data.arms);
    this.parts.idleArms.innerHTML = pills(this.data.arms, look);
    this.parts.idleDrawing.innerHTML = drawing(this.data.arms, look);
  }

  // The share that is done: of the download first, then of the steps.
  share(status) {
    const { arriving } = this.series;
    if (status === "preparing" && arriving?.total) return arriving.done / arriving.total;
    return this.state ? this.state.step / this.state.total_steps : 0;
  }

  expectation(status) {
    if (status === "preparing" || status === "queued") return _("The arms start from the same weights and see the same images.");
    return this.state ? _("The first test comes in a moment.") : "";
  }

  showNotices(status) {
    const { data, series } = this;
    this.notices.show([...data.notices, data.problem, ...(this.state?.notes ?? [])], series.replaced, ENDED.has(status) && series.message, ENDED.has(status) && series.next);
  }

  showArms(look) {
    const arms = [...this.series.arms.values()];
    showCards(this.parts.arms, arms, this.view, armColors(arms, look), look, this.state?.hidden);
    showVeil(this.parts, this.state, this.data.mine);
    showLegend(this.parts, arms, this.view, look);
    this.parts.origin.textContent = footer(this.series, this.data);
    this.parts.tested.textContent = testImages(this.series);
  }

  showGhosts() {
    const text = JSON.stringify(this.earlier);
    if (text === this.ghostText) return;
    this.ghostText = text;
    this.parts.ghosts.hidden = !this.earlier.length;
    this.parts.ghostList.innerHTML = this.earlier
      .map(({ id, label }) => {
        const words = `title="${_("Drop this run from the charts")}" aria-label="${_("Drop {run}", { run: escape(label) })}"`;
        return `<li>${escape(label)} <button data-do="drop" data-id="${escape(id)}" ${words}>×</button></li>`;
      })
      .join("");
  }

  // --- what the visitor does --------------------------------------------------------------------------------------

  clicked(event) {
    if (event.target === this.parts.results) this.download(event);
    follow(event, this.data.run || this.gone);
    const { dataset, disabled } = event.target.closest("button") ?? { disabled: true };
    if (disabled) return;
    if (dataset.do) this.carry(dataset, event.detail);
    if (dataset.details) showDetails(this.parts.arms, true);
    const isChosen = this.view.choose(dataset) || fold(dataset);
    if (isChosen) this.view.press(this.element);
    if (dataset.projector) this.enlarge();
    if (dataset.hides) this.followAgain(hideArms());
    if (isChosen || dataset.whole || dataset.hides) {
      if (dataset.x || dataset.log || dataset.whole) this.curves?.forgetZoom();
      this.show();
      this.draw();
    }
  }

  // An order tells for which run it was given, and with what right.
  async carry({ do: what, now, id, weights }, clicks = 0) {
    const { rate } = this.parts;
    if (what !== "rate" && document.activeElement === rate) rate.blur(); // what was typed there was ordered before
    if (this.ownRun.asks(what, this.data.run, isSharedIn(this))) return;
    if (this.presses.isRepeated(what, this.data.run, clicks)) return;
    if (what === "drop") this.drop(id);
    if (what === "drop" && !this.data.ghosts.some((ghost) => ghost.id === id)) return; // the tab's alone
    const heard = order({ do: now ?? what, run: this.data.run, id, weights, value: rate.value, hides: isHiding() });
    if (what === "rate") return this.showRate(heard, rate.value);
    if (now === "revive" || what === "reveal") return this.followAgain(heard);
    if (!BEGINS.has(what)) return;
    this.presses.underWay += 1;
    evaluateAfter(new Promise((done) => (this.firstShown = done)).then(painted));
    this.show();
    await heard;
    this.presses.underWay -= 1;
    this.show();
  }

  // It goes on under its id, with what was measured before.
  async followAgain(heard) {
    const { run } = this.data;
    await heard;
    clearTimeout(this.timer);
    if (run && run === this.asking) this.poll(run);
  }

  // Refused or not, what was sent gives way to the rate in force, unless something else has been typed meanwhile.
  async showRate(heard, sent) {
    const { run } = this.data;
    await heard;
    const { state } = await get(`api/runs/${run}/points?since=${this.series.latest}`).catch(() => ({}));
    if (state && run === this.data.run && this.parts.rate.value === sent) this.parts.rate.value = state.learning_rate;
  }

  // The browser would save the server's "no" as the results.
  async download(event) {
    event.preventDefault();
    const { run } = this.data;
    const answer = await get(`api/runs/${run}/points?since=${this.series.latest}`).catch(() => ({}));
    if (answer.gone && run === this.data.run) this.lose(run);
    if (answer.state) location.assign(address(`api/runs/${run}/results.json`));
  }

  changed(event) {
    if (event.target === this.parts.smooth) {
      this.view.choose({ smooth: event.target.value });
      this.draw();
    }
    if (event.target === this.parts.rate) this.carry({ do: "rate" });
  }

  enlarge() {
    project();
    this.show();
    this.draw();
  }
}

fetchAhead(); // while the page is still being read
