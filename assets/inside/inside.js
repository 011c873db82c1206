// What the pages that look inside the networks share: following the looks of a run, one cursor over its steps for all
// pages, the source of the images, an earlier run as a ghost, arms on and off.

import "../shared/address_bar.js";
import "../shared/decimal_comma.js";
import { armColors, project, projectorButton } from "../shared/look.js";
import { ENDED, STANDING, Standing } from "../shared/standing.js";
import { Surroundings } from "../shared/surroundings.js";
import { dragging, escape, get, number } from "../shared/web.js";

const CURSOR = "normscope-cursor"; // "live", or the step that all pages show

// The mount function of a component for one page class.
export function mounter(Page) {
  const pages = new WeakMap();
  return (component) => {
    const root = component.parentElement;
    if (!pages.has(root)) pages.set(root, new Page(root));
    pages.get(root).update(component.data);
    return () => queueMicrotask(() => root.isConnected || pages.get(root)?.close());
  };
}

export class InsidePage {
  // A subclass sets view ("gradients", ...) and body (HTML), and draws in draw(); it may override layer() to ask for one.
  constructor(root) {
    this.data = {};
    this.looks = [];
    this.latest = 0;
    this.wholes = new Map();
    this.ghost = { id: "", looks: [] };
    this.source = "fixed";
    this.hidden = new Set();
    this.element = document.createElement("section");
    this.element.className = "ns ns-inside";
    this.element.innerHTML = head(this.idle) + this.body + FOOT;
    root.append(this.element);
    this.parts = Object.fromEntries([...this.element.querySelectorAll("[data-part]")].map((e) => [e.dataset.part, e]));
    this.standing = new Standing(this.element, this.parts);
    this.element.addEventListener("click", (event) => this.clicked(event));
    this.element.addEventListener("input", (event) => this.changed(event));
    this.isDragging = dragging(this.element, () => this.show());
    this.surroundings = new Surroundings(this.element);
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    this.surroundings.close();
  }

  layer() {
    return null;
  }

  // --- following ------------------------------------------------------------------------------------------------

  update(data) {
    const before = this.data;
    this.data = data;
    if (before.run !== data.run) {
      this.arms = data.armList;
      this.standing.forget();
      this.follow();
    }
    this.standing.hear(data);
    if (!data.ghosts.some(({ id }) => id === this.ghost.id)) this.ghost = { id: "", looks: [] };
    this.parts.ghost.innerHTML =
      `<option value="">none</option>` +
      data.ghosts.map(({ id, label }) => `<option value="${escape(id)}">${escape(label)}</option>`).join("");
    this.parts.ghost.value = this.ghost.id;
    this.parts.empty.hidden = Boolean(data.run);
    this.parts.full.hidden = !data.run;
    this.showArms();
  }

  follow() {
    clearTimeout(this.timer);
    this.looks = [];
    this.latest = 0;
    this.wholes.clear();
    this.drawnOnce = false;
    this.round = (this.round ?? 0) + 1;
    if (this.data.run) this.poll(this.round);
  }

