// The cells of an activation tensor, as a cube or as a flat grid. Pick a cell and its family lights: the cells
// that share its mean and variance. Hover and lighting happen here; a picked cell is also reported to Python, which
// computes the numbers. Every picture is a display list first, so that canvas, SVG and PNG show the same.

import "../shared/address_bar.js";
import "../shared/decimal_comma.js";
import { familiesOf } from "./families.js";
import { build, cellInWords, element, fillStages, floats, keysInWords, save, say, selectionInWords, setup, SIGNS } from "./frame.js";
import { listenTo } from "./hands.js";
import { layOut, MOVES, shares } from "./layout.js";
import { clamp, DARK_MAP, LIGHT_MAP, nameAt, number, pickColor, signed, toCanvas, toSvg } from "./pens.js";
import { cubeScene, gridHeight, gridScene, legend } from "./scenes.js";
import { fileName, png, svg } from "./sheet.js";
import { Scrub } from "./scrub.js";
import { listenToTyping, showTyping } from "./typing.js";
import { listenToWords, Walk } from "./walk.js";
import { cursorKeys } from "../shared/cursor_keys.js";
import { _ } from "../shared/language.js";
import { leadingOn } from "../shared/notices.js";
import { project, theme } from "../shared/look.js";

const views = new WeakMap();
const cameras = new Map(); // by element key: the camera outlives the page's redrawing
const START = { yaw: -0.62, pitch: 0.44, zoom: 1, toward: 0 }; // toward 1: the picked cell is in the middle
const TWEEN_MS = 380;
const SMOOTH_CELLS = 1500; // more of them are drawn in outline, but for the lit ones, while the cube is being turned

export function mount({ data, key, parentElement, setStateValue }) {
  if (!views.has(parentElement)) views.set(parentElement, new View(parentElement, key));
  const view = views.get(parentElement);
  view.update(data, setStateValue);
  return () => setTimeout(() => !view.root.isConnected && view.close(), 0); // also called when merely superseded
}

class View {
  constructor(parent, key) {
    if (!cameras.has(key)) cameras.set(key, { ...START });
    this.camera = cameras.get(key);
    this.panels = [];
    this.hovered = -1;
    this.local = {};
    this.heard = {};
    this.sent = {};
    this.timers = {};
    this.root = build(parent);
    this.enlarge();
    this.parts = Object.fromEntries([...this.root.querySelectorAll("[data-part]")].map((e) => [e.dataset.part, e]));
    this.walk = new Walk(this);
    this.scrub = new Scrub(this.parts, { tell: (at) => this.tell("at", at), wait: (isOld) => this.root.toggleAttribute("data-waiting", isOld) });
    // An open walk has the arrows, wherever the focus is but in a field.
    const isWalks = (pressed) => this.walk.isOn && pressed.startsWith("Arrow");
    this.unlisten = cursorKeys(
      (pressed) => isWalks(pressed) || this.scrub.told !== null,
      (pressed) => (isWalks(pressed) ? this.walk.by(pressed === "ArrowLeft" ? -1 : 1) : this.scrub.key(pressed)),
    );
    this.listen();
  }

  // -- what Python says -------------------------------------------------------------------------------------------

  update(data, report) {
    this.report = report;
    say(this.root);
    for (const name of ["cell", "stage", "view", "lit", "walk"]) this.adopt(name, data[name], data.answers[name]);
    this.scrub.hear(data.time ?? null);
    if (this.data?.next !== data.next) this.parts.next.replaceChildren(...(data.next ? [leadingOn(data.next)] : []));
    const raw = JSON.stringify({ ...data, time: 0, cell: 0, stage: 0, view: 0, lit: 0, walk: 0, answers: 0 });
    const places = JSON.stringify([data.axes, data.exists]);
    const isNew = places !== this.places; // other cells are drawn: nothing to glide from
    this.data = data;
    if (raw !== this.raw) this.load(data);
    [this.raw, this.places] = [raw, places];
    this.walk.say();
    this.walk.show();
    this.showStage(isNew);
  }

  // Whether the numbers are those of the cell that is picked.
  isAnswered() {
    return JSON.stringify(this.local.cell) === JSON.stringify(this.data.cell);
  }

