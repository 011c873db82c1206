// What the pages that look inside the networks share: following the looks of a run, one cursor over its steps for all
// pages, the source of the images, an earlier run as a ghost, arms on and off.

import "../shared/address_bar.js";
import "../shared/decimal_comma.js";
import { FOOT, head, sources } from "./head.js";
import { nothing } from "./nothing.js";
import { promised } from "./promise.js";
import { savePicture } from "./saved.js";
import { LED } from "../shared/attending.js";
import { followLive, heldAt, hold, lookAt, moved, when } from "../shared/cursor.js";
import { cursorKeys } from "../shared/cursor_keys.js";
import { earlierRuns } from "../shared/earlier.js";
import { keep, kept, keptList } from "../shared/kept.js";
import { _, pgettext } from "../shared/language.js";
import { armColors, project } from "../shared/look.js";
import { mounted } from "../shared/mounted.js";
import { plotly } from "../shared/plotly.js";
import { connectionLost, ENDED, isSettled, Standing } from "../shared/standing.js";
import { arrive } from "../shared/place.js";
import { Surroundings } from "../shared/surroundings.js";
import { wholeSteps } from "../shared/ticks.js";
import { WANTED, dragging, escape, get, number } from "../shared/web.js";

const NO_LOOKS = { looks: [], index: -1, look: undefined };

// The mount function of a component for one page class.
export const mounter = (Page) => mounted((root) => {
  arrive();
  return new Page(root);
}, ({ data }) => data);

export class InsidePage {
  // A subclass sets view ("gradients", ...) and body (HTML), and draws in draw(); it may override layer() to ask for one.
  constructor(root) {
    this.data = {};
    this.followed = [];
    this.latest = 0;
    this.picture = NO_LOOKS;
    this.wholes = new Map();
    this.source = kept("source", "fixed", Object.keys(sources()));
    this.ghost = { id: kept("ghost", ""), looks: [] };
    this.hidden = new Set(keptList("hidden"));
    this.element = document.createElement("section");
    this.element.className = "ns ns-inside";
    this.element.innerHTML = head(this.idle) + this.body + FOOT;
    this.lightSource();
    root.append(this.element);
    this.parts = Object.fromEntries([...this.element.querySelectorAll("[data-part]")].map((e) => [e.dataset.part, e]));
    this.standing = new Standing(this.element, this.parts);
    this.element.addEventListener("click", (event) => this.clicked(event));
    this.element.addEventListener("input", (event) => this.changed(event));
    this.element.addEventListener(WANTED, ({ target }) => savePicture(this, target));
    this.isDragging = dragging(this.element, () => this.show());
    this.surroundings = new Surroundings(this.element);
    this.led = () => this.data.run && this.show();
    document.addEventListener(LED, this.led);
    this.unlisten = cursorKeys(() => this.followed.length > 0, (key) => this.moveTo(moved(this.followed, this.cursor, key)));
  }

  close() {
    this.closed = true;
    document.removeEventListener(LED, this.led);
    this.unlisten();
    clearTimeout(this.timer);
    this.surroundings.close();
  }

  layer() {
    return null;
  }

  // The axis of a chart over the run.
  stepAxis() {
    return { title: { text: _("step"), standoff: 4 }, ...wholeSteps(this.looks.at(-1)?.step ?? 0) };
  }

  // What a picture of `chart` says in place of the chart's title and of what all are of, and beside its arms: {title, about, key}.
  wordsOf() {
    return {};
  }

  // --- following ------------------------------------------------------------------------------------------------

  update(data) {
    const before = this.data;
    this.data = data;
    this.earlier = earlierRuns(data);
    if (!this.earlier.some(({ id }) => id === this.ghost.id)) keep("ghost", (this.ghost = { id: "", looks: [] }).id);
    const comesBack = data.follows && !before.follows; // to a class whose teacher may have arms hidden yet
    if (before.run !== data.run || comesBack) {
      this.arms = data.armList;
      this.veiled = undefined;
      this.standing.forget();
      this.follow();
    }
    this.standing.hear(data);
    this.parts.ghost.innerHTML =
      `<option value="">${pgettext("no earlier run", "none")}</option>` +
      this.earlier.map(({ id, label }) => `<option value="${escape(id)}">${escape(label)}</option>`).join("");
    this.parts.ghost.value = this.ghost.id;
    this.parts.empty.hidden = Boolean(data.run);
    this.parts.full.hidden = !data.run;
    this.showArms();
  }

  // Another run, source or layer: what is shown is of the one before, and goes until the first look of this one is drawn.
  follow() {
    clearTimeout(this.timer);
    this.giveUp?.();
    this.givenUp = new Promise((done) => (this.giveUp = done));
    this.followed = [];
    this.latest = 0;
    this.cutOff = false; // from the server, since the last answer
    this.wholes.clear();
    this.drawnOnce = this.answered = false;
    this.round = (this.round ?? 0) + 1;
    this.showNothing();
    this.showCursor();
    this.fetchGhost();
    if (this.data.run) this.poll(this.round);
  }