  async poll(round) {
    let status = "";
    let news = 0;
    let lost = "";
    try {
      const answer = await get(this.question(this.data.run, this.latest));
      if (this.closed || round !== this.round) return;
      if (answer.gone) return this.lose();
      if (answer.error) throw new Error(answer.error);
      ({ status } = answer);
      news = answer.looks.length;
      this.looks.push(...answer.looks);
      this.latest = answer.latest;
      if (this.standing.learn(answer)) this.showArms();
    } catch (error) {
      if (this.closed || round !== this.round) return;
      lost = error.name === "Error" ? error.message : "The connection to the server is lost; trying again.";
    }
    this.element.dataset.status = status;
    this.standing.show(status, lost);
    try {
      if (news || !this.drawnOnce) await this.show();
    } finally {
      const isOver = this.closed || round !== this.round || (ENDED.has(status) && !news);
      if (!isOver) this.timer = setTimeout(() => this.poll(round), document.hidden ? 2000 : 450);
    }
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

  get cursor() {
    return sessionStorage.getItem(CURSOR) ?? "live";
  }

  moveTo(step) {
    sessionStorage.setItem(CURSOR, step);
    this.show();
  }

  get index() {
    if (this.cursor === "live") return this.looks.length - 1;
    return nearest(this.looks, Number(this.cursor));
  }

  get look() {
    return this.looks[this.index];
  }

  get ghostLook() {
    return this.look && this.ghost.looks[nearest(this.ghost.looks, this.look.step)];
  }

  // The look at the cursor with all its histograms; fetched when first asked for.
  async whole(look = this.look, run = this.data.run) {
    const key = `${run}/${look.seq}`;
    if (!this.wholes.has(key)) {
      if (this.wholes.size > 40) this.wholes.clear();
      this.wholes.set(key, get(`api/runs/${run}/inside/${look.seq}`).catch(() => ({ error: "not there" })));
    }
    const found = await this.wholes.get(key);
    return found.error ? null : found;
  }

  // --- showing ----------------------------------------------------------------------------------------------------

  async show() {
    if (this.showing || this.isDragging()) return (this.again = true);
    this.showing = true;
    try {
      do {
        this.again = false;
        this.showCursor();
        if (this.look) {
          this.colours = this.surroundings.look("looks", () => this.show());
          this.colors = armColors(this.arms, this.colours);
          const { step } = this.look; // while it is drawn, the looks may be dropped for those of another layer
          await this.draw();
          if (!this.look) continue; // another source or run was chosen meanwhile
          this.drawnOnce = true;
          this.element.dataset.step = step;
          this.element.dataset.looks = this.looks.length;
        }
      } while (this.again && !this.closed && !this.isDragging());
    } finally {
      this.showing = false;
    }
  }

  showCursor() {
    const { look, looks, parts } = this;
    parts.slider.max = Math.max(0, looks.length - 1);
    parts.slider.value = Math.max(0, this.index);
    parts.slider.disabled = looks.length < 2;
    parts.live.setAttribute("aria-pressed", this.cursor === "live");
    parts.step.textContent = look ? `step ${number(look.step)}` : this.nothing();
    parts.epoch.textContent = look ? `epoch ${look.epoch.toFixed(2)}` : "";
    parts.slider.setAttribute("aria-valuetext", parts.step.textContent);
    parts.says.textContent = look ? this.headline(look) : "";
  }

  // What is to be concluded from a look; a page whose looks have a sentence for each layer says which.
  headline({ says }) {
    return says;
  }

  nothing() {
    if (!ENDED.has(this.element.dataset.status)) return "waiting for the first look";
    return this.source === "batch" ? "no training batch of this run was looked at; choose the fixed images" : "the run ended before the first look";
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
    if (button === this.parts.live) this.moveTo("live");
    if (button.dataset.projector) {
      project(button);
      this.show();
    }
    if (arm && button.classList.contains("ns-pill")) {
      if (!this.hidden.delete(arm)) this.hidden.add(arm);
      this.showArms();
      this.show();
    }
    if (source) {
      this.source = source;
      for (const each of this.element.querySelectorAll("[data-source]")) each.setAttribute("aria-pressed", each === button);
      this.fetchGhost();
      this.follow();
    }
  }

  changed(event) {
    if (event.target === this.parts.slider) {
      const at = Number(event.target.value);
      this.moveTo(at === this.looks.length - 1 ? "live" : this.looks[at].step);
    }
    if (event.target === this.parts.ghost) {
      this.ghost = { id: event.target.value, looks: [] };
      this.fetchGhost();
    }
  }

  async fetchGhost() {
    const { id } = this.ghost;
    const answer = id ? await get(this.question(id, 0)).catch(() => null) : null;
    if (id !== this.ghost.id) return;
    this.ghost.looks = answer?.looks ?? [];
    this.show();
  }
}

// The last look at or before `step`, or the first one.
function nearest(looks, step) {
  let at = looks.length ? 0 : -1;
  looks.forEach((look, i) => {
    if (look.step <= step) at = i;
  });
  return at;
}

const head = ({ question, shows, x, y }) => `
  <div class="ns-notices" data-part="notices" role="alert"></div>
  <div data-part="empty" class="ns-idle" hidden>
    <h2>${question}</h2>
    <ul>${shows.map((each) => `<li>${each}</li>`).join("")}</ul>
    <svg viewBox="0 0 640 190" aria-hidden="true"><path d="M120 10v140h400" fill="none" stroke="currentColor" stroke-width="1.5" opacity=".55"/>
      <g font-size="14" fill="currentColor" text-anchor="middle" opacity=".75"><text x="320" y="84">nothing to look into yet</text>
        <text x="320" y="174">${x}</text><text transform="translate(104 80) rotate(-90)">${y}</text></g></svg>
    <p>This page looks inside the networks of a run while they learn.</p>
    <p><a class="ns-primary ns-huge" data-part="train" href="./" target="_self">Go to Train and start one</a></p>
  </div>
  <div data-part="full" hidden>
  <header class="ns-bar"><span class="ns-buttons" data-part="arms"></span>
    <span class="ns-tools">
      <span class="ns-group" role="group" aria-label="Images"><button data-source="fixed" aria-pressed="true" title="Always the same 64 test images, so that only the network moves">fixed images</button><button data-source="batch" aria-pressed="false" title="The training mini-batch of that step">training batch</button></span>
      <label>ghost <select data-part="ghost" aria-label="An earlier run, faint"></select></label>
      ${projectorButton()}
    </span></header>
  <div class="ns-scrub" data-part="scrub">${STANDING}<b data-part="step"></b><span data-part="epoch"></span>
    <input type="range" min="0" step="1" data-part="slider" aria-label="Step of the run"><span class="ns-group"><button data-part="live" aria-pressed="true">follow live</button></span></div>
  <p class="ns-verdict" data-part="says" aria-live="polite"></p>`;
const FOOT = `</div>`;