  // A change by Python counts, but not while what it answers is an older click than the last.
  adopt(name, value, answered) {
    if (this.sent[name] && this.sent[name] !== JSON.stringify(answered)) return;
    delete this.sent[name];
    const text = JSON.stringify(value);
    if (text !== this.heard[name]) this.local[name] = value;
    this.heard[name] = text;
  }

  tell(name, value) {
    this.local[name] = value;
    this.sent[name] = JSON.stringify(value);
    clearTimeout(this.timers[name]);
    this.timers[name] = setTimeout(() => this.report(name, value), 90);
  }

  load(data) {
    this.layout = layOut(data.axes);
    this.exists = data.exists ? floats(data.exists) : null;
    this.total = this.exists ? this.exists.reduce((sum, x) => sum + x, 0) : this.layout.count;
    this.parts.panels.style.setProperty("--count", data.panels.length);
    while (this.panels.length > data.panels.length) this.panels.pop().figure.remove();
    while (this.panels.length < data.panels.length) this.panels.push(this.addPanel());
    data.panels.forEach((panel, i) => {
      const values = Object.fromEntries(Object.entries(panel.stages).map(([name, text]) => [name, floats(text)]));
      const changes = panel.changes ? floats(panel.changes) : null;
      Object.assign(this.panels[i], { changed: "", guide: null, sums: null, ...panel, changes, values, families: null });
    });
    fillStages(this.parts.stages, data.stages);
    this.parts.drawn.textContent = data.drawn;
    this.parts.origin.textContent = [data.title, data.origin].filter(Boolean).join(" · ");
    this.parts.dot.hidden = !data.live;
    for (const name of ["setup", "alone"]) this.root.toggleAttribute(`data-${name}`, Boolean(data[name]));
  }

  addPanel() {
    const figure = element("figure", "", this.parts.panels);
    figure.innerHTML =
      '<figcaption><b></b><span></span></figcaption><canvas tabindex="0" role="application"></canvas><output></output><div class="all" aria-hidden="true" hidden></div><p class="one" aria-hidden="true"></p><p class="changed" aria-hidden="true"></p><p class="guide" aria-hidden="true"></p><b class="sum"></b>';
    const panel = { figure, canvas: figure.querySelector("canvas"), shade: new Float32Array(0), list: [] };
    panel.context = panel.canvas.getContext("2d");
    if (!panel.context) panel.vector = element("div", "vector", figure);
    listenTo(this, panel);
    this.sizes.observe(figure);
    return panel;
  }

  // -- what is lit, and its words ---------------------------------------------------------------------------------

  light() {
    const { layout, local } = this;
    this.picked = layout.indexOf(local.cell);
    const all = local.lit === "all";
    this.parts.families.setAttribute("aria-pressed", all);
    for (const panel of this.panels) {
      panel.lit = new Uint8Array(layout.count);
      panel.members = [];
      for (let i = 0; i < layout.count; i++) {
        if ((!this.exists || this.exists[i]) && shares(panel, layout, local.cell, layout.cellAt(i))) panel.members.push(i);
      }
      for (const i of panel.members) panel.lit[i] = 1;
      panel.text = selectionInWords(panel, this.data.axes, local.cell, panel.members.length, this.total);
      panel.words = [all ? panel.all : "", panel.text, panel.changed].filter(Boolean);
      panel.figure.querySelector(".changed").textContent = panel.changed;
      panel.figure.querySelector(".one").textContent = panel.text;
      Object.assign(panel.figure.querySelector(".all"), { textContent: panel.all, hidden: !all });
    }
    if (this.walk.isOn) this.walk.light();
    const words = (this.walk.isOn ? this.walk.words() : this.panels.flatMap((panel) => panel.words)).join(" ");
    if (this.parts.text.textContent !== words) this.parts.text.textContent = words; // else it would be read out again
    this.redraw();
  }

  pick(index) {
    if (index < 0 || index === this.picked || (this.exists && !this.exists[index])) return;
    this.tell("cell", this.layout.cellAt(index));
    this.walk.show();
    this.captions();
  }

  // -- stages -----------------------------------------------------------------------------------------------------

  setStage(stage) {
    this.tell("stage", stage);
    this.showStage(false);
  }