  async poll(round) {
    let status = "";
    let news = 0;
    let apart = 0;
    let lost = "";
    try {
      const answer = await get(this.question(this.data.run, this.cutOff ? 0 : this.latest));
      if (this.closed || round !== this.round) return;
      if (answer.gone) return this.lose();
      if (answer.error) throw new Error(answer.error);
      if (this.isOfOtherArms(answer)) return this.follow();
      ({ status, apart_ms: apart = 0 } = answer);
      news = answer.looks.length;
      // A server that was started anew counts the looks from what is on its disk.
      if (this.cutOff && news) {
        this.followed = [];
        this.wholes.clear();
      }
      this.cutOff = false;
      this.followed = [...this.followed, ...answer.looks];
      this.latest = answer.latest;
      this.answered = true;
      if (this.standing.learn(answer)) this.showArms();
    } catch (error) {
      if (this.closed || round !== this.round) return;
      this.cutOff ||= error.name !== "Error";
      lost = error.name === "Error" ? error.message : connectionLost();
    }
    this.element.dataset.status = status;
    this.standing.show(status, lost);
    this.showWhen();
    try {
      if (news || !this.drawnOnce) await this.show();
    } finally {
      const isDone = isSettled(status, this.veiled, this.data.follows) && !news && (this.drawnOnce || !this.followed.length);
      const isOver = this.closed || round !== this.round || isDone;
      if (!isOver) this.timer = setTimeout(() => this.poll(round), document.hidden || ENDED.has(status) ? 2000 : Math.max(450, apart));
    }
  }

  // Arms have been hidden, or revealed, since the answer before: all looks are asked for again. The first answer names those
  // that are shown.
  isOfOtherArms({ hidden, arms }) {
    const isOther = this.veiled !== undefined && this.veiled !== hidden && !arms;
    this.veiled = hidden;
    if (arms) this.arms = arms;
    if (arms) this.showArms();
    return isOther;
  }

  lose() {
    this.element.dataset.status = "gone";
    this.standing.show("gone", "");
  }

  question(run, since) {
    const layer = this.layer();
    return `api/runs/${run}/inside?view=${this.view}&source=${this.source}&since=${since}` + (layer ? `&layer=${layer}` : "");
  }

  // --- the cursor -------------------------------------------------------------------------------------------------

  // The step of this run that all pages show; null where it is followed live.
  get cursor() {
    return heldAt(this.data.run);
  }

  moveTo(step) {
    if (step === null) followLive(this.data.run);
    else hold(this.data.run, step);
    this.show();
  }

  // Where the cursor is among the looks that have come. What is being drawn stays the same while more come, or none.
  atCursor() {
    const looks = this.followed;
    const index = lookAt(looks, this.cursor);
    const look = looks[index];
    const ghostLook = look && this.ghost.looks[lookAt(this.ghost.looks, look.step)];
    return { looks, index, look, ghostLook, source: this.source, round: this.round };
  }

  get sourceName() {
    return sources()[this.picture.source];
  }

  get looks() {
    return this.picture.looks;
  }

  get index() {
    return this.picture.index;
  }

  get look() {
    return this.picture.look;
  }

  get ghostLook() {
    return this.picture.ghostLook;
  }

  // The look at the cursor with all its histograms; fetched when first asked for.
  async whole(look = this.look, run = this.data.run) {
    const key = `${run}/${look.seq}`;
    if (!this.wholes.has(key)) {
      if (this.wholes.size > 40) this.wholes.clear();
      this.wholes.set(key, get(`api/runs/${run}/inside/${look.seq}`));
    }
    try {
      const found = await Promise.race([this.wholes.get(key), this.givenUp]);
      return !found || found.error ? null : found;
    } catch {
      this.wholes.delete(key); // the next drawing asks again
      return null;
    }
  }

  // --- showing ----------------------------------------------------------------------------------------------------

  async show() {
    if (this.showing || this.isDragging()) {
      if (!this.followed.length) this.showNothing();
      return (this.again = true);
    }
    this.showing = true;
    try {
      do {
        this.again = false;
        this.picture = this.atCursor();
        this.showCursor();
        if (!this.look) {
          this.showNothing();
          continue;
        }
        if (this.element.dataset.shows === "nothing") this.makeRoom();
        this.colours = this.surroundings.look("looks", () => this.show());
        this.colors = armColors(this.arms, this.colours);
        if (!this.Plotly) return void (this.coming ??= plotly().then(() => this.closed || this.show()));
        const { round, look, looks } = this.picture;
        const isDrawn = await this.draw();
        if (round !== this.round || isDrawn === false) continue; // something else was chosen meanwhile, or a part did not come
        this.drawnOnce = true;
        this.element.dataset.shows = "look";
        this.element.dataset.step = look.step;
        this.element.dataset.looks = looks.length;
      } while (this.again && !this.closed && !this.isDragging());
    } finally {
      this.showing = false;
    }
  }