  setView(view) {
    this.tell("view", view);
    this.showStage(true);
  }

  showStage(fresh) {
    const { stage, view } = this.local;
    for (const panel of this.panels) {
      const scale = panel.scales[stage] || 1;
      const values = panel.values[stage];
      panel.to = values.map((v) => (Number.isFinite(v) ? v / scale : NaN));
      panel.from = !fresh && panel.shade.length === panel.to.length ? panel.shade : panel.to;
      panel.shade = panel.to.slice();
    }
    this.tweenStart = fresh || matchMedia("(prefers-reduced-motion: reduce)").matches ? -TWEEN_MS : performance.now();
    for (const b of this.parts.stages.children) b.setAttribute("aria-pressed", b.value === stage);
    for (const b of this.parts.views.children) b.setAttribute("aria-pressed", b.value === view);
    this.captions();
    this.redraw();
  }

  captions() {
    showTyping(this);
    for (const panel of this.panels) {
      const known = this.isAnswered();
      const [title, note] = panel.figure.querySelector("figcaption").children;
      title.textContent = panel.title;
      note.textContent = panel.note;
      panel.figure.querySelector("output").textContent = known ? panel.stops[this.local.stage] : "…";
      panel.canvas.setAttribute("aria-label", keysInWords(panel, this.total));
    }
  }

  // -- drawing ----------------------------------------------------------------------------------------------------

  redraw() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      const t = Math.min(1, (performance.now() - this.tweenStart) / TWEEN_MS);
      this.enlarge();
      if (this.walk.tick()) this.redraw();
      for (const panel of this.panels) this.paint(panel, 1 - (1 - t) ** 3);
      if (t < 1) this.redraw();
    });
  }

  // For a projector all is drawn larger: a scene has a pixel for `enlarged` of the page's.
  enlarge() {
    const before = this.look?.enlarged;
    this.look = theme(this.root);
    if (this.look.enlarged === before) return; // as at nearly every frame
    this.root.style.setProperty("--enlarged", this.look.enlarged);
    this.root.classList.toggle("projected", this.look.enlarged > 1);
    this.root.querySelector("[data-projector]").setAttribute("aria-pressed", this.look.enlarged > 1);
  }

  paint(panel, t) {
    const { from, to, shade, canvas, context } = panel;
    if (!to) return;
    for (let i = 0; i < shade.length; i++) shade[i] = t < 1 ? from[i] + (to[i] - from[i]) * t : to[i];
    const { enlarged } = this.look;
    const width = (canvas.clientWidth || panel.figure.clientWidth) / enlarged;
    const most = enlarged > 1 ? this.mostOfStage() / enlarged : 580;
    const height = Math.round(this.local.view === "grid" ? gridHeight(this.layout.sheet, width) : clamp(width * 0.82, Math.min(320, most), most));
    Object.assign(panel, { width, height, list: this.scene(panel, width, height) });
    if (!context) return void (panel.vector.innerHTML = toSvg(panel.list, width, height, this.look));
    const ratio = (window.devicePixelRatio || 1) * enlarged;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      [canvas.width, canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
      canvas.style.height = `${height * enlarged}px`;
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    toCanvas(panel.list, context, this.look);
  }

  // A picture's height in pixels of the screen: what stands around it, from the tabs to the walk's keys, has its room.
  mostOfStage() {
    const [share, others] = this.walk.isOn ? [0.5, 355] : [0.6, 265];
    const time = this.parts.time.hidden ? 0 : 43;
    return Math.max(300, Math.min(share * window.innerHeight, window.innerHeight - others - time));
  }

  scene(panel, width, height) {
    const look = this.look;
    const arm = look.arms[panel.norm] ?? look.text;
    panel.figure.style.setProperty("--arm", arm);
    const map = look.dark ? DARK_MAP : LIGHT_MAP;
    const rough = this.turning && this.layout.count > SMOOTH_CELLS;
    const families = this.local.lit === "all" ? (panel.families ??= familiesOf(panel, this.layout)) : null;
    const given = { ...this, panel, families, rough, width, height: height - 34, look, arm, color: (shade) => pickColor(map, shade) };
    const list = this.local.view === "grid" ? gridScene(given) : cubeScene(given);
    return families ? list : [...list, ...legend(panel, this.local.stage, width, height, look, map)]; // a tint is no value
  }

  // -- hands ------------------------------------------------------------------------------------------------------

  listen() {
    const { parts } = this;
    this.sizes = new ResizeObserver(() => this.redraw());
    parts.probe.addEventListener("transitionstart", () => this.redraw()); // its colours follow the theme's
    parts.stages.addEventListener("click", (e) => e.target.value && this.stopWalk(e.target.value));
    parts.views.addEventListener("click", (e) => e.target.value && this.setView(e.target.value));
    parts.families.addEventListener("click", () => {
      this.tell("lit", this.local.lit === "all" ? "one" : "all");
      this.light();
    });
    parts.walk.addEventListener("click", () => (this.walk.isOn ? this.walk.end() : this.walk.start()));
    listenToTyping(this);
    listenToWords(this.root, (name) => {
      this.named = name;
      this.redraw();
    });
    parts.closer.addEventListener("click", () => this.zoom(1.25));
    parts.farther.addEventListener("click", () => this.zoom(0.8));
    parts.reset.addEventListener("click", () => this.turn(() => Object.assign(this.camera, START)));
    parts.setup.addEventListener("click", () => setup(parts.setup));
    parts.projector.addEventListener("click", (e) => {
      if (e.target.dataset.projector) project();
      this.redraw();
    });
    parts.svg.addEventListener("click", () => save(new Blob([svg(this)], { type: "image/svg+xml" }), fileName(this, "svg")));
    parts.png.addEventListener("click", () => png(this).toBlob((blob) => save(blob, fileName(this, "png"))));
  }

  stopWalk(stage) {
    this.walk.end();
    this.setStage(stage);
  }

  zoom(factor) {
    this.turn(() => (this.camera.zoom = clamp(this.camera.zoom * factor, 0.4, 6)));
  }

  turn(change) {
    change();
    this.camera.pitch = clamp(this.camera.pitch, 0.06, 1.45);
    this.root.dataset.camera = [this.camera.yaw, this.camera.pitch, this.camera.zoom].map((x) => x.toFixed(3)).join(" ");
    this.redraw();
  }

  turnBy(yaw, pitch) {
    this.turn(() => {
      this.camera.yaw += yaw;
      this.camera.pitch += pitch;
    });
  }

  hover(index, event, panel) {
    const { tip } = this.parts;
    tip.hidden = index < 0;
    if (index >= 0) {
      const value = panel.values[this.local.stage][index];
      const change = panel.changes ? `   ${panel.changes[index] ? `Δy = ${signed(panel.changes[index])}` : _("unchanged")}` : "";
      tip.textContent = `${cellInWords(this.data.axes, this.layout.cellAt(index))}   ${SIGNS[this.local.stage]} = ${number(value)}${change}`;
      const box = this.root.getBoundingClientRect();
      tip.style.left = `${Math.min(event.clientX - box.left + 14, box.width - tip.offsetWidth - 4)}px`;
      tip.style.top = `${event.clientY - box.top + 16}px`;
    }
    this.walk.point(event ? this.nameOf(index, event, panel) : null);
    if (index !== this.hovered) this.redraw();
    this.hovered = index;
  }

  // What a word would name it by.
  nameOf(index, event, panel) {
    if (index < 0) return nameAt(panel.list, event.offsetX / this.look.enlarged, event.offsetY / this.look.enlarged);
    if (index === this.picked) return "cell";
    return panel.members.includes(index) ? "family" : "others";
  }

  key(event) {
    if (this.walk.takes(event)) return;
    if (event.shiftKey && event.key.startsWith("Arrow")) {
      const [x, y] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      this.turnBy(x * 0.12, y * 0.12);
    } else if (event.key === "+" || event.key === "-") this.zoom(event.key === "+" ? 1.25 : 0.8);
    else if (event.key === "Home") this.turn(() => Object.assign(this.camera, START));
    else if (MOVES[event.key]) this.pick(this.layout.step(this.picked, event.key, this.local.view === "grid"));
    else return;
    event.preventDefault();
  }

  close() {
    this.walk.close();
    this.scrub.close();
    this.unlisten();
    this.sizes.disconnect();
  }
}