  get Plotly() {
    return window.Plotly;
  }

  // Nothing of what is lit is here, or not yet: the charts of something else would be taken for it.
  showNothing() {
    this.element.dataset.shows = this.answered ? "nothing" : "waiting";
    delete this.element.dataset.step;
    delete this.element.dataset.looks;
    this.parts.nothing.textContent = this.answered ? nothing(this.element.dataset.status, this.source, this.data.swept) : "";
    this.parts.promised.textContent = promised(this.element.dataset.status);
  }

  // Charts need their room to be drawn, and all are: what they show is of the choice before there was nothing.
  makeRoom() {
    this.element.dataset.shows = "waiting";
    for (const chart of this.element.querySelectorAll(".ns-chart")) chart.outOfSight = false;
  }

  showCursor() {
    const { looks, index, look, ghostLook } = this.atCursor();
    const { parts } = this;
    parts.slider.max = Math.max(0, looks.length - 1);
    parts.slider.value = Math.max(0, index);
    parts.slider.disabled = looks.length < 2;
    parts.live.setAttribute("aria-pressed", this.cursor === null);
    this.showWhen();
    parts.step.textContent = look ? _("step {step}", { step: number(look.step) }) : "";
    parts.epoch.textContent = look ? _("epoch {epoch}", { epoch: look.epoch.toFixed(2) }) : "";
    parts.slider.setAttribute("aria-valuetext", parts.step.textContent);
    parts.says.textContent = look ? this.headline(look) : "";
    parts.ghostSays.textContent = this.aboutGhost(ghostLook);
  }

  showWhen() {
    const { when: said } = this.parts;
    said.textContent = when(this.data.run, this.element.dataset.status);
    said.classList.toggle("ns-firm", this.cursor !== null);
  }

  // What is to be concluded from a look; a page whose looks have a sentence for each layer says which.
  headline({ says }) {
    return says;
  }

  aboutGhost(ghostLook) {
    const { id, looks, answered } = this.ghost;
    if (!id || answered === undefined) return "";
    if (!answered) return this.ghost.gone ? _("it is not known here any more") : _("did not come: choose it again");
    if (!looks.length) return this.source === "batch" ? _("no training batch of it was looked at") : _("it was not looked at");
    return ghostLook ? _("at step {step}", { step: number(ghostLook.step) }) : "";
  }

  showArms() {
    const colors = armColors(this.arms ?? [], this.surroundings.look("arms", () => this.showArms()));
    this.parts.arms.innerHTML = (this.arms ?? [])
      .map(({ name, title }) => `<button class="ns-pill" data-arm="${escape(name)}" style="--arm:${colors.get(name)}" aria-pressed="${!this.hidden.has(name)}">${escape(title)}${this.standing.ofArm(name)}</button>`)
      .join("");
  }

  shownArms() {
    return (this.arms ?? []).filter((arm) => !this.hidden.has(arm.name) && this.look?.arms[arm.name]);
  }

  // --- the visitor --------------------------------------------------------------------------------------------------

  clicked(event) {
    const link = event.target.closest("[data-part=train]");
    if (link) link.setAttribute("href", `./${location.search}`); // a page that is loaded anew, with the form's settings
    const button = event.target.closest("button");
    if (!button) return;
    const { arm, source } = button.dataset;
    if (button === this.parts.live) this.moveTo(null);
    if (button.dataset.projector) {
      project();
      this.show();
    }
    if (arm && button.classList.contains("ns-pill")) {
      if (!this.hidden.delete(arm)) this.hidden.add(arm);
      keep("hidden", this.hidden);
      this.showArms();
      this.show();
    }
    if (source) {
      keep("source", (this.source = source));
      this.lightSource();
      this.follow();
    }
  }

  lightSource() {
    for (const each of this.element.querySelectorAll("[data-source]")) each.setAttribute("aria-pressed", each.dataset.source === this.source);
  }

  changed(event) {
    if (event.target === this.parts.slider) {
      const at = Number(event.target.value);
      this.moveTo(at === this.followed.length - 1 ? null : this.followed[at].step);
    }
    if (event.target === this.parts.ghost) this.chooseGhost(event.target.value);
  }

  chooseGhost(id) {
    this.ghost = { id, looks: [] };
    keep("ghost", id);
    this.fetchGhost();
    this.show(); // without the one before
  }

  // A ghost is of the source and the layer that are lit, too: one that was asked for before these changed is not taken.
  async fetchGhost() {
    const ghost = (this.ghost = { id: this.ghost.id, looks: [] });
    const answer = ghost.id ? await get(this.question(ghost.id, 0)).catch(() => null) : null;
    if (ghost !== this.ghost || this.closed) return;
    Object.assign(ghost, { looks: answer?.looks ?? [], answered: Boolean(answer?.looks), gone: answer?.gone });
    this.show();
  }
}
